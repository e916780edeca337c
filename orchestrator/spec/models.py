"""The YAML, typed: one model for each kind of mapping. ``schemas/agents.schema.json`` is generated from here.

Shorthands are made whole before validation, so that nobody ever sees the error of a union. Lists are kept by position,
so that leaving out a broken entry moves no other.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.spec.mapping import Spec, listed, numbered, short
from orchestrator.spec.providers import AnyModelSpec
from orchestrator.spec.values import (
    Absent,
    AgentName,
    AnyScalar,
    EnvName,
    Filled,
    Flag,
    Name,
    Number,
    Scalar,
    Whole,
    finite,
)

UNREADABLE = "\0"  # stands for instructions that are missing or broken
RESERVED_VARIABLES = frozenset({"agent", "handoffs", "now"})


class VariableSpec(Spec):
    """A variable that instructions and tools can see."""

    type: Literal["string", "integer", "number", "boolean", "list", "object"] | Absent = Field(
        None, description="The type; that of the default where it is left out, else string."
    )
    default: Annotated[Any, AfterValidator(finite)] = Field(
        None, description="The value at first. Without a default the variable must be given."
    )
    description: str | Absent = Field(None, description="Shown to people.")
    enum: (
        Annotated[
            tuple[AnyScalar, ...],
            Field(min_length=1),
            BeforeValidator(listed, json_schema_input_type=Annotated[list[Scalar], Field(min_length=1)]),
        ]
        | Absent
    ) = Field(None, description="The only values that it may take.")
    env: EnvName | Absent = Field(None, description="Environment variable that gives the value where --var does not.")
    secret: Flag | Absent = Field(
        None, description="Reaches tools only; it is never recorded, and no template sees it."
    )


_REQUIRES = "A Jinja expression over the variables: offered and permitted only while it is true."


def _approval(value: str) -> str:
    if not re.fullmatch(r"never|always|[A-Za-z_][\w.]*:[A-Za-z_]\w*", value):
        raise PydanticCustomError("bad-value", "must be never, always, or a function as module:function")
    return value


def _not_reserved(value: str) -> str:
    if value.startswith(("agent:", "mcp:")):
        raise PydanticCustomError("bad-value", "is reserved: tools are functions, as module:function")
    return value


class ToolSpec(Spec):
    """A tool, or all tools of a module."""

    use: Annotated[Filled, AfterValidator(_not_reserved)] = Field(
        description="`module` for all its public functions, or `module:function`."
    )
    name: str | Absent = Field(None, description="What the model calls it; the function's own name by default.")
    description: str | Absent = Field(None, description="What the model is told; the docstring by default.")
    approval: Annotated[str, AfterValidator(_approval)] | Absent = Field(
        None,
        description="never, always, or `module:function`: it gets arguments and context; true asks, a text refuses.",
    )
    requires: Filled | Absent = Field(None, description=_REQUIRES)
    timeout: Number | Absent = Field(None, gt=0, description="Seconds after which a call is given up.")
    effects: Literal["read", "keyed", "once"] | Absent = Field(
        None, description="After an interruption, `read` and `keyed` may run again; `once`, the default, may not."
    )
    sequential: Flag | Absent = Field(None, description="Runs alone: calls before it end first, calls after it wait.")

    @property
    def options(self) -> dict[str, object]:
        """What the entry says about its functions, beyond where they are."""
        return self.model_dump(exclude={"use"}, exclude_none=True)


class EdgeSpec(Spec):
    """An allowed handoff."""

    to: Filled = Field(description="The agent that takes over.")
    when: str | Absent = Field(None, description="The handoff tool says: Transfer to LABEL when WHEN.")
    requires: Filled | Absent = Field(None, description=_REQUIRES)
    at_most: Whole | Absent = Field(
        None, ge=1, description="How often per run. Such a handoff does not count as ping-pong."
    )
    for_one_turn: Flag | Absent = Field(
        None, description="When the target has answered, the next user turn goes back to this agent."
    )


class FunctionNameSpec(Spec):
    """The name of a function."""

    name: str = Field(description="A tool of the agent, or transfer_to_<agent>.")


class ToolChoiceSpec(Spec):
    """Whether the model must call something, as in the API. A text is one without ``function``."""

    type: Literal["function", "auto", "none", "required"] = Field(description="function, to name the one to call.")
    function: FunctionNameSpec | Absent = Field(None, description="The function to call.")

    @model_validator(mode="after")
    def _function_is_named(self) -> Self:
        if (self.type == "function") != (self.function is not None):
            raise PydanticCustomError("bad-value", "must be auto, none, required, or a function by name")
        return self


def _whole_choice(value: object) -> object:
    if value in ("auto", "none", "required"):
        return {"type": value}
    if value is None or isinstance(value, dict | ToolChoiceSpec):
        return value
    kind: Literal["bad-value", "wrong-type"] = "bad-value" if isinstance(value, str) else "wrong-type"
    raise PydanticCustomError(kind, "must be auto, none, required, or a mapping that names a function")


Tools = Annotated[
    dict[int, Annotated[ToolSpec, BeforeValidator(short("use"))]],
    BeforeValidator(numbered, json_schema_input_type=list[str | ToolSpec]),
]
Handoffs = Annotated[
    dict[int, Annotated[EdgeSpec, BeforeValidator(short("to"))]],
    BeforeValidator(numbered, json_schema_input_type=list[str | EdgeSpec]),
]
ToolChoice = Annotated[
    ToolChoiceSpec | Absent,
    BeforeValidator(_whole_choice, json_schema_input_type=Literal["auto", "none", "required"] | ToolChoiceSpec),
]
_TOOL_CHOICE = (
    "auto, none, required, or {type: function, function: {name}}. What forces a call holds for the first model call "
    "after a user message or a handoff."
)
_PARALLEL = "Whether the model may call several tools in one reply, as in the API."


class DefaultsSpec(Spec):
    """For every agent: scalars where it says nothing, list entries in addition to its own."""

    model: Filled | Absent = Field(None, description="The model of agents that name none.")
    tools: Tools = Field({}, description="Tools that every agent has.")
    handoffs: Handoffs = Field({}, description="Agents that every other agent may hand off to.")
    tool_choice: ToolChoice = Field(None, description=_TOOL_CHOICE)
    parallel_tool_calls: Flag | Absent = Field(None, description=_PARALLEL)


class LimitsSpec(Spec):
    """What one run may use."""

    model_calls: Whole = Field(20, ge=1, description="Requests to a model, retries of empty replies included.")
    handoffs: Whole = Field(10, ge=0, description="Handoffs.")
    tool_calls: Whole = Field(50, ge=0, description="Tool calls. A reply whose calls do not all fit starts none.")
    repeats: Whole = Field(5, ge=2, description="How often the same call may give the same result in a row.")
    tool_seconds: Number = Field(60, gt=0, description="Seconds for a tool that has no timeout of its own.")
    result_chars: Whole = Field(20_000, ge=100, description="Characters of a tool's result that the model gets.")
    parallel_tools: Whole = Field(8, ge=1, description="Tools that run at the same time.")
    tokens: Whole | Absent = Field(
        None, ge=1, description="Tokens, as the endpoint counts them. Without limit if absent."
    )
    seconds: Number | Absent = Field(
        None, gt=0, description="Seconds, without the waiting for a person. Without limit if absent."
    )


class AgentSpec(Spec):
    """An agent."""

    label: Filled | Absent = Field(None, description="What people read; the name with blanks by default.")
    description: str | Absent = Field(None, description="What it is for; its handoff tool says so.")
    instructions: Filled = Field(description="The routine: a Jinja template for the system message.")
    model: Filled | Absent = Field(None, description="An alias when there is a models section, else a name in the API.")
    tools: Tools = Field({}, description="Tool modules and functions.")
    handoffs: Handoffs = Field({}, description="The agents that it may hand off to.")
    tool_choice: ToolChoice = Field(None, description=_TOOL_CHOICE)
    parallel_tool_calls: Flag | Absent = Field(None, description=_PARALLEL)
    defaults: Literal[False] | Absent = Field(None, description="false: take nothing from the file's defaults.")


def _whole_variable(value: object) -> object:
    return {"default": value} if isinstance(value, Scalar) else value


class FileSpec(Spec):
    """A file of agents. Keys that start with x- are free at this level, as a place for anchors."""

    model_config = ConfigDict(json_schema_extra={"patternProperties": {"^x-": True}})

    version: Literal[1] = Field(1, description="Version of the language.")
    description: str | Absent = Field(None, description="What these agents do.")
    include: Annotated[dict[int, Filled], BeforeValidator(numbered, json_schema_input_type=list[Filled])] = Field(
        {}, description="Other files whose agents, variables and models join: paths or globs, relative to this file."
    )
    packages: Annotated[tuple[str, ...], BeforeValidator(listed, json_schema_input_type=list[str])] | Absent = Field(
        None, description="Installed packages that tools may come from."
    )
    entry: str | Absent = Field(None, description="The agent that begins; needed when there are several.")
    variables: dict[
        Name, Annotated[VariableSpec, BeforeValidator(_whole_variable, json_schema_input_type=Scalar | VariableSpec)]
    ] = Field({}, description="What instructions and tools can see. A scalar is a default, and gives the type.")
    models: dict[Name, AnyModelSpec] = Field({}, description="Models by alias.")
    defaults: DefaultsSpec = Field(
        default_factory=DefaultsSpec, description="What every agent takes where it says nothing."
    )
    limits: LimitsSpec = Field(default_factory=LimitsSpec, description="Bounds on each run.")
    agents: dict[AgentName, AgentSpec] = Field({}, description="The agents by name.")
