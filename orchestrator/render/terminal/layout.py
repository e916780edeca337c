"""What stands apart on the screen, and what belongs together."""

from collections.abc import Iterable
from typing import Literal

from rich.text import Text

Kind = Literal["speaker", "text", "call", "note"]


class Layout:
    """Lines that are to be printed, with a blank one between text and what is no text, and before each speaker."""

    def __init__(self) -> None:
        self._last: Kind | None = None
        self._lines: list[Text] = []

    def put(self, kind: Kind, lines: Iterable[Text], *, apart: bool | None = None) -> None:
        """Print lines. ``apart`` says whether a blank one stands before them; else their kind decides."""
        if self.apart(kind) if apart is None else apart:
            self._lines.append(Text())
        self._lines += lines
        self._last = kind

    def apart(self, kind: Kind) -> bool:
        """Whether a blank line stands before what comes next."""
        if kind == "speaker":
            return True
        return self._last not in {kind, "speaker", None} and "text" in {kind, self._last}

    def after(self, kind: Kind) -> bool:
        """Whether the last lines are of this kind."""
        return self._last == kind

    def begin(self) -> None:
        """Something of another origin has been written: what follows stands by itself."""
        self._last = None

    def take(self) -> list[Text]:
        """Give the lines that are not printed yet."""
        lines, self._lines = self._lines, []
        return lines
