"""What is under way: the tasks that a run has started, and the one inbox into which all of them report."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

STOP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class TimedOut:
    """An act has used up its time."""


@dataclass(eq=False, slots=True)
class Act:
    """One thing under way. ``take`` gets what it reports, while it is live; what comes later is dropped.

    Without that a timed-out tool would land in the next model call.
    """

    take: Callable[["Act", object], None]
    inbox: "asyncio.Queue[tuple[Act, object]]"
    loop: asyncio.AbstractEventLoop
    task: "asyncio.Task[None] | None" = None
    timer: asyncio.TimerHandle | None = None
    seconds_left: float | None = None
    on_end: list[Callable[[], object]] = field(default_factory=list)

    def report(self, item: object) -> None:
        """Report, on the event loop's thread."""
        self.inbox.put_nowait((self, item))

    def report_from_thread(self, item: object) -> None:
        """Report from any thread. After the loop has closed nobody listens, and nothing happens."""
        try:
            self.loop.call_soon_threadsafe(self.report, item)
        except RuntimeError:
            return

    def hold(self) -> None:
        """Stop the act's clock, while it waits for a person."""
        if self.timer is not None:
            self.seconds_left = max(0.0, self.timer.when() - self.loop.time())
            self.timer.cancel()
            self.timer = None

    def go_on(self) -> None:
        """Start the act's clock, or start it again."""
        if self.seconds_left is not None:
            self.timer = self.loop.call_later(self.seconds_left, self.report, TimedOut())


class Acts:
    """The acts of one run. Made inside a running event loop; true while anything is under way."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._inbox: asyncio.Queue[tuple[Act, object]] = asyncio.Queue()
        self._live: set[Act] = set()
        self._ended: set[asyncio.Task[None]] = set()
        self._waker = Act(lambda _act, _item: None, self._inbox, self._loop)

    def __bool__(self) -> bool:
        return bool(self._live)

    def start(
        self,
        name: str,
        work: Callable[[Act], Coroutine[None, None, None]],
        take: Callable[[Act, object], None],
        seconds: float | None = None,
    ) -> None:
        """Begin an act. ``work`` reports and never raises; after ``seconds`` the act reports ``TimedOut``."""
        act = Act(take, self._inbox, self._loop, seconds_left=seconds)
        self._live.add(act)
        act.task = self._loop.create_task(_enter(work, act), name=name)
        act.go_on()

    def wake(self) -> None:
        """Make ``take_next`` return though nothing was reported."""
        self._waker.report(None)

    async def take_next(self) -> None:
        """Wait for the next report and give it to its act."""
        self._deliver(*await self._inbox.get())

    def take_all(self) -> None:
        """Give out the reports that are in already."""
        while not self._inbox.empty():
            self._deliver(*self._inbox.get_nowait())

    def end(self, act: Act) -> None:
        """An act is over, or no longer awaited."""
        self._live.discard(act)
        act.hold()
        for clean_up in act.on_end:
            clean_up()
        if act.task is not None and not act.task.done():
            act.task.cancel()
            self._ended.add(act.task)
            act.task.add_done_callback(self._ended.discard)

    async def stop(self) -> None:
        """End every act and give it a second to clean up; what then still hangs is abandoned."""
        for act in list(self._live):
            self.end(act)
        if self._ended:
            await asyncio.wait(list(self._ended), timeout=STOP_SECONDS)

    def _deliver(self, act: Act, item: object) -> None:
        if act in self._live:
            act.take(act, item)


async def _enter(work: Callable[[Act], Coroutine[None, None, None]], act: Act) -> None:
    # the coroutine is made inside its task: one that is cancelled before it starts would be "never awaited"
    await work(act)
