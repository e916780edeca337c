"""What came of a test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.diagnostics import Span
from orchestrator.events import RecordedEvent
from orchestrator.source import Source
from orchestrator.spec.suite import ConversationSpec, SuiteSpec


@dataclass(frozen=True)
class Suite:
    """A test file that can be used. ``path`` is real, ``agents`` is the file of agents that it names."""

    path: Path
    source: Source
    spec: SuiteSpec
    agents: Path


@dataclass(frozen=True)
class Case:
    """One test to be run: a test of a suite, or one of its cases with the values that its templates see."""

    suite: Suite
    test: str
    case: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.test if self.case is None else f"{self.test}[{self.case}]"

    @property
    def spec(self) -> ConversationSpec:
        """What the file says of it."""
        return self.suite.spec.tests[self.test]


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that did not hold, or a rule of testing that was broken.

    Args:
        span: where it is written in the test file.
        expectation: its path in the test, such as ``turn 1: calls``; the same in each run of the test.
        message: what is wrong, in one line.
        difference: lines that begin with ``-`` for what was expected, ``+`` for what was, or a blank for both.
    """

    span: Span
    expectation: str
    message: str
    difference: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How a test went.

    Args:
        case: the test.
        failures: what did not hold, in the order of the conversation; none for a test that passed.
        events: what happened, over all turns.
        held: the expectations that held, by their paths as in ``Failure.expectation``.
        seconds: how long it took.
    """

    case: Case
    failures: tuple[Failure, ...]
    events: tuple[RecordedEvent, ...]
    held: tuple[str, ...] = ()
    seconds: float = 0.0
