"""What names mean at a place in a template: the scopes of Jinja, and what is known of their values."""

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace

from jinja2 import nodes

_MOST_NODES = 100  # of an expression with its names replaced by what they stand for


@dataclass(frozen=True, slots=True)
class Binding:
    """What a name is bound to in a template.

    It is ``sure`` unless bound on some ways only. ``value`` is an expression over variables, where that can be told.
    ``shape`` tells what its attributes are, where they are known.
    """

    sure: bool = True
    value: nodes.Expr | None = None
    shape: object = None


@dataclass(slots=True)
class Scope:
    """The names of one body and those around it. What is bound outside of a macro may have another value inside."""

    parent: "Scope | None" = None
    names: dict[str, Binding] = field(default_factory=dict)
    later: frozenset[str] = frozenset()
    macro: str | None = None

    def inner(self, body: Iterable[nodes.Node], names: Mapping[str, Binding], macro: str | None = None) -> "Scope":
        """The scope of a body inside this one."""
        return Scope(self, dict(names), frozenset(stored(body)), macro)

    def find(self, name: str) -> Binding | None:
        """What a name is bound to here; None when nothing binds it."""
        scope: Scope | None = self
        late = False
        through = False
        while scope is not None:
            found = scope.names.get(name)
            if found is not None:
                sure = found.sure and not late
                return replace(found, sure=sure, value=None if through or not sure else found.value)
            late = late or name in scope.later
            through = through or scope.macro is not None
            scope = scope.parent
        return Binding(sure=False) if late else None

    def visible(self) -> dict[str, Binding]:
        """All that is bound here."""
        names: set[str] = set()
        scope: Scope | None = self
        while scope is not None:
            names |= scope.names.keys()
            scope = scope.parent
        return {name: found for name in names if (found := self.find(name))}

    @property
    def within(self) -> str | None:
        """The outermost macro that this is inside of."""
        outer = self.parent.within if self.parent else None
        return outer or self.macro


def merged(ways: Iterable[Mapping[str, Binding]]) -> dict[str, Binding]:
    """What is bound after one of several ways was taken."""
    every = list(ways)
    names = {name for way in every for name in way}
    return {name: _merged([way.get(name) for way in every]) for name in names}


def _merged(found: list[Binding | None]) -> Binding:
    first = found[0]
    if first is not None and all(other is first for other in found):
        return first
    return Binding(sure=all(other is not None and other.sure for other in found))


def stored(body: Iterable[nodes.Node]) -> Iterator[str]:
    """The names that a body binds in its own scope."""
    for node in body:
        match node:
            case nodes.Assign() | nodes.AssignBlock():
                yield from targets(node.target)
            case nodes.Macro():
                yield node.name
            case nodes.Import():
                yield node.target
            case nodes.FromImport():
                yield from (name if isinstance(name, str) else name[1] for name in node.names)
            case nodes.If():
                yield from stored([*node.body, *node.elif_, *node.else_])
            case _:
                pass


def targets(target: nodes.Node) -> Iterator[str]:
    """The names that an assignment binds."""
    if isinstance(target, nodes.Name):
        yield target.name
    elif isinstance(target, nodes.Tuple):
        for item in target.items:
            yield from targets(item)


def closed(expression: nodes.Node, scope: Mapping[str, Binding] | Scope) -> nodes.Expr | None:
    """The expression with each local name replaced by what it stands for; None where that can't be told."""
    if isinstance(expression, nodes.Const):
        return expression
    find = scope.find if isinstance(scope, Scope) else scope.get
    if sum(1 for _ in expression.find_all(nodes.Node)) > _MOST_NODES:
        return None
    replaced = _replaced(expression, {name: find(name) for name in free_names(expression)})
    if isinstance(replaced, nodes.Expr) and sum(1 for _ in replaced.find_all(nodes.Node)) <= _MOST_NODES:
        return replaced
    return None


def free_names(expression: nodes.Node) -> dict[str, int]:
    """The names that an expression reads, each with the offset of its first use."""
    found: dict[str, int] = {}
    for node in (expression, *expression.find_all(nodes.Name)):
        if isinstance(node, nodes.Name):
            found.setdefault(node.name, node.lineno)
    return found


def _replaced(node: nodes.Node, names: Mapping[str, Binding | None]) -> nodes.Node | None:
    if isinstance(node, nodes.Name):
        binding = names.get(node.name)
        return node if binding is None else binding.value
    made = copy(node)
    for name, value in node.iter_fields():
        if isinstance(value, nodes.Node):
            inner = _replaced(value, names)
            if inner is None:
                return None
            setattr(made, name, inner)
        elif isinstance(value, list):
            items = [_replaced(item, names) if isinstance(item, nodes.Node) else item for item in value]
            if any(new is None and old is not None for new, old in zip(items, value, strict=True)):
                return None
            setattr(made, name, items)
    return made
