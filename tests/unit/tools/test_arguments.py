"""Group 8: what models send as arguments."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from orchestrator.tools import BadArguments, Tool, ToolContext
from tests.support.fakes import Session, agent, call, calls, graph, say


def nothing_needed(a: int = 1, b: str = "b") -> str:
    return f"{a} {b}"


def needed(a: int) -> str:
    return repr(a)


def either(a: int | float) -> str:  # noqa: PYI041 - the case
    return repr(a)


@pytest.mark.parametrize("empty", ["", "  ", "{}", "null", " null ", "{ }\n"])
async def test_group_08_empty_arguments(empty: str) -> None:
    outcome = await Tool.from_function(nothing_needed).call(empty, ToolContext())
    assert outcome.content == "1 b"
    with pytest.raises(BadArguments, match="the argument 'a' is missing"):
        Tool.from_function(needed).check(empty)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("[]", "must be a JSON object"),
        ('"text"', "must be a JSON object"),
        ("5", "must be a JSON object"),
        ("true", "must be a JSON object"),
        ('{"a": 1', "not JSON: Expecting ',' delimiter at character 8"),
        ('{"a": ', "not JSON"),
        ('{"a": 1} thanks', "not JSON: Extra data at character 10"),
        ('{"a": 1}{"a": 1}', "not JSON: Extra data"),
        ("{'a': 1}", "not JSON"),
        ('{"a": 1,}', "not JSON"),
        ('{"a": NaN}', "NaN is not a JSON value"),
        ('{"a": -Infinity}', "-Infinity is not a JSON value"),
        ('{"a": 1e400}', "1e400 is too large"),
        ('{"a": 1, "a": 2}', "the key 'a' is given twice"),
        ('{"a": {"b": 1, "b": 2}}', "the key 'b' is given twice"),
        ('{"a": 1, "b": 2}', "there is no argument 'b'"),
        ('{"b": 2}', "the argument 'a' is missing; there is no argument 'b'"),
        ('{"a": "x"}', "'a': input should be a valid integer"),
        ('{"a": null}', "'a': input should be a valid integer"),
        ('{"a": true}', "'a': must not be true or false"),
        ('{"a": 5.5}', "'a': input should be a valid integer"),
        ('{"A": 1}', "the argument 'a' is missing"),
        ('{"a": "\\ud800"}', "'a': input should be a valid"),
        ('{"\\ud800": 1}', "input should be a valid string"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "Exceeds the limit"),
        ("\ufeff{}", "not JSON"),
    ],
)
async def test_group_08_arguments_that_do_not_fit(arguments: str, why: str) -> None:
    called: list[int] = []

    def count(a: int) -> None:
        called.append(a)

    session = await Session(graph(agent("a", count)), calls(call("count", arguments)), say("done")).say()
    [answer] = session.answers()
    assert why in answer
    assert json.dumps(Tool.from_function(count).schema.parameters) in answer
    assert called == []
    assert session.status == "answered"


@pytest.mark.parametrize(("arguments", "said"), [("5", "5"), ('"5"', "5"), ("5.0", "5"), ("-0", "0"), ('" 7 "', "7")])
def test_group_08_numbers_in_quotes_and_whole_decimals_are_taken(arguments: str, said: str) -> None:
    assert Tool.from_function(needed).check(f'{{"a": {arguments}}}') == {"a": int(said)}


@pytest.mark.parametrize(
    ("arguments", "said"), [("250", "250"), ("250.0", "250.0"), ('"2.5"', "2.5"), ("1e2", "100.0")]
)
async def test_group_08_a_whole_number_stays_whole(arguments: str, said: str) -> None:
    outcome = await Tool.from_function(either).call(f'{{"a": {arguments}}}', ToolContext())
    assert outcome.content == said


def test_group_08_the_message_names_no_machinery() -> None:
    with pytest.raises(BadArguments) as caught:
        Tool.from_function(either).check('{"a": true}')
    assert str(caught.value).startswith(
        "Error: 'a.int': must not be true or false; 'a.float': must not be true or false. The function was not called."
    )


def test_group_08_thousands_of_faults_make_a_short_message() -> None:
    def total(numbers: list[int]) -> int:
        return sum(numbers)

    with pytest.raises(BadArguments, match="and 4980 more") as caught:
        Tool.from_function(total).check(json.dumps({"numbers": ["x"] * 5000}))
    assert len(str(caught.value)) < 5000


class Picky(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name == "?":
            raise ValueError("nobody is called that")
        return {"ann": "Ann"}[name]  # a KeyError is a bug, and must not end the run


@pytest.mark.parametrize(
    ("name", "why"), [("?", "nobody is called that"), ("bob", "could not be checked: Error: KeyError")]
)
async def test_group_08_a_validator_that_raises(name: str, why: str) -> None:
    def greet(who: Picky) -> str:
        return f"Hello {who.name}"

    bad, good = call("greet", {"who": {"name": name}}), call("greet", {"who": {"name": "ann"}})
    session = await Session(graph(agent("a", greet)), calls(bad, good), say("done")).say()
    assert why in session.answers()[0]
    assert session.answers()[1] == "Hello Ann"


def test_group_08_what_is_checked_twice_is_the_same_twice() -> None:
    def add(items: list[int] | None = None, more: Any = None) -> None: ...

    tool = Tool.from_function(add)
    first, second = tool.check('{"items": [1]}'), tool.check('{"items": [1]}')
    assert first == second
    assert first["items"] is not second["items"]
