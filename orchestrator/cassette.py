"""The lines of a cassette: model calls as they were, so that a conversation can be had again without a model.

A cassette is JSON Lines: a header, then a line for each call. It is a stored format: optional fields may be added,
never changed. ``schemas/cassette.schema.json`` is generated from this module.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter, with_config

from orchestrator.errors import ModelFailure
from orchestrator.events import Finish
from orchestrator.messages import NO_USAGE, ToolCall, Usage, encode, storable
from orchestrator.model import NamedFunction
from orchestrator.model_client import ModelDelta, ModelRequest

VERSION: Final = 1

_CLOSED = ConfigDict(extra="forbid")
Object = Mapping[str, object]


@with_config(_CLOSED)
@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it counts for a cassette: all that a reply may depend on, and nothing of where it is sent."""

    agent: Annotated[str, Field(description="The active agent.")]
    model: Annotated[str, Field(description="The model's name in the API.")]
    settings: Annotated[dict[str, object], Field(description="Request settings by their API names.")]
    system: Annotated[str, Field(description="The instructions, rendered.")]
    messages: Annotated[list[dict[str, object]], Field(description="The messages, as Chat Completions takes them.")]
    functions: Annotated[list[dict[str, object]], Field(description="The tools and handoffs that are offered.")]
    tool_choice: Annotated[str | dict[str, str], Field(description="Whether, or which, function must be called.")]
    parallel_tool_calls: Annotated[bool | None, Field(description="Whether several calls may come at once.")]

    @property
    def data(self) -> Object:
        """The same as a JSON object."""
        return vars(self)


@with_config(_CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line: what the file is, and what a replay must share with the recording."""

    version: Annotated[Literal[1], Field(description="The version of the format.")] = VERSION
    now: Annotated[str | None, Field(description="The time that templates saw; local if it has no zone.")] = None
    model: Annotated[str | None, Field(description="The model that was named for every agent, if one was.")] = None
    type: Annotated[Literal["cassette"], Field(description="The kind of line.")] = "cassette"


@with_config(_CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """A whole reply."""

    content: Annotated[str | None, Field(description="The text, if there is one.")] = None
    tool_calls: Annotated[tuple[ToolCall, ...], Field(description="The calls; an id may be empty.")] = ()
    finish: Annotated[Finish, Field(description="Why the model stopped.")] = "stop"
    usage: Annotated[Usage, Field(description="What the endpoint counted.")] = NO_USAGE
    type: Annotated[Literal["reply"], Field(description="The kind of end.")] = "reply"


@with_config(_CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A call that gave no reply, for good."""

    message: Annotated[str, Field(description="What went wrong, in one line.")]
    kind: Annotated[ModelFailure, Field(description="What kind of failure it is.")]
    status: Annotated[int | None, Field(description="The HTTP status, if one came.")] = None
    shown: Annotated[bool, Field(description="Whether anything of the reply had been shown.")] = False
    type: Annotated[Literal["failure"], Field(description="The kind of end.")] = "failure"


@with_config(_CLOSED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A model call. What was tried again on the way to its end is part of it."""

    sha256: Annotated[str, Field(description="The digest of the request, by which it is found again.")]
    request: Annotated[Asked, Field(description="What was asked.")]
    deltas: Annotated[
        tuple[Annotated[ModelDelta, Field(discriminator="type")], ...],
        Field(description="What was seen before the end, piece by piece."),
    ]
    end: Annotated[Replied | Failed, Field(discriminator="type", description="The reply, or why there is none.")]
    type: Annotated[Literal["call"], Field(description="The kind of line.")] = "call"


Line = Header | Call


@cache
def adapter() -> TypeAdapter[Line]:
    """The one converter between lines and JSON, built on first use."""
    return TypeAdapter(Annotated[Line, Field(discriminator="type")])


def asked(request: ModelRequest) -> Asked:
    """What of a request counts, as JSON values: written and read back they are the same."""
    choice = request.tool_choice
    return Asked(
        agent=request.agent,
        model=request.model.model,
        settings=json.loads(encode(dict(request.model.settings))),
        system=storable(request.system),
        messages=[json.loads(message.wire) for message in request.messages],
        functions=[json.loads(function.wire)["function"] for function in request.functions],
        tool_choice={"function": choice.name} if isinstance(choice, NamedFunction) else choice,
        parallel_tool_calls=request.parallel_tool_calls,
    )


def digest(value: Object) -> str:
    """The SHA-256 of a JSON object, whatever the order of its keys."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
