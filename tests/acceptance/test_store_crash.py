"""A store outlives its processes: killed, together on one session, out of room, not allowed. Groups 14, 16 and 33."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from textwrap import dedent

import pytest

from orchestrator.events import RecordedEvent, RunStarted
from orchestrator.stores import SessionBusy, StoreError
from orchestrator.stores.sqlite import SqliteStore

unix = pytest.mark.skipif(sys.platform == "win32", reason="signals, limits and modes are those of Unix")

PRELUDE = """
import asyncio, os, sys
from pathlib import Path
from orchestrator.events import RunStarted
from orchestrator.stores import SessionBusy, StoreError
from orchestrator.stores.sqlite import SqliteStore

def event(number, message="hello"):
    return RunStarted(run_id=f"run_{number}", at=float(number), message=message, agent="a")

def say(*words):
    print(*words, flush=True)

store = SqliteStore(Path(sys.argv[1]))
"""


def event(number: int) -> RecordedEvent:
    return RunStarted(run_id=f"run_{number}", at=float(number), message="hello", agent="a")


def child(path: Path, script: str, *arguments: str) -> subprocess.Popen[str]:
    """A process of its own, which has a ``store`` and runs this within a coroutine."""
    body = dedent(script).replace("\n", "\n    ")
    program = (
        f"{PRELUDE}\nasync def main():\n    {body}\nasync def closing():\n    async with store:\n        await main()\n"
    )
    command = [sys.executable, "-c", f"{program}asyncio.run(closing())", str(path), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def output(path: Path, script: str, *arguments: str) -> str:
    """What such a process says until it ends, well."""
    process = child(path, script, *arguments)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    return said


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    """The next lines that a process says."""
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


def kill(process: subprocess.Popen[str]) -> list[str]:
    """End a process as nothing can prevent. Gives what it had said until then and nobody had read."""
    process.kill()
    assert process.stdout is not None
    with process.stdout:
        said = process.stdout.read()
    process.wait()
    return said.splitlines()


def make(path: Path, count: int = 0) -> None:
    """A store with one session of so many events."""

    async def filled() -> None:
        async with SqliteStore(path) as store:
            await store.create("s1")
            async with store.lock("s1"):
                await store.append("s1", [event(number) for number in range(count)])

    asyncio.run(filled())


def numbers(path: Path) -> list[int]:
    """The numbers of the events of the session."""

    async def read() -> Sequence[RecordedEvent]:
        async with SqliteStore(path) as store:
            events = await store.events("s1")
            assert (await store.summary("s1")).events == len(events)
            return events

    return [int(each.at) for each in asyncio.run(read())]


def sessions(path: Path) -> list[str]:
    """The ids of all sessions."""

    async def read() -> list[str]:
        async with SqliteStore(path) as store:
            return [summary.id for summary in await store.list()]

    return asyncio.run(read())


def grow(path: Path, number: int) -> None:
    """Add one event."""

    async def add() -> None:
        async with SqliteStore(path) as store, store.lock("s1"):
            await store.append("s1", [event(number)])

    asyncio.run(add())


@unix
@pytest.mark.parametrize("seed", range(6))
def test_group_33_what_was_kept_is_there_after_a_kill(tmp_path: Path, seed: int) -> None:
    """Each append of three events is there as a whole if its process has said so, and else as a whole or not at all."""
    path, rng = tmp_path / "sessions.db", Random(seed)
    make(path)
    process = child(
        path,
        """
        async with store.lock("s1"):
            for number in range(0, 10**6, 3):
                await store.append("s1", [event(number), event(number + 1), event(number + 2)])
                say(number)
        """,
    )
    said = lines(process, rng.randrange(1, 400))
    said += kill(process)
    kept = numbers(path)
    acknowledged = int(said[-1]) + 3
    assert kept == list(range(len(kept)))
    assert len(kept) in {acknowledged, acknowledged + 3}
    grow(path, len(kept))
    assert numbers(path) == list(range(len(kept) + 1))


@unix
@pytest.mark.parametrize("milliseconds", range(0, 16, 2))
def test_a_kill_while_a_store_is_made(tmp_path: Path, milliseconds: int) -> None:
    """Whenever it comes, the next process makes what is missing."""
    path = tmp_path / ".orchestrate" / "sessions.db"
    process = child(path, 'say("now")\nawait store.create("s0")\nsay("made")')
    lines(process, 1)
    time.sleep(milliseconds / 1000)
    made = "made" in kill(process)
    found = sessions(path)
    assert found == ["s0"] or (found == [] and not made)
    make(path, 3)
    assert sorted(sessions(path)) == [*found, "s1"]
    assert numbers(path) == [0, 1, 2]


@unix
def test_processes_that_make_a_store_at_the_same_time_make_one(tmp_path: Path) -> None:
    path, go = tmp_path / "store" / "sessions.db", tmp_path / "go"
    script = """
        say("ready")
        while not os.path.exists(sys.argv[2]):
            await asyncio.sleep(0.001)
        await store.create(sys.argv[3])
    """
    processes = [child(path, script, str(go), f"s{number}") for number in range(6)]
    assert [lines(process, 1) for process in processes] == [["ready"]] * 6
    go.touch()
    for process in processes:
        process.communicate(timeout=30)
    assert [process.returncode for process in processes] == [0] * 6
    assert sorted(sessions(path)) == [f"s{number}" for number in range(6)]


@unix
def test_group_33_the_lock_of_a_process_says_who_has_it_and_falls_with_it(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    make(path, 1)
    process = child(path, 'async with store.lock("s1"):\n    say("held")\n    await asyncio.sleep(60)')
    assert lines(process, 1) == ["held"]
    with pytest.raises(
        SessionBusy, match=rf"^session 's1' is in use by process {process.pid}, since \d{{4}}-\d\d-\d\d "
    ):
        grow(path, 1)
    assert numbers(path) == [0]
    kill(process)
    grow(path, 1)
    assert numbers(path) == [0, 1]


@unix
def test_group_33_two_processes_on_one_session_take_turns(tmp_path: Path) -> None:
    """Each event is kept once, and the five of one turn stand together."""
    path = tmp_path / "sessions.db"
    make(path)
    script = """
        mine, busy = int(sys.argv[2]), 0
        while mine < 10_000:
            try:
                async with store.lock("s1"):
                    for number in range(mine, mine + 5):
                        await store.append("s1", [event(number)])
                    mine += 100
            except SessionBusy:
                busy += 1
            await asyncio.sleep(0.001)
        say(busy)
    """
    processes = [child(path, script, str(start)) for start in (0, 10)]
    assert [process.wait(timeout=50) for process in processes] == [0, 0]
    busy = sum(int(process.communicate()[0]) for process in processes)
    kept = numbers(path)
    fives = [tuple(kept[place : place + 5]) for place in range(0, len(kept), 5)]
    expected = [tuple(range(start, start + 5)) for begin in (0, 10) for start in range(begin, 10_000, 100)]
    assert sorted(fives) == sorted(expected)
    assert busy > 0, "they never met"


def test_group_33_a_torn_last_write_is_tolerated(tmp_path: Path) -> None:
    """The log of what was written last is cut, or spoilt, anywhere: what is before that is there, and goes on."""
    path, rng = tmp_path / "sessions.db", Random(1)
    make(path, 3)
    crashed = _crashed(path, tmp_path / "crashed", 12)
    log = crashed.with_name("sessions.db-wal").read_bytes()
    seen = set()
    for number, place in enumerate([0, 1, 31, 32, 33, len(log) - 1, len(log), *rng.sample(range(len(log)), 60)]):
        torn = tmp_path / str(number) / "sessions.db"
        shutil.copytree(crashed.parent, torn.parent)
        spoilt = log[:place] if number % 2 else log[:place] + bytes(64) + log[place + 64 :]
        torn.with_name("sessions.db-wal").write_bytes(spoilt)
        kept = numbers(torn)
        assert kept == list(range(len(kept)))
        assert 3 <= len(kept) <= 15
        seen.add(len(kept))
        grow(torn, len(kept))
        assert numbers(torn) == list(range(len(kept) + 1))
    assert len(seen) > 8


def _crashed(path: Path, folder: Path, count: int) -> Path:
    """A copy of a store as a crash leaves it: with a log, which only the last one to leave would have cleared away."""

    folder.mkdir()

    async def copied() -> None:
        async with SqliteStore(path) as store, store.lock("s1"):
            before = len(await store.events("s1"))
            for number in range(before, before + count):
                await store.append("s1", [event(number)])
            for name in ("sessions.db", "sessions.db-wal"):
                shutil.copy(path.with_name(name), folder / name)

    asyncio.run(copied())
    return folder / "sessions.db"


@unix
def test_a_full_disk_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    """The append that finds no room is told and leaves nothing; with room again the session goes on."""
    path = tmp_path / "sessions.db"
    make(path)
    said = output(
        path,
        """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        async with store.lock("s1"):
            number = 0
            try:
                while number < 1000:
                    await store.append("s1", [event(number, "x" * 5000)])
                    number += 1
            except StoreError as error:
                say(number, error)
            try:
                await store.append("s1", [event(number, "x" * 50_000)])
            except StoreError as error:
                say(len(await store.events("s1")), error)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            await store.append("s1", [event(number)])
        """,
    )
    first, second = (line.split(" ", 1) for line in said.splitlines())
    told = f"the store {path} can't be read or written: the disk is full or at fault; see to it and try again"
    assert first == second == [first[0], told]
    assert numbers(path) == list(range(int(first[0]) + 1))
    assert int(first[0]) > 10


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter: tests that run as root go on as nobody, whom modes hold back."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)
        for each in [Path(name), *Path(name).rglob("*")]:
            each.chmod(0o777)


NOBODY = 65534
AS_SOMEBODY = f"""
    async with SqliteStore(Path(sys.argv[2])) as other:
        await other.create("s1")  # what all this imports, nobody may not be able to read
        async with other.lock("s1"):
            await other.append("s1", [event(0)])
        await other.events("s1")
    if os.getuid() == 0:
        os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
    try:
        say([each.id for each in await store.list()])
    except StoreError as error:
        say(error)
    try:
        say(len(await store.events("s1")))
    except StoreError as error:
        say(error)
    try:
        if sys.argv[3] == "create":
            await store.create("s1")
        else:
            async with store.lock("s1"):
                await store.append("s1", [event(3)])
        say("done")
    except StoreError as error:
        say(error)
"""


def somebody(path: Path, other: Path, act: str = "append") -> list[str]:
    """What somebody who is not root is told: on listing, on reading, and on adding an event or a session."""
    return output(path, AS_SOMEBODY, str(other / "other.db"), act).splitlines()


def handed_over(folder: Path) -> None:
    """Give a folder and what is in it to whoever the processes run as."""
    if os.getuid() == 0:
        for each in [folder, *folder.rglob("*")]:
            os.chown(each, NOBODY, NOBODY)


@unix
@pytest.mark.parametrize(("file", "folder"), [(0o400, 0o500), (0o600, 0o500), (0o400, 0o700)])
def test_a_store_that_can_only_be_read_is_read(open_folder: Path, tmp_path: Path, file: int, folder: int) -> None:
    path = open_folder / "kept" / "sessions.db"
    make(path, 3)
    handed_over(path.parent)
    path.chmod(file)
    path.parent.chmod(folder)
    listed, count, told = somebody(path, tmp_path)
    assert (listed, count) == ("['s1']", "3")
    assert told == f"the store {path} can't be written: see who may write there, or name another with --store"
    path.parent.chmod(0o700)
    path.chmod(0o600)
    grow(path, 3)
    assert numbers(path) == [0, 1, 2, 3]


@unix
def test_a_store_that_may_not_be_read(open_folder: Path, tmp_path: Path) -> None:
    path = open_folder / "kept" / "sessions.db"
    make(path, 3)
    handed_over(path.parent)
    path.chmod(0)
    told = f"the store {path} can't be opened: see who may read and write there, or name another with --store"
    assert somebody(path, tmp_path) == [told] * 3


@unix
def test_a_folder_that_may_not_be_entered(open_folder: Path, tmp_path: Path) -> None:
    path = open_folder / "kept" / "sessions.db"
    make(path, 3)
    handed_over(path.parent)
    path.parent.chmod(0)
    told = f"the store {path} can't be used: Permission denied; see who may write there"
    assert somebody(path, tmp_path) == [told] * 3


@unix
def test_a_folder_in_which_no_store_can_be_made(open_folder: Path, tmp_path: Path) -> None:
    open_folder.chmod(0o555)
    path = open_folder / "kept" / "sessions.db"
    listed, count, told = somebody(path, tmp_path, "create")
    assert (listed, count) == ("[]", "there is no session 's1'")
    assert told == f"the store {path} can't be used: Permission denied; see who may write there"


@unix
def test_a_store_that_was_not_closed_where_nothing_can_be_written(open_folder: Path, tmp_path: Path) -> None:
    """What was written last is in its log: without it the rest would pass for all."""
    make(open_folder / "sessions.db", 3)
    path = _crashed(open_folder / "sessions.db", open_folder / "kept", 2)
    handed_over(path.parent)
    path.parent.chmod(0o500)
    told = f"the store {path} can't be opened: see who may read and write there, or name another with --store"
    assert somebody(path, tmp_path) == [told] * 3


def test_a_copy_of_a_store_is_a_store(tmp_path: Path) -> None:
    make(tmp_path / "sessions.db", 3)
    shutil.copy(tmp_path / "sessions.db", tmp_path / "copy.db")
    grow(tmp_path / "copy.db", 3)
    assert numbers(tmp_path / "copy.db") == [0, 1, 2, 3]
    assert numbers(tmp_path / "sessions.db") == [0, 1, 2]
    with pytest.raises(StoreError, match="there is no session 's2'"):
        asyncio.run(SqliteStore(tmp_path / "copy.db").summary("s2"))
