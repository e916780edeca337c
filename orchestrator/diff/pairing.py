"""Which agent of the new configuration is which of the old one: by name, else by what it is made of."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from orchestrator.diff.configuration import Configuration

_ALIKE = 0.7
"""How similar two agents are, from 0 to 1, that count as one with another name."""

_MOST = 100
"""How many agents that are gone, and how many new ones, are looked at."""

_TOLD, _ABLE, _LED = 3, 1, 1  # how much instructions, tools and handoffs count


@dataclass(frozen=True)
class Pairing:
    """``olds`` has the old name of each agent that is in both, by the new one, in the new order."""

    olds: Mapping[str, str]
    removed: tuple[str, ...]
    added: tuple[str, ...]

    def now(self, old: str) -> str:
        """What an agent of the old configuration is called in the new one, where it is there at all."""
        return self._news.get(old, old)

    @cached_property
    def _news(self) -> Mapping[str, str]:
        return {old: new for new, old in self.olds.items()}


def pair(old: Configuration, new: Configuration) -> Pairing:
    """Find the agents that are in both."""
    before, after = old.project.agents, new.project.agents
    gone = [name for name in before if name not in after]
    fresh = [name for name in after if name not in before]
    renamed = _renamed(_traits(old, gone, after), _traits(new, fresh, before))
    olds = {name: renamed.get(name, name) for name in after if name in before or name in renamed}
    return Pairing(
        olds,
        removed=tuple(name for name in gone if name not in renamed.values()),
        added=tuple(name for name in fresh if name not in renamed),
    )


@dataclass(frozen=True, slots=True)
class _Traits:
    words: frozenset[str]
    tools: frozenset[str]
    targets: frozenset[str]


def _traits(side: Configuration, names: Collection[str], known: Collection[str]) -> dict[str, _Traits]:
    """What agents are made of. ``known`` are the names of the other side: only these can be compared."""
    found = {}
    for name in islice(names, _MOST):
        agent = side.project.agents[name]
        words = frozenset(agent.own.spec.instructions.split())
        targets = frozenset(side.edges(agent)) & frozenset(known)
        found[name] = _Traits(words, frozenset(side.tools(agent)), targets)
    return found


def _renamed(gone: Mapping[str, _Traits], fresh: Mapping[str, _Traits]) -> dict[str, str]:
    """The old name by the new one. The most similar pairs come first."""
    scores = [(_alike(a, b), old, new) for old, a in gone.items() for new, b in fresh.items()]
    found: dict[str, str] = {}
    for score, old, new in sorted(scores, key=lambda each: -each[0]):
        if score >= _ALIKE and new not in found and old not in found.values():
            found[new] = old
    return found


def _alike(a: _Traits, b: _Traits) -> float:
    compared = [(_TOLD, a.words, b.words), (_ABLE, a.tools, b.tools), (_LED, a.targets, b.targets)]
    weighed = [(weight, len(one & other) / len(one | other)) for weight, one, other in compared if one | other]
    return sum(weight * share for weight, share in weighed) / sum(weight for weight, _ in weighed)
