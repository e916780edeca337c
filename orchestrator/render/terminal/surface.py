"""The lower end of a terminal: lines that stay, and below them rows that are drawn anew."""

import os
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import TextIO

from rich.console import Console
from rich.text import Text

Size = Callable[[], os.terminal_size]

_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"  # the terminal shows what is between at once, if it knows how
_CLIPPED, _WRAPPED = "\x1b[?7l", "\x1b[?7h"  # a row stays one row, also where a terminal counts an emoji otherwise
_CLEAR_RIGHT, _CLEAR_BELOW = "\x1b[K", "\x1b[J"


def size_of(stream: TextIO) -> os.terminal_size:
    """The size of the terminal behind a stream; ``COLUMNS`` and ``LINES`` in the environment beat it."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        size = os.terminal_size((80, 24))
    columns, lines = (os.environ.get(name, "") for name in ("COLUMNS", "LINES"))
    return os.terminal_size(
        (
            int(columns) if columns.isdecimal() and int(columns) else size.columns or 80,
            int(lines) if lines.isdecimal() and int(lines) else size.lines or 24,
        )
    )


class Surface:
    """Writes to a terminal so that nothing flickers: what stays is written once, and of the rest only what changed.

    The cursor rests at the end of the last row, or at the beginning of a line where nothing is drawn. It is never
    hidden, so that a program that is killed leaves nothing behind that must be set right.
    """

    def __init__(self, stream: TextIO, size: Size) -> None:
        self.console = Console(file=stream, highlight=False, soft_wrap=True, emoji=False, markup=False)
        self._stream = stream
        self._size = size
        self._rows: list[str] = []
        self._cells: list[int] = []  # how wide each row is
        self._held: list[Text] | None = None  # what must wait until the person has spoken

    @property
    def width(self) -> int:
        """The columns of the terminal, as they are now."""
        return self._size().columns

    def update(self, kept: Sequence[Text], rows: Sequence[Text] = ()) -> None:
        """Write lines that stay above, and below them these rows instead of those that were drawn."""
        if self._held is not None:
            self._held += kept
            return
        size = self._size()
        shown = _fitting(rows, size)
        drawn = self._encoded(shown)
        if kept or drawn != self._rows:
            same = 0 if kept else sum(1 for _ in takewhile(_alike, zip(self._rows, drawn, strict=False)))
            first = max(min(same, len(drawn) - 1, len(self._rows) - 1), 0)
            self._write(self._back_to(first, size), self._encoded(kept), drawn[first:])
            self._rows, self._cells = drawn, [row.cell_len for row in shown]

    def pause(self) -> None:
        """Take what is drawn off the screen, and write nothing until ``resume``."""
        if self._held is None:
            self.update(())
            self._held = []

    def resume(self) -> None:
        """Write again, first what came in the meantime."""
        if self._held is not None:
            held, self._held = self._held, None
            self.update(held)

    def _write(self, back: str, kept: Sequence[str], rows: Sequence[str]) -> None:
        above = [_CLEAR_BELOW, *(f"{line}\r\n" for line in kept)] if kept else []
        below = f"{_CLEAR_RIGHT}\r\n".join(rows)
        self._stream.write("".join([_BEGIN, back, *above, _CLIPPED, below, _CLEAR_BELOW, _WRAPPED, _END]))
        self._stream.flush()

    def _back_to(self, row: int, size: os.terminal_size) -> str:
        """Go from where the cursor rests to the beginning of a row.

        A terminal that became narrower has wrapped the rows that do not fit any more.
        """
        heights = [max(1, -(-cells // size.columns)) for cells in self._cells[row:]]
        up = min(sum(heights), size.lines) - 1
        return f"\x1b[{up}A\r" if up > 0 else "\r"

    def _encoded(self, lines: Sequence[Text]) -> list[str]:
        if not lines:
            return []
        with self.console.capture() as captured:
            self.console.print(Text("\n").join(lines))
        return captured.get().split("\n")[:-1]


def _fitting(rows: Sequence[Text], size: os.terminal_size) -> list[Text]:
    """The last rows that the screen has room for, none as wide as the screen."""
    room = max(size.lines - 1, 2)
    shown = [row.copy() for row in rows[-room:]]
    if len(rows) > room:
        shown[0] = Text(f"… {len(rows) - room + 1:,} lines above", "dim")
    for row in shown:
        row.truncate(max(size.columns - 1, 1), overflow="ellipsis")
    return shown


def _alike(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]
