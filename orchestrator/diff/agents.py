"""What has changed in an agent: its words, its model, its handoffs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orchestrator.agents import HANDOFF, default_label, handoff_to
from orchestrator.diff.changes import Change, Kind, Subject, differing, guard_changes
from orchestrator.diff.configuration import Configuration
from orchestrator.diff.pairing import Pairing
from orchestrator.diff.tools import tool_changes
from orchestrator.project import Declared, Placed
from orchestrator.spec import EdgeSpec


def removed_agent(name: str, old: Configuration) -> Change:
    """An agent that is gone. Of its handoffs, and of those to it, nothing more is told."""
    return Change(Kind.AGENT_REMOVED, Subject("agent", name, name), where=old.project.agents[name].own.at(key=True))


def added_agent(name: str, new: Configuration) -> Change:
    """An agent that is new, and what it has."""
    agent = new.project.agents[name]
    version = _Version(new, agent, name)
    parts = {"model": [version.model], "tools": list(new.tools(agent)), "handoffs": list(version.edges)}
    note = "; ".join(f"{part}: {', '.join(names)}" for part, names in parts.items() if names)
    return Change(Kind.AGENT_ADDED, Subject("agent", name, name), note=note, where=agent.own.at(key=True))


def agent_changes(name: str, old: Configuration, new: Configuration, pairing: Pairing) -> Iterator[Change]:
    """The changes of an agent that is in both."""
    subject, renamed = Subject("agent", name, name), pairing.olds[name]
    before = _Version(old, old.project.agents[renamed], name, pairing.now)
    after = _Version(new, new.project.agents[name], name)
    at = after.agent.own.at
    yield from differing(Kind.AGENT_RENAMED, subject, renamed, name, at(key=True))
    yield from differing(Kind.LABEL_CHANGED, subject, before.label, after.label, at("label"))
    yield from differing(Kind.PURPOSE_CHANGED, subject, before.description, after.description, at("description"))
    if before.instructions != after.instructions:
        note = f"includes {', '.join(included)}" if (included := new.included(name)) else ""
        texts = (before.instructions, after.instructions)
        yield Change(Kind.INSTRUCTIONS_CHANGED, subject, *texts, note, at("instructions"))
    if before.differs_in_model(after):
        placed = after.agent.model or after.agent.own
        yield Change(Kind.MODEL_CHANGED, subject, before.model, after.model, where=placed.at())
    choice = after.agent.tool_choice or after.agent.own
    yield from differing(Kind.TOOL_CHOICE_CHANGED, subject, before.choice, after.choice, choice.at())
    parallel = (before.agent.parallel_tool_calls, after.agent.parallel_tool_calls)
    yield from differing(Kind.PARALLEL_CALLS_CHANGED, subject, *parallel, at("parallel_tool_calls"))
    yield from _handoff_changes(before, after, pairing)
    yield from tool_changes(name, old.tools(before.agent), new.tools(after.agent), (old.project.root, new.project.root))


@dataclass(frozen=True)
class _Version:
    """An agent in one of the two configurations. ``now`` gives the new names of agents; ``name`` is its own."""

    side: Configuration
    agent: Declared
    name: str
    now: Callable[[str], str] = str

    @property
    def label(self) -> str:
        """What people read. It follows the name where nothing is said."""
        return self.agent.own.spec.label or default_label(self.name)

    @property
    def description(self) -> str | None:
        return self.agent.own.spec.description

    @property
    def instructions(self) -> str:
        return self.agent.own.spec.instructions

    @property
    def alias(self) -> str:
        return self.agent.model.spec if self.agent.model else ""

    @property
    def model(self) -> str:
        """The model as people know it, with the API's name behind an alias."""
        told = self.side.model(self.alias)
        real = next((str(told[key]) for key in ("model", "deployment", "file") if key in told), self.alias)
        return self.alias if real == self.alias else f"{self.alias} ({real})"

    @property
    def choice(self) -> str:
        """What the agent must call, with agents by their new names."""
        spec = self.agent.tool_choice.spec if self.agent.tool_choice else None
        if spec is None or spec.function is None:
            return spec.type if spec else "auto"
        function = spec.function.name
        target = function.removeprefix(HANDOFF)
        return handoff_to(self.now(target)) if target in self.side.edges(self.agent) else function

    @property
    def edges(self) -> dict[str, Placed[EdgeSpec]]:
        """The handoffs by the new names of their targets."""
        return {self.now(target): edge for target, edge in self.side.edges(self.agent).items()}

    def differs_in_model(self, other: "_Version") -> bool:
        """Whether another model answers. What changes behind one alias is told of the alias."""
        same_alias = self.alias == other.alias and self.alias in self.side.project.models
        return not same_alias and self.side.model(self.alias) != other.side.model(other.alias)


def _handoff_changes(before: _Version, after: _Version, pairing: Pairing) -> Iterator[Change]:
    old, new = before.edges, after.edges
    for target, edge in old.items():
        subject = Subject("handoff", target, after.name)
        if target in new:
            yield from _edge_changes(subject, edge.spec, new[target])
        elif target not in pairing.removed:
            yield Change(Kind.HANDOFF_LOST, subject, old=edge.spec.when, where=edge.at())
    for target, edge in new.items():
        if target not in old:
            subject = Subject("handoff", target, after.name)
            yield Change(Kind.HANDOFF_GAINED, subject, new=edge.spec.when, where=edge.at())


def _edge_changes(subject: Subject, old: EdgeSpec, placed: Placed[EdgeSpec]) -> Iterator[Change]:
    new = placed.spec
    yield from differing(Kind.WHEN_CHANGED, subject, old.when, new.when, placed.at("when"))
    yield from guard_changes(subject, old.requires, new.requires, placed.at("requires"))
    yield from differing(Kind.AT_MOST_CHANGED, subject, old.at_most, new.at_most, placed.at("at_most"))
    turns = (bool(old.for_one_turn), bool(new.for_one_turn))
    yield from differing(Kind.FOR_ONE_TURN_CHANGED, subject, *turns, placed.at("for_one_turn"))
