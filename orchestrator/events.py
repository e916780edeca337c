"""What happens in a session: recorded events, whose fold is the state, and live ones, which are only shown.

Recorded events are a stored format: types and optional fields may be added, never changed. Every one carries the
``run_id`` and ``at``, seconds since the epoch. ``schemas/events.schema.json`` is generated from this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from orchestrator.messages import NO_USAGE, AssistantMessage, ToolMessage, Usage
from orchestrator.tools import Effects

Finish = Literal["stop", "length", "content_filter", "refusal"]

Status = Literal[
    "answered",
    "ended",
    "limit",
    "cancelled",
    "interrupted",
    "failed",
    "refused",
    "filtered",
    "cut",
    "empty",
    "context_length",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    run_id: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(_Recorded):
    """A user turn begins. ``variables`` are those that it sets; ``chosen`` says that the caller named the agent."""

    message: str
    agent: str
    variables: Mapping[str, object] = field(default_factory=dict)
    config_digest: str = ""
    chosen: bool = False
    type: Literal["run_started"] = "run_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed(_Recorded):
    """A run goes on after a pause, a crash or a closed stream."""

    type: Literal["run_resumed"] = "run_resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAsked(_Recorded):
    """A request is about to be sent for this agent. ``model`` is the alias, or the API name where there is none."""

    agent: str
    model: str
    type: Literal["model_asked"] = "model_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResponded(_Recorded):
    """The model's reply, ids of calls minted. ``finish`` other than ``stop`` means that none of its calls will run."""

    message: AssistantMessage
    finish: Finish = "stop"
    usage: Usage = NO_USAGE
    type: Literal["model_responded"] = "model_responded"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked(_Recorded):
    """A tool asks the person something."""

    call_id: str
    question: str
    type: Literal["question_asked"] = "question_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswered(_Recorded):
    """The person's answer to the tool's question."""

    call_id: str
    answer: str
    type: Literal["question_answered"] = "question_answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequested(_Recorded):
    """A call waits for a person's yes."""

    call_id: str
    type: Literal["approval_requested"] = "approval_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalGiven(_Recorded):
    """A call may run, or not. ``arguments``, where given, replace the call's own in the transcript."""

    call_id: str
    verdict: Literal["granted", "always", "denied"]
    by: Literal["rule", "always", "person", "policy"]
    reason: str = ""
    arguments: str | None = None
    type: Literal["approval_given"] = "approval_given"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStarted(_Recorded):
    """A call is about to run. ``effects`` decides what becomes of it if no ``ToolFinished`` follows."""

    call_id: str
    effects: Effects = "once"
    type: Literal["tool_started"] = "tool_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFinished(_Recorded):
    """A call has its result, in the order in which calls end. Without a ``ToolStarted`` before it, it never ran."""

    call_id: str
    content: str
    error: bool = False
    variables: Mapping[str, object] = field(default_factory=dict)
    handoff: str | None = None
    end: bool = False
    type: Literal["tool_finished"] = "tool_finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOff(_Recorded):
    """The conversation moves. ``answers`` are those still missing; ``bounded`` says that the edge has ``at_most``."""

    target: str
    answers: tuple[ToolMessage, ...] = ()
    for_one_turn: bool = False
    bounded: bool = False
    type: Literal["handed_off"] = "handed_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(_Recorded):
    """A user turn is over, with every call answered. ``used`` tells what counted towards the limits."""

    status: Status
    answers: tuple[ToolMessage, ...] = ()
    detail: str = ""
    used: Mapping[str, float] = field(default_factory=dict)
    type: Literal["run_finished"] = "run_finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """A piece of the reply's text, as it streams."""

    text: str
    type: Literal["text_delta"] = "text_delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnnounced:
    """The model has begun to write a call. It has no id yet: ``index`` counts the calls of this reply from 0."""

    index: int
    name: str
    type: Literal["tool_announced"] = "tool_announced"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolProgress:
    """A running tool tells how far it is."""

    call_id: str
    text: str
    type: Literal["tool_progress"] = "tool_progress"


RecordedEvent = (
    RunStarted
    | RunResumed
    | ModelAsked
    | ModelResponded
    | QuestionAsked
    | QuestionAnswered
    | ApprovalRequested
    | ApprovalGiven
    | ToolStarted
    | ToolFinished
    | HandedOff
    | RunFinished
)
LiveEvent = TextDelta | ToolAnnounced | ToolProgress
Event = RecordedEvent | LiveEvent


@cache
def adapter() -> TypeAdapter[Event]:
    """The one converter between events and JSON. Built on first use: a command that shows no event pays nothing."""
    return TypeAdapter(Annotated[Event, Field(discriminator="type")])


def to_json(event: Event) -> str:
    """One event as one line of JSON, without a line break."""
    return adapter().dump_json(event).decode()


def from_json(line: str | bytes) -> Event:
    """Read an event back.

    Raises:
        pydantic.ValidationError: the line is not an event of a known type.
    """
    return adapter().validate_json(line)
