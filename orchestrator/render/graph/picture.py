"""What a picture of a graph shows: boxes and arrows with their texts, in a stable order. How it looks is for others."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from orchestrator.agents import Agent, AgentGraph, Edge
from orchestrator.render.graph.happened import Happened, Move
from orchestrator.render.graph.problems import Problem, problems
from orchestrator.render.graph.texts import clean
from orchestrator.tools import Tool

Key = tuple[str, ...]
"""An agent by its name, or a tool by its agent's name and its own."""

BoxLook = Literal[
    "agent", "answered", "unreachable-agent", "no-way-back", "trap", "gone", "tool", "asking", "reached", "unreached"
]
ArrowLook = Literal["handoff", "for-one-turn", "taken", "refused", "gone", "has", "unreached"]

TOLD: dict[Problem, str] = {"unreachable-agent": "unreachable", "trap": "trap", "no-way-back": "no way back"}
_NAME_CHARS, _TEXT_CHARS = 60, 120
_MOST_STEPS = 8
_NAMELESS = "?"


@dataclass(frozen=True, slots=True)
class Box:
    """An agent or a tool. The first of its lines is its title."""

    key: Key
    lines: tuple[str, ...]
    look: BoxLook


@dataclass(frozen=True, slots=True)
class Arrow:
    """A handoff, or the bond between an agent and its tool."""

    source: Key
    target: Key
    lines: tuple[str, ...]
    look: ArrowLook


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes and arrows. ``entry`` is the box where a conversation begins."""

    entry: Key
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

    @property
    def titles(self) -> dict[Key, str]:
        """The title of each box."""
        return {box.key: box.lines[0] for box in self.boxes}


def picture_of(graph: AgentGraph, *, tools: bool = False, happened: Happened | None = None) -> Picture:
    """Give what there is to see of a graph; with ``tools``, each tool too; with ``happened``, what happened in it."""
    wrong = problems(graph)
    story = happened or Happened()
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    for agent in in_order(graph):
        boxes.append(_agent(agent, wrong.get(agent.name, ()), story))
        arrows += [_handoff(agent, edge, story) for edge in sorted(agent.edges, key=lambda edge: edge.target)]
        for tool in sorted(agent.tools, key=lambda tool: tool.name) if tools else ():
            boxes.append(_tool(agent, tool))
            arrows.append(Arrow((agent.name,), (agent.name, tool.name), (), "has"))
    extra = list(_not_in(graph, story))
    known = {box.key for box in boxes}
    lost = sorted({key for arrow in extra for key in (arrow.source, arrow.target)} - known)
    boxes += [Box(key, (clean(key[0], _NAME_CHARS) or _NAMELESS, "! not in the file"), "gone") for key in lost]
    return Picture((graph.entry,), tuple(boxes), (*arrows, *extra))


def in_order(graph: AgentGraph) -> list[Agent]:
    """Give the agents: the entry first, the others by name."""
    return sorted(graph.agents.values(), key=lambda agent: (agent.name != graph.entry, agent.name))


def asks(tool: Tool) -> bool:
    """Whether a person may be asked before a tool runs."""
    return tool.approval != "never"


def _agent(agent: Agent, wrong: tuple[Problem, ...], story: Happened) -> Box:
    model = clean(agent.model.name, _NAME_CHARS)
    lines = [clean(agent.label, _NAME_CHARS) or _NAMELESS, *([model] if model else [])]
    if agent.tools:
        asking = sum(map(asks, agent.tools))
        count = f"{len(agent.tools)} tool{'s' * (len(agent.tools) > 1)}"
        lines.append(f"{count}, {asking} asks first" if asking else count)
    lines += [f"! {TOLD[problem]}" for problem in wrong]
    answers = story.answers.get(agent.name, 0)
    if answers:
        lines.append(f"answered {answers}×")
    look: BoxLook = wrong[0] if wrong else "answered" if answers else "agent"
    return Box((agent.name,), tuple(lines), look)


def _tool(agent: Agent, tool: Tool) -> Box:
    lines = [clean(tool.name, _NAME_CHARS)]
    lines += ["asks first"] * asks(tool)
    lines += _required(tool.requires)
    return Box((agent.name, tool.name), tuple(lines), "asking" if asks(tool) else "tool")


def _handoff(agent: Agent, edge: Edge, story: Happened) -> Arrow:
    when = clean(edge.when, _TEXT_CHARS)
    lines = [when] if when else []
    lines += _required(edge.requires)
    if edge.at_most is not None:
        lines.append(f"at most {edge.at_most}×")
    lines += ["for one turn"] * edge.for_one_turn
    move = (agent.name, edge.target)
    look: ArrowLook = "taken" if move in story.steps else "for-one-turn" if edge.for_one_turn else "handoff"
    return Arrow((agent.name,), (edge.target,), (*lines, *_told(move, story)), look)


def _required(expression: str | None) -> list[str]:
    return [] if expression is None else [f"requires: {clean(expression, _TEXT_CHARS)}"]


def _not_in(graph: AgentGraph, story: Happened) -> Iterator[Arrow]:
    """Handoffs that were made or refused, and that the graph does not have."""
    allowed = {(agent.name, edge.target) for agent in graph.agents.values() for edge in agent.edges}
    for source, target in sorted((story.steps.keys() | story.refused.keys()) - allowed):
        taken = (source, target) in story.steps
        if taken or {source, target} <= graph.agents.keys():
            lines = _told((source, target), story)
            yield Arrow((source,), (target,), lines, "gone" if taken else "refused")


def _told(move: Move, story: Happened) -> tuple[str, ...]:
    """What happened to a handoff: ``taken 2×: 1, 3``."""
    steps, refused = story.steps.get(move, ()), story.refused.get(move, 0)
    shown = ", ".join(map(str, steps[:_MOST_STEPS])) + ", …" * (len(steps) > _MOST_STEPS)
    return (*([f"taken {len(steps)}×: {shown}"] if steps else []), *([f"refused {refused}×"] if refused else []))
