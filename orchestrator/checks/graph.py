"""The shape of the handoff graph."""

from collections.abc import Iterator

from orchestrator.checks.references import holder
from orchestrator.diagnostics import Diagnostic
from orchestrator.project import Project, Resolution


def handoffs(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """An agent hands off to others, and to each of them once."""
    for name, agent in project.agents.items():
        seen: set[str] = set()
        for edge in agent.edges:
            target = edge.spec.to
            if target == name:
                message = f"{holder(name, edge)} hands off to itself"
                yield edge.error("to", code="self-handoff", message=message, hint="leave it out")
            if target in seen:
                message = f"{holder(name, edge)} hands off to {target!r} twice"
                yield edge.error("to", code="duplicate-handoff", message=message, hint="leave one out")
            seen.add(target)
