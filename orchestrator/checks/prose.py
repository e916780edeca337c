"""What instructions say of tools and agents, held against those that there are.

Only words with an underscore or in backticks are looked at, only those that are the name of some agent's tool or of an
agent, and of agents only where the sentence speaks of handing over: plain words raise no alarm.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.agents import HANDOFF, default_label, handoff_to
from orchestrator.checks.places import inner, span_in
from orchestrator.checks.references import entry_of
from orchestrator.diagnostics import Diagnostic, Severity
from orchestrator.project import Placed, Project, Resolution
from orchestrator.spec import EdgeSpec, nearest
from orchestrator.templates import Analysis, Piece

_WORD = re.compile(
    r"`(?P<quoted>[A-Za-z][A-Za-z0-9_-]*)(?:\(\))?`"
    r"|(?<!\S)[(\[*]*(?P<plain>[a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?:\(\))?[)\]*.,;:!?]*(?!\S)"
)
_FENCED = re.compile(r"^ *(```|~~~).*?^ *\1", re.MULTILINE | re.DOTALL)
_HANDING_OVER = re.compile(
    r"\b(hand|transfer|pass|send|rout|refer|forward|escalat|redirect|delegat|connect|switch)\w*\b[^.!?]*"
    r"\b(to|into|with|agent)\s+(the\s+|agent\s+)*[`*(\[]*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Names:
    """What an agent can name (its tools and handoffs, variables, parameters), and what others have."""

    own: frozenset[str]
    handoffs: frozenset[str]
    foreign: frozenset[str]
    agents: frozenset[str]


def absent(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """Instructions name no tool and no agent that this agent does not have."""
    everywhere = frozenset(function.name for facts in resolution.tools.values() for function in facts.found)
    callers = _callers(project)
    for name, analysis in resolution.templates.items():
        own = project.agents[name].own
        if not _is_known(project, resolution, name):
            continue
        names = _names(project, resolution, name, everywhere, callers.get(name, set()))
        for piece, offset, word in _words(analysis):
            spoken_of = bool(_HANDING_OVER.search(piece.text[max(0, offset - 200) : offset]))
            told = _absent(name, word, names, handing_over=spoken_of)
            if told is not None:
                span = span_in(project, resolution, own, inner(piece, offset), len(word))
                yield Diagnostic(span, "names-absent-tool-or-agent", *told, Severity.WARNING)


def unmentioned(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """Something says when to hand off: the handoff itself, or the instructions. To hand back to the entry is plain."""
    entry = entry_of(project)
    for name, analysis in resolution.templates.items():
        agent = project.agents[name]
        text = " ".join(piece.text for piece in analysis.pieces).lower()
        if not analysis.complete or "handoffs" in analysis.used:
            continue
        for edge in agent.edges:
            plain = edge.location[0] == "defaults" or edge.spec.when is not None or edge.spec.to in {entry, name}
            if not plain and _described(project, edge) and not _mentions(project, text, edge):
                message = f"the instructions of {name!r} never mention {edge.spec.to!r}"
                hint = "say in them when to hand off, or add when: to the handoff"
                yield edge.fault("to", code="unmentioned-handoff", message=message, hint=hint, severity=Severity.NOTE)


def _is_known(project: Project, resolution: Resolution, name: str) -> bool:
    """Whether all that an agent has is known: else what follows from a misspelt handoff would be told as well."""
    agent = project.agents[name]
    known = all(edge.spec.to in project.names["agents"] for edge in agent.edges)
    return known and "agents" not in project.unknown and project.is_whole(agent) and resolution.complete(agent)


def _words(analysis: Analysis) -> Iterator[tuple[Piece, int, str]]:
    """The words that may name something, each with its offset in its piece."""
    for piece in analysis.pieces:
        text = _FENCED.sub(lambda fenced: re.sub(r"\S", " ", fenced[0]), piece.text)  # examples are not instructions
        for found in _WORD.finditer(text):
            kind = "quoted" if found["quoted"] else "plain"
            yield piece, found.start(kind), found[kind]


def _callers(project: Project) -> dict[str, set[str]]:
    """For each agent those that get the conversation back from it."""
    callers: dict[str, set[str]] = {}
    for name, agent in project.agents.items():
        for edge in agent.edges:
            if edge.spec.for_one_turn:
                callers.setdefault(edge.spec.to, set()).add(name)
    return callers


def _names(
    project: Project, resolution: Resolution, name: str, everywhere: frozenset[str], callers: set[str]
) -> _Names:
    agent = project.agents[name]
    functions = [function for _, function in resolution.tools_of(agent)]
    handoffs = frozenset(edge.spec.to for edge in agent.edges) | {name}
    said = {word for function in functions for word in (function.name, *function.parameters, *function.texts)}
    said |= {handoff_to(target) for target in handoffs} | handoffs | callers | project.names["variables"]
    said |= {str(choice) for variable in project.known_variables.values() for choice in variable.enum}
    return _Names(frozenset(said), handoffs, everywhere, project.names["agents"])


def _absent(name: str, word: str, names: _Names, *, handing_over: bool) -> tuple[str, str] | None:
    """What to say of a word that names what the agent does not have."""
    if word in names.own:
        return None
    target = word.removeprefix(HANDOFF)
    if word.startswith(HANDOFF) or (word in names.agents and handing_over):
        hint = f"add {target!r} to its handoffs, or take it out of the instructions"
        if target not in names.agents:
            meant = nearest(target, sorted(names.handoffs - {name}))
            hint = f"did you mean {handoff_to(meant)!r}?" if meant else "there is no agent of this name"
        return f"the instructions name {word!r}, but {name!r} can't hand off to {target!r}", hint
    if word in names.foreign:
        return (
            f"the instructions name {word!r}, a tool that {name!r} does not have",
            "add it to its tools, or take it out of the instructions",
        )
    return None


def _described(project: Project, edge: Placed[EdgeSpec]) -> bool:
    """Whether the target has a description; else that is what is told."""
    target = project.agents.get(edge.spec.to)
    return target is not None and target.own.spec.description is not None


def _mentions(project: Project, text: str, edge: Placed[EdgeSpec]) -> bool:
    target = edge.spec.to
    label = project.agents[target].own.spec.label or default_label(target)
    return any(each.lower() in text for each in (target, label, target.replace("_", " ")))
