"""Event loops that last for one conversation."""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_alone(
    main: Callable[[], Coroutine[Any, Any, Result]],
    made: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
) -> Result:
    """Run this in an event loop of its own, which is not made the loop of anybody else.

    Ctrl-C ends it, but neither in the making of the loop nor in the closing: half of one would complain.
    """
    runner = asyncio.Runner(loop_factory=made)
    try:
        with _whole():
            runner.get_loop()
        return runner.run(main())
    finally:
        with _whole():
            runner.close()


@contextmanager
def _whole() -> Iterator[None]:
    """Let Ctrl-C wait for the end of the block, where it would raise KeyboardInterrupt."""
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    came: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        came.append(number)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt
