"""What variables may be called and hold."""

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.agents import REQUIRED, Variable
from orchestrator.diagnostics import Diagnostic, Severity
from orchestrator.errors import RenderError, VariableError
from orchestrator.project import Placed, Project, Resolution, variable_of
from orchestrator.spec import RESERVED_VARIABLES, EdgeSpec, ToolSpec, VariableSpec
from orchestrator.templates import Analysis, names_in


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
    required = list(_required(project, resolution))
    if any(_misspelt(project, text) for text in required):
        return
    used = {name for found in resolution.templates.values() for name in found.used}
    used |= {name for text in required for name, _ in names_in(text)}
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
        and all(found.complete and not _names_unknown(found) for found in resolution.templates.values())
        and all(found.complete for found in resolution.tools.values())
        and not any({"tools", "handoffs", "requires"} & set(location) for _, location in project.broken)
    )


def _names_unknown(analysis: Analysis) -> bool:
    """Whether a template names what is not declared: that may be a variable, misspelt."""
    return any(fault.code == "undefined-variable" for fault in analysis.faults)


def _required(project: Project, resolution: Resolution) -> Iterator[str]:
    """The expressions of tools and handoffs."""
    entries: tuple[Placed[ToolSpec] | Placed[EdgeSpec], ...] = (*project.tools(), *project.edges())
    functions = (function for found in resolution.tools.values() for function in found.found)
    yield from (entry.spec.requires for entry in entries if entry.spec.requires is not None)
    yield from (function.requires for function in functions if function.requires is not None)


def _misspelt(project: Project, text: str) -> bool:
    """Whether an expression is none, or names what is not declared."""
    try:
        return not {name for name, _ in names_in(text)} <= project.names["variables"]
    except RenderError:
        return True


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
