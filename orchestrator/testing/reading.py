"""Test files: read, and checked as far as can be told without running them."""

from collections.abc import Iterator
from pathlib import Path

from orchestrator.diagnostics import Diagnostic, Severity
from orchestrator.source import Source
from orchestrator.spec import UNREADABLE, Reading, Shape, read_as
from orchestrator.spec.suite import SuiteSpec
from orchestrator.spec.suite_places import suite_free, suite_keys
from orchestrator.testing.checking import faults
from orchestrator.testing.outcome import Case, Suite

SHAPE = Shape(
    SuiteSpec, suite_keys, suite_free, {"file": UNREADABLE, "tests": {}, "turns": [], "user": "", "call": "-"}
)
"""What a test file looks like."""


def read_suite(source: Source, path: Path) -> tuple[Suite | None, tuple[Diagnostic, ...]]:
    """Read a test file, and check it by itself: its shape, its templates, and the files that it names.

    What only its agents can tell is for ``name_faults``. There is no suite where there are errors.
    """
    reading: Reading[SuiteSpec] = read_as(SHAPE, source)
    if reading.spec is None:
        return None, reading.diagnostics
    own = faults(reading.spec, source, path)
    found = tuple(sorted((*reading.diagnostics, *own), key=lambda diagnostic: diagnostic.span))
    if any(diagnostic.severity is Severity.ERROR for diagnostic in found):
        return None, found
    return Suite(path.resolve(), source, reading.spec, (path.parent / reading.spec.file).resolve()), found


def cases_of(suite: Suite) -> Iterator[Case]:
    """The tests of a file in its order, those with cases once for each."""
    for name, spec in suite.spec.tests.items():
        if spec.cases:
            yield from (Case(suite, name, case, values) for case, values in spec.cases.items())
        else:
            yield Case(suite, name)
