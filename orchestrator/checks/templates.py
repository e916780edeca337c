"""Templates and expressions that can't be compiled."""

from collections.abc import Iterator

from orchestrator.diagnostics import Diagnostic
from orchestrator.errors import RenderError
from orchestrator.project import Placed, Project, Resolution, Unresolved
from orchestrator.spec import EdgeSpec, ToolSpec
from orchestrator.templates import compile_expression

_HINT = "write one over the variables, such as: verified and amount < 100"


def unresolved(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """Instructions are templates; the line is the line in the YAML file."""
    for name, fact in resolution.instructions.items():
        if isinstance(fact, Unresolved):
            own = project.agents[name].own
            span = own.source.inside((*own.location, "instructions"), fact.line or 1)
            yield Diagnostic(span, fact.code, fact.message, fact.hint)


def guards(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """What tools and handoffs require is an expression, whether YAML says it or a decorator."""
    entries: tuple[Placed[ToolSpec] | Placed[EdgeSpec], ...] = (*project.tools(), *project.edges())
    for entry in entries:
        fault = _fault(entry.spec.requires)
        if fault is not None:
            message = f"{entry.spec.requires!r} is no expression: {fault}"
            yield entry.error("requires", code="bad-expression", message=message, hint=_HINT)
    for agent in project.agents.values():
        for entry, tool in resolution.tools_of(agent):
            fault = _fault(tool.requires) if entry.spec.requires is None else None
            if fault is not None:
                message = f"tool {tool.name!r} requires {tool.requires!r}, which is no expression: {fault}"
                yield entry.error(code="bad-expression", message=message, hint=_HINT)


def _fault(expression: str | None) -> str | None:
    try:
        compile_expression(expression or "true")
    except RenderError as error:
        return str(error)
    return None
