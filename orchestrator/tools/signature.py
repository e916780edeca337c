"""What a function takes: each parameter as a field that pydantic understands, and what the runner injects."""

import contextlib
import functools
import inspect
import json
import operator
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NotRequired, Union, get_args, get_origin, get_type_hints

import typing_extensions
from pydantic import Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticSerializationError, to_jsonable_python

from orchestrator.tools.context import ToolContext
from orchestrator.tools.docstrings import Documentation, documentation_of

_make_typed_dict: Any = typing_extensions.TypedDict  # typed as what only a type checker can use


class UnsupportedParameter(TypeError):  # noqa: N818 - named for the diagnostic that it becomes
    """A function can't be a tool. ``parameter`` names the first culprit; None when the whole can't be read."""

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Parameters:
    """A callable's parameters.

    ``fields`` are annotations by name, ready for a TypedDict; ``defaults`` those that stand in a ``Field(...)`` where
    a value would; ``contexts`` and ``variables`` are the parameters that the runner fills; ``unannotated`` are those
    of the fields that have no type. ``refused`` says by name why some can't be told to a model.
    """

    fields: Mapping[str, Any]
    description: str
    is_async: bool
    defaults: Mapping[str, FieldInfo] = field(default_factory=dict)
    contexts: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    unannotated: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


def parameters_of(function: Callable[..., object]) -> Parameters:
    """Read a callable's signature.

    Raises:
        UnsupportedParameter: the signature can't be read.
    """
    target = target_of(function)
    documentation = documentation_of(target)
    fields: dict[str, Any] = {}
    defaults: dict[str, FieldInfo] = {}
    injected: dict[str, list[str]] = {"context": [], "variables": []}
    unannotated: list[str] = []
    refused: dict[str, str] = {}
    for parameter, hint in _parameters(function):
        annotation = Any if hint is inspect.Parameter.empty else hint
        if (reason := nameless(parameter)) is not None:
            refused[parameter.name] = reason
            continue
        if (kind := _injected(parameter, annotation)) is not None:
            injected[kind].append(parameter.name)
            continue
        if hint is inspect.Parameter.empty:
            unannotated.append(parameter.name)
        if isinstance(parameter.default, FieldInfo) and not parameter.default.is_required():
            defaults[parameter.name] = parameter.default
        fields[parameter.name] = _field(parameter, annotation, documentation)
    return Parameters(
        fields=fields,
        description=documentation.text,
        is_async=inspect.iscoroutinefunction(target),
        defaults=defaults,
        contexts=tuple(injected["context"]),
        variables=tuple(injected["variables"]),
        unannotated=tuple(unannotated),
        refused=refused,
    )


def nameless(parameter: inspect.Parameter) -> str | None:
    """Why a model can't give this parameter, whatever its type: it takes no single argument by name."""
    match parameter.kind:
        case inspect.Parameter.VAR_POSITIONAL | inspect.Parameter.VAR_KEYWORD:
            stars = "*" if parameter.kind is inspect.Parameter.VAR_POSITIONAL else "**"
            return f"'{stars}{parameter.name}' takes any number of arguments, which a model can't be told of"
        case inspect.Parameter.POSITIONAL_ONLY:
            return f"'{parameter.name}' is positional-only, and a model gives arguments by name"
        case _:
            return None


def code_of(function: Callable[..., object]) -> types.CodeType | None:
    """The code behind a callable, through wrappers, partials and objects; None for what is built in."""
    try:
        code = getattr(inspect.unwrap(target_of(function)), "__code__", None)
    except ValueError:  # it wraps itself
        return None
    return code if isinstance(code, types.CodeType) else None


def target_of(function: Callable[..., object]) -> Callable[..., object]:
    """The plain function behind a partial or an object."""
    if isinstance(function, functools.partial):
        return target_of(function.func)
    if inspect.isroutine(function) or inspect.isclass(function) or hasattr(function, "__wrapped__"):
        return function  # what wraps a function, as functools.cache does, shows it
    return type(function).__call__


def _parameters(function: Callable[..., object]) -> Iterator[tuple[inspect.Parameter, Any]]:
    """The parameters that are left to give, with their annotations or ``empty``. What a partial binds is not."""
    bound = function.keywords if isinstance(function, functools.partial) else {}
    try:
        signature = inspect.signature(function)
        hints = typing_extensions.get_type_hints(_annotated(target_of(function)), include_extras=True)
    except NameError as error:
        raise UnsupportedParameter(f"an annotation names {error.name!r}, which its module does not have") from None
    except Exception as error:  # noqa: BLE001 - an annotation in quotes is code, and may raise anything
        raise UnsupportedParameter(f"its signature can't be read: {error}") from None
    for parameter in signature.parameters.values():
        if parameter.name not in bound:
            yield parameter, hints.get(parameter.name, _own_annotation(parameter))


def _annotated(target: Callable[..., object]) -> Callable[..., object]:
    """What holds the annotations: of a class, its constructor; of a wrapper, what it wraps."""
    if inspect.isclass(target):
        target = getattr(target, "__new__" if target.__init__ is object.__init__ else "__init__")
    holder: Callable[..., object] = inspect.unwrap(target)
    return holder


def _own_annotation(parameter: inspect.Parameter) -> Any:
    """The annotation in a ``__signature__`` that a decorator has made. What stands in quotes there can't be told."""
    return Any if isinstance(parameter.annotation, str) else parameter.annotation


def _injected(parameter: inspect.Parameter, annotation: Any) -> str | None:
    kinds = list(_alternatives(annotation))
    if ToolContext in kinds:
        return "context"
    # Swarm's convention, so that its tools run unchanged
    if parameter.name == "context_variables" and {Any, dict, Mapping} & {get_origin(kind) or kind for kind in kinds}:
        return "variables"
    return None


def _alternatives(annotation: Any) -> Iterator[Any]:
    """What an annotation may be, inside Annotated, Optional and Union."""
    match get_origin(annotation):
        case typing.Annotated:
            yield from _alternatives(get_args(annotation)[0])
        case typing.Union | types.UnionType:
            for one in get_args(annotation):
                yield from _alternatives(one)
        case _:
            yield annotation


def _field(parameter: inspect.Parameter, annotation: Any, documentation: Documentation) -> Any:
    """The annotation with its description; not required where the function has a default, which stays the truth."""
    default = parameter.default
    annotation = _modern(annotation)
    if default is None and annotation is not Any:
        annotation = annotation | None  # ``x: int = None``: the schema says null, so null is taken
    if isinstance(default, FieldInfo):
        annotation = Annotated[(annotation, *default.metadata)] if default.metadata else annotation
    extra: dict[str, Any] = {}
    description = _annotated_text(annotation, default) or documentation.parameters.get(parameter.name)
    if description:
        extra["description"] = description
    if default is inspect.Parameter.empty or (isinstance(default, FieldInfo) and default.is_required()):
        return Annotated[annotation, Field(**extra)] if extra else annotation
    shown = default.get_default(call_default_factory=True) if isinstance(default, FieldInfo) else default
    with contextlib.suppress(PydanticSerializationError, ValueError, RecursionError):
        # a default without a JSON form can't be shown; it is still the default
        plain = to_jsonable_python(shown)
        json.dumps(plain, allow_nan=False)
        extra["json_schema_extra"] = {"default": plain}
    return NotRequired[Annotated[annotation, Field(**extra)]]


def _annotated_text(annotation: Any, default: object) -> str | None:
    """The description in an Annotated or a ``Field(...)`` default: a Field's, a Doc's, or a plain text."""
    extras = annotation.__metadata__ if get_origin(annotation) is Annotated else ()
    for extra in (*extras, *([default] if isinstance(default, FieldInfo) else [])):
        text = extra if isinstance(extra, str) else getattr(extra, "description", None)
        text = text or getattr(extra, "documentation", None)
        if isinstance(text, str):
            return text
    return None


def _modern(annotation: Any) -> Any:
    """The annotation without ``typing.TypedDict``: before Python 3.12 pydantic needs that of typing_extensions."""
    return annotation if sys.version_info >= (3, 12) else _replaced(annotation, {})


def _replaced(annotation: Any, done: dict[Any, Any]) -> Any:
    if typing_extensions.is_typeddict(annotation):
        return annotation if type(annotation).__module__ == "typing_extensions" else _typed_dict(annotation, done)
    arguments = get_args(annotation)
    if not arguments or not any(_replaced(a, done) is not a for a in arguments if not isinstance(a, (str, list))):
        return annotation
    origin = get_origin(annotation)
    new = tuple(_replaced(argument, done) for argument in arguments)
    if origin is Annotated:
        return Annotated[(new[0], *annotation.__metadata__)]
    union = origin in {Union, types.UnionType}
    return functools.reduce(operator.or_, new) if union else origin[new if len(new) > 1 else new[0]]


def _typed_dict(annotation: Any, done: dict[Any, Any]) -> Any:
    if annotation not in done:
        # made empty and filled afterwards, because it may hold itself
        done[annotation] = new = _make_typed_dict(annotation.__name__, {})
        for name in ("__module__", "__doc__", "__required_keys__", "__optional_keys__", "__pydantic_config__"):
            if hasattr(annotation, name):
                setattr(new, name, getattr(annotation, name))
        hints = get_type_hints(annotation, include_extras=True)
        new.__annotations__ = {name: _replaced(hint, done) for name, hint in hints.items()}
    return done[annotation]
