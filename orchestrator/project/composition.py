"""Files joined into one project, each part with its origin."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from orchestrator.agents import REQUIRED, Variable, VariableType
from orchestrator.diagnostics import Diagnostic, Related, Severity
from orchestrator.project.files import Files, called
from orchestrator.project.parts import Declared, Parts, Place, Placed
from orchestrator.source import Source
from orchestrator.spec import AgentSpec, DefaultsSpec, EdgeSpec, FileSpec, ModelSpec, Reading, ToolSpec, VariableSpec

T = TypeVar("T")

_SECTIONS = ("agents", "models", "variables")
_ROOT_KEYS = ("entry", "packages", "defaults", "limits")


@dataclass(frozen=True)
class Project:
    """What the files say together. Broken parts are left out; ``names`` knows them all the same.

    ``root`` is the folder that nothing leaves; ``file`` is the root file; ``paths`` are the real ones by what people
    call a file. ``broken`` are the places of values that could not be read; ``unknown`` are the sections of which not
    all names are known, because a file could not be read.
    """

    path: Path
    root: Path
    file: Placed[FileSpec]
    paths: Mapping[str, Path]
    sources: tuple[Source, ...]
    agents: Mapping[str, Declared]
    models: Mapping[str, Placed[ModelSpec]]
    variables: Mapping[str, Placed[VariableSpec]]
    names: Mapping[str, frozenset[str]]
    defaults: Parts
    broken: frozenset[Place] = frozenset()
    unknown: frozenset[str] = frozenset()

    @cached_property
    def known_variables(self) -> Mapping[str, Variable]:
        """The variables by name; one that could not be read may hold anything."""
        unread = {name: Variable(name, "object") for name in self.names["variables"]}
        return unread | {name: variable_of(name, placed.spec) for name, placed in self.variables.items()}

    @cached_property
    def is_torn(self) -> bool:
        """Whether a file has faults as a text: of what it means, something may be lost."""
        found = (fault for source in self.sources for fault in source.diagnostics)
        return any(fault.severity is Severity.ERROR and fault.code != "ambiguous-scalar" for fault in found)

    def is_broken(self, part: Placed[T], *path: str | int) -> bool:
        """Whether a value inside a part, or what it stands in, could not be read."""
        location = (*part.location, *path)
        return any((part.source.path, location[: end + 1]) in self.broken for end in range(len(location)))

    def is_whole(self, agent: Declared) -> bool:
        """Whether all tools and handoffs of an agent could be read: what it has, and has not, can be told."""
        own = [(agent.own.source.path, (*agent.own.location, key)) for key in ("tools", "handoffs")]
        given = [(self.file.source.path, ("defaults", key)) for key in ("tools", "handoffs")]
        return self._touched.isdisjoint(own if agent.own.spec.defaults is False else [*own, *given])

    @cached_property
    def _touched(self) -> frozenset[Place]:
        """The places that could not be read, and those that hold one."""
        return frozenset((path, at[:length]) for path, at in self.broken for length in range(1, len(at) + 1))

    def links(self, *, returning: bool = False) -> dict[str, list[str]]:
        """Who hands off to whom; when ``returning``, also the ways back that ``for_one_turn`` gives."""
        links = {name: [edge.spec.to for edge in agent.edges] for name, agent in self.agents.items()}
        for name, agent in self.agents.items() if returning else ():
            for edge in agent.edges:
                if edge.spec.for_one_turn:
                    links[edge.spec.to].append(name)
        return links

    def called(self, path: Path) -> str:
        """What people call a file of the project."""
        return called(path, absolute=Path(self.file.source.path).is_absolute())

    def tools(self) -> Iterable[Placed[ToolSpec]]:
        """Every entry that brings tools, once, whoever has it, and those of the defaults that nobody takes."""
        return {entry.place: entry for agent in self._all() for entry in agent.tools}.values()

    def edges(self) -> Iterable[Placed[EdgeSpec]]:
        """Every handoff, once, and those of the defaults that nobody takes."""
        return {edge.place: edge for agent in self._all() for edge in agent.edges}.values()

    def _all(self) -> Iterable[Parts]:
        return (*self.agents.values(), self.defaults)


def compose(files: Files) -> tuple[Project, tuple[Diagnostic, ...]]:
    """Join files into a project, and say what does not join. Of two parts with one name the first is taken."""
    root = files.root.reading.source
    spec = files.root.reading.spec or FileSpec()
    defaults = _parts(Placed(spec.defaults, root, ("defaults",)))
    joined = _Joined()
    for file in files.all:
        joined.add(file.reading)
    joined.found += [fault for part in files.parts for fault in _root_keys(part.reading)]
    project = Project(
        path=files.root.path,
        root=files.folder,
        file=Placed(spec, root, ()),
        paths={file.reading.source.path: file.path for file in files.all},
        sources=tuple(file.reading.source for file in files.all),
        agents={name: _declared(name, agent, defaults) for name, agent in joined.agents.items()},
        models=joined.models,
        variables=joined.variables,
        names={section: _names(files, section) for section in _SECTIONS},
        defaults=defaults,
        broken=frozenset((file.reading.source.path, at) for file in files.all for at in file.reading.broken),
        unknown=frozenset(section for section in _SECTIONS if not _told(files, section)),
    )
    return project, tuple(joined.found)


@dataclass
class _Joined:
    """The agents, models and variables of all files."""

    agents: dict[str, Placed[AgentSpec]] = field(default_factory=dict)
    models: dict[str, Placed[ModelSpec]] = field(default_factory=dict)
    variables: dict[str, Placed[VariableSpec]] = field(default_factory=dict)
    found: list[Diagnostic] = field(default_factory=list)

    def add(self, reading: Reading[FileSpec]) -> None:
        """Add what a file has."""
        if reading.spec is not None:
            self._join("agents", self.agents, reading.spec.agents, reading.source)
            self._join("models", self.models, reading.spec.models, reading.source)
            self._join("variables", self.variables, reading.spec.variables, reading.source)

    def _join(self, section: str, known: dict[str, Placed[T]], new: Mapping[str, T], source: Source) -> None:
        for name, spec in new.items():
            placed = Placed(spec, source, (section, name))
            first = known.setdefault(name, placed)
            if first is not placed:
                kind = section.removesuffix("s")
                also = (Related(first.at(key=True), "the first one is here"),)
                message, hint = f"there are two {section} named {name!r}", "rename one of them, or leave it out"
                fault = placed.fault(code=f"duplicate-{kind}", message=message, hint=hint, key=True, related=also)
                self.found.append(fault)


def _root_keys(part: Reading[FileSpec]) -> Iterator[Diagnostic]:
    """The keys of a part that only a root has."""
    if part.spec is None:
        return
    file = Placed(part.spec, part.source, ())
    for key in _ROOT_KEYS:
        if key in part.spec.model_fields_set:
            message = f"{key!r} belongs to the file that includes this one"
            yield file.fault(key, code="root-key-in-part", message=message, hint="move it there", key=True)


def _names(files: Files, section: str) -> frozenset[str]:
    return frozenset[str]().union(*(file.reading.names.get(section, frozenset()) for file in files.all))


def _told(files: Files, section: str) -> bool:
    """Whether all names of a section are known: each file could be found and read."""
    return files.complete and not any({(section,), ("include",)} & file.reading.broken for file in files.all)


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
