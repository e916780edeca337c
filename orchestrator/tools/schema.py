"""A function's parameters as the JSON schema that a model sees, and a model's arguments as the function's types."""

import inspect
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, NotRequired, get_args, get_origin

import typing_extensions
from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError, with_config
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import SchemaValidator

from orchestrator.messages import encode
from orchestrator.tools.arguments import BadArguments, parse, sentences
from orchestrator.tools.context import ToolContext
from orchestrator.tools.results import describe
from orchestrator.tools.signature import Parameters, UnsupportedParameter, parameters_of
from orchestrator.tools.strictness import strict_validator
from orchestrator.tools.subschemas import may_be_strict, subschemas

log = logging.getLogger("orchestrator.tools")

_typed_dict: Any = typing_extensions.TypedDict  # typed as what only a type checker can use


@dataclass(frozen=True)
class FunctionSchema:
    """What a model is told of a function: a tool or a handoff. ``parameters`` is a JSON schema of type object."""

    name: str
    description: str
    parameters: Mapping[str, object]

    @cached_property
    def wire(self) -> bytes:
        """The entry of a request's ``tools``, encoded once however often it is sent."""
        return encode(self._entry())

    @cached_property
    def strict_wire(self) -> bytes:
        """The same with ``strict``, where the schema is one that the API takes as strict."""
        return encode(self._entry(strict=True)) if may_be_strict(self.parameters) else self.wire

    def _entry(self, *, strict: bool = False) -> dict[str, object]:
        described = {"description": self.description} if self.description else {}
        # strict mode wants "required" to be there, even where nothing is
        parameters = {**self.parameters, "required": self.parameters.get("required", [])} if strict else self.parameters
        asked = {"strict": True} if strict else {}
        return {"type": "function", "function": {"name": self.name, **described, "parameters": parameters, **asked}}


@dataclass(frozen=True)
class Signature:
    """What a function takes: the schema for the model, and the check of what the model sends.

    ``given`` are its parameters as they were read.
    """

    parameters: Mapping[str, object]
    description: str
    is_async: bool
    given: Parameters
    _validator: SchemaValidator

    def check(self, arguments: str) -> Mapping[str, object]:
        """Parse and validate a model's arguments; gives them by name, as the annotated types.

        Raises:
            BadArguments: says what is wrong and shows the schema.
        """
        try:
            checked: dict[str, object] = self._validator.validate_python(parse(arguments))
        except ValidationError as error:
            raise BadArguments(self._explain(sentences(error))) from None
        except ValueError as error:
            raise BadArguments(self._explain(str(error))) from None
        except Exception as error:  # a user's validator may raise anything, and must not break the run
            log.warning("the arguments could not be checked", exc_info=True)
            what = f"the arguments could not be checked: {describe(error)}"
            raise BadArguments(self._explain(what)) from None
        missing = {name: info for name, info in self.given.defaults.items() if name not in checked}
        return {**checked, **{name: info.get_default(call_default_factory=True) for name, info in missing.items()}}

    def injected(self, context: ToolContext) -> dict[str, object]:
        """The arguments that come from the runner, not from the model."""
        variables: dict[str, object] = {name: dict(context.variables) for name in self.given.variables}
        return {**dict.fromkeys(self.given.contexts, context), **variables}

    def _explain(self, what: str) -> str:
        schema = json.dumps(self.parameters, ensure_ascii=False)
        return f"Error: {what}. The function was not called. Its arguments: {schema}"


def signature_of(function: Callable[..., object]) -> Signature:
    """Read a callable's signature.

    Raises:
        UnsupportedParameter: a parameter can't be told to a model.
    """
    given = parameters_of(function)
    try:
        validator, parameters = _checked(given.fields)
    except Exception:  # noqa: BLE001 - a user's type may raise anything when it is asked for its schema
        raise _unsupported({**given.refused, **_without_schema(given.fields)}) from None
    if given.refused:
        raise _unsupported(given.refused)
    return Signature(parameters, given.description, given.is_async, given, validator)


def _unsupported(reasons: Mapping[str, str]) -> UnsupportedParameter:
    if not reasons:
        return UnsupportedParameter("its parameters have no JSON schema together")
    return UnsupportedParameter("; ".join(reasons.values()), next(iter(reasons)))


def _checked(fields: Mapping[str, Any]) -> tuple[SchemaValidator, dict[str, object]]:
    """The checker of these fields and their JSON schema."""
    # a TypedDict, because its keys may be called anything: "schema", "self" and "model_config" are names like others
    shape = _typed_dict("Arguments", dict(fields))
    adapter: TypeAdapter[dict[str, object]] = TypeAdapter(with_config(ConfigDict(extra="forbid"))(shape))
    return strict_validator(adapter.core_schema), _tidied(adapter.json_schema())


def _without_schema(fields: Mapping[str, Any]) -> dict[str, str]:
    """Why the types of some parameters have no schema, by name."""
    reasons: dict[str, str] = {}
    for name, annotation in fields.items():
        try:
            _checked({name: annotation})
        except Exception as error:  # noqa: BLE001 - as above
            reasons[name] = f"the type of {name!r} has no JSON schema: {_reason(annotation, error)}"
    return reasons


def _reason(annotation: Any, error: Exception) -> str:
    """The type, or what it raised; what pydantic says is about its own workings."""
    if not isinstance(error, PydanticUserError | PydanticInvalidForJsonSchema):
        return f"{type(error).__name__}: {error}"
    while get_origin(annotation) in {Annotated, NotRequired}:
        annotation = get_args(annotation)[0]
    return inspect.formatannotation(annotation)


def _tidied(schema: dict[str, object]) -> dict[str, object]:
    _tidy(schema)
    schema.pop("description", None)
    json.dumps(schema, allow_nan=False)  # what can't be encoded is found here, not when it is sent
    # the API refuses an object without properties, so they are there even when there are none
    return {"type": "object", "properties": {}, "additionalProperties": False, **schema}


def _tidy(schema: dict[str, object]) -> None:
    """Leave out titles, which only repeat names, and give ``items`` to every array: the API demands it."""
    schema.pop("title", None)
    for inner in subschemas(schema):
        _tidy(inner)
    if schema.get("type") == "array":
        firsts = schema.get("prefixItems")
        schema.setdefault("items", {"anyOf": firsts} if firsts else {})
