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
    references.keys,
    references.tool_choices,
    variables.names,
    variables.defaults,
    tools.unresolved,
    tools.duplicates,
    tools.collisions,
    tools.function_names,
    tools.lone_names,
    templates.unresolved,
    templates.guards,
    graph.handoffs,
)


def check(project: Project, resolution: Resolution) -> list[Diagnostic]:
    """Everything that is wrong with a project, in the order of its text."""
    found = [diagnostic for rule in CHECKS for diagnostic in rule(project, resolution)]
    # what is wrong with the defaults is found once for each agent that takes them
    return sorted(dict.fromkeys(found), key=lambda diagnostic: diagnostic.span)


__all__ = ["CHECKS", "Check", "check"]
