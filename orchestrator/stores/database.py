"""The file of a store: made when something is first kept in it, and never touched when it is not ours."""

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from orchestrator.stores import StoreError
from orchestrator.stores.locks import Locks

FOLDER = ".orchestrate"
"""The folder of a project in which its sessions are kept."""

APPLICATION = 0x4F726368
"""Marks the file as a store of sessions, as SQLite's ``application_id``."""

VERSION = 1
"""The version of what is in the file, as SQLite's ``user_version``."""

BUSY_SECONDS = 10
"""How long to wait while another process writes."""

# Without a rowid the events of a session stand together: reading them takes half as long.
_SCHEMA = f"""
CREATE TABLE sessions (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT UNIQUE,
  file TEXT NOT NULL,
  created REAL NOT NULL,
  updated REAL NOT NULL,
  events INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  status TEXT NOT NULL,
  agent TEXT NOT NULL,
  title TEXT NOT NULL,
  parent TEXT,
  forked_at INTEGER,
  approvals TEXT NOT NULL,
  questions TEXT NOT NULL
);
CREATE TABLE events (
  session INTEGER NOT NULL REFERENCES sessions (number),
  seq INTEGER NOT NULL,
  json TEXT NOT NULL,
  PRIMARY KEY (session, seq)
) WITHOUT ROWID;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""

# What is kept survives a loss of power, and what is deleted leaves nothing behind in the file.
_HABITS = "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA secure_delete = ON;"


class Database:
    """A connection to the file, made when it is first needed. Every fault is a ``StoreError``.

    Args:
        path: the file, without links and in full.
        locks: the locks of the store.
    """

    def __init__(self, path: Path, locks: Locks) -> None:
        self.path = path
        self._locks = locks
        self._connection: sqlite3.Connection | None = None

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give what to read from. Where nothing was ever kept that is an empty database, and no file is made."""
        with self._in_plain_words():
            self._connection = self._connection or self._opened()
            if self._connection is not None:
                yield self._connection
                return
            with contextlib.closing(sqlite3.connect(":memory:")) as empty:
                empty.executescript(_SCHEMA)
                yield empty

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give what to write to, for one transaction. It is durable at the end, or nothing of it is there."""
        with self._in_plain_words():
            self._connection = connection = self._connection or self._made()
            with _transaction(connection, "IMMEDIATE"):
                yield connection

    def close(self) -> None:
        """Let go of the file. What is asked afterwards opens it anew."""
        if self._connection is not None:
            with self._in_plain_words():
                self._connection.close()
            self._connection = None

    def _make_folder(self) -> None:
        """Make a folder that only its owner may read, unless there is one."""
        folder = self.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.name == FOLDER:
            with contextlib.suppress(FileExistsError), (folder / ".gitignore").open("x", encoding="utf-8") as ignore:
                ignore.write("*\n")

    def _opened(self) -> sqlite3.Connection | None:
        """Open the file, if there is one and anything in it."""
        if not _is_there(self.path):
            return None
        connection = self._connected()
        with _closed_at_fault(connection):
            if self._is_ours(connection):
                return connection
        connection.close()
        return None

    def _made(self) -> sqlite3.Connection:
        """Open the file, and make what is not there yet."""
        if connection := self._opened():
            return connection
        self._make_folder()
        with self._locks.making(BUSY_SECONDS):  # SQLite does not wait for others while it turns to a log
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = self._connected()
            with _closed_at_fault(connection):
                if not self._is_ours(connection):
                    connection.executescript(f"PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        return connection

    def _connected(self) -> sqlite3.Connection:
        """Connect. Where SQLite can't make the files that it needs beside ours, nobody writes to ours, either."""
        try:
            return self._connect("mode=rw")
        except sqlite3.OperationalError as error:
            if _kind(error.sqlite_errorcode) not in _NO_ROOM or self._has_log():
                raise
        return self._connect("immutable=1")

    def _connect(self, mode: str) -> sqlite3.Connection:
        address = f"{self.path.as_uri()}?{mode}"
        connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        with _closed_at_fault(connection):
            connection.executescript(_HABITS)
            connection.execute("SELECT count(*) FROM sqlite_master")
        return connection

    def _has_log(self) -> bool:
        """Whether what was written last still is in a file beside ours."""
        log = Path(f"{self.path}-wal")
        return log.exists() and log.stat().st_size > 0

    def _is_ours(self, connection: sqlite3.Connection) -> bool:
        """Whether the file is a store; False if it is blank, and a fault if it is anything else."""
        with _transaction(connection, "DEFERRED"):  # or a store that comes to be between two questions seems strange
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application == APPLICATION:
            if version > VERSION:
                raise StoreError(
                    f"the store {self.path} was written by a newer version of Orchestrate: install that one"
                )
            return True
        if application or version or tables:
            raise StoreError(f"{self.path} is the database of another program: name another file for sessions")
        return False

    @contextlib.contextmanager
    def _in_plain_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(_words(self.path, error)) from error
        except OSError as error:
            raise StoreError(
                f"the store {self.path} can't be used: {error.strerror}; see who may write there"
            ) from error


def _is_there(path: Path) -> bool:
    """Whether there is such a file. What is no file, a folder or a pipe, is a fault."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "no ordinary file"
        raise StoreError(f"{path} is {what}: name a file for sessions")
    return True


@contextlib.contextmanager
def _closed_at_fault(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # some faults have rolled it back already
            connection.execute("ROLLBACK")
        raise


_NO_ROOM = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
_DAMAGED = "is damaged: move it away to begin anew, or see what `sqlite3 FILE .recover` can read of it"
_WORDS = {
    sqlite3.SQLITE_BUSY: f"was in use by another process for {BUSY_SECONDS} seconds: try again",
    sqlite3.SQLITE_PROTOCOL: "is in use by too many processes: try again",
    sqlite3.SQLITE_FULL: "can't be written: the disk is full; make room and try again",
    sqlite3.SQLITE_IOERR: "can't be read or written: the disk is full or at fault; see to it and try again",
    sqlite3.SQLITE_READONLY: "can't be written: see who may write there, or name another with --store",
    sqlite3.SQLITE_CANTOPEN: "can't be opened: see who may read and write there, or name another with --store",
    sqlite3.SQLITE_NOTADB: "is no store of sessions: name another file with --store",
    sqlite3.SQLITE_TOOBIG: "can't take so large an event",
    sqlite3.SQLITE_ERROR: _DAMAGED,  # a table is not there, or not as it was made
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
}


def _words(path: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)  # Python's own: the file holds no text
    said = _WORDS.get(_kind(code), f"can't be used: SQLite reports its error {code}")
    return f"the store {path} {said}"


def _kind(code: int) -> int:
    """The primary part of a code: the rest tells more than anybody needs."""
    return code & 0xFF
