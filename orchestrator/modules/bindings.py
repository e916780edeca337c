"""What the names of a module stand for, read from its text."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import resolve_name

from orchestrator.modules.sources import FunctionNode

ALL = "what its __all__ names"
"""Said of a module whose ``__all__`` is no literal."""

_CONSTANT = (
    *(ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_MADE = "names that are made while it runs"
_BLOCKS = ("body", "orelse", "finalbody")


@dataclass(frozen=True, slots=True)
class Defined:
    """A function or a lambda of this module, under the name that it was first given."""

    node: FunctionNode
    name: str


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A name of another module."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Value:
    """What can certainly not be called; ``module`` names it if it is an imported one."""

    module: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """What only running can tell. ``own`` says whether it is a function of this module; None if it may be one."""

    own: bool | None = False


Binding = Defined | Borrowed | Value | Unknown


@dataclass
class Bindings:
    """The names of a module.

    ``listed`` is its ``__all__``, None where it has none. ``more`` says in words where names come from that are not
    in the text; ``unlisted`` those that may be public.
    """

    names: dict[str, Binding] = field(default_factory=dict)
    listed: list[str] | None = None
    more: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)

    def qualified(self, node: ast.expr) -> str:
        """The dotted name that an expression is, with the module that it is from; empty for any other expression."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.insert(0, node.attr)
            node = node.value
        return ".".join([self._origin(node.id), *attributes]) if isinstance(node, ast.Name) else ""

    def _origin(self, name: str) -> str:
        match self.names.get(name):
            case Borrowed(module, original):
                return f"{module}.{original}"
            case Value(module=str(module)):
                return module
            case _:
                return name


def bindings_of(tree: ast.Module, package: str) -> Bindings:
    """Read the names of a module. ``package`` is what its relative imports start from."""
    reader = _Reader(package)
    reader.read(tree)
    reader.leave_open(tree)
    return reader.found


class _Reader:
    """Goes through the statements of a module in their order. What stands in a branch is not certain."""

    def __init__(self, package: str) -> None:
        self.found = Bindings()
        self._package = package
        self._waiting: list[tuple[ast.stmt, bool]] = []  # the next one last; a long chain of elif is nested deeply

    def read(self, tree: ast.Module) -> None:
        self._enter(tree.body, certain=True)
        while self._waiting:
            self._statement(*self._waiting.pop())

    def leave_open(self, tree: ast.Module) -> None:
        """Note what changes names behind the text's back."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Global):
                for name in node.names:
                    before = self.found.names.get(name)
                    self.found.names[name] = Unknown(own=isinstance(before, Defined))
            elif _makes_names(node) and _MADE not in self.found.more:
                self.found.more.append(_MADE)
                self.found.unlisted.append(_MADE)
        if isinstance(self.found.names.get("__getattr__"), Defined):
            self.found.more.append("names that its __getattr__ gives")

    def _statement(self, node: ast.stmt, certain: bool) -> None:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                self._bind(name, Defined(node, name), certain)
            case ast.ClassDef(name=name):
                self._bind(name, Unknown(), certain)
            case ast.Import(names=aliases):
                for alias in aliases:
                    top = alias.name.split(".")[0]
                    self._bind(alias.asname or top, Value(alias.name if alias.asname else top), certain)
            case ast.ImportFrom():
                self._import_from(node, certain)
            case _:
                self._assignment(node, certain)

    def _assignment(self, node: ast.stmt, certain: bool) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value):
                self._assign(name, value, certain)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self._assign(name, value, certain)
            case ast.AnnAssign(target=ast.Name(), value=None):
                return
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=name), attr=attribute)]) if _is_special(attribute):
                if isinstance(self.found.names.get(name), Defined):  # its docstring or its signature is another one
                    self.found.names[name] = Unknown(own=True)
            case ast.AugAssign(target=ast.Name(id="__all__"), op=ast.Add(), value=value):
                self._list(value, certain, add=True)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="__all__"), attr=method), args=[value])):
                self._list(ast.List([value]) if method == "append" else value, certain, add=method != "remove")
            case ast.Delete(targets=targets) if certain:
                for name in _stored(targets, ast.Del):
                    self.found.names.pop(name, None)
            case _:
                self._compound(node, certain)

    def _compound(self, node: ast.stmt, certain: bool) -> None:
        for name in _stored([node], ast.Store):
            self._bind(name, Unknown(), certain)
        if isinstance(node, ast.If) and _is_false(node.test):
            self._enter(node.orelse, certain=certain)
            return
        parts = (node, *getattr(node, "handlers", []), *getattr(node, "cases", []))
        inner = [statement for part in parts for block in _BLOCKS for statement in getattr(part, block, [])]
        self._enter(inner, certain=certain and isinstance(node, ast.With))

    def _enter(self, statements: Sequence[ast.stmt], *, certain: bool) -> None:
        self._waiting += [(statement, certain) for statement in reversed(statements)]

    def _import_from(self, node: ast.ImportFrom, certain: bool) -> None:
        dots = "." * node.level
        try:
            module = resolve_name(f"{dots}{node.module or ''}", self._package) if dots else node.module or ""
        except ImportError:  # above the top: it fails when it runs
            module = ""
        for alias in node.names:
            if alias.name == "*":
                mine = [name for name, before in self.found.names.items() if isinstance(before, Defined)]
                self.found.names.update(dict.fromkeys(mine, Unknown(own=None)))  # it may bring them anew
                self.found.more.append(f"names that 'from {dots}{node.module or ''} import *' brings")
            else:
                self._bind(alias.asname or alias.name, Borrowed(module, alias.name), certain)

    def _assign(self, name: str, value: ast.expr, certain: bool) -> None:
        if name == "__all__":
            self._list(value, certain, add=False)
            return
        match value:
            case ast.Lambda():
                self._bind(name, Defined(value, name), certain)
            case ast.Name(id=other) if other in self.found.names:
                self._bind(name, self.found.names[other], certain)
            case _ if isinstance(value, _CONSTANT):
                self._bind(name, Value(), certain)
            case _:
                self._bind(name, Unknown(own=self._may_be_own(value)), certain)

    def _may_be_own(self, value: ast.expr) -> bool | None:
        """None if running the expression may give a function of this module, else False."""
        if isinstance(value, ast.Call) and self.found.qualified(value.func) == "functools.partial":
            return False
        for node in ast.walk(value):
            if isinstance(node, ast.Lambda):
                return None
            known = self.found.names.get(node.id) if isinstance(node, ast.Name) else None
            called = isinstance(value, ast.Call) and value.func is node
            if isinstance(known, Defined) and (not called or _makes_functions(known.node)):
                return None
        return False

    def _bind(self, name: str, binding: Binding, certain: bool) -> None:
        if name == "__all__":
            self.found.unlisted.append(ALL)
            return
        before = self.found.names.get(name)
        if not certain and before is not None:
            owns = {isinstance(each, Defined) or getattr(each, "own", False) for each in (before, binding)}
            binding = Unknown(own=next(iter(owns)) if len(owns) == 1 else None)
        elif not certain and isinstance(binding, Value):
            binding = Unknown()
        self.found.names[name] = binding

    def _list(self, value: ast.expr | None, certain: bool, *, add: bool) -> None:
        """Read ``__all__``. A text is none, as when it is imported."""
        if isinstance(value, ast.Constant):
            return
        listed = _texts(value)
        if listed is None or not certain:
            self.found.unlisted.append(ALL)
        else:
            self.found.listed = [*(self.found.listed or []), *listed] if add else listed


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _texts(value: ast.expr | None) -> list[str] | None:
    """The texts of a literal list, or of several that are added; None for anything else."""
    texts: list[str] = []
    while isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        last = _literal(value.right)
        if last is None:
            return None
        texts[:0] = last
        value = value.left
    first = _literal(value)
    return None if first is None else [*first, *texts]


def _literal(value: ast.expr | None) -> list[str] | None:
    if not isinstance(value, ast.List | ast.Tuple):
        return None
    texts = [each.value for each in value.elts if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return texts if len(texts) == len(value.elts) else None


def _is_false(test: ast.expr) -> bool:
    """Whether a condition is known to be false when a module is imported, as that of ``if TYPE_CHECKING``."""
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return True
        case ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]):
            return True
        case _:
            return False


def _makes_names(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="globals" | "vars"), args=[]) | ast.Call(func=ast.Name(id="exec"), args=[_]):
            return True
        case ast.Attribute(value=ast.Name(id="sys"), attr="modules"):
            return True
        case _:
            return False


def _makes_functions(node: FunctionNode) -> bool:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return any(isinstance(inner, kinds) for inner in ast.walk(node) if inner is not node)


def _stored(nodes: Sequence[ast.AST], context: type[ast.expr_context]) -> Iterator[str]:
    """The names that statements bind or delete by themselves, without the statements inside them."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, context):
            yield node.id
        name = getattr(node, "name", None)
        if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and isinstance(name, str):
            yield name
        waiting += [each for each in ast.iter_child_nodes(node) if not isinstance(each, (ast.stmt, *_SCOPES))]
