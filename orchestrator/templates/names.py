"""What a template reads, binds and refers to: found once for each text, whatever the variables are."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from jinja2 import nodes
from jinja2.visitor import NodeVisitor

from orchestrator.templates.scopes import Binding, Scope, closed, free_names, merged, stored, targets

Kind = Literal["include", "import", "from", "extends"]
A_LOOP, A_HANDOFF = "a loop", "a handoff"  # no names: no template can write them
LOOP = frozenset(
    "index index0 revindex revindex0 first last length cycle depth depth0 previtem nextitem changed".split()  # noqa: SIM905 - a long list of words
)


@dataclass(frozen=True, slots=True)
class Load:
    """A use of a name that the template itself does not surely bind.

    ``maybe`` says that it is bound on some ways; ``macro`` is the macro that it stands in; ``path`` is what stands in
    the place of a file's name, where that has no quotes, and its offset.
    """

    name: str
    offset: int
    maybe: bool = False
    macro: str | None = None
    block: bool = False
    path: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of something whose attributes are known: a free name's, a loop's, a handoff's, or a module's."""

    of: object
    name: str
    offset: int


@dataclass(frozen=True, eq=False, slots=True)
class Reference:
    """An include, import or extends. ``file`` is None where it depends on what can't be known.

    ``conditions`` are what must hold for it to be reached. ``names`` are those imported, each with its own offset.
    """

    kind: Kind
    offset: int
    written: nodes.Expr
    file: nodes.Expr | None
    conditions: tuple[nodes.Expr, ...]
    with_context: bool
    ignore_missing: bool
    visible: Mapping[str, Binding]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """What was found in one template. ``exports`` is what it binds at its top; ``domains`` the values of its loops."""

    loads: tuple[Load, ...]
    attributes: tuple[Attribute, ...]
    references: tuple[Reference, ...]
    exports: frozenset[str]
    reads: Mapping[str, frozenset[str]]
    domains: Mapping[str, tuple[object, ...]]


def names_of(tree: nodes.Template) -> Names:
    """Give what a template reads, binds and refers to. ``tree`` is as the sandbox parsed it."""
    visitor = _Visitor(tree)
    visitor.all(tree.body, visitor.top)
    return Names(
        loads=tuple(visitor.loads),
        attributes=tuple(visitor.attributes),
        references=tuple(visitor.references),
        exports=frozenset(stored(tree.body)),
        reads={macro: frozenset(read) for macro, read in visitor.reads.items()},
        domains=visitor.domains,
    )


_MACRO = {name: Binding() for name in ("varargs", "kwargs", "caller")}
_serial = count()


@dataclass
class _Found:
    loads: list[Load] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    reads: dict[str, set[str]] = field(default_factory=dict)
    domains: dict[str, tuple[object, ...]] = field(default_factory=dict)


class _Visitor(NodeVisitor, _Found):
    """Goes through a template in its order. Jinja's names of methods; each takes the scope."""

    def __init__(self, tree: nodes.Template) -> None:
        _Found.__init__(self)
        self.top = Scope(names={"self": Binding()}, later=frozenset(stored(tree.body)))
        refers = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
        self._refers = next(tree.find_all(refers), None) is not None
        self._conditions: tuple[nodes.Expr, ...] = ()
        self._block = False
        self._path: tuple[str, int] | None = None

    def all(self, body: Iterable[nodes.Node | None], scope: Scope) -> None:
        """Go through nodes in their order."""
        for node in body:
            if node is not None:
                self.visit(node, scope)

    def visit_Name(self, node: nodes.Name, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        if node.ctx == "load":
            self._load(node.name, node.lineno, scope)

    def visit_NSRef(self, node: nodes.NSRef, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        self._load(node.name, node.lineno, scope)

    def visit_Getattr(self, node: nodes.Getattr, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        self._attribute(node.node, node.attr, node.lineno, scope)
        self.visit(node.node, scope)

    def visit_Getitem(self, node: nodes.Getitem, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            self._attribute(node.node, node.arg.value, node.lineno, scope)
        self.all((node.node, node.arg), scope)

    def visit_Assign(self, node: nodes.Assign, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        self.visit(node.node, scope)
        single = isinstance(node.target, nodes.Name) and self._refers
        self._bind(node.target, scope, Binding(value=closed(node.node, scope) if single else None))

    def visit_AssignBlock(self, node: nodes.AssignBlock, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        self.all(node.body, scope.inner(node.body, {}))
        self.all([node.filter], scope)
        self._bind(node.target, scope, Binding())

    def visit_If(self, node: nodes.If, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        before, outer = dict(scope.names), self._conditions
        ways = []
        for branch in (node, *node.elif_):
            self.visit(branch.test, scope)
            test = self._closed(branch.test, scope)
            passed = self._conditions
            self._conditions = (*passed, *([] if test is None else [test]))
            self.all(branch.body, scope)
            ways.append(scope.names)
            scope.names = dict(before)
            self._conditions = (*passed, *([] if test is None else [nodes.Not(test, lineno=branch.lineno)]))
        self.all(node.else_, scope)
        scope.names = merged([*ways, scope.names])
        self._conditions = outer

    def visit_For(self, node: nodes.For, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        over = node.iter.node if isinstance(node.iter, nodes.Filter) and node.iter.node else node.iter
        self.visit(over, scope)
        inner = scope.inner(node.body, {})
        self._bind(node.target, inner, self._item(over, scope))
        outer = self._conditions
        if node.test is not None:
            self.visit(node.test, inner)
            test = self._closed(node.test, inner)
            self._conditions = (*outer, *([] if test is None else [test]))
        inner.names["loop"] = Binding(shape=A_LOOP)
        self.all(node.body, inner)
        self._conditions = outer
        self.all(node.else_, scope.inner(node.else_, {}))

    def visit_With(self, node: nodes.With, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        self.all(node.values, scope)
        inner = scope.inner(node.body, {})
        for target, value in zip(node.targets, node.values, strict=True):
            single = isinstance(target, nodes.Name)
            self._bind(target, inner, Binding(value=self._closed(value, scope) if single else None))
        self.all(node.body, inner)

    def visit_Macro(self, node: nodes.Macro, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        scope.names[node.name] = Binding()
        self._callable(node, scope, node.name)

    def visit_CallBlock(self, node: nodes.CallBlock, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        self.visit(node.call, scope)
        self._callable(node, scope, None)

    def visit_FilterBlock(self, node: nodes.FilterBlock, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        self.visit(node.filter, scope)
        self.all(node.body, scope.inner(node.body, {}))

    def visit_Block(self, node: nodes.Block, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        block, self._block = self._block, True
        around = scope if node.scoped else self.top
        self.all(node.body, around.inner(node.body, {"super": Binding()}))
        self._block = block

    def visit_Include(self, node: nodes.Include, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        self._refer("include", node, scope)

    def visit_Extends(self, node: nodes.Extends, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        self._refer("extends", node, scope)

    def visit_Import(self, node: nodes.Import, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        scope.names[node.target] = Binding(shape=self._refer("import", node, scope))

    def visit_FromImport(self, node: nodes.FromImport, scope: Scope) -> None:  # noqa: N802 - Jinja's name
        pairs = [(name, name) if isinstance(name, str) else name for name in node.names]
        self._refer("from", node, scope, tuple(name for name, _ in pairs))
        scope.names.update({alias: Binding() for _, alias in pairs})

    def _load(self, name: str, offset: int, scope: Scope) -> None:
        macro = scope.within
        if macro is not None:
            self.reads.setdefault(macro, set()).add(name)
        found = scope.find(name)
        if found is None or not found.sure:
            self.loads.append(Load(name, offset, found is not None, macro, self._block, self._path))

    def _attribute(self, node: nodes.Expr, attribute: str, offset: int, scope: Scope) -> None:
        of: object = None
        if isinstance(node, nodes.Name):
            found = scope.find(node.name)
            of = node.name if found is None else found.shape if found.sure else None
        elif isinstance(node, nodes.Getitem) and self._is_handoffs(node.node, scope):
            of = A_HANDOFF if not isinstance(node.arg, nodes.Slice) else None
        if of is not None:
            self.attributes.append(Attribute(of, attribute, offset))

    def _item(self, over: nodes.Node, scope: Scope) -> Binding:
        """What a loop binds its target to."""
        if self._is_handoffs(over, scope):
            return Binding(shape=A_HANDOFF)
        if not self._refers or not isinstance(over, nodes.List | nodes.Tuple):
            return Binding()
        if not all(isinstance(item, nodes.Const) for item in over.items):
            return Binding()
        name = f"_each_{next(_serial)}"  # a name of its own, that nobody declares
        self.domains[name] = tuple(item.value for item in over.items if isinstance(item, nodes.Const))
        return Binding(value=nodes.Name(name, "load", lineno=over.lineno))

    def _is_handoffs(self, node: nodes.Node, scope: Scope) -> bool:
        return isinstance(node, nodes.Name) and node.name == "handoffs" and scope.find("handoffs") is None

    def _bind(self, target: nodes.Node, scope: Scope, binding: Binding) -> None:
        if isinstance(target, nodes.NSRef):
            self.visit(target, scope)
        elif isinstance(target, nodes.Name):
            scope.names[target.name] = binding
        else:
            scope.names.update(dict.fromkeys(targets(target), Binding()))

    def _callable(self, node: nodes.Macro | nodes.CallBlock, scope: Scope, name: str | None) -> None:
        inner = scope.inner(node.body, {**_MACRO, **{arg.name: Binding() for arg in node.args}}, name or "")
        self.all(node.defaults, inner)
        self.all(node.body, inner)

    def _closed(self, expression: nodes.Node, scope: Scope) -> nodes.Expr | None:
        return closed(expression, scope) if self._refers else None

    def _refer(
        self,
        kind: Kind,
        node: nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends,
        scope: Scope,
        names: tuple[str, ...] = (),
    ) -> Reference:
        if isinstance(node.template, nodes.Getattr | nodes.Div | nodes.Sub):
            start = min(free_names(node.template).values(), default=node.lineno)
            self._path = "".join(_written(node.template)), start
        self.visit(node.template, scope)
        self._path = None
        reference = Reference(
            kind=kind,
            offset=node.lineno,
            written=node.template,
            file=closed(node.template, scope),
            conditions=self._conditions,
            with_context=bool(getattr(node, "with_context", kind == "extends")),
            ignore_missing=bool(getattr(node, "ignore_missing", False)),
            visible=_passed_on(scope),
            names=names,
        )
        self.references.append(reference)
        return reference


def _passed_on(scope: Scope) -> dict[str, Binding]:
    """What an included template sees. It has a `self` of its own, and gets `loop` only where the loop uses it."""
    found = scope.visible()
    del found["self"]
    if "loop" in found:
        found["loop"] = Binding(sure=False)
    return found


def _written(node: nodes.Expr) -> Iterator[str]:
    """A path without quotes, as it was written."""
    match node:
        case nodes.Name():
            yield node.name
        case nodes.Getattr():
            yield from (*_written(node.node), ".", node.attr)
        case nodes.Div():
            yield from (*_written(node.left), "/", *_written(node.right))
        case nodes.Sub():
            yield from (*_written(node.left), "-", *_written(node.right))
        case _:
            pass
