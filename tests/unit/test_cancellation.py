"""Every way to stop a run: cancel(), a cancelled task, a closed stream, at every point. Group 16, rules 9 and 10."""

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from orchestrator.closing import NOT_KNOWN
from orchestrator.events import (
    Event,
    ModelAsked,
    ModelResponded,
    RunFinished,
    RunStarted,
    TextDelta,
    ToolStarted,
)
from orchestrator.messages import AssistantMessage
from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse
from orchestrator.runner import Run, Runner
from orchestrator.state import State
from orchestrator.tools import ToolContext
from tests.support.fakes import (
    FakePerson,
    Session,
    agent,
    call,
    calls,
    check_run,
    check_transcript,
    graph,
    hangs,
    recorded,
    say,
    tool_of,
)
from tests.support.worlds import World, finished, lost


async def hang() -> str:
    await asyncio.Event().wait()
    return "never"


def look() -> str:
    return "seen"


async def length(world: World) -> int:
    """How many events the rich run has."""
    return len((await world.session().say()).events)


def cancel_at(position: int) -> Callable[[Event, Run], None]:
    left = iter(range(position, -1, -1))

    def watch(event: Event, run: Run) -> None:
        if next(left, None) == 0:
            run.cancel()

    return watch


def cancel_soon(kind: type[Event], times: int = 1) -> Callable[[Event, Run], None]:
    """Cancel a moment after so many events of this kind."""
    left = iter(range(times - 1, -1, -1))

    def watch(event: Event, run: Run) -> None:
        if isinstance(event, kind) and next(left, None) == 0:
            asyncio.get_running_loop().call_later(0.01, run.cancel)

    return watch


async def test_group_16_cancel_at_every_event_and_nothing_begins_that_was_not_announced() -> None:
    world = World()
    for position in range(await length(world)):
        session = await world.session().say(watch=cancel_at(position))
        at_the_end = isinstance(session.events[position], RunFinished)
        assert session.status == ("answered" if at_the_end else "cancelled"), position
        entered = [one for one in lost(session.log[:-1]) if one in world.ran]
        answers = dict(zip(session.call_ids(), session.answers(), strict=True))
        assert all(answers[one] == NOT_KNOWN for one in entered), position
        assert set(world.ran) <= {event.call_id for event in session.of(ToolStarted)}, position
        assert finished(session.log) <= set(answers), position


async def test_group_16_cancel_before_the_first_event() -> None:
    session = Session(graph(agent("a")))
    run = session.begin()
    run.cancel()
    events = [event async for event in run]
    assert [event.type for event in events] == ["run_started", "run_finished"]
    assert run.state.status == "cancelled"


async def test_group_16_cancel_after_the_end_changes_nothing() -> None:
    session = Session(graph(agent("a")), say("done"))
    run = session.begin()
    events = [event async for event in run]
    run.cancel()
    assert [event async for event in run] == []
    check_run(run, recorded(events))
    assert run.state.status == "answered"


async def test_group_16_a_cancelled_session_goes_on() -> None:
    session = Session(graph(agent("a", hang)), calls("hang"), say("done"))
    await session.say(watch=cancel_soon(ToolStarted))
    await session.say("and now?")
    assert [event.status for event in session.of(RunFinished)] == ["cancelled", "answered"]


async def test_rule_10_text_already_shown_is_kept_and_marked_as_cut() -> None:
    session = await Session(graph(agent("a")), hangs("Hello, ", "wor")).say(watch=cancel_soon(TextDelta, 2))
    assert session.status == "cancelled"
    assert session.state.messages[-1] == AssistantMessage("Hello, wor")
    assert session.of(ModelResponded)[0].finish == "length"


async def test_rule_10_nothing_shown_leaves_no_empty_message() -> None:
    session = await Session(graph(agent("a")), hangs()).say(watch=cancel_soon(ModelAsked))
    assert session.status == "cancelled"
    assert len(session.state.messages) == 1
    assert session.model.closed == 1


async def test_rule_10_results_already_in_are_recorded() -> None:
    """The result came while the consumer was slow; cancel() keeps it."""
    ran = asyncio.Event()

    async def quick() -> str:
        ran.set()
        return "quick"

    session = Session(graph(agent("a", quick, hang)), calls("quick", "hang"))
    run = session.begin()
    async for event in run:
        if isinstance(event, ToolStarted) and event.call_id == "call_2":
            await asyncio.wait_for(ran.wait(), 1)
            await asyncio.sleep(0)
            run.cancel()
    check_transcript(run.state.messages)
    contents = [getattr(message, "content", "") for message in run.state.messages]
    assert "quick" in contents


async def test_rule_10_an_asynchronous_tool_is_cancelled_and_awaited() -> None:
    cleaned: list[str] = []

    async def clean() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.02)
            cleaned.append("up")
        return "never"

    session = await Session(graph(agent("a", clean)), calls("clean")).say(watch=cancel_soon(ToolStarted))
    assert session.status == "cancelled"
    assert cleaned == ["up"]
    assert session.answers() == [NOT_KNOWN]


@pytest.mark.parametrize(("effects", "known"), [("once", False), ("keyed", False), ("read", True)])
async def test_rule_15_a_call_that_had_begun_is_never_told_not_executed(effects: Any, known: bool) -> None:
    agents = graph(agent("a", tool_of(hang, effects=effects)))
    session = await Session(agents, calls("hang")).say(watch=cancel_soon(ToolStarted))
    assert (session.answers()[0] != NOT_KNOWN) == known


async def test_rule_10_a_synchronous_tool_is_abandoned_and_its_result_dropped() -> None:
    stop = threading.Event()

    def stuck() -> str:
        stop.wait(1)
        return "late"

    session = Session(graph(agent("a", stuck)), calls("stuck"), say("done"))
    before = time.monotonic()
    await session.say(watch=cancel_soon(ToolStarted))
    assert time.monotonic() - before < 0.5
    stop.set()
    await session.say("again")
    assert session.answers() == [NOT_KNOWN]


async def test_rule_10_a_tool_that_ignores_cancelling_is_abandoned_after_a_second() -> None:
    release = asyncio.Event()

    async def stubborn() -> str:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return "late"

    session = Session(graph(agent("a", stubborn)), calls("stubborn"))
    run = session.begin()
    before = time.monotonic()
    async for event in run:
        cancel_soon(ToolStarted)(event, run)
    seconds = time.monotonic() - before
    release.set()
    await asyncio.sleep(0.01)
    assert run.state.status == "cancelled"
    assert 0.9 < seconds < 1.5


# ---- closing the stream


async def take(run: Run, count: int) -> list[Event]:
    """The first events of a run; then it is closed."""
    events: list[Event] = []
    async with run:
        async for event in run:
            events.append(event)
            if len(events) == count:
                break
    return events


async def test_group_16_aclose_at_every_event() -> None:
    world = World()
    for count in range(1, await length(world) + 1):
        others = asyncio.all_tasks()
        run = world.session().begin()
        log = recorded(await take(run, count))
        assert asyncio.all_tasks() == others, count
        check_run(run, log)
        assert [event async for event in run] == []
        if run.state.running:
            again = await world.reload(log, say("hello again")).say("still there?")
            assert [event.status for event in again.of(RunFinished)] == ["interrupted", "answered"]


async def cancelled_at(run: Run, count: int, events: list[Event]) -> None:
    """Iterate; the own task is cancelled a moment after so many events."""
    task = asyncio.current_task()
    assert task is not None
    async with run:
        async for event in run:
            events.append(event)
            if len(events) == count:
                asyncio.get_running_loop().call_soon(task.cancel)
    await asyncio.sleep(0.01)


async def test_group_16_a_task_cancelled_at_every_event() -> None:
    world = World()
    for count in range(1, await length(world) + 1):
        others, events = asyncio.all_tasks(), list[Event]()
        run = world.session().begin()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(cancelled_at(run, count, events))
        assert asyncio.all_tasks() == others, count
        check_run(run, recorded(events))


async def test_group_16_a_timeout_around_a_run_fires() -> None:
    session, others = Session(graph(agent("a", hang)), calls("hang")), asyncio.all_tasks()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await session.say()
    assert asyncio.all_tasks() - others == set()


async def test_group_16_a_timeout_around_a_hanging_synchronous_tool_fires() -> None:
    stop = threading.Event()
    session = Session(graph(agent("a", tool_of(lambda: stop.wait(1), name="stuck"))), calls("stuck"))
    before = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await session.say()
    assert time.monotonic() - before < 0.5
    stop.set()


async def test_group_16_a_run_never_iterated_leaves_nothing() -> None:
    session, others = Session(graph(agent("a"))), asyncio.all_tasks()
    run = session.begin()
    await run.aclose()
    assert [event async for event in run] == []
    session.begin().cancel()
    session.begin()
    gc.collect()
    assert asyncio.all_tasks() == others
    assert run.state == State("session")


async def test_group_16_a_consumer_that_breaks_and_forgets() -> None:
    """Nobody closes the run. When it is collected the loop closes it, and nothing goes on."""
    session, others = Session(graph(agent("a", hang)), calls("hang", "hang")), asyncio.all_tasks()

    async def forget() -> None:
        async for event in session.begin():
            if isinstance(event, ToolStarted) and event.call_id == "call_2":
                break

    await forget()
    gc.collect()
    await asyncio.sleep(0.02)
    assert asyncio.all_tasks() - others == set()


async def test_group_16_closing_twice_and_iterating_after_is_quiet() -> None:
    run = Session(graph(agent("a", hang)), calls("hang")).begin()
    assert isinstance(await anext(run), RunStarted)
    await run.aclose()
    await run.aclose()
    assert [event async for event in run] == []


async def test_rule_05_an_act_begins_only_when_its_event_was_taken() -> None:
    """Stop at each event: what was announced last has not begun."""
    world = World()
    for count in range(1, await length(world) + 1):
        session = world.session()
        events = await take(session.begin(), count)
        last = events[-1]
        if isinstance(last, ToolStarted):
            assert last.call_id not in world.ran
        if isinstance(last, ModelAsked):
            assert len(session.model.requests) == sum(isinstance(event, ModelAsked) for event in events) - 1
        assert set(world.ran) <= {event.call_id for event in events if isinstance(event, ToolStarted)}


# ---- a tool that stops itself, a client that misbehaves


async def raises_cancelled() -> str:
    raise asyncio.CancelledError


async def cancels_its_task() -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)
    return "never"


def raises_cancelled_in_a_thread() -> str:
    raise asyncio.CancelledError


@pytest.mark.parametrize("tool", [raises_cancelled, cancels_its_task, raises_cancelled_in_a_thread])
async def test_rule_09_a_tool_that_cancels_itself_is_an_error_result(tool: Any) -> None:
    async with asyncio.timeout(1):
        session = await Session(graph(agent("a", tool)), calls(tool.__name__), say("done")).say()
    assert session.status == "answered"
    assert "cancelled itself" in session.answers()[0]


class Unprintable(Exception):  # noqa: N818 - what it is, not what it says
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("asynchronous", [True, False])
async def test_rule_09_an_exception_without_a_text_is_an_error_result(asynchronous: bool) -> None:
    def breaks() -> str:
        raise Unprintable

    async def abreaks() -> str:
        raise Unprintable

    tool = tool_of(abreaks if asynchronous else breaks, name="breaks", timeout=0.2)
    session = await Session(graph(agent("a", tool)), calls("breaks"), say("done")).say()
    assert "Unprintable" in session.answers()[0]


class PlainClient:
    """A client whose ``stream`` is no generator: it raises, or gives something back, at once."""

    def __init__(self, made: Callable[[], AsyncIterator[ModelDelta | ModelResponse]]) -> None:
        self.made = made

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        return self.made()


async def nothing() -> AsyncIterator[ModelDelta | ModelResponse]:
    for delta in list[ModelDelta]():
        yield delta


async def cancelled() -> AsyncIterator[ModelDelta | ModelResponse]:
    yield TextDelta(text="part")
    raise asyncio.CancelledError


def refused() -> AsyncIterator[ModelDelta | ModelResponse]:
    raise RuntimeError("no such model")


@pytest.mark.parametrize("made", [nothing, cancelled, refused])
async def test_rule_25_a_client_with_a_bug_fails_the_run_and_never_hangs_it(made: Any) -> None:
    async with asyncio.timeout(2):
        state = await Runner(graph(agent("a")), PlainClient(made)).run("hi")
    assert state.status == "failed"
    check_transcript(state.messages)


async def test_group_16_the_clean_up_of_a_client_is_not_cut_short() -> None:
    """A reply is in; the client is still giving its connection back."""
    closed: list[str] = []

    async def slow_to_close() -> AsyncIterator[ModelDelta | ModelResponse]:
        try:
            yield ModelResponse("done")
        finally:
            await asyncio.sleep(0.01)
            closed.append("returned")

    state = await Runner(graph(agent("a")), PlainClient(slow_to_close)).run("hi")
    assert state.status == "answered"
    assert closed == ["returned"]


async def test_group_16_cancel_and_a_pause_at_once_settle_the_run() -> None:
    """The person's None is in the inbox when cancel() comes: the run still gets its closing events."""

    class Leaves(FakePerson):
        async def ask(self, question: Any) -> str | None:
            run.cancel()
            return None

    async def curious(context: ToolContext) -> str:
        return str(await context.ask_async("who?"))

    session = Session(graph(agent("a", curious)), calls(call("curious")), person=Leaves())
    run = session.begin()
    async with run:
        events = [event async for event in run]
    assert isinstance(events[-1], RunFinished)
    assert run.state.status == "cancelled"


async def test_group_16_a_second_cancelling_during_the_stop_leaves_the_run_resumable() -> None:
    async def slow() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.1)
        return "never"

    session = Session(graph(agent("a", slow)), calls("slow"))
    run = session.begin()

    async def consume() -> None:
        async with run:
            async for event in run:
                cancel_soon(ToolStarted)(event, run)

    task = asyncio.create_task(consume())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    check_transcript(run.state.messages)
    assert run.state.running
    await asyncio.sleep(0.12)
