"""What variables may be called and hold."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from orchestrator.agents import REQUIRED, Variable
from orchestrator.diagnostics import Diagnostic, Severity
from orchestrator.errors import RenderError, VariableError
from orchestrator.project import Placed, Project, Resolution, variable_of
from orchestrator.spec import RESERVED_VARIABLES, VariableSpec
from orchestrator.templates import names_in


def names(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """Variables do not take the names that templates have already."""
    for name, variable in project.variables.items():
        if name in RESERVED_VARIABLES:
            message = f"{name!r} can't name a variable: every template has a value of this name"
            yield variable.fault(code="bad-name", message=message, hint="choose another name", key=True)


def defaults(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """A default fits the type and the enum."""
    for name, placed in project.variables.items():
        variable = variable_of(name, placed.spec)
        free = replace(variable, enum=())
        bad = [index for index, choice in enumerate(variable.enum) if not _fits(free, choice)]
        for index in bad:
            message = f"variable {name!r} is of type {variable.type}, and {variable.enum[index]!r} is not"
            yield placed.fault("enum", index, code="bad-value", message=message, hint="say which type: {type: ...}")
        if variable.default is not REQUIRED and not bad:
            yield from _default(placed, variable)


def unused(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """Each variable is used: by a template, by what is required, or by a tool."""
    if not _all_known(project, resolution):
        return
    used = {name for found in resolution.templates.values() for name in found.used}
    used |= {name for text in _required(project, resolution) for name, _ in names_in(text)}
    functions = [function for found in resolution.tools.values() for function in found.found]
    takers = [function for function in functions if function.takes_context]
    used |= {text for function in takers for text in function.texts}
    rules = any(":" in (entry.spec.approval or "") for entry in project.tools())
    severity = Severity.NOTE if takers or rules else Severity.WARNING
    for name, placed in project.variables.items():
        if name not in used:
            message = f"nothing uses the variable {name!r}"
            hint = "leave it out" if severity is Severity.WARNING else "leave it out, if no tool asks for it either"
            yield placed.fault(code="unused-variable", message=message, hint=hint, key=True, severity=severity)


def _all_known(project: Project, resolution: Resolution) -> bool:
    """Whether everything that may use a variable could be read."""
    return (
        bool(project.agents)
        and not project.unknown
        and not project.is_torn
        and set(resolution.templates) == project.names["agents"]
        and all(found.complete for found in resolution.templates.values())
        and all(found.complete for found in resolution.tools.values())
        and not any({"tools", "handoffs", "requires"} & set(location) for _, location in project.broken)
    )


def _required(project: Project, resolution: Resolution) -> Iterator[str]:
    """The expressions of tools and handoffs that are expressions."""
    texts = [entry.spec.requires for entry in project.tools()]
    texts += [edge.spec.requires for edge in project.edges()]
    texts += [function.requires for found in resolution.tools.values() for function in found.found]
    for text in texts:
        with suppress(RenderError):
            names_in(text or "true")
            yield text or "true"


def _default(placed: Placed[VariableSpec], variable: Variable) -> Iterator[Diagnostic]:
    try:
        variable.check(variable.default)
    except VariableError as error:
        yield placed.fault("default", code="bad-value", message=str(error))


def _fits(variable: Variable, value: object) -> bool:
    try:
        variable.check(value)
    except VariableError:
        return False
    return True
