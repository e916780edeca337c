"""Names that must lead somewhere: the entry, the targets of handoffs, the models, a tool choice."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from orchestrator.agents import handoff_to
from orchestrator.diagnostics import Diagnostic
from orchestrator.project import Placed, Project, Resolution
from orchestrator.spec import nearest

T = TypeVar("T")

_MOST_NAMES = 20  # that a hint lists


def entry(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """The entry is an agent; with several agents it must be given."""
    file, agents = project.file, project.names["agents"]
    named = file.spec.entry
    if "agents" in project.unknown or project.is_broken(file, "entry"):
        return
    if not agents:
        yield file.fault(code="missing-key", message="the file has no agents", hint="add agents: with one at least")
    elif named is not None and named not in agents:
        yield file.fault("entry", code="unknown-agent", message=_no_agent(named), hint=did_you_mean(named, agents))
    elif named is None and len(agents) > 1:
        message = f"there are {len(agents)} agents, and no entry says which one begins"
        hint = f"add entry: one of {', '.join(sorted(agents))}" if len(agents) <= _MOST_NAMES else "add entry: NAME"
        yield file.fault("agents", code="ambiguous-entry", message=message, hint=hint, key=True)


def entry_of(project: Project) -> str | None:
    """The agent that begins, where that is known."""
    named, agents = project.file.spec.entry, project.agents
    if named is None and len(project.names["agents"]) == 1:
        named = next(iter(project.names["agents"]))
    return named if named in agents else None


def handoff_targets(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """Each handoff leads to an agent."""
    agents = project.names["agents"]
    if "agents" in project.unknown:
        return
    for edge in project.edges():
        target = edge.spec.to
        if target not in agents:
            yield edge.fault("to", code="unknown-agent", message=_no_agent(target), hint=did_you_mean(target, agents))


def models(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """Each agent has a model, and with a ``models:`` section it is an alias of it."""
    aliases = project.names["models"]
    for name, agent in project.agents.items():
        broken = project.is_broken(agent.own, "model") or project.is_broken(project.file, "defaults", "model")
        if agent.model is None and not broken:
            message = f"agent {name!r} has no model"
            hint = "add model: NAME, here or in defaults"
            yield agent.own.fault(code="missing-model", message=message, hint=hint, key=True)
    named = [parts.model for parts in (*project.agents.values(), project.defaults) if parts.model is not None]
    for model in {model.place: model for model in named}.values():
        if aliases and model.spec not in aliases and "models" not in project.unknown:
            message = f"no model named {model.spec!r} in models"
            yield model.fault(code="unknown-model", message=message, hint=did_you_mean(model.spec, aliases))


def tool_choices(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """A tool choice that names a function names one that the agent has."""
    for name, agent in project.agents.items():
        choice = agent.tool_choice
        if choice is None or choice.spec.function is None or not resolution.complete(agent):
            continue
        wanted = choice.spec.function.name
        functions = [tool.name for _, tool in resolution.tools_of(agent)]
        functions += [handoff_to(edge.spec.to) for edge in agent.edges]
        if wanted not in functions:
            message = f"{holder(name, choice)} has no function named {wanted!r}"
            hint = did_you_mean(wanted, functions)
            yield choice.fault("function", "name", code="function-not-found", message=message, hint=hint)


def holder(name: str, part: Placed[T]) -> str:
    """Whose a part is, in words: what is wrong with the defaults is told once, and not for each agent."""
    return "an agent that takes the defaults" if part.location[0] == "defaults" else f"agent {name!r}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The hint for a name that leads nowhere."""
    names = tuple(known)
    meant = nearest(word, names)
    if meant:
        return f"did you mean {meant!r}?"
    if len(names) > _MOST_NAMES:
        return f"none of the {len(names):,} names is like it"
    return f"there are: {', '.join(sorted(names)) or 'none'}"


def _no_agent(name: str) -> str:
    return f"no agent named {name!r}"
