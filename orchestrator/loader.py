"""From a path to an agent graph, or to everything that is wrong with it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from orchestrator.agents import Agent, AgentGraph, Edge
from orchestrator.checks import check
from orchestrator.checks.variables import variable_of
from orchestrator.diagnostics import Diagnostic, Severity
from orchestrator.errors import LoadError, RenderError
from orchestrator.model import Endpoint, FromEnv, Model
from orchestrator.modules import Modules
from orchestrator.project import Placed, Project, Resolution, Unresolved, compose
from orchestrator.source import Source
from orchestrator.spec import UNREADABLE, AgentSpec, ModelSpec, read_spec
from orchestrator.templates import Instructions, environment
from orchestrator.tools import Tool

T = TypeVar("T")


@dataclass(frozen=True)
class Loaded:
    """What came of a file: the graph if it has no errors, and everything that was found, in the order of the text.

    ``models`` are those of its ``models:`` section, by alias.
    """

    graph: AgentGraph | None
    diagnostics: tuple[Diagnostic, ...]
    project: Project | None
    sources: tuple[Source, ...]
    models: Mapping[str, Model] = field(default_factory=dict)

    def unwrap(self) -> AgentGraph:
        """The graph.

        Raises:
            LoadError: the file has errors; the exception holds all of them.
        """
        if self.graph is None:
            raise LoadError(self.diagnostics)
        return self.graph


def load(path: str | Path, *, shown: str | None = None) -> Loaded:
    """Load a file of agents. Tool modules are imported; no key and no network is needed.

    Args:
        path: the YAML file.
        shown: what diagnostics call it; the path as given by default.

    Raises:
        OSError: the file does not exist or can't be opened.
    """
    path = Path(path)
    source = Source.read(path, shown)
    reading = read_spec(source)
    project = compose(path, reading)
    if project is None:
        return Loaded(None, reading.diagnostics, None, (source,))
    resolution = resolve(project)
    found = sorted((*reading.diagnostics, *check(project, resolution)), key=lambda diagnostic: diagnostic.span)
    sound = not any(diagnostic.severity is Severity.ERROR for diagnostic in found)
    models = {alias: _model(alias, placed.spec) for alias, placed in project.models.items()}
    graph = build(project, resolution, models) if sound else None
    return Loaded(graph, tuple(found), project, (source,), models)


def resolve(project: Project) -> Resolution:
    """Import the tools and compile the templates of a project."""
    modules = Modules(project.path.parent, project.root)
    env = environment(project.root)
    origin = str(project.path.resolve())
    tools: dict[tuple[str, int], Sequence[Tool] | Unresolved] = {}
    instructions: dict[str, Instructions | Unresolved] = {}
    for name, agent in project.agents.items():
        tools |= {(name, index): modules.tools(entry.use) for index, entry in agent.spec.tools.items()}
        if agent.spec.instructions == UNREADABLE:
            continue
        try:
            instructions[name] = Instructions(agent.spec.instructions, origin, env)
        except RenderError as error:
            instructions[name] = Unresolved("template-syntax", str(error), line=error.line)
    return Resolution(tools, instructions)


def build(project: Project, resolution: Resolution, models: Mapping[str, Model]) -> AgentGraph:
    """The graph of a project in which no check has found an error."""
    agents = {name: _agent(name, placed, models, resolution) for name, placed in project.agents.items()}
    return AgentGraph(
        entry=project.file.spec.entry or next(iter(agents)),
        agents=agents,
        variables={name: variable_of(name, placed.spec) for name, placed in project.variables.items()},
        digest=hashlib.sha256(project.file.source.text.encode()).hexdigest()[:16],
    )


def _agent(name: str, placed: Placed[AgentSpec], models: Mapping[str, Model], resolution: Resolution) -> Agent:
    spec = placed.spec
    model = _sound(spec.model)
    return Agent(
        name=name,
        model=models[model] if models else Model(model),
        instructions=_sound(resolution.instructions.get(name)),
        label=spec.label or "",
        description=spec.description or "",
        tools=tuple(tool for index in spec.tools for tool in _sound(resolution.tools[name, index])),
        edges=tuple(Edge(edge.to, when=edge.when or "") for edge in spec.handoffs.values()),
    )


def _sound(fact: T | Unresolved | None) -> T:
    """The fact, which the checks have found sound."""
    if fact is None or isinstance(fact, Unresolved):
        raise AssertionError(f"a check overlooked {fact!r}")
    return fact


def _model(alias: str, spec: ModelSpec) -> Model:
    url = spec.base_url
    base_url = None if url is None else FromEnv(url.env, url.default) if url.env else url.default
    key = spec.api_key
    api_key = None if key is None else FromEnv(key.env) if key.env else ""
    return Model(spec.model, alias, Endpoint(base_url, api_key), spec.settings)  # type: ignore[arg-type]  # "" or FromEnv
