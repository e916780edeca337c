"""Templates and expressions that can't be compiled."""

from collections.abc import Iterator

from orchestrator.diagnostics import Diagnostic
from orchestrator.errors import RenderError
from orchestrator.project import Placed, Project, Resolution, Unresolved
from orchestrator.spec import EdgeSpec, ToolSpec
from orchestrator.templates import compile_expression


def unresolved(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """Instructions are templates; the line is the line in the YAML file."""
    for name, fact in resolution.instructions.items():
        if isinstance(fact, Unresolved):
            own = project.agents[name].own
            span = own.source.inside((*own.location, "instructions"), fact.line or 1)
            yield Diagnostic(span, fact.code, fact.message, fact.hint)


def guards(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """What tools and handoffs require is an expression."""
    for agent in project.agents.values():
        entries: tuple[Placed[ToolSpec] | Placed[EdgeSpec], ...] = (*agent.tools, *agent.edges)
        for entry in entries:
            try:
                compile_expression(entry.spec.requires or "true")
            except RenderError as error:
                message = f"{entry.spec.requires!r} is no expression: {error}"
                hint = "write one over the variables, such as: verified and amount < 100"
                yield entry.error("requires", code="bad-expression", message=message, hint=hint)
