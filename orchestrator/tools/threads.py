"""Synchronous tools run here, on daemon threads of their own, and nowhere else.

Not an executor: its threads are joined when the process ends, so one hanging tool would keep the process alive. A
thread that has done its work waits for more: to start one takes longer than most of what a turn does.
"""

import asyncio
import contextlib
import contextvars
import os
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")

MOST_IDLE = 32


async def in_thread(function: Callable[[], T], name: str) -> T:
    """Run ``function`` on a daemon thread and wait for it.

    When the waiting task is cancelled the thread is abandoned: it can't be stopped, and its result is dropped.

    Raises:
        BaseException: whatever the function raised, ``SystemExit`` included.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def deliver(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)  # type: ignore[arg-type]  # there is a result when there is no error
        else:
            future.set_exception(_carried(error))

    def work() -> Callable[[], None]:
        threading.current_thread().name = f"tool {name}"
        try:
            result, error = context.run(function), None
        except BaseException as raised:  # noqa: BLE001 - it is handed to the waiting task
            result, error = None, raised

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
                loop.call_soon_threadsafe(deliver, result, error)

        return tell

    _idle_worker().jobs.put(work)
    try:
        return await future
    except Carried as carried:
        raise carried.error from None


class _Worker:
    """A daemon thread that does one job after the other: each gives what tells of its end."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[Callable[[], Callable[[], None]]] = SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        stays = True
        while stays:
            tell = self.jobs.get()()
            stays = len(_idle) < MOST_IDLE
            if stays:
                _idle.append(self)  # before it tells, so that the next job need not look for another thread
            tell()
            del tell  # what it holds is not kept until the next job


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
