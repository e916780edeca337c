"""The graph that runs: agents, the edges between them, the variables and the limits. Frozen, and proven sound."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, Protocol

from orchestrator.errors import GraphError, VariableError
from orchestrator.messages import storable
from orchestrator.model import Model, NamedFunction, ToolChoice
from orchestrator.tools import FunctionSchema, Tool

VariableType = Literal["string", "integer", "number", "boolean", "list", "object"]
_PYTHON_TYPES: Mapping[VariableType, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "list": list | tuple,  # type: ignore[dict-item]  # isinstance takes a union
    "object": Mapping,
}


class Required:
    """The default of a variable that has none, and so must be given."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = Required()
HANDOFF = "transfer_to_"
"""How the names of the functions begin with which a model hands off."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A declared variable. ``default`` is ``REQUIRED`` where it must be given; None is a value like any other.

    ``env`` names the environment variable that is asked before the default. A ``secret`` one reaches tools only.
    """

    name: str
    type: VariableType = "string"
    default: object = REQUIRED
    description: str = ""
    enum: tuple[object, ...] = ()
    env: str | None = None
    secret: bool = False

    def check(self, value: object) -> object:
        """Give a copy of the value, as it will come back from a store, if the variable may take it.

        Raises:
            VariableError: the value is of another type, not in the enum, or has no JSON form.
        """
        if value is None and self.default is None:
            return value
        expected = _PYTHON_TYPES[self.type]
        if not isinstance(value, expected) or (isinstance(value, bool) and self.type != "boolean"):
            raise VariableError(f"variable {self.name!r} is of type {self.type}, not {self._shown(value)}")
        if self.enum and not any(_same(value, choice) for choice in self.enum):
            choices = ", ".join(repr(choice) for choice in self.enum)
            raise VariableError(f"variable {self.name!r} must be one of {choices}, not {self._shown(value)}")
        return self._stored(value)

    def parse(self, text: str) -> object:
        """The value that a text means, as it stands on a command line or in the environment.

        Raises:
            VariableError: the text means no value of this variable.
        """
        if self.type == "string":
            return self.check(text)
        try:
            return self.check(json.loads(text))
        except (ValueError, RecursionError):
            raise VariableError(f"variable {self.name!r} is of type {self.type}, not {self._shown(text)}") from None

    def _stored(self, value: object) -> object:
        try:
            return json.loads(storable(json.dumps(value, ensure_ascii=False, allow_nan=False)))
        except (TypeError, ValueError, RecursionError) as error:
            raise VariableError(f"variable {self.name!r} takes JSON values only: {error}") from None

    def _shown(self, value: object) -> str:
        return "what was given" if self.secret else repr(value)


def _same(value: object, choice: object) -> bool:
    """Whether two values are one: 1 is 1.0, but not true."""
    return value == choice and isinstance(value, bool) == isinstance(choice, bool)


class Instructions(Protocol):
    """A routine: what an agent is told to do, rendered anew for every model call."""

    def render(self, context: Mapping[str, object]) -> str:
        """The system message. ``context`` holds the variables, ``agent``, ``handoffs`` and ``now``.

        Raises:
            OrchestrateError: it can't be rendered with these variables.
        """
        ...


@dataclass(frozen=True, slots=True)
class Edge:
    """An allowed handoff.

    ``requires`` is a Jinja expression over the variables; ``at_most`` counts moves per run; after ``for_one_turn`` the
    next user turn is the caller's.
    """

    target: str
    when: str = ""
    requires: str | None = None
    at_most: int | None = None
    for_one_turn: bool = False

    @property
    def function_name(self) -> str:
        """The function that the model calls to hand off."""
        return handoff_to(self.target)


@dataclass(frozen=True)
class Agent:
    """An agent: its routine, its model, its tools, and where it may hand off to."""

    name: str
    model: Model
    instructions: Instructions
    label: str = ""
    description: str = ""
    tools: tuple[Tool, ...] = ()
    edges: tuple[Edge, ...] = ()
    tool_choice: ToolChoice | NamedFunction = "auto"
    parallel_tool_calls: bool | None = None

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", default_label(self.name))

    @cached_property
    def tools_by_name(self) -> Mapping[str, Tool]:
        """The tools by the name that the model uses."""
        return {tool.name: tool for tool in self.tools}

    @cached_property
    def edges_by_function(self) -> Mapping[str, Edge]:
        """The edges by the name of their handoff function."""
        return {edge.function_name: edge for edge in self.edges}


def handoff_to(target: str) -> str:
    """The function that a model calls to hand off to this agent."""
    return f"{HANDOFF}{target}"


def default_label(name: str) -> str:
    """What people read where an agent has no label: ``issues_and_repairs`` becomes ``Issues and Repairs``."""
    small = {"and", "or", "of", "the", "to", "for", "in", "on"}
    words = name.split("_")
    return " ".join(word if word in small and index else word.capitalize() for index, word in enumerate(words))


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use. None means without limit."""

    model_calls: int = 20
    handoffs: int = 10
    tool_calls: int = 50
    repeats: int = 5
    tool_seconds: float = 60
    result_chars: int = 20_000
    parallel_tools: int = 8
    tokens: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class AgentGraph:
    """Agents that may run. ``digest`` names the configuration that it was made from.

    Raises:
        GraphError: the entry or the target of an edge is no agent, a name stands twice, or a name is taken.
    """

    entry: str
    agents: Mapping[str, Agent]
    variables: Mapping[str, Variable] = field(default_factory=dict)
    limits: Limits = Limits()
    digest: str = ""

    def __post_init__(self) -> None:
        if min(self.limits.model_calls, self.limits.parallel_tools) < 1:
            raise GraphError("limits: model_calls and parallel_tools must be at least 1")
        if self.entry not in self.agents:
            raise GraphError(f"the entry {self.entry!r} is not an agent")
        for name, agent in self.agents.items():
            if name != agent.name:
                raise GraphError(f"agent {agent.name!r} stands under the name {name!r}")
            self._check_agent(agent)

    @classmethod
    def of(cls, *agents: Agent, variables: tuple[Variable, ...] = (), limits: Limits | None = None) -> "AgentGraph":
        """A graph built in code. The first agent is the entry.

        Raises:
            GraphError: there is no agent, or the agents do not hold together.
        """
        if not agents:
            raise GraphError("a graph has at least one agent")
        return cls(
            entry=agents[0].name,
            agents={agent.name: agent for agent in agents},
            variables={variable.name: variable for variable in variables},
            limits=limits or Limits(),
        )

    def with_model(self, model: Model) -> "AgentGraph":
        """The same graph with one model for every agent."""
        return replace(self, agents={name: replace(agent, model=model) for name, agent in self.agents.items()})

    @cached_property
    def handoff_schemas(self) -> Mapping[tuple[str, str], FunctionSchema]:
        """What the model is told of each edge, by (agent, target)."""
        return {
            (agent.name, edge.target): FunctionSchema(edge.function_name, self._purpose(edge), NO_PARAMETERS)
            for agent in self.agents.values()
            for edge in agent.edges
        }

    def _purpose(self, edge: Edge) -> str:
        target = self.agents[edge.target]
        if edge.when:
            purpose = f"Transfer to {target.label} when {edge.when.rstrip('.')}."
        elif target.description:
            purpose = f"Transfer to {target.label}: {target.description}"
        else:
            purpose = f"Transfer to {target.label}."
        return purpose[:DESCRIPTION_CHARS]

    def _check_agent(self, agent: Agent) -> None:
        names = [tool.name for tool in agent.tools] + [edge.function_name for edge in agent.edges]
        name, times = Counter(names).most_common(1)[0] if names else ("", 0)
        if times > 1:
            raise GraphError(f"agent {agent.name!r} has {name!r} twice")
        for edge in agent.edges:
            if edge.target not in self.agents:
                raise GraphError(f"agent {agent.name!r} hands off to {edge.target!r}, which is not an agent")
            if edge.target == agent.name:
                raise GraphError(f"agent {agent.name!r} hands off to itself")


DESCRIPTION_CHARS = 1024  # of a function; the API refuses more
NO_PARAMETERS: Mapping[str, object] = {"type": "object", "properties": {}, "additionalProperties": False}
