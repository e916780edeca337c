"""From a path to an agent graph, or to everything that is wrong with it."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from orchestrator.agents import Agent, AgentGraph, Edge, Limits, default_label
from orchestrator.checks import check, in_order, silenced
from orchestrator.diagnostics import Diagnostic, Severity
from orchestrator.errors import LoadError
from orchestrator.model import Model, NamedFunction, ToolChoice
from orchestrator.modules import Modules
from orchestrator.project import (
    Declared,
    Files,
    Project,
    Resolution,
    compose,
    models_of,
    read_file,
    read_files,
    variable_of,
)
from orchestrator.spec import UNREADABLE, EdgeSpec, ToolChoiceSpec
from orchestrator.templates import Analysis, Instructions, Known, Sandbox, analyse, environment

T = TypeVar("T")


@dataclass(frozen=True)
class Loaded:
    """What came of a file: the graph if it has no errors, and everything that was found, in the order of the text.

    ``models`` are those of its ``models:`` sections, by alias; ``texts`` those of all files that diagnostics point
    into, by the path in their spans.
    """

    graph: AgentGraph | None
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    models: Mapping[str, Model] = field(default_factory=dict)

    def unwrap(self) -> AgentGraph:
        """The graph.

        Raises:
            LoadError: the file has errors; the exception holds all of them.
        """
        if self.graph is None:
            raise LoadError(self.diagnostics)
        return self.graph


@dataclass(frozen=True)
class Examined:
    """A project and all that is wrong with it, what comments silence included. None when nothing of it is usable."""

    project: Project | None
    resolution: Resolution
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]


def load(path: str | Path, *, shown: str | None = None) -> Loaded:
    """Load a file of agents and all that it includes. Tool modules are imported; no key and no network is needed.

    Args:
        path: the YAML file.
        shown: what diagnostics call it; the path as given by default.

    Raises:
        OSError: the file does not exist or can't be opened.
    """
    real = Path(os.path.realpath(path))  # resolve() raises RuntimeError for links in a circle
    root = read_file(Path(path), str(path) if shown is None else shown)
    examined = examine(read_files(real, root))
    found = tuple(in_order(silenced(examined.diagnostics, examined.texts)))
    project = examined.project
    if project is None:
        return Loaded(None, found, examined.texts)
    models = models_of(project)
    sound = not any(diagnostic.severity is Severity.ERROR for diagnostic in found)
    graph = build(project, examined.resolution, models) if sound else None
    return Loaded(graph, found, examined.texts, models)


def examine(files: Files, *, imports: bool = True) -> Examined:
    """Find all that is wrong with a file and what it includes. Without ``imports``, tool modules are parsed only."""
    texts = {file.reading.source.path: file.reading.source.text for file in files.all}
    read = [diagnostic for file in files.all for diagnostic in file.reading.diagnostics]
    if files.root.reading.spec is None:
        return Examined(None, Resolution(), tuple(read), texts)
    project, joining = compose(files)
    resolution = resolve(project, imports=imports)
    found = in_order((*read, *files.diagnostics, *joining, *check(project, resolution)))
    return Examined(project, resolution, tuple(found), {**resolution.texts, **texts})


def resolve(project: Project, *, imports: bool = True) -> Resolution:
    """Import the tools of a project, or parse them, and analyse its templates."""
    modules = Modules(project.root, project.file.spec.packages or (), imports=imports)
    env = environment(project.root)
    tools = {
        entry.place: modules.functions(entry.spec, project.paths[entry.source.path].parent) for entry in project.tools()
    }
    templates: dict[str, Analysis] = {}
    texts: dict[str, str] = dict(modules.texts)
    for name, agent in project.agents.items():
        if agent.own.spec.instructions != UNREADABLE:
            known = Known(project.known_variables, _described(project, name), _targets(project, agent))
            origin = project.paths[agent.own.source.path]
            found = templates[name] = analyse(agent.own.spec.instructions, origin, env, known)
            texts |= {project.called(path): text for path, text in found.files.items()}
    return Resolution(tools, templates, texts)


def _targets(project: Project, agent: Declared) -> list[Mapping[str, str]]:
    return [_described(project, edge.spec.to) for edge in agent.edges if edge.spec.to in project.agents]


def _described(project: Project, name: str) -> Mapping[str, str]:
    """What templates see of an agent."""
    spec = project.agents[name].own.spec
    return {"name": name, "label": spec.label or default_label(name), "description": spec.description or ""}


def build(project: Project, resolution: Resolution, models: Mapping[str, Model]) -> AgentGraph:
    """The graph of a project in which no check has found an error."""
    env = environment(project.root)
    agents = {name: _agent(name, project, resolution, models, env) for name in project.agents}
    return AgentGraph(
        entry=project.file.spec.entry or next(iter(agents)),
        agents=agents,
        variables={name: variable_of(name, placed.spec) for name, placed in project.variables.items()},
        limits=Limits(**project.file.spec.limits.model_dump()),
        digest=_digest(project, resolution),
    )


def _digest(project: Project, resolution: Resolution) -> str:
    """A name for all that the agents are told: the files, and the templates that they include."""
    digest = hashlib.sha256("\0".join(source.text for source in project.sources).encode())
    included = {path: text for found in resolution.templates.values() for path, text in found.files.items()}
    for path in sorted(included):
        digest.update(included[path].encode())
    return digest.hexdigest()[:16]


def _agent(name: str, project: Project, resolution: Resolution, models: Mapping[str, Model], env: Sandbox) -> Agent:
    declared = project.agents[name]
    spec = declared.own.spec
    origin = str(project.paths[declared.own.source.path])
    model = _sound(declared.model).spec
    return Agent(
        name=name,
        model=models[model] if models else Model(model),
        instructions=Instructions(spec.instructions, origin, env),
        label=spec.label or "",
        description=spec.description or "",
        tools=tuple(_sound(function.tool) for _, function in resolution.tools_of(declared)),
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


def _sound(fact: T | None) -> T:
    """The fact, which the checks have found to be there."""
    if fact is None:
        raise AssertionError("a check overlooked something")
    return fact
