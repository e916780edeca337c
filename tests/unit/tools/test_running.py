"""Groups 8, 13, 23 and 25 at run time: context, questions, time-outs, and what is built only once."""

import asyncio
import contextvars
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from types import FrameType

import pytest

from orchestrator.clients.wire import body_of
from orchestrator.errors import VariableError
from orchestrator.events import ToolFinished, ToolProgress
from orchestrator.messages import ToolCall
from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse
from orchestrator.runner import Runner
from orchestrator.tools import End, Options, Tool, ToolContext, tool, tools_ask_the_person
from tests.support.fakes import FakePerson, Session, agent, call, calls, graph, say, tool_of


async def test_group_23_variables_are_read_and_set_with_their_type() -> None:
    def change(context: ToolContext, name: str, value: int | str) -> str:
        before = context.variables[name]
        context.set(name, value)
        return f"{before} -> {context.variables[name]}"

    agents = graph(agent("a", change), variables={"count": 1, "name": "Ann"})
    right, wrong = call("change", {"name": "count", "value": 5}), call("change", {"name": "name", "value": 5})
    session = await Session(agents, calls(right), calls(wrong), say("done")).say()
    assert session.answers() == ["1 -> 5", "Error: VariableError: variable 'name' is of type string, not 5"]
    assert session.state.variables == {"count": 5, "name": "Ann"}


def test_group_23_the_variables_of_a_context_are_read_only() -> None:
    context = ToolContext({"a": 1})
    with pytest.raises(TypeError):
        context.variables["a"] = 2  # type: ignore[index]  # the case
    context.set("a", 2)
    assert (context.variables, context.changes) == ({"a": 2}, {"a": 2})


async def test_group_23_ids_and_the_idempotency_key() -> None:
    def tell(context: ToolContext) -> list[str]:
        return [context.agent, context.session_id, context.run_id, context.call_id, context.idempotency_key]

    session = Session(graph(agent("a", tell)), calls(call("tell", identity="x")), say("done"), calls("tell"), say("."))
    await session.say()
    await session.say()
    first, second = (json.loads(answer) for answer in session.answers())
    assert first == ["a", "session", "run_1", "x", "session:run_1:x"]
    assert second[2:] == ["run_2", second[3], f"session:run_2:{second[3]}"]


@pytest.mark.parametrize("asynchronous", [True, False])
async def test_group_23_progress_is_shown_in_order(asynchronous: bool) -> None:
    def work(context: ToolContext) -> str:
        context.emit("half")
        context.emit("nearly")
        return "done"

    async def work_later(context: ToolContext) -> str:
        return work(context)

    made = tool_of(work_later if asynchronous else work, name="work")
    session = await Session(graph(agent("a", made)), calls("work"), say("done")).say()
    assert [event.text for event in session.of(ToolProgress)] == ["half", "nearly"]


async def test_group_23_a_tool_asks_the_person() -> None:
    def ask(context: ToolContext) -> str:
        return f"{context.ask('Name?')} {context.ask('Age?')}"

    async def ask_later(context: ToolContext) -> str:
        return f"{await context.ask_async('Town?')}"

    async def ask_wrongly(context: ToolContext) -> str:
        return context.ask("Never?")

    person = FakePerson(["Ann", "40", "Ulm"])
    agents = graph(agent("a", ask, ask_later, ask_wrongly))
    session = Session(agents, calls("ask"), calls("ask_later"), calls("ask_wrongly"), say("done"), person=person)
    await session.say()
    assert session.answers()[:2] == ["Ann 40", "Ulm"]
    assert "use `await context.ask_async(...)`" in session.answers()[2]
    assert [question.text for question in person.questions] == ["Name?", "Age?", "Town?"]


async def test_group_23_nobody_to_ask() -> None:
    def ask(context: ToolContext) -> str:
        return context.ask("Name?")

    session = await Session(graph(agent("a", ask)), calls("ask"), say("done")).say()
    assert session.answers() == ["Error: NobodyToAsk: there is no person to ask"]
    outcome = await Tool.from_function(ask).call("", ToolContext())
    assert outcome.content == "Error: RuntimeError: nobody is there to answer 'Name?'"


async def test_group_23_plain_input_asks_the_person() -> None:
    def old(question: str) -> str:
        return f"{input(question)} {sys.stdin.readline()!r}"

    person = FakePerson(["Ann", "more"])
    session = Session(graph(agent("a", old)), calls(call("old", {"question": "Name?"})), say("done"), person=person)
    with tools_ask_the_person():
        await session.say()
    assert session.answers() == ["Ann 'more\\n'"]
    assert [question.text for question in person.questions] == ["Name?", ""]


async def test_group_23_input_outside_of_a_tool_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("mine\n"))
    before = input
    with tools_ask_the_person():
        await Tool.from_function(lambda: None, Options(name="quiet")).call("", ToolContext())
        assert sys.stdin.readline() == "mine\n"
    assert input is before


async def test_group_23_a_tool_is_told_that_nobody_waits() -> None:
    stopped = threading.Event()

    def work(context: ToolContext) -> None:
        while not context.cancelled:
            time.sleep(0.01)
        stopped.set()

    session = await Session(graph(agent("a", tool_of(work, timeout=0.1))), calls("work"), say("done")).say()
    assert session.answers() == ["Error: timed out after 0.1 s; it is not known whether it took effect"]
    assert await asyncio.to_thread(stopped.wait, 5)


# ---- group 13


async def test_group_13_a_synchronous_tool_does_not_block_the_loop() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    outcome = await Tool.from_function(lambda: time.sleep(0.3), Options(name="work")).call("", ToolContext())
    ticking.cancel()
    assert outcome.content == "null"
    assert ticks > 5


@pytest.mark.parametrize("asynchronous", [True, False])
async def test_group_13_time_outs_and_late_results(asynchronous: bool) -> None:
    ended = threading.Event()

    def hang(context: ToolContext) -> End:
        time.sleep(0.4)
        ended.set()
        return End("too late")

    async def hang_later() -> str:
        await asyncio.sleep(60)
        return "too late"

    made = tool_of(hang_later if asynchronous else hang, name="hang", timeout=0.1)
    started = time.monotonic()
    session = await Session(graph(agent("a", made)), calls("hang"), say("done")).say()
    assert time.monotonic() - started < 2
    assert session.finished() == ["Error: timed out after 0.1 s; it is not known whether it took effect"]
    assert asynchronous or await asyncio.to_thread(ended.wait, 5)
    await asyncio.sleep(0.05)
    assert (session.status, len(session.of(ToolFinished))) == ("answered", 1)


async def test_group_13_a_time_out_of_the_graph_holds_where_the_tool_has_none() -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    session = await Session(graph(agent("a", hang), tool_seconds=0.1), calls("hang"), say("done")).say()
    assert "timed out after 0.1 s" in session.answers()[0]


async def test_group_25_context_variables_of_the_caller_are_seen() -> None:
    request = contextvars.ContextVar("request", default="none")
    request.set("mine")

    def look() -> str:
        found = request.get()
        request.set("changed")
        return found

    outcome = await Tool.from_function(look).call("", ToolContext())
    assert outcome.content == "mine"
    assert request.get() == "mine"


# ---- @tool


def test_group_25_the_decorator_leaves_the_function_as_it_is() -> None:
    @tool
    def plain(a: int) -> int:
        return a

    @tool(name="look", description="Look.", approval="always", timeout=2, effects="read", sequential=True)
    def find(a: int) -> int:
        """Find."""
        return a

    assert (plain(1), find(2)) == (1, 2)
    made = Tool.from_function(find)
    assert (made.name, made.schema.description, made.approval, made.timeout) == ("look", "Look.", "always", 2)
    assert (made.effects, made.sequential) == ("read", True)
    assert Tool.from_function(plain).approval == "never"


def test_group_25_a_variable_that_is_not_declared() -> None:
    context = ToolContext()
    context.set("anything", 1)  # in a test of a tool there is nothing to check against
    assert context.changes == {"anything": 1}
    assert issubclass(VariableError, Exception)


# ---- built and encoded once


class Asking:
    """A client that encodes every request, as the one for endpoints does, and calls one tool each time."""

    def __init__(self, times: int) -> None:
        self.requests: list[ModelRequest] = []
        self.sizes: list[int] = []
        self._times = times

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        self.requests.append(request)
        self.sizes.append(len(body_of(request)))
        number = len(self.requests)
        made = (ToolCall("", f"tool_{number}", '{"query": "x", "limit": 3}'),) if number <= self._times else ()
        yield ModelResponse(None if made else "done", made)


def made_tool(number: int) -> Tool:
    def find(query: str, limit: int = 3) -> str:
        """Find things.

        Args:
            query: What to find.
        """
        return f"{number} {query} {limit}"

    return tool_of(find, name=f"tool_{number}")


class Counting:
    """Counts the calls of Python functions by where they are, with the interpreter's own hook."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> Counter[tuple[str, str]]:
        sys.setprofile(self._see)
        return self.seen

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _see(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            self.seen[frame.f_code.co_filename, frame.f_code.co_qualname] += 1


def in_schemas(seen: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    places: tuple[Callable[[str], bool], ...] = (
        lambda file: "pydantic/json_schema" in file or "_generate_schema" in file or "docstring_parser" in file,
        lambda file: file.endswith(("tools/schema.py", "tools/signature.py", "tools/subschemas.py")),
    )
    free = {"Signature.check", "Signature.injected", "Signature.check.<locals>.<dictcomp>"}
    found = {key: times for key, times in seen.items() if any(place(key[0]) for place in places) and key[1] not in free}
    return {key: times for key, times in found.items() if not key[1].startswith(("Signature.check.", "Signature.inj"))}


async def test_group_22_schemas_are_built_and_encoded_once() -> None:
    tools = [made_tool(number) for number in range(1, 201)]
    agents = graph(agent("a", *tools))
    warm = Asking(1)
    await Runner(agents, warm).run("hi")
    before = [(function.wire, function.strict_wire) for function in warm.requests[0].functions]
    client = Asking(6)
    runner = Runner(agents, client)
    with Counting() as seen:
        state = await runner.run("hi")
    assert state.status == "answered"
    assert len(client.requests) == 7
    assert in_schemas(seen) == {}
    encoded = sum(times for (file, name), times in seen.items() if file.endswith("messages.py") and name == "encode")
    assert encoded < 7 * 8  # messages, settings and the system message; not 200 tools
    for request in client.requests:
        for function, (wire, strict_wire) in zip(request.functions, before, strict=True):
            assert function.wire is wire
            assert function.strict_wire is strict_wire
