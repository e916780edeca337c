"""What variables may be called and hold."""

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.agents import REQUIRED, Variable
from orchestrator.diagnostics import Diagnostic
from orchestrator.errors import VariableError
from orchestrator.project import Placed, Project, Resolution, variable_of
from orchestrator.spec import RESERVED_VARIABLES, VariableSpec


def names(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """Variables do not take the names that templates have already."""
    for name, variable in project.variables.items():
        if name in RESERVED_VARIABLES:
            message = f"{name!r} can't name a variable: every template has a value of this name"
            yield variable.error(code="bad-name", message=message, hint="choose another name", key=True)


def defaults(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """A default fits the type and the enum."""
    for name, placed in project.variables.items():
        variable = variable_of(name, placed.spec)
        free = replace(variable, enum=())
        bad = [index for index, choice in enumerate(variable.enum) if not _fits(free, choice)]
        for index in bad:
            message = f"variable {name!r} is of type {variable.type}, and {variable.enum[index]!r} is not"
            yield placed.error("enum", index, code="bad-value", message=message, hint="say which type: {type: ...}")
        if variable.default is not REQUIRED and not bad:
            yield from _default(placed, variable)


def _default(placed: Placed[VariableSpec], variable: Variable) -> Iterator[Diagnostic]:
    try:
        variable.check(variable.default)
    except VariableError as error:
        yield placed.error("default", code="bad-value", message=str(error))


def _fits(variable: Variable, value: object) -> bool:
    try:
        variable.check(value)
    except VariableError:
        return False
    return True
