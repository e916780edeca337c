"""The parts that a project is made of, each with the place where it is written."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from orchestrator.diagnostics import Diagnostic, Related, Severity, Span
from orchestrator.source import Source
from orchestrator.spec import AgentSpec, EdgeSpec, ToolChoiceSpec, ToolSpec

T = TypeVar("T")
Location = tuple[str | int, ...]
Place = tuple[str, Location]


@dataclass(frozen=True, slots=True)
class Placed(Generic[T]):
    """A part and the place where it is written."""

    spec: T
    source: Source
    location: Location

    @property
    def place(self) -> Place:
        """The file and the location in it: no two parts have the same."""
        return self.source.path, self.location

    def at(self, *path: str | int, key: bool = False) -> Span:
        """The span of something inside this part, or of its key."""
        return self.source.locate((*self.location, *path), key=key)

    def fault(
        self,
        *path: str | int,
        code: str,
        message: str,
        hint: str | None = None,
        key: bool = False,
        severity: Severity = Severity.ERROR,
        related: tuple[Related, ...] = (),
    ) -> Diagnostic:
        """A diagnostic that points into this part. What an alias brings is related to where it is used."""
        uses = self.source.uses((*self.location, *path))
        used = tuple(Related(use, "used here") for use in uses)
        return Diagnostic(self.at(*path, key=key), code, message, hint, severity, (*related, *used))


@dataclass(frozen=True, slots=True)
class Parts:
    """What an agent has, or what the defaults give, each with its place."""

    model: Placed[str] | None
    tools: tuple[Placed[ToolSpec], ...]
    edges: tuple[Placed[EdgeSpec], ...]
    tool_choice: Placed[ToolChoiceSpec] | None
    parallel_tool_calls: bool | None


@dataclass(frozen=True, slots=True)
class Declared(Parts):
    """An agent as it is declared: its own part, and what it has together with the defaults.

    An own entry beats the default for the same function or target, and nobody hands off to himself by default.
    """

    own: Placed[AgentSpec]
