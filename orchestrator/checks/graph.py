"""The shape of the handoff graph."""

from collections.abc import Iterator

from orchestrator.diagnostics import Diagnostic
from orchestrator.project import Project, Resolution


def handoffs(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """An agent hands off to others, and to each of them once."""
    for name, agent in project.agents.items():
        seen: set[str] = set()
        for index, edge in agent.spec.handoffs.items():
            if edge.to == name:
                message = f"agent {name!r} hands off to itself"
                yield agent.error("handoffs", index, "to", code="self-handoff", message=message, hint="leave it out")
            if edge.to in seen:
                message = f"agent {name!r} hands off to {edge.to!r} twice"
                yield agent.error(
                    "handoffs", index, "to", code="duplicate-handoff", message=message, hint="leave one out"
                )
            seen.add(edge.to)
