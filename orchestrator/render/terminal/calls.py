"""Calls of tools on a terminal: one quiet line each, and all of it on demand."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rich.text import Text

from orchestrator.messages import ToolCall
from orchestrator.render.excerpts import harmless
from orchestrator.render.words import arguments_of, first_line

VERBOSE_LINES = 40
"""The most lines of arguments, and of a result, that are shown without being asked for."""

PROGRESS_CHARS = 200

_INDENT = "  "
_DEEPER = "    "
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of a call. Times ``at`` are those of the events, ``since`` is the view's own clock."""

    call: ToolCall
    since: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    progress: str = ""
    result: str | None = None
    error: bool = False

    @property
    def seconds(self) -> float | None:
        """How long it took; None when it never ran, or is not finished."""
        if self.started_at is None or self.finished_at is None:
            return None
        return max(self.finished_at - self.started_at, 0.0)


def running(call: Call, frame: str, seconds: float, width: int) -> Text:
    """A row for a call that runs: how long, and what it says of its progress."""
    progress = f" · {harmless(first_line(call.progress[:PROGRESS_CHARS]))}" if call.progress else ""
    return _row(frame, "cyan", call, elapsed(seconds) + progress, width)


def finished(call: Call, width: int) -> Iterator[Text]:
    """The line of a call that is over, and one for what went wrong."""
    yield heading(call, width)
    said = harmless(first_line(call.result or "")).strip()
    if call.error and said:
        yield _cropped(Text(f"{_DEEPER}{said}", "red"), width)


def heading(call: Call, width: int) -> Text:
    """The line of a call that is over, or never ran."""
    took = "" if call.seconds is None else f" · {duration(call.seconds)}"
    mark, style = ("✗", "red") if call.error else ("✓", "green")
    return _row(mark, style, call, took, width)


def in_full(call: Call, width: int, limit: int | None = VERBOSE_LINES) -> Iterator[Text]:
    """The line of a call, its arguments and its result, at most so many lines of each."""
    yield heading(call, width)
    yield from _quoted("arguments", _pretty(call.call.arguments or "{}"), limit)
    if call.result is not None:
        yield from _quoted("error" if call.error else "result", _pretty(call.result), limit)


def elapsed(seconds: float) -> str:
    """How long something lasts already: `` · 3 s``, and nothing in the first second."""
    if seconds < 1:
        return ""
    return f" · {int(seconds)} s" if seconds < _MINUTE else f" · {_minutes(seconds)}"


def duration(seconds: float) -> str:
    """A time as people say it: ``12 ms``, ``3.4 s``, ``2 min 5 s``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < _MINUTE - 0.05 else _minutes(seconds)


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest} s"


def _row(mark: str, style: str, call: Call, behind: str, width: int) -> Text:
    """The arguments give way, so that what stands behind them is seen."""
    name = Text(_title(call.call), "dim")
    tail = Text(behind, "dim")
    room = width - len(_INDENT) - len(mark) - 1
    name.truncate(max(room - tail.cell_len, room // 2, 1), overflow="ellipsis")
    return _cropped(Text.assemble(_INDENT, (mark, style), " ", name, tail), width)


@lru_cache(maxsize=32)  # a row is drawn ten times a second
def _title(call: ToolCall) -> str:
    return harmless(f"{call.name}({arguments_of(call)})")


def _cropped(row: Text, width: int) -> Text:
    row.truncate(max(width, 1), overflow="ellipsis")
    return row


def _pretty(text: str) -> str:
    """JSON with line breaks, anything else as it is."""
    try:
        value = json.loads(text)
        return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict | list) else text
    except (ValueError, RecursionError):
        return text


def _quoted(title: str, text: str, limit: int | None) -> Iterator[Text]:
    lines = text.splitlines() or [""]
    shown = lines if limit is None or len(lines) <= limit else lines[:limit]
    yield Text(f"{_DEEPER}{title}", "dim bold")
    for line in shown:
        yield Text(f"{_DEEPER}│ {harmless(line)}", "dim")
    if len(shown) < len(lines):
        yield Text(f"{_DEEPER}│ … {len(lines) - len(shown):,} more lines", "dim")
