"""Matchers: what fits, what does not, and in which words."""

from typing import Any

import pytest

from orchestrator.spec.suite import MatcherSpec
from orchestrator.testing.matching import mismatches, same, shown, unlike, written

FITS: list[tuple[dict[str, Any], object]] = [
    ({"equals": 1}, 1.0),
    ({"equals": "a"}, "a"),
    ({"equals": None}, None),
    ({"equals": [1, {"a": True}]}, [1, {"a": True}]),
    ({"contains": "REFUND"}, "your refund"),
    ({"contains": "straße"}, "STRASSE"),
    ({"contains": 3}, [1, 3]),
    ({"contains": "3"}, ["1", "3"]),
    ({"contains": 3}, "take 3"),
    ({"contains": {"a": 1}}, [{"a": 1.0}]),
    ({"matches": "^a.c$"}, "abc"),
    ({"matches": "12"}, 123),
    ({"matches": "[[a]"}, "[a"),  # Python warns of such a set
    ({"any": True}, ""),
    ({"any": True}, False),
    ({"absent": True}, None),
    ({"at_most": 3}, 3),
    ({"at_least": 3}, 3.5),
    ({"at_least": 1, "at_most": 2}, 2),
    ({"contains": "a", "matches": "b"}, "ab"),
]
DIFFERS: list[tuple[dict[str, Any], object, list[str]]] = [
    ({"equals": 1}, True, ["is true, not 1"]),
    ({"equals": 1}, "1", ["is '1', not 1"]),
    ({"equals": "a"}, "A", ["is 'A', not 'a'"]),
    ({"equals": "a"}, None, ["is not there, and should be 'a'"]),
    ({"equals": None}, 0, ["is 0"]),
    ({"equals": {"a": 1}}, {"a": 1, "b": 2}, ["is {a: 1, b: 2}, not {a: 1}"]),
    ({"contains": "x"}, "abc", ["has no 'x' in it: 'abc'"]),
    ({"contains": "3"}, [3], ["has no '3' in it: [3]"]),
    ({"contains": "x"}, None, ["is not there, and should be {contains: 'x'}"]),
    ({"matches": "x"}, "abc", ["does not match 'x': 'abc'"]),
    ({"matches": "x"}, None, ["is not there, and should be {matches: 'x'}"]),
    ({"any": True}, None, ["is not there"]),
    ({"absent": True}, "", ["is there: ''"]),
    ({"at_most": 3}, 4, ["is 4, more than 3"]),
    ({"at_least": 3}, 2.5, ["is 2.5, less than 3"]),
    ({"at_most": 3}, "2", ["is no number: '2'"]),
    ({"at_most": 3}, True, ["is no number: true"]),
    ({"contains": "a", "matches": "b"}, "c", ["has no 'a' in it: 'c'", "does not match 'b': 'c'"]),
]


def matcher(**said: Any) -> MatcherSpec:
    return MatcherSpec.model_validate(said)


@pytest.mark.parametrize(("said", "value"), FITS, ids=str)
def test_a_value_fits(said: dict[str, Any], value: object) -> None:
    assert list(mismatches(matcher(**said), value)) == []


@pytest.mark.parametrize(("said", "value", "told"), DIFFERS, ids=str)
def test_a_value_differs(said: dict[str, Any], value: object, told: list[str]) -> None:
    found = list(mismatches(matcher(**said), value))
    assert [each.message for each in found] == told
    assert all(each.at[0] in said for each in found)


def test_mappings_are_compared_as_subsets_and_lists_as_wholes() -> None:
    value = {"a": {"b": 1, "c": [1, {"d": "text", "e": 2}]}, "f": None}
    assert list(unlike({"a": {"c": [1, {"d": matcher(contains="TEX")}]}}, value)) == []
    assert list(unlike({}, value)) == []
    assert list(unlike({"f": matcher(absent=True), "g": matcher(absent=True)}, value)) == []
    expected = {"a": {"b": 2, "c": [1]}, "f": 1, "x": matcher(at_most=1)}
    assert [(each.at, each.message) for each in unlike(expected, value)] == [
        (("a", "b"), "is 1, not 2"),
        (("a", "c"), "has 2 entries, not 1"),
        (("f",), "is not there, and should be 1"),
        (("x", "at_most"), "is not there, and should be {at_most: 1}"),
    ]


def test_true_is_not_one_wherever_it_stands() -> None:
    assert same({"a": [1, 2.0]}, {"a": [1.0, 2]})
    assert not same({"a": [1]}, {"a": [True]})
    assert not same({"a": 1}, {"a": 1, "b": None})
    assert not same([1], [1, 1])


def test_values_are_shown_on_one_line_and_cut() -> None:
    assert written({"a": [1, "x", None, 2.0]}) == "{a: [1, 'x', null, 2]}"
    assert shown("a\nb") == "'a\\nb'"
    assert len(shown("x" * 1000)) == 80
