"""Tools that are not there, or not what they should be."""

import re
from collections.abc import Iterator

from orchestrator.diagnostics import Diagnostic
from orchestrator.project import Project, Resolution, Unresolved

DESCRIPTION_LENGTH = 1024  # the most that the API takes, in characters

_FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def unresolved(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """Each entry of ``tools:`` leads to functions that can be tools."""
    for (name, index), fact in resolution.tools.items():
        if isinstance(fact, Unresolved):
            entry = project.agents[name].tools[index]
            yield entry.error(code=fact.code, message=fact.message, hint=fact.hint)


def collisions(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """No two functions that an agent offers have one name."""
    for name, agent in project.agents.items():
        taken = {f"transfer_to_{edge.spec.to}": f"the handoff to {edge.spec.to!r}" for edge in agent.edges}
        for entry, tool in resolution.tools_of(name, agent):
            if tool.name in taken:
                what = f"{entry.spec.use} and {taken[tool.name]}"
                message = f"agent {name!r} would offer two functions named {tool.name!r}: {what}"
                hint = "give one of them another name: {use: ..., name: ...}"
                yield entry.error(code="name-collision", message=message, hint=hint)
            taken.setdefault(tool.name, entry.spec.use)


def function_names(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """Models are offered functions under names, and with descriptions, that the API takes."""
    for name, agent in project.agents.items():
        for entry, tool in resolution.tools_of(name, agent):
            if not _FUNCTION_NAME.fullmatch(tool.name):
                message = f"{tool.name!r} can't be the name of a function for a model"
                hint = "at most 64 letters, digits, _ and -, all ASCII; say another with {use: ..., name: ...}"
                yield entry.error(code="bad-function-name", message=message, hint=hint)
            if (length := len(tool.schema.description)) > DESCRIPTION_LENGTH:
                message = f"the description of {tool.name!r} has {length:,} characters, more than the API takes"
                hint = f"at most {DESCRIPTION_LENGTH:,}; shorten the docstring, or say another with description:"
                yield entry.error(code="bad-value", message=message, hint=hint)


def lone_names(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """A name or a description is for one function, not for all of a module."""
    for entry in (entry for agent in project.agents.values() for entry in agent.tools):
        given = [key for key in ("name", "description") if getattr(entry.spec, key) is not None]
        for key in given if ":" not in entry.spec.use else []:
            message = f"{key!r} is for one function, and {entry.spec.use!r} is a module"
            hint = f"name the function: {entry.spec.use}:FUNCTION"
            yield entry.error(key, code="bad-value", message=message, hint=hint, key=True)
