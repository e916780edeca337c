"""Which files a reference may mean: its name is computed for every combination of the variables in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError

from orchestrator.templates.budget import TooExpensive, begin_budget
from orchestrator.templates.environment import Sandbox
from orchestrator.templates.facts import Known
from orchestrator.templates.names import Reference
from orchestrator.templates.parts import Finding
from orchestrator.templates.scopes import Binding, closed, free_names
from orchestrator.templates.values import MOST_COMBINATIONS, Conditions, combinations, compiled, domain

_CONTEXT = {"agent", "handoffs", "now"}


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a reference may mean: names of files, of which the first that exists is taken, and when it means them.

    It is ``complete`` when there is nothing else that it may mean.
    """

    names: tuple[tuple[tuple[str, ...], str], ...] = ()
    findings: tuple[Finding, ...] = ()
    complete: bool = True


def candidates(
    reference: Reference,
    outer: Mapping[str, Binding],
    loops: Mapping[str, tuple[object, ...]],
    env: Sandbox,
    known: Known,
) -> Candidates:
    """Give what a reference may mean. Names that are reported elsewhere make it incomplete without a finding."""
    file = None if reference.file is None else closed(reference.file, outer)
    if file is None:
        return _unprovable(reference, _local(reference, outer), "it is set in the template")
    domains: dict[str, tuple[object, ...]] = {}
    for name in free_names(file):
        if name in loops:
            domains[name] = loops[name]
        elif name in known.variables:
            variable = known.variables[name]
            values = domain(variable)
            if variable.secret:
                return Candidates(complete=False)
            if values is None:
                return _unprovable(reference, name, f"{name!r} has no enum")
            domains[name] = values
        elif name == "agent":
            domains[name] = (dict(known.agent),)
        elif name in _CONTEXT:
            return _unprovable(reference, name, f"{name!r} may be anything")
        elif name not in env.globals:
            return Candidates(complete=False)
    every = combinations(domains)
    if every is None:
        first = next(iter(domains))
        return _unprovable(reference, first, f"there are more than {MOST_COMBINATIONS:,} combinations of values")
    return _evaluated(reference, file, reference.conditions if domains else (), every, env)


def _evaluated(
    reference: Reference,
    file: nodes.Expr,
    conditions: Sequence[nodes.Expr],
    every: Sequence[Mapping[str, object]],
    env: Sandbox,
) -> Candidates:
    if isinstance(file, nodes.Const):  # as nearly all are: there is nothing to compute
        return _told(reference, {_texts(file.value): ""})
    try:
        compute = compiled(env, file)
    except TemplateSyntaxError:
        return Candidates(complete=False)
    begin_budget()
    reached = Conditions(env)
    names: dict[tuple[str, ...] | None, str] = {}
    for values in every:
        if all(True in reached.outcomes(condition, values) for condition in conditions):
            try:
                found = _texts(compute(**values))
            except TooExpensive as error:
                return Candidates((), (_finding(reference, "too-expensive", str(error), None),), complete=False)
            except Exception:  # noqa: BLE001 - an expression may raise anything
                found = None
            names.setdefault(found, _note(values))
    return _told(reference, names)


def _told(reference: Reference, names: Mapping[tuple[str, ...] | None, str]) -> Candidates:
    """What was computed; None stands for what is no name of a file."""
    findings = []
    if None in names:
        hint = "the name is a text in quotes, such as 'a.md'"
        findings.append(_finding(reference, "missing-include", f"this is no name of a file{names[None]}", hint))
    sound = tuple((each, note) for each, note in names.items() if each is not None)
    return Candidates(sound, tuple(findings), complete=not findings)


def _texts(value: object) -> tuple[str, ...] | None:
    """The names that an include is given; None if they are none."""
    if isinstance(value, str):
        return (str(value),)
    if isinstance(value, list | tuple) and value and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None


def _note(values: Mapping[str, object]) -> str:
    shown = [
        f"{name} = {value!r}" for name, value in values.items() if name != "agent" and not name.startswith("_each_")
    ]
    return f" (with {', '.join(shown)})" if shown else ""


def _local(reference: Reference, outer: Mapping[str, Binding]) -> str:
    names = free_names(reference.written)
    bound = [name for name in names if name in reference.visible or name in outer]
    return next(iter(bound or names), "")


def _unprovable(reference: Reference, name: str, why: str) -> Candidates:
    message = f"which file this means can't be told before it runs: {why}"
    hint = f"give {name!r} an enum in YAML, so that each file can be checked" if name not in _CONTEXT else None
    return Candidates((), (_finding(reference, "unprovable-include", message, hint, name),), complete=False)


def _finding(reference: Reference, code: str, message: str, hint: str | None, name: str = "") -> Finding:
    offset = free_names(reference.written).get(name, reference.offset)
    return Finding(code, message, hint, offset, len(name) if offset != reference.offset else len(reference.kind))
