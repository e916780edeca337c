"""The transcript: what a model gets to see, apart from the system message, which is never stored.

The wire form is that of Chat Completions. Each message encodes itself once: a long conversation is sent again and
again, and encoding it anew for every call is what makes other runners slow.
"""

import json
from dataclasses import dataclass
from functools import cached_property


def encode(value: object) -> bytes:
    """Encode a JSON value as compact UTF-8. Lone surrogates, which no endpoint accepts, become ``?``."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


@dataclass(frozen=True)
class UserMessage:
    """What the person said."""

    content: str

    @cached_property
    def wire(self) -> bytes:
        """The message as Chat Completions takes it, encoded."""
        return encode({"role": "user", "content": self.content})


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model wants made. ``arguments`` is the text as the model wrote it, JSON or not."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class AssistantMessage:
    """A model's reply: text, calls, or both; never neither."""

    content: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()

    @cached_property
    def wire(self) -> bytes:
        """The message as Chat Completions takes it, encoded."""
        body: dict[str, object] = {"role": "assistant", "content": self.content}
        if self.tool_calls:
            body["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in self.tool_calls
            ]
        return encode(body)


@dataclass(frozen=True)
class ToolMessage:
    """The answer to one call."""

    call_id: str
    content: str

    @cached_property
    def wire(self) -> bytes:
        """The message as Chat Completions takes it, encoded."""
        return encode({"role": "tool", "tool_call_id": self.call_id, "content": self.content})


Message = UserMessage | AssistantMessage | ToolMessage


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that an endpoint counted. ``cached_tokens`` are part of ``input_tokens``."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
        )

    @property
    def total(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


NO_USAGE = Usage()
