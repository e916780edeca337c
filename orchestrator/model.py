"""Which model answers, and how it is to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class FromEnv:
    """A value that is read from the environment when a client is made, never before: validating needs no key."""

    env: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where Chat Completions are spoken.

    ``base_url`` None means ``OPENAI_BASE_URL`` or OpenAI's own. ``api_key`` None means ``OPENAI_API_KEY``, which goes
    nowhere but there; ``""`` means that the server takes no key. The other two are for Azure.
    """

    base_url: str | FromEnv | None = None
    api_key: FromEnv | Literal[""] | None = None
    api_version: str | None = None
    deployment: str | None = None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for a model, in seconds. None is without limit.

    ``connect``: until the connection stands; ``first``: until the first byte of the reply, before which a reasoning
    model may be silent for minutes; ``between``: between two pieces of it; ``total``: the whole call, with all that is
    tried again.
    """

    connect: float | None = 10.0
    first: float | None = 600.0
    between: float | None = 120.0
    total: float | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, in whatever money. ``cached`` None means that cached input costs what input does."""

    input: float
    output: float
    cached: float | None = None


Provider = Literal["openai", "azure", "script", "replay"]


@dataclass(frozen=True)
class Model:
    """A model and how to ask it. ``settings`` are request settings by their API names.

    Args:
        strict: ask for strict function calls wherever a tool's schema allows it.
        provider: what kind of model it is. ``script`` and ``replay`` answer from ``file``, an absolute path.
        headers: further headers of each request.
        fallback: who is asked, in this order, when this model fails for good. Their own fallbacks do not count.
        tool_calls: ``json`` for a model that knows no tool calls: it answers with a JSON object instead.
        stream: whether the endpoint can stream.
        history: the most tokens that the messages of a request have; the oldest are left out. None: no bound.
    """

    model: str
    alias: str = ""
    endpoint: Endpoint = field(default_factory=Endpoint)
    settings: Mapping[str, object] = field(default_factory=dict)
    strict: bool = False
    provider: Provider = "openai"
    headers: Mapping[str, str | FromEnv] = field(default_factory=dict)
    fallback: tuple["Model", ...] = ()
    tool_calls: Literal["native", "json"] = "native"
    stream: bool = True
    timeouts: Timeouts = field(default_factory=Timeouts)
    history: int | None = None
    price: Price | None = None
    file: str | None = None

    @property
    def name(self) -> str:
        """What people call it: the alias, or the API name where there is none."""
        return self.alias or self.model


ToolChoice = Literal["auto", "none", "required"]


@dataclass(frozen=True, slots=True)
class NamedFunction:
    """A tool choice: the model must call this function."""

    name: str
