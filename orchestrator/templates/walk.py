"""Goes through a routine and all that it includes, and finds what is wrong without rendering it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError

from orchestrator.templates.candidates import candidates
from orchestrator.templates.environment import Sandbox
from orchestrator.templates.facts import Chain, Known, Piece, TemplateFault
from orchestrator.templates.files import Refusal, read, resolved
from orchestrator.templates.names import Attribute, Load, Names, Reference
from orchestrator.templates.parts import Finding, findings
from orchestrator.templates.scopes import Binding, closed
from orchestrator.templates.syntax import explain_syntax
from orchestrator.templates.tokens import Places
from orchestrator.templates.undefined import CONTEXT, absent_attribute, undefined

MOST_VISITS = 2_000
MOST_LEVELS = 50
MOST_CHARS = 10_000_000
"""Of all templates that one routine reaches."""


@dataclass(frozen=True, slots=True)
class _Visit:
    """A template as it is reached: what it sees of the one that includes it, and on which way.

    ``path`` is None for the routine. Without ``context`` it sees no variables; ``live`` are then the macros in use.
    """

    path: Path | None
    places: Places
    outer: Mapping[str, Binding]
    context: bool = True
    live: frozenset[str] | None = None
    conditions: tuple[nodes.Expr, ...] = ()
    chain: Chain = ()
    way: tuple[Path | None, ...] = (None,)


class Walk:
    """One analysis under way: what was found so far."""

    def __init__(self, env: Sandbox, origin: Path, known: Known) -> None:
        self.faults: list[TemplateFault] = []
        self.used: set[str] = set()
        self.pieces: list[Piece] = []
        self.files: dict[Path, str] = {}
        self.complete = True
        self.chains: dict[Path | None, Chain] = {}
        self._env, self._origin, self._known = env, origin, known
        self._root = env.root
        self._seen: dict[object, frozenset[str] | None] = {}
        self._told: set[object] = set()
        self._read: set[Path | None] = set()
        self._loops: dict[str, tuple[object, ...]] = {}
        self._chars = 0

    def routine(self, text: str) -> None:
        """Go through the routine."""
        self._template(_Visit(None, Places(text), {}))

    def _template(self, visit: _Visit) -> frozenset[str] | None:
        """Go through a template; give the names that it binds at its top, or None where it can't be read."""
        key = (visit.path, visit.context, visit.live, _key(visit.outer), repr(visit.conditions))
        if key in self._seen:
            return self._seen[key]
        self._chars += len(visit.places.text)
        if len(self._seen) >= MOST_VISITS or self._chars > MOST_CHARS or len(visit.way) > MOST_LEVELS:
            message = "the routine includes too much: too many files, too long ones, or too many one in the other"
            self._tell(visit, Finding("too-expensive", message, None, 0, 0))
            self.complete = False
            return None
        self._seen[key] = frozenset()  # while it is open; a cycle is found by the way
        self._seen[key] = exports = self._parsed(visit)
        return exports

    def _parsed(self, visit: _Visit) -> frozenset[str] | None:
        text = visit.places.text
        try:
            tree, names = self._env.tree(text), self._env.names(text)
        except TemplateSyntaxError as error:
            fault = explain_syntax(error, text, self._env.lexer)
            place = (fault.code, fault.message, fault.hint, visit.path, fault.line, fault.column, fault.length)
            self._add(TemplateFault(*place, visit.chain))
            self.complete = False
            return None
        self._loops |= names.domains
        if visit.path not in self._read:
            self._read.add(visit.path)
            self.chains[visit.path] = visit.chain
            self._pieces(visit, tree)
            for finding in findings(tree, text, self._env):
                self._tell(visit, finding)
        return self._names(visit, names)

    def _names(self, visit: _Visit, names: Names) -> frozenset[str] | None:
        inherited: frozenset[str] | None = frozenset()
        modules: dict[Reference, frozenset[str] | None] = {}
        for reference in names.references:
            modules[reference] = found = self._reference(visit, reference)
            if reference.kind == "extends":
                inherited = None if found is None or inherited is None else inherited | found
        for load in names.loads:
            bound = load.block and (inherited is None or load.name in inherited)
            for finding in self._load(visit, names, load, bound=bound):
                self._tell(visit, finding)
        for attribute in names.attributes:
            absent = self._attribute(visit, attribute, modules)
            if absent is not None:
                self._tell(visit, absent)
        return None if inherited is None else names.exports | inherited

    def _load(self, visit: _Visit, names: Names, load: Load, *, bound: bool) -> Iterator[Finding]:
        outer = visit.outer.get(load.name)
        if outer is not None and outer.sure:
            return
        variable = self._known.variables.get(load.name)
        if variable is not None or load.name in CONTEXT:
            self.used.add(load.name)
            if not visit.context:
                if visit.live is None or not load.macro or load.macro in visit.live:
                    message = f"{load.name!r} is not seen here: what is imported does not see the variables"
                    hint = "write {% import … with context %}, or give it to the macro as an argument"
                    yield Finding("undefined-variable", message, hint, load.offset, len(load.name))
            elif variable is not None and variable.secret:
                message = f"{load.name!r} is secret: what stands in a routine is sent to the model"
                hint = "leave it to tools: they get it from their context"
                yield Finding("secret-in-template", message, hint, load.offset, len(load.name))
        elif not (load.maybe or outer is not None or bound or load.name in self._env.globals):
            near = [*self._known.variables, *CONTEXT, *names.exports, *visit.outer]
            yield undefined(load, near)

    def _attribute(
        self, visit: _Visit, attribute: Attribute, modules: Mapping[Reference, frozenset[str] | None]
    ) -> Finding | None:
        of = attribute.of
        if isinstance(of, str) and (of in visit.outer or of in self._known.variables):
            return None
        exports = modules.get(of) if isinstance(of, Reference) else None
        return absent_attribute(attribute, exports, visit.places.text)

    def _reference(self, visit: _Visit, reference: Reference) -> frozenset[str] | None:
        """Go through what a reference leads to; give the names that it exports, or None where that can't be told."""
        conditions = (*visit.conditions, *_closed(reference.conditions, visit.outer))
        found = candidates(replace(reference, conditions=conditions), visit.outer, self._loops, self._env, self._known)
        for finding in found.findings:
            self._tell(visit, finding)
        self.complete = self.complete and found.complete
        exports: frozenset[str] | None = frozenset()
        for written, note in found.names:
            reached = self._candidate(visit, reference, written, note)
            exports = None if reached is None or exports is None else exports | reached
        if exports is None or not found.complete or not found.names:
            return None
        self._missing_names(visit, reference, exports)
        return exports

    def _candidate(
        self, visit: _Visit, reference: Reference, written: Sequence[str], note: str
    ) -> frozenset[str] | None:
        """Go through the first file of several that exists."""
        refusals = []
        for name in written:
            path = resolved(name, str(visit.path or self._origin))
            text = path if isinstance(path, Refusal) else self._text(path)
            if isinstance(path, Path) and isinstance(text, str):
                return self._enter(visit, reference, path, text)
            if isinstance(text, Refusal):
                refusals.append(text)
        worst = next((refusal for refusal in refusals if refusal.code != "missing-include"), None)
        if worst is None and (reference.ignore_missing or not refusals):
            return frozenset()
        self.complete = False
        refusal = worst or refusals[0]
        message = refusal.message if len(refusals) == 1 else f"none of these files is there: {', '.join(written)}"
        offset, length = _span(reference, visit.places.text)
        hint = _HINTS.get(refusal.code)
        self._tell(visit, Finding(refusal.code, message + note, hint, offset, length))
        return None

    def _enter(self, visit: _Visit, reference: Reference, path: Path, text: str) -> frozenset[str] | None:
        offset, length = _span(reference, visit.places.text)
        if path in visit.way:
            self._cycle(visit, (*visit.way[visit.way.index(path) :], path), offset, length)
            return None
        context = visit.context and reference.with_context
        live = None if context or reference.kind not in {"import", "from"} else self._live(visit, reference, text)
        inside = _Visit(
            path=path,
            places=Places(text),
            outer=self._outer(visit, reference),
            context=context,
            live=live,
            conditions=(*visit.conditions, *_closed(reference.conditions, visit.outer)),
            chain=(*visit.chain, (visit.path, *visit.places.place(offset))),
            way=(*visit.way, path),
        )
        return self._template(inside)

    def _outer(self, visit: _Visit, reference: Reference) -> Mapping[str, Binding]:
        """What the template that is reached sees of this one."""
        if reference.kind == "extends":
            exports = self._env.names(visit.places.text).exports
            return {**visit.outer, **dict.fromkeys(exports, Binding(sure=False))}
        if not reference.with_context:
            return {}
        return {**visit.outer, **{name: _passed(each, visit.outer) for name, each in reference.visible.items()}}

    def _cycle(self, visit: _Visit, cycle: Sequence[Path | None], offset: int, length: int) -> None:
        if frozenset(cycle) not in self._told:
            self._told.add(frozenset(cycle))
            shown = " -> ".join(_shown(each, self._root) for each in cycle)
            hint = "a template can't include itself, not even through others: take one of these out"
            message = f"these templates include each other for ever: {shown}"
            self._tell(visit, Finding("include-cycle", message, hint, offset, length))

    def _live(self, visit: _Visit, reference: Reference, text: str) -> frozenset[str] | None:
        """The macros of an imported file that are used, by themselves or by another one."""
        try:
            reads = self._env.names(text).reads
        except TemplateSyntaxError:
            return None
        here = self._env.names(visit.places.text)
        waiting = [*reference.names, *(each.name for each in here.attributes if each.of is reference)]
        live = set(waiting)
        while waiting:
            fresh = reads.get(waiting.pop(), frozenset()) - live
            live |= fresh
            waiting += fresh
        return frozenset(live)

    def _missing_names(self, visit: _Visit, reference: Reference, exports: frozenset[str]) -> None:
        text = visit.places.text
        for name in reference.names:
            attribute = Attribute(reference, name, text.find("import", reference.offset) + len("import"))
            finding = absent_attribute(attribute, exports, text)
            if finding is not None:
                self._tell(visit, finding)

    def _text(self, path: Path) -> str | Refusal:
        if path in self.files:
            return self.files[path]
        text = read(path, self._root)
        if isinstance(text, str):
            self.files[path] = text
        return text

    def _pieces(self, visit: _Visit, tree: nodes.Template) -> None:
        for data in tree.find_all(nodes.TemplateData):
            self.pieces.append(Piece(data.data, visit.path, *visit.places.place(data.lineno)))

    def _tell(self, visit: _Visit, finding: Finding) -> None:
        line, column = visit.places.place(finding.offset)
        place = (finding.code, finding.message, finding.hint, visit.path, line, column, finding.length)
        self._add(TemplateFault(*place, visit.chain))

    def _add(self, fault: TemplateFault) -> None:
        key = (fault.code, fault.path, fault.line, fault.column, fault.message)
        if key not in self._told:
            self._told.add(key)
            self.faults.append(fault)


_HINTS = {"missing-include": "names are relative to the file that they stand in"}


_NAME = re.compile(r"\w+\s+(?P<name>.*?)\s*([-+]?%\}|ignore\s+missing|with(out)?\s+context|\bimport\b|\bas\b|$)")


def _span(reference: Reference, text: str) -> tuple[int, int]:
    """Where the name of the file is written in its tag."""
    found = _NAME.match(text, reference.offset)
    if found is None or not found["name"]:
        return reference.offset, len(reference.kind)
    return found.start("name"), len(found["name"])


def _shown(path: Path | None, root: Path) -> str:
    return "the routine" if path is None else str(path.relative_to(root))


def _key(outer: Mapping[str, Binding]) -> object:
    """Equal for templates that see the same names."""
    return frozenset((name, each.sure, repr(each.value)) for name, each in outer.items())


def _closed(conditions: Iterable[nodes.Expr], outer: Mapping[str, Binding]) -> Iterator[nodes.Expr]:
    """The conditions with what the including templates bind; those that can't be told are left out."""
    for condition in conditions:
        made = closed(condition, outer)
        if made is not None:
            yield made


def _passed(binding: Binding, outer: Mapping[str, Binding]) -> Binding:
    """A binding as an included template sees it."""
    return Binding(binding.sure, None if binding.value is None else closed(binding.value, outer))
