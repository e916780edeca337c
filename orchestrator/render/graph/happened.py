"""What happened in a session, as far as a graph shows it: handoffs made and refused, and who answered."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import ValidationError

from orchestrator.agents import HANDOFF, AgentGraph
from orchestrator.events import (
    Event,
    HandedOff,
    ModelAsked,
    ModelResponded,
    RunFinished,
    RunStarted,
    ToolFinished,
    from_json,
)
from orchestrator.render.graph.texts import clean

Move = tuple[str, str]
"""Who hands off to whom."""

MOST_BYTES = 16_000_000
"""Of one line of events."""
_MOST_TOLD = 20


class EventsError(ValueError):
    """A line is not an event that can be understood. The text is one line, which begins with the place."""


@dataclass(frozen=True)
class Happened:
    """What happened: the handoffs in their order, how often each agent had the last word, and what was refused."""

    path: tuple[Move, ...] = ()
    answers: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[Move, int] = field(default_factory=dict)

    @cached_property
    def steps(self) -> Mapping[Move, tuple[int, ...]]:
        """The places of each handoff in the path, counted from 1."""
        found: dict[Move, list[int]] = {}
        for number, move in enumerate(self.path, 1):
            found.setdefault(move, []).append(number)
        return {move: tuple(numbers) for move, numbers in found.items()}


def happened_in(events: Iterable[Event]) -> Happened:
    """Give what happened in a session whose events these are, from its first.

    Raises:
        EventsError: the beginning of a run is missing.
    """
    story = _Story()
    for event in events:
        story.add(event)
    return story.happened()


def read_events(lines: Iterable[bytes], name: str) -> Happened:
    """Give what happened in sessions whose events these lines are. ``name`` is what people call the file.

    Raises:
        EventsError: a line is not an event.
    """
    story = _Story()
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                story.add(_event(line))
            except EventsError as error:
                raise EventsError(f"{name}:{number}: error: {error}") from None
    return story.happened()


def gone(graph: AgentGraph, happened: Happened) -> list[str]:
    """Say which agents and handoffs of the events the graph does not have, a line each."""
    told = list(_gone(graph, happened))
    left = len(told) - _MOST_TOLD
    return [*told[:_MOST_TOLD], f"and {left} more"] if left > 0 else told


def _gone(graph: AgentGraph, happened: Happened) -> Iterator[str]:
    names = {name for move in happened.path for name in move} | set(happened.answers)
    for name in sorted(names - set(graph.agents)):
        yield f"there is no agent {clean(name, 60)!r} any more"
    for source, target in sorted(happened.steps):
        agent = graph.agents.get(source)
        if agent and target in graph.agents and all(edge.target != target for edge in agent.edges):
            yield f"the handoff from {source!r} to {target!r} is not allowed any more"
    for source, target in sorted(happened.refused):
        if target not in graph.agents:
            yield f"{clean(source, 60)!r} was refused a handoff to {clean(target, 60)!r}, which is no agent"


@dataclass
class _Story:
    """Collects what happened. Who speaks, and what was called, is kept for each run."""

    path: list[Move] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    refused: Counter[Move] = field(default_factory=Counter)
    _speaking: dict[str, str] = field(default_factory=dict)
    _wanted: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        match event:
            case RunStarted() | ModelAsked():
                self._speaking[event.run_id] = event.agent
            case ModelResponded():
                wanted = ((call.id, call.name) for call in event.message.tool_calls if call.name.startswith(HANDOFF))
                self._wanted |= {(event.run_id, call): name.removeprefix(HANDOFF) for call, name in wanted}
            case ToolFinished(error=True) if (event.run_id, event.call_id) in self._wanted:
                self.refused[self._speaker(event.run_id), self._wanted[event.run_id, event.call_id]] += 1
            case HandedOff():
                self.path.append((self._speaker(event.run_id), event.target))
                self._speaking[event.run_id] = event.target
            case RunFinished(status="answered" | "ended"):
                self.answers[self._speaker(event.run_id)] += 1
            case _:
                pass

    def happened(self) -> Happened:
        return Happened(tuple(self.path), dict(self.answers), dict(self.refused))

    def _speaker(self, run_id: str) -> str:
        if run_id not in self._speaking:
            raise EventsError("nothing before it says which agent has the word: the beginning of the run is missing")
        return self._speaking[run_id]


def _event(line: bytes) -> Event:
    if len(line) > MOST_BYTES:
        raise EventsError(f"this line has more than {MOST_BYTES // 1_000_000} MB")
    try:
        return from_json(line)
    except ValidationError:
        raise EventsError(_fault(line)) from None


def _fault(line: bytes) -> str:
    """What is wrong with a line that is not an event."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return "this line is not JSON"
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str):
        return "this line is not an event; events are what `orchestrate run --format jsonl` prints"
    return f"this is not an event of a known kind, or lacks what one has: {clean(kind, 60)!r}"
