"""When a model fails for good: the next one is asked, or the request is cut. Group 17."""

from orchestrator.agents import AgentGraph
from orchestrator.errors import ModelError
from orchestrator.events import Event, FellBack, HistoryTrimmed, ModelAsked, ModelRestarted, TextDelta
from orchestrator.history import tokens_of
from orchestrator.messages import AssistantMessage, UserMessage
from orchestrator.model import Model
from orchestrator.runner import Run
from tests.support.fakes import Session, agent, breaks, calls, graph, hangs, say, to

DOWN = ModelError("model 'fast' can't be reached", kind="unreachable")
TOO_LONG = ModelError("the context is too long", kind="context_length", status=400)
CAREFUL = Model("big-model", "careful")
LAST = Model("last-model", "last")
FAST = Model("small-model", "fast", fallback=(CAREFUL, LAST))


def look() -> str:
    return "seen"


def one(model: Model) -> AgentGraph:
    return graph(agent("a", look, model=model))


def asked(session: Session) -> list[str]:
    return [event.model for event in session.of(ModelAsked)]


async def test_group_17_the_next_model_gets_the_same_history() -> None:
    session = await Session(one(FAST), say("hello"), breaks(DOWN), say("hello again")).say()
    await session.say("and now?")
    assert session.status == "answered"
    assert asked(session) == ["fast", "fast", "careful"]
    [fell] = session.of(FellBack)
    assert (fell.from_model, fell.to_model, fell.reason) == ("fast", "careful", str(DOWN))
    assert session.model.requests[1].messages == session.model.requests[2].messages
    assert session.model.requests[2].model == CAREFUL


async def test_group_17_they_are_tried_in_order_and_when_all_have_failed_the_run_fails() -> None:
    again = ModelError("model 'last' is down, too", kind="unreachable")
    session = await Session(one(FAST), breaks(DOWN), breaks(DOWN), breaks(again)).say()
    assert asked(session) == ["fast", "careful", "last"]
    assert (session.status, session.state.detail) == ("failed", str(again))


async def test_group_17_the_run_stays_with_the_one_that_answers_and_the_next_turn_begins_with_the_first() -> None:
    session = await Session(one(FAST), breaks(DOWN), calls("look"), say("done"), say("hello")).say()
    assert asked(session) == ["fast", "careful", "careful"]
    await session.say("again")
    assert asked(session)[-1] == "fast"


async def test_group_17_a_fallback_has_no_fallback_of_its_own() -> None:
    chained = Model("m", "fast", fallback=(Model("n", "careful", fallback=(LAST,)),))
    session = await Session(one(chained), breaks(DOWN), breaks(DOWN)).say()
    assert (asked(session), session.status) == (["fast", "careful"], "failed")


async def test_group_17_another_agent_does_not_ask_a_model_that_has_failed_in_this_run() -> None:
    pair = graph(agent("a", hands=["b"], model=FAST), agent("b", model=FAST))
    session = await Session(pair, breaks(DOWN), calls(to("b")), say("b speaks")).say()
    assert asked(session) == ["fast", "careful", "careful"]


async def test_group_17_an_agent_whose_only_model_has_failed_asks_it_all_the_same() -> None:
    alone = Model("small-model", "fast")
    pair = graph(agent("a", hands=["b"], model=FAST), agent("b", model=alone))
    session = await Session(pair, breaks(DOWN), calls(to("b")), say("it is back")).say()
    assert (asked(session), session.status) == (["fast", "careful", "fast"], "answered")


async def test_text_that_was_shown_is_void_before_the_next_model_speaks() -> None:
    session = await Session(one(FAST), breaks(DOWN, "I am sure that"), say("hello")).say()
    shown = [event for event in session.events if isinstance(event, TextDelta | ModelRestarted)]
    assert shown == [
        TextDelta(text="I am sure that"),
        ModelRestarted(model="careful", reason=str(DOWN)),
        TextDelta(text="hello"),
    ]
    assert session.state.messages == (UserMessage("hi"), AssistantMessage("hello"))


async def test_text_that_is_void_is_not_kept_when_the_next_reply_is_cancelled() -> None:
    session = Session(one(FAST), breaks(DOWN, "I am sure"), hangs("well"))

    def watch(event: Event, run: Run) -> None:
        if event == TextDelta(text="well"):
            run.cancel()

    await session.say(watch=watch)
    assert session.state.messages == (UserMessage("hi"), AssistantMessage("well"))


async def test_a_run_that_was_killed_after_the_fall_goes_on_with_the_next_model() -> None:
    session = await Session(one(FAST), breaks(DOWN), say("hello")).say()
    until = next(index for index, event in enumerate(session.log) if isinstance(event, FellBack))
    later = await Session.reload(one(FAST), session.log[: until + 1], say("hello")).resume()
    assert asked(later) == ["fast", "careful"]


async def test_a_replay_that_has_left_its_cassette_asks_no_other_model() -> None:
    gone = ModelError("a.jsonl has no reply to this request", kind="unrecorded")
    session = await Session(one(FAST), breaks(gone)).say()
    assert (session.status, session.state.detail) == ("failed", str(gone))


# ---- long conversations


def bounded(tokens: int) -> Model:
    return Model("m", "fast", history=tokens)


async def test_group_17_the_oldest_are_left_out_and_the_session_stays_whole() -> None:
    long = "word " * 100
    session = await Session(one(bounded(300)), say(long), say(long), say(long)).say(long)
    await session.say(long)
    await session.say("the last")
    request = session.model.requests[-1].messages
    assert tokens_of(request) <= 300
    assert request[-1] == UserMessage("the last")
    assert len(session.state.messages) == 6
    assert [event.reason for event in session.of(HistoryTrimmed)] == ["max_tokens"] * len(session.of(HistoryTrimmed))
    assert session.of(HistoryTrimmed)[-1].messages == len(session.state.messages) - 1 - len(request)


async def test_group_17_without_a_bound_everything_is_sent() -> None:
    session = await Session(one(Model("m", "fast")), say("x" * 9_999), say("y")).say("z" * 9_999)
    await session.say("on")
    assert (len(session.model.requests[-1].messages), session.of(HistoryTrimmed)) == (3, [])


async def test_group_17_a_context_that_is_too_long_is_cut_once_and_asked_again() -> None:
    session = await Session(one(bounded(100_000)), say("x" * 999), breaks(TOO_LONG), say("done")).say("y" * 999)
    await session.say("on")
    [trimmed] = session.of(HistoryTrimmed)
    assert (session.status, trimmed.reason) == ("answered", "context_length")
    assert session.model.requests[-1].messages == (UserMessage("on"),)


async def test_group_17_a_context_that_is_still_too_long_has_a_status_of_its_own() -> None:
    session = Session(one(bounded(99_999)), *[say("x" * 999)] * 5, breaks(TOO_LONG), breaks(TOO_LONG))
    for _ in range(5):
        await session.say("y" * 999)
    await session.say("on")
    assert (session.status, session.state.detail) == ("context_length", str(TOO_LONG))
    assert len(session.model.requests[-1].messages) > 3  # it could be cut again, but is cut once


async def test_group_17_without_a_history_that_may_be_cut_the_status_is_context_length() -> None:
    session = await Session(one(Model("m", "fast")), breaks(TOO_LONG)).say()
    assert session.status == "context_length"


async def test_group_17_a_model_with_a_longer_context_is_a_fallback() -> None:
    session = await Session(one(FAST), breaks(TOO_LONG), say("it fits")).say()
    assert (session.status, asked(session)) == ("answered", ["fast", "careful"])
