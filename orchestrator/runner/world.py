"""What a run acts with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator.agents import AgentGraph
from orchestrator.model_client import ModelClient
from orchestrator.runner.person import Person
from orchestrator.veil import Veil


@dataclass(frozen=True, slots=True)
class World:
    """What a run acts with: the graph, the seams to model and person, and the clock (seconds since the epoch).

    ``secrets`` are the values of secret variables. They are here and not in the state, so that nothing records them;
    ``veil`` hides them in what tools give.
    """

    graph: AgentGraph
    client: ModelClient
    person: Person | None
    clock: Callable[[], float]
    secrets: Mapping[str, object] = field(default_factory=dict)
    veil: Veil | None = None
