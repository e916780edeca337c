"""Two configurations compared: all changes, in a stable order."""

from collections.abc import Iterator, Mapping
from itertools import chain

from orchestrator.diff.agents import added_agent, agent_changes, removed_agent
from orchestrator.diff.changes import Change, worst_first
from orchestrator.diff.configuration import Configuration
from orchestrator.diff.declarations import (
    file_changes,
    limit_changes,
    model_changes,
    template_changes,
    variable_changes,
)
from orchestrator.diff.pairing import Pairing, pair
from orchestrator.diff.shape import shape_changes


def compare(old: Configuration, new: Configuration) -> tuple[Change, ...]:
    """Give the changes from one configuration to another.

    First what the file says of itself, then agent by agent: those that are gone, then the others as the new
    configuration has them, each with its worst changes first; then templates, models, variables and limits by name.
    """
    pairing = pair(old, new)
    groups = [
        file_changes(old, new, pairing),
        *_by_agent(old, new, pairing),
        *(template_changes(path, old, new) for path in _names(old.templates, new.templates)),
        *(model_changes(name, old, new) for name in _names(old.project.models, new.project.models)),
        *(variable_changes(name, old, new) for name in _names(old.project.variables, new.project.variables)),
        limit_changes(old, new),
    ]
    return tuple(chain.from_iterable(sorted(group, key=worst_first) for group in groups))


def _by_agent(old: Configuration, new: Configuration, pairing: Pairing) -> Iterator[list[Change]]:
    yield [removed_agent(name, old) for name in pairing.removed]
    shapes: dict[str, list[Change]] = {}
    for change in shape_changes(old, new, pairing):
        shapes.setdefault(change.subject.name, []).append(change)
    for name in new.project.agents:
        if name in pairing.olds:
            yield [*shapes.get(name, ()), *agent_changes(name, old, new, pairing)]
        else:
            yield [added_agent(name, new)]


def _names(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return sorted(old.keys() | new.keys())
