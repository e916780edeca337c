"""Sessions are kept in a file, which outlives what befalls it. Group 33."""

import os
import sqlite3
import stat
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from orchestrator.events import (
    TextDelta,
    to_json,
)
from orchestrator.state import fold
from orchestrator.stores import SessionBusy, StoreError
from orchestrator.stores.database import APPLICATION, VERSION
from orchestrator.stores.sqlite import SqliteStore
from tests.support.fakes import FakeClock
from tests.support.sessions import TURN, begin, turn


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(1000.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "sessions.db"


@pytest.fixture
async def kept(path: Path, clock: FakeClock) -> AsyncIterator[SqliteStore]:
    async with SqliteStore(path, clock) as made:
        yield made


async def held(store: SqliteStore, session: str) -> None:
    async with store.lock(session):
        pass


def content(path: Path) -> bytes:
    """What is in a file, if it is one."""
    return path.read_bytes() if path.is_file() else b""


def entries(folder: Path) -> list[str]:
    """The names in a folder."""
    return sorted(each.name for each in folder.iterdir())


def blank(path: Path) -> None:
    path.parent.mkdir()
    path.touch()


async def test_group_33_two_stores_on_one_file(kept: SqliteStore, path: Path) -> None:
    await begin(kept, "s1", *TURN)
    async with SqliteStore(path) as other, kept.lock("s1"):
        since = datetime.fromtimestamp(1000).astimezone()
        with pytest.raises(SessionBusy) as told:
            await held(other, "s1")
        assert str(told.value) == (
            f"session 's1' is in use by another part of this process, since {since:%Y-%m-%d %H:%M:%S}: "
            "end it there, or go on with a fork of it"
        )
        with pytest.raises(StoreError, match="is not locked by whoever appends"):
            await other.append("s1", turn(2))
        await kept.append("s1", turn(2))
        assert await other.events("s1") == [*TURN, *turn(2)]


async def test_group_33_a_link_to_the_file_is_the_same_store(kept: SqliteStore, path: Path, tmp_path: Path) -> None:
    await begin(kept, "s1", *TURN)
    (tmp_path / "link.db").symlink_to(path)
    async with SqliteStore(tmp_path / "link.db") as other, kept.lock("s1"):
        with pytest.raises(SessionBusy):
            await held(other, "s1")


async def test_group_33_two_writers_never_interleave_even_without_locks(kept: SqliteStore, path: Path) -> None:
    """Some network drives have no locks, and anybody can remove their files."""
    await begin(kept, "s1", *TURN)
    async with SqliteStore(path) as other, kept.lock("s1"):
        (lock,) = path.with_name("sessions.db-locks").glob("s1.lock")
        lock.unlink()
        async with other.lock("s1"):
            await other.append("s1", turn(2))
            with pytest.raises(StoreError, match="was changed by another process meanwhile: continue it anew"):
                await kept.append("s1", turn(3))
    assert await kept.events("s1") == [*TURN, *turn(2)]


async def test_what_is_deleted_leaves_nothing_behind(kept: SqliteStore, path: Path) -> None:
    await begin(kept, "s1", *turn(1, "my secret wish"))
    await begin(kept, "s2", *TURN)
    await kept.__aexit__()
    assert b"my secret wish" in content(path)
    await kept.delete("s1")
    await kept.__aexit__()
    assert sorted(each.name for each in path.parent.rglob("s*")) == ["s2.lock", "sessions.db", "sessions.db-locks"]
    assert b"my secret wish" not in content(path)


async def test_only_the_owner_may_read(kept: SqliteStore, path: Path) -> None:
    await kept.create("s1")
    async with kept.lock("s1"):
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.rglob("*")}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert modes.pop("sessions.db-locks") == 0o700
    assert {"sessions.db", "sessions.db-wal", "s1.lock"} <= modes.keys()
    assert {name: mode for name, mode in modes.items() if mode != 0o600 and name != "s1.pid"} == {}


async def test_the_folder_of_a_project_is_not_for_version_control(tmp_path: Path) -> None:
    """A folder that is named is somebody's own, and so is what stands in it already."""
    for folder, ignored in ((".orchestrate", "*\n"), ("mine", None)):
        async with SqliteStore(tmp_path / folder / "sessions.db") as store:
            await store.create("s1")
        ignore = tmp_path / folder / ".gitignore"
        assert (ignore.read_text() if ignore.exists() else None) == ignored
    (tmp_path / ".orchestrate" / ".gitignore").write_text("cache")
    async with SqliteStore(tmp_path / ".orchestrate" / "other.db") as store:
        await store.create("s1")
    assert (tmp_path / ".orchestrate" / ".gitignore").read_text() == "cache"


async def test_reading_makes_nothing(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path / "nowhere" / "sessions.db") as store:
        assert await store.list() == []
        with pytest.raises(StoreError, match="there is no session 's1'"):
            await store.summary("s1")
    assert entries(tmp_path) == []


async def test_a_file_without_anything_is_a_store_without_anything(path: Path, kept: SqliteStore) -> None:
    """So it is left by a process that ended before it had made it."""
    blank(path)
    assert await kept.list() == []
    assert content(path) == b""
    await begin(kept, "s1", *TURN)
    assert await kept.events("s1") == TURN


async def test_a_store_that_is_made_while_another_one_is_open(kept: SqliteStore, path: Path) -> None:
    assert await kept.list() == []
    async with SqliteStore(path) as other:
        await begin(other, "s1", *TURN)
        assert await kept.events("s1") == TURN


async def test_a_store_that_was_left_opens_again(kept: SqliteStore) -> None:
    await begin(kept, "s1", *TURN)
    await kept.__aexit__()
    async with kept.lock("s1"):
        await kept.append("s1", turn(2))
    assert await kept.events("s1") == [*TURN, *turn(2)]


def another_program(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE bookmarks (url TEXT)")
    database.close()


def newer(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA application_id = {APPLICATION}")
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()


def damaged(path: Path) -> None:
    newer(path)
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 3996)


STRANGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (lambda path: path.mkdir(), "PATH is a folder: name a file for sessions"),
    "a text": (
        lambda path: path.write_text("agents: {}\n" * 100),
        "the store PATH is no store of sessions: name another file with --store",
    ),
    "a short text": (
        lambda path: path.write_text("hello"),
        "the store PATH is no store of sessions: name another file with --store",
    ),
    "a pipe": (os.mkfifo, "PATH is no ordinary file: name a file for sessions"),
    "a device": (lambda path: path.symlink_to("/dev/null"), "/dev/null is no ordinary file: name a file for sessions"),
    "another program's": (
        another_program,
        "PATH is the database of another program: name another file for sessions",
    ),
    "a newer one": (newer, "the store PATH was written by a newer version of Orchestrate: install that one"),
    "a damaged one": (
        damaged,
        "the store PATH is damaged: move it away to begin anew, or see what `sqlite3 FILE .recover` can read of it",
    ),
    "a loop of links": (
        lambda path: path.symlink_to(path),
        "the store PATH can't be used: Too many levels of symbolic links; see who may write there",
    ),
}


@pytest.mark.parametrize("what", STRANGE)
async def test_what_is_no_store_is_left_as_it_is(path: Path, what: str) -> None:
    path.parent.mkdir()
    make, message = STRANGE[what]
    make(path)
    before = content(path)
    async with SqliteStore(path) as store:
        for asked in (store.list(), store.create("s1"), store.events("s1")):
            with pytest.raises(StoreError) as told:
                await asked
            assert str(told.value) == message.replace("PATH", str(path))
    assert entries(path.parent) == ["sessions.db"]
    assert content(path) == before


async def test_a_path_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with SqliteStore(tmp_path / "file" / "sessions.db") as store:
        for asked in (store.list(), store.create("s1")):
            with pytest.raises(
                StoreError, match=r"sessions\.db can't be used: Not a directory; see who may write there"
            ):
                await asked


def test_a_path_that_no_file_can_have() -> None:
    with pytest.raises(StoreError, match="is no path of a file"):
        SqliteStore(Path("a\0b"))


def change(path: Path, statement: str, *values: object) -> None:
    """What somebody else did to the file."""
    with sqlite3.connect(path) as database:
        database.execute(statement, values)
    database.close()


FAULTS: dict[str, tuple[object, str]] = {
    "no JSON": ("{", "is damaged: it is no JSON"),
    "nothing": ("", "is damaged: it is no JSON"),
    "no text": (b"\xff\xfe", "is damaged: it is no JSON"),
    "a number": (7, "is damaged: it says of no kind what it is"),
    "no type": ('{"run_id": "r"}', "is damaged: it says of no kind what it is"),
    "an unknown type": (
        '{"type": "budget_raised", "run_id": "r", "at": 1}',
        "is of the kind 'budget_raised', which is not known here: a newer version of Orchestrate may know it",
    ),
    "a live event": (to_json(TextDelta(text="x")), "is of the kind 'text_delta', which no session keeps"),
    "a missing key": ('{"type": "run_resumed", "run_id": "r"}', "is damaged: 'at' is missing"),
    "a wrong value": (
        '{"type": "run_resumed", "run_id": "r", "at": "soon"}',
        "is damaged: 'at' is not as an event has it",
    ),
    "a bomb": ("[" * 100_000, "is damaged: it is no JSON"),
}


@pytest.mark.parametrize("what", FAULTS)
async def test_an_event_that_cant_be_read_names_its_session_and_its_number(
    kept: SqliteStore, path: Path, what: str
) -> None:
    await begin(kept, "s1", *TURN)
    line, fault = FAULTS[what]
    change(
        path, f"UPDATE events SET json = {'CAST(? AS TEXT)' if isinstance(line, bytes) else '?'} WHERE seq = 5", line
    )
    with pytest.raises(StoreError) as told:
        await kept.events("s1")
    assert str(told.value) == f"event 5 of session 's1' {fault}; a fork at 4 has what is before it"
    await kept.fork("s1", "s2", 4)
    assert await kept.events("s2") == TURN[:4]
    assert (await kept.summary("s1")).events == len(TURN)


@pytest.mark.parametrize(("seq", "told"), [(1, "event 1 of session 's1' is missing"), (19, "event 19 .* is missing;")])
async def test_an_event_that_is_missing(kept: SqliteStore, path: Path, seq: int, told: str) -> None:
    await begin(kept, "s1", *TURN)
    change(path, "DELETE FROM events WHERE seq = ?", seq)
    with pytest.raises(StoreError, match=told):
        await kept.events("s1")


async def test_a_table_that_is_gone(kept: SqliteStore, path: Path) -> None:
    await begin(kept, "s1", *TURN)
    change(path, "DROP TABLE events")
    with pytest.raises(StoreError, match=r"sessions\.db is damaged: move it away"):
        await kept.events("s1")


async def test_the_text_of_a_fault_has_nothing_of_sqlite(kept: SqliteStore, path: Path) -> None:
    """A name that is no text, as only a broken disk makes it."""
    await begin(kept, "s1", *TURN)
    change(path, "UPDATE sessions SET title = CAST(? AS TEXT)", b"\xff\xfe")
    with pytest.raises(StoreError, match=r"^the store .*sessions\.db is damaged: move it away to begin anew"):
        await kept.list()


async def test_an_append_is_all_or_nothing(kept: SqliteStore, path: Path) -> None:
    """Also where the disk keeps some of it, and then no more."""
    await begin(kept, "s1", *TURN)
    change(path, "CREATE TRIGGER t BEFORE INSERT ON events WHEN new.seq = 30 BEGIN SELECT RAISE(ABORT, 'no'); END")
    async with kept.lock("s1"):
        with pytest.raises(StoreError, match="can't be used: SQLite reports its error"):
            await kept.append("s1", turn(2))
        assert await kept.events("s1") == TURN
        change(path, "DROP TRIGGER t")
        await kept.append("s1", turn(2))
    assert await kept.events("s1") == [*TURN, *turn(2)]


async def test_it_waits_for_another_writer(kept: SqliteStore, path: Path) -> None:
    await begin(kept, "s1", *TURN)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, other.close).start()
    async with kept.lock("s1"):
        start = time.monotonic()
        await kept.append("s1", turn(2))
    assert time.monotonic() - start > 0.1
    assert await kept.events("s1") == [*TURN, *turn(2)]


async def test_ten_thousand_sessions_are_listed_without_their_events(kept: SqliteStore, path: Path) -> None:
    """Their events can't even be read. A list takes little longer than its rows take to fetch."""
    await begin(kept, "s0", *TURN)
    fill(path, 10_000)
    change(path, "DROP TABLE events")
    expected = await kept.summary("s0")

    floor = min(_seconds(lambda: fetched(path)) for _ in range(3))
    listed = await kept.list()
    start = time.process_time()
    await kept.list()
    took = time.process_time() - start
    assert len(listed) == 10_001
    assert {replace(each, id="s0", name=None, updated=expected.updated) for each in listed} == {expected}
    assert took < 10 * floor + 0.05, f"{took:.3f} s, where fetching the rows takes {floor:.3f} s"


def fill(path: Path, count: int) -> None:
    """More sessions like the one that is there."""
    columns = "name, file, created, events, runs, status, agent, title, parent, forked_at, approvals, questions"
    with sqlite3.connect(path) as database:
        for number in range(1, count + 1):
            database.execute(
                f"INSERT INTO sessions (id, updated, {columns}) SELECT ?, ?, {columns} FROM sessions WHERE id = 's0'",
                (f"s{number}", number),
            )
    database.close()


def fetched(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("SELECT * FROM sessions").fetchall()
    database.close()


def _seconds(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


async def test_ten_thousand_events_are_loaded_and_folded_in_a_second(kept: SqliteStore) -> None:
    """Of CPU time. Other programs only add to it: one good time of five is enough."""
    events = [event for number in range(10_000 // len(TURN) + 1) for event in turn(number)][:10_000]
    await begin(kept, "s1", *events)
    took = [10.0]
    while min(took) > 1 and len(took) <= 5:
        start = time.process_time()
        state = fold("s1", await kept.events("s1"))
        took.append(time.process_time() - start)
        assert state.runs == 527
    assert min(took) < 1, f"{min(took):.2f} s"


async def test_an_event_takes_at_most_a_millisecond_and_a_half_to_keep(kept: SqliteStore) -> None:
    await kept.create("s1")
    async with kept.lock("s1"):
        took = []
        for number in range(30):
            start = time.process_time()
            for event in turn(number):
                await kept.append("s1", [event])
            took.append((time.process_time() - start) / len(TURN))
    assert min(took) < 0.0015, f"{1000 * min(took):.2f} ms"
