"""Synchronous tools run here, on daemon threads of their own, and nowhere else.

Not an executor: its threads are joined when the process ends, so one hanging tool would keep the process alive.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


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

    def work() -> None:
        try:
            result, error = context.run(function), None
        except BaseException as raised:  # noqa: BLE001 - it is handed to the waiting task
            result, error = None, raised
        try:
            loop.call_soon_threadsafe(deliver, result, error)
        except RuntimeError:
            return  # the loop has closed: nobody waits any more

    threading.Thread(target=work, name=f"tool {name}", daemon=True).start()
    try:
        return await future
    except Carried as carried:
        raise carried.error from None


class Carried(Exception):  # noqa: N818 - an envelope, not an error
    """Carries an exception that a future refuses to hold, or treats as its own cancellation."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def _carried(error: BaseException) -> BaseException:
    plain = isinstance(error, Exception) and not isinstance(error, StopIteration)
    return error if plain else Carried(error)
