"""What of the agents the tests have reached: told, written to files, and held against a bound."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cli.options import fail
from orchestrator.cli.test.writing import make_room, unwritten
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

_Writer = Callable[[Path, Sequence[Coverage]], Sequence[Path]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: ``reports`` and ``pictures`` to write, and the ``least`` percentage that will do."""

    reports: tuple[Path, ...] = ()
    pictures: tuple[Path, ...] = ()
    least: int | None = None

    def __post_init__(self) -> None:
        for option, fault in self._faults():
            fail(f"{option}: {fault}")

    @property
    def anything(self) -> bool:
        """Whether coverage is asked for, also where not all tests run."""
        return bool(self.reports or self.pictures) or self.least is not None

    def make_room(self) -> None:
        """End the process with 2 where one of the files can't be written."""
        for option, file, _ in self.writers():
            make_room(option, file)

    def writers(self) -> Iterator[tuple[str, Path, _Writer]]:
        """Give each file that is to be written, with the option that names it, and what writes it."""
        yield from (("--cov-report", report, write_report) for report in self.reports)
        yield from (("--graph", picture, draw) for picture in self.pictures)

    def _faults(self) -> Iterator[tuple[str, str]]:
        for report in self.reports:
            if fault := report_fault(report):
                yield "--cov-report", fault
        for picture in self.pictures:
            if fault := picture_fault(picture):
                yield "--graph", fault


@dataclass(frozen=True, slots=True)
class Covered:
    """What is ``told`` of the coverage of files of agents, why it does not do, and why files are ``unwritten``."""

    told: tuple[str, ...] = ()
    shortfall: str | None = None
    unwritten: tuple[str, ...] = ()


def cover(reached: Mapping[Path, Reached], wanted: Wanted, *, color: bool, columns: int) -> Covered:
    """Measure coverage, and write what is wanted of it."""
    coverages = covered(reached)
    told = as_lines(coverages, color=color, width=columns)
    faults = []
    for option, file, write in wanted.writers():
        try:
            told += [f"written: {path}" for path in write(file, coverages)]
        except DrawingError as error:
            faults.append(f"{option}: {error}")
        except OSError as error:
            faults.append(unwritten(option, file, error))
    short = None if wanted.least is None else shortfall(coverages, wanted.least)
    return Covered(tuple(told), short, tuple(faults))
