"""Coverage as a table for people, and below it all that was not reached."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import click

from orchestrator.render.coverage.items import Coverage, Item, Kind, items_of, tally
from orchestrator.render.excerpts import harmless
from orchestrator.render.sessions import table

MOST_MISSED = 50
"""The most items that are named."""

_HEADINGS = ("file", "agents", "tools", "handoffs", "coverage")
_KINDS: tuple[Kind, ...] = ("agent", "tool", "handoff")


def as_lines(coverages: Sequence[Coverage], *, color: bool = False, width: int | None = None) -> list[str]:
    """Give a line for each file, a total of several ones, and what was not reached, each with its place."""
    if not coverages:
        return []
    parts = [(coverage.file, coverage.items) for coverage in coverages]
    if len(parts) > 1:
        parts.append(("total", tuple(items_of(coverages))))
    head, *rows = table(_HEADINGS, [_row(name, items) for name, items in parts], width)
    colors = ("green" if tally(items).percent == 100 else "yellow" for _, items in parts)
    styled = [click.style(row, fg=fg) if color else row for row, fg in zip(rows, colors, strict=True)]
    return [head, *styled, *_missed(coverages)]


def _row(name: str, items: Sequence[Item]) -> list[str]:
    counts = [tally(items, kind) for kind in _KINDS]
    shown = [f"{count.hit}/{count.total}" if count.total else "" for count in counts]
    return [name, *shown, f"{tally(items).percent} %"]


def _missed(coverages: Sequence[Coverage]) -> Iterator[str]:
    missed = [(coverage.file, item) for coverage in coverages for item in coverage.items if not item.hits]
    for file, group in groupby(missed[:MOST_MISSED], key=itemgetter(0)):
        yield ""
        yield harmless(f"not reached in {file}:")
        yield from (harmless(f"  {_place(item)}: {item.told}") for _, item in group)
    if len(missed) > MOST_MISSED:
        yield f"and {len(missed) - MOST_MISSED} more; --cov-report FILE.json names all of them"


def _place(item: Item) -> str:
    return f"{item.span.path}:{item.span.line}:{item.span.column}"
