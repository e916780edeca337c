"""Files composed into one project, each part with its origin; and what its tools and templates really are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from orchestrator.diagnostics import Diagnostic, Severity, Span
from orchestrator.source import Source
from orchestrator.spec import AgentSpec, FileSpec, ModelSpec, Reading, VariableSpec
from orchestrator.templates import Instructions
from orchestrator.tools import Tool

T = TypeVar("T")
Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Placed(Generic[T]):
    """A part and the place where it is written."""

    spec: T
    source: Source
    location: Location

    def at(self, *path: str | int, key: bool = False) -> Span:
        """The span of something inside this part, or of its key."""
        return self.source.locate((*self.location, *path), key=key)

    def error(
        self, *path: str | int, code: str, message: str, hint: str | None = None, key: bool = False
    ) -> Diagnostic:
        """A diagnostic that points into this part."""
        return Diagnostic(self.at(*path, key=key), code, message, hint, Severity.ERROR)


@dataclass(frozen=True)
class Project:
    """What the files say together. Broken parts are left out; ``names`` knows them all the same.

    ``root`` is the folder that nothing leaves; ``complete`` is False where a file could not be read, so that nothing
    may be called unknown.
    """

    path: Path
    root: Path
    file: Placed[FileSpec]
    agents: Mapping[str, Placed[AgentSpec]]
    models: Mapping[str, Placed[ModelSpec]]
    variables: Mapping[str, Placed[VariableSpec]]
    names: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Why a tool or a template is not what it should be. ``line`` counts within a template's text."""

    code: str
    message: str
    hint: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Resolution:
    """What the names in a project really are: facts or faults.

    ``tools`` is by (agent, position in its list), ``instructions`` by agent.
    """

    tools: Mapping[tuple[str, int], Sequence[Tool] | Unresolved] = field(default_factory=dict)
    instructions: Mapping[str, Instructions | Unresolved] = field(default_factory=dict)


def compose(path: Path, reading: Reading[FileSpec]) -> Project | None:
    """Make a project of a file; None when nothing of it is usable."""
    spec, source = reading.spec, reading.source
    if spec is None:
        return None
    return Project(
        path=path,
        root=root_of(path),
        file=Placed(spec, source, ()),
        agents={name: Placed(agent, source, ("agents", name)) for name, agent in spec.agents.items()},
        models={name: Placed(model, source, ("models", name)) for name, model in spec.models.items()},
        variables={name: Placed(variable, source, ("variables", name)) for name, variable in spec.variables.items()},
        names=reading.names,
    )


def root_of(path: Path) -> Path:
    """The project root of a YAML file: the nearest folder at or above it with ``pyproject.toml`` or ``.git``.

    Where there is none it is the file's own folder, or its parent when that is named ``agents``.
    """
    folder = path.resolve().parent
    for candidate in (folder, *folder.parents):
        if (candidate / "pyproject.toml").exists() or (candidate / ".git").exists():
            return candidate
    return folder.parent if folder.name == "agents" else folder
