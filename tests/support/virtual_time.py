"""An event loop whose time is virtual: nobody waits, time jumps to the next timer. What can never go on is a ``Hang``.

Synchronous tools run on real threads. The loop lets them end before time passes and hands their results in by the order
in which they began, so that a run is the same each time.
"""

import asyncio
import selectors
import threading
import time
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

EPOCH = 1_000_000.0
THREADS = "tool "  # how the names of the threads begin on which tools run now
ROUNDS = 200_000  # of one loop; a run that needs more goes round in circles
REAL_SECONDS = 20.0  # for a thread


class Hang(Exception):  # noqa: N818 - what it is
    """Nothing is ready, no timer is set and no tool works: the program would wait for ever, or goes in circles."""


class _Future(asyncio.Future[Any]):
    """Knows how many were made before it in its loop."""

    number = 0


class _Selector(selectors.DefaultSelector):
    """Lets time pass instead of waiting."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.loop.pass_time(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop. ``asyncio.Runner(loop_factory=VirtualLoop)`` uses it."""

    def __init__(self) -> None:
        self._virtual = 0.0
        self._rounds = 0
        self._futures = 0
        self._from_threads: list[tuple[int, asyncio.Handle]] = []
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self._virtual

    def clock(self) -> float:
        """The time as the runner takes it, in seconds since the epoch."""
        return EPOCH + self._virtual

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        thread = threading.current_thread()
        if not thread.name.startswith(THREADS):
            return self.call_soon(callback, *args, context=context)
        if self.is_closed():
            raise RuntimeError("the loop is closed")
        handle = asyncio.Handle(callback, args, self, context)
        number = next((each.number for each in args if isinstance(each, _Future)), 0)
        self._from_threads.append((number, handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        future = _Future(loop=self)
        future.number = self._futures = self._futures + 1
        return future

    def pass_time(self, timeout: float | None) -> None:
        """What stands for waiting: let the threads end; if they bring nothing, jump to the next timer."""
        self._rounds += 1
        if self._rounds > ROUNDS:
            raise Hang("the run goes round in circles")
        deadline = time.monotonic() + REAL_SECONDS
        while any(thread.name.startswith(THREADS) for thread in threading.enumerate()) and time.monotonic() < deadline:
            time.sleep(0)
        brought, self._from_threads = self._from_threads, []
        for _, handle in sorted(brought, key=lambda one: one[0]):
            self.call_soon(handle._run)
        if brought:
            return
        if timeout is None:
            raise Hang("nothing is left that could go on")
        self._virtual += max(0.0, timeout)


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in virtual time.

    Raises:
        Hang: it waits for what never comes.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
