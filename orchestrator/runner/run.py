"""One run: an async iterator over its events, which acts between them.

The loop asks ``next_step`` what to do, hands out the event that announces an act, begins the act when the consumer
has taken that event, and waits at one place for what comes back. An event is folded as it is handed out: what a store
has not seen has not begun.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn, Self, TypedDict, assert_never

from orchestrator.agents import AgentGraph
from orchestrator.errors import NobodyToAsk, OrchestrateError
from orchestrator.events import (
    Event,
    HandedOff,
    ModelAsked,
    ModelResponded,
    QuestionAnswered,
    QuestionAsked,
    RecordedEvent,
    RunFinished,
    Status,
    TextDelta,
    ToolAnnounced,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)
from orchestrator.messages import AssistantMessage
from orchestrator.model import ModelClient, ModelRequest, ModelResponse
from orchestrator.runner import approvals
from orchestrator.runner.acts import Act, Acts, TimedOut
from orchestrator.runner.calls import (
    Asked,
    Failed,
    Progress,
    ask_model,
    call_tool,
    context_for,
    cut,
    mint,
    release,
    request_for,
)
from orchestrator.runner.person import ApprovalRequest, Person, Question, Verdict
from orchestrator.state import Slot, State, apply, settle
from orchestrator.step import Answer, AskApproval, AskModel, CallTools, Finish, Transfer, judge_handoff, next_step
from orchestrator.tools import Outcome, Tool


@dataclass(frozen=True, slots=True)
class World:
    """What a run acts with: the graph, the seams to model and person, and the clock (seconds since the epoch)."""

    graph: AgentGraph
    client: ModelClient
    person: Person | None
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Begin:
    """An act and the event that announces it: the act begins when the consumer has taken the event."""

    event: RecordedEvent
    act: Callable[[], None]


class Stamp(TypedDict):
    """What every recorded event carries."""

    run_id: str
    at: float


class Run:
    """Iterate over it for the events; leave its ``async with`` block, or iterate to the end, and nothing is left over.

    ``state`` is the fold of the recorded events that were handed out.
    """

    def __init__(self, world: World, state: State, opening: Sequence[RecordedEvent]) -> None:
        self.state = state
        self._world = world
        self._todo: deque[Event | Begin] = deque(opening)
        self._queue: deque[Slot] = deque()  # calls of the wave that wait for a free place
        self._wave: Mapping[str, object] = {}  # the variables that the wave sees
        self._questions: deque[tuple[Act, Slot, Asked]] = deque()  # the first is being asked
        self._person_busy = False
        self._shown = ""  # text of the reply that is streaming
        self._closing: tuple[Status, str] | None = None
        self._cancelled = False
        self._over = False
        self._acts: Acts | None = None
        self._generator = self._events()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await self._generator.__anext__()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop at once and yield nothing more. The run stays unfinished, and can be resumed."""
        await self._generator.aclose()

    def cancel(self) -> None:
        """Wind up: results that are in are kept, the run is settled, and the stream yields its closing events."""
        self._cancelled = True
        if self._acts is not None:
            self._acts.wake()

    async def _events(self) -> AsyncGenerator[Event, None]:
        self._acts = acts = Acts()
        try:
            while (item := await self._next(acts)) is not None:
                event = item.event if isinstance(item, Begin) else item
                if isinstance(event, RunFinished):
                    await acts.stop()  # the last word comes when nothing is under way any more
                yield self._hand_out(event)
                if isinstance(item, Begin) and not self._stopping:
                    item.act()
        finally:
            await acts.stop()

    async def _next(self, acts: Acts) -> Event | Begin | None:
        """What to hand out next; None at the end. What was not announced before the run began to stop is not begun."""
        while self._todo or not self._over:
            if not self._todo:
                await self._advance(acts)
            elif not (isinstance(item := self._todo.popleft(), Begin) and self._stopping):
                return item
        return None

    def _hand_out(self, event: Event) -> Event:
        if not isinstance(event, TextDelta | ToolAnnounced | ToolProgress):
            self.state = apply(self.state, event)
        return event

    @property
    def _stopping(self) -> bool:
        return self._cancelled or self._closing is not None

    async def _advance(self, acts: Acts) -> None:
        """One step: close, wind up, decide, or wait for what is under way."""
        if self._closing is not None:
            self._settle(*self._closing)
        elif self._cancelled:
            self._wind_up(acts, "cancelled")
        elif not acts:
            self._decide(acts)
        else:
            try:
                async with asyncio.timeout(self._seconds_left()):
                    await acts.take_next()
            except TimeoutError:
                self._wind_up(acts, "limit", f"seconds: {self._world.graph.limits.seconds:g}")

    def _decide(self, acts: Acts) -> None:
        step = next_step(self._world.graph, self.state)
        match step:
            case AskModel():
                self._begin_model(acts, step)
            case Answer(errors):
                for call_id, text in errors.items():
                    self._todo.append(ToolFinished(**self._now(), call_id=call_id, content=text, error=True))
            case AskApproval(slots):
                self._begin_approval(acts, slots)
            case CallTools(slots, variables):
                self._queue.extend(slots)
                self._wave = variables
                for _ in range(self._world.graph.limits.parallel_tools):
                    self._begin_next_tool(acts)
            case Transfer(edge, answers):
                bounded = edge.at_most is not None
                moved = HandedOff(
                    **self._now(), target=edge.target, answers=answers, for_one_turn=edge.for_one_turn, bounded=bounded
                )
                self._todo.append(moved)
            case Finish(status, detail):
                self._settle(status, detail)
            case _:
                assert_never(step)

    # ---- the model

    def _begin_model(self, acts: Acts, step: AskModel) -> None:
        try:
            request = request_for(self._world.graph, self.state, step)
        except OrchestrateError as error:
            self._settle("failed", f"the instructions of {step.agent.name!r} can't be rendered: {error}")
            return
        asked = ModelAsked(**self._now(), agent=step.agent.name, model=step.agent.model.name)
        self._todo.append(Begin(asked, lambda: self._ask_model(acts, request)))

    def _ask_model(self, acts: Acts, request: ModelRequest) -> None:
        def take(act: Act, item: object) -> None:
            match item:
                case TextDelta(text=text):
                    self._shown += text
                    self._todo.append(item)
                case ToolAnnounced():
                    self._todo.append(item)
                case ModelResponse():
                    acts.end(act)
                    self._respond(item)
                case Failed(detail):
                    acts.end(act)
                    self._fail(acts, detail)
                case _:
                    assert_report(item)

        acts.start("model", lambda act: ask_model(self._world.client, request, act), take)

    def _fail(self, acts: Acts, detail: str) -> None:
        if self._closing is None:  # else the run ends for another reason already
            self._wind_up(acts, "failed", detail)

    def _respond(self, response: ModelResponse) -> None:
        self._shown = ""
        calls = mint(response.tool_calls, self.state.call_ids)
        message = AssistantMessage(response.content or None, calls)
        self._todo.append(ModelResponded(**self._now(), message=message, finish=response.finish, usage=response.usage))

    # ---- tools

    def _begin_next_tool(self, acts: Acts) -> None:
        if self._queue:
            slot = self._queue.popleft()
            started = ToolStarted(**self._now(), call_id=slot.call.id, effects=self._tool(slot).effects)
            self._todo.append(Begin(started, lambda: self._call_tool(acts, slot)))

    def _call_tool(self, acts: Acts, slot: Slot) -> None:
        tool, graph, variables = self._tool(slot), self._world.graph, self._wave
        seconds = graph.limits.tool_seconds if tool.timeout is None else tool.timeout

        def take(act: Act, item: object) -> None:
            match item:
                case Progress(text):
                    self._todo.append(ToolProgress(call_id=slot.call.id, text=text))
                case Asked():
                    self._ask_person(acts, act, slot, item)
                case Outcome():
                    acts.end(act)
                    self._finish_tool(slot, judge_handoff(graph, self.state, item, variables))
                    self._begin_next_tool(acts)
                case TimedOut():
                    acts.end(act)
                    late = f"Error: timed out after {seconds:g} s; it is not known whether it took effect"
                    self._finish_tool(slot, Outcome(late, error=True))
                    self._begin_next_tool(acts)
                case _:
                    assert_report(item)

        acts.start(
            f"tool {tool.name}",
            lambda act: call_tool(tool, slot.call, context_for(graph, self.state, slot.call, variables, act), act),
            take,
            seconds,
        )

    def _finish_tool(self, slot: Slot, outcome: Outcome) -> None:
        finished = ToolFinished(
            **self._now(),
            call_id=slot.call.id,
            content=cut(outcome.content, self._world.graph.limits.result_chars),
            error=outcome.error,
            variables=dict(outcome.variables),
            handoff=outcome.handoff,
            end=outcome.end,
        )
        self._todo.append(finished)

    def _tool(self, slot: Slot) -> Tool:
        return self._world.graph.agents[self.state.agent].tools_by_name[slot.call.name]

    # ---- the person

    def _ask_person(self, acts: Acts, act: Act, slot: Slot, asked: Asked) -> None:
        """A tool has a question. Its clock stands still; questions are put one at a time."""
        act.hold()
        act.on_end.append(asked.answer.cancel)
        self._questions.append((act, slot, asked))
        event = QuestionAsked(**self._now(), call_id=slot.call.id, question=asked.question)
        self._todo.append(Begin(event, lambda: self._next_question(acts)))

    def _next_question(self, acts: Acts) -> None:
        if self._person_busy or not self._questions:
            return
        asker, slot, asked = self._questions.popleft()
        question = Question(self.state.agent, slot.call.name, asked.question)
        person = self._world.person

        async def work(act: Act) -> None:
            try:
                act.report(await person.ask(question) if person else NobodyToAsk("there is no person to ask"))
            except Exception as error:  # noqa: BLE001 - it is the tool's to handle
                act.report(error)

        def take(act: Act, item: object) -> None:
            acts.end(act)
            self._person_busy = False
            self._hear(acts, asker, slot, asked, item)

        self._person_busy = True
        acts.start("question", work, take)

    def _hear(self, acts: Acts, asker: Act, slot: Slot, asked: Asked, item: object) -> None:
        def go_on() -> None:
            release(asked.answer, item if isinstance(item, str | Exception) else str(item))
            asker.go_on()
            self._next_question(acts)

        if item is None:
            self._over = True  # paused: nobody is there now, the run can be resumed
        elif isinstance(item, Exception):
            go_on()
        else:
            answered = QuestionAnswered(**self._now(), call_id=slot.call.id, answer=str(item))
            self._todo.append(Begin(answered, go_on))

    def _begin_approval(self, acts: Acts, slots: Sequence[Slot]) -> None:
        unjudged = [slot for slot in slots if not slot.requested]
        if not unjudged:
            self._request_approval(acts, slots[0])
            return
        calls = [(self._tool(slot), slot.call) for slot in unjudged]

        def take(act: Act, item: object) -> None:
            if isinstance(item, approvals.Ruled):
                acts.end(act)
                self._todo.extend(approvals.ruled(self.state, item, self._world.clock()))

        acts.start("rules", lambda act: approvals.judge(self._world.graph, self.state, calls, act), take)

    def _request_approval(self, acts: Acts, slot: Slot) -> None:
        person = self._world.person
        request = ApprovalRequest(self.state.agent, slot.call)

        def take(act: Act, item: object) -> None:
            acts.end(act)
            if isinstance(item, Verdict):
                self._todo.extend(approvals.given(self.state, slot, item, self._world.clock()))
            else:
                self._over = True  # paused

        acts.start("approval", lambda act: approvals.request(person, request, act), take)

    # ---- the end

    def _seconds_left(self) -> float | None:
        """Until ``limits.seconds`` is used up; None without that limit, and while a person is thinking."""
        limit = self._world.graph.limits.seconds
        if (
            limit is None
            or self._person_busy
            or (self.state.open and not any(s.started for s in self.state.open.slots))
        ):
            return None
        return limit - self.state.counters.seconds - (self._world.clock() - self.state.at)

    def _wind_up(self, acts: Acts, status: Status, detail: str = "") -> None:
        """Keep what is in already and the text that was shown, then close the run."""
        self._closing = (status, detail)
        acts.take_all()
        if self._shown:
            message = AssistantMessage(self._shown)
            self._todo.append(ModelResponded(**self._now(), message=message, finish="length"))

    def _settle(self, status: Status, detail: str) -> None:
        self._todo.extend(settle(self.state, status, at=self._world.clock(), detail=detail))
        self._over = True

    def _now(self) -> Stamp:
        return {"run_id": self.state.run_id, "at": self._world.clock()}


def assert_report(item: object) -> NoReturn:
    """An act reported what nobody expects of it: a bug of ours."""
    raise AssertionError(f"unexpected report: {item!r}")
