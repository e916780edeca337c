"""What changes of handoffs do to the graph: who can't be reached any more, and from where there is no way back."""

from collections.abc import Iterator, KeysView

from orchestrator.checks.paths import reached, reversed_links
from orchestrator.diff.changes import Change, Kind, Subject
from orchestrator.diff.configuration import Configuration
from orchestrator.diff.pairing import Pairing


def shape_changes(old: Configuration, new: Configuration, pairing: Pairing) -> Iterator[Change]:
    """Tell of agents in both that could be reached, or could come back, and can't any more."""
    before, after = _reachable(old), _reachable(new)
    came_back, comes_back = _returning(old), _returning(new)
    for name, renamed in pairing.olds.items():
        where = new.project.agents[name].own.at(key=True)
        subject = Subject("agent", name, name)
        if renamed in before and name not in after:
            note = f"no handoffs lead here from {new.entry!r}"
            yield Change(Kind.UNREACHABLE, subject, note=note, where=where)
        elif renamed in came_back and name in after and name not in comes_back:
            note = f"no handoffs lead from here to {new.entry!r}"
            yield Change(Kind.WAY_BACK_LOST, subject, note=note, where=where)


def _reachable(side: Configuration) -> KeysView[str]:
    return reached(side.entry, side.project.links()).keys()


def _returning(side: Configuration) -> KeysView[str]:
    return reached(side.entry, reversed_links(side.project.links(returning=True))).keys()
