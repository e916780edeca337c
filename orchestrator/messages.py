"""The transcript: what a model gets to see, apart from the system message, which is never stored.

The wire form is that of Chat Completions. Each message encodes itself once: a long conversation is sent again and
again, and encoding it anew for every call is what makes other runners slow.
"""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from pydantic import Field

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # json.dumps makes one for each call


def encode(value: object) -> bytes:
    """Encode a JSON value as compact UTF-8. Lone surrogates, which no endpoint accepts, become ``?``."""
    return _JSON.encode(value).encode("utf-8", "replace")


def storable(text: str) -> str:
    """The text without lone surrogates, which neither JSON nor an endpoint takes: each becomes ``?``."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


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

    id: Annotated[str, Field(description="Unique in the session.")]
    name: Annotated[str, Field(description="The function: a tool, or transfer_to_<agent>.")]
    arguments: Annotated[str, Field(description="The arguments as the model wrote them.")]

    @property
    def wire_name(self) -> str:
        """The name in a form that the API takes back: a model may have invented one that it does not."""
        return self.name if _NAME.fullmatch(self.name) else re.sub(r"[^a-zA-Z0-9_-]", "_", self.name)[:64] or "unnamed"


@dataclass(frozen=True)
class AssistantMessage:
    """A model's reply: text, calls, or both; never neither."""

    content: Annotated[str | None, Field(description="The text, if there is one.")] = None
    tool_calls: Annotated[tuple[ToolCall, ...], Field(description="The calls, in order.")] = ()

    @cached_property
    def wire(self) -> bytes:
        """The message as Chat Completions takes it, encoded."""
        body: dict[str, object] = {"role": "assistant", "content": self.content}
        if self.tool_calls:
            body["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.wire_name, "arguments": call.arguments}}
                for call in self.tool_calls
            ]
        return encode(body)


@dataclass(frozen=True)
class ToolMessage:
    """The answer to one call."""

    call_id: Annotated[str, Field(description="The call that it answers.")]
    content: Annotated[str, Field(description="The answer.")]

    @cached_property
    def wire(self) -> bytes:
        """The message as Chat Completions takes it, encoded."""
        return encode({"role": "tool", "tool_call_id": self.call_id, "content": self.content})


Message = UserMessage | AssistantMessage | ToolMessage


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that an endpoint counted. ``cached_tokens`` are part of ``input_tokens``."""

    input_tokens: Annotated[int, Field(description="Tokens of the request.")] = 0
    output_tokens: Annotated[int, Field(description="Tokens of the reply.")] = 0
    cached_tokens: Annotated[int, Field(description="Those of the request that were cached.")] = 0

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
