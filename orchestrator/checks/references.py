"""Names that must lead somewhere: the entry, the targets of handoffs, the models."""

from collections.abc import Iterable, Iterator

from orchestrator.diagnostics import Diagnostic
from orchestrator.project import Project, Resolution
from orchestrator.spec import nearest


def entry(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """The entry is an agent; with several agents it must be given."""
    named, agents = project.file.spec.entry, project.names["agents"]
    if named is not None and named not in agents:
        yield project.file.error(
            "entry", code="unknown-agent", message=_no_agent(named), hint=did_you_mean(named, agents)
        )
    if named is None and len(agents) > 1:
        names = ", ".join(sorted(agents))
        message = f"there are {len(agents)} agents, and no entry says which one begins"
        yield project.file.error(
            "agents", code="ambiguous-entry", message=message, hint=f"add entry: one of {names}", key=True
        )
    if not agents:
        yield project.file.error(
            code="missing-key", message="the file has no agents", hint="add agents: with one at least"
        )


def handoff_targets(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """Each handoff leads to an agent."""
    agents = project.names["agents"]
    for agent in project.agents.values():
        for index, edge in agent.spec.handoffs.items():
            if edge.to not in agents:
                hint = did_you_mean(edge.to, agents)
                yield agent.error("handoffs", index, "to", code="unknown-agent", message=_no_agent(edge.to), hint=hint)


def models(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """Each agent has a model, and with a ``models:`` section it is an alias of it."""
    aliases = project.names["models"]
    for name, agent in project.agents.items():
        alias = agent.spec.model
        if alias is None:
            message = f"agent {name!r} has no model"
            yield agent.error(code="missing-model", message=message, hint="add model: NAME", key=True)
        elif aliases and alias not in aliases:
            message = f"no model named {alias!r} in models"
            yield agent.error("model", code="unknown-model", message=message, hint=did_you_mean(alias, aliases))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The hint for a name that leads nowhere."""
    names = sorted(known)
    meant = nearest(word, names)
    return f"did you mean {meant!r}?" if meant else f"there are: {', '.join(names) or 'none'}"


def _no_agent(name: str) -> str:
    return f"no agent named {name!r}"
