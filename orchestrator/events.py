"""What happens in a session: recorded events, whose fold is the state, and live ones, which are only shown.

Recorded events are a stored format: types and optional fields may be added, never changed. Every one carries the
``run_id`` and ``at``, seconds since the epoch. ``schemas/events.schema.json`` is generated from this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Literal, TypedDict

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

Variables = Mapping[str, object]
CallId = Annotated[str, Field(description="The call, by its id.")]
Answers = Annotated[tuple[ToolMessage, ...], Field(description="The answers to calls that were still open.")]


class Stamp(TypedDict):
    """What every recorded event carries."""

    run_id: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    run_id: Annotated[str, Field(description="The run: one user turn.")]
    at: Annotated[float, Field(description="When, in seconds since the epoch.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(_Recorded):
    """A user turn begins. ``variables`` are those that it sets; ``chosen`` says that the caller named the agent.

    ``now`` is kept, so that a run that is resumed renders what it rendered before.
    """

    message: Annotated[str, Field(description="What the person said.")]
    agent: Annotated[str, Field(description="Who answers first.")]
    variables: Annotated[Variables, Field(description="The values that this run sets.")] = field(default_factory=dict)
    config_digest: Annotated[str, Field(description="Names the configuration that ran.")] = ""
    chosen: Annotated[bool, Field(description="Whether the caller named the agent.")] = False
    now: Annotated[float | None, Field(description="The time that templates see; null: that of the event.")] = None
    type: Annotated[Literal["run_started"], Field(description="The kind of event.")] = "run_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed(_Recorded):
    """A run goes on after a pause, a crash or a closed stream. ``variables`` are those declared since it began."""

    variables: Annotated[Variables, Field(description="The values of variables that are new.")] = field(
        default_factory=dict
    )
    config_digest: Annotated[str, Field(description="Names the configuration that runs on; empty: as before.")] = ""
    type: Annotated[Literal["run_resumed"], Field(description="The kind of event.")] = "run_resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAsked(_Recorded):
    """A request is about to be sent for this agent. ``model`` is the alias, or the API name where there is none."""

    agent: Annotated[str, Field(description="The active agent.")]
    model: Annotated[str, Field(description="The alias of the model, or its API name.")]
    type: Annotated[Literal["model_asked"], Field(description="The kind of event.")] = "model_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResponded(_Recorded):
    """The model's reply, ids of calls minted. ``finish`` other than ``stop`` means that none of its calls will run."""

    message: Annotated[AssistantMessage, Field(description="The reply.")]
    finish: Annotated[Finish, Field(description="Why the model stopped.")] = "stop"
    usage: Annotated[Usage, Field(description="What the endpoint counted.")] = NO_USAGE
    type: Annotated[Literal["model_responded"], Field(description="The kind of event.")] = "model_responded"


@dataclass(frozen=True, slots=True, kw_only=True)
class FellBack(_Recorded):
    """A model failed for good, and another one is asked the same. Models are named as in ``ModelAsked``."""

    from_model: Annotated[str, Field(description="The model that failed: its alias, or its API name.")]
    to_model: Annotated[str, Field(description="The model that is asked next.")]
    reason: Annotated[str, Field(description="What went wrong, in one line.")]
    type: Annotated[Literal["fell_back"], Field(description="The kind of event.")] = "fell_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryTrimmed(_Recorded):
    """From now on requests leave out the oldest messages. The session keeps them."""

    messages: Annotated[int, Field(description="How many of the session's oldest messages are left out.")]
    tokens: Annotated[int, Field(description="About how many tokens the messages have that are still sent.")]
    reason: Annotated[
        Literal["max_tokens", "context_length"],
        Field(description="The bound of the model's history, or the endpoint's word that the context is too long."),
    ] = "max_tokens"
    type: Annotated[Literal["history_trimmed"], Field(description="The kind of event.")] = "history_trimmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked(_Recorded):
    """A tool asks the person something."""

    call_id: CallId
    question: Annotated[str, Field(description="What the tool wants to know.")]
    type: Annotated[Literal["question_asked"], Field(description="The kind of event.")] = "question_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswered(_Recorded):
    """The person's answer to the tool's question."""

    call_id: CallId
    answer: Annotated[str, Field(description="What the person answered.")]
    refused: Annotated[bool, Field(description="Nobody answered, or the tool did not wait.")] = False
    type: Annotated[Literal["question_answered"], Field(description="The kind of event.")] = "question_answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequested(_Recorded):
    """A call waits for a person's yes."""

    call_id: CallId
    type: Annotated[Literal["approval_requested"], Field(description="The kind of event.")] = "approval_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalGiven(_Recorded):
    """A call may run, or not. ``arguments``, where given, replace the call's own in the transcript."""

    call_id: CallId
    verdict: Annotated[Literal["granted", "always", "denied"], Field(description="Whether the call may run.")]
    by: Annotated[Literal["rule", "always", "person", "policy"], Field(description="Who decided.")]
    reason: Annotated[str, Field(description="Why not; the model gets to read it.")] = ""
    arguments: Annotated[str | None, Field(description="Arguments that replace the call's own, as JSON.")] = None
    type: Annotated[Literal["approval_given"], Field(description="The kind of event.")] = "approval_given"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStarted(_Recorded):
    """A call is about to run. ``effects`` decides what becomes of it if no ``ToolFinished`` follows."""

    call_id: CallId
    effects: Annotated[Effects, Field(description="What may happen if the call is interrupted.")] = "once"
    type: Annotated[Literal["tool_started"], Field(description="The kind of event.")] = "tool_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFinished(_Recorded):
    """A call has its result, in the order in which calls end. Without a ``ToolStarted`` before it, it never ran."""

    call_id: CallId
    content: Annotated[str, Field(description="The result, as the model gets to read it.")]
    error: Annotated[bool, Field(description="Whether the call failed, or never ran.")] = False
    variables: Annotated[Variables, Field(description="The variables that it sets.")] = field(default_factory=dict)
    handoff: Annotated[str | None, Field(description="The agent that the tool hands off to.")] = None
    end: Annotated[bool, Field(description="Whether the tool ends the run.")] = False
    type: Annotated[Literal["tool_finished"], Field(description="The kind of event.")] = "tool_finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOff(_Recorded):
    """The conversation moves. ``answers`` are those still missing; ``bounded`` says that the edge has ``at_most``."""

    target: Annotated[str, Field(description="The agent that takes over.")]
    answers: Answers = ()
    for_one_turn: Annotated[bool, Field(description="Whether the next user turn is the caller's.")] = False
    bounded: Annotated[bool, Field(description="Whether the handoff is limited by at_most.")] = False
    type: Annotated[Literal["handed_off"], Field(description="The kind of event.")] = "handed_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(_Recorded):
    """A user turn is over, with every call answered. ``used`` tells what counted towards the limits."""

    status: Annotated[Status, Field(description="How it ended.")]
    answers: Answers = ()
    detail: Annotated[str, Field(description="More on how it ended; the last word of a run that a tool ended.")] = ""
    used: Annotated[Mapping[str, float], Field(description="What counts towards the limits.")] = field(
        default_factory=dict
    )
    type: Annotated[Literal["run_finished"], Field(description="The kind of event.")] = "run_finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """A piece of the reply's text, as it streams."""

    text: Annotated[str, Field(description="The piece.")]
    type: Annotated[Literal["text_delta"], Field(description="The kind of event.")] = "text_delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnnounced:
    """The model has begun to write a call. It has no id yet: ``index`` counts the calls of this reply from 0."""

    index: Annotated[int, Field(description="Which call of the reply, from 0.")]
    name: Annotated[str, Field(description="The function, as far as its name is known.")]
    type: Annotated[Literal["tool_announced"], Field(description="The kind of event.")] = "tool_announced"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolProgress:
    """A running tool tells how far it is."""

    call_id: CallId
    text: Annotated[str, Field(description="What the tool says.")]
    type: Annotated[Literal["tool_progress"], Field(description="The kind of event.")] = "tool_progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """A model gave no answer, and is asked again after a pause."""

    model: Annotated[str, Field(description="The alias of the model, or its API name.")]
    reason: Annotated[str, Field(description="What went wrong, in one line.")]
    seconds: Annotated[float, Field(description="How long the pause is.")]
    attempt: Annotated[int, Field(description="Which attempt comes next; the first call was attempt 1.")]
    type: Annotated[Literal["retrying"], Field(description="The kind of event.")] = "retrying"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRestarted:
    """What was shown of this reply is void, text and calls alike: the reply begins anew."""

    model: Annotated[str, Field(description="The alias of the model that begins anew, or its API name.")]
    reason: Annotated[str, Field(description="What went wrong, in one line.")]
    type: Annotated[Literal["model_restarted"], Field(description="The kind of event.")] = "model_restarted"


RecordedEvent = (
    RunStarted
    | RunResumed
    | ModelAsked
    | ModelResponded
    | FellBack
    | HistoryTrimmed
    | QuestionAsked
    | QuestionAnswered
    | ApprovalRequested
    | ApprovalGiven
    | ToolStarted
    | ToolFinished
    | HandedOff
    | RunFinished
)
LiveEvent = TextDelta | ToolAnnounced | ToolProgress | Retrying | ModelRestarted
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
