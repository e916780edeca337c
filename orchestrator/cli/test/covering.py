"""What of the agents the tests have reached: told, written to files, and held against a bound."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cli.options import fail
from orchestrator.testing.coverage import (
    Coverage,
    DrawingError,
    Reached,
    as_lines,
    covered,
    draw,
    picture_fault,
    report_fault,
    shortfall,
    write_report,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: ``reports`` and a ``picture`` to write, and the ``least`` percentage that will do."""

    reports: tuple[Path, ...] = ()
    picture: Path | None = None
    least: int | None = None

    def __post_init__(self) -> None:
        for option, fault in self._faults():
            fail(f"{option}: {fault}")

    @property
    def anything(self) -> bool:
        """Whether coverage is asked for, also where not all tests run."""
        return bool(self.reports) or self.picture is not None or self.least is not None

    def _faults(self) -> Iterator[tuple[str, str]]:
        for report in self.reports:
            if fault := report_fault(report):
                yield "--cov-report", fault
        if self.picture is not None and (fault := picture_fault(self.picture)):
            yield "--graph", fault


@dataclass(frozen=True, slots=True)
class Covered:
    """The coverage of each file of agents, what is ``told`` of it, and why it does not do, if that is so."""

    told: tuple[str, ...]
    shortfall: str | None = None


def cover(reached: Mapping[Path, Reached], wanted: Wanted, *, color: bool, columns: int) -> Covered:
    """Measure coverage, and write what is wanted of it. Ends the process with 2 where a file can't be written."""
    coverages = covered(reached)
    written = tuple(_written(coverages, wanted))
    short = None if wanted.least is None else shortfall(coverages, wanted.least)
    return Covered((*as_lines(coverages, color=color, width=columns), *written), short)


def _written(coverages: Sequence[Coverage], wanted: Wanted) -> Iterator[str]:
    """Write the reports and the picture, and give a line for each file."""
    try:
        for report in wanted.reports:
            write_report(report, coverages)
            yield f"written: {report}"
        if wanted.picture is not None:
            yield from (f"written: {path}" for path in draw(wanted.picture, coverages))
    except DrawingError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename} can't be written: {error.strerror}")
