"""What is wrong with a test file: by itself, and with the agents that it names."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from orchestrator.agents import HANDOFF, AgentGraph, handoff_to
from orchestrator.checks.references import did_you_mean
from orchestrator.clients.cassettes import read_cassette
from orchestrator.clients.scripted import template_fault
from orchestrator.diagnostics import Diagnostic, Severity
from orchestrator.errors import UsageError
from orchestrator.loader import Examined
from orchestrator.project import called, root_of
from orchestrator.source import Source
from orchestrator.source.faults import shown
from orchestrator.spec import UNREADABLE
from orchestrator.spec.draft import Location, leaves
from orchestrator.spec.suite import RecordingSpec, SuiteSpec
from orchestrator.templates import environment
from orchestrator.templates.tokens import Places
from orchestrator.testing.arguments import argument_faults
from orchestrator.testing.names import calls_in, is_template, names_in
from orchestrator.testing.outcome import Suite

_ALWAYS = ("user", "result", "results")
Fact = tuple[Location, str]
_KINDS: Mapping[str, tuple[str, str]] = {
    "agents": ("unknown-agent", "no agent named {name!r}"),
    "tools": ("function-not-found", "no agent has a tool named {name!r}"),
    "calls": ("function-not-found", "no agent has a tool named {name!r}"),
    "variables": ("undefined-variable", "no variable named {name!r} is declared"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """The names that a file of agents declares. None where they can't all be told.

    ``tools`` has the names of arguments by that of the tool, ``handoffs`` the functions that models hand off with.
    """

    agents: Collection[str] | None
    tools: Mapping[str, Collection[str]] | None
    handoffs: Collection[str] | None
    variables: Collection[str] | None

    @classmethod
    def of_graph(cls, graph: AgentGraph) -> "Known":
        """The names in a graph."""
        agents = graph.agents.values()
        tools = _together((tool.name, tool.signature.given.fields) for agent in agents for tool in agent.tools)
        handoffs = {edge.function_name for agent in agents for edge in agent.edges}
        return cls(graph.agents.keys(), tools, handoffs, graph.variables.keys())

    @classmethod
    def of_project(cls, examined: Examined) -> "Known":
        """The names in a project, be it sound or not."""
        project, resolution = examined.project, examined.resolution
        if project is None:
            return cls(None, None, None, None)
        agents = project.agents.values()
        functions = (function for agent in agents for _, function in resolution.tools_of(agent))
        tools = _together((function.name, function.parameters) for function in functions)
        handoffs = {handoff_to(edge.spec.to) for agent in agents for edge in agent.edges}
        every = "agents" not in project.unknown and len(agents) == len(project.names["agents"])
        whole = every and all(project.is_whole(agent) for agent in agents)
        return cls(
            None if "agents" in project.unknown else project.names["agents"],
            tools if whole and all(map(resolution.complete, agents)) else None,
            handoffs if whole else None,
            None if "variables" in project.unknown else project.names["variables"],
        )


def faults(spec: SuiteSpec, source: Source, path: Path) -> Iterator[Diagnostic]:
    """What is wrong with a test file by itself: its templates, its times, and the files that it names."""
    env = environment(path.parent)
    for location, text in leaves(source.data):
        if isinstance(text, str) and "{" in text and is_template(location):
            yield from template_fault(env, source, location, text)
    for location, now in _times(spec):
        yield from _time_fault(source, location, now)
    if spec.file != UNREADABLE:  # else it is missing, which is told
        yield from _file_fault(source, ("file",), path, spec.file)
    for location, recording in _recordings(spec):
        found = list(_file_fault(source, location, path, recording.replay))
        yield from found or _cassette_fault(source, location, beside(recording.replay, path, source))


def beside(name: str, path: Path, source: Source) -> str:
    """What people call a file that a test file names relative to itself, in the way in which that one is called."""
    return called((path.parent / name).resolve(), absolute=Path(source.path).is_absolute())


def name_faults(suite: Suite, known: Known) -> tuple[Diagnostic, ...]:
    """The names in a test file that its agents do not know. A call by the model is a warning only: models err, too."""
    names, calls = _name_faults(suite, known), _call_faults(suite, known)
    return (*names, *calls, *argument_faults(suite, known.tools), *_undefined(suite, known))


def _name_faults(suite: Suite, known: Known) -> Iterator[Diagnostic]:
    declared: Mapping[str, Collection[str] | None] = {
        "agents": known.agents,
        "tools": known.tools,
        "calls": known.tools,
        "variables": known.variables,
    }
    for kind, location, name, is_key in names_in(suite.spec):
        names = declared[kind]
        if names is None or name in names:
            continue
        code, message = _KINDS[kind]
        span = suite.source.locate(location, key=is_key)
        if kind == "calls" and name.startswith(HANDOFF):
            hint = "expect a handoff by agents: or handoffs:"
            yield Diagnostic(span, code, f"{shown(name)} is a handoff, and these are calls of tools", hint)
        else:
            yield Diagnostic(span, code, message.format(name=name), did_you_mean(name, names))


def _call_faults(suite: Suite, known: Known) -> Iterator[Diagnostic]:
    if known.tools is None or known.handoffs is None:
        return
    functions = sorted({*known.tools, *known.handoffs})
    for call in calls_in(suite.spec):
        if call.function not in functions:
            message = f"no agent has a tool or a handoff named {shown(call.function)}"
            hint = did_you_mean(call.function, functions)
            span = suite.source.locate((*call.at, "call"))
            yield Diagnostic(span, "function-not-found", message, hint, Severity.WARNING)


def _undefined(suite: Suite, known: Known) -> Iterator[Diagnostic]:
    """The names that templates read, and that nothing gives a value."""
    if known.variables is None:
        return
    env = environment(suite.path.parent)
    cases = {name: {key for case in test.cases.values() for key in case} for name, test in suite.spec.tests.items()}
    everywhere = {*known.variables, *_ALWAYS, *env.globals}
    for location, text in leaves(suite.source.data):
        if not (isinstance(text, str) and "{" in text and is_template(location)):
            continue
        given = cases.get(str(location[1]), set()) if location[0] == "tests" else set().union(*cases.values())
        names = everywhere | given | ({"arguments"} if "tools" in location[:3] else set())
        for load in env.names(text).loads:
            if load.name not in names:
                rest = suite.source.inside(location, *Places(text).place(load.offset))
                span = replace(rest, end_column=min(rest.end_column, rest.column + len(load.name)))
                message = f"nothing gives {load.name!r} a value"
                yield Diagnostic(span, "undefined-variable", message, did_you_mean(load.name, names - {*env.globals}))


def _together(tools: Iterable[tuple[str, Iterable[str]]]) -> dict[str, set[str]]:
    """The arguments of tools by name. Of several tools with one name it is those of all."""
    found: dict[str, set[str]] = {}
    for name, arguments in tools:
        found.setdefault(name, set()).update(arguments)
    return found


def _times(spec: SuiteSpec) -> Iterator[Fact]:
    if spec.now is not None:
        yield ("now",), spec.now
    for name, test in spec.tests.items():
        if test.now is not None:
            yield ("tests", name, "now"), test.now


def _time_fault(source: Source, location: Location, now: str) -> Iterator[Diagnostic]:
    try:
        datetime.fromisoformat(now).timestamp()
    except (ValueError, OverflowError, OSError):
        hint = "write it as 2026-05-21T09:30"
        yield Diagnostic(source.locate(location), "bad-value", "'now' must be a time", hint)


def _recordings(spec: SuiteSpec) -> Iterator[tuple[Location, RecordingSpec]]:
    for name, test in spec.tests.items():
        for index, turn in test.turns.items():
            if isinstance(turn.model, RecordingSpec):
                yield ("tests", name, "turns", index, "model", "replay"), turn.model


def _file_fault(source: Source, location: Location, path: Path, name: str) -> Iterator[Diagnostic]:
    """What is wrong with a file that is named: it is not there, or outside of the project."""
    span = source.locate(location)
    try:
        file = (path.parent / name).resolve()
        there = file.is_file()
    except (OSError, RuntimeError, ValueError):  # a ring of links, a name that no file can have
        yield Diagnostic(span, "missing-file", f"there can't be a file {name!r}", "paths are relative to this file")
        return
    if not there:
        yield Diagnostic(span, "missing-file", f"there is no file {name!r}", "paths are relative to this file")
    elif not file.is_relative_to(root_of(path)):
        message = f"{name!r} lies outside the project {str(root_of(path))!r}"
        yield Diagnostic(span, "path-outside-project", message, "keep it inside the project")


def _cassette_fault(source: Source, location: Location, path: str) -> Iterator[Diagnostic]:
    try:
        read_cassette(path)
    except UsageError as error:
        yield Diagnostic(source.locate(location), "bad-value", f"this can't be replayed: {error}")
