"""A session as a test sees it: turn by turn, what the model replied, what tools gave, and what people said to calls."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from orchestrator.agents import HANDOFF
from orchestrator.events import (
    ApprovalGiven,
    ApprovalRequested,
    FellBack,
    HistoryTrimmed,
    ModelAsked,
    ModelResponded,
    RecordedEvent,
    RunFinished,
    RunStarted,
    ToolFinished,
    ToolStarted,
)
from orchestrator.messages import ToolCall
from orchestrator.state import State, apply
from orchestrator.tools.arguments import parse

_CallEvent = ApprovalRequested | ApprovalGiven | ToolStarted | ToolFinished


class NoTest(ValueError):  # noqa: N818 - says what is the case
    """Something in a turn can't be written as a test. The text is the end of a sentence about the turn."""


@dataclass(frozen=True)
class Call:
    """One call of a reply, and all that happened to it."""

    call: ToolCall
    events: tuple[_CallEvent, ...]

    @property
    def started(self) -> bool:
        """Whether the tool ran."""
        return any(isinstance(event, ToolStarted) for event in self.events)

    @property
    def handoff(self) -> bool:
        """Whether it is a handoff, or wanted to be one, and no call of a tool."""
        return self.call.name.startswith(HANDOFF) and not self.started

    @property
    def given(self) -> ToolFinished:
        """What the tool gave, be it that something else became of it afterwards."""
        return self._results[0]

    @property
    def read(self) -> ToolFinished | None:
        """What the model read as the result, unless the call was answered by the end of the turn."""
        return self._results[-1] if self._results else None

    @property
    def said(self) -> ApprovalGiven | None:
        """What a person, or somebody in place of one, said to it."""
        given = (event for event in self.events if isinstance(event, ApprovalGiven))
        return next((event for event in given if event.by in {"person", "policy"}), None)

    @property
    def edited(self) -> str | None:
        """The arguments that a person let it be made with, where they are others than the model's."""
        return self.said.arguments if self.said and self.said.verdict != "denied" else None

    @property
    def waits(self) -> bool:
        """Whether it was left waiting for a yes."""
        return bool(self.events) and isinstance(self.events[-1], ApprovalRequested)

    @property
    def _results(self) -> tuple[ToolFinished, ...]:
        return tuple(event for event in self.events if isinstance(event, ToolFinished))

    def arguments(self, written: str | None = None) -> dict[str, object]:
        """The arguments as the model wrote them, or those that are given, as data.

        Raises:
            NoTest: they are no JSON object.
        """
        try:
            return parse(self.call.arguments if written is None else written)
        except ValueError:
            raise NoTest(f"the arguments of a call of {self.call.name} are no JSON object") from None


@dataclass(frozen=True)
class Reply:
    """A reply of the model, with its calls; or ``fails``, why there was none."""

    response: ModelResponded | None = None
    calls: tuple[Call, ...] = ()
    fails: str = ""


@dataclass(frozen=True)
class Turn:
    """One user turn: how the session stood before and after it, and its events.

    One that waited for a yes, and was never gone on with, ends where it waited.
    """

    started: RunStarted
    events: tuple[RecordedEvent, ...]
    before: State
    after: State

    @property
    def status(self) -> str:
        """How it ended, in the words of a test."""
        return self.after.status or "waiting"

    @property
    def replies(self) -> tuple[Reply, ...]:
        """What came of each request, but for those that were lost with their process.

        Raises:
            NoTest: the turn can't be played again.
        """
        _check(self)
        return tuple(_replies(self.events))


def turns_of(session_id: str, events: Sequence[RecordedEvent]) -> Iterator[Turn]:
    """Give the turns of a session, in order."""
    starts = [index for index, event in enumerate(events) if isinstance(event, RunStarted)]
    state = State(session_id)
    for start, end in pairwise([*starts, len(events)]):
        states = list(accumulate(events[start:end], apply, initial=state))
        state = states[-1]
        started, ended = events[start], events[end - 1]
        assert isinstance(started, RunStarted)
        interrupted = isinstance(ended, RunFinished) and ended.status == "interrupted"
        left = int(interrupted and bool(states[-2].awaiting_approval))
        yield Turn(started, tuple(events[start : end - left]), states[0], states[-1 - left])


def _check(turn: Turn) -> None:
    """Refuse what no list of replies makes happen again."""
    state = turn.after
    opened = state.open.slots if state.open else ()
    if state.running and (not state.awaiting_approval or any(slot.asking for slot in opened)):
        raise NoTest("it is not finished")
    if state.status in {"cancelled", "interrupted"}:
        raise NoTest(f"it was {state.status}")
    if state.status == "limit" and state.detail.startswith(("tokens:", "seconds:")):
        raise NoTest(f"it reached the limit of {state.detail.split(':')[0]}")
    if state.status == "limit" and _lost(turn.events):
        raise NoTest("it reached a limit, towards which a request counted that was lost")
    trims = [event for event in turn.events if isinstance(event, HistoryTrimmed)]
    if state.status == "context_length" or any(trim.reason == "context_length" for trim in trims):
        raise NoTest("the conversation was too long for the model")


def _lost(events: Sequence[RecordedEvent]) -> int:
    """How many requests were lost with the process that made them."""
    asked = sum(isinstance(event, ModelAsked) for event in events)
    return asked - sum(isinstance(event, ModelResponded | FellBack) for event in events)


def _replies(events: Sequence[RecordedEvent]) -> Iterator[Reply]:
    happened = _by_call(events)
    failed = next((e.detail for e in events if isinstance(e, RunFinished) and e.status == "failed"), "")
    last = next((event for event in reversed(events) if isinstance(event, ModelResponded)), None)
    asked = False
    for event in events:
        match event:
            case ModelAsked():
                asked = True
            case ModelResponded(message=message):
                asked = failed != "" and event is last and event.finish == "length"  # what was shown until it failed
                if not asked:
                    yield Reply(event, tuple(Call(call, tuple(happened[call.id])) for call in message.tool_calls))
            case FellBack(reason=reason):
                asked = False
                yield Reply(fails=reason)
            case _:
                pass
    if failed and asked:
        yield Reply(fails=failed)


def _by_call(events: Iterable[RecordedEvent]) -> dict[str, list[_CallEvent]]:
    """What happened to each call, by its id."""
    found: dict[str, list[_CallEvent]] = {}
    for event in events:
        if isinstance(event, ModelResponded):
            found |= {call.id: [] for call in event.message.tool_calls}
        elif isinstance(event, _CallEvent):
            found[event.call_id].append(event)
    return found
