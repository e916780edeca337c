"""Sessions are kept: what every store does. Group 33."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from orchestrator.events import (
    RunStarted,
)
from orchestrator.runner import Runner
from orchestrator.state import State, fold
from orchestrator.stores import SessionBusy, SessionStore, StoreError, Summary
from orchestrator.stores.memory import MemoryStore
from orchestrator.stores.sqlite import SqliteStore
from tests.support.fakes import FakeClock, FakeModel, agent, call, calls, graph, recorded, say, tool_of
from tests.support.sessions import TURN, begin, turn

Store = SqliteStore | MemoryStore


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1000.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "sessions.db"


@pytest.fixture(params=["sqlite", "memory"])
async def store(request: pytest.FixtureRequest, path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    made: Store = SqliteStore(path, clock) if request.param == "sqlite" else MemoryStore(clock)
    async with made:
        yield made


async def names(store: SessionStore) -> dict[str, str | None]:
    return {summary.id: summary.name for summary in await store.list()}


async def test_a_session_is_kept_event_by_event(store: Store) -> None:
    await store.create("s1", file="agents/acme.yaml", name="monday")
    async with store.lock("s1"):
        for event in TURN[:4]:
            await store.append("s1", [event])
        await store.append("s1", TURN[4:])
        await store.append("s1", [])
    assert await store.events("s1") == TURN
    assert await store.summary("s1") == Summary(
        id="s1",
        name="monday",
        file="agents/acme.yaml",
        created=1000.0,
        updated=TURN[-1].at,
        events=len(TURN),
        runs=1,
        status="answered",
        agent="b",
        title="hello",
    )
    assert await store.list() == [await store.summary("s1")]
    (await store.events("s1")).clear()
    assert await store.events("s1") == TURN


async def test_a_new_session_has_nothing_yet(store: Store) -> None:
    await store.create("s1")
    assert await store.summary("s1") == Summary("s1", None, "", 1000.0, 1000.0, 0, 0, "new", "", "")
    assert await store.events("s1") == []


async def test_any_text_is_kept_as_it_is(store: Store) -> None:
    odd = "\0 \u2028 '; DROP TABLE sessions; -- 😀 \\ \" \r\n" + "x" * 300
    await begin(store, "s1", *turn(1, odd), file=odd, name=odd)
    (started, *_) = await store.events("s1")
    assert isinstance(started, RunStarted)
    assert started.message == odd
    summary = await store.summary("s1")
    assert (summary.title, summary.file, summary.name) == (odd[:200], odd, odd)


async def test_the_title_is_the_first_message(store: Store) -> None:
    await begin(store, "s1", *turn(1, "the first"), *turn(2, "the second"))
    summary = await store.summary("s1")
    assert (summary.title, summary.runs) == ("the first", 2)


async def test_group_33_a_summary_says_what_the_events_say_after_each(store: Store) -> None:
    """With several calls that wait for a yes, a session waits until each has its answer."""
    await store.create("s1")
    async with store.lock("s1"):
        for count in range(1, 2 * len(TURN) + 1):
            event = [*TURN, *turn(2)][count - 1]
            await store.append("s1", [event])
            agrees(await store.summary("s1"), fold("s1", await store.events("s1")))
    seen = [(await forked(store, at)).status for at in (0, 1, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 18, 19)]
    waiting, running = "waiting", "running"
    assert seen == [
        "new", running, running, waiting, waiting, waiting, waiting, running, waiting, waiting, waiting, running,
        running, "answered",
    ]  # fmt: skip


async def forked(store: SessionStore, at: int) -> Summary:
    await store.fork("s1", f"fork-{at}", at)
    return await store.summary(f"fork-{at}")


def agrees(summary: Summary, state: State) -> None:
    """A summary says of the run what the whole state says."""
    expected = state.status or ("waiting" if state.waiting else "running" if state.run_id else "new")
    assert (summary.status, summary.runs, summary.agent) == (expected, state.runs, state.agent)


async def test_the_runs_of_a_real_runner_agree_with_their_summaries(store: Store, clock: FakeClock) -> None:
    async def refund() -> str:
        """Pay back."""
        return "paid"

    agents = graph(agent("a", tool_of(refund, approval="always"), hands=["b"]), agent("b"))
    replies = [calls(call("refund", "{}", "c1"), call("refund", "{}", "c2"), call("gone", "{}", "c3")), say("never")]
    runner = Runner(agents, FakeModel(replies, clock), clock=clock)
    await store.create("s1")
    async with store.lock("s1"), runner.stream("hi", state=State("s1")) as run:
        async for event in run:
            await store.append("s1", recorded([event]))
            agrees(await store.summary("s1"), run.state)
    assert fold("s1", await store.events("s1")) == run.state


@pytest.mark.parametrize("at", [*range(len(TURN) + 1), None])
async def test_a_fork_takes_the_first_events_and_is_a_session_of_its_own(
    store: Store, clock: FakeClock, at: int | None
) -> None:
    await begin(store, "s1", *TURN, file="acme.yaml", name="monday")
    before = await store.summary("s1")
    clock.now = 5000.0
    await store.fork("s1", "s2", at)
    taken = TURN[:at]
    assert await store.events("s2") == taken
    summary = await store.summary("s2")
    agrees(summary, fold("s2", taken))
    assert (summary.events, summary.parent, summary.forked_at) == (len(taken), "s1", len(taken))
    assert (summary.created, summary.updated) == (5000.0, 5000.0)
    assert (summary.file, summary.name, summary.title) == ("acme.yaml", None, "hello" if taken else "")
    async with store.lock("s2"):
        await store.append("s2", turn(2))
    assert await store.events("s2") == [*taken, *turn(2)]
    assert await store.events("s1") == TURN
    assert await store.summary("s1") == before


async def test_a_fork_is_the_one_that_was_updated_last(store: Store, clock: FakeClock) -> None:
    """So that whoever takes back a turn goes on with what is left, and not with what was taken back."""
    await begin(store, "s1", *TURN)
    clock.now = TURN[-1].at
    await store.fork("s1", "s2", 0)
    assert [summary.id for summary in await store.list()] == ["s2", "s1"]


async def test_a_session_can_be_forked_while_it_runs(store: Store) -> None:
    await store.create("s1")
    async with store.lock("s1"):
        await store.append("s1", TURN[:4])
        await store.fork("s1", "s2")
        await store.append("s1", TURN[4:])
    assert await store.events("s2") == TURN[:4]
    assert await store.events("s1") == TURN


async def test_the_one_that_was_updated_last_comes_first(store: Store) -> None:
    for number, session in enumerate(["s1", "s2", "s3"], 1):
        await begin(store, session, *turn(number))
    async with store.lock("s1"):
        await store.append("s1", turn(9))
    await store.create("s4")
    assert [summary.id for summary in await store.list()] == ["s1", "s3", "s2", "s4"]


async def test_a_name_moves(store: Store) -> None:
    await store.create("s1", name="work")
    await store.create("s2", name="home")
    assert await names(store) == {"s1": "work", "s2": "home"}
    await store.create("s3", name="work")
    assert await names(store) == {"s1": None, "s2": "home", "s3": "work"}
    await store.rename("s1", "home")
    assert await names(store) == {"s1": "home", "s2": None, "s3": "work"}
    await store.rename("s1", "home")
    assert await names(store) == {"s1": "home", "s2": None, "s3": "work"}
    await store.rename("s1", None)
    await store.rename("s2", None)
    assert await names(store) == {"s1": None, "s2": None, "s3": "work"}


async def test_a_deleted_session_is_gone_and_its_fork_is_not(store: Store) -> None:
    await begin(store, "s1", *TURN, name="work")
    await store.fork("s1", "s2", 3)
    await store.delete("s1")
    assert await store.events("s2") == TURN[:3]
    assert [summary.id for summary in await store.list()] == ["s2"]
    with pytest.raises(StoreError, match="there is no session 's1'"):
        await store.events("s1")
    await begin(store, "s1", *turn(2), name="work")
    assert await store.events("s1") == turn(2)


GONE: dict[str, Callable[[Store], Awaitable[object]]] = {
    "events": lambda store: store.events("gone"),
    "summary": lambda store: store.summary("gone"),
    "rename": lambda store: store.rename("gone", "name"),
    "fork": lambda store: store.fork("gone", "s2"),
    "delete": lambda store: store.delete("gone"),
    "lock": lambda store: held(store, "gone"),
}


async def held(store: Store, session: str) -> None:
    async with store.lock(session):
        pass


@pytest.mark.parametrize("what", GONE)
async def test_a_session_that_is_not_there(store: Store, path: Path, what: str) -> None:
    """Nothing is made for it, either."""
    with pytest.raises(StoreError, match=r"^there is no session 'gone'$"):
        await GONE[what](store)
    assert not path.parent.exists()
    await store.create("s1")
    with pytest.raises(StoreError, match=r"^there is no session 'gone'$"):
        await GONE[what](store)


@pytest.mark.parametrize("odd", ["", "../s1", "a/b", "a.b", "a b", "ä", "x" * 101, "\0", "\ud800", "s1\n"])
async def test_an_id_is_the_name_of_a_file_on_every_system(store: Store, path: Path, odd: str) -> None:
    with pytest.raises(StoreError, match="can't be the id of a session: write up to 100 letters, digits, '-' and '_'"):
        await store.create(odd)
    assert not path.parent.exists()
    await store.create("s1")
    with pytest.raises(StoreError, match="can't be the id of a session"):
        await store.fork("s1", odd)
    for what in (store.events(odd), store.delete(odd), held(store, odd)):
        with pytest.raises(StoreError, match="there is no session"):
            await what
    assert [summary.id for summary in await store.list()] == ["s1"]


async def test_an_id_is_taken_once(store: Store) -> None:
    await begin(store, "s1", *TURN)
    for again in (store.create("s1"), store.fork("s1", "s1")):
        with pytest.raises(StoreError, match=r"^there is a session 's1' already: take another id$"):
            await again
    assert await store.events("s1") == TURN


@pytest.mark.parametrize("at", [-1, 20])
async def test_a_fork_of_more_than_there_is(store: Store, at: int) -> None:
    await begin(store, "s1", *TURN)
    with pytest.raises(StoreError, match=rf"^session 's1' has 19 events, and can't be forked at {at}$"):
        await store.fork("s1", "s2", at)
    assert list(await names(store)) == ["s1"]


async def test_group_33_a_session_is_open_once(store: Store) -> None:
    """Two conversations in one process are two as well."""
    await begin(store, "s1", *TURN)
    await store.create("s2")
    async with store.lock("s1"), store.lock("s2"):
        for what in (held(store, "s1"), store.delete("s1")):
            with pytest.raises(SessionBusy, match=r"^session 's1' is in use by another part of this process"):
                await what
        await store.append("s1", turn(2))
    await held(store, "s1")
    await store.delete("s1")


async def test_a_lock_falls_with_an_exception(store: Store) -> None:
    await store.create("s1")
    with pytest.raises(RuntimeError):
        async with store.lock("s1"):
            raise RuntimeError
    await held(store, "s1")


async def test_who_appends_holds_the_lock(store: Store) -> None:
    await begin(store, "s1", *TURN)
    with pytest.raises(StoreError, match="session 's1' is not locked by whoever appends to it: this is a bug"):
        await store.append("s1", turn(2))
    assert await store.events("s1") == TURN
