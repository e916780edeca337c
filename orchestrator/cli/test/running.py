"""pytest, run inside this process, with nothing of what the user has set up for other tests."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.cli.test.finding import Chosen
from orchestrator.cli.test.reporter import Reporter
from orchestrator.project import root_of
from orchestrator.stores.database import FOLDER


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tests to run, and how. ``processes`` is a number or ``auto``; None runs them in this process."""

    tests: Sequence[Chosen]
    words: str | None = None
    first: bool = False
    last_failed: bool = False
    processes: str | None = None
    junit: Path | None = None

    @property
    def root(self) -> Path:
        """The folder from which the ids of tests are paths: that of their project, or of all their projects."""
        return Path(os.path.commonpath({root_of(test.path) for test in self.tests}))

    @property
    def memory(self) -> Path:
        """The folder in which is kept what failed: in the project of the first test, as others may share nothing."""
        return root_of(self.tests[0].path) / FOLDER / "tests"

    @property
    def whole(self) -> bool:
        """Whether all tests of the files are meant."""
        return self.words is None and not self.last_failed and all(test.test is None for test in self.tests)


def run(selection: Selection, reporter: Reporter, columns: int) -> int:
    """Run tests and give pytest's exit code. The reporter hears of all that happens."""
    for other in (test for test in selection.tests if not test.is_file):
        reporter.refuse(other.path)
    if not any(test.is_file for test in selection.tests):
        return pytest.ExitCode.NO_TESTS_COLLECTED
    with contextlib.suppress(OSError):  # then nothing is remembered for --lf
        selection.memory.parent.mkdir(mode=0o700, exist_ok=True)
    # what the user has set for other tests, and plugins that are installed for them, do not count
    ours = {"PYTEST_ADDOPTS": None, "PYTEST_PLUGINS": None, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    with _environment({**ours, "COLUMNS": str(columns)}):
        return int(pytest.main([*_arguments(selection)], plugins=[reporter]))


def _arguments(selection: Selection) -> Iterator[str]:
    root = str(selection.root)
    yield from ("-c", os.devnull, "--rootdir", root, "--noconftest", "--assert=plain")
    yield from ("--confcutdir", root)  # else it looks at all that lies in the folders above
    yield from ("-p", "orchestrator.testing.plugin", "-p", "orchestrator.cli.test.named", "-p", "no:terminal")
    yield from ("-p", "no:python")  # it would run the __init__.py of folders
    yield from ("-p", "no:logging", "-p", "no:unraisableexception")  # each costs a tenth of the time
    yield from ("-o", f"cache_dir={selection.memory}")
    yield from ("-o", "junit_family=xunit1")  # the one that tells file and line
    yield "--continue-on-collection-errors"
    if selection.words is not None:
        yield from ("-k", selection.words)
    if selection.first:
        yield "-x"
    if selection.last_failed:
        yield "--lf"
    if selection.processes is not None:
        yield from ("-p", "xdist.plugin", "-n", selection.processes)
    if selection.junit is not None:
        yield f"--junitxml={selection.junit}"
    yield "--"
    yield from (test.argument for test in selection.tests if test.is_file)


@contextlib.contextmanager
def _environment(settings: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables of the environment, or take them out, for the length of a block."""
    before = {name: os.environ.get(name) for name in settings}
    _set(settings)
    try:
        yield
    finally:
        _set(before)


def _set(settings: Mapping[str, str | None]) -> None:
    for name, value in settings.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
