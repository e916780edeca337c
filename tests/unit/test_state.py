"""The fold: ``apply``, ``fold`` and ``settle`` on bare events. Named after the rules and conformance groups."""

from typing import Any

import pytest

from orchestrator.closing import NOT_KNOWN, forked, settle
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
    Status,
    ToolFinished,
    ToolStarted,
    from_json,
    to_json,
)
from orchestrator.messages import AssistantMessage, ToolCall, ToolMessage, Usage, UserMessage
from orchestrator.state import State, apply, fold, variables_now
from tests.support.fakes import check_transcript, recorded
from tests.support.worlds import World

RUN: Any = {"run_id": "run_1", "at": 0.0}
START = RunStarted(**RUN, message="hi", agent="a", variables={"x": 1})


def asked(at: float = 0.0) -> ModelAsked:
    return ModelAsked(run_id="run_1", at=at, agent="a", model="m")


def replied(*ids: str, text: str | None = None, **more: Any) -> ModelResponded:
    wanted = tuple(ToolCall(identity, f"tool_{identity}", "{}") for identity in ids)
    return ModelResponded(**{**RUN, **more}, message=AssistantMessage(text, wanted))


def done(identity: str, content: str = "ok", **more: Any) -> ToolFinished:
    return ToolFinished(**RUN, call_id=identity, content=content, **more)


def began(identity: str, **more: Any) -> ToolStarted:
    return ToolStarted(**RUN, call_id=identity, **more)


def after(*events: RecordedEvent) -> State:
    return fold("s", [START, asked(), *events])


def test_rule_01_messages_hold_complete_groups_only() -> None:
    half = after(replied("1", "2", text="so"), done("2"))
    assert half.messages == (UserMessage("hi"),)
    whole = apply(half, done("1", "first"))
    assert [type(message) for message in whole.messages[1:]] == [AssistantMessage, ToolMessage, ToolMessage]
    assert [getattr(message, "content", None) for message in whole.messages[1:]] == ["so", "first", "ok"]
    assert whole.open is None


@pytest.mark.parametrize("how", [{"handoff": "b"}, {"end": True}])
def test_rule_01_a_handoff_or_an_end_fills_its_slot_and_does_not_answer_it(how: Any) -> None:
    state = after(replied("1", "2"), done("1"), done("2", "text", **how))
    assert state.open is not None
    assert state.messages == (UserMessage("hi"),)


def test_rule_01_the_move_answers_and_moves_at_once() -> None:
    state = after(replied("1", "2"), done("1"), done("2", "", handoff="b"))
    moved = apply(state, HandedOff(**RUN, target="b", answers=(ToolMessage("2", "moved"),)))
    assert moved.agent == "b"
    assert moved.messages[-1] == ToolMessage("2", "moved")
    assert (moved.open, moved.fresh, moved.finish) == (None, True, None)


def test_rule_01_variables_merge_in_call_order_when_the_group_closes() -> None:
    half = after(replied("1", "2"), done("2", variables={"x": 2, "y": 2}))
    assert half.variables == {"x": 1}
    assert variables_now(half) == {"x": 2, "y": 2}
    whole = apply(half, done("1", variables={"x": 3}))
    assert whole.variables == {"x": 2, "y": 2}


def test_rule_04_edited_arguments_replace_the_calls() -> None:
    given = ApprovalGiven(**RUN, call_id="1", verdict="granted", by="person", arguments='{"a": 1}')
    state = after(replied("1"), ApprovalRequested(**RUN, call_id="1"), given, done("1"))
    reply = state.messages[1]
    assert isinstance(reply, AssistantMessage)
    assert reply.tool_calls[0].arguments == '{"a": 1}'


def test_rule_13_seconds_leave_out_the_waiting_for_a_person() -> None:
    times: list[tuple[type[Any], dict[str, Any], bool]] = [
        (ModelAsked, {"agent": "a", "model": "m"}, True),
        (ModelResponded, {"message": AssistantMessage(None, (ToolCall("1", "t", "{}"),))}, True),
        (ApprovalRequested, {"call_id": "1"}, True),
        (ApprovalGiven, {"call_id": "1", "verdict": "granted", "by": "person"}, False),
        (ToolStarted, {"call_id": "1"}, True),
        (QuestionAsked, {"call_id": "1", "question": "?"}, True),
        (QuestionAnswered, {"call_id": "1", "answer": "!"}, False),
        (RunResumed, {}, False),
        (ToolFinished, {"call_id": "1", "content": "x"}, True),
    ]
    state, counted = fold("s", [START]), 0
    for step, (kind, fields, counts) in enumerate(times, 1):
        state = apply(state, kind(run_id="run_1", at=10.0 * step, **fields))
        counted += counts
        assert state.counters.seconds == 10 * counted, kind


def test_rule_13_a_clock_that_goes_back_does_not_count() -> None:
    assert fold("s", [RunStarted(run_id="r", at=100, message="", agent="a"), asked(50)]).counters.seconds == 0


def test_rule_19_a_call_that_starts_again_counts_once() -> None:
    state = after(replied("1", "2"), began("1"), RunResumed(**RUN), began("1"), began("2"))
    assert state.counters.tool_calls == 2


def test_rule_20_the_same_result_is_counted_in_call_order() -> None:
    same: list[RecordedEvent] = [replied("1"), done("1")]
    assert after(*same).counters.same.times == 1
    again = ModelResponded(**RUN, message=AssistantMessage(None, (ToolCall("2", "tool_1", "{}"),)))
    assert after(*same, again, done("2")).counters.same.times == 2
    assert after(*same, again, done("2", "else")).counters.same.times == 1


def test_rule_23_an_empty_reply_leaves_no_message_and_is_not_the_first() -> None:
    state = after(replied())
    assert (state.messages, state.counters.empty, state.fresh) == ((UserMessage("hi"),), 1, True)
    state = apply(state, replied(text="hello"))
    assert (state.counters.empty, state.fresh) == (0, False)


def test_rule_03_the_next_run_keeps_what_is_the_sessions() -> None:
    state = after(replied(text="hello", usage=Usage(5, 2)), RunFinished(**RUN, status="answered"))
    later = apply(state, RunStarted(run_id="run_2", at=9, message="more", agent="a", variables={"y": 2}))
    assert later.variables == {"x": 1, "y": 2}
    assert later.usage == Usage(5, 2)
    assert (later.runs, later.status, later.counters.model_calls, later.counters.tokens) == (2, None, 0, 0)


STATUSES: list[Status] = ["cancelled", "interrupted", "limit", "failed"]


@pytest.mark.parametrize("status", STATUSES)
async def test_group_03_settle_closes_every_prefix(status: Status) -> None:
    log = (await World().session().say()).log
    for cut in range(1, len(log)):
        state = fold("session", log[:cut])
        for event in settle(state, status, at=2000.0):
            state = apply(state, event)
        check_transcript(state.messages)
        assert (state.status, state.open) == (status, None)
        assert settle(state, status, at=2000.0) == []


def test_group_03_settle_before_the_first_run_and_after_the_last_does_nothing() -> None:
    assert settle(State("s"), "interrupted", at=1) == []


def test_rule_11_settle_says_what_is_not_known() -> None:
    state = after(replied("1", "2", "3"), began("1"), began("2", effects="read"))
    [event] = settle(state, "interrupted", at=1)
    assert isinstance(event, RunFinished)
    assert [answer.content for answer in event.answers] == [
        NOT_KNOWN,
        "Not executed: the run ended (interrupted).",
        "Not executed: the run ended (interrupted).",
    ]


def test_group_33_a_fork_inside_a_run_says_what_is_not_known() -> None:
    """Its calls have other idempotency keys: ``keyed`` ones must not run in it either."""
    state = after(replied(*"12345"), began("1"), began("2", effects="keyed"), began("3", effects="read"), began("4"))
    state = apply(state, done("4"))
    events = forked(state, at=50_000.0)
    assert [event.type for event in events] == ["run_resumed", "tool_finished", "tool_finished"]
    for event in events:
        state = apply(state, event)
    assert state.open is not None
    assert [slot.result.content if slot.result else None for slot in state.open.slots] == [
        *(NOT_KNOWN, NOT_KNOWN, None, "ok", None)
    ]
    assert all(slot.result.error for slot in state.open.slots[:2] if slot.result)
    assert (state.running, state.counters.seconds) == (True, 0)
    assert forked(state, at=50_001.0) == []


async def test_group_33_a_fork_where_nothing_had_started_has_nothing_to_say() -> None:
    assert forked(State("s"), at=1) == []
    assert forked(after(replied("1"), began("1", effects="read")), at=1) == []
    log = (await World().session().say()).log
    assert forked(fold("session", log), at=1) == []


async def test_group_33_every_fork_goes_on_from_there_with_a_valid_transcript() -> None:
    log = (await World().session().say()).log
    for cut in range(1, len(log)):
        state = fold("fork", log[:cut])
        for event in forked(state, at=2000.0):
            state = apply(state, event)
        for event in settle(state, "interrupted", at=2000.0):
            state = apply(state, event)
        check_transcript(state.messages)


async def test_group_03_the_fold_of_stored_events_is_the_same_at_every_prefix() -> None:
    log = (await World().session().say()).log
    stored = recorded(from_json(to_json(event)) for event in log)
    for cut in range(len(log) + 1):
        assert fold("session", stored[:cut]) == fold("session", log[:cut])


async def test_group_03_the_transcript_is_valid_at_every_prefix() -> None:
    state = State("session")
    for event in (await World().session().say()).log:
        state = apply(state, event)
        check_transcript(state.messages)


def test_group_03_events_of_another_session_are_refused() -> None:
    with pytest.raises(ValueError, match="no call '9' is open in session 's'"):
        after(replied("1"), done("9"))
