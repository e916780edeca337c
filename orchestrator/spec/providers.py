"""The entries of ``models``, typed: one model of the YAML for each kind of model, with only its own keys.

``provider`` tells them apart. Request settings have the names that the API gives them, and its bounds.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from orchestrator.spec.draft import tag_of
from orchestrator.spec.mapping import Spec, numbered
from orchestrator.spec.values import (
    DOTTED_LABEL,
    LABEL,
    Absent,
    EnvName,
    Filled,
    Flag,
    HeaderName,
    HeaderText,
    Number,
    Seconds,
    Url,
    Whole,
    finite,
)

_FROM_CONVERSATION = frozenset(
    {
        "function_call",
        "functions",
        "messages",
        "n",
        "parallel_tool_calls",
        "stream_options",
        "tool_choice",
        "tools",
    }
)


def _each_once(headers: dict[str, Any]) -> dict[str, Any]:
    seen: set[str] = set()
    for name in headers:
        if name.lower() in seen:
            context = {"name": name, "hint": "capitals make no difference in the name of a header"}
            raise PydanticCustomError("bad-value", "must have each header once, and has {name} again", context)
        seen.add(name.lower())
    return headers


class FromEnvSpec(Spec):
    """A URL from the environment. A literal text is one without ``env``."""

    env: EnvName | Absent = Field(description="Name of the environment variable.")
    default: Url | Absent = Field(None, description="The value where the variable is not set.")


class HeaderSpec(Spec):
    """The value of a header from the environment. A literal text is one without ``env``."""

    env: EnvName | Absent = Field(description="Name of the environment variable.")
    default: HeaderText | Absent = Field(None, description="The value where the variable is not set.")


class KeySpec(Spec):
    """Where a key comes from: the environment and nowhere else. ``none`` is one without ``env``."""

    env: EnvName | Absent = Field(description="Name of the environment variable that holds the key.")


class TimeoutSpec(Spec):
    """How long to wait, in seconds. A number is the time for the whole call."""

    connect: Seconds | Absent = Field(None, description="Until the connection stands; 10 by default.")
    first: Seconds | Absent = Field(None, description="Until the first byte of the reply; 600 by default.")
    between: Seconds | Absent = Field(None, description="Between two pieces of the reply; 120 by default.")
    total: Seconds | Absent = Field(
        None, description="The whole call, with all that is tried again. Without limit if absent."
    )


class HistorySpec(Spec):
    """How much of a long conversation a model gets."""

    max_tokens: Whole = Field(
        ge=1, description="The most tokens, as estimated, that the messages of a request have; the oldest are left out."
    )


class PriceSpec(Spec):
    """What a million tokens cost, in whatever money."""

    input: Number = Field(ge=0, description="A million tokens of requests.")
    output: Number = Field(ge=0, description="A million tokens of replies.")
    cached: Number | Absent = Field(
        None, ge=0, description="A million tokens of requests that the endpoint had in its cache; as input by default."
    )


class JsonSchemaSpec(Spec):
    """The schema of a reply."""

    model_config = ConfigDict(serialize_by_alias=True)

    name: str = Field(pattern=LABEL, description="Its name: letters, digits, _ and -.")
    description: str | Absent = Field(None, description="What the reply is for.")
    content: Annotated[dict[str, Any], AfterValidator(finite)] | Absent = Field(
        None, alias="schema", description="The JSON schema."
    )
    strict: Flag | Absent = Field(None, description="Whether the reply must follow the schema to the letter.")


class ResponseFormatSpec(Spec):
    """The form of a reply, as in the API."""

    type: Literal["text", "json_object", "json_schema"] = Field(description="json_schema, to name a schema.")
    json_schema: JsonSchemaSpec | Absent = Field(None, description="The schema.")

    @model_validator(mode="after")
    def _schema_is_given(self) -> Self:
        if (self.type == "json_schema") != (self.json_schema is not None):
            hint = "write {type: json_schema, json_schema: {name: NAME, schema: {...}}}, or {type: json_object}"
            raise PydanticCustomError(
                "bad-value", "must have a json_schema exactly when its type says so", {"hint": hint}
            )
        return self


class ModelSpec(Spec):
    """What an alias stands for, whatever answers."""

    provider: str
    fallback: Annotated[
        dict[int, Filled],
        BeforeValidator(numbered, json_schema_input_type=list[Filled]),
        PlainSerializer(lambda names: list(names.values()) or None),
    ] = Field({}, description="Aliases that are asked, in this order, when this model fails for good.")
    history: HistorySpec | Absent = Field(None, description="How much of a long conversation the model gets.")
    price: PriceSpec | Absent = Field(None, description="What a million tokens cost, for the summary.")


class ScriptModelSpec(ModelSpec):
    """A model that is not there: it replies by the rules of a script."""

    provider: Literal["script"] = Field(description="The kind of model.")
    file: Filled = Field(description="The script, relative to this file.")


class ReplayModelSpec(ModelSpec):
    """A model that answers from a recording, offline."""

    provider: Literal["replay"] = Field(description="The kind of model.")
    file: Filled = Field(description="The recording, relative to this file.")


def _literal(value: object) -> object:
    return {"env": None, "default": value} if isinstance(value, str) else value


def _no_key(value: object) -> object:
    return {"env": None} if value == "none" else value


def _whole_call(value: object) -> object:
    return {"total": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


def _sendable(name: str) -> str:
    """A field for ``extra_body``: none that a request has anyway."""
    hint = "leave it out: each request sets it itself" if name in _FROM_CONVERSATION else None
    if name in EndpointSpec.model_fields and name not in _NO_FIELDS:
        hint = f"write {name}: beside extra_body, not in it"
    if hint:
        raise PydanticCustomError("bad-value", "can't stand in extra_body", {"hint": hint})
    return name


_Address = Annotated[FromEnvSpec, BeforeValidator(_literal, json_schema_input_type=str | FromEnvSpec)]
_Key = Annotated[KeySpec, BeforeValidator(_no_key, json_schema_input_type=Literal["none"] | KeySpec)]


class EndpointSpec(ModelSpec):
    """A model behind an endpoint that speaks Chat Completions."""

    model: Filled | Absent
    base_url: _Address | Absent
    api_key: _Key | Absent
    headers: Annotated[
        dict[HeaderName, Annotated[HeaderSpec, BeforeValidator(_literal, json_schema_input_type=str | HeaderSpec)]],
        AfterValidator(_each_once),
    ] = Field({}, description="Further headers of each request: a text, or {env, default}.")
    temperature: Number | Absent = Field(None, ge=0, le=2, description="Sampling temperature, 0 to 2.")
    top_p: Number | Absent = Field(None, ge=0, le=1, description="Nucleus sampling, 0 to 1.")
    seed: Whole | Absent = Field(None, description="Seed for sampling that repeats itself, as far as it goes.")
    max_completion_tokens: Whole | Absent = Field(None, ge=1, description="The most tokens that a reply may have.")
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | Absent = Field(
        None, description="How long a reasoning model thinks."
    )
    response_format: ResponseFormatSpec | Absent = Field(None, description="The form of a reply, as in the API.")
    extra_body: Annotated[dict[Annotated[str, AfterValidator(_sendable)], Any], AfterValidator(finite)] = Field(
        {}, description="Any other fields of a request. They are sent as they are."
    )
    strict: Flag | Absent = Field(
        None, description="Ask for strict function calls, for each tool whose schema allows it."
    )
    tool_calls: Literal["native", "json"] = Field(
        "native", description="json, for a model that can't call tools: it is asked for a JSON object instead."
    )
    stream: Flag = Field(True, description="false, for an endpoint that can't stream.")
    timeout: Annotated[
        TimeoutSpec | Absent, BeforeValidator(_whole_call, json_schema_input_type=Seconds | TimeoutSpec)
    ] = Field(None, description="Seconds for the whole call, or a mapping.")

    @property
    def settings(self) -> dict[str, object]:
        """The request settings that were given, by their API names."""
        return self.model_dump(include=set(SETTINGS), exclude_none=True) | self.extra_body


SETTINGS = (
    "temperature",
    "top_p",
    "seed",
    "max_completion_tokens",
    "reasoning_effort",
    "response_format",
)
_NO_FIELDS = frozenset(EndpointSpec.model_fields) - {*SETTINGS, "model", "stream"}


class OpenAIModelSpec(EndpointSpec):
    """A model of OpenAI, or of any server that speaks like it."""

    provider: Literal["openai"] = Field("openai", description="The kind of model: openai, azure, script or replay.")
    model: Filled = Field(description="The model's name in the API.")
    base_url: _Address | Absent = Field(
        None, description="Where Chat Completions are spoken: a URL, or {env, default}. By default OpenAI's own."
    )
    api_key: _Key | Absent = Field(
        None, description="{env: NAME}, or none for a server that takes no key. By default OPENAI_API_KEY."
    )


class AzureModelSpec(EndpointSpec):
    """A model that is deployed on Azure."""

    provider: Literal["azure"] = Field(description="The kind of model.")
    model: Filled | Absent = Field(None, description="The model's name in requests; the deployment's by default.")
    base_url: _Address = Field(description="Address of the resource: a URL, or {env, default}.")
    api_key: _Key = Field(description="{env: NAME}, or none where a header has it.")
    api_version: str = Field(pattern=DOTTED_LABEL, description='Version of the API, such as "2024-10-21".')
    deployment: str = Field(pattern=DOTTED_LABEL, description="Name of the deployment.")


KINDS: Mapping[str, type[ModelSpec]] = {
    "openai": OpenAIModelSpec,
    "azure": AzureModelSpec,
    "script": ScriptModelSpec,
    "replay": ReplayModelSpec,
}


def _kind(value: object) -> str:
    """The tag of an entry's kind. One that is no mapping at all is judged as the usual kind."""
    if isinstance(value, ModelSpec):
        return tag_of(value.provider)
    return tag_of(str(value.get("provider", "openai"))) if isinstance(value, dict) else tag_of("openai")


AnyModelSpec = Annotated[
    Annotated[OpenAIModelSpec, Tag("[openai]")]
    | Annotated[AzureModelSpec, Tag("[azure]")]
    | Annotated[ScriptModelSpec, Tag("[script]")]
    | Annotated[ReplayModelSpec, Tag("[replay]")],
    Discriminator(_kind),
]
