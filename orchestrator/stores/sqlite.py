"""Sessions in a file, with SQLite: one process writes to a session at a time, and any number reads."""

import builtins
import contextlib
import json
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from orchestrator.events import RecordedEvent, to_json
from orchestrator.messages import storable
from orchestrator.stores import StoreError, Summary
from orchestrator.stores.database import Database
from orchestrator.stores.locks import Locks
from orchestrator.stores.progress import Progress, advance
from orchestrator.stores.reading import faulty, read_event
from orchestrator.stores.rules import check_id, cut_at, not_locked, overtaken, taken, unknown

_PROGRESS = "updated, events, runs, status, agent, title, approvals, questions"
_SUMMARY = "id, name, file, created, updated, events, runs, status, agent, title, parent, forked_at"


class SqliteStore:
    """Keeps sessions in a file, which is made when the first session begins. Reading makes nothing.

    The methods call SQLite directly, on the thread of the event loop: the file is a local one, and an event takes
    about a millisecond. Leave the store, which is an asynchronous context manager, to let go of the file.

    Args:
        path: the file.
        clock: gives the time in seconds since the epoch.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        try:
            real = Path(os.path.realpath(path))  # locks stand beside the file, whatever links lead to it
        except ValueError:
            raise StoreError(f"{str(path)!r} is no path of a file") from None
        self._locks = Locks(Path(f"{real}-locks"), clock)
        self._database = Database(real, self._locks)
        self._clock = clock
        self._held: dict[str, int] = {}  # how many events each session has whose lock is ours

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._database.close()

    async def create(self, session_id: str, *, file: str = "", name: str | None = None) -> None:
        """Begin a session. A name that another session has moves here."""
        check_id(session_id)
        with self._database.writing() as database:
            _insert(database, session_id, file, self._clock())
            _rename(database, session_id, name)

    async def append(self, session_id: str, events: Sequence[RecordedEvent]) -> None:
        """Keep these events, all or none. When this returns they are durable. The session is to be locked."""
        if session_id not in self._held:
            raise not_locked(session_id)
        with self._database.writing() as database:
            number, progress = _found(database, session_id)
            if progress.events != self._held[session_id]:
                raise overtaken(session_id)
            _keep(database, number, _add(database, number, progress, events))
        self._held[session_id] += len(events)

    async def events(self, session_id: str, at: int | None = None) -> builtins.list[RecordedEvent]:
        """The first ``at`` events of a session, or all, in order."""
        with self._database.reading() as database:
            _, progress = _found(database, session_id)
            return _events(database, session_id, cut_at(session_id, at, progress.events))

    async def summary(self, session_id: str) -> Summary:
        """One session, without its events."""
        with self._database.reading() as database:
            return Summary(*_row(database, _SUMMARY, session_id))

    async def list(self) -> builtins.list[Summary]:
        """All sessions, the one that was updated last first. Events are not read."""
        with self._database.reading() as database:
            rows = database.execute(f"SELECT {_SUMMARY} FROM sessions ORDER BY updated DESC, number DESC")
            return [Summary(*row) for row in rows]

    async def rename(self, session_id: str, name: str | None) -> None:
        """Give a session a name, which another session loses if it had it; or take its name away."""
        await self.summary(session_id)  # or writing would make a file, only to find nothing in it
        with self._database.writing() as database:
            _found(database, session_id)
            _rename(database, session_id, name)

    async def fork(
        self, session_id: str, new_id: str, at: int | None = None, closing: Sequence[RecordedEvent] = ()
    ) -> None:
        """Make a session of the first ``at`` events of another, or of all, and of ``closing`` behind them."""
        check_id(new_id)
        file = (await self.summary(session_id)).file
        with self._database.writing() as database:
            parent, progress = _found(database, session_id)
            count = cut_at(session_id, at, progress.events)
            now = self._clock()
            number = _insert(database, new_id, file, now, session_id, count)
            copy = "INSERT INTO events SELECT ?, seq, json FROM events WHERE session = ? AND seq <= ?"
            database.execute(copy, (number, parent, count))
            progress = advance(Progress(now), _events(database, session_id, count))
            progress = _add(database, number, progress, closing)
            _keep(database, number, replace(progress, updated=now))

    async def delete(self, session_id: str) -> None:
        """Forget a session for good. It is not to be locked by anybody."""
        await self.summary(session_id)
        with self._locks.hold(session_id), self._database.writing() as database:
            number, _ = _found(database, session_id)
            database.execute("DELETE FROM events WHERE session = ?", (number,))
            database.execute("DELETE FROM sessions WHERE number = ?", (number,))
        self._locks.forget(session_id)

    @contextlib.asynccontextmanager
    async def lock(self, session_id: str) -> AsyncIterator[None]:
        """Hold a session, so that nobody else appends to it. The lock falls when its process ends, however that is.

        Raises:
            SessionBusy: somebody else holds it. The text says who, as far as that is known.
        """
        await self.summary(session_id)
        with self._locks.hold(session_id):
            self._held[session_id] = (await self.summary(session_id)).events
            try:
                yield
            finally:
                del self._held[session_id]


def _found(database: sqlite3.Connection, session_id: str) -> tuple[int, Progress]:
    """The number of a session in the file, and how far it is."""
    row = _row(database, f"number, {_PROGRESS}", session_id)
    number, updated, count, runs, status, agent, title, approvals, questions = row
    waiting = tuple(json.loads(approvals)), tuple(json.loads(questions))
    return number, Progress(updated, count, runs, status, agent, title, *waiting)


def _row(database: sqlite3.Connection, columns: str, session_id: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None
    row = database.execute(f"SELECT {columns} FROM sessions WHERE id = ?", (storable(session_id),)).fetchone()
    if row is None:
        raise unknown(session_id)
    return row


def _add(database: sqlite3.Connection, number: int, progress: Progress, events: Sequence[RecordedEvent]) -> Progress:
    """Add events behind those that are there, and say how far the session is then."""
    rows = ((number, seq, to_json(event)) for seq, event in enumerate(events, progress.events + 1))
    database.executemany("INSERT INTO events VALUES (?, ?, ?)", rows)
    return advance(progress, events)


def _events(database: sqlite3.Connection, session_id: str, count: int) -> list[RecordedEvent]:
    """The first ``count`` events of a session."""
    number, _ = _found(database, session_id)
    query = "SELECT seq, CAST(json AS BLOB) FROM events WHERE session = ? AND seq <= ? ORDER BY seq"
    events: list[RecordedEvent] = []
    for seq, line in database.execute(query, (number, count)):
        if seq == len(events) + 1:
            events.append(read_event(line, session_id, seq))
    if len(events) < count:
        raise faulty(session_id, len(events) + 1, "is missing")
    return events


def _insert(
    database: sqlite3.Connection,
    session_id: str,
    file: str,
    created: float,
    parent: str | None = None,
    cut: int | None = None,
) -> int:
    """Add a session without events, and give its number."""
    values = (session_id, storable(file), created, parent, cut, *_columns(Progress(created)))
    marks = ", ".join("?" * len(values))
    into = f"INSERT INTO sessions (id, file, created, parent, forked_at, {_PROGRESS}) VALUES ({marks})"
    try:
        return database.execute(into, values).lastrowid or 0
    except sqlite3.IntegrityError:
        raise taken(session_id) from None


def _keep(database: sqlite3.Connection, number: int, progress: Progress) -> None:
    marks = ", ".join("?" * len(_columns(progress)))
    database.execute(f"UPDATE sessions SET ({_PROGRESS}) = ({marks}) WHERE number = ?", (*_columns(progress), number))


def _columns(progress: Progress) -> tuple[float | int | str, ...]:
    """The values of the columns of ``_PROGRESS``."""
    return (
        progress.updated,
        progress.events,
        progress.runs,
        progress.status,
        progress.agent,
        progress.title,
        json.dumps(progress.approvals),
        json.dumps(progress.questions),
    )


def _rename(database: sqlite3.Connection, session_id: str, name: str | None) -> None:
    if name is not None:
        database.execute("UPDATE sessions SET name = NULL WHERE name = ?", (storable(name),))
        name = storable(name)
    database.execute("UPDATE sessions SET name = ? WHERE id = ?", (name, session_id))
