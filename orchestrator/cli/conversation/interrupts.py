"""Ctrl-C: the first one stops the turn, the second one leaves."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator


class Interrupts:
    """What Ctrl-C does. Made inside a running task, the conversation's."""

    def __init__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("made outside a task")
        self._task = task
        self._cancel: Callable[[], None] | None = None
        self.left = False  # somebody has pressed twice

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """While this lasts, Ctrl-C comes here."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError):  # on Windows Ctrl-C ends the conversation
            loop.add_signal_handler(signal.SIGINT, self.press)
        try:
            yield
        finally:
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(signal.SIGINT)

    @contextlib.contextmanager
    def reach(self, cancel: Callable[[], None]) -> Iterator[None]:
        """While this lasts, the first Ctrl-C calls ``cancel``."""
        self._cancel = cancel
        try:
            yield
        finally:
            self._cancel = None

    def press(self) -> None:
        """Ctrl-C, from the keyboard or from a prompt that took it."""
        cancel, self._cancel = self._cancel, None
        if cancel is not None:
            cancel()
        else:
            self.left = True
            self._task.cancel()
