"""Sessions in a list: aligned columns, short ids, and times as people tell them."""

from collections.abc import Iterator, Sequence
from itertools import count

from rich.cells import cell_len, set_cell_size

from orchestrator.render.graph.texts import clean
from orchestrator.render.times import day, day_and_time

_PREFIX = "session_"  # may be left out where a session is named
_SHORTEST = 8
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_LONG_AGO = 60  # days


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> Iterator[str]:
    """Give the lines of a table without the columns that are empty; none is wider than ``width`` columns."""
    cleaned = [[clean(cell, 200) for cell in row] for row in rows]
    columns = [column for column in zip(headings, *cleaned, strict=True) if any(column[1:])]
    widths = [max(map(cell_len, column)) for column in columns]
    for cells in zip(*columns, strict=True):
        aligned = (set_cell_size(cell, size) for cell, size in zip(cells, widths, strict=True))
        yield _cut("  ".join(aligned).rstrip(), width)


def short_ids(ids: Sequence[str]) -> list[str]:
    """Give the beginnings of ids that tell each from the others, all of one length."""
    bare = [each.removeprefix(_PREFIX) for each in ids]
    different = set(bare)
    length = next(n for n in count(_SHORTEST) if len({each[:n] for each in different}) == len(different))
    return [each[:length] for each in bare]


def ago(at: float, now: float) -> str:
    """Give a time as people tell it: ``5 min ago``, ``3 days ago``; the day of one that is long ago."""
    passed = now - at
    if not -_MINUTE < passed < _LONG_AGO * _DAY:
        return day_and_time(at) if passed < 0 else day(at)
    if passed < _MINUTE:
        return "just now"
    if passed < _HOUR:
        return f"{passed // _MINUTE:.0f} min ago"
    if passed < _DAY:
        return f"{passed // _HOUR:.0f} h ago"
    days = passed // _DAY
    return "yesterday" if days == 1 else f"{days:.0f} days ago"


def _cut(line: str, width: int | None) -> str:
    if width is None or cell_len(line) <= width:
        return line
    return set_cell_size(line, max(0, width - 1)).rstrip() + "…"
