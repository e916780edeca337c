"""Group 12: what a tool may return, and the text that the model reads."""

import collections
import enum
import functools
import json
import types
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from orchestrator.clients.wire import body_of
from orchestrator.errors import VariableError
from orchestrator.tools import End, Handoff, Outcome, Result, Tool, ToolContext
from orchestrator.tools.results import outcome_of
from tests.support.fakes import Session, agent, calls, graph, say
from tests.unit.tools.kinds import Color, Item, Level, Pair, Point, Size


class Raw(enum.Enum):
    DATA = b"1"
    TABLE = types.MappingProxyType({"a": 1})


@dataclass
class Holder:
    value: object


class Plain:
    pass


class Text(str):
    __slots__ = ()


class RudeError(Exception):
    def __str__(self) -> str:
        raise ValueError("no")


def itself() -> object:
    circle: dict[str, object] = {}
    circle["me"] = circle
    return circle


def deep() -> object:
    inner: list[object] = []
    for _ in range(100_000):
        inner = [inner]
    return inner


def numbers() -> Iterator[int]:
    yield 1


async def numbers_later() -> AsyncIterator[int]:
    yield 1


TEXTS: list[tuple[object, str]] = [
    ("text", "text"),
    ("", ""),
    ('"quoted"', '"quoted"'),
    (Text("text"), "text"),
    ("é 漢 \n", "é 漢 \n"),
    (None, "null"),
    (True, "true"),
    (5, "5"),
    (2**70, str(2**70)),
    (1.5, "1.5"),
    (Decimal("1.50"), "1.50"),
    ({"a": [1, None, "é"]}, '{"a": [1, null, "é"]}'),
    ({}, "{}"),
    ([1, "a"], '[1, "a"]'),
    ((1, 2), "[1, 2]"),
    ({1}, "[1]"),
    (Pair(1, "b"), '[1, "b"]'),
    (collections.deque([1]), "[1]"),
    (collections.OrderedDict(a=1), '{"a": 1}'),
    (types.MappingProxyType({"a": 1}), '{"a": 1}'),
    (Item(name="é"), '{"name": "é", "price": "1"}'),
    ([Item(name="a")], '[{"name": "a", "price": "1"}]'),
    (Point(1, 2), '{"x": 1, "y": 2}'),
    (
        Holder({"at": date(2026, 1, 31), "who": Item(name="a")}),
        '{"value": {"at": "2026-01-31", "who": {"name": "a", "price": "1"}}}',
    ),
    (Color.RED, "red"),
    (Level.LOW, "1"),
    (Size.S, "s"),
    (Raw.TABLE, '{"a": 1}'),
    ({"color": Color.RED, "level": Level.LOW}, '{"color": "red", "level": 1}'),
    ({Color.RED: 1, date(2026, 1, 31): 2, 3: 4, None: 5}, '{"red": 1, "2026-01-31": 2, "3": 4, "null": 5}'),
    (datetime(2026, 1, 31, 10, tzinfo=UTC), "2026-01-31T10:00:00Z"),
    (date(2026, 1, 31), "2026-01-31"),
    (time(10, 30), "10:30:00"),
    (timedelta(minutes=5), "PT5M"),
    (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (Path("/a/b"), "/a/b"),
]
NO_TEXTS = [
    (b"x", "bytes"),
    (bytearray(b"x"), "bytearray"),
    (memoryview(b"x"), "memoryview"),
    (numbers(), "generator"),
    (iter([1]), "list_iterator"),
    (map(str, [1]), "map"),
    (numbers_later(), "async_generator"),
    (range(3), "range"),
    (Plain(), "Plain"),
    (Plain, "type"),
    (len, "builtin_function_or_method"),
    (functools.partial(len), "partial"),
    (Raw.DATA, "bytes"),
    ({"a": b"x"}, "bytes"),
    ([numbers()], "generator"),
    (Holder(b"x"), "bytes"),
    (Holder(numbers()), "generator"),
    ({(1, 2): 1}, "tuple"),
    ({b"a": 1}, "bytes"),
    (itself(), "holds itself"),
    (deep(), "nested too deeply"),
    (Holder([Plain()]), "Plain"),
    (10**5000, "Exceeds the limit"),
]


async def answer_to(function: Callable[..., object]) -> tuple[str, bool]:
    """What the model reads in a run; the same as what the tool itself gives."""
    tool = Tool.from_function(function)
    session = await Session(graph(agent("a", tool)), calls(tool.name), say("done")).say()
    outcome = await tool.call("", ToolContext())
    assert session.finished() == [outcome.content] == session.model.results()
    return outcome.content, outcome.error


@pytest.mark.parametrize(("value", "text"), TEXTS, ids=[f"{type(value).__name__}-{text}" for value, text in TEXTS])
async def test_group_12_results_become_text(value: object, text: str) -> None:
    def give() -> object:
        return value

    assert outcome_of(value, ToolContext()) == Outcome(text)
    assert outcome_of(Result(value), ToolContext()) == Outcome(text)
    assert await answer_to(give) == (text, False)


@pytest.mark.parametrize(("value", "why"), NO_TEXTS, ids=[f"{type(value).__name__}-{why}" for value, why in NO_TEXTS])
async def test_group_12_results_that_have_no_text(value: object, why: str) -> None:
    def give() -> object:
        return value

    with pytest.raises(TypeError, match=why):
        outcome_of(value, ToolContext())
    text, error = await answer_to(give)
    assert error
    assert text.startswith("Error: TypeError: the tool returned a ")
    assert why in text


async def test_group_12_a_coroutine_of_a_plain_function_is_awaited() -> None:
    async def later() -> object:
        return {"a": 1}

    async def later_still() -> object:
        return later()

    def give() -> object:
        return later_still()

    assert await answer_to(give) == ('{"a": 1}', False)


@pytest.mark.parametrize("raised", [True, False])
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no luck"), "Error: ValueError: no luck"),
        (KeyError("a"), "Error: KeyError: 'a'"),
        (RuntimeError(), "Error: RuntimeError"),
        (RudeError(), "Error: RudeError"),
        (ExceptionGroup("two", [ValueError("a"), ValueError("b")]), "Error: ExceptionGroup: two (2 sub-exceptions)"),
        (KeyboardInterrupt(), "Error: KeyboardInterrupt"),
    ],
)
async def test_group_12_an_exception_object_counts_as_raised(error: BaseException, text: str, raised: bool) -> None:
    def give(context: ToolContext) -> object:
        context.set("count", 5)
        if raised:
            raise error
        return error

    session = await Session(graph(agent("a", give), variables={"count": 1}), calls("give"), say("done")).say()
    assert session.finished() == [text]
    assert session.state.variables == {"count": 1}


@pytest.mark.parametrize(
    "value", ["a\ud800b", {"a": "\ud800"}, ["\udfff"], Holder("\ud800"), Item.model_construct(name="\ud800")]
)
async def test_group_12_a_lone_surrogate_does_not_break_the_wire(value: object) -> None:
    def give() -> object:
        return value

    session = await Session(graph(agent("a", give)), calls("give"), say("done")).say()
    body = json.loads(body_of(session.model.requests[-1]))
    assert "?" in body["messages"][-1]["content"]


async def test_group_12_a_very_long_result_is_cut_with_a_note() -> None:
    def give() -> str:
        return "é" * 1000

    session = await Session(graph(agent("a", give), result_chars=100), calls("give"), say("done")).say()
    [text] = session.answers()
    assert text == "é" * 100 + "\n[cut: 900 of 1000 characters left out]"


async def test_group_12_an_error_is_cut_as_well() -> None:
    def give() -> str:
        raise ValueError("x" * 1000)

    session = await Session(graph(agent("a", give), result_chars=100), calls("give"), say("done")).say()
    assert session.answers()[0].startswith("Error: ValueError: xxx")
    assert "characters left out" in session.answers()[0]


# ---- End, Handoff, Result


@pytest.mark.parametrize(("text", "said"), [("Bye.", "Bye."), ("", ""), (None, ""), (5, "5"), ({"a": 1}, '{"a": 1}')])
def test_group_12_end(text: Any, said: str) -> None:
    assert outcome_of(End(text), ToolContext()) == Outcome(said, end=True)


def test_group_12_handoff() -> None:
    assert outcome_of(Handoff("sales"), ToolContext()) == Outcome("", handoff="sales")
    assert outcome_of(Result(handoff="sales"), ToolContext()) == Outcome("", handoff="sales")
    assert outcome_of(Result("ok", handoff="sales"), ToolContext()) == Outcome("ok", handoff="sales")


@pytest.mark.parametrize("value", [Handoff(5), Handoff(None), Result(handoff=["a"])])  # type: ignore[arg-type]  # wrong
def test_group_12_a_handoff_to_what_is_no_name(value: object) -> None:
    with pytest.raises(TypeError, match="a handoff names an agent, not"):
        outcome_of(value, ToolContext())


async def test_group_12_a_result_sets_variables() -> None:
    def give(context: ToolContext) -> Result:
        context.set("count", 2)
        return Result(context.variables, variables={"count": 3, "name": "Ann"})

    agents = graph(agent("a", give), variables={"count": 1, "name": ""})
    session = await Session(agents, calls("give"), say("done")).say()
    assert json.loads(session.answers()[0]) == {"count": 2, "name": ""}
    assert session.state.variables == {"count": 3, "name": "Ann"}


@pytest.mark.parametrize("variables", [{"count": "x"}, {"count": True}, {"nope": 1}])
async def test_group_12_a_result_with_variables_that_do_not_fit(variables: dict[str, object]) -> None:
    def give() -> Result:
        return Result("ok", variables={"name": "set before", **variables})

    agents = graph(agent("a", give), variables={"count": 1, "name": ""})
    session = await Session(agents, calls("give"), say("done")).say()
    assert session.answers()[0].startswith(f"Error: {VariableError.__name__}: ")
    assert session.state.variables == {"count": 1, "name": ""}


def test_group_12_a_model_that_can_t_be_written() -> None:
    class Lock(BaseModel, arbitrary_types_allowed=True):
        inner: Plain

    with pytest.raises(TypeError, match="the tool returned a Lock"):
        outcome_of(Lock(inner=Plain()), ToolContext())
