"""The rules: each takes what is known and yields what is wrong."""

from collections.abc import Callable, Iterator

from orchestrator.checks import graph, references, templates, tools, variables
from orchestrator.diagnostics import Diagnostic
from orchestrator.project import Project, Resolution

Check = Callable[[Project, Resolution], Iterator[Diagnostic]]

CHECKS: tuple[Check, ...] = (
    references.entry,
    references.handoff_targets,
    references.models,
    variables.names,
    variables.defaults,
    tools.unresolved,
    tools.collisions,
    templates.unresolved,
    graph.handoffs,
)


def check(project: Project, resolution: Resolution) -> list[Diagnostic]:
    """Everything that is wrong with a project, in the order of its text."""
    found = [diagnostic for rule in CHECKS for diagnostic in rule(project, resolution)]
    return sorted(found, key=lambda diagnostic: diagnostic.span)


__all__ = ["CHECKS", "Check", "check"]
