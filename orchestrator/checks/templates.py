"""Templates that can't be compiled."""

from collections.abc import Iterator

from orchestrator.diagnostics import Diagnostic
from orchestrator.project import Project, Resolution, Unresolved


def unresolved(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """Instructions are templates; the line is the line in the YAML file."""
    for name, fact in resolution.instructions.items():
        if isinstance(fact, Unresolved):
            agent = project.agents[name]
            span = agent.source.inside((*agent.location, "instructions"), fact.line or 1)
            yield Diagnostic(span, fact.code, fact.message, fact.hint)
