"""Which model answers, what it is asked, and the seam behind which it sits."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from orchestrator.events import Finish, TextDelta, ToolAnnounced
from orchestrator.messages import NO_USAGE, Message, ToolCall, Usage
from orchestrator.tools import FunctionSchema


@dataclass(frozen=True, slots=True)
class FromEnv:
    """A value that is read from the environment when a client is made, never before: validating needs no key."""

    env: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where Chat Completions are spoken.

    ``base_url`` None means ``OPENAI_BASE_URL`` or OpenAI's own. ``api_key`` None means ``OPENAI_API_KEY``, which goes
    nowhere but there; ``""`` means that the server takes no key.
    """

    base_url: str | FromEnv | None = None
    api_key: FromEnv | Literal[""] | None = None


@dataclass(frozen=True)
class Model:
    """A model and how to ask it. ``settings`` are request settings by their API names.

    ``strict`` asks for strict function calls wherever a tool's schema allows it.
    """

    model: str
    alias: str = ""
    endpoint: Endpoint = field(default_factory=Endpoint)
    settings: Mapping[str, object] = field(default_factory=dict)
    strict: bool = False

    @property
    def name(self) -> str:
        """What people call it: the alias, or the API name where there is none."""
        return self.alias or self.model


ToolChoice = Literal["auto", "none", "required"]


@dataclass(frozen=True, slots=True)
class NamedFunction:
    """A tool choice: the model must call this function."""

    name: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One model call.

    ``functions`` are the tools and handoffs offered now. ``agent`` and ``variables`` never reach an endpoint: they are
    for clients that answer without one.
    """

    model: Model
    system: str
    messages: tuple[Message, ...]
    functions: tuple[FunctionSchema, ...] = ()
    tool_choice: ToolChoice | NamedFunction = "auto"
    parallel_tool_calls: bool | None = None
    agent: str = ""
    variables: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelResponse:
    """A whole reply. Calls without an id have ``""``: the runner mints one. A refusal's text is the content."""

    content: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Finish = "stop"
    usage: Usage = NO_USAGE


ModelDelta = TextDelta | ToolAnnounced


class ModelClient(Protocol):
    """The seam to a model: retries, fallback, recording and replay wrap one of these."""

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Yield deltas as they come, then one response, the last item.

        Raises:
            ModelError: no answer can be had; the text is one line for people.
        """
        ...
