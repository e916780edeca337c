"""What is under way: the tasks that a run has started, and the one inbox into which all of them report."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field

from orchestrator.events import RecordedEvent

log = logging.getLogger("orchestrator.runner")

STOP_SECONDS = 1.0

Work = Callable[["Act"], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class TimedOut:
    """An act has used up its time."""


@dataclass(frozen=True, slots=True)
class Begin:
    """An act and the event that announces it: the act begins when the consumer has taken the event."""

    event: RecordedEvent
    act: Callable[[], None]


@dataclass(eq=False, slots=True)
class Act:
    """One thing under way. ``take`` gets what it reports, while it is live; what comes later is dropped.

    Without that a timed-out tool would land in the next model call.
    """

    take: Callable[["Act", object], None]
    inbox: "asyncio.Queue[tuple[Act, object]]"
    loop: asyncio.AbstractEventLoop
    thread: int = field(default_factory=threading.get_ident)
    task: "asyncio.Task[None] | None" = None
    ended: bool = False
    on_end: list[Callable[[], object]] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None
    _seconds_left: float | None = None
    _holds: int = 0

    def report(self, item: object) -> None:
        """Report, on the event loop's thread."""
        self.inbox.put_nowait((self, item))

    def report_from_thread(self, item: object) -> None:
        """Report from any thread. After the loop has closed nobody listens, and nothing happens."""
        if threading.get_ident() == self.thread:
            self.report(item)  # at once, so that it does not come after what the act reports next
            return
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.report, item)

    def ask_from_thread(self, item: object, answer: "Future[str]") -> None:
        """Report from any thread and wait for an answer, which is cancelled when the act ends, or has ended."""

        def ask() -> None:
            if self.ended:
                answer.cancel()
            else:
                self.on_end.append(answer.cancel)
                self.report(item)

        try:
            self.loop.call_soon_threadsafe(ask)
        except RuntimeError:
            answer.cancel()

    def begin_clock(self, seconds: float | None) -> None:
        """Give the act this long, until it reports ``TimedOut``."""
        self._seconds_left = seconds
        self._start_clock()

    def hold(self) -> None:
        """Let the clock stand still, once more: the act waits for a person."""
        self._holds += 1
        self._stop_clock()

    def go_on(self) -> None:
        """Take back one ``hold``; the clock runs again after the last."""
        self._holds -= 1
        self._start_clock()

    def _start_clock(self) -> None:
        if self._seconds_left is not None and not self._holds and not self.ended:
            self._timer = self.loop.call_later(self._seconds_left, self.report, TimedOut())

    def _stop_clock(self) -> None:
        if self._timer is not None:
            self._seconds_left = max(0.0, self._timer.when() - self.loop.time())
            self._timer.cancel()
            self._timer = None

    def finish(self) -> None:
        """Listen to the act no more."""
        self.ended = True
        self._stop_clock()
        for clean_up in self.on_end:
            clean_up()


class Acts:
    """The acts of one run. Made inside a running event loop; true while anything is under way."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._inbox: asyncio.Queue[tuple[Act, object]] = asyncio.Queue()
        self._live: set[Act] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._waker = Act(lambda _act, _item: None, self._inbox, self._loop)

    def __bool__(self) -> bool:
        return bool(self._live)

    def start(
        self,
        name: str,
        work: Work,
        take: Callable[[Act, object], None],
        broke: Callable[[BaseException], object],
        seconds: float | None = None,
    ) -> Act:
        """Begin an act. What ``work`` raises is reported as what ``broke`` makes of it.

        After ``seconds`` it reports ``TimedOut``.
        """
        act = Act(take, self._inbox, self._loop)
        self._live.add(act)
        act.task = self._loop.create_task(_guarded(work, act, broke), name=name)
        self._tasks.add(act.task)
        act.task.add_done_callback(self._tasks.discard)
        act.begin_clock(seconds)
        return act

    def wake(self) -> None:
        """Make ``take_next`` return though nothing was reported."""
        self._waker.report(None)

    async def take_next(self) -> None:
        """Wait for the next report and give it to its act."""
        self._deliver(*await self._inbox.get())

    def take_ready(self) -> bool:
        """Give the next report to its act, if one is in already."""
        if self._inbox.empty():
            return False
        self._deliver(*self._inbox.get_nowait())
        return True

    def take_all(self) -> None:
        """Give out the reports that are in already."""
        while self.take_ready():
            pass

    def end(self, act: Act) -> None:
        """An act has given its last report. Its task may still be cleaning up, and is left to it."""
        self._live.discard(act)
        act.finish()

    def drop(self, act: Act) -> None:
        """An act is no longer awaited: an asynchronous one is cancelled, a thread is abandoned."""
        self.end(act)
        if act.task is not None:
            act.task.cancel()

    async def stop(self) -> None:
        """Drop every act and give it a second to clean up; what then still hangs is abandoned."""
        for act in list(self._live):
            self.drop(act)
        tasks = list(self._tasks)
        if not tasks:
            return
        _, hanging = await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for task in hanging:
            log.warning("%s does not stop, and is abandoned", task.get_name())
            task.cancel()
        self._tasks.clear()

    def _deliver(self, act: Act, item: object) -> None:
        if act in self._live:
            act.take(act, item)


async def _guarded(work: Work, act: Act, broke: Callable[[BaseException], object]) -> None:
    """Whatever an act does, it reports: else the run would wait for it for ever.

    The coroutine is made in here: one that is cancelled before it starts would be "never awaited".
    """
    try:
        await work(act)
    except GeneratorExit:
        raise
    except BaseException as error:  # SystemExit would end the event loop, a cancellation of its own the task
        if act.ended and isinstance(error, asyncio.CancelledError):
            raise
        act.report(broke(error))
