"""Matchers: what fits, what does not, and in which words."""

import subprocess
import sys
import time
from typing import Any

import pytest

from orchestrator.spec.suite import MatcherSpec
from orchestrator.testing.matching import mismatches, same, shown, unlike, written
from orchestrator.testing.searching import begin_searches

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
    ({"matches": "^{d} (no){1,2}x{e}[{]y{0}$"}, "{d} nonox{e}{"),  # braces that repeat nothing are text
    ({"matches": r"\N{DIGIT ONE}\{e}"}, "1{e}"),
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
    ({"matches": "Hello {e}"}, "Hello", ["does not match 'Hello {e}': 'Hello'"]),
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


# ---- expressions that are not good for anything

ADVICE = "write the expression so that a text matches it in one way only, without repeats inside of repeats"
SLOW = [
    ("^(a|aa)+$", "a" * 78 + "b"),
    ("^(a|b|ab)*c$", "ab" * 50_000 + "cd"),
    (r"^(?:(a+)\1)+b$", "a" * 100_000 + "bc"),
    ("^(.*)*xz$", "ab" * 50_000 + "xzb"),
]


@pytest.mark.parametrize(("pattern", "text"), SLOW, ids=[pattern for pattern, _ in SLOW])
def test_an_expression_that_takes_ages_is_told(pattern: str, text: str) -> None:
    begin_searches()
    began = time.process_time()
    [found] = mismatches(matcher(matches=pattern), text)
    assert time.process_time() - began < 5
    assert found.message == f"takes too long to match: {ADVICE}"


def test_the_searches_of_one_expectation_share_their_time() -> None:
    begin_searches()
    began = time.process_time()
    slow = [matcher(matches=f"^(a|aa)+{each}$") for each in range(100)]
    assert len(list(unlike(slow, ["a" * 78 + "b99"] * 100))) == 100
    assert time.process_time() - began < 5
    begin_searches()
    assert list(mismatches(matcher(matches="b$"), "ab")) == []


def test_an_expression_that_eats_memory_is_told() -> None:
    pattern, text = "^(" + "(a??)" * 400 + "|.)*$", "'a' * 100_000 + 'd'"
    told = in_process_of_its_own(pattern, text, "resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28))")
    # on a slow processor its time is over first
    assert told in {f"takes too {much} to match: {ADVICE}" for much in ("much memory", "long")}


def test_an_expression_that_only_python_takes_is_told() -> None:
    [found] = mismatches(matcher(matches="(" * 350 + "a" + ")" * 350), "a")
    assert found.message == "can't be searched for this regular expression: write a simpler one"


def test_what_matches_needs_is_told_where_it_is_not_installed() -> None:
    assert in_process_of_its_own("a", "'a'", "sys.modules['regex'] = None") == (
        "is matched by the package regex, which is not installed: pip install regex"
    )


def in_process_of_its_own(pattern: str, text: str, before: str) -> str:
    """What is wrong with a text in a process where something else was done before."""
    code = f"""
import resource, sys
from orchestrator.spec.suite import MatcherSpec
from orchestrator.testing.matching import mismatches
{before}
[found] = mismatches(MatcherSpec(matches={pattern!r}), {text})
print(found.message)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
