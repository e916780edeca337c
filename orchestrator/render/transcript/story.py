"""A session told event by event, each with what earlier ones say of it."""

from dataclasses import dataclass, replace

from orchestrator.agents import handoff_to
from orchestrator.events import (
    ApprovalGiven,
    ApprovalRequested,
    HandedOff,
    ModelAsked,
    ModelResponded,
    QuestionAnswered,
    QuestionAsked,
    RecordedEvent,
    RunFinished,
    RunStarted,
    ToolFinished,
    ToolStarted,
)
from orchestrator.messages import ToolCall

_MODEL = ""  # no call has this id


@dataclass(frozen=True, slots=True)
class Told:
    """An event, and what earlier ones say of it.

    Args:
        number: which of the session's events it is, from 1. A fork at this number ends with it.
        event: what happened.
        turn: which user turn it belongs to, from 1.
        agent: who has the word while it happens.
        model: who was asked last: an alias or an API name.
        call: the call that it is about, with the arguments that count by now.
        seconds: how long took what ends with it: a model call or a tool.
        dropped: the calls that never ran, with what was answered in their place.
    """

    number: int
    event: RecordedEvent
    turn: int
    agent: str
    model: str
    call: ToolCall
    seconds: float | None
    dropped: tuple[tuple[ToolCall, str], ...]


class Story:
    """Tells a session from its recorded events, in their order."""

    def __init__(self) -> None:
        self._number = 0
        self._turn = 0
        self._agent = ""
        self._model = ""
        self._open: dict[str, ToolCall] = {}
        self._since: dict[str, float] = {}

    def tell(self, event: RecordedEvent) -> Told:
        """Give the next event with what those before it say of it."""
        self._number += 1
        self._before(event)
        told = Told(
            self._number,
            event,
            self._turn,
            self._agent,
            self._model,
            self._call(event),
            self._seconds(event),
            tuple(self._dropped(event)),
        )
        self._behind(event)
        return told

    def _before(self, event: RecordedEvent) -> None:
        match event:
            case RunStarted():
                self._turn += 1
                self._agent = event.agent
            case ModelAsked():
                self._agent, self._model = event.agent, event.model
                self._since[_MODEL] = event.at
            case ModelResponded():
                self._open |= {call.id: call for call in event.message.tool_calls}
            case ApprovalGiven(arguments=str(arguments)):
                self._open[event.call_id] = replace(self._call(event), arguments=arguments)
            case ToolStarted():
                self._since[event.call_id] = event.at
            case _:
                pass

    def _behind(self, event: RecordedEvent) -> None:
        match event:
            case ToolFinished():
                self._open.pop(event.call_id, None)
            case HandedOff():
                self._agent = event.target
                self._open.clear()
            case RunFinished():
                self._open.clear()
            case _:
                pass

    def _call(self, event: RecordedEvent) -> ToolCall:
        match event:
            case (
                ApprovalRequested(call_id=call_id)
                | ApprovalGiven(call_id=call_id)
                | QuestionAsked(call_id=call_id)
                | QuestionAnswered(call_id=call_id)
                | ToolStarted(call_id=call_id)
                | ToolFinished(call_id=call_id)
            ):
                return self._open.get(call_id) or ToolCall(call_id, call_id, "")  # its reply was not told
            case _:
                return _NO_CALL

    def _seconds(self, event: RecordedEvent) -> float | None:
        match event:
            case ModelResponded():
                since = self._since.pop(_MODEL, None)
            case ToolFinished():
                since = self._since.pop(event.call_id, None)
            case _:
                return None
        return None if since is None else max(0.0, event.at - since)

    def _dropped(self, event: RecordedEvent) -> list[tuple[ToolCall, str]]:
        """The calls that a move or an end answers, but for the one that made the move."""
        if not isinstance(event, HandedOff | RunFinished):
            return []
        made = handoff_to(event.target) if isinstance(event, HandedOff) else ""
        answered = ((self._open.get(answer.call_id), answer.content) for answer in event.answers)
        return [(call, content) for call, content in answered if call is not None and call.name != made]


_NO_CALL = ToolCall("", "", "")
