"""From an offset in a text to a line and a column."""

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TypeAlias

import yaml

from orchestrator.diagnostics import Span

Place: TypeAlias = tuple[int, int]
"""A stretch of text: the offsets, in code points, of its first character and behind its last."""

LINE_BREAK = re.compile(r"\r\n|\r|\n")
"""What ends a line in an editor. YAML 1.1 breaks lines at U+0085, U+2028 and U+2029 as well; people do not see that."""


@dataclass(frozen=True, eq=False)
class Positions:
    """Finds lines and columns in ``text``; ``path`` goes into the spans."""

    path: str
    text: str

    @cached_property
    def _starts(self) -> "array[int]":
        return array("q", chain((0,), (found.end() for found in LINE_BREAK.finditer(self.text))))

    def span(self, place: Place) -> Span:
        """Give the span of a place; what lies behind the end of the text is taken as its end."""
        line, column = self._position(place[0])
        end_line, end_column = self._position(place[1])
        return Span(self.path, line, column, end_line, end_column)

    def line_start(self, offset: int) -> int:
        """Give the offset at which the line of ``offset`` begins."""
        return self._starts[bisect_right(self._starts, offset) - 1]

    def line_end(self, offset: int) -> int:
        """Give the offset of the line break, or of the end of the text, that follows ``offset``."""
        found = LINE_BREAK.search(self.text, offset)
        return found.start() if found else len(self.text)

    def next_line(self, offset: int) -> int:
        """Give the offset at which the line behind that of ``offset`` begins, or the end of the text."""
        line = bisect_right(self._starts, offset)
        return self._starts[line] if line < len(self._starts) else len(self.text)

    def _position(self, offset: int) -> tuple[int, int]:
        offset = min(offset, len(self.text))
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def place_of(event: yaml.Event) -> Place:
    """Give the place that the parser says an event has. (Its marks count code points, as we do.)"""
    assert event.start_mark is not None
    assert event.end_mark is not None
    return event.start_mark.index, event.end_mark.index
