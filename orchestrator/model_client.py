"""What a model is asked, what it answers, and the seam behind which it sits."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.events import Finish, ModelRestarted, Retrying, TextDelta, ToolAnnounced
from orchestrator.messages import NO_USAGE, Message, ToolCall, Usage
from orchestrator.model import Model, NamedFunction, ToolChoice
from orchestrator.tools import FunctionSchema


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


ModelDelta = TextDelta | ToolAnnounced | Retrying | ModelRestarted


class ModelClient(Protocol):
    """The seam to a model: retries, fallback, recording and replay wrap one of these."""

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Yield deltas as they come, then one response, the last item.

        Raises:
            ModelError: no answer can be had; the text is one line for people.
        """
        ...
