"""One line of a file with marks below it: no wider than a terminal, and harmless to it whatever the file holds."""

import unicodedata
from dataclasses import dataclass

from orchestrator.diagnostics import Span

WIDTH = 120
"""The most columns of a line that is shown."""

_TAB = "    "
_CUT = "…"
_JOINERS = "\u200c\u200d"  # of Persian and of emoji: without width, and without harm


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A line as it is shown: ``gutter`` and ``text``, and below it ``indent`` blanks and ``marks`` marks."""

    gutter: str
    text: str
    indent: int
    marks: int


def excerpt(line: str, span: Span) -> Excerpt:
    """Give the first line of a span, which is ``line``. A long one is cut around the beginning of the span."""
    gutter = f"{span.line} | "
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    room = WIDTH - len(gutter)
    # what is further away is out of sight in any case: a line may have two million characters
    before = [_cell(c) for c in line[max(start - WIDTH, 0) : start]]
    behind = [_cell(c) for c in line[start : start + WIDTH]]
    left, right = _sides(_width(before), _width(behind), room)
    before_shown = _fitting(before[::-1], left, whole=start <= WIDTH)[::-1]
    behind_shown = _fitting(behind, right, whole=len(line) - start <= WIDTH)
    marked = behind_shown[: max(end - start, 1)]
    return Excerpt(gutter, "".join(before_shown + behind_shown), _width(before_shown), max(_width(marked), 1))


def harmless(text: str) -> str:
    """Give a text of one line without what steers a terminal or turns the direction of writing."""
    return "".join(map(_cell, text))


def _sides(before: int, behind: int, room: int) -> tuple[int, int]:
    """Share the columns between what stands before the span, which gets a third if both are long, and the rest."""
    left = min(before, max(room // 3, room - behind))
    return left, room - left


def _fitting(cells: list[str], room: int, *, whole: bool) -> list[str]:
    """The first cells that fit; the last one says whether others are left out. ``whole``: these are all there are."""
    if whole and _width(cells) <= room:
        return cells
    taken, used = 0, len(_CUT)
    while taken < len(cells) and used + _width(cells[taken : taken + 1]) <= room:
        used += _width(cells[taken : taken + 1])
        taken += 1
    return [*cells[:taken], _CUT]


def _cell(character: str) -> str:
    """A character as it is shown."""
    if character == "\t":
        return _TAB
    if character < " ":
        return chr(0x2400 + ord(character))  # the picture of a control character
    if character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return character
    return "\N{REPLACEMENT CHARACTER}"


def _width(cells: list[str]) -> int:
    """The columns that cells take on a terminal."""
    return sum(_columns(character) for cell in cells for character in cell)


def _columns(character: str) -> int:
    if character in _JOINERS or unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
