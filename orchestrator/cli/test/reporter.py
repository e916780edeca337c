"""What people see of tests: a line for each file, failures in full, and a sum."""

import shutil
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import click
import pytest

from orchestrator.cli.streams import unheard
from orchestrator.cli.test.waiting import Waiting
from orchestrator.cli.test.writing import unwritten
from orchestrator.project import called
from orchestrator.render.diagnostics import counted
from orchestrator.render.excerpts import harmless
from orchestrator.render.times import took
from orchestrator.testing.collecting import usable_suite
from orchestrator.testing.coverage import Reached

_SIGNS = {"passed": (".", "green"), "failed": ("F", "red"), "skipped": ("s", "yellow")}


@dataclass
class Look:
    """How to write: to which stream, whether in colours, how many columns wide, and whether each name is shown.

    ``unwritten`` says why the stream took no more, if it did not: nothing else is written to it.
    """

    out: TextIO
    color: bool
    verbose: bool
    columns: int = field(default_factory=lambda: shutil.get_terminal_size().columns)
    unwritten: tuple[str, ...] = ()

    def style(self, text: str, color: str | None = None, *, bold: bool = False) -> str:
        """Give a text in a colour."""
        return click.style(text, fg=color, bold=bold or None) if self.color else text

    def write(self, lines: Iterable[str]) -> None:
        """Write lines at once."""
        if self.unwritten:
            return
        try:
            self.out.write("".join(f"{line}\n" for line in lines))
            self.out.flush()
        except BrokenPipeError:
            pass  # the reader has seen enough
        except OSError as error:  # the tests go on: their reports may be read
            self.unwritten = (unheard(error),)


@dataclass
class Results:
    """What came of the tests so far.

    ``due`` are the ids of all tests, in the order of the files; ``reports`` are of those that are over. ``errors`` says
    by file why it can't be used; ``reached`` is by file of agents; ``unwritten`` says why a file was not written.
    """

    due: list[str] = field(default_factory=list)
    reports: dict[str, pytest.TestReport] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    reached: dict[Path, Reached] = field(default_factory=dict)
    unwritten: list[str] = field(default_factory=list)
    interrupted: bool = False

    @property
    def anything(self) -> bool:
        """Whether there is something to tell."""
        return bool(self.reports or self.errors or self.interrupted)

    @property
    def complete(self) -> bool:
        """Whether all tests are over."""
        return not self.errors and not self.interrupted and len(self.reports) >= len(self.due)

    def over(self) -> Iterator[pytest.TestReport]:
        """The tests that are over, in the order of the files: workers end them in any."""
        return (self.reports[test] for test in dict.fromkeys((*self.due, *self.reports)) if test in self.reports)

    def of(self, outcome: str) -> list[pytest.TestReport]:
        """The tests that ended so."""
        return [report for report in self.over() if report.outcome == outcome]


class Reporter:
    """A pytest plugin in place of its terminal reporter.

    Args:
        root: the folder from which the ids of tests are paths.
        junit: the file that pytest writes in the end, if there is one.
    """

    def __init__(self, look: Look, root: Path, junit: Path | None = None) -> None:
        self.results = Results()
        self._look = look
        self._root = root
        self._junit = junit
        self._open: dict[str, set[str]] = {}
        self._told: set[str] = set()
        self._waiting = Waiting(look.out)

    def refuse(self, path: Path) -> None:
        """Note what is named like a test file, and is no file that pytest can be given."""
        try:
            usable_suite(path)
        except pytest.Collector.CollectError as reason:
            file = path.relative_to(self._root).as_posix()
            self.results.errors[file] = str(reason)
            self._tell(file)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which tests will run."""
        self._expect([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Note which tests will run on workers: each of them has found the same."""
        self._expect(ids)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that can't be used."""
        if report.failed:
            self.results.errors[_file(report.nodeid)] = str(report.longrepr).rstrip()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins."""
        self._waiting.begin(nodeid, harmless(_test(nodeid)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test is over. What counts is the call, and what goes wrong around it."""
        if report.when != "call" and report.passed:
            return
        self.results.reports[report.nodeid] = report
        if hasattr(report, "reached"):
            agents, reached = Path(report.agents), Reached.from_json(report.reached)
            before = self.results.reached.get(agents)
            self.results.reached[agents] = reached if before is None else before + reached

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A test is over. When it was the last of its file, the file is told."""
        self._waiting.end(nodeid)
        left = self._open.get(_file(nodeid), set())
        left.discard(nodeid)
        if not left:
            self._tell(_file(nodeid))

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note Ctrl-C. Other reasons to stop are kinds of it, for pytest."""
        self.results.interrupted |= excinfo.type is KeyboardInterrupt

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """Tell what is left to tell of files: those that were not finished, and those that can't be used."""
        self._waiting.stop()
        for file in (*(_file(report.nodeid) for report in self.results.over()), *self.results.errors):
            self._tell(file)
        try:
            return (yield)
        except OSError as error:
            if self._junit is None:
                raise
            self.results.unwritten.append(unwritten("--junitxml", self._junit, error))
            return None

    def _expect(self, ids: Sequence[str]) -> None:
        self.results.due = [*ids]
        self._open = {}
        for each in ids:
            self._open.setdefault(_file(each), set()).add(each)

    def _tell(self, file: str) -> None:
        if file in self._told:
            return
        self._told.add(file)
        name = harmless(called(self._root / file, absolute=False))
        reports = [report for report in self.results.over() if _file(report.nodeid) == file]
        with self._waiting.aside():
            self._look.write(self._lines(name, file, reports))

    def _lines(self, name: str, file: str, reports: Sequence[pytest.TestReport]) -> Iterator[str]:
        if file in self.results.errors:
            yield f"{name}  {self._look.style('error', 'red')}"
        elif self._look.verbose:
            yield name
            yield from map(self._verbose, reports)
        else:
            yield from self._dots(name, [_SIGNS[report.outcome] for report in reports])

    def _dots(self, name: str, signs: Sequence[tuple[str, str]]) -> Iterator[str]:
        """A file and a sign for each of its tests, as many on a line as there is room for."""
        room = max(self._look.columns - len(name) - 3, 20)
        for start in range(0, len(signs), room):
            shown = "".join(self._look.style(sign, color) for sign, color in signs[start : start + room])
            yield f"{name if start == 0 else ' ' * len(name)}  {shown}"

    def _verbose(self, report: pytest.TestReport) -> str:
        word = self._look.style(f"{report.outcome:7}", _SIGNS[report.outcome][1])
        if isinstance(report.longrepr, tuple):
            behind = f": {harmless(report.longrepr[2].removeprefix('Skipped: '))}"
        else:
            behind = self._look.style(f"  {took(report.duration)}", "bright_black")
        return f"  {word}  {harmless(_test(report.nodeid))}{behind}"


def told(results: Results, look: Look, root: Path) -> Iterator[str]:
    """Give what can't be used and what failed, in full: a blank line before each."""
    for text in dict.fromkeys(results.errors.values()):  # several files may name the same agents
        yield from ("", text)
    for report in results.of("failed"):
        file = called(root / _file(report.nodeid), absolute=False)
        yield ""
        yield look.style(f"FAILED {harmless(file)}: {harmless(_test(report.nodeid))}", "red", bold=True)
        colored = getattr(report, "colored", "")
        yield (colored if look.color and colored else str(report.longrepr)).rstrip()
        printed = (report.capstdout + report.capstderr).rstrip()
        if printed:
            yield f"\n{look.style('What was printed:', bold=True)}"
            yield from (f"  {harmless(line)}" for line in printed.splitlines())


def summary(results: Results, look: Look, seconds: float) -> str:
    """Give one line of counts: ``12 passed, 1 failed in 0.4 s``."""
    counts = Counter[str](report.outcome for report in results.reports.values())
    parts = [f"{counts[outcome]} {outcome}" for outcome in _SIGNS if counts[outcome]]
    if results.errors:
        parts.append(f"{counted(len(results.errors), 'file')} can't be used")
    if results.interrupted:
        parts.append("interrupted")
    bad = counts["failed"] or results.errors or results.interrupted
    return look.style(f"{', '.join(parts) or 'no tests'} in {took(seconds)}", "red" if bad else "green", bold=True)


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def _test(nodeid: str) -> str:
    return nodeid.partition("::")[2]
