"""A keyboard at a terminal: lines that can be edited, completed and found again."""

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.history import DummyHistory, History
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPress, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.utils import get_cwidth

from orchestrator.cli.conversation.completing import Offers
from orchestrator.cli.streams import typed

if sys.platform != "win32":
    import termios

KEPT = 1000
"""So many lines are found again, and as many bytes of each."""
_TAIL = 1_000_000
_ROOM = 20  # columns that a prompt leaves to what is typed
_MENU_ROWS = 8


class Keyboard:
    """Reads turns and answers from a terminal. Enter sends, Alt-Enter begins a new line.

    What is typed while nobody reads waits for the next turn: it never answers a question that came later.

    Args:
        history: the file with the turns of earlier conversations; without one they are forgotten.
        keys: where keys come from; by default standard input.
        screen: where they are shown; by default standard error, since standard output may be a file.
    """

    def __init__(self, history: Path | None, keys: Input | None = None, screen: Output | None = None) -> None:
        self._keys = create_input(sys.stdin) if keys is None else keys
        screen = _standard_error() if screen is None else screen
        self._past = Past(history)
        self._completer = _Completer()
        self._turns: PromptSession[str] = PromptSession(
            input=self._keys,
            output=screen,
            multiline=True,
            history=self._past,
            completer=self._completer,
            complete_while_typing=_at_command,
            enable_suspend=True,
            key_bindings=_bindings(clears=True),
        )
        self._answers: PromptSession[str] = PromptSession(
            input=self._keys,
            output=screen,
            multiline=True,
            history=DummyHistory(),
            enable_suspend=True,
            key_bindings=_bindings(clears=False),
        )
        self._ahead = ""

    def learn(self, offers: Offers, keeps: Callable[[str], bool]) -> None:
        """From now on offer this, and keep only those lines for later."""
        self._completer.offers = offers
        self._past.keeps = keeps

    async def read(self, prompt: str) -> str | None:
        """The next turn, which may have several lines; None after Ctrl-D on an empty line.

        Raises:
            KeyboardInterrupt: Ctrl-C on an empty line. On any other it clears the line.
        """
        ahead, self._ahead = self._ahead, ""
        return await _read(self._turns, prompt, ahead.rstrip("\n"))

    async def answer(self, prompt: str, text: str = "") -> str | None:
        """The answer to what the prompt asks, which begins as ``text``; None after Ctrl-D where nothing stands.

        Raises:
            KeyboardInterrupt: Ctrl-C.
        """
        self._ahead += self._typed_ahead()
        return await _read(self._answers, prompt, text)

    @contextlib.contextmanager
    def unseen(self) -> Iterator[None]:
        """While this lasts, what is typed is not shown: it waits for the next turn."""
        if sys.platform == "win32" or not os.isatty(self._keys.fileno()):
            yield
            return
        shown = termios.tcgetattr(self._keys.fileno())
        hidden = [*shown]
        hidden[3] &= ~termios.ECHO
        termios.tcsetattr(self._keys.fileno(), termios.TCSANOW, hidden)
        try:
            yield
        finally:
            with contextlib.suppress(termios.error):  # the terminal may be gone
                termios.tcsetattr(self._keys.fileno(), termios.TCSANOW, shown)

    def _typed_ahead(self) -> str:
        with self._keys.raw_mode():
            pressed = [*get_typeahead(self._keys), *self._keys.read_keys(), *self._keys.flush_keys()]
        return "".join(map(_text_of, pressed))


class Past(History):
    """What was typed before: in a file that only its owner may read, one JSON text a line.

    Whatever is wrong with the file, nothing is but this memory.
    """

    def __init__(self, path: Path | None) -> None:
        super().__init__()
        self.keeps: Callable[[str], bool] = lambda _: True
        self._path = path
        self._unsaved: list[str] = []

    def append_string(self, string: str) -> None:
        """Remember a line, if it is one to keep."""
        if self.keeps(string):
            super().append_string(string)

    def load_history_strings(self) -> Iterable[str]:
        """The lines of earlier conversations, the last one first."""
        if self._path is None or not self._path.is_file():
            return []
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            start = max(file.seek(0, os.SEEK_END) - _TAIL, 0)
            file.seek(start)
            return [line for line in map(_line, reversed(file.read().splitlines())) if line][:KEPT]
        return []

    def store_string(self, string: str) -> None:
        """Write a line down: once there is a folder for it, for this is not the one who makes it."""
        if self._path is None or len(string) > KEPT:
            return
        self._unsaved.append(json.dumps(string))
        if self._path.parent.is_dir() and (self._path.is_file() or not self._path.exists()):
            with contextlib.suppress(OSError):
                _append(self._path, "".join(f"{line}\n" for line in self._unsaved))
            self._unsaved.clear()


class _Completer(Completer):
    """Completes as it was taught."""

    def __init__(self) -> None:
        self.offers: Offers = lambda _: ()

    def get_completions(self, document: Document, _: CompleteEvent) -> Iterator[Completion]:
        for offer in self.offers(document.text_before_cursor):
            yield Completion(offer.text, -offer.replaces, display_meta=offer.about)


async def _read(session: PromptSession[str], prompt: str, text: str) -> str | None:
    size = session.output.get_size()
    above, begins = _laid_out(prompt, size.columns)
    session.output.write(above)
    session.reserve_space_for_menu = min(_MENU_ROWS, size.rows - 2)
    try:
        # signals, and the troubles of other tasks, stay with whoever looks after them: Ctrl-C is a key here
        line = await session.prompt_async(begins, default=text, handle_sigint=False, set_exception_handler=False)
        return typed(line)
    except EOFError:
        return None


def _laid_out(prompt: str, columns: int) -> tuple[str, str]:
    """What stands above the line that is typed, and what it begins with: no more than leaves room to type."""
    above, _, begins = prompt.rpartition("\n")
    if get_cwidth(begins) > max(columns - _ROOM, columns // 2):
        return f"{prompt.rstrip()}\n", "> "
    return f"{above}\n" if "\n" in prompt else "", begins


def _bindings(*, clears: bool) -> KeyBindings:
    """Our own keys. Enter arrives as Ctrl-J where it was typed ahead, so that can't be the key for a new line."""
    bindings = KeyBindings()
    editing = has_focus(DEFAULT_BUFFER)

    @bindings.add("enter", filter=editing)
    def _send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @bindings.add("escape", "enter", filter=editing)
    @bindings.add("escape", "c-j", filter=editing)
    def _begin_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    if clears:

        @bindings.add("c-c", filter=editing & _something_stands)
        def _clear(event: KeyPressEvent) -> None:
            event.current_buffer.reset()

    return bindings


@Condition
def _something_stands() -> bool:
    return bool(_current_text())


@Condition
def _at_command() -> bool:
    return _current_text().startswith("/")


def _current_text() -> str:
    from prompt_toolkit.application import get_app

    return get_app().current_buffer.text


def _text_of(pressed: KeyPress) -> str:
    """What a key writes; keys that do something write nothing."""
    if pressed.key in {Keys.ControlJ, Keys.ControlM}:
        return "\n"
    return pressed.data if len(pressed.key) == 1 or pressed.key == Keys.BracketedPaste else ""


def _line(line: bytes) -> str:
    """A line of the file; empty where it is torn, or of something else."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    return value if isinstance(value, str) else ""


def _append(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _standard_error() -> Output:
    screen = create_output(sys.stderr)
    if isinstance(screen, Vt100_Output):
        screen.enable_cpr = False  # where the terminal answers late, its answer would be taken for typing
    return screen
