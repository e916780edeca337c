"""What of a graph was reached, how often, and how that looks on its picture."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from orchestrator.events import (
    Event,
    HandedOff,
    ModelAsked,
    ModelResponded,
    RunStarted,
    ToolStarted,
)
from orchestrator.render.graph.picture import Arrow, Box, Picture

Pair = tuple[str, str]


@dataclass(frozen=True)
class Reached:
    """How often each agent was asked for, each of its tools began to run, and each of its handoffs was made.

    ``tools`` is by (agent, tool), ``edges`` by (agent, target). What was never reached is not there.
    """

    agents: Mapping[str, int] = field(default_factory=dict)
    tools: Mapping[Pair, int] = field(default_factory=dict)
    edges: Mapping[Pair, int] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Self:
        """Give what the events of a session reached, from its first."""
        agents, tools, edges = Counter[str](), Counter[Pair](), Counter[Pair]()
        active = ""
        called: dict[str, str] = {}
        for event in events:
            match event:
                case RunStarted():
                    active = event.agent
                case ModelAsked():
                    active = event.agent
                    agents[active] += 1
                case ModelResponded():
                    called |= {call.id: call.name for call in event.message.tool_calls}
                case ToolStarted():
                    tools[active, called[event.call_id]] += 1
                case HandedOff():
                    edges[active, event.target] += 1
                    active = event.target
                case _:
                    pass
        return cls(dict(agents), dict(tools), dict(edges))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read back what ``as_json`` gave."""
        agents, tools, edges = json.loads(text)
        return cls(agents, _flat(tools), _flat(edges))

    def as_json(self) -> str:
        """Give it as a text that can be sent to another process."""
        return json.dumps([self.agents, _nested(self.tools), _nested(self.edges)])

    def __add__(self, other: "Reached") -> "Reached":
        return Reached(
            dict(Counter(self.agents) + Counter(other.agents)),
            dict(Counter(self.tools) + Counter(other.tools)),
            dict(Counter(self.edges) + Counter(other.edges)),
        )


def marked(picture: Picture, reached: Reached) -> Picture:
    """Give a picture on which all that was reached says how often, and all that was not stands out."""
    boxes = tuple(_box(box, reached) for box in picture.boxes)
    return replace(picture, boxes=boxes, arrows=tuple(_arrow(arrow, reached) for arrow in picture.arrows))


def _box(box: Box, reached: Reached) -> Box:
    agent, *tool = box.key
    hits = reached.tools.get((agent, tool[0]), 0) if tool else reached.agents.get(agent, 0)
    said = f"reached {hits}×" if hits else "! not reached"
    return replace(box, lines=(*box.lines, said), look="reached" if hits else "unreached")


def _arrow(arrow: Arrow, reached: Reached) -> Arrow:
    if arrow.look == "has":
        return arrow
    hits = reached.edges.get((arrow.source[0], arrow.target[0]), 0)
    said = f"reached {hits}×" if hits else "not reached"
    return replace(arrow, lines=(*arrow.lines, said), look="taken" if hits else "unreached")


def _nested(counts: Mapping[Pair, int]) -> list[tuple[str, str, int]]:
    return [(agent, name, hits) for (agent, name), hits in counts.items()]


def _flat(rows: Iterable[tuple[str, str, int]]) -> dict[Pair, int]:
    return {(agent, name): hits for agent, name, hits in rows}
