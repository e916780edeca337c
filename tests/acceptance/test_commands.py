"""A conversation at a real terminal: typing, commands and approvals, as a person sees them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.events import ApprovalGiven, Event, ToolFinished, from_json
from tests.acceptance.conftest import Write
from tests.support.screens import ALT_ENTER, CTRL_A, CTRL_C, CTRL_D, CTRL_K, CTRL_R, ENTER, TAB, UP, Screen, paste

SHOP = """
    version: 1
    agents:
      shop:
        label: The Shop
        model: some-model
        instructions: Sell.
        tools: [{use: "goods:pay", approval: always}]
"""
GOODS = '''
    def pay(amount: int, to: str) -> str:
        """Pay somebody."""
        return f"paid {amount} to {to}"
'''
SELLS = """
    rules:
      - {user: ^pay, call: [{name: pay, with: {amount: 7, to: Ann}}]}
      - {after: pay, say: "The till says: {{ result }}"}
      - {say: "heard {{ user }}"}
"""
ALLOW = "Allow it? [y]es, [n]o, [e]dit, [a]lways:"
ASKED = ["The Shop wants to call pay:", "  {", '    "amount": 7,', '    "to": "Ann"', "  }", ALLOW]


@pytest.fixture
def shop(write: Write) -> Path:
    """A shop that asks before it pays."""
    write("goods.py", GOODS)
    write("shop.script.yaml", SELLS)
    return write("shop.yaml", SHOP)


@pytest.fixture
def screen(shop: Path) -> Iterator[Screen]:
    with talking(shop) as opened:
        yield opened


def talking(file: Path, *more: str) -> Screen:
    """A conversation that is kept beside its file; the first prompt is there."""
    screen = Screen("run", file, "--store", file.with_name("kept.db"), *more, cwd=file.parent)
    screen.wait_for_end(">")
    return screen


def saved(screen: Screen, folder: Path) -> list[Event]:
    """The events of the session, as /save writes them."""
    screen.type(f"/save {folder / 'saved.jsonl'}{ENTER}")
    screen.wait_for("saved to")
    return [from_json(line) for line in (folder / "saved.jsonl").read_text().splitlines()]


def test_what_is_typed_is_answered_be_it_one_line_or_several(screen: Screen) -> None:
    screen.type(f"hello{ENTER}")
    screen.wait_for_end("> hello", "", "● The Shop", "heard hello", "", ">")
    screen.type(paste("one\ntwo"))
    screen.wait_for_end("> one", "  two")
    screen.type(ALT_ENTER, "three", ENTER)
    screen.wait_for_end("> one", "  two", "  three", "", "● The Shop", "heard one", "two", "three", "", ">")
    screen.type(f"/quit{ENTER}")
    assert screen.left() == 0


def test_commands_are_completed(screen: Screen) -> None:
    screen.type("/he")
    screen.wait_for("show the commands")
    screen.type(TAB, ENTER)
    screen.wait_for("  /quit            leave; the conversation is kept")
    assert "> /help" in screen.lines
    screen.type("/agent ", TAB, ENTER)
    screen.wait_for("The Shop answers next")


def test_history_goes_over_runs(shop: Path) -> None:
    with talking(shop) as first:
        first.type(f"hello{ENTER}")
        first.wait_for("heard hello")
        first.type(f"again{ENTER}")
        first.wait_for("heard again")
        first.type(CTRL_D)
        assert first.left() == 0
    with talking(shop) as second:
        second.type(UP, UP, ENTER)
        second.wait_for_end("> hello", "", "● The Shop", "heard hello", "", ">")
        second.type(CTRL_R, "aga", ENTER, ENTER)
        second.wait_for_end("> again", "", "● The Shop", "heard again", "", ">")


def test_34_what_was_edited_is_what_runs(screen: Screen, tmp_path: Path) -> None:
    screen.type(f"pay{ENTER}")
    screen.wait_for_end("> pay", "", "● The Shop", *ASKED)
    screen.type(f"e{ENTER}")
    screen.wait_for_end("arguments: {", '             "amount": 7,', '             "to": "Ann"', "           }")
    screen.type(f"{UP}{CTRL_A}{CTRL_K}Bob{ENTER}")
    screen.wait_for("this is no JSON from line 3, column 1 on.")
    screen.type(f'{UP}{CTRL_A}{CTRL_K}"to": "Bob"{ENTER}')
    screen.wait_for("paid 7 to Bob")
    given, finished = (event for event in saved(screen, tmp_path) if isinstance(event, ApprovalGiven | ToolFinished))
    assert isinstance(given, ApprovalGiven)
    assert given.arguments == '{"amount": 7, "to": "Bob"}'
    assert isinstance(finished, ToolFinished)
    assert finished.content.endswith("paid 7 to Bob")


def test_34_the_reason_of_a_no_reaches_the_model_and_always_holds_for_the_session(screen: Screen) -> None:
    screen.type(f"pay{ENTER}")
    screen.wait_for_end(*ASKED)
    screen.type(f"n{ENTER}")
    screen.wait_for("Why not? (Enter: no reason)")
    screen.type(f"too dear{ENTER}")
    screen.wait_for("The till says: Error: the person denied this call: too dear. It was not made.")
    screen.type(f"pay{ENTER}")
    screen.wait_for_end(*ASKED)
    screen.type(f"a{ENTER}")
    screen.wait_for("From now on The Shop calls pay unasked, in this session.")
    screen.wait_for("The till says: paid 7 to Ann")
    screen.type(f"pay{ENTER}")
    screen.wait_for("The till says: paid 7 to Ann", times=2)
    assert screen.text.count(ALLOW) == 2


def test_34_what_is_left_open_is_asked_again(shop: Path) -> None:
    with talking(shop) as first:
        first.type(f"pay{ENTER}")
        first.wait_for_end(*ASKED)
        first.type(CTRL_D)
        assert first.left() == 6
    with Screen("run", shop, "--store", shop.with_name("kept.db"), "--continue", cwd=shop.parent) as second:
        second.wait_for_end(*ASKED)
        second.type(f"y{ENTER}")
        second.wait_for("The till says: paid 7 to Ann")


def test_16_ctrl_c_at_each_place(screen: Screen) -> None:
    """In a line it clears the line, in a question it stops the turn, on an empty line it leaves."""
    screen.type("nonsense", CTRL_C)
    screen.wait_for_end(">")
    screen.type(f"pay{ENTER}")
    screen.wait_for_end(*ASKED)
    screen.type(CTRL_C)
    screen.wait_for("the run ended: cancelled")
    screen.wait_for_end(">")
    screen.type(f"pay{ENTER}")
    screen.wait_for(ALLOW, times=2)
    screen.type(f"e{ENTER}")
    screen.wait_for("arguments: {")
    screen.type(CTRL_C)
    screen.wait_for("the run ended: cancelled", times=2)
    screen.type(f"hello{ENTER}")
    screen.wait_for("heard hello")
    screen.type(CTRL_C)
    assert screen.left() == 130


def test_16_ctrl_c_stops_a_tool_and_the_conversation_goes_on(bot: Path) -> None:
    with talking(bot) as screen:
        screen.type(f"use hang{ENTER}")
        screen.wait_for("hang()")
        screen.type(CTRL_C)
        screen.wait_for("the run ended: cancelled")
        screen.type(f"hello{ENTER}")
        screen.wait_for("front heard hello")
        screen.type(CTRL_D)
        assert screen.left() == 130


def test_questions_of_tools_are_answered_at_the_keyboard_and_not_by_what_was_typed_ahead(bot: Path) -> None:
    with talking(bot) as screen:
        screen.type(f"use question{ENTER}also this")
        screen.wait_for("What is your name?")
        screen.type(f"Ann{ENTER}")
        screen.wait_for("result: heard Ann")
        screen.wait_for_end("> also this")
        screen.type(f"{CTRL_A}{CTRL_K}use old_question{ENTER}")
        screen.wait_for("And your age?")
        screen.type(f"33{ENTER}")
        screen.wait_for("result: heard 33")


def test_without_colours_there_are_none(shop: Path) -> None:
    with Screen("run", shop, "--no-store", cwd=shop.parent, NO_COLOR="1") as screen:
        screen.wait_for_end(">")
        screen.type("/h")
        screen.wait_for("show the commands")
        assert screen.colours() <= {"default"}
