"""A function's signature as the JSON schema that a model sees, and a model's arguments as the function's types."""

import functools
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, NotRequired, get_args, get_origin

import typing_extensions
from pydantic import ConfigDict, Field, PydanticUserError, TypeAdapter, ValidationError, with_config
from pydantic.errors import PydanticInvalidForJsonSchema

from orchestrator.tools.context import ToolContext

_MISTYPED = "arguments must be a JSON object, such as {}"


class UnsupportedParameter(TypeError):  # noqa: N818 - named for the diagnostic that it becomes
    """A function can't be a tool. ``parameter`` is the name of the culprit, or None when there is no signature."""

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


class BadArguments(ValueError):  # noqa: N818 - the model's mistake, told to the model
    """A model's arguments do not fit. The text says what is wrong, and what the schema is."""


@dataclass(frozen=True)
class FunctionSchema:
    """What a model is told of a function: a tool or a handoff. ``parameters`` is a JSON schema of type object."""

    name: str
    description: str
    parameters: Mapping[str, object]

    @cached_property
    def wire(self) -> bytes:
        """The entry of a request's ``tools``, encoded once however often it is sent."""
        function: dict[str, object] = {"name": self.name}
        if self.description:
            function["description"] = self.description
        function["parameters"] = self.parameters
        return json.dumps({"type": "function", "function": function}, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )


@dataclass(frozen=True)
class Signature:
    """What a function takes. ``context`` is the parameter that gets the context, if there is one."""

    adapter: TypeAdapter[dict[str, object]]
    parameters: Mapping[str, object]
    description: str
    context: str | None
    is_async: bool

    def injected(self, context: ToolContext) -> dict[str, object]:
        """The arguments that come from the runner, not from the model."""
        return {} if self.context is None else {self.context: context}

    def check(self, arguments: str) -> Mapping[str, object]:
        """Parse and validate a model's arguments.

        Raises:
            BadArguments: see there.
        """
        try:
            return self.adapter.validate_python(_parse(arguments))
        except ValidationError as error:
            raise BadArguments(self._explain(_sentences(error))) from None
        except ValueError as error:
            raise BadArguments(self._explain(str(error))) from None

    def _explain(self, what: str) -> str:
        return f"Error: {what}. The function was not called. Its arguments: {json.dumps(self.parameters)}"


def signature_of(function: Callable[..., object]) -> Signature:
    """Read a callable's signature.

    Raises:
        UnsupportedParameter: a parameter can't be described to a model.
    """
    try:
        signature = inspect.signature(function)
        hints = _hints(function)
    except (ValueError, TypeError, NameError) as error:
        raise UnsupportedParameter(f"its signature can't be read: {error}") from None
    context: str | None = None
    fields: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        annotation = hints.get(parameter.name, Any)
        if _is_context(annotation):
            context = parameter.name
            continue
        _refuse_nameless(parameter)
        fields[parameter.name] = _field(parameter, annotation)
    adapter = _adapter(fields)
    return Signature(
        adapter=adapter,
        parameters=_json_schema(adapter),
        description=inspect.getdoc(_target(function)) or "",
        context=context,
        is_async=inspect.iscoroutinefunction(_target(function)),
    )


def _target(function: Callable[..., object]) -> Callable[..., object]:
    """The plain function behind a partial, a wrapper or an object."""
    if isinstance(function, functools.partial):
        return _target(function.func)
    if inspect.isroutine(function):
        return function
    return type(function).__call__


def _hints(function: Callable[..., object]) -> dict[str, Any]:
    return typing_extensions.get_type_hints(inspect.unwrap(_target(function)), include_extras=True)


def _is_context(annotation: object) -> bool:
    return annotation is ToolContext or ToolContext in get_args(annotation)


def _refuse_nameless(parameter: inspect.Parameter) -> None:
    match parameter.kind:
        case inspect.Parameter.VAR_POSITIONAL | inspect.Parameter.VAR_KEYWORD:
            stars = "*" if parameter.kind is inspect.Parameter.VAR_POSITIONAL else "**"
            what = f"'{stars}{parameter.name}' takes any number of arguments, which a model can't be told of"
            raise UnsupportedParameter(what, parameter.name)
        case inspect.Parameter.POSITIONAL_ONLY:
            what = f"'{parameter.name}' is positional-only, and a model gives arguments by name"
            raise UnsupportedParameter(what, parameter.name)
        case _:
            return


def _field(parameter: inspect.Parameter, annotation: Any) -> Any:
    if parameter.default is inspect.Parameter.empty:
        return annotation
    # The function's own default stays the truth: a missing argument is simply not passed.
    try:
        shown = json.loads(json.dumps(parameter.default))
    except (TypeError, ValueError):
        return NotRequired[annotation]
    return NotRequired[Annotated[annotation, Field(json_schema_extra={"default": shown})]]


def _adapter(fields: dict[str, Any]) -> TypeAdapter[dict[str, object]]:
    for name, annotation in fields.items():
        bare = get_args(annotation)[0] if get_origin(annotation) is NotRequired else annotation
        try:
            TypeAdapter(bare).json_schema()
        except (PydanticUserError, PydanticInvalidForJsonSchema) as error:
            what = f"'{name}' has a type without a JSON schema: {str(error).splitlines()[0]}"
            raise UnsupportedParameter(what, name) from None
    shape = typing_extensions.TypedDict("Arguments", fields)  # type: ignore[misc]  # made from a signature
    strict: Any = with_config(ConfigDict(extra="forbid"))(shape)
    return TypeAdapter(strict)


def _json_schema(adapter: TypeAdapter[dict[str, object]]) -> dict[str, object]:
    schema = adapter.json_schema()
    schema.pop("title", None)
    for described in schema.get("properties", {}).values():
        described.pop("title", None)
    return {"type": "object", "properties": {}, **schema}


def _parse(arguments: str) -> dict[str, object]:
    """Parse a model's arguments; ``""`` and ``null`` mean none.

    Raises:
        ValueError: not JSON, not an object, a key twice, or NaN.
    """
    try:
        value = json.loads(arguments or "null", object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"arguments are not JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("arguments are nested too deeply") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(_MISTYPED)  # noqa: TRY004 - a bad value from outside, not a bug
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key {name!r} is given twice")
        found[name] = value
    return found


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON value")


def _sentences(error: ValidationError) -> str:
    return "; ".join(_sentence(dict(fault)) for fault in error.errors(include_url=False, include_context=False))


def _sentence(fault: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in fault["loc"]) or "arguments"
    match fault["type"]:
        case "missing":
            return f"the argument {where!r} is missing"
        case "extra_forbidden":
            return f"there is no argument {where!r}"
        case _:
            return f"{where!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}"
