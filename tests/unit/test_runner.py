"""The loop at work: waves, time-outs, questions, failures, limits of time, and going on after a crash."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from orchestrator.agents import Edge
from orchestrator.closing import NOT_KNOWN
from orchestrator.errors import ModelError, NobodyToAsk, VariableError
from orchestrator.events import (
    Event,
    HandedOff,
    ModelResponded,
    QuestionAnswered,
    QuestionAsked,
    RunFinished,
    TextDelta,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    to_json,
)
from orchestrator.messages import AssistantMessage
from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse
from orchestrator.runner import Question, Runner
from orchestrator.tools import Handoff, ToolContext
from tests.support.fakes import (
    HANG,
    FakeClock,
    FakeModel,
    FakePerson,
    Session,
    Turn,
    agent,
    breaks,
    call,
    calls,
    check_transcript,
    graph,
    hangs,
    say,
    to,
    tool_of,
)
from tests.support.worlds import World, finished, lost


def look() -> str:
    return "seen"


async def wait(seconds: float, label: str) -> str:
    await asyncio.sleep(seconds)
    return label


def waits(seconds: float, label: str) -> Any:
    return call("wait", {"seconds": seconds, "label": label})


# ---- groups 13 and 14: tools beside each other


async def test_group_13_a_synchronous_tool_does_not_block_the_loop() -> None:
    opened = threading.Event()

    def blocked() -> str:
        return "opened" if opened.wait(1) else "nobody came"

    async def opener() -> str:
        opened.set()
        return "open"

    session = await Session(graph(agent("a", blocked, opener)), calls("blocked", "opener"), say("done")).say()
    assert session.answers() == ["opened", "open"]


@pytest.mark.parametrize("asynchronous", [True, False])
async def test_group_13_a_tool_that_hangs_times_out_and_its_late_result_is_dropped(asynchronous: bool) -> None:
    release, ended = threading.Event(), threading.Event()

    def stuck() -> str:
        release.wait(1)
        ended.set()
        return "late"

    async def astuck() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.set()
        return "late"

    def free() -> str:
        """Let the late result come while this call is under way."""
        release.set()
        assert ended.wait(1)
        time.sleep(0.02)
        return "free"

    tool = tool_of(astuck if asynchronous else stuck, name="stuck", timeout=0.02)
    session = await Session(graph(agent("a", tool, free)), calls("stuck"), calls("free"), say("done")).say()
    assert session.answers()[0].startswith("Error: timed out")
    assert session.answers()[1] == "free"


async def test_group_13_what_a_time_out_says() -> None:
    agents = graph(agent("a", wait), tool_seconds=0.02)
    session = await Session(agents, calls(waits(5, "x")), say("done")).say()
    assert session.answers() == ["Error: timed out after 0.02 s; it is not known whether it took effect"]
    assert session.of(ToolFinished)[0].error


async def test_group_13_a_tools_own_time_out_beats_the_limit() -> None:
    agents = graph(agent("a", tool_of(wait, timeout=1)), tool_seconds=0.01)
    session = await Session(agents, calls(waits(0.05, "x")), say("done")).say()
    assert session.answers() == ["x"]


async def test_group_14_events_as_they_finish_and_the_transcript_in_call_order() -> None:
    wanted = [waits(0.06, "slow"), waits(0.03, "middle"), waits(0, "quick")]
    session = await Session(graph(agent("a", wait)), calls(*wanted), say("done")).say()
    assert session.finished() == ["quick", "middle", "slow"]
    assert session.answers() == ["slow", "middle", "quick"]


async def test_group_14_one_fails_and_the_others_stand() -> None:
    def fail() -> str:
        raise ValueError("no such order")

    session = await Session(graph(agent("a", look, fail)), calls("look", "fail", "look"), say("done")).say()
    assert session.answers() == ["seen", "Error: ValueError: no such order", "seen"]


@pytest.mark.parametrize("cap", [1, 2, 5])
async def test_group_14_a_cap_on_how_many_run_at_once(cap: int) -> None:
    under_way, most = 0, 0

    async def busy() -> str:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.005)
        under_way -= 1
        return "ok"

    agents = graph(agent("a", busy), parallel_tools=cap, repeats=99)
    session = await Session(agents, calls(*["busy"] * 7), say("done")).say()
    assert most == cap
    assert session.answers() == ["ok"] * 7


async def test_group_14_a_sequential_tool_is_a_barrier() -> None:
    trace: list[str] = []

    async def step(label: str) -> str:
        trace.append(f"+{label}")
        await asyncio.sleep(0.005)
        trace.append(f"-{label}")
        return label

    agents = graph(agent("a", step, tool_of(step, name="alone", sequential=True)))
    one, two = call("step", {"label": "1"}), call("step", {"label": "2"})
    three, four = call("alone", {"label": "3"}), call("step", {"label": "4"})
    await Session(agents, calls(one, two, three, four), say("done")).say()
    assert sorted(trace[:2]) == ["+1", "+2"]
    assert trace[4:] == ["+3", "-3", "+4", "-4"]


async def test_group_14_variables_of_two_tools_merge_in_call_order() -> None:
    async def put(value: str, seconds: float, context: ToolContext) -> str:
        await asyncio.sleep(seconds)
        context.set("x", value)
        return value

    agents = graph(agent("a", put), variables={"x": "start"})
    wanted = [call("put", {"value": "first", "seconds": 0.03}), call("put", {"value": "second", "seconds": 0})]
    session = await Session(agents, calls(*wanted), say("done")).say()
    assert session.finished() == ["second", "first"]
    assert session.state.variables == {"x": "second"}


async def test_rule_08_progress_is_shown_and_never_stored() -> None:
    def works(context: ToolContext) -> str:
        context.emit("half")
        return "done"

    session = await Session(graph(agent("a", works)), calls("works"), say("done")).say()
    assert session.of(ToolProgress) == [ToolProgress(call_id=session.call_ids()[0], text="half")]


async def test_group_14_a_result_that_is_too_long_is_cut() -> None:
    agents = graph(agent("a", tool_of(lambda: "x" * 100, name="long")), result_chars=10)
    session = await Session(agents, calls("long"), say("done")).say()
    assert session.answers() == ["x" * 10 + "\n[cut: 90 of 100 characters left out]"]


# ---- variables


async def test_rule_01_a_tool_cannot_change_the_state_behind_its_events() -> None:
    """A list in a variable is the session's: changing it in place is not setting it."""

    def sneak(context: ToolContext) -> str:
        cart: Any = context.variables["cart"]
        cart.append("bomb")
        return "ok"

    agents = graph(agent("a", sneak), variables={"cart": []})
    session = await Session(agents, calls("sneak"), say("done")).say()
    assert session.state.variables == {"cart": []}
    assert agents.variables["cart"].default == []


async def test_rule_01_a_value_that_was_set_is_set_as_it_was_then() -> None:
    kept: list[str] = []

    def fill(context: ToolContext) -> str:
        kept.append("x")
        context.set("cart", kept)
        return str(len(kept))

    agents = graph(agent("a", fill), variables={"cart": []})
    session = await Session(agents, calls("fill"), calls("fill"), say("done")).say()
    assert [event.variables for event in session.of(ToolFinished)] == [{"cart": ["x"]}, {"cart": ["x", "x"]}]


@pytest.mark.parametrize("value", [["a", ("b",)], [float("nan")], [{1, 2}], [{1: "x"}]])
async def test_rule_01_a_value_that_no_store_gives_back_is_refused(value: Any) -> None:
    def fill(context: ToolContext) -> str:
        context.set("cart", value)
        return "filled"

    session = Session(graph(agent("a", fill), variables={"cart": []}), calls("fill"), say("done"))
    await session.say()
    assert session.status == "answered"


async def test_group_12_lone_surrogates_can_be_stored() -> None:
    session = await Session(graph(agent("a", tool_of(lambda: "\ud800", name="odd"))), calls("odd"), say("ok")).say()
    assert [to_json(event) for event in session.log]


async def test_group_21a_variables_are_checked_when_a_turn_sets_them() -> None:
    session = Session(graph(agent("a"), variables={"name": "x"}), say("done"))
    with pytest.raises(VariableError, match="of type string"):
        session.begin(variables={"name": 5})
    with pytest.raises(VariableError, match="no variable named 'nam'"):
        session.begin(variables={"nam": "x"})


# ---- questions


def curious(context: ToolContext) -> str:
    return f"I am {context.ask('Who?')}"


async def acurious(context: ToolContext) -> str:
    return f"I am {await context.ask_async('Who?')}"


@pytest.mark.parametrize("tool", [curious, acurious])
async def test_rule_13_a_tools_deadline_stands_still_while_it_asks(tool: Any) -> None:
    class Slow(FakePerson):
        async def ask(self, question: Question) -> str | None:
            await asyncio.sleep(0.15)
            return "Ada"

    agents = graph(agent("a", tool_of(tool, name="curious", timeout=0.1)))
    session = await Session(agents, calls("curious"), say("done"), person=Slow()).say()
    assert session.answers() == ["I am Ada"]
    assert [event.answer for event in session.of(QuestionAnswered)] == ["Ada"]


async def test_rule_13_a_tools_deadline_stands_still_until_its_last_question_is_answered() -> None:
    class Slow(FakePerson):
        async def ask(self, question: Question) -> str | None:
            await asyncio.sleep(0.1)
            return question.text

    async def both(context: ToolContext) -> str:
        return "".join(await asyncio.gather(context.ask_async("1"), context.ask_async("2")))

    agents = graph(agent("a", tool_of(both, timeout=0.05)))
    session = await Session(agents, calls("both"), say("done"), person=Slow()).say()
    assert session.answers() == ["12"]


async def test_rule_17_others_run_on_while_a_tool_asks() -> None:
    ran = asyncio.Event()

    class Waits(FakePerson):
        async def ask(self, question: Question) -> str | None:
            await asyncio.wait_for(ran.wait(), 1)
            return "Ada"

    async def other() -> str:
        await asyncio.sleep(0.01)
        ran.set()
        return "ran"

    session = Session(graph(agent("a", curious, other)), calls("curious", "other"), say("done"), person=Waits())
    await session.say()
    assert session.answers() == ["I am Ada", "ran"]


async def test_rule_17_questions_are_put_one_at_a_time() -> None:
    busy = 0

    class One(FakePerson):
        async def ask(self, question: Question) -> str | None:
            nonlocal busy
            busy += 1
            assert busy == 1
            await asyncio.sleep(0.005)
            busy -= 1
            return "Ada"

    session = Session(graph(agent("a", curious)), calls(*["curious"] * 3), say("done"), person=One())
    await session.say()
    assert session.answers() == ["I am Ada"] * 3
    assert len(session.of(QuestionAsked)) == len(session.of(QuestionAnswered)) == 3


@pytest.mark.parametrize("tool", [curious, acurious])
async def test_group_34_with_nobody_there_a_question_is_an_error(tool: Any) -> None:
    agents = graph(agent("a", tool_of(tool, name="curious")))
    session = await Session(agents, calls("curious"), say("done")).say()
    assert session.answers() == ["Error: NobodyToAsk: there is no person to ask"]


@pytest.mark.parametrize("error", [NobodyToAsk("gone"), EOFError("end"), asyncio.CancelledError()])
async def test_group_34_an_exception_in_the_person_is_the_tools_to_handle(error: BaseException) -> None:
    async with asyncio.timeout(2):
        person = FakePerson(answers=[error])
        session = await Session(graph(agent("a", curious)), calls("curious"), say("done"), person=person).say()
    assert session.answers()[0].startswith("Error: ")


async def test_rule_08_a_question_that_nobody_waits_for_holds_nothing_up() -> None:
    """The tool gives up on the person, who is away: the run goes on."""

    async def impatient(context: ToolContext) -> str:
        try:
            return await asyncio.wait_for(context.ask_async("Who?"), 0.02)
        except TimeoutError:
            return "gave up"

    person = FakePerson(answers=[HANG])
    async with asyncio.timeout(1):
        session = await Session(graph(agent("a", impatient)), calls("impatient"), say("done"), person=person).say()
    assert session.answers() == ["gave up"]


async def test_rule_17_a_pause_in_a_question_keeps_what_the_others_did() -> None:
    person = FakePerson(answers=[None])
    agents = graph(agent("a", curious, look, tool_of(curious, name="again", effects="keyed")))
    session = await Session(agents, calls("look", "again"), person=person).say()
    assert session.status is None
    later = Session.reload(agents, session.log, say("done"), person=FakePerson(answers=["Ada"]))
    await later.resume()
    assert later.answers() == ["seen", "I am Ada"]


async def test_rule_17_a_pause_lets_calls_under_way_finish() -> None:
    person = FakePerson(answers=[None])
    agents = graph(agent("a", wait, tool_of(curious, effects="keyed")))
    session = await Session(agents, calls(waits(0.05, "paid"), "curious"), person=person).say()
    later = Session.reload(agents, session.log, say("done"), person=FakePerson(answers=["Ada"]))
    await later.resume()
    assert later.answers() == ["paid", "I am Ada"]


# ---- failures


async def test_rule_25_a_model_error_fails_the_run_and_the_session_goes_on() -> None:
    session = Session(graph(agent("a")), breaks(ModelError("no key")), say("done"))
    await session.say()
    assert (session.status, session.state.detail) == ("failed", "no key")
    await session.say("again")
    assert session.status == "answered"


async def test_rule_10_a_failure_keeps_the_text_that_was_shown() -> None:
    session = await Session(graph(agent("a")), breaks(ModelError("broke off"), "Hel", "lo")).say()
    assert session.state.messages[-1] == AssistantMessage("Hello")
    assert session.status == "failed"


# ---- limits.seconds


async def test_rule_13_seconds_end_a_model_call_that_hangs() -> None:
    agents = graph(agent("a"), seconds=0.05)
    model = FakeModel([hangs("Hel", "lo")])
    state = await Runner(agents, model).run("hi")
    assert (state.status, state.detail) == ("limit", "seconds: 0.05")
    assert state.messages[-1] == AssistantMessage("Hello")


async def test_rule_13_seconds_end_a_tool_that_hangs() -> None:
    state = await Runner(graph(agent("a", wait), seconds=0.05), FakeModel([calls(waits(9, "x"))])).run("hi")
    assert state.status == "limit"
    check_transcript(state.messages)


async def test_rule_13_seconds_are_judged_before_each_model_call() -> None:
    agents = graph(agent("a", look), seconds=10)
    session = await Session(agents, calls("look", seconds=9), calls("look", seconds=1), say("never")).say()
    assert (session.status, session.state.detail) == ("limit", "seconds: 10")
    assert session.state.counters.seconds == 10


@pytest.mark.parametrize("tool", [curious, acurious])
async def test_rule_13_waiting_for_an_answer_is_not_counted(tool: Any) -> None:
    clock = FakeClock()
    person = FakePerson(answers=["Ada"], clock=clock, seconds=30_000)
    agents = graph(agent("a", tool_of(tool, name="curious")), seconds=10)
    script = [calls("curious", seconds=2), say("done", seconds=3)]
    session = await Session(agents, *script, person=person, clock=clock).say()
    assert (session.status, session.state.counters.seconds) == ("answered", 5)


async def test_rule_13_used_tells_the_time_up_to_the_end() -> None:
    clock = FakeClock()

    async def slow() -> str:
        clock.advance(7)
        run.cancel()
        await asyncio.Event().wait()
        return "never"

    session = Session(graph(agent("a", slow)), calls("slow", seconds=2), clock=clock)
    run = session.begin()
    events = [event async for event in run]
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert last.used == run.state.counters.used()
    assert last.used["seconds"] == 9


# ---- going on: every prefix


async def test_rule_11_resume_from_every_prefix() -> None:
    world = World()
    session = await world.session().say()
    assert session.status == "answered"
    for cut in range(1, len(session.log)):
        log = session.log[:cut]
        again = await world.reload(log).resume()
        assert not set(world.ran) & finished(log), cut
        assert not set(world.ran) & lost(log), cut
        answers = dict(zip(again.call_ids(), again.answers(), strict=True))
        assert all(answers[one] == NOT_KNOWN for one in lost(log)), cut
        assert again.status == "answered", cut
        if not lost(log):
            assert again.state.messages == session.state.messages, cut
            same = ("agent", "variables", "callers", "always", "call_ids", "usage", "detail")
            assert all(getattr(again.state, name) == getattr(session.state, name) for name in same), cut


async def test_rule_11_resume_twice_from_every_prefix() -> None:
    """Killed, resumed, and killed again two events later."""
    world = World()
    session = await world.session().say()
    for cut in range(1, len(session.log) - 2):
        first = await world.reload(session.log[:cut]).resume()
        again = await world.reload(first.log[: cut + 3]).resume()
        assert again.status == "answered", cut


async def test_rule_11_a_new_message_at_every_prefix_settles_first() -> None:
    world = World()
    session = await world.session().say()
    for cut in range(1, len(session.log)):
        log = session.log[:cut]
        again = await world.reload(log, say("hello again")).say("are you there?")
        assert [event.status for event in again.of(RunFinished)] == ["interrupted", "answered"], cut
        assert not world.ran, cut
        answers = dict(zip(again.call_ids(), again.answers(), strict=True))
        assert all(answers[one] == NOT_KNOWN for one in lost(log)), cut


async def test_rule_26_the_rich_run_reaches_what_it_should() -> None:
    session = await World().session().say()
    reached = {event.type for event in session.events}
    expected = {"question_asked", "question_answered", "approval_requested", "approval_given", "handed_off"}
    assert expected | {"tool_announced", "text_delta", "tool_started", "tool_finished"} <= reached
    assert len(session.of(ToolStarted)) >= 12
    assert len(session.of(HandedOff)) == 3


async def test_rule_19_a_rerun_after_a_crash_counts_once_and_counters_survive() -> None:
    agents = graph(agent("a", tool_of(look, effects="read")), tool_calls=1, model_calls=2)
    session = await Session(agents, calls("look"), say("done")).say()
    log = session.log[: session.types().index("tool_started") + 1]
    again = await Session.reload(agents, log, say("done")).resume()
    assert again.status == "answered"
    assert (again.state.counters.tool_calls, again.state.counters.model_calls) == (1, 2)


async def test_rule_11_the_idempotency_key_is_the_same_again() -> None:
    keys: list[str] = []

    def keyed(context: ToolContext) -> str:
        keys.append(context.idempotency_key)
        return "ok"

    agents = graph(agent("a", tool_of(keyed, effects="keyed")))
    session = await Session(agents, calls("keyed"), say("done")).say()
    await Session.reload(agents, session.log[: session.types().index("tool_started") + 1], say("done")).resume()
    assert keys == ["session:run_1:call_1"] * 2


async def test_group_33_a_tool_that_is_gone_when_the_run_is_resumed() -> None:
    before = graph(agent("a", tool_of(look, effects="read")))
    session = await Session(before, calls("look"), say("done")).say()
    log = session.log[: session.types().index("tool_started") + 1]
    later = await Session.reload(graph(agent("a")), log, say("done")).resume()
    assert later.answers()[0].startswith("Error: there is no tool 'look'")


async def test_group_33_a_handoff_that_is_gone_when_the_run_is_resumed() -> None:
    def go() -> Handoff:
        return Handoff("b")

    before = graph(agent("a", go, hands=["b"]), agent("b"))
    session = await Session(before, calls("go"), say("done")).say()
    log = session.log[: session.types().index("tool_finished") + 1]
    later = await Session.reload(graph(agent("a", go), agent("b")), log, say("done")).resume()
    assert later.state.agent == "a"
    assert later.status == "answered"


async def test_rule_05_a_crash_behind_a_called_handoff_loses_neither_answer_nor_move() -> None:
    agents = graph(agent("a", look, hands=[Edge("b", for_one_turn=True)]), agent("b"))
    session = await Session(agents, calls("look", to("b")), say("from b")).say()
    cut = session.types().index("handed_off")
    later = await Session.reload(agents, session.log[:cut], say("from b")).resume()
    assert later.state == session.state


# ---- seams


def test_group_16_run_sync_twice_with_one_runner() -> None:
    model = FakeModel([calls("look"), say("one"), say("two")])
    runner = Runner(graph(agent("a", look)), model)
    state = runner.run_sync("hi")
    assert runner.run_sync("again", state=state).reply == "two"


async def test_group_16_two_runs_of_one_runner_at_once() -> None:
    class Echo:
        async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
            await asyncio.sleep(0)
            yield ModelResponse(getattr(request.messages[-1], "content", ""))

    runner = Runner(graph(agent("a")), Echo())
    states = await asyncio.gather(*(runner.run(str(number)) for number in range(20)))
    assert [state.reply for state in states] == [str(number) for number in range(20)]


async def test_group_20_streaming_and_not_streaming_give_the_same_recorded_events() -> None:
    shown = await Session(graph(agent("a")), say("one two three")).say()
    plain = await Session(graph(agent("a")), Turn(ModelResponse("one two three"))).say()
    assert plain.log == shown.log
    assert shown.of(TextDelta)


class Words:
    """A reply of very many deltas."""

    def __init__(self, count: int) -> None:
        self.count = count

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        for _ in range(self.count):
            yield TextDelta(text="words ")
        yield ModelResponse("words " * self.count)


async def test_group_20_the_cost_of_a_delta_does_not_grow() -> None:
    async def seconds(count: int) -> float:
        start = time.process_time()
        await Runner(graph(agent("a")), Words(count)).run("hi")
        return time.process_time() - start

    await seconds(1000)
    assert await seconds(80_000) < 8 * await seconds(20_000) + 0.2


async def test_rule_03_the_model_response_event_holds_the_minted_ids() -> None:
    session = await Session(graph(agent("a", look)), calls("look", "look"), say("done")).say()
    event: Event = session.of(ModelResponded)[0]
    assert isinstance(event, ModelResponded)
    assert [one.id for one in event.message.tool_calls] == ["call_1", "call_2"]
