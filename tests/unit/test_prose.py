"""What instructions say of tools and agents, held against those that there are.

That nothing false is said of sound routines is shown by the examples ``valid/prose_*.yaml``.
"""

from pathlib import Path
from textwrap import dedent, indent

import pytest

from orchestrator.diagnostics import Diagnostic
from orchestrator.loader import load

TOOLS = '''
from typing import Literal


def find_order(order_number: str) -> str:
    """Find an order."""
    return order_number


def refund(order_number: str, department: Literal["billing", "other"] = "other") -> str:
    """Pay back."""
    return department
'''
# a has find_order and hands off to b; b has the module; c is another agent, which only b leads to
FILE = """
entry: a
defaults: {{model: m}}
variables: {{kind: {{default: billing, enum: [billing, c_level]}}}}
agents:
  a:
    description: d
    tools: ["ears:find_order"]
    handoffs: [{{to: b, when: asked}}]
    instructions: |
{text}
  b:
    description: d
    tools: [ears]
    handoffs: [{{to: a, when: asked}}, {{to: c_level, when: asked}}]
    instructions: "{{{{ kind }}}}"
  c_level: {{description: d, handoffs: [{{to: a, when: asked}}], instructions: x}}
  billing: {{description: d, handoffs: [{{to: a, when: asked}}], instructions: x}}
"""


def found(tmp_path: Path, text: str, file: str = FILE, **changes: str) -> list[Diagnostic]:
    """What is told of prose when the instructions of a are this text."""
    (tmp_path / "ears.py").write_text(TOOLS)
    whole = file.format(text=indent(dedent(text).strip("\n"), " " * 6)).lstrip("\n")
    for old, new in changes.items():
        whole = whole.replace(old, new)
    (tmp_path / "bot.yaml").write_text(whole)
    return [each for each in load(tmp_path / "bot.yaml", shown="bot.yaml").diagnostics if each.code in CODES]


CODES = {"names-absent-tool-or-agent", "unmentioned-handoff"}
FIRST_LINE = 10


def told(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    """The lines in the text, with the words that are told."""
    lines = dedent(text).strip("\n").splitlines()
    places = []
    for each in found(tmp_path, text):
        line, start = each.span.line - FIRST_LINE, each.span.column - 7
        places.append((line, lines[line][start : start + each.span.end_column - each.span.column]))
    return places


# ---- tools


@pytest.mark.parametrize(
    "text",
    [
        "Call `refund` now.",
        "Call `refund()` now.",
        "`refund` pays back.",
        "- **`refund`**: pays back",
        "1. Then (`refund`).",
    ],
)
def test_a_tool_in_backticks_that_the_agent_does_not_have(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text) == [(0, "refund")]


WITHOUT_FIND = {'["ears:find_order"]': '["ears:refund"]'}


@pytest.mark.parametrize(
    "text",
    [
        "Call find_order now.", "find_order", "Use find_order.", "Use find_order, then wait.", "Is it find_order?",
        "*find_order* first", "**find_order** first", "(find_order)", "find_order()", "call find_order!",
    ],
)  # fmt: skip
def test_a_tool_whose_name_has_an_underscore_needs_no_backticks(tmp_path: Path, text: str) -> None:
    [fault] = found(tmp_path, text, **WITHOUT_FIND)
    assert fault.message == "the instructions name 'find_order', a tool that 'a' does not have"
    assert fault.span.end_column - fault.span.column == len("find_order")


def test_the_message_and_the_place(tmp_path: Path) -> None:
    [fault] = found(tmp_path, "First greet.\n\n  Then call `refund` with it.")
    assert (fault.span.path, fault.span.line, fault.span.column, fault.span.end_column) == ("bot.yaml", 12, 20, 26)
    assert (fault.code, fault.severity) == ("names-absent-tool-or-agent", "warning")
    assert fault.message == "the instructions name 'refund', a tool that 'a' does not have"
    assert fault.hint == "add it to its tools, or take it out of the instructions"


@pytest.mark.parametrize(
    "text",
    [
        "Give a refund.",
        "refund them",
        "Say \"refund\", or 'refund'.",
        "Call `find_order` and find_order.",
        "Read `order_number` and order_number.",
        "See https://shop.example/refund/find_order or refund_terms.pdf; write to refund@shop.example.",
        "```\nrefund\n`refund`\n```",
        "~~~json\n{'refund': `refund`}\n~~~",
        "| `refunds` | `refund_all` | `Refund` |",
        "The kind is `billing` or `c_level`.",
        "{# call `refund` #}{% set refund = 'refund' %}",
        "$refund ${refund} <refund> #refund refund=1",
    ],
)
def test_what_is_no_name_of_a_tool(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text) == []


def test_a_tool_is_known_by_the_name_that_the_model_sees(tmp_path: Path) -> None:
    named = {'["ears:find_order"]': '[{use: "ears:refund", name: pay_back}]'}
    assert found(tmp_path, "Use pay_back and `pay_back`.", **named) == []
    [fault] = found(tmp_path, "Use `refund`.", **named)
    assert "'refund'" in fault.message


def test_a_tool_of_the_defaults_is_a_tool(tmp_path: Path) -> None:
    assert found(tmp_path, "Use `refund`.", **{"{model: m}": "{model: m, tools: [ears]}"}) == []


# ---- agents


@pytest.mark.parametrize("text", ["Then transfer_to_billing.", "Call `transfer_to_billing`.", "transfer_to_billing()"])
def test_the_function_of_a_handoff_that_the_agent_does_not_have(tmp_path: Path, text: str) -> None:
    [fault] = found(tmp_path, text)
    assert fault.message == "the instructions name 'transfer_to_billing', but 'a' can't hand off to 'billing'"
    assert fault.hint == "add 'billing' to its handoffs, or take it out of the instructions"


@pytest.mark.parametrize(
    ("word", "hint"),
    [("transfer_to_bb", "there is no agent of this name"), ("transfer_to_sales", "did you mean 'transfer_to_sale'?")],
)
def test_the_function_of_a_handoff_to_nobody(tmp_path: Path, word: str, hint: str) -> None:
    names = {"to: b,": "to: sale,", "  b:\n": "  sale:\n"}
    [fault] = found(tmp_path, f"Then {word}.", **names)
    assert fault.hint == hint


def test_an_agent_that_is_to_take_over_and_can_not(tmp_path: Path) -> None:
    without = {"default: billing, enum: [billing, c_level]": "default: x"}
    for text in ("Hand off to `c_level`.", "Transfer the customer to c_level.", "Send them to the agent `c_level`."):
        [fault] = found(tmp_path, text, **without)
        assert fault.message == "the instructions name 'c_level', but 'a' can't hand off to 'c_level'"


@pytest.mark.parametrize(
    "text",
    [
        "Hand off to `b`, with transfer_to_b.",
        "You are `a`.",
        "The queue is `c_level`.",
        "Write `billing` into the field.",
        "Hand off to billing.",
    ],
)
def test_what_is_no_handoff_that_is_missing(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text) == []


def test_the_values_that_a_tool_takes_are_no_agents(tmp_path: Path) -> None:
    own = {'["ears:find_order"]': "[ears]", "enum: [billing, c_level]": "enum: [billing]"}
    assert found(tmp_path, "Send it to `billing`: `refund` has it as `department`.", **own) == []


def test_to_whom_the_conversation_goes_back_may_be_named_but_not_called(tmp_path: Path) -> None:
    once = {
        "{to: b, when: asked}": "{to: b, when: asked, for_one_turn: true}",
        "[{to: a, when: asked}, {to: c": "[{to: c",
    }
    assert found(tmp_path, "Help.", **once, **{'"{{ kind }}"': '"{{ kind }} You hand back to `a`."'}) == []
    [fault] = found(tmp_path, "Help.", **once, **{'"{{ kind }}"': '"{{ kind }} Call transfer_to_a."'})
    assert fault.message == "the instructions name 'transfer_to_a', but 'b' can't hand off to 'a'"


# ---- where the text comes from


def test_words_in_an_included_text_are_told_there_once(tmp_path: Path) -> None:
    (tmp_path / "part.md").write_text("Be kind.\nThen `refund` it.\n")
    twice = {"instructions: x}\n  billing": "instructions: '{% include \"part.md\" %}'}\n  billing"}
    faults = found(tmp_path, '{% include "part.md" %}', **twice)
    assert [(Path(each.span.path).name, each.span.line, each.span.column) for each in faults] == [("part.md", 2, 7)] * 2
    assert {each.message for each in faults} == {
        "the instructions name 'refund', a tool that 'a' does not have",
        "the instructions name 'refund', a tool that 'c_level' does not have",
    }


def test_only_text_is_prose(tmp_path: Path) -> None:
    text = "{% if kind == 'refund' %}Help.{% else %}Use `refund`.{% endif %}{{ 'find_order' }}"
    assert [word for _, word in told(tmp_path, text)] == ["refund"]


@pytest.mark.parametrize(
    "changes",
    [
        {'["ears:find_order"]': "[eers]"},
        {'["ears:find_order"]': '["ears:find"]'},
        {'["ears:find_order"]': "[5]"},
        {'["ears:find_order"]': '[{usse: "ears:refund"}]'},
        {'["ears:find_order"]': "ears"},
        {'tools: ["ears:find_order"]': 'tool: ["ears:refund"]'},
        {"{to: b, when: asked}": "{too: billing, when: asked}"},
        {"{to: b, when: asked}": "{to: biling, when: asked}"},
        {"handoffs: [{to: b, when: asked}]": "handofs: [billing]"},
        {"defaults: {model: m}": "defaults: {model: m, tools: [5]}"},
        {"entry: a": "include: [gone.yaml]\nentry: a"},
    ],
)
def test_nothing_is_told_that_follows_from_a_fault(tmp_path: Path, changes: dict[str, str]) -> None:
    assert found(tmp_path, "Use `refund`, then transfer_to_billing.", **changes) == []


# ---- handoffs that nobody mentions

QUIET = {"handoffs: [{to: b, when: asked}]": "handoffs: [b]"}


def test_a_handoff_that_nothing_speaks_of_is_a_note(tmp_path: Path) -> None:
    [fault] = found(tmp_path, "Help.", **QUIET, **{"  b:\n": "  desk_b:\n", "[b]": "[desk_b]"})
    assert (fault.code, fault.severity, fault.span.line, fault.span.column) == ("unmentioned-handoff", "note", 8, 16)
    assert fault.message == "the instructions of 'a' never mention 'desk_b'"
    assert fault.hint == "say in them when to hand off, or add when: to the handoff"


@pytest.mark.parametrize(
    "text",
    [
        "Go to desk_b.",
        "the Desk B helps",
        "DESK B",
        "transfer_to_desk_b",
        "{% for h in handoffs %}{{ h.name }}{% endfor %}",
    ],
)
def test_a_handoff_that_is_spoken_of(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text, **QUIET, **{"  b:\n": "  desk_b:\n", "[b]": "[desk_b]"}) == []


def test_a_handoff_that_needs_no_word(tmp_path: Path) -> None:
    """It has a ``when``, it is back to the entry, it is one that everybody has, or something worse is told of it."""
    assert found(tmp_path, "Help.") == []
    assert (
        found(
            tmp_path,
            "Help.",
            **{"instructions: x}\n  billing": "instructions: x}\n  billing", "{to: a, when: asked}": "a"},
        )
        == []
    )
    assert found(tmp_path, "Help.", **{"{model: m}": "{model: m, handoffs: [a, billing]}"}) == []
    assert found(tmp_path, "Help.", **QUIET, **{"  b:\n    description: d\n": "  b:\n"}) == []
    assert found(tmp_path, "Help.", **{"handoffs: [{to: b, when: asked}]": "handoffs: [a]"}) == []
