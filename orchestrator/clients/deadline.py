"""How long an endpoint may keep us waiting."""

import asyncio
import math
from collections.abc import Awaitable
from typing import TypeVar

from orchestrator.clients.failures import Failure
from orchestrator.model import Timeouts

T = TypeVar("T")


class Deadline:
    """When to wait no longer: for the first byte of a reply, between two pieces of it, and altogether.

    A reply has thousands of pieces, most of which are there at once. So there is one timer, which looks when it rings
    whether the wait is too long; ``asyncio.timeout`` for each piece costs more than all else that a piece costs here.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._first, self._end = now + _finite(timeouts.first), now + _finite(timeouts.total)
        self._between = _finite(timeouts.between)
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: asyncio.Task[object] | None = None
        self._rang = False

    def close(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()

    async def within(self, step: Awaitable[T], *, replying: bool = False) -> T:
        """What comes of the step, if it comes in time.

        Raises:
            Failure: it does not.
        """
        self._due = min(self._loop.time() + self._between if replying else self._first, self._end)
        self._waiting = task = asyncio.current_task()
        cancelling = task.cancelling() if task else 0
        if self._timer is None or self._timer.when() > self._due:
            self._wind()
        try:
            return await step
        except asyncio.CancelledError:
            if self._rang and task and task.uncancel() <= cancelling:
                raise self._late(replying) from None
            raise
        finally:
            self._waiting = None

    def _wind(self) -> None:
        self.close()
        self._timer = self._loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiting is None:
            return  # the next wait winds it again
        if self._loop.time() < self._due:
            self._wind()
        else:
            self._rang = True
            self._waiting.cancel()

    def _late(self, replying: bool) -> Failure:
        limits = self._timeouts
        if self._loop.time() >= self._end:
            return Failure(f"did not finish within {limits.total:g} s", "", "timeout", transient=False)
        if replying:
            return Failure(f"fell silent for {limits.between:g} s in the middle of its reply", "", "timeout")
        return Failure(f"did not begin to answer within {limits.first:g} s", "", "timeout")


def _finite(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds
