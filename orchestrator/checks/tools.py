"""Tools that are not there, or not what they should be."""

import re
from collections.abc import Iterator

from orchestrator.agents import handoff_to
from orchestrator.checks.references import holder
from orchestrator.diagnostics import Diagnostic, Severity, Span
from orchestrator.project import Place, Placed, Project, Resolution, Unresolved
from orchestrator.spec import ToolSpec

DESCRIPTION_LENGTH = 1024  # the most that the API takes, in characters

_OF_MODULES = {"module-raised", "module-slow", "unsupported-parameter"}
_FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def unresolved(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """Each entry of ``tools:`` leads to functions that can be tools, and that tell a model what they do.

    An entry that leads nowhere is told each time; what is wrong with a module or a function is told once, where it is
    named first.
    """
    overridden = _overridden(project, resolution)
    said: set[Unresolved] = set()
    for entry in sorted(project.tools(), key=lambda entry: entry.at()):
        for fault in resolution.tools[entry.place].faults:
            of_entry = fault.severity is Severity.ERROR and fault.code not in _OF_MODULES
            if of_entry or not (fault in said or (entry.place, _function(fault)) in overridden):
                said.add(fault)
                yield _told(entry, fault)


def _told(entry: Placed[ToolSpec], fault: Unresolved) -> Diagnostic:
    return entry.fault(
        fault.key or "use",
        code=fault.code,
        message=fault.message,
        hint=fault.hint,
        severity=fault.severity,
        related=fault.related,
    )


def _overridden(project: Project, resolution: Resolution) -> set[tuple[Place, Span | None]]:
    """The functions that no agent takes from an entry, by its place and theirs: each has an entry of its own."""
    brought = {(place, function.place) for place, facts in resolution.tools.items() for function in facts.found}
    agents = project.agents.values()
    taken = {(entry.place, each.place) for agent in agents for entry, each in resolution.tools_of(agent)}
    return {(place, span) for place, span in brought - taken if span is not None}


def _function(fault: Unresolved) -> Span | None:
    """The place of the function that a fault is about."""
    return fault.related[0].span if fault.related else None


def duplicates(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """A module or a function is named once: of two entries one would be lost, and what it says of approval with it."""
    for parts in (*project.agents.values(), project.defaults):
        seen: set[tuple[str, str | None]] = set()
        for entry in parts.tools:
            if (entry.spec.use, entry.spec.name) in seen:
                message = f"{entry.spec.use!r} is named twice"
                yield entry.fault(code="duplicate-tool", message=message, hint="leave one of the two entries out")
            seen.add((entry.spec.use, entry.spec.name))


def collisions(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """No two functions that an agent offers have one name."""
    for name, agent in project.agents.items():
        taken = {handoff_to(edge.spec.to): f"the handoff to {edge.spec.to!r}" for edge in agent.edges}
        named = [(entry, tool) for entry, tool in resolution.tools_of(agent) if not _names_all(entry)]
        for entry, tool in named:
            if taken.get(tool.name, entry.spec.use) != entry.spec.use:  # the same twice is told as a duplicate
                what = f"{entry.spec.use} and {taken[tool.name]}"
                message = f"{holder(name, entry)} would offer two functions named {tool.name!r}: {what}"
                hint = "give one of them another name: {use: ..., name: ...}"
                yield entry.fault(code="name-collision", message=message, hint=hint)
            taken.setdefault(tool.name, entry.spec.use)


def _names_all(entry: Placed[ToolSpec]) -> bool:
    """Whether an entry gives one name to all functions of a module, which is a fault of its own."""
    return ":" not in entry.spec.use and entry.spec.name is not None


def function_names(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """Models are offered functions under names, and with descriptions, that the API takes."""
    for agent in project.agents.values():
        for entry, tool in resolution.tools_of(agent):
            if not _FUNCTION_NAME.fullmatch(tool.name):
                message = f"{tool.name!r} can't be the name of a function for a model"
                hint = "at most 64 letters, digits, _ and -, all ASCII; say another with {use: ..., name: ...}"
                path = () if entry.spec.name is None else ("name",)
                yield entry.fault(*path, code="bad-function-name", message=message, hint=hint)
            if (length := len(tool.description)) > DESCRIPTION_LENGTH:
                message = f"the description of {tool.name!r} has {length:,} characters, more than the API takes"
                hint = f"at most {DESCRIPTION_LENGTH:,}; shorten the docstring, or say another with description:"
                yield entry.fault(code="bad-value", message=message, hint=hint)


def lone_names(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """A name or a description is for one function, not for all of a module."""
    for entry in project.tools():
        given = [key for key in ("name", "description") if getattr(entry.spec, key) is not None]
        for key in given if ":" not in entry.spec.use else []:
            message = f"{key!r} is for one function, and {entry.spec.use!r} is a module"
            hint = f"name the function: {entry.spec.use}:FUNCTION"
            yield entry.fault(key, code="bad-value", message=message, hint=hint, key=True)
