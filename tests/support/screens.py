"""The command on a terminal that is emulated: keys go in, and what can be seen comes out."""

import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pexpect
import pyte

from tests.support.cli import COMMAND, ROOT, environment

ENTER, TAB, UP, ALT_ENTER = "\r", "\t", "\x1b[A", "\x1b\r"
CTRL_A, CTRL_C, CTRL_D, CTRL_K, CTRL_R = "\x01", "\x03", "\x04", "\x0b", "\x12"


def paste(text: str) -> str:
    """What a terminal sends when somebody pastes."""
    return f"\x1b[200~{text}\x1b[201~"


class Screen:
    """A command on an emulated terminal, which is large enough that nothing scrolls away."""

    def __init__(
        self, *arguments: str | Path, cwd: Path = ROOT, columns: int = 100, lines: int = 200, **settings: str
    ) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self._screen)
        self._child: pexpect.spawn[str] = pexpect.spawn(
            COMMAND,
            [*map(str, arguments)],
            cwd=str(cwd),
            env=environment({"TERM": "xterm-256color", **settings}),
            dimensions=(lines, columns),
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.close(force=True)

    @property
    def lines(self) -> list[str]:
        """What can be seen, without blanks at the ends."""
        # the screen's own display makes a text of each cell, and most of these are empty
        rows = (self._screen.buffer[line] for line in range(self._screen.lines))
        shown = ["".join(row[column].data for column in range(max(row, default=-1) + 1)).rstrip() for row in rows]
        while shown and not shown[-1]:
            shown.pop()
        return shown

    @property
    def text(self) -> str:
        """What can be seen, as one text."""
        return "\n".join(self.lines)

    def colours(self) -> set[str]:
        """The colours that can be seen."""
        return {cell.fg for row in self._screen.buffer.values() for cell in row.values()}

    def type(self, *keys: str) -> None:
        """Press keys, with some time between those that are given apart."""
        for number, key in enumerate(keys):
            if number:
                self._look(0.2)
            self._child.send(key)

    def resize(self, columns: int, lines: int) -> None:
        """Make the window larger or smaller."""
        self._screen.resize(lines, columns)
        self._child.setwinsize(lines, columns)

    def wait_for(self, text: str, times: int = 1, seconds: float = 20) -> None:
        """Wait until the text can be seen, so many times."""
        end = time.monotonic() + seconds
        while self.text.count(text) < times and time.monotonic() < end and self._child.isalive():
            self._look(0.05)
        self._look(0.05)
        assert self.text.count(text) >= times, self.text

    def wait_for_end(self, *lines: str, seconds: float = 20) -> None:
        """Wait until these are the last lines that can be seen."""
        end = time.monotonic() + seconds
        while self.lines[-len(lines) :] != [*lines] and time.monotonic() < end and self._child.isalive():
            self._look(0.05)
        assert self.lines[-len(lines) :] == [*lines], self.text

    def left(self, seconds: float = 20) -> int | None:
        """Wait for the end of the command and give its exit code."""
        end = time.monotonic() + seconds
        while self._child.isalive() and time.monotonic() < end:
            self._look(0.05)
        self._look(0.05)
        self._child.close(force=True)
        return self._child.exitstatus

    def _look(self, seconds: float) -> None:
        """Show what comes within this time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                self._stream.feed(self._child.read_nonblocking(65536, timeout=left))
            except (pexpect.TIMEOUT, pexpect.EOF):
                return
