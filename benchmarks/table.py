"""The table: ratios of each round, their median and their spread, beside what is to be reached."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Literal

from benchmarks.environments import AGENTS, AIOHTTP, BARE, OURS, PYDANTIC, SEED
from benchmarks.measuring import Sample
from benchmarks.results import Results
from benchmarks.rows import ROWS, Goal, Row

BUSY = 0.5  # the part of the time that the server may work before its row is marked

_OTHERS = (BARE, SEED, AIOHTTP, AGENTS, PYDANTIC)
_HEAD = ("", "ours", "target", "stretch", "reached", "beside", *_OTHERS)
_MARK = " ¹"
_NOTE = "¹ The server worked for more than half of the time. CPU time does not depend on that; time on the wall may."


@dataclass(frozen=True)
class Spread:
    """The figures of all rounds."""

    figures: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.figures)

    def __str__(self) -> str:
        return f"{_shown(self.median)} [{_shown(min(self.figures))}–{_shown(max(self.figures))}]"


@dataclass(frozen=True)
class Line:
    """What the rounds say of one row.

    Args:
        figures: of each contender, beside that of ``row.beside``.
        base: the value of ``row.beside`` itself, in the row's unit.
        busy: the largest part of the time that the server worked.
    """

    row: Row
    figures: Mapping[str, Spread]
    base: float | None
    busy: float

    @property
    def reached(self) -> Literal["no", "yes", "stretch", ""]:
        """How far ours comes; "" where nothing is to be reached."""
        return self.row.goal.reached(self.figures[OURS].median) if self.row.goal else ""

    def cells(self) -> list[str]:
        """The line of the table."""
        title = self.row.title if self.row.beside and not self.row.less else f"{self.row.title}{_in(self.row.unit)}"
        beside = "" if self.base is None else f"{self.row.beside}: {_shown(self.base)} {self.row.unit}"
        others = [_shown(self.figures[name].median) if name in self.figures else "" for name in _OTHERS]
        mark = _MARK if self.busy > BUSY else ""
        return [title + mark, str(self.figures[OURS]), *_bounds(self.row.goal), self.reached, beside, *others]


def lines_of(results: Results) -> list[Line]:
    """What the rounds say of each row that was measured."""
    return [_line(row, rounds) for row in ROWS if (rounds := results.samples(row.name))]


def table_of(lines: Iterable[Line]) -> str:
    """The table in Markdown, its columns aligned."""
    lines = list(lines)
    rows = [list(_HEAD), *(line.cells() for line in lines)]
    kept = [place for place, column in enumerate(zip(*rows, strict=True)) if place < 6 or any(column[1:])]
    rows = [[row[place] for place in kept] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    text = "\n".join(f"| {' | '.join(map(str.ljust, row, widths))} |" for row in rows)
    return f"{text}\n\n{_NOTE}" if any(line.busy > BUSY for line in lines) else text


def _line(row: Row, rounds: list[Mapping[str, Sample]]) -> Line:
    values = [{name: row.value(sample) for name, sample in samples.items()} for samples in rounds]
    figures = {name: Spread(tuple(_figure(row, each, name) for each in values)) for name in values[0]}
    base = median(each[row.beside] for each in values) if row.beside else None
    return Line(row, figures, base, max(_busy(sample) for samples in rounds for sample in samples.values()))


def _figure(row: Row, values: Mapping[str, float], name: str) -> float:
    if row.beside is None:
        return values[name]
    return values[name] - values[row.beside] if row.less else values[name] / values[row.beside]


def _busy(sample: Sample) -> float:
    """The part of the time that the server worked."""
    cpu: float = sample.get("server", {}).get("cpu", 0.0)
    return cpu / float(sample["wall"])


def _bounds(goal: Goal | None) -> tuple[str, str]:
    if goal is None:
        return "", ""
    sign = "≥" if goal.at_least else "≤"
    return f"{sign} {goal.target:g}", "" if goal.stretch is None else f"{sign} {goal.stretch:g}"


def _in(unit: str) -> str:
    return unit and f", {unit}"


def _shown(figure: float) -> str:
    """A figure with as many digits as mean something."""
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.1f}" if abs(figure) >= 10 else f"{figure:.2f}"
