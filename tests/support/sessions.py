"""Sessions to keep: the events of a turn, and a session that has them."""

from dataclasses import replace

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
    RunResumed,
    RunStarted,
    ToolFinished,
    ToolStarted,
)
from orchestrator.messages import AssistantMessage, ToolCall, Usage
from orchestrator.stores import SessionStore


def turn(number: int, message: str = "hello", status: str = "answered") -> list[RecordedEvent]:
    """A user turn: two calls that need a yes, a question by one of them, a handoff, an answer."""
    run, at = f"run_{number}", 2000.0 + 100 * number
    first, second, move = (f"call_{number}_{name}" for name in ("a", "b", "c"))
    wanted = (ToolCall(first, "refund", "{}"), ToolCall(second, "look_up", '{"x": 1}'), ToolCall(move, "to_b", "{}"))
    events: list[RecordedEvent] = [
        RunStarted(run_id=run, at=at, message=message, agent="a"),
        ModelAsked(run_id=run, at=at, agent="a", model="m"),
        ModelResponded(run_id=run, at=at, message=AssistantMessage(None, wanted), usage=Usage(10, 20)),
        ApprovalRequested(run_id=run, at=at, call_id=first),
        ApprovalRequested(run_id=run, at=at, call_id=second),
        ApprovalGiven(run_id=run, at=at, call_id=first, verdict="granted", by="person"),
        RunResumed(run_id=run, at=at),
        ApprovalGiven(run_id=run, at=at, call_id=second, verdict="denied", by="person", reason="no"),
        ToolStarted(run_id=run, at=at, call_id=first),
        QuestionAsked(run_id=run, at=at, call_id=first, question="sure?"),
        QuestionAsked(run_id=run, at=at, call_id=first, question="really?"),
        QuestionAnswered(run_id=run, at=at, call_id=first, answer="yes"),
        RunResumed(run_id=run, at=at),
        ToolFinished(run_id=run, at=at, call_id=second, content="denied: no", error=True),
        ToolFinished(run_id=run, at=at, call_id=first, content="done ✓"),
        HandedOff(run_id=run, at=at, target="b"),
        ModelAsked(run_id=run, at=at, agent="b", model="m"),
        ModelResponded(run_id=run, at=at, message=AssistantMessage("bye")),
        RunFinished(run_id=run, at=at, status="answered"),
    ]
    return [replace(event, at=at + place) for place, event in enumerate(events)]


TURN = turn(1)
"""The first turn."""


async def begin(
    store: SessionStore, session: str, *events: RecordedEvent, file: str = "", name: str | None = None
) -> None:
    """A session with these events."""
    await store.create(session, file=file, name=name)
    async with store.lock(session):
        await store.append(session, events)
