"""What a comparison rests on: words, schemas of parameters, and which agent is which."""

import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.diff import Change, Configuration, Kind, Piece, compare, elided, word_diff
from orchestrator.diff.schemas import parameter_changes
from orchestrator.loader import examine
from orchestrator.project import read_file, read_files
from tests.support.versions import put


def marked(old: str, new: str) -> str:
    marks = {"both": "{}", "old": "[-{}-]", "new": "{{+{}+}}"}
    return "".join(marks[piece.side].format(piece.text) for piece in word_diff(old, new))


# ---- words


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", "", ""),
        ("Be brief.", "Be brief.", "Be brief."),
        ("", "Be brief.", "{+Be brief.+}"),
        ("Be brief.", "", "[-Be brief.-]"),
        ("Be brief.", "Be kind.", "Be [-brief.-]{+kind.+}"),
        ("Be brief.", "Be very brief.", "Be {+very +}brief."),
        ("a b c d", "a x y d", "a [-b c-]{+x y+} d"),
        ("a b\nc d", "a x\ny d", "a [-b-]{+x+}\n[-c-]{+y+} d"),
        ("one  two", "one two", "one[-  -]{+ +}two"),
        ("顧客は来る", "顧客が来る", "顧客[-は-]{+が+}来る"),
    ],
)
def test_words(old: str, new: str, told: str) -> None:
    assert marked(old, new) == told


TEXTS = st.text(alphabet="ab \n", max_size=40)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_had_back(old: str, new: str) -> None:
    pieces = word_diff(old, new)
    assert "".join(piece.text for piece in pieces if piece.side != "new") == old
    assert "".join(piece.text for piece in pieces if piece.side != "old") == new
    assert (old == new) == all(piece.side == "both" for piece in pieces)


WORLD = random.Random(1)


def of_words(words: str, count: int, blank: str = " ") -> str:
    return blank.join(WORLD.choice(words) for _ in range(count))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (of_words("ab", 200_000), of_words("ab", 200_000)),
        (of_words("ab", 200_000, "\n"), of_words("ab", 200_000, "\n")),
        ("a b " * 100_000, "b a " * 100_000),
        ("a" * 1_000_000, "b" * 1_000_000),
    ],
    ids=["words", "lines", "shifted", "one word"],
)
def test_no_text_takes_long(old: str, new: str) -> None:
    start = time.monotonic()
    assert len(word_diff(old, new)) > 1
    assert time.monotonic() - start < 5


def test_many_changed_words_are_told_by_lines() -> None:
    lines = [f"{number} " * 10 for number in range(300)]
    changed = [line.replace(" ", "x ") if number % 3 == 0 else line for number, line in enumerate(lines)]
    pieces = word_diff("\n".join(lines), "\n".join(changed))
    assert Piece("both", f"{lines[1]}\n{lines[2]}\n") in pieces


def test_only_what_stands_next_to_a_change_is_shown() -> None:
    long = " ".join(f"w{number}" for number in range(100))
    told = list(elided(word_diff(f"{long} a {long} b {long}", f"{long} x {long} y {long}")))
    [first, _, _, between, *_, last] = [piece.text for piece in told]
    assert first.startswith(" … ")
    assert first.endswith("w99 ")
    assert between.startswith(" w0 w1 ")
    assert between.endswith(" w98 w99 ")
    assert last.endswith(" … ")
    assert all(len(piece.text) < 250 for piece in told)


# ---- schemas


def schemas(old: Any, new: Any) -> list[tuple[str, bool]]:
    """What is told of one parameter, and whether it is breaking."""
    wholes = [{"type": "object", "properties": {"p": part}, "$defs": DEFS} for part in (old, new)]
    return [(change.note.removeprefix("parameter 'p' "), change.breaking) for change in parameter_changes(*wholes)]


DEFS = {
    "Size": {"type": "string", "enum": ["s", "m"]},
    "Tree": {
        "type": "object",
        "properties": {"value": {"type": "integer"}, "parts": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
    },
    "Bush": {
        "type": "object",
        "properties": {"value": {"type": "number"}, "parts": {"type": "array", "items": {"$ref": "#/$defs/Bush"}}},
    },
}
TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
NUMBER = {"type": "number"}
NOTHING = {"type": "null"}
PAIR = {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["a"], "additionalProperties": False}

WIDER = {
    "a whole number may be any": (WHOLE, NUMBER),
    "or nothing": (TEXT, {"anyOf": [TEXT, NOTHING]}),
    "one more value": ({"enum": ["a"]}, {"enum": ["a", "b"]}),
    "any text": ({"type": "string", "enum": ["a"]}, TEXT),
    "a constant among others": ({"const": "a"}, {"enum": ["a", "b"]}),
    "anything": (TEXT, {}),
    "no bound": ({**WHOLE, "minimum": 1, "maximum": 3}, WHOLE),
    "other bounds": ({**WHOLE, "minimum": 1, "maximum": 3}, {**WHOLE, "minimum": 0, "maximum": 4}),
    "lists of more": ({"type": "array", "items": WHOLE}, {"type": "array", "items": NUMBER}),
    "mappings to more": (
        {"type": "object", "additionalProperties": WHOLE},
        {"type": "object", "additionalProperties": NUMBER},
    ),
    "one key less is needed": (PAIR, {**PAIR, "required": []}),
    "one more key": ({**PAIR, "properties": {"a": TEXT}}, PAIR),
    "no pattern": ({**TEXT, "pattern": "^a"}, TEXT),
    "behind a reference": ({"$ref": "#/$defs/Size"}, TEXT),
    "a type that holds itself": ({"$ref": "#/$defs/Tree"}, {"$ref": "#/$defs/Bush"}),
}


@pytest.mark.parametrize("case", WIDER)
def test_a_parameter_that_takes_more(case: str) -> None:
    old, new = WIDER[case]
    assert schemas(old, new) == [("takes more values", False)]
    assert schemas(new, old) == [("takes fewer values", True)]


@pytest.mark.parametrize(
    ("old", "new"),
    [(TEXT, WHOLE), ({**TEXT, "format": "date"}, {**TEXT, "format": "uuid"}), ({"const": 1}, {"const": True})],
)
def test_a_parameter_that_takes_others(old: Any, new: Any) -> None:
    assert schemas(old, new) == [("takes fewer values", True)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (TEXT, TEXT, []),
        ({"enum": ["a", "b"]}, {"enum": ["b", "a"]}, []),
        ({"anyOf": [TEXT, NOTHING]}, {"anyOf": [NOTHING, TEXT]}, []),
        ({"$ref": "#/$defs/Size"}, {"type": "string", "enum": ["s", "m"]}, []),
        (TEXT, {**TEXT, "description": "A text."}, [("has another description", False)]),
        ({**WHOLE, "default": 1}, {**WHOLE, "default": 2}, [("has another default", False)]),
    ],
)
def test_a_parameter_that_takes_the_same(old: Any, new: Any, told: list[tuple[str, bool]]) -> None:
    assert schemas(old, new) == told


# ---- which agent is which


def configuration(folder: Path, text: str) -> Configuration:
    put(folder / "bot.yaml", text)
    examined = examine(read_files((folder / "bot.yaml").resolve(), read_file(folder / "bot.yaml", "bot.yaml")))
    assert examined.project is not None
    return Configuration(examined.project, examined.resolution)


def changes(folder: Path, old: str, new: str) -> tuple[Change, ...]:
    return compare(configuration(folder / "old", old), configuration(folder / "new", new))


def kinds(folder: Path, old: str, new: str) -> list[tuple[Kind, str]]:
    return [(change.kind, change.subject.name) for change in changes(folder, old, new)]


SHOP = """
    entry: front
    agents:
      front: {instructions: Find out what the customer wants., model: m, handoffs: [sales, repairs]}
      sales: {instructions: Sell something. Be quick and friendly., model: m, description: Sells., handoffs: [front]}
      repairs:
        instructions: Mend what is broken, or have it mended.
        model: m
        description: Mends.
        handoffs: [front, sales]
        tool_choice: {type: function, function: {name: transfer_to_sales}}
"""


def test_a_renamed_agent_is_told_once(tmp_path: Path) -> None:
    """Neither the handoffs to it, nor a choice that names it, are changes of their own."""
    assert kinds(tmp_path, SHOP, SHOP.replace("sales", "selling")) == [(Kind.AGENT_RENAMED, "selling")]


def test_a_renamed_entry(tmp_path: Path) -> None:
    assert kinds(tmp_path, SHOP, SHOP.replace("front", "triage")) == [(Kind.AGENT_RENAMED, "triage")]


def test_a_renamed_agent_that_has_changed_a_little(tmp_path: Path) -> None:
    new = SHOP.replace("sales", "selling").replace("quick and", "quick, kind and")
    assert kinds(tmp_path, SHOP, new) == [(Kind.AGENT_RENAMED, "selling"), (Kind.INSTRUCTIONS_CHANGED, "selling")]


def test_two_agents_that_change_their_names(tmp_path: Path) -> None:
    new = SHOP.replace("sales", "mending").replace("repairs", "selling")
    found = changes(tmp_path, SHOP, new)
    renamed = {change.new: change.old for change in found if change.kind is Kind.AGENT_RENAMED}
    assert renamed == {"mending": "sales", "selling": "repairs"}


def test_another_agent_is_not_a_renamed_one(tmp_path: Path) -> None:
    new = SHOP.replace("sales", "claims").replace("Sell something. Be quick and friendly.", "Judge what was lost.")
    found = kinds(tmp_path, SHOP, new)
    assert (Kind.AGENT_REMOVED, "sales") in found
    assert (Kind.AGENT_ADDED, "claims") in found


def test_the_worst_comes_first_for_each_agent(tmp_path: Path) -> None:
    new = SHOP.replace("handoffs: [front]", "handoffs: []").replace("Find out", "Tell me")
    assert kinds(tmp_path, SHOP, new.replace("model: m", "label: The Desk, model: m", 2)) == [
        (Kind.INSTRUCTIONS_CHANGED, "front"),
        (Kind.LABEL_CHANGED, "front"),
        (Kind.WAY_BACK_LOST, "sales"),
        (Kind.HANDOFF_LOST, "front"),
        (Kind.LABEL_CHANGED, "sales"),
    ]


def test_for_one_turn_is_a_way_back(tmp_path: Path) -> None:
    new = SHOP.replace("[sales, repairs]", "[{to: sales, for_one_turn: true}, repairs]")
    found = kinds(tmp_path, SHOP, new.replace("handoffs: [front]", "handoffs: []"))
    assert Kind.HANDOFF_LOST in {kind for kind, _ in found}
    assert Kind.WAY_BACK_LOST not in {kind for kind, _ in found}


def test_what_a_lost_handoff_does_further_on(tmp_path: Path) -> None:
    found = kinds(tmp_path, SHOP, SHOP.replace("handoffs: [sales, repairs]", "handoffs: [sales]"))
    assert found == [(Kind.HANDOFF_LOST, "repairs"), (Kind.UNREACHABLE, "repairs")]


def test_an_alias_with_another_name_is_no_change_of_its_agents(tmp_path: Path) -> None:
    old = "models: {fast: {model: m}}\nagents: {a: {instructions: Hello., model: fast}}"
    new = old.replace("fast", "quick")
    assert kinds(tmp_path, old, new) == [(Kind.ALIAS_REMOVED, "fast"), (Kind.ALIAS_ADDED, "quick")]


def test_an_agent_with_another_alias(tmp_path: Path) -> None:
    old = "models: {x: {model: m}, y: {model: n}}\nagents: {a: {instructions: Hello., model: x}}"
    [change] = changes(tmp_path, old, old.replace("model: x", "model: y"))
    assert (change.kind, change.old, change.new) == (Kind.MODEL_CHANGED, "x (m)", "y (n)")


def test_an_alias_that_says_no_more_than_the_name_did(tmp_path: Path) -> None:
    old = "agents: {a: {instructions: Hello., model: m}}"
    new = "models: {x: {model: m}}\nagents: {a: {instructions: Hello., model: x}}"
    assert kinds(tmp_path, old, new) == [(Kind.ALIAS_ADDED, "x")]


def test_headers_belong_to_the_endpoint(tmp_path: Path) -> None:
    old = "models: {x: {model: m, headers: {X-Team: red}}}\nagents: {a: {instructions: Hello., model: x}}"
    [change] = changes(tmp_path, old, old.replace("red", "{env: TEAM, default: blue}"))
    assert (change.kind, change.subject.key) == (Kind.ENDPOINT_CHANGED, "headers")
    assert (change.old, change.new) == ({"X-Team": "red"}, {"X-Team": "$TEAM or blue"})


def test_another_provider(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    put(tmp_path / "new/bot.script.yaml", "rules: [{say: Hello.}]")
    old = "models: {x: {model: m}}\nagents: {a: {instructions: Hello., model: x}}"
    new = old.replace("model: m", "provider: script, file: bot.script.yaml")
    found = changes(tmp_path, old, new)
    assert [(change.kind, change.subject.key) for change in found] == [
        (Kind.MODEL_CHANGED, "model"),
        (Kind.ENDPOINT_CHANGED, "provider"),
        (Kind.ENDPOINT_CHANGED, "file"),
    ]


def test_defaults_are_seen_through_what_agents_have(tmp_path: Path) -> None:
    found = changes(tmp_path, SHOP, SHOP + "    defaults: {handoffs: [{to: front, when: lost}, {to: repairs}]}\n")
    assert [(change.kind, change.subject.agent, change.subject.name) for change in found] == [
        (Kind.HANDOFF_GAINED, "sales", "repairs")
    ]


def test_a_thousand_agents(tmp_path: Path) -> None:
    agents = "".join(f"  a{number}: {{instructions: Number {number}., model: m}}\n" for number in range(1_000))
    text = f"entry: a1\nagents:\n{agents}"
    start = time.monotonic()
    assert len(changes(tmp_path, text, text.replace("  a", "  b").replace("entry: a", "entry: b"))) > 1_000
    assert time.monotonic() - start < 20
