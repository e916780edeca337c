"""What a request leaves out of a long conversation. Group 17."""

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.history import sent, to_leave_out, tokens_of
from orchestrator.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage

ASK, ANSWER = UserMessage("ask " * 40), AssistantMessage("answer " * 40)
CALLS = AssistantMessage(None, (ToolCall("1", "look", "{}"), ToolCall("2", "look", "{}")))
RESULTS = (ToolMessage("1", "seen " * 40), ToolMessage("2", "heard " * 40))


def test_a_short_conversation_is_sent_whole() -> None:
    messages = (ASK, ANSWER)
    assert to_leave_out(messages, 0, 0, 10_000) == 0
    assert sent(messages, 0, 0) == messages


def test_the_oldest_groups_go_first_and_no_more_of_them_than_needed() -> None:
    messages = (ASK, ANSWER, ASK, ANSWER, ASK)
    most = tokens_of(messages) - 1
    assert to_leave_out(messages, 0, 4, most) == 1
    assert sent(messages, 1, 4) == messages[1:]


def test_a_call_goes_together_with_its_answers() -> None:
    messages = (ASK, CALLS, *RESULTS, ANSWER, ASK)
    assert to_leave_out(messages, 0, 5, tokens_of(messages[2:])) == 4


def test_the_message_of_this_runs_user_is_never_left_out() -> None:
    messages = (ASK, ANSWER, UserMessage("the task"), CALLS, *RESULTS, CALLS, *RESULTS)
    left_out = to_leave_out(messages, 0, 2, 1)
    assert sent(messages, left_out, 2) == (UserMessage("the task"), CALLS, *RESULTS)


def test_the_last_group_is_sent_whatever_its_size() -> None:
    assert to_leave_out((UserMessage("x" * 9_999),), 0, 0, 1) == 0
    assert to_leave_out((ASK, CALLS, *RESULTS), 0, 0, 1) == 1


GROUPS = st.lists(st.sampled_from([(ASK,), (ANSWER,), (CALLS, *RESULTS)]), max_size=30)


@given(GROUPS, GROUPS, st.integers(1, 3_000))
def test_whatever_is_sent_holds_together(
    before: list[tuple[Message, ...]], after: list[tuple[Message, ...]], most: int
) -> None:
    old = [message for group in before for message in group]
    messages = (*old, UserMessage("the task"), *(message for group in after for message in group))
    left_out = to_leave_out(messages, 0, len(old), most)
    request = sent(messages, left_out, len(old))
    assert UserMessage("the task") in request
    called = {call.id for message in request if isinstance(message, AssistantMessage) for call in message.tool_calls}
    answered = {message.call_id for message in request if isinstance(message, ToolMessage)}
    assert called == answered
    assert to_leave_out(messages, left_out, len(old), most) == left_out
    last = after[-1] if after else (UserMessage("the task"),)
    assert tokens_of(request) <= max(most, tokens_of(last) + tokens_of([UserMessage("the task")]))
