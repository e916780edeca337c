"""How long an endpoint may keep us waiting."""

import asyncio
import math
from types import TracebackType
from typing import Self

from orchestrator.clients.failures import Failure
from orchestrator.model import Timeouts


class Deadline:
    """When to wait no longer: for the first byte of a reply, between two pieces of it, and altogether.

    Inside its ``async with`` a wait begins with ``wait`` and ends with ``came``. A reply has thousands of pieces, most
    of which are there at once. So there is one timer, which looks when it rings whether a wait is too long;
    ``asyncio.timeout`` for each piece costs more than all else that a piece costs here.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._first, self._end = now + _finite(timeouts.first), now + _finite(timeouts.total)
        self._between = _finite(timeouts.between)
        self._due = 0.0
        self._replying = False
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._waiting = False
        self._rang = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Watch no longer.

        Raises:
            Failure: a wait was too long.
        """
        self.came()
        if self._timer is not None:
            self._timer.cancel()
        if kind is asyncio.CancelledError and self._rang and self._task and self._task.uncancel() <= self._cancelling:
            raise self._late() from None

    def wait(self, *, replying: bool = False) -> None:
        """The task begins to wait for the first piece, or for the next one."""
        self._replying = replying
        self._due = min(self._loop.time() + self._between if replying else self._first, self._end)
        if self._task is None:
            self._task = asyncio.current_task()
            self._cancelling = self._task.cancelling() if self._task else 0
        self._waiting = True
        if self._timer is None or self._timer.when() > self._due:
            self._wind()

    def came(self) -> None:
        """What was waited for is there."""
        self._waiting = False

    def _wind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if not self._waiting or self._task is None:
            return  # the next wait winds it again
        if self._loop.time() < self._due:
            self._wind()
        else:
            self._rang = True
            self._task.cancel()

    def _late(self) -> Failure:
        limits = self._timeouts
        if self._loop.time() >= self._end:
            return Failure(f"did not finish within {limits.total:g} s", "", "timeout", transient=False)
        if self._replying:
            return Failure(f"fell silent for {limits.between:g} s in the middle of its reply", "", "timeout")
        return Failure(f"did not begin to answer within {limits.first:g} s", "", "timeout")


def _finite(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds
