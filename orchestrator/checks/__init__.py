"""The rules: each takes what is known and yields what is wrong."""

from collections.abc import Callable, Iterable, Iterator

from orchestrator.checks import fields, graph, models, prose, references, templates, tools, variables
from orchestrator.checks.ignores import silenced
from orchestrator.diagnostics import Diagnostic, Severity, Span
from orchestrator.project import Project, Resolution

Check = Callable[[Project, Resolution], Iterator[Diagnostic]]

CHECKS: tuple[Check, ...] = (
    references.entry,
    references.handoff_targets,
    references.models,
    references.tool_choices,
    models.keys,
    models.fallbacks,
    models.circles,
    models.files,
    models.tool_calls,
    variables.names,
    variables.defaults,
    variables.unused,
    tools.unresolved,
    tools.duplicates,
    tools.collisions,
    tools.function_names,
    tools.lone_names,
    templates.faults,
    templates.single_braces,
    templates.paths,
    templates.guards,
    graph.handoffs,
    graph.unreachable,
    graph.way_back,
    graph.traps,
    graph.descriptions,
    prose.absent,
    prose.unmentioned,
    fields.plain,
)


def check(project: Project, resolution: Resolution) -> list[Diagnostic]:
    """Everything that is wrong with a project."""
    return [diagnostic for rule in CHECKS for diagnostic in rule(project, resolution)]


def in_order(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What was found in the order of the text, each thing once.

    What is wrong with defaults and parts is found once for each agent and file that takes them. And where a template
    stands in a plain field, what else is wrong with the text merely follows.
    """
    once: dict[tuple[Span, str, str], Diagnostic] = {}
    for diagnostic in found:
        once.setdefault((diagnostic.span, diagnostic.code, diagnostic.message), diagnostic)
    plain = {span for span, code, _ in once if code == "template-in-plain-field"}
    kept = [each for each in once.values() if each.span not in plain or each.code == "template-in-plain-field"]
    return sorted(kept, key=lambda each: (each.span, each.severity is not Severity.ERROR, each.code))


__all__ = ["CHECKS", "Check", "check", "in_order", "silenced"]
