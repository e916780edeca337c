"""Signatures, with values that their schemas must accept and refuse, and what the function must receive."""

import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, List, Literal, Optional, Union  # noqa: UP035 - what people write is what is tested
from uuid import UUID

from pydantic import Field, PositiveInt
from typing_extensions import Doc

from tests.unit.tools.kinds import (
    Box,
    Cat,
    Chain,
    Color,
    Dog,
    Husband,
    Item,
    Level,
    Line,
    Loose,
    Modern,
    Node,
    Odd,
    Order,
    Pair,
    Place,
    Plan,
    Point,
    Size,
    Tree,
)

ONE = "00000000-0000-0000-0000-000000000001"


@dataclass(frozen=True)
class Case:
    """``accepted`` pairs the JSON value with what arrives. In ``beyond`` stands what we take and JSON schema refuses;
    in ``within`` what it takes and we refuse.
    """

    annotation: Any
    accepted: Sequence[tuple[Any, Any]]
    refused: Sequence[Any]
    beyond: Sequence[tuple[Any, Any]] = ()
    within: Sequence[Any] = ()


def same(*values: Any) -> list[tuple[Any, Any]]:
    return [(value, value) for value in values]


PLAIN = {
    "str": Case(str, same("", "x", "5", "é"), [5, True, None, [], {}]),
    "int": Case(int, same(0, -3, 2**70), [2.5, "x", True, None, []], beyond=[("5", 5)]),
    "int of 5.0": Case(int, [(5.0, 5)], [5.5]),
    "float": Case(float, [(1.5, 1.5), (2, 2.0)], ["x", True, None], beyond=[("2.5", 2.5)]),
    "bool": Case(bool, same(True, False), [2, None, [], "maybe", 1, 0, 1.0], beyond=[("true", True), ("False", False)]),
    "None": Case(None, same(None), [0, False, ""]),
    "Any": Case(Any, same(1, "x", None, [1], {"a": 1}), []),
    "object": Case(object, same(1, "x", None), []),
    "bytes": Case(bytes, [("abc", b"abc")], [5, None]),
    "Optional": Case(Optional[int], same(5, None), ["x", True]),  # noqa: UP045 - as above
    "optional text": Case(str | None, same("x", None), [5]),
    "Union": Case(Union[int, str], same(5, "x", "5"), [2.5, True, None]),  # noqa: UP007 - as above
    "int | float keeps 250": Case(int | float, same(250, 2.5), [True, None, "x"], beyond=[("250", 250)]),
    "float | int keeps 250": Case(float | int, same(250, 2.5), [True]),
    "bool | int": Case(bool | int, same(True, 1, 0), ["x", None]),
    "Literal": Case(Literal["a", "b"], same("a", "b"), ["c", 1, None, "A"]),
    "Literal of one": Case(Literal["a"], same("a"), ["b", None]),
    "Literal of numbers": Case(Literal[1, 2], same(1, 2), [3, True, "1"]),
    "Literal of both": Case(Literal["auto", 3, None], same("auto", 3, None), ["x", 4]),  # noqa: PYI061 - as above
    "Literal of true": Case(Literal[True], same(True), [False, 1, "true"]),
    "Enum": Case(Color, [("red", Color.RED), ("blue", Color.BLUE)], ["RED", "green", None, 1]),
    "IntEnum": Case(Level, [(1, Level.LOW), (2, Level.HIGH)], [3, True, "x"], beyond=[("1", Level.LOW)]),
    "StrEnum": Case(Size, [("s", Size.S)], ["S", "m"]),
    "date": Case(
        date,
        [("2026-01-31", date(2026, 1, 31))],
        ["31.1.2026", 20260131, True, None, "20260131", "86400", "2026-13-01"],
        beyond=[("2026-01-31T00:00:00", date(2026, 1, 31))],
    ),
    "datetime": Case(
        datetime,
        [("2026-01-31T10:00:00Z", datetime.fromisoformat("2026-01-31T10:00:00+00:00"))],
        ["soon", 1700000000, "1700000000", 1.5, "-1.5e3"],
        beyond=[("2026-01-31T10:00:00", datetime(2026, 1, 31, 10))],  # noqa: DTZ001 - without a zone is the case
    ),
    "time": Case(time, [("10:30:00Z", time.fromisoformat("10:30:00+00:00"))], ["25:00", 10, "3600"]),
    "timedelta": Case(timedelta, [("PT5M", timedelta(minutes=5)), ("P1D", timedelta(days=1))], ["5 min", 300, "300"]),
    "UUID": Case(UUID, [(ONE, UUID(ONE))], ["x", 5, None]),
    "Decimal": Case(
        Decimal, [("1.50", Decimal("1.50")), (2, Decimal(2)), (1.5, Decimal("1.5"))], [True, None], within=["x", "NaN"]
    ),
    "Annotated with a text": Case(Annotated[int, "How many."], same(3), ["x"]),
    "Annotated with Doc": Case(Annotated[int, Doc("How many.")], same(3), ["x"]),
    "Annotated with bounds": Case(Annotated[int, Field(ge=1, lt=10)], same(1, 9), [0, 10, -1]),
    "Annotated with lengths": Case(Annotated[str, Field(min_length=2, max_length=3)], same("ab", "abc"), ["a", "abcd"]),
    "Annotated with a pattern": Case(Annotated[str, Field(pattern="^[a-c]+$")], same("abc"), ["x", ""]),
    "Annotated multiple": Case(Annotated[int, Field(multiple_of=5)], same(0, 10), [3]),
    "constrained by pydantic": Case(PositiveInt, same(1), [0, -1]),
}
NESTED = {
    "list[int]": Case(list[int], same([], [1, 2]), [["x"], 1, None, [True], [None]], beyond=[(["1"], [1])]),
    "bare list": Case(list, same([], [1, "x"]), [1, {}]),
    "typing.List": Case(List[str], same(["a"]), ["a", [1]]),  # noqa: UP006 - as above
    "list of at most two": Case(Annotated[list[int], Field(max_length=2)], same([1, 2]), [[1, 2, 3]]),
    "list of bounded numbers": Case(list[Annotated[int, Field(ge=0)]], same([0]), [[-1]]),
    "Sequence": Case(Sequence[int], same([1]), [[True], "x"]),
    "Iterable": Case(Iterable[int], same([1, 2]), [["x"], 5]),
    "dict[str, int]": Case(dict[str, int], same({}, {"a": 1}), [{"a": "x"}, [], {"a": True}]),
    "dict[int, str]": Case(dict[int, str], [({"1": "a"}, {1: "a"})], [{"1": 5}], within=[{"x": "a"}]),
    "dict of enum": Case(dict[Size, int], [({"s": 1}, {Size.S: 1})], [{"s": "x"}, {"m": 1}]),
    "bare dict": Case(dict, same({}, {"a": [1]}), [[], "x"]),
    "Mapping": Case(Mapping[str, bool], same({"a": True}), [{"a": 1}]),
    "tuple of two": Case(tuple[int, str], [([1, "a"], (1, "a"))], [[1], [1, "a", 2], ["a", 1], 1]),
    "tuple of many": Case(tuple[int, ...], [([], ()), ([1, 2], (1, 2))], [["x"]]),
    "empty tuple": Case(tuple[()], [([], ())], [[1]]),
    "set": Case(set[int], [([1, 2], {1, 2})], [["x"], 1], beyond=[([1, 1], {1})]),
    "frozenset": Case(frozenset[Color], [(["red"], frozenset({Color.RED}))], [["green"]]),
    "named tuple": Case(
        Pair,
        [([1, "b"], Pair(1, "b")), ([1], Pair(1, "r"))],
        [[], ["x", "y"], [1, "b", 2]],
        beyond=[({"left": 1}, Pair(1))],
    ),
    "TypedDict": Case(
        Place, same({"city": "Ulm"}, {"city": "Ulm", "zip": 1}), [{}, {"zip": 1}, {"city": "Ulm", "x": 1}, {"city": 5}]
    ),
    "TypedDict of typing_extensions": Case(Modern, [({"when": "2026-01-31"}, {"when": date(2026, 1, 31)})], [{}]),
    "TypedDict without total": Case(Loose, [({}, {}), ({"color": "red"}, {"color": Color.RED})], [{"color": "green"}]),
    "list of TypedDict": Case(list[Place], same([{"city": "Ulm"}]), [[{}]]),
    "optional TypedDict": Case(Place | None, same(None, {"city": "Ulm"}), [{}]),
    "dict of TypedDict": Case(dict[str, typing.Optional[Place]], same({"a": None}), [{"a": {}}]),  # noqa: UP045
    "recursive TypedDict": Case(
        Tree,
        same({"value": 1, "children": [{"value": 2, "children": []}]}),
        [{"value": 1}, {"value": 1, "children": [{"value": "x", "children": []}]}],
    ),
    "TypedDicts that hold each other": Case(
        Husband, same({}, {"wife": {"husband": {}}}), [{"wife": {}}, {"wife": {"husband": {"wife": 5}}}]
    ),
    "dataclass": Case(
        Point, [({"x": 1}, Point(1)), ({"x": 1, "y": 2}, Point(1, 2))], [{}, {"x": True}, {"x": 1, "z": 1}]
    ),
    "nested dataclass": Case(
        Line,
        [({"start": {"x": 1}}, Line(Point(1))), ({"start": {"x": 1}, "end": {"x": 2}}, Line(Point(1), Point(2)))],
        [{}, {"start": 1}, {"start": {"x": "a"}}],
    ),
    "recursive dataclass": Case(
        Chain, [({"value": 1, "next": {"value": 2}}, Chain(1, Chain(2)))], [{"value": 1, "next": {"value": "x"}}]
    ),
    "list of dataclasses": Case(list[Point], [([{"x": 1}], [Point(1)])], [[1], [{}]]),
    "model": Case(Item, [({"name": "a"}, Item(name="a"))], [{}, {"name": 1}, {"name": "a", "price": 0}, 5]),
    "model of models": Case(
        Order,
        [
            (
                {"id": ONE, "items": [{"name": "a", "price": 2}], "ship": {"when": "2026-01-31"}, "color": "blue"},
                Order(
                    id=UUID(ONE),
                    items=[Item(name="a", price=Decimal(2))],
                    ship={"when": date(2026, 1, 31)},
                    color=Color.BLUE,
                ),
            )
        ],
        [{"id": "x", "items": []}, {"id": ONE}, {"id": ONE, "items": [{}]}, {"id": ONE, "items": [], "more": 1}],
    ),
    "model with the words of schemas": Case(
        Odd,
        [({"type": 1, "title": "t", "properties": True}, Odd(type=1, title="t", properties=True))],
        [{"type": True}, {"type": 1, "config": True}, {"type": 1, "default": True}, {"type": 1, "title": 2}],
    ),
    "recursive model": Case(
        Node,
        [({"value": 1, "children": [{"value": 2}]}, Node(value=1, children=[Node(value=2)]))],
        [{"value": 1, "children": [{}]}, {"value": 1, "children": [{"value": True}]}],
    ),
    "union of models": Case(
        Cat | Dog,
        [
            ({"kind": "cat", "lives": 9}, Cat(kind="cat", lives=9)),
            ({"kind": "dog", "barks": True}, Dog(kind="dog", barks=True)),
        ],
        [{"kind": "cow"}, {"kind": "cat"}, {"kind": "dog", "lives": 9}],
    ),
    "union by its kind": Case(
        Annotated[Cat | Dog, Field(discriminator="kind")],
        [({"kind": "cat", "lives": 9}, Cat(kind="cat", lives=9))],
        [{"kind": "cow"}, {"lives": 9}, {"kind": "cat", "lives": True}],
    ),
    "generic model": Case(Box[int], [({"content": 1}, Box[int](content=1))], [{"content": "x"}, {}]),
    "model of tuples by name": Case(
        Plan,
        [({"steps": {"a": [1, "PT1H"]}}, Plan(steps={"a": (Level.LOW, timedelta(hours=1))}))],
        [{"steps": {"a": [1]}}, {"steps": {"a": [5, "PT1H"]}}, {"steps": {"a": [True, "PT1H"]}}],
    ),
    "lists in dicts in lists": Case(
        list[dict[str, list[date]]],
        [([{"a": ["2026-01-31"]}], [{"a": [date(2026, 1, 31)]}])],
        [[{"a": ["x"]}], [{"a": 1}]],
    ),
    "optional list of optional": Case(list[int | None] | None, same(None, [1, None]), [["x"], 5]),
    "dict of tuples of enums": Case(
        dict[str, tuple[Color, Level]], [({"a": ["red", 2]}, {"a": (Color.RED, Level.HIGH)})], [{"a": ["red", True]}]
    ),
}
CASES = PLAIN | NESTED
