"""The state of a session, and the only thing that changes it: ``apply(state, event) -> state``.

Everything here is pure. ``messages`` holds complete groups only: a reply and the answers to all of its calls. A reply
with calls opens a group, each result fills a slot of it, and when the last call is answered the group moves into
``messages`` as a whole, in call order. So a transcript is valid after every event.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orchestrator.events import (
    ApprovalGiven,
    ApprovalRequested,
    FellBack,
    Finish,
    HandedOff,
    HistoryTrimmed,
    ModelAsked,
    ModelResponded,
    QuestionAnswered,
    QuestionAsked,
    RecordedEvent,
    RunFinished,
    RunResumed,
    RunStarted,
    Status,
    ToolFinished,
    ToolStarted,
)
from orchestrator.messages import NO_USAGE, AssistantMessage, Message, ToolCall, ToolMessage, Usage, UserMessage
from orchestrator.tools import Effects
from orchestrator.values import changed

CallEvent = ApprovalRequested | ApprovalGiven | QuestionAsked | QuestionAnswered | ToolStarted | ToolFinished

NOT_EXECUTED = "Not executed: {reason}."


@dataclass(frozen=True)
class Slot:
    """One call of the open reply. ``started`` has the effects of one that began, ``asking`` counts its questions."""

    call: ToolCall
    requested: bool = False
    verdict: ApprovalGiven | None = None
    started: Effects | None = None
    asking: int = 0
    result: ToolFinished | None = None

    @property
    def answered(self) -> bool:
        """Whether the call has its answer. A handoff or an end is answered only by the move or by the end."""
        return self.result is not None and not self.result.handoff and not self.result.end

    @property
    def worked(self) -> bool:
        """Whether a tool really ran, and did ordinary work."""
        return self.started is not None and self.answered and self.result is not None and not self.result.error


@dataclass(frozen=True, slots=True)
class Open:
    """A reply whose calls are not all answered yet."""

    content: str | None
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Same:
    """The result that came last, and how many times in a row."""

    name: str = ""
    arguments: str = ""
    content: str = ""
    times: int = 0


@dataclass(frozen=True)
class Counters:
    """What counts per run.

    ``seconds`` leaves out the waiting for a person; ``cut`` counts how often the history was too long for an endpoint;
    ``trail`` holds the moves for ping-pong.
    """

    model_calls: int = 0
    handoffs: int = 0
    tool_calls: int = 0
    tokens: int = 0
    seconds: float = 0.0
    empty: int = 0
    cut: int = 0
    same: Same = Same()
    trail: tuple[tuple[str, str], ...] = ()
    edges: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def used(self) -> dict[str, float]:
        """What is told at the end of a run, by the names of the limits."""
        return {
            "model_calls": self.model_calls,
            "handoffs": self.handoffs,
            "tool_calls": self.tool_calls,
            "tokens": self.tokens,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class State:
    """A session as it stands. ``status`` is None while a run is under way; ``at`` is the time of the last event.

    Templates see ``now`` as the time, and ``started_at`` where it is None. ``turn`` is the index of the message with
    which the run began; ``left_out`` is how many of the oldest messages requests leave out. ``failed`` are the models
    that have failed for good in this run.
    """

    session_id: str
    run_id: str = ""
    runs: int = 0
    status: Status | None = None
    detail: str = ""
    agent: str = ""
    messages: tuple[Message, ...] = ()
    turn: int = 0
    left_out: int = 0
    failed: frozenset[str] = frozenset()
    open: Open | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    callers: tuple[str, ...] = ()
    always: frozenset[tuple[str, str]] = frozenset()
    call_ids: frozenset[str] = frozenset()
    fresh: bool = True
    finish: Finish | None = None
    started_at: float = 0.0
    now: float | None = None
    at: float = 0.0
    usage: Usage = NO_USAGE
    config_digest: str = ""
    counters: Counters = Counters()

    @property
    def running(self) -> bool:
        """Whether a run has begun and not finished: it can be resumed."""
        return bool(self.run_id) and self.status is None

    @property
    def awaiting_approval(self) -> tuple[Slot, ...]:
        """The open calls that wait for a yes or a no."""
        slots = self.open.slots if self.open else ()
        return tuple(slot for slot in slots if slot.requested and slot.verdict is None and slot.result is None)

    @property
    def waiting(self) -> bool:
        """Whether a person is to answer before anything goes on."""
        slots = self.open.slots if self.open else ()
        return bool(self.awaiting_approval) or any(slot.asking for slot in slots if slot.result is None)

    @property
    def reply(self) -> str:
        """The text of the last message, if the model wrote it; else what the run ended with."""
        last = self.messages[-1] if self.messages else None
        if isinstance(last, AssistantMessage) and last.content:
            return last.content
        return self.detail if self.status == "ended" else ""


def fold(session_id: str, events: Iterable[RecordedEvent]) -> State:
    """The state of a session from its recorded events."""
    state = State(session_id)
    for event in events:
        state = apply(state, event)
    return state


def apply(state: State, event: RecordedEvent) -> State:
    """The state after one more event."""
    state = _tick(state, event)
    match event:
        case RunStarted():
            return _run_started(state, event)
        case ModelAsked():
            return changed(state, finish=None, counters=_count(state, model_calls=state.counters.model_calls + 1))
        case ModelResponded():
            return _model_responded(state, event)
        case HandedOff():
            return _handed_off(_close(state, event.answers), event)
        case RunFinished():
            return _run_finished(_close(state, event.answers), event)
        case RunResumed():
            return _resumed(state, event)
        case FellBack():
            return changed(state, failed=state.failed | {event.from_model})
        case HistoryTrimmed():
            cut = state.counters.cut + (event.reason == "context_length")
            return changed(state, left_out=event.messages, counters=_count(state, cut=cut))
        case _:
            return _call_event(state, event)


def variables_now(state: State) -> Mapping[str, object]:
    """The variables as the next wave sees them: with what finished calls of the open reply have set, in call order."""
    if state.open is None:
        return state.variables
    return merge(state.variables, state.open.slots)


def merge(variables: Mapping[str, object], slots: Iterable[Slot]) -> Mapping[str, object]:
    """The variables after what these calls have set, in their order."""
    changes = [slot.result.variables for slot in slots if slot.result and slot.result.variables]
    for change in changes:
        variables = {**variables, **change}
    return variables


def told(slot: Slot, content: str) -> str:
    """The answer to a call as the model reads it: it says so where other arguments than the model's were executed."""
    verdict = slot.verdict
    if verdict is None or verdict.arguments is None:
        return content
    who = "The person" if verdict.by == "person" else "A policy"
    return f"{who} changed the arguments to {verdict.arguments}.\n{content}"


_UNCOUNTED = (RunStarted, RunResumed, ApprovalGiven, QuestionAnswered)


def _tick(state: State, event: RecordedEvent) -> State:
    """Time passes; a night before a person's answer, or before somebody comes back to a broken run, does not count."""
    night = isinstance(event, RunFinished) and (event.status == "interrupted" or state.waiting)
    if night or isinstance(event, _UNCOUNTED):
        return changed(state, at=event.at)
    passed = max(0.0, event.at - state.at)
    return changed(state, at=event.at, counters=_count(state, seconds=state.counters.seconds + passed))


def _count(state: State, **changes: object) -> Counters:
    return changed(state.counters, **changes)  # type: ignore[arg-type]  # the names are those of Counters


def _run_started(state: State, event: RunStarted) -> State:
    return changed(
        state,
        run_id=event.run_id,
        runs=state.runs + 1,
        status=None,
        detail="",
        agent=event.agent,
        messages=(*state.messages, UserMessage(event.message)),
        turn=len(state.messages),
        failed=frozenset(),
        open=None,
        variables={**state.variables, **event.variables},
        callers=() if event.chosen else state.callers,
        fresh=True,
        finish=None,
        started_at=event.at,
        now=event.now,
        config_digest=event.config_digest,
        counters=Counters(),
    )


def _model_responded(state: State, event: ModelResponded) -> State:
    message = event.message
    empty = not message.content and not message.tool_calls
    state = changed(
        state,
        finish=event.finish,
        fresh=state.fresh and empty,
        usage=state.usage + event.usage,
        counters=_count(
            state,
            tokens=state.counters.tokens + event.usage.total,
            empty=state.counters.empty + 1 if empty else 0,
        ),
    )
    if message.tool_calls:
        slots = tuple(Slot(call) for call in message.tool_calls)
        ids = state.call_ids | {call.id for call in message.tool_calls}
        return changed(state, open=Open(message.content, slots), call_ids=ids)
    return state if empty else changed(state, messages=(*state.messages, message))


def _call_event(state: State, event: CallEvent) -> State:
    """What happens to one call fills its slot; the last answer closes the group."""
    slot = _slot(state, event.call_id)
    match event:
        case ApprovalRequested():
            return _put(state, changed(slot, requested=True))
        case ApprovalGiven(arguments=arguments):
            if event.verdict == "always":
                state = changed(state, always=state.always | {(state.agent, slot.call.name)})
            call = slot.call if arguments is None else ToolCall(slot.call.id, slot.call.name, arguments)
            return _put(state, changed(slot, verdict=event, call=call))
        case QuestionAsked():
            return _put(state, changed(slot, asking=slot.asking + 1))
        case QuestionAnswered():
            return _put(state, changed(slot, asking=max(0, slot.asking - 1)))
        case ToolStarted(effects=effects):
            calls = state.counters.tool_calls + (slot.started is None)  # a call that runs again counts once
            return _put(changed(state, counters=_count(state, tool_calls=calls)), changed(slot, started=effects))
        case ToolFinished():
            state = _put(state, changed(slot, result=event))
            return _close(state) if _complete(state) else state


def _handed_off(state: State, event: HandedOff) -> State:
    move = (state.agent, event.target)
    if event.target in state.callers:
        callers = state.callers[: state.callers.index(event.target)]
    else:
        callers = (*state.callers, state.agent) if event.for_one_turn else ()
    counters = changed(
        state.counters,
        handoffs=state.counters.handoffs + 1,
        trail=() if event.bounded else (*state.counters.trail, move)[-2:],
        edges={**state.counters.edges, move: state.counters.edges.get(move, 0) + 1},
    )
    return changed(state, agent=event.target, callers=callers, fresh=True, finish=None, counters=counters)


def _run_finished(state: State, event: RunFinished) -> State:
    agent, callers = state.agent, state.callers
    if event.status in {"answered", "ended"} and callers:
        agent, callers = callers[-1], callers[:-1]
    return changed(state, status=event.status, detail=event.detail, agent=agent, callers=callers)


def _resumed(state: State, event: RunResumed) -> State:
    """A call that is resumed begins anew, and asks anew."""
    state = changed(
        state,
        variables={**state.variables, **event.variables},
        config_digest=event.config_digest or state.config_digest,
    )
    if state.open is None:
        return state
    slots = tuple(changed(slot, asking=0) for slot in state.open.slots)
    return changed(state, open=Open(state.open.content, slots))


def _slot(state: State, call_id: str) -> Slot:
    if state.open is not None:
        for slot in state.open.slots:
            if slot.call.id == call_id:
                return slot
    raise ValueError(f"no call {call_id!r} is open in session {state.session_id!r}: the events are not of one session")


def _put(state: State, filled: Slot) -> State:
    opened = state.open or Open(None, ())
    slots = tuple(filled if slot.call.id == filled.call.id else slot for slot in opened.slots)
    return changed(state, open=Open(opened.content, slots))


def _complete(state: State) -> bool:
    return state.open is not None and all(slot.answered for slot in state.open.slots)


def _close(state: State, answers: tuple[ToolMessage, ...] = ()) -> State:
    """Move the open group into the messages: the reply, then each answer in call order."""
    if state.open is None:
        return state
    slots = state.open.slots
    given = {answer.call_id: answer for answer in answers}
    reply = AssistantMessage(state.open.content, tuple(slot.call for slot in slots))
    group = [given.get(slot.call.id) or ToolMessage(slot.call.id, _content(slot)) for slot in slots]
    counters = state.counters
    for slot in slots:
        counters = changed(counters, same=_repeat(counters.same, slot))
    if any(slot.worked for slot in slots):
        counters = changed(counters, trail=())
    return changed(
        state,
        messages=(*state.messages, reply, *group),
        open=None,
        finish=None,
        variables=merge(state.variables, slots),
        counters=counters,
    )


def _content(slot: Slot) -> str:
    return told(slot, slot.result.content if slot.result else NOT_EXECUTED.format(reason="the run ended"))


def _repeat(same: Same, slot: Slot) -> Same:
    """Count the same call with the same result in a row. Handoffs neither count nor interrupt."""
    if slot.result is None or slot.result.handoff:
        return same
    this = (slot.call.name, slot.call.arguments, slot.result.content)
    return Same(*this, same.times + 1 if this == (same.name, same.arguments, same.content) else 1)
