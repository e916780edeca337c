"""What a function takes, read from its text."""

import ast
import builtins
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestrator.modules.bindings import Bindings, Borrowed
from orchestrator.modules.sources import FunctionNode
from orchestrator.tools import documentation_in, nameless

_TOOL = frozenset({"orchestrator.tool", "orchestrator.tools.tool"})
_TRANSPARENT = frozenset({"functools.cache", "functools.lru_cache"})  # they show what they wrap
_KNOWN = frozenset(
    {
        *("str", "int", "float", "bool", "bytes", "object", "list", "dict", "tuple", "set", "frozenset"),
        *(
            "Any",
            "None",
            "Optional",
            "Union",
            "Literal",
            "Annotated",
            "List",
            "Dict",
            "Sequence",
            "Iterable",
            "Mapping",
        ),
        *("date", "datetime", "time", "timedelta", "Decimal", "UUID"),
    }
)
_BUILTINS = frozenset(vars(builtins))
_DEPTH = 20  # of an annotation: deeper ones are left open


@dataclass(frozen=True)
class Outline:
    """A function as its text tells it.

    ``refused`` says which parameters a model can't be told of, and why; ``untold`` are those whose types only running
    can judge. ``options`` are the constants of its ``@tool``; ``unclear`` says what of its decorators is no constant.
    """

    signature: inspect.Signature
    description: str
    visible: tuple[str, ...] = ()
    unannotated: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    takes_context: bool = False
    options: dict[str, object] = field(default_factory=dict)
    unclear: bool = False


def outline_of(node: FunctionNode, names: Bindings) -> Outline:
    """Read a function. The annotations of its signature are the nodes of the tree."""
    signature = inspect.Signature(list(_parameters(node.args)))
    refused = {name: reason for name, each in signature.parameters.items() if (reason := nameless(each))}
    plain = {name: each.annotation for name, each in signature.parameters.items() if name not in refused}
    injected = {name for name, annotation in plain.items() if _is_injected(name, annotation, names)}
    visible = {name: annotation for name, annotation in plain.items() if name not in injected}
    typed = {name: annotation for name, annotation in visible.items() if annotation is not inspect.Parameter.empty}
    options, unclear = _decorations(node, names)
    lost = tuple(f"an annotation names {name!r}, which its module does not have" for name in _lost(node, names))[:1]
    docstring = None if isinstance(node, ast.Lambda) else ast.get_docstring(node)
    return Outline(
        signature=signature,
        description=documentation_in(docstring or "").text,
        visible=tuple(visible),
        unannotated=tuple(name for name in visible if name not in typed),
        untold=tuple(name for name, annotation in typed.items() if not _is_known(annotation, names, _DEPTH)),
        refused=lost or tuple(refused.values()),
        takes_context=bool(injected),
        options=options,
        unclear=unclear,
    )


def _parameters(arguments: ast.arguments) -> Iterator[inspect.Parameter]:
    kinds = inspect.Parameter
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    for index, each in enumerate(positional):
        kind = kinds.POSITIONAL_ONLY if index < len(arguments.posonlyargs) else kinds.POSITIONAL_OR_KEYWORD
        yield _parameter(each, kind, optional=index >= required)
    if arguments.vararg:
        yield _parameter(arguments.vararg, kinds.VAR_POSITIONAL)
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(each, kinds.KEYWORD_ONLY, optional=default is not None)
    if arguments.kwarg:
        yield _parameter(arguments.kwarg, kinds.VAR_KEYWORD)


def _parameter(node: ast.arg, kind: inspect._ParameterKind, *, optional: bool = False) -> inspect.Parameter:
    empty = inspect.Parameter.empty
    annotation = empty if node.annotation is None else node.annotation
    return inspect.Parameter(node.arg, kind, default=None if optional else empty, annotation=annotation)


def _is_injected(name: str, annotation: ast.expr | type, names: Bindings) -> bool:
    """Whether the runner fills a parameter, and not the model."""
    if not isinstance(annotation, ast.expr):
        return name == "context_variables"
    kinds = {names.qualified(kind).rpartition(".")[2] for kind in _alternatives(annotation, names, _DEPTH)}
    return "ToolContext" in kinds or (name == "context_variables" and bool(kinds & {"Any", "dict", "Dict", "Mapping"}))


def _alternatives(node: ast.expr, names: Bindings, depth: int) -> Iterator[ast.expr]:
    """What an annotation may be, inside Annotated, Optional and Union, without what stands in brackets behind it."""
    if depth == 0:
        return
    match _unquoted(node):
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _alternatives(left, names, depth - 1)
            yield from _alternatives(right, names, depth - 1)
        case ast.Subscript(value=value, slice=inner):
            elements = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            word = names.qualified(value).rpartition(".")[2]
            chosen = {"Annotated": elements[:1], "Optional": elements, "Union": elements}.get(word)
            for each in chosen or []:
                yield from _alternatives(each, names, depth - 1)
            if chosen is None:
                yield value
        case plain:
            yield plain


def _unquoted(node: ast.expr) -> ast.expr:
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return node
    try:
        return ast.parse(node.value.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return node


def _is_known(node: ast.expr, names: Bindings, depth: int) -> bool:
    """Whether a type has a JSON schema for certain."""
    if depth == 0:
        return False
    match _unquoted(node):
        case ast.Constant(value=value):
            return not isinstance(value, str)
        case ast.Name() | ast.Attribute() as named:
            return names.qualified(named).rpartition(".")[2] in _KNOWN
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _is_known(left, names, depth - 1) and _is_known(right, names, depth - 1)
        case ast.Subscript(value=value, slice=inner):
            word = names.qualified(value).rpartition(".")[2]
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            if word == "Annotated" and all(isinstance(part, ast.Constant) for part in parts[1:]):
                parts = parts[:1]
            return word == "Literal" or (word in _KNOWN and all(_is_known(each, names, depth - 1) for each in parts))
        case _:
            return False


def _lost(node: FunctionNode, names: Bindings) -> Iterator[str]:
    """The names in annotations that lead nowhere. One that is not in quotes is looked up when the module runs."""
    later = names.names.get("annotations") == Borrowed("__future__", "annotations")
    if names.more or isinstance(node, ast.Lambda) or getattr(node, "type_params", []):
        return
    parameters = [each.annotation for each in ast.walk(node.args) if isinstance(each, ast.arg)]
    for annotation in filter(None, [*parameters, node.returns]):
        inner = _unquoted(annotation)
        words = [each.id for each in ast.walk(inner) if isinstance(each, ast.Name)]
        for word in words if later or inner is not annotation else ():
            if word not in names.names and word not in _BUILTINS:
                yield word


def _decorations(node: FunctionNode, names: Bindings) -> tuple[dict[str, object], bool]:
    """The constants of ``@tool``, and whether there is more that only running can tell."""
    options: dict[str, object] = {}
    unclear = False
    for decorator in () if isinstance(node, ast.Lambda) else node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        word = names.qualified(call.func if call else decorator)
        if word in _TOOL:
            given = {each.arg: each.value for each in call.keywords if each.arg} if call else {}
            constants = {name: each.value for name, each in given.items() if isinstance(each, ast.Constant)}
            options.update(constants)
            unclear = unclear or bool({"name", "description", "requires"} & (given.keys() - constants.keys()))
        elif word not in _TRANSPARENT:
            unclear = True
    return options, unclear
