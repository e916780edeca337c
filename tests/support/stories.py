"""Sessions that have happened: their events, and stores that hold them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from orchestrator.events import (
    ApprovalGiven,
    ApprovalRequested,
    FellBack,
    HandedOff,
    HistoryTrimmed,
    ModelAsked,
    ModelResponded,
    QuestionAnswered,
    QuestionAsked,
    RecordedEvent,
    RunFinished,
    RunResumed,
    RunStarted,
    Stamp,
    ToolFinished,
    ToolStarted,
)
from orchestrator.messages import AssistantMessage, ToolCall, ToolMessage
from orchestrator.stores.sqlite import SqliteStore

NOON = 1716292800.0  # 2024-05-21 12:00 UTC, which is long ago and the same day nearly everywhere
FILE = "agents/acme.yaml"

LOOK_UP = ToolCall("call_2", "look_up_item", '{"search_query": "boots"}')
REFUND = ToolCall("call_3", "execute_refund", '{"item_id": "item_7", "reason": "too small"}')


class Clock:
    """Stamps events, each a while after the one before."""

    def __init__(self, run_id: str, now: float = NOON) -> None:
        self.run_id = run_id
        self.now = now

    def __call__(self, seconds: float = 0.0) -> Stamp:
        self.now += seconds
        return {"run_id": self.run_id, "at": self.now}


def answered(message: str = "Hello", reply: str = "Hi.", *, run: int = 1, at: float = NOON) -> list[RecordedEvent]:
    """A turn that a model answers at once."""
    clock = Clock(f"run_{run}", at)
    return [
        RunStarted(**clock(), message=message, agent="triage"),
        ModelAsked(**clock(), agent="triage", model="fast"),
        ModelResponded(**clock(0.4), message=AssistantMessage(reply)),
        RunFinished(**clock(), status="answered", used={"model_calls": 1, "seconds": 0.4}),
    ]


def refund() -> list[RecordedEvent]:
    """A turn in which nearly everything happens that can."""
    clock = Clock("run_1")
    edited = '{"item_id": "item_7", "reason": "does not fit"}'
    return [
        RunStarted(**clock(), message="I want a refund\nfor my boots", agent="triage"),
        ModelAsked(**clock(), agent="triage", model="fast"),
        ModelResponded(**clock(0.4), message=AssistantMessage(None, (_to("issues_and_repairs", "call_1"),))),
        HandedOff(**clock(), target="issues_and_repairs", answers=(ToolMessage("call_1", "Transferred."),)),
        ModelAsked(**clock(), agent="issues_and_repairs", model="careful"),
        FellBack(**clock(1), from_model="careful", to_model="fast", reason="model 'careful' answered 503"),
        ModelAsked(**clock(), agent="issues_and_repairs", model="fast"),
        ModelResponded(**clock(2.5), message=AssistantMessage("Let me **find** that.", (LOOK_UP, REFUND))),
        ApprovalRequested(**clock(), call_id="call_3"),
        ApprovalGiven(**clock(30), call_id="call_3", verdict="granted", by="person", arguments=edited),
        ToolStarted(**clock(), call_id="call_2", effects="read"),
        ToolStarted(**clock(), call_id="call_3"),
        ToolFinished(**clock(0.012), call_id="call_2", content="\n".join(f"item_{n}" for n in range(1, 13))),
        QuestionAsked(**clock(), call_id="call_3", question="To which account?"),
        QuestionAnswered(**clock(4), call_id="call_3", answer="The first."),
        ToolFinished(**clock(1), call_id="call_3", content="Error: the account is closed", error=True),
        HistoryTrimmed(**clock(), messages=2, tokens=400),
        ModelAsked(**clock(), agent="issues_and_repairs", model="fast"),
        ModelResponded(**clock(1), message=AssistantMessage("# Sorry\n\nIt is closed.")),
        RunFinished(
            **clock(),
            status="answered",
            used={"model_calls": 4, "handoffs": 1, "tool_calls": 2, "tokens": 1204, "seconds": 75.2},
        ),
    ]


def pending(*calls: ToolCall, run: int = 1) -> list[RecordedEvent]:
    """A turn that waits for a yes to these calls."""
    clock = Clock(f"run_{run}", NOON + 3600)
    wanted = calls or (REFUND,)
    return [
        RunStarted(**clock(), message="Refund it", agent="issues_and_repairs"),
        ModelAsked(**clock(), agent="issues_and_repairs", model="fast"),
        ModelResponded(**clock(0.4), message=AssistantMessage(None, wanted)),
        *(ApprovalRequested(**clock(), call_id=call.id) for call in wanted),
    ]


def broken_off() -> list[RecordedEvent]:
    """A turn that was resumed, and that a limit ended with two calls open."""
    clock = Clock("run_1")
    return [
        RunStarted(**clock(), message="Both", agent="triage"),
        ModelAsked(**clock(), agent="triage", model="fast"),
        ModelResponded(**clock(0.4), message=AssistantMessage(None, (LOOK_UP, _to("sales", "call_9")))),
        RunResumed(**clock(90_000)),
        RunFinished(
            **clock(),
            status="limit",
            detail="tool_calls: 1",
            answers=(ToolMessage("call_2", "Not executed: the run ended."), ToolMessage("call_9", "Not executed.")),
        ),
    ]


def keep(path: Path, session_id: str, events: Sequence[RecordedEvent], *, file: str = FILE, name: str = "") -> None:
    """Put a session into the store at this path."""

    async def kept() -> None:
        async with SqliteStore(path, clock=lambda: NOON) as store:
            await store.create(session_id, file=file, name=name or None)
            async with store.lock(session_id):
                await store.append(session_id, events)

    asyncio.run(kept())


def add(path: Path, session_id: str, events: Sequence[RecordedEvent]) -> None:
    """Let more happen in a session of the store at this path."""

    async def added() -> None:
        async with SqliteStore(path) as store, store.lock(session_id):
            await store.append(session_id, events)

    asyncio.run(added())


def kept_in(path: Path, session_id: str) -> list[RecordedEvent]:
    """The events of a session in the store at this path."""

    async def loaded() -> list[RecordedEvent]:
        async with SqliteStore(path) as store:
            return await store.events(session_id)

    return asyncio.run(loaded())


def _to(target: str, call_id: str) -> ToolCall:
    return ToolCall(call_id, f"transfer_to_{target}", "{}")
