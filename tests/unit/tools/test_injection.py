"""Group 23: what the runner injects, and the model neither sees nor sets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Optional

import pytest

from orchestrator.tools import BadArguments, Tool, ToolContext
from tests.unit.tools.test_signatures import result, schema_of

Function = Callable[..., object]


def plain(context: ToolContext, a: int) -> str:
    return f"{context.agent} {a}"


def optional(a: int, context: Optional[ToolContext] = None) -> str:  # noqa: UP045 - both spellings are tested
    return f"{context and context.agent} {a}"


def either(a: int, *, where: ToolContext | None = None) -> str:
    return f"{where and where.agent} {a}"


def annotated(a: int, context: Annotated[ToolContext, "injected"]) -> str:
    return f"{context.agent} {a}"


def nested(a: int, context: Optional[Annotated[ToolContext, "injected"]] = None) -> str:  # noqa: UP045
    return f"{context and context.agent} {a}"


def twice(a: int, context: ToolContext, again: ToolContext) -> str:
    assert context is again
    return f"{context.agent} {a}"


@pytest.mark.parametrize("function", [plain, optional, either, annotated, nested, twice])
async def test_group_23_a_context_is_injected_and_hidden(function: Function) -> None:
    tool = Tool.from_function(function)
    assert tool.schema.parameters["properties"] == {"a": {"type": "integer"}}
    assert await result(tool, ToolContext(agent="sales"), a=1) == "sales 1"
    for name in ("context", "where", "again"):
        with pytest.raises(BadArguments, match=f"there is no argument '{name}'"):
            tool.check(json.dumps({"a": 1, name: {"agent": "evil"}}))


def swarm(context_variables: dict, a: int) -> object:  # type: ignore[type-arg]  # as Swarm's examples write it
    return {**context_variables, "a": a}


def swarm_typed(a: int, context_variables: dict[str, Any]) -> object:
    return {**context_variables, "a": a}


def swarm_bare(a: int, context_variables) -> object:  # type: ignore[no-untyped-def]  # as above
    return {**context_variables, "a": a}


def swarm_optional(a: int, context_variables: dict[str, Any] | None = None) -> object:
    return {**(context_variables or {}), "a": a}


def swarm_mapping(a: int, context_variables: Mapping[str, object]) -> object:
    return {**context_variables, "a": a}


@pytest.mark.parametrize("function", [swarm, swarm_typed, swarm_bare, swarm_optional, swarm_mapping])
async def test_group_23_the_variables_of_swarm(function: Function) -> None:
    tool = Tool.from_function(function)
    assert tool.schema.parameters["properties"] == {"a": {"type": "integer"}}
    assert json.loads(await result(tool, ToolContext({"name": "Ann"}), a=1)) == {"name": "Ann", "a": 1}
    with pytest.raises(BadArguments, match="there is no argument 'context_variables'"):
        tool.check('{"a": 1, "context_variables": {"name": "Eve"}}')


def test_group_23_another_type_is_an_ordinary_parameter() -> None:
    def find(context_variables: str) -> None: ...

    assert list(schema_of(find)["properties"]) == ["context_variables"]
