"""The YAML, typed: one model for each kind of mapping. ``schemas/agents.schema.json`` is generated from here.

Shorthands are made whole before validation, so that nobody ever sees the error of a union. Lists are kept by position,
so that leaving out a broken entry moves no other.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

Scalar = str | int | float | bool | None
NAME_PATTERN = r"^[a-z][a-z0-9_]*$"
AGENT_NAME_LENGTH = 51  # so that transfer_to_<name> fits into the 64 characters of a function name
UNREADABLE = "\0"  # stands for instructions that are missing or broken
RESERVED_VARIABLES = frozenset({"agent", "handoffs", "now"})

T = TypeVar("T")
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=64)]
AgentName = Annotated[str, Field(pattern=NAME_PATTERN, max_length=AGENT_NAME_LENGTH)]
# None stands for "not given"; a written null is refused before validation and is not in the schema
Absent = SkipJsonSchema[None]
Number = Annotated[float, Field(strict=True)]
Whole = Annotated[int, Field(strict=True)]


def short(key: str) -> Any:
    """A validator that makes a text whole: ``"x"`` becomes ``{key: "x"}``."""
    return lambda value: {key: value} if isinstance(value, str) else value


def numbered(value: object) -> object:
    """A list by position. A mapping whose keys are positions is a list from which broken entries were left out."""
    if isinstance(value, list):
        return dict(enumerate(value))
    if isinstance(value, dict) and value and all(isinstance(key, int) for key in value):
        return value
    raise PydanticCustomError("list_type", "a list")


class Spec(BaseModel):
    """A mapping of the language: it takes its own keys and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FromEnvSpec(Spec):
    """A value from the environment. A literal text is one without ``env``."""

    env: str | Absent = Field(min_length=1, description="Name of the environment variable.")
    default: str | Absent = Field(None, description="The value where the variable is not set.")


class KeySpec(Spec):
    """Where a key comes from: the environment and nowhere else. ``none`` is one without ``env``."""

    env: str | Absent = Field(min_length=1, description="Name of the environment variable that holds the key.")


class VariableSpec(Spec):
    """A variable that instructions and tools can see."""

    type: Literal["string", "integer", "number", "boolean", "list", "object"] | Absent = Field(
        None, description="The type; that of the default where it is left out, else string."
    )
    default: Any = Field(None, description="The value at first. Without a default the variable must be given.")
    description: str | Absent = Field(None, description="Shown to people.")
    enum: tuple[Scalar, ...] | Absent = Field(None, min_length=1, description="The only values that it may take.")


class ModelSpec(Spec):
    """A model under an alias."""

    model: str = Field(description="The model's name in the API.")
    base_url: Annotated[
        FromEnvSpec | Absent,
        BeforeValidator(
            lambda value: {"env": None, "default": value} if isinstance(value, str) else value,
            json_schema_input_type=str | FromEnvSpec,
        ),
    ] = Field(None, description="Where Chat Completions are spoken: a URL, or {env, default}. By default OpenAI's own.")
    api_key: Annotated[
        KeySpec | Absent,
        BeforeValidator(
            lambda value: {"env": None} if value == "none" else value, json_schema_input_type=Literal["none"] | KeySpec
        ),
    ] = Field(None, description="{env: NAME}, or none for a server that takes no key. By default OPENAI_API_KEY.")
    temperature: Number | Absent = Field(None, ge=0, le=2, description="Sampling temperature, 0 to 2.")
    top_p: Number | Absent = Field(None, ge=0, le=1, description="Nucleus sampling, 0 to 1.")
    seed: Whole | Absent = Field(None, description="Seed for sampling that repeats itself, as far as it goes.")
    max_completion_tokens: Whole | Absent = Field(None, ge=1, description="The most tokens that a reply may have.")
    reasoning_effort: str | Absent = Field(None, description="How long a reasoning model thinks.")

    @property
    def settings(self) -> dict[str, object]:
        """The request settings that were given, by their API names."""
        return self.model_dump(exclude={"model", "base_url", "api_key"}, exclude_none=True)


class ToolSpec(Spec):
    """A tool, or all tools of a module."""

    use: str = Field(min_length=1, description="`module` for all its public functions, or `module:function`.")


class EdgeSpec(Spec):
    """An allowed handoff."""

    to: str = Field(description="The agent that takes over.")
    when: str | Absent = Field(None, description="The handoff tool says: Transfer to LABEL when WHEN.")


class AgentSpec(Spec):
    """An agent."""

    label: str | Absent = Field(None, min_length=1, description="What people read; the name with blanks by default.")
    description: str | Absent = Field(None, description="What it is for; its handoff tool says so.")
    instructions: str = Field(min_length=1, description="The routine: a Jinja template for the system message.")
    model: str | Absent = Field(None, description="An alias when there is a models section, else a name in the API.")
    tools: Annotated[
        dict[int, Annotated[ToolSpec, BeforeValidator(short("use"))]],
        BeforeValidator(numbered, json_schema_input_type=list[str | ToolSpec]),
    ] = Field({}, description="Tool modules and functions.")
    handoffs: Annotated[
        dict[int, Annotated[EdgeSpec, BeforeValidator(short("to"))]],
        BeforeValidator(numbered, json_schema_input_type=list[str | EdgeSpec]),
    ] = Field({}, description="The agents that it may hand off to.")


def _whole_variable(value: object) -> object:
    return value if isinstance(value, dict) else {"default": value}


class FileSpec(Spec):
    """A file of agents. Keys that start with x- are free at this level, as a place for anchors."""

    model_config = ConfigDict(json_schema_extra={"patternProperties": {"^x-": True}})

    version: Literal[1] = Field(1, description="Version of the language.")
    description: str | Absent = Field(None, description="What these agents do.")
    entry: str | Absent = Field(None, description="The agent that begins; needed when there are several.")
    variables: dict[
        Name, Annotated[VariableSpec, BeforeValidator(_whole_variable, json_schema_input_type=Scalar | VariableSpec)]
    ] = Field({}, description="What instructions and tools can see. A scalar is a default, and gives the type.")
    models: dict[Name, ModelSpec] = Field({}, description="Models by alias.")
    agents: dict[AgentName, AgentSpec] = Field({}, description="The agents by name.")


def keys_at(location: tuple[str | int, ...]) -> Mapping[str, str]:
    """The keys that the mapping at this place may have, with their descriptions; empty where the keys are names."""
    model = _model_at(location)
    return {} if model is None else {name: info.description or "" for name, info in model.model_fields.items()}


def _model_at(location: tuple[str | int, ...]) -> type[Spec] | None:
    match location:
        case ():
            return FileSpec
        case ("variables", _):
            return VariableSpec
        case ("models", _):
            return ModelSpec
        case ("models", _, "base_url"):
            return FromEnvSpec
        case ("models", _, "api_key"):
            return KeySpec
        case ("agents", _):
            return AgentSpec
        case ("agents", _, "tools", _):
            return ToolSpec
        case ("agents", _, "handoffs", _):
            return EdgeSpec
        case _:
            return None


def is_free(location: tuple[str | int, ...]) -> bool:
    """Whether null, or anything, may stand at this place."""
    match location:
        case ("variables", _) | ("variables", _, "default") | ("variables", _, "enum", _):
            return True
        case _:
            return False


def levels_of(key: str) -> list[str]:
    """The other places where a key may stand, in words."""
    levels: dict[str, type[Spec]] = {
        "at the top of the file": FileSpec,
        "in an agent": AgentSpec,
        "in a model": ModelSpec,
        "in a variable": VariableSpec,
        "in an entry of 'handoffs'": EdgeSpec,
    }
    return [where for where, model in levels.items() if key in model.model_fields]
