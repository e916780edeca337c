"""Files composed into one project, each part with its origin; and what its tools and templates really are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from orchestrator.agents import REQUIRED, Variable, VariableType
from orchestrator.diagnostics import Diagnostic, Severity, Span
from orchestrator.source import Source
from orchestrator.spec import (
    AgentSpec,
    DefaultsSpec,
    EdgeSpec,
    FileSpec,
    ModelSpec,
    Reading,
    ToolChoiceSpec,
    ToolSpec,
    VariableSpec,
)
from orchestrator.templates import Instructions
from orchestrator.tools import Tool

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

    def error(
        self, *path: str | int, code: str, message: str, hint: str | None = None, key: bool = False
    ) -> Diagnostic:
        """A diagnostic that points into this part."""
        return Diagnostic(self.at(*path, key=key), code, message, hint, Severity.ERROR)


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
    """An agent as it is declared: its own part, and what it has together with the file's defaults.

    An own entry beats the default for the same function or target, and nobody hands off to himself by default.
    """

    own: Placed[AgentSpec]


@dataclass(frozen=True)
class Project:
    """What the files say together. Broken parts are left out; ``names`` knows them all the same.

    ``root`` is the folder that nothing leaves; ``broken`` are the places of values that could not be read.
    """

    path: Path
    root: Path
    file: Placed[FileSpec]
    agents: Mapping[str, Declared]
    models: Mapping[str, Placed[ModelSpec]]
    variables: Mapping[str, Placed[VariableSpec]]
    names: Mapping[str, frozenset[str]]
    defaults: Parts
    broken: frozenset[Location] = frozenset()

    def tools(self) -> Iterable[Placed[ToolSpec]]:
        """Every entry that brings tools, once, whoever has it, and those of the defaults that nobody takes."""
        return {entry.place: entry for agent in self._all() for entry in agent.tools}.values()

    def edges(self) -> Iterable[Placed[EdgeSpec]]:
        """Every handoff, once, and those of the defaults that nobody takes."""
        return {edge.place: edge for agent in self._all() for edge in agent.edges}.values()

    def _all(self) -> Iterable[Parts]:
        return (*self.agents.values(), self.defaults)


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Why a tool or a template is not what it should be.

    ``line`` counts within a template's text; ``key`` is the key of the entry that is at fault, if one is.
    """

    code: str
    message: str
    hint: str | None = None
    line: int | None = None
    key: str | None = None


@dataclass(frozen=True)
class Resolution:
    """What the names in a project really are: facts or faults.

    ``tools`` is by the place of the entry, ``instructions`` by agent.
    """

    tools: Mapping[Place, Sequence[Tool] | Unresolved] = field(default_factory=dict)
    instructions: Mapping[str, Instructions | Unresolved] = field(default_factory=dict)

    def tools_of(self, agent: Declared) -> Iterator[tuple[Placed[ToolSpec], Tool]]:
        """The tools of an agent, each with the entry that brings it.

        A function's own entry beats that of its module, and a function that two modules bring is there once.
        """
        facts = [(entry, self.tools.get(entry.place, ())) for entry in agent.tools]
        sound = [(entry, fact) for entry, fact in facts if not isinstance(fact, Unresolved)]
        seen = {id(tool.function) for entry, fact in sound if ":" in entry.spec.use for tool in fact}
        for entry, fact in sound:
            for tool in fact:
                if ":" in entry.spec.use or id(tool.function) not in seen:
                    yield entry, tool
                seen.add(id(tool.function))


def compose(path: Path, reading: Reading[FileSpec]) -> Project | None:
    """Make a project of a file; None when nothing of it is usable."""
    spec, source = reading.spec, reading.source
    if spec is None:
        return None
    defaults = _parts(Placed(spec.defaults, source, ("defaults",)))
    agents = {name: Placed(agent, source, ("agents", name)) for name, agent in spec.agents.items()}
    return Project(
        path=path,
        root=root_of(path),
        file=Placed(spec, source, ()),
        agents={name: _declared(name, agent, defaults) for name, agent in agents.items()},
        models={name: Placed(model, source, ("models", name)) for name, model in spec.models.items()},
        variables={name: Placed(variable, source, ("variables", name)) for name, variable in spec.variables.items()},
        names=reading.names,
        defaults=defaults,
        broken=reading.broken,
    )


def variable_of(name: str, spec: VariableSpec) -> Variable:
    """The variable that a spec declares. Its type is that of the default where none is given."""
    default = spec.default if "default" in spec.model_fields_set else REQUIRED
    return Variable(
        name=name,
        type=spec.type or _type_of(default),
        default=default,
        description=spec.description or "",
        enum=spec.enum or (),
        env=spec.env,
        secret=bool(spec.secret),
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


def _declared(name: str, own: Placed[AgentSpec], defaults: Parts) -> Declared:
    mine = _parts(own)
    if own.spec.defaults is False:
        defaults = _parts(Placed(DefaultsSpec(), own.source, ("defaults",)))
    used = {entry.spec.use for entry in mine.tools}
    targets = {edge.spec.to for edge in mine.edges} | {name}
    parallel = mine.parallel_tool_calls
    return Declared(
        model=mine.model or defaults.model,
        tools=(*mine.tools, *(entry for entry in defaults.tools if entry.spec.use not in used)),
        edges=(*mine.edges, *(edge for edge in defaults.edges if edge.spec.to not in targets)),
        tool_choice=mine.tool_choice or defaults.tool_choice,
        parallel_tool_calls=defaults.parallel_tool_calls if parallel is None else parallel,
        own=own,
    )


def _parts(owner: Placed[AgentSpec] | Placed[DefaultsSpec]) -> Parts:
    spec = owner.spec
    return Parts(
        model=None if spec.model is None else Placed(spec.model, owner.source, (*owner.location, "model")),
        tools=_entries(owner, "tools", spec.tools),
        edges=_entries(owner, "handoffs", spec.handoffs),
        tool_choice=None
        if spec.tool_choice is None
        else Placed(spec.tool_choice, owner.source, (*owner.location, "tool_choice")),
        parallel_tool_calls=spec.parallel_tool_calls,
    )


def _entries(
    owner: Placed[AgentSpec] | Placed[DefaultsSpec], key: str, entries: Mapping[int, T]
) -> tuple[Placed[T], ...]:
    return tuple(Placed(entry, owner.source, (*owner.location, key, index)) for index, entry in entries.items())


def _type_of(default: object) -> VariableType:
    match default:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case list():
            return "list"
        case dict():
            return "object"
        case _:
            return "string"
