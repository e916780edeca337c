"""What happened in a turn, or in a whole conversation: what expectations are held against."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.agents import HANDOFF, AgentGraph
from orchestrator.events import (
    ApprovalGiven,
    HandedOff,
    ModelAsked,
    ModelResponded,
    RecordedEvent,
    RunFinished,
    RunStarted,
    ToolFinished,
)
from orchestrator.messages import ToolCall, ToolMessage
from orchestrator.state import State
from orchestrator.tools.arguments import parse


@dataclass(frozen=True, slots=True)
class Made:
    """A call of a tool. ``arguments`` are those that counted, a text where they are no JSON object.

    ``result`` is what the model read, None if the call has none yet; ``failed`` says that it is an error, or that the
    call never ran.
    """

    name: str
    arguments: dict[str, object] | str
    result: str | None
    failed: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What happened."""

    agents: tuple[str, ...]
    agent: str
    calls: tuple[Made, ...]
    reply: str | None
    instructions: str | None
    variables: Mapping[str, object]
    status: str
    model_calls: int
    handoffs: int


def seen(events: Sequence[RecordedEvent], state: State, graph: AgentGraph, instructions: str | None) -> Seen:
    """Give what happened in these events, which end with this state. ``instructions`` are those of the last request."""
    return Seen(
        agents=tuple(_agents(events)),
        agent=state.agent,
        calls=tuple(_calls(events, state, graph)),
        reply=_reply(events),
        instructions=instructions,
        variables=state.variables,
        status=state.status or "waiting",
        model_calls=sum(isinstance(event, ModelAsked) for event in events),
        handoffs=sum(isinstance(event, HandedOff) for event in events),
    )


def _agents(events: Sequence[RecordedEvent]) -> Iterator[str]:
    last = None
    for event in events:
        match event:
            case RunStarted(agent=name) | HandedOff(target=name) if name != last:
                yield name
                last = name
            case _:
                pass


def _calls(events: Sequence[RecordedEvent], state: State, graph: AgentGraph) -> Iterator[Made]:
    """The calls in the order in which the model made them. A reply that broke off calls nothing."""
    read = {message.call_id: message.content for message in state.messages if isinstance(message, ToolMessage)}
    finished = {event.call_id: event for event in events if isinstance(event, ToolFinished)}
    edited = {event.call_id: event.arguments for event in events if isinstance(event, ApprovalGiven)}
    agent, calls = "", list[ToolCall]()
    for event in events:
        match event:
            case ModelAsked():
                agent = event.agent
            case ModelResponded(finish="stop"):
                calls += [call for call in event.message.tool_calls if not _hands_off(call, agent, graph)]
            case _:
                pass
    for call in calls:
        end = finished.get(call.id)
        failed = end.error if end is not None else call.id in read
        yield Made(call.name, _arguments(edited.get(call.id) or call.arguments), read.get(call.id), failed)


def _hands_off(call: ToolCall, agent: str, graph: AgentGraph) -> bool:
    return call.name.startswith(HANDOFF) and call.name not in graph.agents[agent].tools_by_name


def _arguments(text: str) -> dict[str, object] | str:
    try:
        return parse(text)
    except ValueError:
        return text


def _reply(events: Sequence[RecordedEvent]) -> str | None:
    """The last text that the person got."""
    for event in reversed(events):
        match event:
            case RunFinished(status="ended") if event.detail:
                return event.detail
            case ModelResponded() if event.message.content:
                return event.message.content
            case _:
                pass
    return None
