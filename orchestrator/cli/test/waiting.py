"""The test that everybody waits for: shown at the bottom of a terminal while it runs for longer than a moment."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_MOMENT = 1.0
_TICK = 0.25
_LONGEST = 60
_ERASE = "\r\x1b[2K"


class Waiting:
    """Knows which tests run. What stands at the bottom is gone before anything else is written."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._running: dict[str, tuple[str, float]] = {}
        self._shown = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True) if out.isatty() else None
        if self._ticker:
            self._ticker.start()

    def begin(self, test: str, name: str) -> None:
        """A test begins."""
        with self._lock:
            self._running[test] = (name, time.monotonic())

    def end(self, test: str) -> None:
        """A test is over."""
        with self._lock:
            self._running.pop(test, None)

    def stop(self) -> None:
        """Leave nothing behind."""
        self._over.set()
        if self._ticker:
            self._ticker.join()
        with self.aside():
            pass

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Make room for lines that stay."""
        with self._lock:
            if self._shown:
                self._out.write(_ERASE)
                self._out.flush()
                self._shown = False
            yield

    def _tick(self) -> None:
        while not self._over.wait(_TICK):
            with self._lock:
                self._show()

    def _show(self) -> None:
        now = time.monotonic()
        late = [(name, now - begun) for name, begun in self._running.values() if now - begun > _MOMENT]
        if late:
            name, seconds = max(late, key=lambda test: test[1])
            shown = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
            self._out.write(f"{_ERASE}{shown}  {seconds:.0f} s")
        elif self._shown:
            self._out.write(_ERASE)
        self._out.flush()
        self._shown = bool(late)
