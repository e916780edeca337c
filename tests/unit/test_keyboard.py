"""The keyboard: keys go in at a pipe, lines come out; the screen is nobody's."""

import asyncio
import os
import pty
import stat
import termios
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from prompt_toolkit.input import PipeInput, create_input, create_pipe_input
from prompt_toolkit.output import DummyOutput

from orchestrator.cli.conversation.completing import Completed, Offer, offers_of
from orchestrator.cli.conversation.keyboard import Keyboard
from orchestrator.cli.conversation.readers import Editor

UP, CTRL_C, CTRL_D, CTRL_R, ALT_ENTER = "\x1b[A", "\x03", "\x04", "\x12", "\x1b\r"
COMMANDS = [
    Completed("help", "show the commands", dict),
    Completed("history", "show what was said", dict),
    Completed("agent", "choose", lambda: {"sales": "Buying.", "support": "Mending."}),
    Completed("set", "set", lambda: {"language=": "", "language=de": "", "language=en": ""}),
]


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    with create_pipe_input() as opened:
        yield opened


@pytest.fixture
def keyboard(keys: PipeInput, tmp_path: Path) -> Keyboard:
    return another(keys, tmp_path)


def another(keys: PipeInput, folder: Path) -> Keyboard:
    """The keyboard of a process of its own, with the same file of what was typed."""
    keyboard = Keyboard(folder / "history", keys, DummyOutput())
    keyboard.learn(offers_of(COMMANDS), lambda line: not line.startswith("/set token="))
    return keyboard


async def typed(read: Callable[[str], Awaitable[str | None]], keys: PipeInput, *pressed: str) -> str | None:
    """What comes out when these keys are pressed, with time between them for what happens in between."""

    async def press() -> None:
        for each in pressed:
            await asyncio.sleep(0.1)
            keys.send_text(each)

    pressing = asyncio.create_task(press())
    async with asyncio.timeout(5):
        line = await read("> ")  # in this task: Ctrl-C would end the loop from another one
    await pressing
    return line


TYPED = {
    "a line": (["hello\r"], "hello"),
    "letters of all kinds": (["Grüße, 世界 🚀\r"], "Grüße, 世界 🚀"),
    "a new line with Alt-Enter": (["one", ALT_ENTER, "two\r"], "one\ntwo"),
    "pasted lines are one message": (["\x1b[200~one\r\ntwo\rthree\n\x1b[201~", "\r"], "one\ntwo\nthree\n"),
    "Ctrl-C clears what stands": (["nonsense", CTRL_C, "sense\r"], "sense"),
    "the keys of Emacs": (["world\x01hello \x05!\r"], "hello world!"),
    "Ctrl-D leaves on an empty line": ([CTRL_D], None),
    "Ctrl-D does not leave on another one": (["ab\x02", CTRL_D, "\r"], "a"),
    "a command is completed": (["/he", "\t", "\r"], "/help"),
    "what several begin with is chosen from": (["/h", "\t", "\t", "\r"], "/history"),
    "an agent is completed": (["/agent sa", "\t", "\r"], "/agent sales"),
    "nothing else is completed": (["he", "\t", "\r"], "he"),
}


@pytest.mark.parametrize("case", TYPED)
async def test_what_is_typed_comes_out(keyboard: Keyboard, keys: PipeInput, case: str) -> None:
    pressed, line = TYPED[case]
    assert await typed(keyboard.read, keys, *pressed) == line


async def test_ctrl_c_on_an_empty_line_leaves(keyboard: Keyboard, keys: PipeInput) -> None:
    keys.send_text(CTRL_C)
    with pytest.raises(KeyboardInterrupt):
        await keyboard.read("> ")


async def test_ctrl_c_leaves_a_question_whatever_stands_there(keyboard: Keyboard, keys: PipeInput) -> None:
    with pytest.raises(KeyboardInterrupt):
        await answered(keyboard, keys, f"ye{CTRL_C}")


async def answered(keyboard: Keyboard, keys: PipeInput, *pressed: str, text: str = "") -> str | None:
    async def read(prompt: str) -> str | None:
        return await keyboard.answer(prompt, text)

    return await typed(read, keys, *pressed)


async def test_an_answer_can_begin_with_a_text_and_be_edited(keyboard: Keyboard, keys: PipeInput) -> None:
    assert await answered(keyboard, keys, "\x7f2\r", text='{\n  "a": 1') == '{\n  "a": 2'
    assert await answered(keyboard, keys, CTRL_D) is None


async def test_history_goes_over_runs(keyboard: Keyboard, keys: PipeInput, tmp_path: Path) -> None:
    await typed(keyboard.read, keys, "first\r")
    await typed(keyboard.read, keys, "second", ALT_ENTER, "line\r")
    later = another(keys, tmp_path)
    assert await typed(later.read, keys, UP, "\r") == "second\nline"
    assert await typed(later.read, keys, CTRL_R, "fir", "\r", "\r") == "first"
    assert stat.S_IMODE((tmp_path / "history").stat().st_mode) == 0o600


async def test_35_answers_and_secrets_are_in_no_history(keyboard: Keyboard, keys: PipeInput, tmp_path: Path) -> None:
    await typed(keyboard.read, keys, "hello\r")
    await typed(keyboard.read, keys, "/set token=hunter2\r")
    await answered(keyboard, keys, "my password\r")
    assert (tmp_path / "history").read_text() == '"hello"\n'
    assert await typed(keyboard.read, keys, UP, "\r") == "hello"


BROKEN: dict[str, Callable[[Path], object]] = {
    "a folder": lambda path: path.mkdir(),
    "no folder for it": lambda path: path.parent.rmdir(),
    "not JSON": lambda path: path.write_bytes(b'\xff\x00\n{"a": 1}\n[[[[\n"torn'),
    "a pipe that nobody writes to": os.mkfifo,
}


@pytest.mark.parametrize("case", BROKEN)
async def test_no_history_breaks_the_conversation(keys: PipeInput, tmp_path: Path, case: str) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    BROKEN[case](folder / "history")
    keyboard = another(keys, folder)
    assert await typed(keyboard.read, keys, "hello\r") == "hello"
    assert await typed(keyboard.read, keys, UP, "\r") == "hello"


async def test_the_history_is_written_once_there_is_a_folder_for_it(keys: PipeInput, tmp_path: Path) -> None:
    keyboard = another(keys, tmp_path / "store")
    await typed(keyboard.read, keys, "hello\r")
    assert not (tmp_path / "store").exists()
    (tmp_path / "store").mkdir()
    await typed(keyboard.read, keys, "again\r")
    assert (tmp_path / "store" / "history").read_text() == '"hello"\n"again"\n'


async def test_a_large_history_is_read_from_its_end(keys: PipeInput, tmp_path: Path) -> None:
    (tmp_path / "history").write_text("".join(f'"line {number}"\n' for number in range(200_000)))
    keyboard = another(keys, tmp_path)
    assert await typed(keyboard.read, keys, UP, "\r") == "line 199999"


async def test_34_what_was_typed_ahead_answers_no_question(keyboard: Keyboard, keys: PipeInput) -> None:
    """Someone types the next message while a tool runs, and then a call asks for a yes."""
    keys.send_text("yes\nplease")
    assert await answered(keyboard, keys, "no\r") == "no"
    assert await typed(keyboard.read, keys, "!\r") == "yes\nplease!"


async def test_what_was_typed_ahead_is_the_next_turn(keyboard: Keyboard, keys: PipeInput) -> None:
    keys.send_text("one\rtwo\r")
    assert [await typed(keyboard.read, keys), await typed(keyboard.read, keys)] == ["one", "two"]


def test_what_is_typed_while_nobody_reads_is_not_shown() -> None:
    master, slave = pty.openpty()
    with os.fdopen(master, "wb"), os.fdopen(slave, "r") as terminal:
        keyboard = Keyboard(None, create_input(terminal), DummyOutput())
        with keyboard.unseen():
            assert not termios.tcgetattr(slave)[3] & termios.ECHO
        assert termios.tcgetattr(slave)[3] & termios.ECHO


def test_a_pipe_shows_nothing_anyway(keyboard: Keyboard) -> None:
    with keyboard.unseen():
        pass


def test_a_keyboard_is_an_editor(keyboard: Keyboard) -> None:
    assert isinstance(keyboard, Editor)


OFFERS = {
    "/": ["help", "history", "agent", "set"],
    "/h": ["help", "history"],
    "/agent ": ["sales", "support"],
    "/agent su": ["support"],
    "/agent  su": ["support"],
    "/set lang": ["language=", "language=de", "language=en"],
    "/set language=d": ["language=de"],
    "/help ": [],
    "/nonsense ": [],
    "//": [],
    "": [],
    "h": [],
    "say /h": [],
    "/agent\nsu": [],
}


@pytest.mark.parametrize("text", OFFERS)
def test_what_is_offered(text: str) -> None:
    assert [offer.text for offer in offers_of(COMMANDS)(text)] == OFFERS[text]


def test_an_offer_replaces_what_was_begun() -> None:
    assert list(offers_of(COMMANDS)("/agent su")) == [Offer("support", 2, "Mending.")]
