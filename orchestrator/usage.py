"""What model calls took: the fold of a session's events into tokens and money, for each turn, agent and model."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from orchestrator.agents import AgentGraph
from orchestrator.events import Event, ModelAsked, ModelResponded, RunStarted
from orchestrator.messages import NO_USAGE, Usage
from orchestrator.model import Price

K = TypeVar("K")

_PRICED_TOKENS = 1_000_000


class Place(NamedTuple):
    """Where a model call belongs. Turns count from 1; a model has the name that ``ModelAsked`` gives it."""

    turn: int
    agent: str
    model: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What some model calls took.

    Args:
        calls: how many there were.
        told: for how many of them usage was told: ``usage`` is the sum of these.
        cost: what their tokens cost, in the money of the prices; None where no price is known.
    """

    calls: int = 0
    told: int = 0
    usage: Usage = NO_USAGE
    cost: float | None = None

    def __add__(self, other: "Spent") -> "Spent":
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        return Spent(
            self.calls + other.calls, self.told + other.told, self.usage + other.usage, sum(costs) if costs else None
        )


@dataclass(frozen=True, slots=True)
class Account:
    """What a conversation took. ``unpriced`` are the models whose tokens are in no ``cost``: their price is unknown."""

    turns: int
    entries: Mapping[Place, Spent]
    unpriced: tuple[str, ...] = ()

    @property
    def total(self) -> Spent:
        """All of it."""
        return sum(self.entries.values(), Spent())

    def by(self, key: Callable[[Place], K]) -> dict[K, Spent]:
        """Give the sums by what ``key`` makes of a place, a turn, an agent or a model, in order of appearance."""
        sums: dict[K, Spent] = {}
        for place, spent in self.entries.items():
            sums[key(place)] = sums.get(key(place), Spent()) + spent
        return sums


def account(events: Iterable[Event], prices: Mapping[str, Price]) -> Account:
    """Give what the calls in these events took, with ``prices`` by the names of models."""
    turns, place = 0, None
    entries: dict[Place, Spent] = {}
    unpriced: dict[str, None] = {}
    for event in events:
        match event:
            case RunStarted():
                turns += 1
            case ModelAsked(agent=agent, model=model):
                place = Place(turns, agent, model)
                entries[place] = entries.get(place, Spent()) + Spent(calls=1)
            case ModelResponded(usage=usage) if place is not None and usage != NO_USAGE:
                price = prices.get(place.model)
                entries[place] += Spent(told=1, usage=usage, cost=None if price is None else cost(usage, price))
                unpriced |= {place.model: None} if price is None else {}
            case _:
                pass
    return Account(turns, entries, tuple(unpriced))


def cost(usage: Usage, price: Price) -> float:
    """Give what these tokens cost. Those that were cached are part of the input, and may have a price of their own."""
    cached = min(usage.cached_tokens, usage.input_tokens)
    cached_price = price.input if price.cached is None else price.cached
    fresh = usage.input_tokens - cached
    return (fresh * price.input + cached * cached_price + usage.output_tokens * price.output) / _PRICED_TOKENS


def prices_of(graph: AgentGraph) -> dict[str, Price]:
    """Give the prices that the models of a graph have, by their names."""
    models = [model for agent in graph.agents.values() for model in (agent.model, *agent.model.fallback)]
    return {model.name: model.price for model in models if model.price is not None}
