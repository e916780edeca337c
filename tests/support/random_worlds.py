"""A whole world from one number: a graph, a model, a person, what its user says and what happens to its runs.

Model and person decide by what they see and by the number, never by a count that a resumed run would shift: a run that
is cut and resumed ends as an uncrashed one would.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Protocol

from orchestrator.agents import Agent, AgentGraph, Edge, Limits, Variable
from orchestrator.clients.wire import body_of
from orchestrator.errors import ModelError, NobodyToAsk
from orchestrator.events import Event, ModelAsked, ModelResponded, TextDelta, ToolAnnounced, ToolStarted
from orchestrator.messages import ToolCall, Usage
from orchestrator.model import Model, NamedFunction, ToolChoice
from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse
from orchestrator.runner import ApprovalRequest, Question, Verdict
from orchestrator.tools import Approval, Effects, End, FunctionSchema, Handoff, Result, Tool, ToolContext, in_thread
from tests.support.chat_rules import faults, house_faults
from tests.support.fakes import Routine, tool_of

Values = Mapping[str, Any]

GUARDS: Mapping[str, Callable[[Values], bool]] = {
    "ok": lambda v: v["ok"],
    "not ok": lambda v: not v["ok"],
    "stage > 0": lambda v: v["stage"] > 0,
    "stage < 2": lambda v: v["stage"] < 2,
    "word == 'b'": lambda v: v["word"] == "b",
    "ok or word == 'a'": lambda v: v["ok"] or v["word"] == "a",
    "absent": lambda v: False,
    "12 / stage > 7": lambda v: v["stage"] == 1,
}
DOES = {
    "say": 5, "echo": 5, "set": 16, "result": 4, "fail": 3, "hang": 2, "late": 2, "handoff": 5, "end": 2, "exit": 1,
    "cancel": 1, "cancel_task": 1, "ask": 4, "impatient": 1, "odd": 1, "stray": 1, "progress": 1, "clean": 2,
}  # fmt: skip
SYNC = ("say", "echo", "set", "result", "fail", "handoff", "end", "exit", "progress")
NIGHT = 30_000.0


class Broken(Exception):  # noqa: N818 - what it is
    """A tool that fails on purpose."""


@dataclass(frozen=True)
class Plan:
    """What a tool is and does."""

    name: str
    does: str
    effects: Effects
    approval: Approval
    requires: str | None
    timeout: float | None
    sequential: bool
    threaded: bool
    seconds: float
    variable: str
    target: str


async def _async_shape(context: ToolContext, x: int = 0) -> object:
    return x


def _sync_shape(context: ToolContext, x: int = 0) -> object:
    return x


_SHAPES = {True: tool_of(_sync_shape), False: tool_of(_async_shape)}


def rule_of(arguments: Values, context: ToolContext) -> bool | str:
    """A rule of approval: 0 runs, 3 is refused, 2 raises while not ``ok``, the rest is asked."""
    match arguments.get("x", 0):
        case 0:
            return False
        case 3:
            return "three is too many"
        case 2 if not context.variables["ok"]:
            raise Broken("the rule is not ready")
        case _:
            return True


class Book(Protocol):
    """Who keeps the law over a life: it is told what happens, in the order in which it happens."""

    def tool_entered(self, plan: Plan, context: ToolContext) -> None: ...
    def tool_left(self, call_id: str) -> None: ...
    def model_called(self, request: ModelRequest, refused: Sequence[str]) -> None: ...
    def person_called(self, request: ApprovalRequest) -> None: ...
    def person_said(self, call_id: str, verdict: Verdict) -> None: ...
    def script_failed(self) -> None: ...
    def questions_paused(self) -> None: ...
    @property
    def answered(self) -> int:
        """How many replies of the model the store holds."""
        ...

    @property
    def length(self) -> int:
        """How many events the store holds."""
        ...


@dataclass
class World:
    """What one number makes. ``book`` is the book of the life that is being lived."""

    seed: int
    book: Book = field(init=False)
    paused: dict[str, int] = field(default_factory=dict)  # what was put off, and how long the log was then
    spent: float = 0.0  # seconds that the person took

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.names = list("abcde")[: self.rng.choice((1, 2, 2, 3, 3, 4, 5))]
        self.plans = {plan.name: plan for plan in (self._plan(f"t{number}") for number in range(7))}
        self.limits = self._limits()
        agents = [self._agent(name) for name in self.names]
        variables = (
            Variable("ok", "boolean", self.rng.random() < 0.5),
            Variable("stage", "integer", self.rng.choice((0, 1, 2))),
            Variable("word", "string", "a", enum=("a", "b", "c")),
        )
        self.graph = AgentGraph.of(*agents, variables=variables, limits=self.limits)
        self.nobody = self.rng.random() < 0.06
        self.turns = self.rng.choice((1, 1, 2, 3))
        self.storing = self.rng.choice((0.0, 0.0, 0.0, 0.125))  # seconds that the store takes for an event
        self.chatty = self.rng.choice((0.04, 0.1, 0.25))

    def random(self, *what: object) -> Random:
        """Chances that depend on the number and on what is seen, and on nothing else."""
        return Random("|".join(map(str, (self.seed, *what))))

    def _chance(self, likely: float) -> bool:
        return self.rng.random() < likely

    def _guard(self, likely: float) -> str | None:
        return self.rng.choice(list(GUARDS)) if self._chance(likely) else None

    def _plan(self, name: str) -> Plan:
        rng = self.rng
        does = rng.choices(list(DOES), list(DOES.values()))[0]
        approval: Approval = rng.choice(("always", rule_of, rule_of)) if self._chance(0.35) else "never"
        return Plan(
            name,
            does,
            effects=rng.choice(("read", "keyed", "once")),
            approval=approval,
            requires=self._guard(0.4),
            timeout=rng.choice((0.5, 4.0)) if self._chance(0.2) else None,
            sequential=self._chance(0.25),
            threaded=does in SYNC and self._chance(0.25),
            seconds=rng.choice((0.0, 0.0, 0.25, 0.25, 0.75, 1.5)),
            variable=rng.choice(("ok", "stage", "stage", "word")),
            target=rng.choice((*self.names, *self.names, "zz")),
        )

    def _limits(self) -> Limits:
        rng = self.rng
        return Limits(
            model_calls=rng.choice((2, 4, 8, 12, 20)),
            handoffs=rng.choice((0, 1, 3, 6, 10)),
            tool_calls=rng.choice((2, 6, 12, 30, 30)),
            repeats=rng.choice((2, 3, 4, 6, 9)),
            tool_seconds=rng.choice((1.0, 2.0)),
            result_chars=rng.choice((40, 500, 500)),
            parallel_tools=rng.choice((1, 2, 3, 8)),
            tokens=rng.choice((None, None, None, None, 40, 90)),
            seconds=rng.choice((None, None, None, None, 2.0, 6.0)),
        )

    def _agent(self, name: str) -> Agent:
        rng = self.rng
        tools = tuple(map(self._tool, rng.sample(list(self.plans.values()), rng.choice((0, 2, 3, 4, 5, 6)))))
        edges = tuple(self._edge(other) for other in self.names if other != name and self._chance(0.65))
        choice: ToolChoice | NamedFunction = rng.choice(("required", "none", "auto")) if self._chance(0.25) else "auto"
        functions = [one.name for one in tools] + [one.function_name for one in edges]
        if functions and self._chance(0.12):
            choice = NamedFunction(rng.choice(functions))
        parallel = rng.choice((None, None, True, False))
        says = Routine("Be {word}, {stage}, {ok}.")
        return Agent(name, self._model(name), says, "", "", tools, edges, choice, parallel)

    def _model(self, name: str) -> Model:
        """An agent's model. Those that fall back may share the one that they fall back to, and what it has failed."""
        fallback = tuple(Model(f"other-{n}") for n in range(self.rng.choice((0, 0, 1, 2))))
        return Model(f"model-of-{name}", fallback=fallback, history=self.rng.choice((None, None, 40, 120)))

    def _edge(self, target: str) -> Edge:
        at_most = self.rng.choice((1, 2)) if self._chance(0.25) else None
        return Edge(target, "", self._guard(0.25), at_most, for_one_turn=self._chance(0.3))

    # ---- tools

    def _tool(self, plan: Plan) -> Tool:
        shape = _SHAPES[plan.threaded]

        async def invoke(arguments: Values, context: ToolContext) -> object:
            self.book.tool_entered(plan, context)
            try:
                if plan.threaded:
                    return await in_thread(lambda: plain(plan, arguments.get("x", 0), context), plan.name)
                return await act(plan, arguments.get("x", 0), context)
            finally:
                self.book.tool_left(context.call_id)

        return replace(
            shape,
            schema=FunctionSchema(plan.name, "", shape.schema.parameters),
            invoke=invoke,
            approval=plan.approval,
            requires=plan.requires,
            timeout=plan.timeout,
            effects=plan.effects,
            sequential=plan.sequential,
        )

    # ---- the model

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """The world is its own model. It sees the request, and how many replies the store holds."""
        body = body_of(request)
        read = json.loads(body)
        self.book.model_called(request, [*faults(read), *house_faults(read)])
        rng = self.random("model", self.book.answered, body.decode())
        reply = self._reply(rng, request)
        pause = rng.choice((0.0, 0.0, 0.25))
        await asyncio.sleep(rng.choice((0.0, 0.0, 0.25, 1.0)))
        for word in (reply.content or "").split():
            yield TextDelta(text=word)
            await asyncio.sleep(pause)
        for index, call in enumerate(reply.tool_calls):
            yield ToolAnnounced(index=index, name=call.name)
        match rng.randrange(150):
            case 0 | 1 | 8 | 9:
                self.book.script_failed()
                too_long = ModelError("too long", kind="context_length")
                raise rng.choice((ModelError("overloaded"), Broken("a bug of the client"), too_long, too_long))
            case 2:
                self.book.script_failed()
            case number if number < 8 and self.limits.seconds:
                await asyncio.Event().wait()
            case _:
                yield reply

    def _reply(self, rng: Random, request: ModelRequest) -> ModelResponse:
        usage = Usage(rng.randrange(12), rng.randrange(3))
        text = " ".join(rng.choices(("well", "yes", "\ud800", "done"), k=rng.randrange(1, 5)))
        chosen = rng.random()
        if chosen < 0.06:
            return ModelResponse(rng.choice((None, "")), usage=usage)
        if chosen < 0.06 + self.chatty:
            finish = rng.choices(("stop", "length", "content_filter", "refusal"), (40, 1, 1, 1))[0]
            return ModelResponse(text, (), finish, usage)  # type: ignore[arg-type]  # one of Finish
        calls = [self._call(rng, request) for _ in range(rng.choice((1, 1, 2, 3, 4)))]
        if rng.random() < 0.2:
            calls.append(replace(rng.choice(calls), id=rng.choice(("", calls[0].id))))
        rng.shuffle(calls)
        finish = rng.choices(("stop", "length", "content_filter", "refusal"), (50, 1, 1, 1))[0]
        return ModelResponse(text if rng.random() < 0.2 else None, tuple(calls), finish, usage)  # type: ignore[arg-type]

    def _call(self, rng: Random, request: ModelRequest) -> ToolCall:
        agent = self.graph.agents[request.agent]
        offered = [function.name for function in request.functions]
        has = [one.name for one in agent.tools] or ["t0"]
        may = [one.function_name for one in agent.edges] or ["transfer_to_a"]
        strange = ["nope", "", "functions.t1", "T1", "t1", "transfer_to_zz", "transfer_to_a", "transfer_to_b", "ü" * 70]
        name = rng.choice(rng.choices((offered or strange, has, may, strange), (55, 25, 12, 8))[0])
        good = json.dumps({"x": rng.randrange(4)})
        bad = ["[]", '{"x":', '{"y": 1}', '{"x": true}', '{"x": NaN}', '{"x": 1, "x": 2}', "nothing", '{"x": "\ud800"}']
        fair = ["", "null", "{}", '{"x": "2"}', '{"x": 1.0}']
        arguments = good if rng.random() < 0.8 else rng.choice((*fair, *bad))
        identity = rng.choices(("", f"id_{rng.randrange(10**9)}", "same", "call_3"), (60, 20, 15, 5))[0]
        return ToolCall(identity, name, arguments)

    # ---- the person

    async def approve(self, request: ApprovalRequest) -> Verdict | None:
        """The world is its own person. It decides by the call, and goes away at most once for each."""
        self.book.person_called(request)
        call, agent = request.call, request.agent
        rng = self.random("approve", agent, call.id, call.name, call.arguments)
        await self._think(rng)
        if rng.random() < 0.12 and call.id not in self.paused:
            self.paused[call.id] = self.book.length
            return None
        if rng.random() < 0.04:
            raise EOFError("nobody reads this")
        verdict: Any = rng.choices(("granted", "always", "denied"), (4, 4, 2))[0]
        edited = rng.choice(('{"x": 1}', '{"x": 2}', "{}", '{"x": "no"}')) if rng.random() < 0.2 else None
        said = Verdict(verdict, "because", edited)
        self.book.person_said(call.id, said)
        return said

    async def _think(self, rng: Random) -> None:
        seconds = rng.choice((0.0, 0.0, 0.25, 1.0, NIGHT))
        self.spent += seconds
        await asyncio.sleep(seconds)

    async def ask(self, question: Question) -> str | None:
        """The answer to a tool's question, which holds the id of its call."""
        rng = self.random("ask", question.text)
        await self._think(rng)
        if rng.random() < 0.15 and question.text not in self.paused:
            self.paused[question.text] = self.book.length
            self.book.questions_paused()
            return None
        if rng.random() < 0.1:
            raise NobodyToAsk("gone")
        return rng.choice(("Ada", "Bob"))


async def act(plan: Plan, x: int, context: ToolContext) -> object:
    """What an asynchronous tool does."""
    await asyncio.sleep(plan.seconds)
    match plan.does:
        case "hang":
            await asyncio.Event().wait()
        case "late" | "clean":
            try:
                await asyncio.sleep(5)
            finally:
                await asyncio.sleep(0.25)  # its clean-up
                if plan.does == "late":
                    context.emit("late")
                    return "late"  # noqa: B012 - a tool may swallow its cancellation
        case "ask":
            return f"it is {await context.ask_async(f'{context.call_id}: who?')}"
        case "impatient":
            try:
                return await asyncio.wait_for(context.ask_async(f"{context.call_id}: quick?"), 0.5)
            except TimeoutError:
                return "gave up"
        case "cancel":
            raise asyncio.CancelledError
        case "cancel_task":
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
        case _:
            pass
    return plain(plan, x, context)


def plain(plan: Plan, x: int, context: ToolContext) -> object:
    """What any tool does, once its time is over."""
    value = {"ok": x % 2 == 0, "stage": x % 3, "word": "abca"[x]}[plan.variable]
    match plan.does:
        case "echo":
            return f"{plan.name} {x}"
        case "set":
            context.set(plan.variable, value)
            return "set"
        case "result":
            target = plan.target if x == 1 else None
            return Result({"x": x}, handoff=target, variables={plan.variable: value})
        case "fail":
            context.set(plan.variable, value)
            raise Broken(f"{x} \ud800")
        case "handoff":
            return Handoff(plan.target)
        case "end":
            return End(f"end {x}")
        case "exit":
            raise SystemExit((None, 0, 1, "good bye")[x])
        case "odd":
            return object()
        case "stray":
            context.set("nope", 1)
        case "progress":
            context.emit("half\ud800")
        case _:
            pass
    return "said"


@dataclass(frozen=True)
class Trouble:
    """What happens to a run: ``kind`` at the nth event of ``when``, so many seconds later."""

    kind: str
    when: type[Event] | None = None
    count: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, rng: Random) -> "Trouble":
        """Some trouble, or none."""
        kind = rng.choices(("none", "cancel", "task", "close", "crash"), (36, 20, 18, 13, 13))[0]
        when: Any = rng.choice((None, None, *[ToolStarted] * 6, ModelAsked, ModelResponded, TextDelta))
        count = rng.randrange(1, 12 if when is None else 4)
        return cls(kind, when, count, rng.choice((0.0, 0.0625, 0.0625, 0.25)))

    def at(self, seen: Counter[type[Event]], event: Event) -> bool:
        """Whether it happens now, behind this event."""
        passed = seen.total() if self.when is None else seen[self.when] * isinstance(event, self.when)
        return self.kind != "none" and passed == self.count
