"""Views as a conversation knows them: importing those that draw takes longer than a plain answer."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from orchestrator.events import Event, RecordedEvent
from orchestrator.messages import ToolCall


@runtime_checkable
class Screen(Protocol):
    """What ``TerminalView`` can do that other views can't. ``verbose``: whether calls are shown in full."""

    verbose: bool

    def __call__(self, event: Event) -> None:
        """Show an event."""

    def recall(self, calls: Iterable[ToolCall]) -> None:
        """Make calls known that were made before."""

    def greet(self, lines: Iterable[str], turn: Iterable[RecordedEvent]) -> None:
        """Show lines, and the last turn again."""

    def expand(self) -> None:
        """Show the calls of the last turn in full."""

    def tick(self) -> None:
        """Move what moves."""

    def printing_above(self) -> AbstractContextManager[None]:
        """While this lasts, what is printed comes above what moves."""

    def waiting_for_person(self) -> AbstractContextManager[None]:
        """While this lasts, nothing moves."""

    def close(self) -> None:
        """Leave nothing behind that moves."""


@runtime_checkable
class Document(Protocol):
    """A view that tells a session from its beginning."""

    def __call__(self, event: Event) -> None:
        """Show an event."""

    def recall(self, events: Iterable[RecordedEvent]) -> None:
        """Make known what happened before."""
