"""What is said of calls that were cut short: when a run is closed, when it goes on, and in a fork of it.

Everything here is pure: a state in, the events out that say what became of its open calls.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from orchestrator.events import RecordedEvent, RunFinished, RunResumed, Status, ToolFinished
from orchestrator.messages import ToolMessage
from orchestrator.state import NOT_EXECUTED, Open, Slot, State, apply, told
from orchestrator.tools import Effects

NOT_KNOWN = "Interrupted: it is not known whether this took effect. Check before you do it again."


def settle(state: State, status: Status, *, at: float, detail: str = "") -> list[RecordedEvent]:
    """The events that close a run, whatever it was doing: each open call is answered. Empty when none is under way."""
    if not state.running:
        return []
    answers = _closing_answers(state.open, status, detail) if state.open else ()
    finished = RunFinished(run_id=state.run_id, at=at, status=status, answers=answers, detail=detail)
    return [replace(finished, used=apply(state, finished).counters.used())]


def resumed(
    state: State, *, at: float, variables: Mapping[str, object] | None = None, config_digest: str = ""
) -> list[RecordedEvent]:
    """The events with which an unfinished run goes on: ``once`` calls that had started do not run again."""
    begun = RunResumed(run_id=state.run_id, at=at, variables=variables or {}, config_digest=config_digest)
    return [begun, *_not_known(state, {"once"}, at)]


def forked(state: State, *, at: float) -> list[RecordedEvent]:
    """The events to put at the end of a fork that was cut inside a run. Empty when there is nothing to say.

    A fork is a session of its own, so its calls have other idempotency keys: a ``keyed`` call that had started would be
    done twice, as a ``once`` one would. Neither runs again. A ``read`` one does, when the fork is resumed.
    """
    lost = _not_known(state, {"once", "keyed"}, at) if state.running else []
    # the time since the cut is nobody's work, and must not count
    return [RunResumed(run_id=state.run_id, at=at), *lost] if lost else []


def _not_known(state: State, effects: Collection[Effects], at: float) -> list[RecordedEvent]:
    return [
        ToolFinished(run_id=state.run_id, at=at, call_id=slot.call.id, content=NOT_KNOWN, error=True)
        for slot in (state.open.slots if state.open else ())
        if slot.started in effects and slot.result is None
    ]


def _closing_answers(opened: Open, status: Status, detail: str) -> tuple[ToolMessage, ...]:
    reason = f"the run ended ({status}{': ' + detail if detail and status != 'ended' else ''})"
    return tuple(
        ToolMessage(slot.call.id, told(slot, _closing_answer(slot, reason)))
        for slot in opened.slots
        if not slot.answered
    )


def _closing_answer(slot: Slot, reason: str) -> str:
    if slot.result is not None and slot.result.end:
        return slot.result.content or "Ended."
    if slot.result is not None:
        said = f"{slot.result.content}\n" if slot.result.content else ""
        return f"{said}The tool ran, but the conversation was not handed over: {reason}."
    if slot.started in {"once", "keyed"}:
        return NOT_KNOWN
    return NOT_EXECUTED.format(reason=reason)
