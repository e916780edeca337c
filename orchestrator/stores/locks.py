"""One at a time: a lock of the system for each session, which falls with its process."""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from orchestrator.stores import StoreError
from orchestrator.stores.rules import HERE, busy, check_id

_HOLDER = re.compile(rb"(\d{1,10}) (\d{1,10})\n")
_LONGEST = 100
_MAKING = ".making"  # no id of a session


class Locks:
    """The locks of a folder's sessions: a file ``ID.lock`` each, and while it is held, ``ID.pid`` says by whom.

    The two are apart because Windows lets nobody read a file that is locked. A lock file stays for as long as its
    session is there: were it removed, two processes could hold two files of one name.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock

    @contextlib.contextmanager
    def hold(self, session_id: str) -> Iterator[None]:
        """Hold a session's lock.

        Raises:
            SessionBusy: another process holds it, or another part of this one.
            StoreError: there can't be a lock here.
        """
        check_id(session_id)
        try:
            lock = self._acquired(session_id, 0)
        except Timeout:
            raise busy(session_id, self._holder(session_id)) from None
        try:
            self._sign(session_id)
            yield
        finally:
            with contextlib.suppress(OSError):
                self._pid(session_id).unlink()
            lock.release()

    @contextlib.contextmanager
    def making(self, seconds: float) -> Iterator[None]:
        """Hold the lock of whoever makes the store, and wait for it so long.

        Raises:
            StoreError: another process holds it all the time, or there can't be a lock here.
        """
        try:
            lock = self._acquired(_MAKING, seconds)
        except Timeout:
            raise StoreError(f"another process has been making the store beside {self._folder}: try again") from None
        try:
            yield
        finally:
            lock.release()

    def forget(self, session_id: str) -> None:
        """Remove what is left of the lock of a session that is gone for good."""
        with contextlib.suppress(OSError):
            self._lock(session_id).unlink()

    def _acquired(self, name: str, seconds: float) -> BaseFileLock:
        lock = FileLock(self._lock(name), timeout=seconds, mode=0o600, thread_local=False)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise
        except OSError as error:
            raise StoreError(
                f"nothing can be locked in {self._folder}: {error.strerror}; see who may write there"
            ) from None
        return lock

    def _lock(self, session_id: str) -> Path:
        return self._folder / f"{session_id}.lock"

    def _pid(self, session_id: str) -> Path:
        return self._folder / f"{session_id}.pid"

    def _sign(self, session_id: str) -> None:
        """Say who holds the lock. It holds as well when that can't be said."""
        with contextlib.suppress(OSError):
            self._pid(session_id).write_text(f"{os.getpid()} {int(self._clock())}\n", encoding="ascii")

    def _holder(self, session_id: str) -> str:
        """Who holds the lock, as far as that is known."""
        try:
            with self._pid(session_id).open("rb") as file:
                said = _HOLDER.match(file.read(_LONGEST))
        except OSError:
            said = None
        if said is None:
            return "another process"
        pid, since = (int(number) for number in said.groups())
        who = HERE if pid == os.getpid() else f"process {pid}"
        return f"{who}, since {datetime.fromtimestamp(since).astimezone():%Y-%m-%d %H:%M:%S}"
