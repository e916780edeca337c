"""What is counted: each agent, each of its tools, and each of its handoffs, at the place where it is written."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from orchestrator.agents import AgentGraph
from orchestrator.diagnostics import Span
from orchestrator.render.graph.reached import Reached

Kind = Literal["agent", "tool", "handoff"]


@dataclass(frozen=True, slots=True)
class Item:
    """Something that tests can reach. ``name`` is that of the agent itself, of its tool, or of the handoff's target.

    ``span`` is where it is written: that of an entry of ``defaults``, or of one that names a module, is that of several
    items.
    """

    kind: Kind
    agent: str
    name: str
    span: Span
    hits: int

    @property
    def told(self) -> str:
        """What people call it."""
        match self.kind:
            case "agent":
                return f"agent {self.name}"
            case "tool":
                return f"tool {self.name} of {self.agent}"
            case "handoff":
                return f"handoff {self.agent} -> {self.name}"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of some items were reached."""

    hit: int
    total: int

    @property
    def percent(self) -> int:
        """The share in percent, rounded down: 100 means all of them. It is 100 where there is nothing to reach."""
        return self.hit * 100 // self.total if self.total else 100


@dataclass(frozen=True)
class Coverage:
    """How much of a file of agents, with all that it includes, was reached.

    ``file`` is what people call it; ``items`` stand agent by agent, as they are declared.
    """

    file: str
    graph: AgentGraph
    reached: Reached
    items: tuple[Item, ...]


def tally(items: Iterable[Item], kind: Kind | None = None) -> Tally:
    """Count the items, or those of one kind."""
    hits = [item.hits > 0 for item in items if kind in {None, item.kind}]
    return Tally(sum(hits), len(hits))


def items_of(coverages: Iterable[Coverage]) -> list[Item]:
    """Give the items of several files. What two of them include counts for each."""
    return [item for coverage in coverages for item in coverage.items]
