"""What can be wrong with a module or a function, in words: the same whether it was imported or parsed."""

import re
from collections.abc import Sequence

from orchestrator.diagnostics import Related, Severity, Span
from orchestrator.project import Function, Unresolved
from orchestrator.spec import nearest

_SHOWN = 5
_LENGTH = 300
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def no_function(module: str, name: str, known: Sequence[str]) -> Unresolved:
    """A module does not have a function of this name."""
    meant = nearest(name, known)
    hint = f"did you mean {meant!r}?" if meant else f"it has: {', '.join(known) or 'no public functions'}"
    return Unresolved("function-not-found", f"module {module!r} has no function {name!r}", hint)


def not_callable(module: str, name: str) -> Unresolved:
    """A name of a module is no function."""
    return Unresolved("not-callable", f"{name!r} of module {module!r} is not a function")


def unsupported(use: str, reason: str, place: Span | None) -> Unresolved:
    """A function can't be told to a model."""
    message = f"{use} can't be a tool: {plain(reason)}"
    hint = "give each parameter a name and a type that JSON can say"
    return Unresolved("unsupported-parameter", message, hint, related=here(place))


def no_rule(module: str, name: str, place: Span | None) -> Unresolved:
    """A function can't be called as a rule of approval is."""
    message = f"{module}:{name} can't decide on approval: it is called with two arguments, and does not take them"
    return Unresolved("unsupported-parameter", message, f"write def {name}(arguments, context):", related=here(place))


def empty(module: str) -> Unresolved:
    """A module brings nothing."""
    hint = "public are the functions that it defines without a leading underscore, or those that its __all__ names"
    return Unresolved("empty-module", f"module {module!r} has no public functions", hint, severity=Severity.WARNING)


def silent(module: str, name: str, function: Function) -> list[Unresolved]:
    """What a function leaves a model to guess."""
    found = []
    if function.unannotated:
        what = ", ".join(map(repr, function.unannotated))
        message = f"{module}:{name} has no type for {what}: a model may send anything"
        found.append(_warning("missing-annotation", message, "write a type behind each, as in 'count: int'", function))
    if not function.description:
        message = f"{module}:{name} has no docstring: a model is told no more than its name"
        found.append(_warning("missing-docstring", message, "say in a docstring what it does, and when", function))
    return found


def not_known(module: str, what: Sequence[str]) -> Unresolved:
    """What could not be told without running a module."""
    more = f"; and {len(what) - _SHOWN} more" if len(what) > _SHOWN else ""
    message = f"without importing {module!r} some things are not known: {'; '.join(what[:_SHOWN])}{more}"
    return Unresolved("not-known-without-import", message, "leave --no-import out to check them", None, Severity.NOTE)


def here(place: Span | None) -> tuple[Related, ...]:
    """The place of a function, as far as there is one."""
    return () if place is None else (Related(place, "the function is here"),)


def plain(text: str) -> str:
    """What somebody's code said, as part of a sentence: one line of it, bounded, without addresses."""
    line = _ADDRESS.sub("", next(iter(text.splitlines()), ""))
    return line if len(line) <= _LENGTH else f"{line[:_LENGTH]}…"


def _warning(code: str, message: str, hint: str, function: Function) -> Unresolved:
    return Unresolved(code, message, hint, None, Severity.WARNING, here(function.place))
