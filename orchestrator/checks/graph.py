"""The shape of the handoff graph: who can be reached, who can come back, who is caught."""

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.agents import handoff_to
from orchestrator.checks.paths import Links, caught, last_components, reached, reversed_links, within
from orchestrator.checks.references import entry_of, holder
from orchestrator.diagnostics import Diagnostic, Related, Severity
from orchestrator.project import Declared, Project, Resolution


def handoffs(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """An agent hands off to others, and to each of them once."""
    for name, agent in project.agents.items():
        seen: set[str] = set()
        for edge in agent.edges:
            target = edge.spec.to
            if target == name:
                message = f"{holder(name, edge)} hands off to itself"
                yield edge.fault("to", code="self-handoff", message=message, hint="leave it out")
            if target in seen:
                message = f"{holder(name, edge)} hands off to {target!r} twice"
                yield edge.fault("to", code="duplicate-handoff", message=message, hint="leave one out")
            seen.add(target)


def unreachable(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """Each agent can be reached from the entry. Of those that only unreachable ones lead to, nothing more is said."""
    entry = entry_of(project)
    if entry is None or not _is_whole(project):
        return
    links = project.links()
    found = reached(entry, links)
    lost = within((name for name in project.agents if name not in found), links)
    for group in last_components(reversed_links(lost)):
        message = f"no handoffs lead from {entry!r} to {_names(project, group)}"
        hint = f"add {_first(project, group)!r} to the handoffs of an agent that can be reached, or leave it out"
        yield _fault(project, group, "unreachable-agent", message, hint)


def way_back(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """From each agent that can be reached, the entry can be reached again."""
    entry = entry_of(project)
    if entry is None or not _is_whole(project):
        return
    links = project.links()
    before = reached(entry, links)
    back = reached(entry, reversed_links(project.links(returning=True)))
    lost = within((name for name in before if name not in back), links)
    for group in last_components(lost):
        path = _path(before, entry, _first(project, group))
        message = f"{path}: there is no way back from {_names(project, group)} to {entry!r}"
        hint = f"add a handoff to {entry!r}, here or in defaults, or for_one_turn: true to the handoff that leads here"
        yield _fault(project, group, "no-way-back", message, hint)


def traps(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """Agents that must call a tool and have none but handoffs do not hand off to each other for ever."""
    links = {}
    for name, agent in project.agents.items():
        forced = _forced(project, agent, resolution)
        if forced and name not in forced:
            links[name] = forced
    for group in caught(links):
        path = _circle(_first(project, group), within(group, links))
        message = f"{path}: each must call a function, and has none but handoffs, so the conversation never ends"
        hint = "give one of them a tool, or tool_choice: auto"
        yield _fault(project, group, "trap", message, hint)


def descriptions(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """A model that may hand off to an agent is told when: by the handoff, or by the agent's description."""
    for edge in project.edges():
        target = project.agents.get(edge.spec.to)
        if edge.spec.when is None and target is not None and target.own.spec.description is None:
            if project.is_broken(target.own, "description") or edge.location[:2] == target.own.location:
                continue
            message = f"agent {edge.spec.to!r} has no description, and nothing says when to hand off to it"
            hint = "add description: to the agent, or when: to the handoff"
            also = (Related(edge.at(), "handed off to here"),)
            yield target.own.fault(
                code="missing-description", message=message, hint=hint, key=True, severity=_W, related=also
            )


_W = Severity.WARNING
_SHOWN = 10


def _is_whole(project: Project) -> bool:
    """Whether all handoffs are known: else what follows from a misspelt one would be told as well."""
    broken = any("handoffs" in location for _, location in project.broken)
    known = all(edge.spec.to in project.agents for edge in project.edges())
    named = project.names["agents"] == set(project.agents)
    return known and named and not broken and not project.unknown and not project.is_torn


def _forced(project: Project, agent: Declared, resolution: Resolution) -> list[str]:
    """The agents one of which this one must hand off to, before it can say anything."""
    if not project.is_whole(agent):
        return []
    targets = [edge.spec.to for edge in agent.edges]
    choice = agent.tool_choice.spec if agent.tool_choice else None
    if choice is not None and choice.function is not None:
        return [target for target in targets if choice.function.name == handoff_to(target)]
    lone = resolution.complete(agent) and not list(resolution.tools_of(agent))
    return targets if choice is not None and choice.type == "required" and lone else []


def _circle(first: str, links: Links) -> str:
    """A shortest way from an agent back to itself, in words."""
    before = reached(first, links)
    last = next(node for node in before if first in links[node])
    return f"{_path(before, first, last)} -> {first}"


def _path(before: Mapping[str, str], start: str, target: str) -> str:
    """The way that ``reached`` has found, in words. Of a long one the middle is left out."""
    nodes = [target]
    while nodes[-1] != start and len(nodes) < _SHOWN:
        nodes.append(before[nodes[-1]])
    if nodes[-1] != start:
        nodes += ["...", start]
    return " -> ".join(reversed(nodes))


def _first(project: Project, group: Sequence[str]) -> str:
    return min(group, key=lambda name: project.agents[name].own.at(key=True))


def _names(project: Project, group: Sequence[str]) -> str:
    names = sorted(group, key=lambda name: project.agents[name].own.at(key=True))
    return " and ".join(repr(name) for name in names) if len(names) < 4 else f"{names[0]!r} and {len(names) - 1} others"


def _fault(project: Project, group: Sequence[str], code: str, message: str, hint: str) -> Diagnostic:
    own = project.agents[_first(project, group)].own
    return own.fault(code=code, message=message, hint=hint, key=True, severity=_W)
