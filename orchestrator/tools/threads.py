"""Synchronous tools run here, on daemon threads of their own, and nowhere else.

Not an executor: its threads are joined when the process ends, so one hanging tool would keep the process alive. A
thread that has done its work waits for more: to start one takes longer than most of what a turn does.
"""

import contextlib
import contextvars
import os
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

MOST_IDLE = 32
IDLE = "no tool"


async def in_thread(function: Callable[[], T], name: str) -> T:
    """Run ``function`` on a daemon thread and wait for it.

    When the waiting task is cancelled the thread is abandoned: it can't be stopped, and its result is dropped.

    Raises:
        BaseException: whatever the function raised, ``SystemExit`` included.
    """
    from asyncio import get_running_loop

    loop = get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def work() -> Callable[[], None]:
        try:
            result, error = context.run(function), None
        except BaseException as raised:  # noqa: BLE001 - it is handed to the waiting task
            result, error = None, raised

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
                loop.call_soon_threadsafe(_deliver, future, result, error)

        return tell

    _idle_worker().take(f"tool {name}", work)
    try:
        return await future
    except Carried as carried:
        raise carried.error from None


def _deliver(future: "asyncio.Future[T]", result: T | None, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)  # type: ignore[arg-type]  # there is a result when there is no error
    else:
        future.set_exception(_carried(error))


class _Worker:
    """A daemon thread that does one job after the other: each gives what tells of its end.

    Its name is that of the job, from when the job is given to it until the end was told.
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[tuple[str, Callable[[], Callable[[], None]]]] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=IDLE, daemon=True)
        self._thread.start()

    def take(self, name: str, job: Callable[[], Callable[[], None]]) -> None:
        self._thread.name = name
        self._jobs.put((name, job))

    def _work(self) -> None:
        stays = True
        while stays:
            name, job = self._jobs.get()
            self._thread.name = name  # the end of the last job may have come behind ``take``
            tell = job()
            stays = len(_idle) < MOST_IDLE
            if stays:
                _idle.append(self)  # before it tells, so that the next job need not look for another thread
            tell()
            del job, tell  # what they hold is not kept until the next job
            self._thread.name = IDLE


_idle: deque[_Worker] = deque()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # a child has none of the threads


def _idle_worker() -> _Worker:
    try:
        return _idle.pop()
    except IndexError:
        return _Worker()


class Carried(Exception):  # noqa: N818 - an envelope, not an error
    """Carries an exception that a future refuses to hold, or treats as its own cancellation."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def _carried(error: BaseException) -> BaseException:
    plain = isinstance(error, Exception) and not isinstance(error, StopIteration)
    return error if plain else Carried(error)
