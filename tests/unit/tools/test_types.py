"""Group 22 and 25: what a signature says, what the schema accepts, and what the function receives."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from orchestrator.tools import BadArguments, Tool, ToolContext
from tests.support.chat_rules import faults
from tests.unit.tools.table import CASES, NESTED, Case

FORMATS = FormatChecker()


@FORMATS.checks("duration")
def _is_duration(value: object) -> bool:
    return not isinstance(value, str) or value.startswith("P")


@FORMATS.checks("date-time")
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or ("T" in value and value[-1] == "Z")


@FORMATS.checks("time")
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or (value[-1] == "Z" and value[:2] < "24")


def tool_of_type(annotation: Any, received: list[Any]) -> Tool:
    def take(value: Any) -> str:
        received.append(value)
        return "taken"

    take.__annotations__ = {"value": annotation, "return": str}
    return Tool.from_function(take)


def validator_of(tool: Tool) -> Draft202012Validator:
    Draft202012Validator.check_schema(dict(tool.schema.parameters))
    return Draft202012Validator(dict(tool.schema.parameters), format_checker=FORMATS)


def sent(wire: bytes) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "hi"}], "tools": [json.loads(wire)]}


every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def test_group_22_the_table_is_as_large_as_promised() -> None:
    assert len(CASES) >= 60
    assert len(NESTED) >= 20


@every_case
def test_group_22_the_schema_accepts_and_refuses(case: Case) -> None:
    validator = validator_of(tool_of_type(case.annotation, []))
    for value, _ in case.accepted:
        assert validator.is_valid({"value": value}), value
    for value in case.refused:
        assert not validator.is_valid({"value": value}) or _beyond_a_schema(value), value
    for value, _ in case.beyond:
        assert not validator.is_valid({"value": value}), value
    for value in case.within:
        assert validator.is_valid({"value": value}), value
    assert not validator.is_valid({"value": 1, "more": 1})


def _beyond_a_schema(value: object) -> bool:
    """The formats of texts are told in the schema; the checkers of this test know them only roughly."""
    return isinstance(value, str)


@every_case
async def test_group_25_the_function_receives_the_annotated_type(case: Case) -> None:
    received: list[Any] = []
    tool = tool_of_type(case.annotation, received)
    for value, expected in [*case.accepted, *case.beyond]:
        outcome = await tool.call(json.dumps({"value": value}), ToolContext())
        assert not outcome.error
        assert (received[-1], _kinds(received[-1])) == (expected, _kinds(expected))
    received.clear()
    for value in [*case.refused, *case.within]:
        with pytest.raises(BadArguments, match="The function was not called"):
            await tool.call(json.dumps({"value": value}), ToolContext())
    assert received == []


def _kinds(value: object) -> object:
    """The types of a value and of what it holds: ``1 == True`` and ``1 == 1.0`` must not pass."""
    if isinstance(value, dict):
        return dict, {key: (type(key), _kinds(item)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value), [_kinds(item) for item in value]
    if isinstance(value, set | frozenset):
        return type(value), {type(item) for item in value}
    return type(value)


@every_case
def test_group_22_the_api_takes_every_schema(case: Case) -> None:
    schema = tool_of_type(case.annotation, []).schema
    for wire in (schema.wire, schema.strict_wire):
        assert faults(sent(wire)) == []
    assert b"NaN" not in schema.wire


@every_case
def test_group_22_what_is_sent_is_what_is_checked(case: Case) -> None:
    tool = tool_of_type(case.annotation, [])
    for wire in (tool.schema.wire, tool.schema.strict_wire):
        parameters = json.loads(wire)["function"]["parameters"]
        validator = Draft202012Validator(parameters, format_checker=FORMATS)
        for value, _ in case.accepted:
            assert validator.is_valid({"value": value})
        assert not validator.is_valid({})
