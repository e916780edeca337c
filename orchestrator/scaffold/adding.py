"""A new agent in a file that is there: what is inserted where, and the proof that nothing else changes."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from orchestrator.checks import in_order, silenced
from orchestrator.diagnostics import Diagnostic, Severity, Span
from orchestrator.errors import LoadError, UsageError
from orchestrator.loader import Examined, examine
from orchestrator.project import OTHER_KINDS, Project, read_file, read_files
from orchestrator.scaffold.layout import Insertion, Layout, Location, inserted
from orchestrator.scaffold.replacing import replace_texts
from orchestrator.scaffold.wording import Value
from orchestrator.source import Source
from orchestrator.spec import FileSpec, Reading, nearest, read_spec
from orchestrator.spec.values import AGENT_NAME_LENGTH, NAME_PATTERN
from orchestrator.survey import roots_of

_MODEL = "gpt-4o-mini"


@dataclass(frozen=True)
class Addition:
    """What came of adding an agent.

    ``place`` is that of its name in the file, None where ``diagnostics`` has errors and nothing was changed; else they
    are the warnings that were not there before. ``giver`` is the agent that got a handoff to it, None where there is
    no other one, or it had that handoff before. ``texts`` are those that the diagnostics point into.
    """

    place: Span | None
    giver: str | None
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Step:
    """One insertion, and the place in the data that it makes."""

    source: Source
    location: Location
    insertion: Insertion


def add_agent(file: Path, name: str, *, giver: str | None = None, when: str | None = None) -> Addition:
    """Add an agent to a file, and a handoff to it. Whatever is written there stays.

    Args:
        file: a file of agents, or a part that others include.
        name: what the agent is called.
        giver: who hands off to it, in whatever file of the project he is; by default the entry agent.
        when: when he does, as the end of "Transfer to LABEL when"; by default, when it is about what its name says.

    Raises:
        UsageError: there can be no such agent, or no place was found for it.
        OSError: a file can't be read or written.
    """
    _check_name(file, name)
    roots = _roots(file)
    before = [_examined(root, {}) for root in roots]
    project = before[0].project
    if project is None:
        return Addition(None, None, before[0].diagnostics, before[0].texts)
    _check_free(project, name)
    giver = _giver(project, giver)
    try:
        steps = list(_steps(project, _source_of(project, file), name, giver, when))
    except LoadError as error:
        return Addition(None, None, error.diagnostics, before[0].texts)
    _check_shared(project, steps, roots, name)
    texts = {project.paths[source.path]: _text(source, steps) for source in _sources(steps)}
    after = [_examined(root, texts) for root in roots]
    read = {path: text for each in after for path, text in each.texts.items()}
    if errors := _new(before, after, Severity.ERROR):
        return Addition(None, None, errors, read)
    replace_texts(texts)
    place = Source.parse(steps[0].source.path, read[steps[0].source.path]).locate(("agents", name), key=True)
    gave = giver is not None and not _leads_to(project, giver, name)
    return Addition(place, giver if gave else None, _new(before, after, Severity.WARNING), read)


def _check_name(file: Path, name: str) -> None:
    if file.name.endswith(OTHER_KINDS):
        raise UsageError(f"{str(file)!r} is no file of agents, by its name")
    if not re.fullmatch(NAME_PATTERN, name) or len(name) > AGENT_NAME_LENGTH:
        rule = f"a small letter, and at most {AGENT_NAME_LENGTH - 1} more small letters, digits and underscores"
        raise UsageError(f"{name!r} can't be the name of an agent: {rule}")


def _check_free(project: Project, name: str) -> None:
    if name in project.agents:
        place = project.agents[name].own.at(key=True)
        raise UsageError(f"there is an agent named {name!r} already: {place.path}:{place.line}")
    if name in project.names["agents"]:
        raise UsageError(f"there is an agent named {name!r} already, and it has errors")


def _giver(project: Project, named: str | None) -> str | None:
    """Who hands off to the new agent: nobody where there is nobody yet."""
    agents = project.names["agents"]
    lone = next(iter(agents)) if len(agents) == 1 else None
    name = named or project.file.spec.entry or lone
    if name is None:
        if agents:
            raise UsageError("the file does not say who the entry agent is: name who hands off to it: --from AGENT")
        return None
    if name not in agents:
        meant = nearest(name, sorted(agents))
        hint = f"did you mean {meant!r}?" if meant else f"there are: {', '.join(sorted(agents)) or 'none'}"
        raise UsageError(f"no agent named {name!r}; {hint}")
    if name not in project.agents:
        raise UsageError(f"the agent {name!r} has errors: mend them first, or name another one with --from")
    return name


def _steps(project: Project, source: Source, name: str, giver: str | None, when: str | None) -> Iterator[_Step]:
    """What is to be inserted. Where two come to the same offset, the first stands behind the other."""
    layout, agent = Layout(_sound(source)), _agent(project, name, giver)
    if isinstance(source.data, dict) and "agents" in source.data:
        yield _Step(source, ("agents", name), layout.entry(("agents",), name, agent, apart=True))
    else:
        yield _Step(source, ("agents",), layout.section("agents", {name: agent}))
    if giver is None:
        return
    root = project.file.source
    if project.file.spec.entry is None and len(project.agents) == 1:
        yield _Step(root, ("entry",), Layout(_sound(root)).opening("entry", giver))
    own = project.agents[giver].own
    if not _leads_to(project, giver, name):
        edge = {"to": name, "when": when or f"it is about {_topic(name)}"}
        given, at = Layout(_sound(own.source)), (*own.location, "handoffs")
        written = _at(own.source.data, own.location)
        if "handoffs" in written:
            insertion = given.item(at, edge)
            yield _Step(own.source, (*at, len(written["handoffs"])), insertion)
        else:
            yield _Step(own.source, at, given.entry(own.location, "handoffs", [edge]))


def _leads_to(project: Project, giver: str, name: str) -> bool:
    """Whether an agent has a handoff to another one, which may not be there yet."""
    return any(edge.spec.to == name for edge in project.agents[giver].edges)


def _agent(project: Project, name: str, giver: str | None) -> dict[str, Value]:
    """What a new agent says before anybody has written it: as little as is sound."""
    agent: dict[str, Value] = {"description": f"Takes care of {_topic(name)}."}
    own = project.agents[giver].own.spec if giver else None
    if project.defaults.model is None:
        agent["model"] = (own.model if own else None) or next(iter(project.models), _MODEL)
    agent["instructions"] = f"You take care of {_topic(name)}. Be friendly and very brief.\n"
    if giver and own and not project.defaults.edges:
        plain = own.description and (project.file.spec.entry or giver) == giver
        agent["handoffs"] = [giver if plain else {"to": giver, "when": "it is about something else"}]
    return agent


def _topic(name: str) -> str:
    return name.replace("_", " ").strip()


def _source_of(project: Project, file: Path) -> Source:
    real = Path(os.path.realpath(file))
    found = next((source for source in project.sources if project.paths[source.path] == real), None)
    if found is None:
        raise UsageError(f"{str(file)!r} is no part of {project.file.source.path!r}")
    return found


def _roots(file: Path) -> list[Path]:
    """The files that are loaded with a file in them: those that include it, or itself."""
    return [Path(root) for root in roots_of(file)] or [file]


def _check_shared(project: Project, steps: Sequence[_Step], roots: Sequence[Path], name: str) -> None:
    """Whoever includes a file that changes has the new agent, too."""
    having = {os.path.realpath(root) for root in roots}
    for source in _sources(steps):
        for root in _roots(project.paths[source.path]):
            if os.path.realpath(root) not in having:
                what = f"{str(root)!r} includes {source.path!r}, too, where the handoff would be"
                raise UsageError(f"{what}, and would not have {name!r}: add it to {source.path!r} itself")


def _sound(source: Source) -> Source:
    """A source whose text can be relied on."""
    faults = [fault for fault in source.diagnostics if fault.severity is Severity.ERROR]
    if faults:
        raise LoadError(faults)
    return source


def _sources(steps: Sequence[_Step]) -> list[Source]:
    return list({step.source.path: step.source for step in steps}.values())


def _text(source: Source, steps: Sequence[_Step]) -> str:
    """The new text of a source: it says what it said, and what the steps bring."""
    mine = [step for step in steps if step.source is source]
    text = inserted(source.text, [step.insertion for step in mine])
    read = Source.parse(source.path, text).data
    try:
        expected = reduce(lambda data, step: _with(data, step.location, _at(read, step.location)), mine, source.data)
    except (KeyError, IndexError, TypeError):
        expected = None
    if expected is None or read != expected:
        raise UsageError(f"{source.path} is written so that more than this would change: add the agent by hand")
    return text


def _at(data: Any, location: Location) -> Any:
    return reduce(lambda inner, step: inner[step], location, data)


def _with(data: Any, location: Location, value: object) -> Any:
    """The data with a value at a location, which may be behind its end. What is shared stays as it is elsewhere."""
    if not location:
        return value
    step, *rest = location
    if isinstance(data, list) and isinstance(step, int):
        old = data[step] if step < len(data) else None
        return [*data[:step], _with(old, tuple(rest), value), *data[step + 1 :]]
    old = data.get(step)
    return {**data, step: _with(old, tuple(rest), value)}


def _examined(root: Path, texts: Mapping[Path, str]) -> Examined:
    """A project as it would be with other texts. No code of tools is run."""

    def read(path: Path, shown: str) -> Reading[FileSpec]:
        real = Path(os.path.realpath(path))
        return read_spec(Source.parse(shown, texts[real])) if real in texts else read_file(path, shown)

    return examine(read_files(Path(os.path.realpath(root)), read(root, str(root)), read), imports=False)


def _new(before: Sequence[Examined], after: Sequence[Examined], severity: Severity) -> tuple[Diagnostic, ...]:
    """What is there after, and was not before, wherever it has moved to."""
    known = Counter(_identity(each) for each in _told(before))
    found = []
    for each in _told(after):
        known[_identity(each)] -= 1
        if each.severity is severity and known[_identity(each)] < 0:
            found.append(each)
    return tuple(found)


def _told(examined: Sequence[Examined]) -> Iterator[Diagnostic]:
    for each in examined:
        yield from in_order(silenced(each.diagnostics, each.texts, all_checked=False))


def _identity(diagnostic: Diagnostic) -> tuple[str, str, str]:
    return diagnostic.span.path, diagnostic.code, diagnostic.message
