"""From a path to an agent graph, or to everything that is wrong with it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from orchestrator.agents import Agent, AgentGraph, Edge, Limits
from orchestrator.checks import check
from orchestrator.diagnostics import Diagnostic, Severity
from orchestrator.errors import LoadError, RenderError
from orchestrator.model import Endpoint, FromEnv, Model, NamedFunction, ToolChoice
from orchestrator.modules import Modules
from orchestrator.project import Declared, Place, Project, Resolution, Unresolved, compose, variable_of
from orchestrator.source import Source
from orchestrator.spec import UNREADABLE, EdgeSpec, ModelSpec, ToolChoiceSpec, read_spec
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
    source = Source.read(Path(path), str(path) if shown is None else shown)
    path = Path(path).resolve()
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
    modules = Modules(project.path.parent, project.root, project.file.spec.packages or ())
    env = environment(project.root)
    origin = str(project.path)
    tools: dict[Place, Sequence[Tool] | Unresolved] = {e.place: modules.tools(e.spec) for e in project.tools()}
    instructions: dict[str, Instructions | Unresolved] = {}
    for name, agent in project.agents.items():
        if agent.own.spec.instructions == UNREADABLE:
            continue
        try:
            instructions[name] = Instructions(agent.own.spec.instructions, origin, env)
        except RenderError as error:
            instructions[name] = Unresolved("template-syntax", str(error), line=error.line)
    return Resolution(tools, instructions)


def build(project: Project, resolution: Resolution, models: Mapping[str, Model]) -> AgentGraph:
    """The graph of a project in which no check has found an error."""
    agents = {name: _agent(name, declared, models, resolution) for name, declared in project.agents.items()}
    return AgentGraph(
        entry=project.file.spec.entry or next(iter(agents)),
        agents=agents,
        variables={name: variable_of(name, placed.spec) for name, placed in project.variables.items()},
        limits=Limits(**project.file.spec.limits.model_dump()),
        digest=hashlib.sha256(project.file.source.text.encode()).hexdigest()[:16],
    )


def _agent(name: str, declared: Declared, models: Mapping[str, Model], resolution: Resolution) -> Agent:
    spec = declared.own.spec
    model = _sound(declared.model).spec
    return Agent(
        name=name,
        model=models[model] if models else Model(model),
        instructions=_sound(resolution.instructions.get(name)),
        label=spec.label or "",
        description=spec.description or "",
        tools=tuple(tool for _, tool in resolution.tools_of(declared)),
        edges=tuple(_edge(edge.spec) for edge in declared.edges),
        tool_choice=_tool_choice(declared.tool_choice.spec) if declared.tool_choice else "auto",
        parallel_tool_calls=declared.parallel_tool_calls,
    )


def _edge(spec: EdgeSpec) -> Edge:
    return Edge(
        target=spec.to,
        when=spec.when or "",
        requires=spec.requires,
        at_most=spec.at_most,
        for_one_turn=bool(spec.for_one_turn),
    )


def _tool_choice(spec: ToolChoiceSpec) -> ToolChoice | NamedFunction:
    if spec.type == "function":
        return NamedFunction(_sound(spec.function).name)
    return spec.type


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
    endpoint = Endpoint(base_url, api_key)  # type: ignore[arg-type]  # "" or FromEnv
    return Model(spec.model, alias, endpoint, spec.settings, strict=bool(spec.strict))
