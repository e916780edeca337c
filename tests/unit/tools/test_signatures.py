"""Group 22: how parameters are written."""

from __future__ import annotations

import functools
import inspect
import json
import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from pydantic import Field

from orchestrator.tools import BadArguments, Tool, ToolContext, UnsupportedParameter
from tests.support.chat_rules import faults
from tests.unit.tools.kinds import Color, Place, forgetful, kept

if TYPE_CHECKING:
    from decimal import Decimal

Function = Callable[..., object]


async def result(tool: Tool | Function, context: ToolContext | None = None, /, **arguments: object) -> str:
    """What the model reads of a call."""
    made = tool if isinstance(tool, Tool) else Tool.from_function(tool)
    outcome = await made.call(json.dumps(arguments), context or ToolContext())
    assert not outcome.error, outcome.content
    return outcome.content


def schema_of(function: Function) -> dict[str, Any]:
    return dict(Tool.from_function(function).schema.parameters)


def refused(function: Function) -> UnsupportedParameter:
    with pytest.raises(UnsupportedParameter) as caught:
        Tool.from_function(function)
    return caught.value


async def test_group_22_annotations_of_the_future_are_resolved() -> None:
    def paint(color: Color, place: Place | None = None) -> str:
        return f"{color!r} {place}"

    assert await result(paint, color="red", place={"city": "Ulm"}) == "<Color.RED: 'red'> {'city': 'Ulm'}"


async def test_group_22_defaults_are_shown_and_are_the_truth() -> None:
    def find(a: int = 3, b: Color = Color.RED, c: tuple[int, ...] = (1, 2), d: float = math.inf) -> str:
        return f"{a} {b} {c} {d}"

    schema = schema_of(find)
    assert {name: one.get("default") for name, one in schema["properties"].items()} == {
        "a": 3,
        "b": "red",
        "c": [1, 2],
        "d": None,  # infinity can't be written in JSON
    }
    assert "required" not in schema
    assert await result(find) == "3 Color.RED (1, 2) inf"
    assert await result(find, a=5, d=1) == "5 Color.RED (1, 2) 1.0"


async def test_group_22_a_default_keeps_what_looks_like_a_schema() -> None:
    def find(query: dict[str, object] = {"title": "a", "inner": {"title": "b"}}) -> object:  # noqa: B006
        return query

    assert schema_of(find)["properties"]["query"]["default"] == {"title": "a", "inner": {"title": "b"}}


async def test_group_22_a_default_of_none_may_be_sent() -> None:
    def find(limit: int = None) -> str:  # type: ignore[assignment]  # people write it  # noqa: RUF013
        return repr(limit)

    assert await result(find, limit=None) == "None"
    assert await result(find, limit=3) == "3"
    assert await result(find) == "None"


async def test_group_22_a_field_as_a_default() -> None:
    def find(
        limit: int = Field(3, ge=1, description="How many."),
        query: str = Field(min_length=2),
        tags: list[str] = Field(default_factory=lambda: ["a"]),  # noqa: B008 - as people write it
    ) -> str:
        return f"{limit} {query} {tags}"

    schema = schema_of(find)
    assert schema["required"] == ["query"]
    assert schema["properties"]["limit"]["description"] == "How many."
    assert await result(find, query="ab") == "3 ab ['a']"
    for wrong in ({"query": "a"}, {"query": "ab", "limit": 0}, {}):
        with pytest.raises(BadArguments):
            Tool.from_function(find).check(json.dumps(wrong))


async def test_group_22_keyword_only() -> None:
    def find(query: str, *, limit: int, page: int = 1) -> str:
        return f"{query} {limit} {page}"

    assert schema_of(find)["required"] == ["query", "limit"]
    assert await result(find, query="a", limit=2) == "a 2 1"


def positional_only(a: int, /, b: int) -> None: ...
def positional_context(context: ToolContext, /, b: int) -> None: ...
def many(*args: int) -> None: ...
def many_contexts(*contexts: ToolContext) -> None: ...
def named(**kwargs: int) -> None: ...
def a_lock(lock: Callable[[], int]) -> None: ...
def a_type(kind: type) -> None: ...
def no_type(a: 5) -> None: ...  # type: ignore[valid-type]  # the case


@pytest.mark.parametrize(
    ("function", "parameter", "why"),
    [
        (positional_only, "a", "'a' is positional-only"),
        (positional_context, "context", "'context' is positional-only"),
        (many, "args", r"'\*args' takes any number"),
        (many_contexts, "contexts", r"'\*contexts' takes any number"),
        (named, "kwargs", r"'\*\*kwargs' takes any number"),
        (a_lock, "lock", "the type of 'lock' has no JSON schema: .*Callable"),
        (a_type, "kind", "the type of 'kind' has no JSON schema"),
        (no_type, "a", "the type of 'a' has no JSON schema"),
        (forgetful(positional_only), "args", r"'\*args'"),
        (len, "obj", "'obj' is positional-only"),
        (print, "args", r"'\*args'"),
        (str.upper, "self", "'self' is positional-only"),
        (min, None, "its signature can't be read: no signature found"),
        (int, None, "its signature can't be read"),
    ],
)
def test_group_22_what_can_t_be_a_tool_says_which_parameter_and_why(
    function: Function, parameter: str | None, why: str
) -> None:
    fault = refused(function)
    assert fault.parameter == parameter
    assert re.search(why, str(fault)), fault


@pytest.mark.parametrize(
    ("annotation", "why"),
    [
        ("Nowhere", "an annotation names 'Nowhere', which its module does not have"),
        ("math.nothing", "its signature can't be read: module 'math' has no attribute 'nothing'"),
        ("list[", "its signature can't be read"),
        ("1 / 0", "its signature can't be read: division by zero"),
    ],
)
def test_group_22_a_forward_reference_that_leads_nowhere(annotation: str, why: str) -> None:
    def take(value: object) -> None: ...

    take.__annotations__ = {"value": annotation}
    assert why in str(refused(take))


def test_group_22_a_name_that_only_type_checkers_see() -> None:
    def pay(price: Decimal) -> None: ...

    assert "names 'Decimal'" in str(refused(pay))


async def test_group_22_a_decorator_that_wraps() -> None:
    @kept
    def find(color: Color, limit: int = 3) -> str:
        """Find it."""
        return f"{color!r} {limit}"

    tool = Tool.from_function(find)
    assert (tool.name, tool.schema.description) == ("find", "Find it.")
    assert await result(tool, color="red") == "<Color.RED: 'red'> 3"


async def test_group_22_a_decorator_that_makes_a_signature_of_its_own() -> None:
    def without_first(function: Function) -> Function:
        signature = inspect.signature(function)

        def wrapper(**kwargs: object) -> object:
            return function(10, **kwargs)

        kept_parameters = list(signature.parameters.values())[1:]
        typed = [one.replace(annotation=int) for one in kept_parameters]
        wrapper.__signature__ = signature.replace(parameters=typed)  # type: ignore[attr-defined]  # as libraries do
        return wrapper

    tool = Tool.from_function(without_first(lambda a, b: a + b))
    assert tool.schema.parameters["properties"] == {"b": {"type": "integer"}}
    assert await result(tool, b=5) == "15"


async def test_group_22_a_cached_function() -> None:
    @functools.cache
    def find(color: Color) -> str:
        """Find it."""
        return repr(color)

    tool = Tool.from_function(find)
    assert (tool.name, tool.schema.description) == ("find", "Find it.")
    assert await result(tool, color="red") == "<Color.RED: 'red'>"


async def test_group_22_partials() -> None:
    def find(city: str, color: Color, limit: int = 3) -> str:
        """Find it."""
        return f"{city} {color!r} {limit}"

    by_name = Tool.from_function(functools.partial(find, color=Color.RED))
    by_place = Tool.from_function(functools.partial(functools.partial(find, "Ulm"), limit=1))
    assert list(by_name.schema.parameters["properties"]) == ["city", "limit"]  # type: ignore[call-overload]
    assert list(by_place.schema.parameters["properties"]) == ["color"]  # type: ignore[call-overload]
    assert (by_name.name, by_name.schema.description) == ("find", "Find it.")
    assert await result(by_name, city="Bonn") == "Bonn <Color.RED: 'red'> 3"
    assert await result(by_place, color="blue") == "Ulm <Color.BLUE: 'blue'> 1"
    with pytest.raises(BadArguments, match="there is no argument 'color'"):
        by_name.check('{"city": "Bonn", "color": "blue"}')


class Shop:
    """A shop."""

    def __init__(self, name: str, size: Color = Color.RED) -> None:
        self.name, self.size = name, size

    def find(self, color: Color) -> str:
        """Find a thing."""
        return f"{self.name} {color!r}"

    @classmethod
    def open(cls, name: str) -> str:
        return f"{cls.__name__} {name}"

    @staticmethod
    def close(hard: bool) -> str:
        return repr(hard)

    def __call__(self, limit: int) -> str:
        """Buy."""
        return f"{self.name} {limit}"

    def __repr__(self) -> str:
        return f"Shop({self.name}, {self.size})"

    async def later(self, color: Color) -> str:
        return f"{self.name} {color!r}"


class Later:
    async def __call__(self, limit: int) -> str:
        return f"later {limit}"


async def test_group_22_methods_objects_and_classes() -> None:
    shop = Shop("Ulm")
    assert await result(shop.find, color="red") == "Ulm <Color.RED: 'red'>"
    assert await result(shop.later, color="red") == "Ulm <Color.RED: 'red'>"
    assert await result(Shop.open, name="a") == "Shop a"
    assert await result(Shop.close, hard=True) == "True"
    assert await result(shop, limit=3) == "Ulm 3"
    assert await result(Later(), limit=3) == "later 3"
    assert Tool.from_function(shop).schema.description == "Buy."


async def test_group_22_a_class_takes_what_its_constructor_takes() -> None:
    arguments = Tool.from_function(Shop).check('{"name": "Ulm", "size": "blue"}')
    assert arguments == {"name": "Ulm", "size": Color.BLUE}


async def test_group_22_asynchronous_partials() -> None:
    async def find(a: int, b: int) -> int:
        return a + b

    assert await result(functools.partial(find, b=2), a=1) == "3"


async def test_group_22_no_annotations() -> None:
    def find(a, b=2):  # type: ignore[no-untyped-def]  # the case
        return f"{a!r} {b!r}"

    assert await result(find, a=[1], b="x") == "[1] 'x'"
    assert await result(find, a=None) == "None 2"


WORDS = "self schema model_config type config default title properties required items cls fields choices function ref"


async def test_group_22_parameters_with_the_names_of_machinery() -> None:
    names = WORDS.split()
    scope: dict[str, Any] = {}
    source = f"def find({', '.join(f'{name}: int' for name in names)}):\n    return locals()"
    exec(source, scope)
    tool = Tool.from_function(scope["find"])
    assert json.loads(await result(tool, **dict.fromkeys(names, 1))) == dict.fromkeys(names, 1)
    assert tool.schema.parameters["required"] == names
    assert b'"strict":true' in tool.schema.strict_wire
    for name in names:
        with pytest.raises(BadArguments, match=f"'{name}': must not be true or false"):
            tool.check(json.dumps({**dict.fromkeys(names, 1), name: True}))


async def test_group_22_an_alias_is_what_the_model_says() -> None:
    def find(kind: Annotated[int, Field(alias="class")]) -> int:
        return kind

    assert await result(find, **{"class": 3}) == "3"


def test_group_22_no_parameters_at_all() -> None:
    schema = schema_of(lambda: None)
    assert schema == {"type": "object", "properties": {}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("annotation", "strict"),
    [
        (int, True),
        (Annotated[int, Field(ge=1)], True),
        (list[Color], True),
        (Color, True),
        (int | None, True),
        (Any, False),  # strict mode wants a type everywhere
        (list[Any], False),
        (dict[str, int], False),
        (Place, False),  # a key that need not be there
        (tuple[int, str], False),
        (set[int], False),
        (Annotated[str, Field(max_length=3)], False),
        (Annotated[Color, Field(description="Described")], False),  # a $ref must stand alone
    ],
)
def test_group_22_strict_only_where_the_api_takes_it(annotation: Any, strict: bool) -> None:
    def take(value: object) -> None: ...

    take.__annotations__ = {"value": annotation}
    schema = Tool.from_function(take).schema
    assert (b'"strict":true' in schema.strict_wire) is strict
    assert b"strict" not in schema.wire
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    assert faults({**body, "tools": [json.loads(schema.strict_wire)]}) == []
    if not strict:
        assert schema.strict_wire is schema.wire
