"""What a person sees on a terminal: whole screens, as a terminal emulator shows them."""

import io
import os
import random
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.events import (
    ApprovalGiven,
    Event,
    FellBack,
    HandedOff,
    HistoryTrimmed,
    ModelAsked,
    ModelResponded,
    ModelRestarted,
    Retrying,
    RunFinished,
    RunStarted,
    TextDelta,
    ToolAnnounced,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)
from orchestrator.messages import AssistantMessage, ToolCall, ToolMessage
from orchestrator.render.terminal import TerminalView
from tests.support.fakes import FakeClock, Session, agent, call, calls, graph, say, to
from tests.support.growth import grows_within

SCREENS = Path(__file__).parents[1] / "examples" / "screens"
TWO = graph(agent("triage", hands=["sales"]), agent("sales", label="Sales & Orders"))


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLORTERM", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


class Terminal(io.StringIO):
    """A terminal, as an emulator shows it. ``written`` is all that it was sent."""

    def __init__(self, columns: int = 72, lines: int = 24) -> None:
        super().__init__()
        self.written = ""
        self._new(columns, lines)

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written += text
        self._stream.feed(text)
        return len(text)

    def size(self) -> os.terminal_size:
        return os.terminal_size((self.screen.columns, self.screen.lines))

    def lines(self) -> list[str]:
        """What stands on the screen and above it, down to the line of the cursor."""
        above = [
            "".join(line[column].data for column in range(self.screen.columns)) for line in self.screen.history.top
        ]
        shown = self.screen.display[: self.screen.cursor.y + 1]
        return [line.rstrip() for line in (*above, *shown)]

    def text(self) -> str:
        return "\n".join(self.lines())

    def color_of(self, word: str) -> str:
        """The colour of the first place on the screen where a word stands."""
        for row, line in enumerate(self.screen.display):
            if word in line:
                return str(self.screen.buffer[row][line.index(word)].fg)
        raise AssertionError(f"{word!r} is not on the screen")

    def resize(self, columns: int, lines: int) -> None:
        """Become wider or narrower, as terminals do that wrap their lines anew."""
        old = self.lines()
        self._new(columns, lines)
        self._stream.feed("\r\n".join(old))

    def _new(self, columns: int, lines: int) -> None:
        self.screen = pyte.HistoryScreen(columns, lines, history=100_000)
        self._stream = pyte.Stream(self.screen)


class Counter(Terminal):
    """A terminal that nobody looks at."""

    def write(self, text: str) -> int:
        self.written += text
        return len(text)


class Scene:
    """A view on a terminal, and time that passes when it is told to."""

    def __init__(self, terminal: Terminal | None = None) -> None:
        self.terminal = terminal or Terminal()
        self.clock = FakeClock()
        self.view = TerminalView(TWO, self.terminal, self.terminal, clock=self.clock, size=self.terminal.size)

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.view.tick()

    def see(self, *events: Event) -> None:
        for event in events:
            self.view(event)

    def stream(self, *pieces: str) -> None:
        for piece in pieces:
            self.see(TextDelta(text=piece))
            self.wait(0.1)

    def asked(self, agent: str = "triage") -> None:
        self.see(ModelAsked(run_id="run_1", at=self.clock.now, agent=agent, model="fast"))

    def replied(self, text: str | None, *made: ToolCall) -> None:
        self.see(ModelResponded(run_id="run_1", at=self.clock.now, message=AssistantMessage(text, made)))

    def started(self, *ids: str) -> None:
        self.see(*(ToolStarted(run_id="run_1", at=self.clock.now, call_id=one) for one in ids))

    def over(self, call_id: str, content: str, *, error: bool = False) -> None:
        self.see(ToolFinished(run_id="run_1", at=self.clock.now, call_id=call_id, content=content, error=error))

    def to(self, target: str) -> None:
        self.see(HandedOff(run_id="run_1", at=self.clock.now, target=target))

    def finished(self, status: str = "answered", detail: str = "") -> None:
        self.see(RunFinished(run_id="run_1", at=self.clock.now, status=status, detail=detail))  # type: ignore[arg-type]  # a status
        self.view.close()


SEARCH = ToolCall("call_1", "search_items", '{"query": "rocket boots", "in_stock": true, "limit": 5}')
PRICE = ToolCall("call_2", "price", '{"id": 7}')
BEGUN = RunStarted(run_id="run_1", at=1000, message="I want boots", agent="triage")
ANSWER = """\
We have **two** kinds, see [the shop](https://acme.example/boots) or <https://acme.example>:

1. *Rocket boots*, for `Vec<Road>` runners who are in a hurry and do not mind a little smoke
2. Rocket skates
   - size 38
   - size 46

| item | price | in stock |
|:-----|------:|:--------:|
| Rocket boots | 1,299.00 | yes |
| 跳ぶ靴 😀 | 7.50 | no |

> They go fast.

```python
def run(road):
    return road * 2
```

---

Shall I order?
"""


def waiting(scene: Scene) -> None:
    scene.see(BEGUN)
    scene.asked()
    scene.wait(0.5)
    scene.wait(3)


def streaming(scene: Scene) -> None:
    waiting(scene)
    scene.stream("Let me **lo", "ok** for `boots`.", "\n\nI", " search for\n", "\n- good ones\n", "- cheap ones\n-")


def a_pause_in_the_answer(scene: Scene) -> None:
    streaming(scene)
    scene.wait(2)


def a_call_is_written(scene: Scene) -> None:
    streaming(scene)
    scene.see(ToolAnnounced(index=0, name="search_items"))
    scene.wait(1)


def tools_run(scene: Scene) -> None:
    streaming(scene)
    scene.stream(" dear ones")
    scene.replied("(what has streamed is not shown again)", SEARCH, PRICE)
    scene.started("call_1")
    scene.wait(0.2)
    scene.started("call_2")
    scene.wait(1.5)
    scene.see(ToolProgress(call_id="call_1", text="3 of 10 shops"))
    scene.wait(0.1)


def tools_ran(scene: Scene) -> None:
    tools_run(scene)
    scene.over("call_2", "no such product\nTraceback and more", error=True)
    scene.wait(61)
    scene.over("call_1", '{"items": ["boots"], "more": false}')


def a_handoff(scene: Scene) -> None:
    tools_ran(scene)
    scene.to("sales")
    scene.asked("sales")
    scene.stream("There are two.")
    scene.replied("There are two.")
    scene.finished()


def a_handoff_without_a_word(scene: Scene) -> None:
    scene.asked()
    scene.replied(None, ToolCall("call_1", "transfer_to_sales", "{}"))
    scene.to("sales")
    scene.asked("sales")
    scene.replied("Here I am.")
    scene.see(RunStarted(run_id="run_2", at=1000, message="And now?", agent="sales"))
    scene.asked("sales")
    scene.replied("I am *still* here.")


def verbose(scene: Scene) -> None:
    scene.view.verbose = True
    scene.asked()
    scene.replied(None, SEARCH, PRICE)
    scene.started("call_1", "call_2")
    scene.wait(0.012)
    scene.over("call_2", "\n".join(f"line {number}" for number in range(1, 101)))
    scene.over("call_1", '{"items": ["跳ぶ靴"], "more": false}')


def markdown(scene: Scene) -> None:
    scene.asked()
    scene.replied(ANSWER)


def a_bad_day(scene: Scene) -> None:
    scene.asked()
    scene.stream("It is **41**", ".\n\nOr", " not.\n\nSo")
    scene.see(ModelRestarted(model="fast", reason="broken"))
    scene.see(FellBack(run_id="run_1", at=1000, from_model="fast", to_model="careful", reason="answered 503"))
    scene.see(HistoryTrimmed(run_id="run_1", at=1000, messages=3, tokens=9))
    scene.see(Retrying(model="careful", reason="overloaded " * 9, seconds=5, attempt=2))
    scene.stream("It is **42**.")
    scene.replied("It is **42**.")
    scene.finished("limit", "20 model calls")


def cancelled(scene: Scene) -> None:
    tools_run(scene)
    answers = (ToolMessage("call_1", "not executed: cancelled"), ToolMessage("call_2", "not executed: cancelled"))
    scene.see(RunFinished(run_id="run_1", at=scene.clock.now, status="cancelled", answers=answers))
    scene.view.close()


def expanded(scene: Scene) -> None:
    tools_ran(scene)
    scene.finished("ended", "**Bye.**")
    scene.view.expand()


def taller_than_the_screen(scene: Scene) -> None:
    scene.asked()
    scene.stream("- first\n", *(f"  - number {number}\n" for number in range(1, 41)))


SCENES: Sequence[Callable[[Scene], None]] = (
    waiting,
    streaming,
    a_pause_in_the_answer,
    a_call_is_written,
    tools_run,
    tools_ran,
    a_handoff,
    a_handoff_without_a_word,
    verbose,
    markdown,
    a_bad_day,
    cancelled,
    expanded,
    taller_than_the_screen,
)


@pytest.mark.parametrize("play", SCENES, ids=lambda play: play.__name__)
def test_the_screen_is_as_it_was_looked_at(play: Callable[[Scene], None]) -> None:
    scene = Scene()
    play(scene)
    assert scene.terminal.text() + "\n" == (SCREENS / f"{play.__name__}.txt").read_text(encoding="utf-8")


def test_every_screen_that_is_kept_has_its_scene() -> None:
    kept = {path.stem for path in SCREENS.iterdir() if not path.stem.startswith("real_")}
    assert kept == {play.__name__ for play in SCENES}


def test_each_speaker_has_a_colour_of_their_own() -> None:
    scene = Scene()
    for speaker in ("triage", "sales", "triage"):
        scene.to(speaker)
        assert scene.terminal.color_of("⇒") == {"triage": "cyan", "sales": "magenta"}[speaker]
        scene.terminal.screen.reset()


def test_no_color_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    scene = Scene()
    for play in (a_handoff, a_bad_day, markdown, verbose):
        play(scene)
    codes = {code for found in re.findall(r"\x1b\[([\d;]*)m", scene.terminal.written) for code in found.split(";")}
    assert codes <= {"", "0", "1", "2", "3", "4", "9"}


OURS = re.compile(r"\x1b\[(\?2026[hl]|\?7[hl]|[\d;]*m|\d+A|[JK])|\r\n|\r")
EVIL = "\x1b[2J\x1b]8;;http://evil.example\x07x\x9b31m\u202e\u2066y\x00\x08\r\x7f"


def test_nothing_that_a_model_or_a_tool_writes_steers_the_terminal() -> None:
    scene = Scene()
    scene.asked()
    scene.see(ToolAnnounced(index=0, name=EVIL), Retrying(model="m", reason=EVIL, seconds=9, attempt=2))
    scene.stream(
        *EVIL, f"[{EVIL}](http://{EVIL}) `{EVIL}` &#27;[2J &#8238;\n\n```{EVIL}\n{EVIL}\n```\n| {EVIL} |\n|--|\n"
    )
    scene.replied(EVIL, ToolCall("call_1", EVIL, EVIL), ToolCall("call_2", "f", f'{{"a": "{EVIL}"}}'))
    scene.started("call_1", "call_2")
    scene.see(ToolProgress(call_id="call_1", text=EVIL))
    scene.wait(1)
    scene.over("call_1", EVIL, error=True)
    scene.over("call_2", EVIL)
    scene.view.expand()
    scene.finished("failed", EVIL)
    left = OURS.sub("", scene.terminal.written)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", left)


FRAGMENTS = st.sampled_from(
    [
        *(
            "# H\n",
            "some text\n",
            "more **bold** text\n",
            "\n",
            "- item\n",
            "  - sub\n",
            "1. one\n",
            "2. two\n",
            "+ plus\n",
        ),
        *("```\n", "```python\n", "~~~\n", "x = 1\n", "    code\n", "| a | b |\n", "|---|---|\n", "| 1 | 2 |\n"),
        *(
            "> quote\n",
            ">> deep\n",
            "---\n",
            "===\n",
            "日本語",
            "😀👨‍👩‍👧 ",
            "[l](http://a.b)",
            "`c`",
            "<div>",
            "&amp;",
        ),
        *(
            "\t",
            "\r\n",
            "1",
            "-",
            " ",
            "_",
            "*",
            "**",
            "~~",
            "[1]: http://x\n",
            "\\\n",
            "10) ten\n",
            "|",
            "x = 2\n" * 25,
        ),
    ]
)


def whole(columns: int, *pieces: str) -> list[str]:
    scene = Scene(Terminal(columns))
    scene.asked()
    scene.stream(*pieces)
    scene.replied("".join(pieces))
    return scene.terminal.lines()


@settings(max_examples=60, deadline=None)
@given(st.lists(FRAGMENTS, min_size=1, max_size=25), st.sampled_from([10, 33, 72]), st.randoms(use_true_random=False))
def test_a_text_looks_the_same_in_whatever_pieces_it_comes(
    fragments: list[str], columns: int, chance: random.Random
) -> None:
    text = "".join(fragments)
    assert whole(columns, *cut(text, chance)) == whole(columns, text)


def cut(text: str, chance: random.Random) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = start + chance.randint(1, 20)
        yield text[start:end]
        start = end


@pytest.mark.parametrize("long", ["one paragraph {}\n", "- an item {}\n", "| a row | {} |\n", "> a quote {}\n", "{} "])
def test_of_a_block_without_end_nothing_is_lost(long: str) -> None:
    head = "| a | b |\n|---|---|\n" if long.startswith("|") else ""
    text = head + "".join(long.format(number) for number in range(400))
    shown = "\n".join(whole(72, text[:50], text[50:]))
    assert [int(number) for number in re.findall(r"\d+", shown)] == list(range(400))


def test_what_is_finished_is_not_written_again() -> None:
    scene = Scene()
    scene.asked()
    scene.stream("First **block**.\n", "\n", "Second block.\n\n```\ncode\n```\n", "Third\n")
    begun = len(scene.terminal.written)
    scene.stream(" block", " goes", " on\n", "\nand on")
    later = scene.terminal.written[begun:]
    assert "First" not in later
    assert "Second" not in later
    assert "code" not in later
    assert scene.terminal.text().count("block") == 3


def test_what_does_not_change_is_not_written_again() -> None:
    scene = Scene()
    tools_run(scene)
    begun = len(scene.terminal.written)
    scene.wait(0.001)
    assert len(scene.terminal.written) == begun


PROSE = "This is **sentence** {0} of a [long](http://x.example/{0}) text.\n\n- with\n- items\n\n```\ncode {0}\n```\n\n"


def streamed(paragraphs: int, shape: str = PROSE) -> Scene:
    scene = Scene(Counter())
    scene.asked()
    text = "".join(shape.format(number) for number in range(paragraphs))
    for start in range(0, len(text), 20):
        scene.see(TextDelta(text=text[start : start + 20]))
        scene.clock.advance(0.01)
    scene.replied(text)
    return scene


@pytest.mark.parametrize(
    ("shape", "count"), [(PROSE, 25), ("a line {}\n", 100), ("- item {}\n", 150), ("words {} ", 700)]
)
def test_what_is_written_grows_with_the_text_alone(shape: str, count: int) -> None:
    few, many = (len(streamed(count * times, shape).terminal.written) for times in (1, 4))
    assert many < 5.5 * few


def test_a_reply_of_thousands_of_lines_takes_its_share_of_time() -> None:
    def show(lines: int) -> None:
        scene = Scene(Counter())
        scene.asked()
        scene.replied("".join(f"line {number} of *many*\n\n" for number in range(lines // 2)))

    assert grows_within(13, show, 700, 7_000)


def test_group_16_an_answer_that_breaks_off_leaves_the_screen_clean() -> None:
    scene = Scene()
    scene.asked()
    scene.stream("Half **an", " answer")
    scene.wait(2)
    scene.view.close()
    assert scene.terminal.text() == "\n● Triage\nHalf **an answer\n"
    assert scene.terminal.screen.cursor.x == 0
    scene.wait(2)
    assert scene.terminal.text() == "\n● Triage\nHalf **an answer\n"


def test_a_terminal_is_always_left_as_it_was_found() -> None:
    scene = Scene()
    for play in SCENES:
        play(scene)
        for on, off in (("\x1b[?7h", "\x1b[?7l"), ("\x1b[?2026l", "\x1b[?2026h")):
            assert scene.terminal.written.count(on) == scene.terminal.written.count(off)
    assert "\x1b[?25l" not in scene.terminal.written


def test_group_34_nothing_is_drawn_while_a_person_is_asked() -> None:
    scene = Scene()
    tools_run(scene)
    with scene.view.waiting_for_person():
        assert "⠏" not in scene.terminal.text()
        assert scene.terminal.screen.cursor.x == 0
        scene.terminal.write("May it run? ")
        begun = scene.terminal.written
        scene.over("call_2", "7.50")
        scene.wait(5)
        assert scene.terminal.written == begun
        scene.terminal.write("yes\r\n")
    assert scene.terminal.lines()[-3:] == [
        "May it run? yes",
        "  ✓ price(id=7) · 1.6 s",
        "  ⠋ search_items(query='rocket boots', in_stock=… · 6 s · 3 of 10 shops",
    ]


def test_group_34_the_arguments_shown_are_the_arguments_executed() -> None:
    scene = Scene()
    scene.asked()
    scene.replied(None, PRICE)
    scene.see(
        ApprovalGiven(run_id="run_1", at=1000, call_id="call_2", verdict="granted", by="person", arguments='{"id": 8}')
    )
    scene.started("call_2")
    assert "price(id=8)" in scene.terminal.text()
    scene.over("call_2", "7.50")
    assert "✓ price(id=8)" in scene.terminal.text()


def test_group_33_calls_of_an_earlier_process_are_shown() -> None:
    scene = Scene()
    scene.view.recall([PRICE])
    scene.started("call_2", "call_9")
    scene.over("call_2", "7.50")
    scene.over("call_9", "")
    assert scene.terminal.lines()[-3:] == ["  ✓ price(id=7) · 0 ms", "  ✓ call_9() · 0 ms", ""]


def test_group_33_an_agent_that_is_gone_is_called_by_its_name() -> None:
    scene = Scene()
    scene.asked("billing")
    scene.replied("Hello")
    scene.to("gone")
    assert scene.terminal.text() == "\n● billing\nHello\n\n⇒ gone\n"


@pytest.mark.parametrize("columns", [100, 60, 40, 20, 3])
def test_a_window_that_changes_its_size_shows_everything_once(columns: int) -> None:
    scene = Scene()
    scene.asked()
    scene.stream("One first block.\n\nAnd ", *(f"word{number} " for number in range(60)))
    scene.terminal.resize(columns, 24)
    scene.wait(0.1)
    scene.stream(*(f"word{number} " for number in range(60, 80)))
    scene.replied("")
    shown = "".join(scene.terminal.lines())
    if columns > 20:  # else the lower part alone can be taken back
        assert re.findall(r"word(\d+)", shown) == [str(number) for number in range(80)]
    assert shown.replace(" ", "").count("word79") == 1


def test_a_screen_of_one_line_and_column_takes_everything() -> None:
    scene = Scene(Terminal(1, 1))
    for play in SCENES:
        play(scene)


def test_what_tools_print_stands_above_what_is_drawn() -> None:
    scene = Scene()
    scene.asked()
    scene.replied(None, PRICE)
    scene.started("call_2")
    begun = "\n● Triage\nasking [31mthe shop\n100 %\n"
    with scene.view.printing_above():
        print("asking \x1b[31mthe shop", file=sys.stderr)
        print("10 %\r50 %\r100 %\n", end="")
        print("not fin", end="")
        scene.wait(1)
        assert scene.terminal.text() == f"{begun}  ⠋ price(id=7) · 1 s"
        print("ished", "and said before the question", sep="\n")
        with scene.view.waiting_for_person():
            assert scene.terminal.text() == f"{begun}not finished\nand said before the question\n"
            sys.stderr.write("Well? ")
            sys.stderr.flush()
            assert scene.terminal.lines()[-1] == "Well?"
            sys.stderr.write("\r\n")
        scene.over("call_2", "7.50")
        print("the end", end="")
    print("later", file=sys.stderr)
    assert scene.terminal.lines()[-4:] == ["Well?", "  ✓ price(id=7) · 1.0 s", "the end", ""]


def test_a_tool_that_tells_much_does_not_keep_the_terminal_busy() -> None:
    scene = Scene(Counter())
    scene.asked()
    scene.replied(None, PRICE)
    scene.started("call_2")
    begun = len(scene.terminal.written)
    scene.see(*(ToolProgress(call_id="call_2", text=f"{number} of 2,000") for number in range(2_000)))
    assert len(scene.terminal.written) - begun < 1000


class Pipe(io.StringIO):
    """What is written to no terminal."""


def test_answers_in_a_pipe_are_as_the_model_wrote_them_and_the_terminal_shows_the_rest() -> None:
    screen, pipe = Terminal(), Pipe()
    scene = Scene()
    scene.view = TerminalView(TWO, pipe, screen, clock=scene.clock, size=screen.size)
    scene.asked()
    scene.stream("It is", " **42**")
    assert screen.text() == "⠹ Triage"
    scene.replied("It is **42**", PRICE)
    scene.started("call_2")
    scene.over("call_2", "7.50")
    scene.finished("limit")
    assert pipe.getvalue() == "It is **42**\n"
    assert screen.text() == "\n● Triage\n  ✓ price(id=7) · 0 ms\nthe run ended: limit\n"


async def test_33_the_last_turn_is_shown_again_but_not_written_again() -> None:
    screen, pipe = Terminal(), Pipe()
    turn = (await Session(TWO, say("**42**")).say("hello")).log
    for out in (screen, pipe):
        TerminalView(TWO, out, screen, size=screen.size).greet(["Triage answers"], turn)
    assert screen.text() == "Triage answers\n\n> hello\n\n● Triage\n42\nTriage answers\n"
    assert pipe.getvalue() == ""


def test_notes_in_a_file_are_plain_lines_and_the_terminal_shows_the_answers() -> None:
    screen, pipe = Terminal(), Pipe()
    scene = Scene()
    scene.view = TerminalView(TWO, screen, pipe, clock=scene.clock, size=screen.size)
    scene.asked()
    scene.replied("It is **42**", PRICE)
    scene.started("call_2")
    scene.wait(1)
    assert "price(id=7) · 1 s" in screen.text()
    scene.over("call_2", "no", error=True)
    scene.to("sales")
    scene.asked("sales")
    scene.replied("Bye.")
    scene.finished("limit")
    assert pipe.getvalue() == "→ price(id=7)\n✗ price: no\n⇒ Sales & Orders\nthe run ended: limit\n"
    assert screen.text() == "\n● Triage\nIt is 42\n\n● Sales & Orders\nBye.\n"


def test_an_answer_on_the_terminal_that_is_void_is_said_to_be_there() -> None:
    screen, pipe = Terminal(), Pipe()
    scene = Scene()
    scene.view = TerminalView(TWO, screen, pipe, clock=scene.clock, size=screen.size)
    scene.asked()
    scene.stream("It is 41.\n\nOr\n\nso\n")
    scene.see(ModelRestarted(model="fast", reason="broken"))
    scene.replied("It is 42.")
    assert screen.text() == "\n● Triage\nIt is 41.\n\nOr\n\n… (the answer broke off; it begins anew)\n\nIt is 42.\n"


def test_a_line_as_wide_as_the_screen_is_whole_while_it_streams() -> None:
    scene = Scene(Terminal(20))
    scene.asked()
    scene.stream("1234567890 12345678 ", "1234567890 123456789 ")
    assert scene.terminal.lines()[2:] == ["1234567890 12345678", "1234567890", "123456789"]


async def test_a_whole_conversation() -> None:
    def look(query: str) -> str:
        return f"found {query}"

    world = graph(agent("triage", look, hands=["sales"]), agent("sales"))
    session = await Session(
        world, calls(call("look", {"query": "boots"})), say("I-hand-you-over.", to("sales")), say("**Yes?**")
    ).say()
    scene = Scene()
    scene.see(*session.events)
    scene.view.close()
    shown = re.sub(r"\d+ ms", "1 ms", scene.terminal.text())
    assert shown == "\n● Triage\n  ✓ look(query='boots') · 1 ms\n\nI-hand-you-over.\n\n⇒ Sales & Orders\nYes?\n"
