"""Parts of a test file: where they stand, and what is wrong there."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.diagnostics import Span
from orchestrator.source import Source
from orchestrator.spec.draft import Location
from orchestrator.testing.outcome import Failure


class Broken(Exception):  # noqa: N818 - says what is the case: a rule of testing is broken
    """The test can't go on, for a reason that stands in the test itself."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a test file. ``name`` is what failures call it, such as ``turn 1: calls``."""

    source: Source
    location: Location
    name: str

    def at(self, *path: str | int, name: str | None = None) -> "Place":
        """A place inside this one."""
        return Place(self.source, (*self.location, *path), self.name if name is None else f"{self.name}: {name}")

    @property
    def written(self) -> bool:
        """Whether it is there, and not only meant by a shorthand or left out."""
        return self.source.locate(self.location) != self.source.locate(self.location[:-1])

    @property
    def span(self) -> Span:
        """Where its value is written; where there is none, that of the mapping or list that would hold it."""
        return self.source.locate(self.location)

    @property
    def key(self) -> Span:
        """Where its key is written; of an entry of a list, its value."""
        return self.source.locate(self.location, key=True)

    def failure(self, message: str, difference: Sequence[str] = (), *, span: Span | None = None) -> Failure:
        """What is wrong here."""
        return Failure(span or self.span, self.name, message, tuple(difference))
