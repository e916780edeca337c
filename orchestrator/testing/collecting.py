"""Test files as pytest sees them: a file, and in it an item for each conversation."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator.diagnostics import Diagnostic, Severity, Span
from orchestrator.loader import Loaded, load
from orchestrator.project import called
from orchestrator.render.diagnostics import render_all
from orchestrator.source import Source
from orchestrator.spec.suite_names import one_line
from orchestrator.testing.checking import Known, name_faults
from orchestrator.testing.coverage import Reached
from orchestrator.testing.loops import run_alone
from orchestrator.testing.outcome import Case, Outcome, Suite
from orchestrator.testing.reading import cases_of, read_suite
from orchestrator.testing.report import failed
from orchestrator.testing.running import NeedsModel, run_case

_LOADED = pytest.StashKey[dict[Path, Loaded]]()


def usable_suite(path: Path) -> Suite:
    """Read a test file.

    Raises:
        pytest.Collector.CollectError: it can't be used. The text says all that is wrong with it.
    """
    with _told_of(path):
        source = Source.read(path, called(path, absolute=False))
    suite, found = read_suite(source, path.resolve())  # what it names stands beside the file, not beside a link to it
    _stop_at_errors(found, {source.path: source.text})
    assert suite is not None
    return suite


class SuiteFile(pytest.File):
    """A test file. What is wrong with it, or with the agents that it names, is an error of its collection."""

    def collect(self) -> Iterator[pytest.Item]:
        """Give its conversations."""
        suite = usable_suite(self.path)
        loaded = self._loaded(suite)
        for case in cases_of(suite):
            name = one_line(case.name)
            yield Conversation.from_parent(self, name=name, nodeid=self._id_of(name), case=case, loaded=loaded)

    def _id_of(self, name: str) -> str | None:
        """The whole id of a test, in which pytest finds the brackets: by it ``--lf`` knows the test again."""
        return None if name.startswith("()") else f"{self.nodeid}::{name}"  # pytest 9.0 takes no id with ::()

    def _loaded(self, suite: Suite) -> Loaded:
        """The agents, which are loaded once in a session."""
        loads = self.session.stash.setdefault(_LOADED, {})
        if suite.agents not in loads:
            with _told_of(suite.agents):
                loads[suite.agents] = load(suite.agents, shown=called(suite.agents, absolute=False))
        loaded = loads[suite.agents]
        _stop_at_errors(loaded.diagnostics, loaded.texts)
        unknown = name_faults(suite, Known.of_graph(loaded.unwrap()))
        _stop_at_errors(unknown, {suite.source.path: suite.source.text})
        return loaded


class Conversation(pytest.Item):
    """A conversation that is had anew, and checked."""

    def __init__(self, *, case: Case, loaded: Loaded, **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case
        self.loaded = loaded
        self.outcome: Outcome | None = None
        self.add_marker("conversation")
        self.extra_keyword_matches.update(filter(None, [case.spec.description]))

    def runtest(self) -> None:
        """Have it, in an event loop of its own."""
        try:
            run_alone(self._have)
        except NeedsModel as reason:
            pytest.skip(str(reason))
        if self.outcome is not None and self.outcome.failures:
            raise _NotAsExpected

    async def _have(self) -> None:
        # gives nothing: signal handlers are compared as texts, and in that of asyncio's is what a task gives
        self.outcome = await run_case(self.case, self.loaded)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Give what people read of a failure."""
        if excinfo.errisinstance(_NotAsExpected):
            return self._told(color=False)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Give the place to jump to: lines count from 0."""
        inner = () if self.case.case is None else ("cases", self.case.case)
        location = ("tests", self.case.test, *inner)
        return self.path, self.case.suite.source.locate(location, key=True).line - 1, self.name

    def tell(self, report: pytest.TestReport) -> None:
        """Put into a report what it can't say by itself. It is made of plain data, as reports that travel are."""
        if report.when != "call":
            return
        events = self.outcome.events if self.outcome else ()
        vars(report).update(
            agents=str(self.case.suite.agents),
            reached=Reached.of(events).as_json(),
            colored=self._told(color=True) if self.outcome and report.failed else "",
        )
        if isinstance(report.longrepr, tuple):  # why it was skipped, and where in the code that was decided
            path, line, _ = self.reportinfo()
            report.longrepr = (str(path), line + 1, report.longrepr[2])

    def _told(self, *, color: bool) -> str:
        assert self.outcome is not None
        source = self.case.suite.source
        texts = {**self.loaded.texts, source.path: source.text}
        return failed(self.outcome, texts, color=color, width=shutil.get_terminal_size().columns)


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        shown = Span(called(path, absolute=False))
        _stop_at_errors([Diagnostic(shown, "not-a-file", f"it can't be read: {error.strerror}")], {})


def _stop_at_errors(found: Sequence[Diagnostic], texts: Mapping[str, str]) -> None:
    errors = [diagnostic for diagnostic in found if diagnostic.severity is Severity.ERROR]
    if errors:
        raise pytest.Collector.CollectError("\n".join(render_all(errors, texts))) from None


class _NotAsExpected(Exception):  # noqa: N818 - nobody else gets to see it
    """Something was expected that did not happen. What it was stands in the outcome."""
