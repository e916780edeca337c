"""The loop. It asks ``next_step`` what to do, hands out the event that announces it, begins the act when the consumer
has taken that event, and waits at one place for what comes back.

An event is folded as it is handed out: what a store has not seen has not begun.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Literal, NoReturn, assert_never

from orchestrator.closing import settle
from orchestrator.errors import NobodyToAsk, OrchestrateError
from orchestrator.events import (
    Event,
    FellBack,
    HandedOff,
    HistoryTrimmed,
    LiveEvent,
    ModelAsked,
    ModelResponded,
    ModelRestarted,
    RecordedEvent,
    Retrying,
    RunFinished,
    Stamp,
    Status,
    TextDelta,
    ToolAnnounced,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)
from orchestrator.messages import AssistantMessage, storable
from orchestrator.model import Model
from orchestrator.model_client import ModelRequest, ModelResponse
from orchestrator.runner import approvals
from orchestrator.runner.acts import Act, Acts, Begin, TimedOut
from orchestrator.runner.calls import (
    Asked,
    Failed,
    Progress,
    Withdrawn,
    ask_model,
    broken_model,
    broken_tool,
    call_tool,
    context_for,
    cut,
    mint,
    release,
    request_for,
)
from orchestrator.runner.hiding import veiled
from orchestrator.runner.person import ApprovalRequest, Verdict
from orchestrator.runner.questions import Questions
from orchestrator.runner.world import World
from orchestrator.state import Slot, State, apply
from orchestrator.step import (
    Answer,
    AskApproval,
    AskModel,
    CallTools,
    Fall,
    Finish,
    Transfer,
    Trim,
    after_failure,
    judge_handoff,
    next_step,
)
from orchestrator.tools import Outcome, Tool


class Engine:
    """Runs one run. ``events`` is to be called once."""

    def __init__(self, world: World, state: State, opening: Sequence[RecordedEvent]) -> None:
        self.state = state
        self._world = world
        self._todo: deque[Event | Begin] = deque(opening)
        self._queue: deque[Slot] = deque()  # calls of the wave that wait for a free place
        self._wave: Mapping[str, object] = {}  # the variables that the wave sees
        self._shown: list[str] = []  # text of the reply that is streaming
        self._closing: tuple[Status, str] | None = None
        self._cancelled = False
        self._pausing = False
        self._over = False
        self._acts: Acts | None = None

    def cancel(self) -> None:
        """Make the run wind up."""
        self._cancelled = True
        if self._acts is not None:
            self._acts.wake()

    async def events(self) -> AsyncGenerator[Event, None]:
        """The events, until the run is finished or pauses."""
        self._acts = acts = Acts()
        questions = Questions(acts, self._world.person, self._todo.append, self._pause, self._now)
        try:
            while (item := await self._next(acts, questions)) is not None:
                event = item.event if isinstance(item, Begin) else item
                if isinstance(event, RunFinished):
                    await acts.stop()  # the last word comes when nothing is under way any more
                yield self._hand_out(event)
                if isinstance(item, Begin) and not self._stopping:
                    item.act()
        finally:
            await acts.stop()

    async def _next(self, acts: Acts, questions: Questions) -> Event | Begin | None:
        """What to hand out next; None at the end. What was not announced before the run began to stop is not begun."""
        while self._todo or not self._over:
            if not self._todo:
                await self._advance(acts, questions)
            elif not (isinstance(item := self._todo.popleft(), Begin) and self._stopping):
                return item
        return None

    def _hand_out(self, event: Event) -> Event:
        if not isinstance(event, LiveEvent):
            self.state = apply(self.state, event)
        return event

    @property
    def _stopping(self) -> bool:
        return self._cancelled or self._pausing or self._closing is not None

    async def _advance(self, acts: Acts, questions: Questions) -> None:
        """One step: close, wind up, decide, or wait for what is under way."""
        if self._closing is not None:
            self._settle(*self._closing)
        elif self._cancelled:
            self._wind_up(acts, "cancelled")
        elif acts:
            questions.serve()
            if acts.take_ready():  # most pieces of a reply: a timer for each would cost more than all else
                return
            try:
                async with asyncio.timeout(self._seconds_left(questions)):
                    await acts.take_next()
            except TimeoutError:
                self._wind_up(acts, "limit", f"seconds: {self._world.graph.limits.seconds:g}")
        elif self._pausing:
            self._over = True
        else:
            self._decide(acts, questions)

    def _decide(self, acts: Acts, questions: Questions) -> None:
        step = next_step(self._world.graph, self.state)
        match step:
            case AskModel():
                self._begin_model(acts, step)
            case Trim():
                self._trim(step, "max_tokens")
            case Answer(errors):
                self._todo.extend(self._answered(call_id, text) for call_id, text in errors.items())
            case AskApproval(slots):
                self._begin_approval(acts, slots)
            case CallTools(slots, variables):
                self._queue.extend(slots)
                self._wave = variables
                for _ in range(self._world.graph.limits.parallel_tools):
                    self._begin_next_tool(acts, questions)
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

    def _answered(self, call_id: str, text: str) -> ToolFinished:
        """An error for a call that does not run, or whose handoff is no longer possible: that one keeps what it set."""
        slots = self.state.open.slots if self.state.open else ()
        before = [slot.result for slot in slots if slot.call.id == call_id and slot.result]
        variables = before[0].variables if before else {}
        return ToolFinished(**self._now(), call_id=call_id, content=text, error=True, variables=variables)

    # ---- the model

    def _begin_model(self, acts: Acts, step: AskModel) -> None:
        try:
            request = request_for(self._world.graph, self.state, step)
        except OrchestrateError as error:
            self._settle("failed", f"the instructions of {step.agent.name!r} can't be rendered: {error}")
            return
        asked = ModelAsked(**self._now(), agent=step.agent.name, model=step.model.name)
        self._todo.append(Begin(asked, lambda: self._ask_model(acts, request)))

    def _ask_model(self, acts: Acts, request: ModelRequest) -> None:
        def take(act: Act, item: object) -> None:
            match item:
                case TextDelta(text=text):
                    self._shown.append(storable(text))
                    self._todo.append(item if self._shown[-1] is text else TextDelta(text=self._shown[-1]))
                case ToolAnnounced(index=index, name=name):
                    self._todo.append(ToolAnnounced(index=index, name=storable(name)))
                case Retrying():
                    self._todo.append(item)
                case ModelRestarted():
                    self._shown.clear()
                    self._todo.append(item)
                case ModelResponse():
                    acts.end(act)
                    self._respond(item)
                case Failed():
                    acts.end(act)
                    self._fail(acts, request, item)
                case _:
                    unexpected(item)

        client = self._world.client
        acts.start("model", lambda act: ask_model(client, request, act), take, lambda e: broken_model(request, e))

    def _fail(self, acts: Acts, request: ModelRequest, failed: Failed) -> None:
        if self._closing is not None:  # the run ends for another reason already
            return
        step = after_failure(self._world.graph, self.state, failed.kind, failed.detail)
        match step:
            case Fall(model):
                self._restart(model, failed.detail)
                fell = FellBack(**self._now(), from_model=request.model.name, to_model=model.name, reason=failed.detail)
                self._todo.append(fell)
            case Trim():
                self._restart(request.model, failed.detail)
                self._trim(step, "context_length")
            case Finish(status, detail):
                self._wind_up(acts, status, detail)
            case _:
                assert_never(step)

    def _restart(self, model: Model, reason: str) -> None:
        """Text that was shown of a reply which failed is void, so that nobody sees it twice."""
        if self._shown:
            self._shown.clear()
            self._todo.append(ModelRestarted(model=model.name, reason=reason))

    def _trim(self, step: Trim, reason: Literal["max_tokens", "context_length"]) -> None:
        trimmed = HistoryTrimmed(**self._now(), messages=step.messages, tokens=step.tokens, reason=reason)
        self._todo.append(trimmed)

    def _respond(self, response: ModelResponse) -> None:
        self._shown.clear()
        calls = mint(response.tool_calls, self.state.call_ids)
        message = AssistantMessage(storable(response.content or "") or None, calls)
        self._todo.append(ModelResponded(**self._now(), message=message, finish=response.finish, usage=response.usage))

    # ---- tools

    def _begin_next_tool(self, acts: Acts, questions: Questions) -> None:
        if self._queue:
            slot = self._queue.popleft()
            started = ToolStarted(**self._now(), call_id=slot.call.id, effects=self._tool(slot).effects)
            self._todo.append(Begin(started, lambda: self._call_tool(acts, questions, slot)))

    def _call_tool(self, acts: Acts, questions: Questions, slot: Slot) -> None:
        tool, graph, variables = self._tool(slot), self._world.graph, self._wave
        seen = {**variables, **self._world.secrets}
        seconds = graph.limits.tool_seconds if tool.timeout is None else tool.timeout

        def done(outcome: Outcome) -> None:
            self._finish_tool(slot, judge_handoff(graph, self.state, outcome, variables))
            self._begin_next_tool(acts, questions)

        def take(act: Act, item: object) -> None:
            match veiled(item, self._world.veil):
                case Progress(text):
                    self._todo.append(ToolProgress(call_id=slot.call.id, text=text))
                case Asked() as asked:
                    questions.put(act, slot.call, self.state.agent, asked)
                case Withdrawn(asked):
                    questions.withdraw(asked)
                case Outcome() as outcome:
                    acts.end(act)
                    done(outcome)
                case TimedOut():
                    acts.drop(act)
                    late = f"Error: timed out after {seconds:g} s; it is not known whether it took effect"
                    done(Outcome(late, error=True))
                case _:
                    unexpected(item)

        acts.start(
            f"tool {tool.name}",
            lambda act: call_tool(tool, slot.call, context_for(graph, self.state, slot.call, seen, act), act),
            take,
            lambda error: broken_tool(tool, error),
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

    # ---- approvals

    def _begin_approval(self, acts: Acts, slots: Sequence[Slot]) -> None:
        settled = approvals.settled(self.state, slots, self._world.clock())
        unjudged = [(self._tool(slot), slot.call) for slot in slots if not slot.requested]
        if settled:
            self._todo.extend(settled)
        elif unjudged:
            self._judge(acts, unjudged)
        else:
            self._request_approval(acts, slots[0])

    def _judge(self, acts: Acts, calls: approvals.Calls) -> None:
        def take(act: Act, item: object) -> None:
            if isinstance(item, approvals.Ruled):
                acts.end(act)
                rulings = veiled(item, self._world.veil)
                self._todo.extend(approvals.ruled(self.state, rulings, self._world.clock()))
            elif isinstance(item, Asked):
                release(item.answer, NobodyToAsk("a rule of approval asks by giving true"))

        world, state = self._world, self.state
        acts.start(
            "rules of approval",
            lambda act: approvals.judge(world.graph, state, calls, act),
            take,
            lambda error: approvals.broken_rules(calls, error),
        )

    def _request_approval(self, acts: Acts, slot: Slot) -> None:
        person, request = self._world.person, ApprovalRequest(self.state.agent, slot.call)

        def take(act: Act, item: object) -> None:
            acts.end(act)
            if item is None:
                self._pause()
            else:
                verdict = item if isinstance(item, Verdict) else approvals.no_verdict(item)
                self._todo.extend(approvals.given(self.state, slot, verdict, self._world.clock()))

        acts.start("approval", lambda act: approvals.request(person, request, act), take, approvals.broken_person)

    # ---- the end

    def _seconds_left(self, questions: Questions) -> float | None:
        """Until ``limits.seconds`` is used up; None without that limit, and while a person is thinking."""
        limit = self._world.graph.limits.seconds
        if limit is None or questions.asking or self.state.waiting:
            return None
        return limit - self.state.counters.seconds - (self._world.clock() - self.state.at)

    def _pause(self) -> None:
        """Nobody is there now: what is under way ends, nothing new begins, and the run can be resumed."""
        self._pausing = True

    def _wind_up(self, acts: Acts, status: Status, detail: str = "") -> None:
        """Keep what is in already and the text that was shown, then close the run."""
        self._closing = (status, detail)
        acts.take_all()
        if self._shown:
            message = AssistantMessage("".join(self._shown))
            self._todo.append(ModelResponded(**self._now(), message=message, finish="length"))

    def _settle(self, status: Status, detail: str) -> None:
        self._todo.extend(settle(self.state, status, at=self._world.clock(), detail=storable(detail)))
        self._over = True

    def _now(self) -> Stamp:
        return {"run_id": self.state.run_id, "at": self._world.clock()}


def unexpected(item: object) -> NoReturn:
    """An act reported what nobody expects of it: a bug of ours."""
    raise AssertionError(f"unexpected report: {item!r}")
