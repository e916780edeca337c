"""Fakes on the three seams, and what every run must keep: legal requests, a valid transcript, a true fold."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from orchestrator.agents import Agent, AgentGraph, Edge, Limits, Variable
from orchestrator.clients.wire import body_of
from orchestrator.events import (
    Event,
    LiveEvent,
    ModelResponded,
    RecordedEvent,
    TextDelta,
    ToolAnnounced,
    ToolFinished,
    from_json,
    to_json,
)
from orchestrator.events import Finish as FinishReason
from orchestrator.messages import NO_USAGE, AssistantMessage, Message, ToolCall, ToolMessage, Usage
from orchestrator.model import Model, NamedFunction, ToolChoice
from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse
from orchestrator.runner import ApprovalRequest, Question, Run, Runner, Verdict
from orchestrator.state import State, fold
from orchestrator.tools import Approval, Effects, Tool
from orchestrator.tools.tool import Options
from tests.support.chat_rules import faults, house_faults

T = TypeVar("T")


class FakeClock:
    """Time that passes only when it is told to."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Turn:
    """One reply of the fake model: the deltas, virtual time, then the response, an exception, or (None) nothing."""

    ends: ModelResponse | BaseException | None
    deltas: tuple[ModelDelta, ...] = ()
    seconds: float = 0.0


Reply = Turn | Callable[[ModelRequest], Turn]


def say(text: str | None, *calls: ToolCall, finish: FinishReason = "stop", tokens: int = 0, seconds: float = 0) -> Turn:
    """A reply: its text in words, its calls announced, then the whole."""
    words: list[ModelDelta] = [TextDelta(text=word) for word in (text or "").split(" ") if word]
    announced = [ToolAnnounced(index=index, name=one.name) for index, one in enumerate(calls)]
    usage = Usage(tokens, 0) if tokens else NO_USAGE
    return Turn(ModelResponse(text, calls, finish, usage), (*words, *announced), seconds)


def calls(*wanted: ToolCall | str, finish: FinishReason = "stop", seconds: float = 0) -> Turn:
    """A reply of calls alone; a text is the name of a function called without arguments."""
    made = [call(one) if isinstance(one, str) else one for one in wanted]
    return say(None, *made, finish=finish, seconds=seconds)


def breaks(error: BaseException, *shown: str) -> Turn:
    """A reply that shows some text and then raises."""
    return Turn(error, tuple(TextDelta(text=text) for text in shown))


def hangs(*shown: str) -> Turn:
    """A reply that shows some text and never ends."""
    return Turn(None, tuple(TextDelta(text=text) for text in shown))


def call(name: str, arguments: Mapping[str, object] | str = "{}", identity: str = "") -> ToolCall:
    """A call as a model makes it. Without an identity the runner mints one."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return ToolCall(identity, name, text)


def to(target: str, identity: str = "") -> ToolCall:
    """A call of a handoff function."""
    return call(f"transfer_to_{target}", identity=identity)


class FakeModel:
    """Replies in order, keeps every request, and notes what the API would have refused. It is a ``ModelClient``."""

    def __init__(self, replies: Iterable[Reply], clock: FakeClock | None = None) -> None:
        self.replies = deque(replies)
        self.requests: list[ModelRequest] = []
        self.faults: list[str] = []
        self.closed = 0
        self._clock = clock

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        self.requests.append(request)
        body = json.loads(body_of(request))
        self.faults += [*faults(body), *house_faults(body)]
        if not self.replies:
            self.faults.append(f"the script is over, and request {len(self.requests)} came")
            raise AssertionError(self.faults[-1])
        reply = self.replies.popleft()
        turn = reply(request) if callable(reply) else reply
        try:
            for delta in turn.deltas:
                yield delta
                await asyncio.sleep(0)
            if self._clock is not None:
                self._clock.advance(turn.seconds)
            yield await _end(turn)
        finally:
            self.closed += 1

    def offered(self, index: int = -1) -> list[str]:
        """The names of the functions that a request offers."""
        return [function.name for function in self.requests[index].functions]

    def results(self, index: int = -1) -> list[str]:
        """The answers to calls that stand at the end of a request, in order."""
        found: list[str] = []
        for message in reversed(self.requests[index].messages):
            if not isinstance(message, ToolMessage):
                break
            found.insert(0, message.content)
        return found


async def _end(turn: Turn) -> ModelResponse:
    if isinstance(turn.ends, BaseException):
        raise turn.ends
    if turn.ends is None:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")
    return turn.ends


class Hang:
    """A person who never answers."""


HANG = Hang()
Answered = str | BaseException | Hang | None
Decided = Verdict | BaseException | Hang | None
YES = Verdict("granted")
NO = Verdict("denied")
ALWAYS = Verdict("always")


class FakePerson:
    """Answers and decides in order, keeps what it was asked, and may take virtual time. It is a ``Person``."""

    def __init__(
        self,
        answers: Iterable[Answered] = (),
        verdicts: Iterable[Decided] = (),
        clock: FakeClock | None = None,
        seconds: float = 0.0,
    ) -> None:
        self.answers = deque(answers)
        self.verdicts = deque(verdicts)
        self.questions: list[Question] = []
        self.requests: list[ApprovalRequest] = []
        self._clock = clock
        self._seconds = seconds

    async def approve(self, request: ApprovalRequest) -> Verdict | None:
        self.requests.append(request)
        return await self._told(self.verdicts.popleft())

    async def ask(self, question: Question) -> str | None:
        self.questions.append(question)
        return await self._told(self.answers.popleft())

    async def _told(self, item: T | BaseException | Hang) -> T:
        await asyncio.sleep(0)
        if self._clock is not None:
            self._clock.advance(self._seconds)
        if isinstance(item, BaseException):
            raise item
        while isinstance(item, Hang):
            await asyncio.Event().wait()
        return item


@dataclass(frozen=True)
class Routine:
    """Instructions with ``{name}`` for a variable; they note what they were rendered with."""

    text: str = "Be brief."
    contexts: list[Mapping[str, object]] = field(default_factory=list, compare=False)

    def render(self, context: Mapping[str, object]) -> str:
        self.contexts.append(context)
        return self.text.format_map(context)


Function = Callable[..., object]


def tool_of(
    function: Function,
    *,
    name: str | None = None,
    approval: Approval = "never",
    requires: str | None = None,
    timeout: float | None = None,
    effects: Effects = "once",
    sequential: bool = False,
) -> Tool:
    """A tool from a function, with what YAML would say of it."""
    return Tool.from_function(function, Options(name, None, approval, requires, timeout, effects, sequential))


def agent(
    name: str,
    *tools: Tool | Function,
    hands: Sequence[str | Edge] = (),
    says: str = "Be brief.",
    model: Model | None = None,
    label: str = "",
    tool_choice: ToolChoice | NamedFunction = "auto",
) -> Agent:
    """An agent with these tools, which may hand off to ``hands``."""
    return Agent(
        name,
        model or Model(f"model-of-{name}"),
        Routine(says),
        label=label,
        tools=tuple(one if isinstance(one, Tool) else tool_of(one) for one in tools),
        edges=tuple(one if isinstance(one, Edge) else Edge(one) for one in hands),
        tool_choice=tool_choice,
    )


def graph(*agents: Agent, variables: Mapping[str, object] | None = None, **limits: Any) -> AgentGraph:
    """A graph whose first agent is the entry; each variable takes the type of its default."""
    declared = [_variable(name, default) for name, default in (variables or {}).items()]
    return AgentGraph.of(*agents, variables=tuple(declared), limits=Limits(**limits))


def _variable(name: str, default: object) -> Variable:
    match default:
        case bool():
            return Variable(name, "boolean", default)
        case int():
            return Variable(name, "integer", default)
        case list():
            return Variable(name, "list", default)
        case dict():
            return Variable(name, "object", default)
        case _:
            return Variable(name, "string", default)


def check_transcript(messages: Sequence[Message]) -> None:
    """Conformance group 3: each call is answered once, directly after its reply, in call order; ids never repeat."""
    waiting: deque[str] = deque()
    seen: set[str] = set()
    for position, message in enumerate(messages):
        if isinstance(message, ToolMessage):
            assert waiting, f"message {position} answers {message.call_id!r}, which nobody asked"
            assert message.call_id == waiting.popleft(), f"message {position} is out of call order"
            continue
        assert not waiting, f"message {position} comes before the answers to {list(waiting)}"
        if isinstance(message, AssistantMessage):
            assert message.content or message.tool_calls, f"message {position} is empty"
            waiting.extend(one.id for one in message.tool_calls)
            assert all(waiting), f"message {position} has a call without an id"
            assert not seen & set(waiting), f"message {position} uses an id again"
            assert len(set(waiting)) == len(waiting), f"message {position} has an id twice"
            seen |= set(waiting)
    assert not waiting, f"never answered: {list(waiting)}"


def recorded(events: Iterable[Event]) -> list[RecordedEvent]:
    """The events that a store keeps."""
    return [event for event in events if not isinstance(event, LiveEvent)]


Watch = Callable[[Event, Run], object]


async def follow(run: Run, before: Sequence[RecordedEvent] = (), watch: Watch | None = None) -> list[Event]:
    """Run to the end and give the events. All that must hold of any run is asserted here."""
    others = asyncio.all_tasks()
    events: list[Event] = []
    async with run:
        async for event in run:
            events.append(event)
            check_transcript(run.state.messages)
            if watch is not None:
                watch(event, run)
    check_run(run, [*before, *recorded(events)])
    left = [task.get_name() for task in asyncio.all_tasks() - others if not task.done()]
    assert not left, f"tasks left over: {left}"
    return events


def check_run(run: Run, log: Sequence[RecordedEvent]) -> None:
    """The state is the fold of the recorded events, also of those that went through a store."""
    assert fold(run.state.session_id, log) == run.state
    stored = [from_json(to_json(event)) for event in log]
    assert fold(run.state.session_id, recorded(stored)) == run.state
    check_transcript(run.state.messages)


class Session:
    """A conversation under test: a graph, a scripted model, maybe a person, and all events so far."""

    def __init__(
        self,
        agents: AgentGraph,
        *replies: Reply,
        person: FakePerson | None = None,
        clock: FakeClock | None = None,
    ) -> None:
        self.clock = clock or FakeClock()
        self.model = FakeModel(replies, self.clock)
        self.runner = Runner(agents, self.model, person=person, clock=self.clock)
        self.events: list[Event] = []
        self._state: State | None = None

    @classmethod
    def reload(cls, agents: AgentGraph, log: Sequence[RecordedEvent], *replies: Reply, **seams: Any) -> Self:
        """The session as another process finds it: all it knows is what the store holds."""
        session = cls(agents, *replies, **seams)
        session.events = list(log)
        session._state = fold("session", log)
        session.clock.now = max([session.clock.now, *(event.at for event in log)])
        return session

    async def say(self, message: str = "hi", watch: Watch | None = None, **options: Any) -> Self:
        """A user turn, from its beginning to its end."""
        return await self._follow(self.begin(message, **options), watch)

    async def resume(self, watch: Watch | None = None) -> Self:
        return await self._follow(self.runner.resume(self.state), watch)

    def begin(self, message: str = "hi", **options: Any) -> Run:
        """The run of a user turn, not yet iterated."""
        return self.runner.stream(message, state=self._state or State("session"), **options)

    async def _follow(self, run: Run, watch: Watch | None) -> Self:
        self.events += await follow(run, self.log, watch)
        self._state = run.state
        assert self.model.faults == []
        return self

    @property
    def state(self) -> State:
        assert self._state is not None, "nothing was said yet"
        return self._state

    @property
    def status(self) -> str | None:
        return self.state.status

    @property
    def log(self) -> list[RecordedEvent]:
        return recorded(self.events)

    def types(self) -> list[str]:
        """The types of the recorded events, in order."""
        return [event.type for event in self.log]

    def of(self, kind: type[T]) -> list[T]:
        """The events of one type."""
        return [event for event in self.events if isinstance(event, kind)]

    def answers(self) -> list[str]:
        """The contents of the tool messages of the transcript."""
        return [message.content for message in self.state.messages if isinstance(message, ToolMessage)]

    def finished(self) -> list[str]:
        """The contents of the results, in the order in which the calls ended."""
        return [event.content for event in self.of(ToolFinished)]

    def call_ids(self) -> list[str]:
        """The ids of all calls, in call order."""
        return [one.id for event in self.of(ModelResponded) for one in event.message.tool_calls]
