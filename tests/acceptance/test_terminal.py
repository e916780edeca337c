"""Whole screens of the real program at a terminal, as they were looked at."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import Write
from tests.support.screens import CTRL_C, CTRL_D, ENTER, TAB, UP, Screen

SCREENS = Path(__file__).parents[1] / "examples" / "screens"
AGENTS = Path(__file__).parents[2] / "agents"
OFFICE = """
    version: 1
    entry: desk
    agents:
      desk:
        label: The Desk
        model: some-model
        instructions: Help.
        tools: [work]
"""
WORK = '''
    import time
    from pathlib import Path


    def weather(city: str) -> str:
        """Tell the weather of a city."""
        time.sleep(0.1 if city == "Oslo" else 0.4)
        if city == "Atlantis":
            raise ValueError("no such city")
        return f"{city}: sunny"


    def count(upto: int) -> str:
        """Count aloud."""
        for number in range(1, upto + 1):
            print(f"counted {number}", end="" if number == upto else chr(10))
        time.sleep(0.8)
        return "counted"


    def wait() -> str:
        """Wait until somebody says go."""
        while not Path(__file__).with_name("go").exists():
            time.sleep(0.01)
        return "gone"
'''
SAYS = """
    rules:
      - user: ^markdown
        say: |
          # Zürich

          A **bold** word, `code`, 日本語 and 👍, and a [link](https://example.org/).

          | city | 人口 | |
          |---|---:|---|
          | 東京 | 37,435,191 | the largest one, by far, on this small list |
          | Zürich | 443,037 | - |

          1. one
          2. two, which is long enough to be wrapped in a narrow window
             - and a half

          ```python
          print("a line of code that is wider than a window of sixty columns")
          ```

          > Quoted.
      - after: count
        say: Two of three.
      - user: ^tools
        call:
          - {name: weather, with: {city: Oslo}}
          - {name: weather, with: {city: Atlantis}}
          - {name: count, with: {upto: 3}}
      - after: wait
        say: This line was written when the window had become wider than it was before.
      - user: ^wait
        say: This line is written while the window is narrow, and it is wrapped.
        call: [wait]
      - say: "You said: {{ user }}"
"""
SLOW = """
    words_per_second: 0.8
    rules:
      - {user: ^long, say: "Well, this takes its time."}
      - {say: Yes?}
"""


@pytest.fixture
def office(write: Write) -> Path:
    """A desk with tools, and a script that speaks for it."""
    write("work.py", WORK)
    write("office.script.yaml", SAYS)
    return write("office.yaml", OFFICE)


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Screen]:
    """Begin a conversation that is kept in a folder of its own; the first prompt is there. A script answers."""

    def begin(file: Path, *more: str, columns: int = 72, lines: int = 200, **settings: str) -> Screen:
        script = ("--model", f"script:{file.stem}.script.yaml")
        kept = {"ORCHESTRATE_STORE": str(tmp_path / "kept"), **settings}
        screen = Screen("run", file.name, *script, *more, cwd=file.parent, columns=columns, lines=lines, **kept)
        screen.wait_for_end(">")
        return screen

    return begin


def say(screen: Screen, text: str) -> None:
    """Hold a turn, to its end."""
    screen.type(f"{text}{ENTER}")
    screen.wait_for(f"> {text}")
    screen.wait_for_end("", ">")


def _uncut(shown: str) -> str:
    """How much of a call's arguments fits beside its time depends on how long it took."""
    return re.sub(r"(?m)^(  [✓✗] \w+\().*… · TIME$", r"\1… · TIME", shown)


def check(screen: Screen, name: str) -> None:
    """Compare what can be seen with what is kept. Times and ids are not the same each time."""
    shown = re.sub(r"session_[0-9a-f]{16}", "session_ID", screen.text)
    shown = re.sub(r"\d+ ms|\d+\.\d s|\d\d:\d\d:\d\d", "TIME", shown)
    shown = re.sub(r"\d{4}-\d\d-\d\d ──", "DAY ──", shown)
    assert _uncut(shown) + "\n" == _uncut((SCREENS / f"real_{name}.txt").read_text(encoding="utf-8"))


def test_type_and_stream(office: Path, opened: Callable[..., Screen]) -> None:
    with opened(office, columns=60) as screen:
        say(screen, "markdown")
        check(screen, "markdown")


def test_a_handoff_and_tools(opened: Callable[..., Screen]) -> None:
    with opened(AGENTS / "acme.yaml") as screen:
        say(screen, "I want a refund for my boots")
        say(screen, "/graph")
        check(screen, "handoff")


def test_14_parallel_tools_that_print_and_fail(office: Path, opened: Callable[..., Screen]) -> None:
    with opened(office) as screen:
        say(screen, "tools")
        say(screen, "/verbose")
        check(screen, "tools")


def test_16_interrupt_and_go_on(office: Path, write: Write, opened: Callable[..., Screen]) -> None:
    write("slow.script.yaml", SLOW)
    with opened(office, "--model", "script:slow.script.yaml") as screen:
        screen.type(f"long{ENTER}")
        screen.wait_for("Well,")
        screen.type(CTRL_C)
        screen.wait_for_end("the run ended: cancelled", "", ">")
        say(screen, "are you there?")
        screen.type("half a thought", CTRL_C, CTRL_C)
        assert screen.left() == 130
        check(screen, "interrupted")


def test_34_approve_with_edit(opened: Callable[..., Screen]) -> None:
    with opened(AGENTS / "bank.yaml") as screen:
        say(screen, "1042, 1949-09-17")
        screen.type(f"send 5000 to Road Runner{ENTER}")
        screen.wait_for("Allow it?")
        screen.type(f'edit {{"amount": "50", "recipient": "Road Runner"}}{ENTER}')
        screen.wait_for_end("", ">")
        check(screen, "edited")


def test_34_deny_with_a_reason(opened: Callable[..., Screen]) -> None:
    with opened(AGENTS / "bank.yaml") as screen:
        say(screen, "1042, 1949-09-17")
        screen.type(f"send 5000 to Road Runner{ENTER}")
        screen.wait_for("Allow it?")
        screen.type(f"no, ask me tomorrow{ENTER}")
        screen.wait_for_end("", ">")
        check(screen, "denied")


def test_33_continue_after_exit(office: Path, opened: Callable[..., Screen]) -> None:
    with opened(office, "--session", "mine") as first:
        say(first, "hello")
        say(first, "tools")
        first.type(CTRL_D)
        assert first.left() == 0
        check(first, "left")
    with opened(office, "--continue") as second:
        say(second, "hello again")
        check(second, "continued")


def test_33_a_turn_that_was_cut_short_is_shown_as_far_as_it_came(office: Path, opened: Callable[..., Screen]) -> None:
    with opened(office, columns=60) as first:
        first.type(f"wait{ENTER}")
        first.wait_for(" wait()")
    with opened(office, "--continue") as second:
        second.wait_for_end("This line was written when the window had become wider than it was", "before.", "", ">")
        check(second, "cut_short")


def test_16_a_terminal_that_can_only_do_lines(office: Path, opened: Callable[..., Screen]) -> None:
    with opened(office, TERM="dumb") as screen:
        screen.type(f"hello{ENTER}")
        screen.wait_for_end("The Desk: You said: hello", ">")
        screen.type(CTRL_C)
        assert screen.left() == 130
        check(screen, "dumb")


def test_undo_and_retry(office: Path, opened: Callable[..., Screen]) -> None:
    with opened(office) as screen:
        say(screen, "one")
        say(screen, "two")
        say(screen, "/retry")
        say(screen, "/undo")
        say(screen, "/history")
        screen.type(UP, UP)
        screen.wait_for_end("> /undo")
        check(screen, "undone")


def test_a_window_that_becomes_wider(office: Path, opened: Callable[..., Screen]) -> None:
    with opened(office, columns=44) as screen:
        screen.type(f"wait{ENTER}")
        screen.wait_for(" wait()")
        screen.resize(72, 200)
        office.with_name("go").touch()
        screen.wait_for("This line was")
        screen.wait_for_end("", ">")
        check(screen, "wider")


def test_34_a_window_that_is_hardly_one(opened: Callable[..., Screen]) -> None:
    """A question that is as wide as the window leaves the call to be read; what completes finds room."""
    with opened(AGENTS / "bank.yaml", columns=40, lines=24) as screen:
        say(screen, "1042, 1949-09-17")
        screen.type(f"send 5000 to Road Runner{ENTER}")
        screen.wait_for_end("Allow it? [y]es, [n]o, [e]dit, [a]lways:", ">")
        screen.type(f"y{ENTER}")
        screen.wait_for_end("", ">")
        screen.type("/he", TAB)
        screen.wait_for("show the commands")
        check(screen, "narrow")
