"""The command as its users have it, a real process, or inside this one; what it needs of the environment is said."""

import atexit
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from click.testing import CliRunner

from orchestrator.cli import main

ROOT = Path(__file__).parents[2]
COMMAND = str(Path(sys.executable).with_name("orchestrate"))
# sessions of tests are kept where nobody else keeps any
_STORE = tempfile.TemporaryDirectory(prefix="orchestrate-sessions-")
atexit.register(_STORE.cleanup)
# chance begins here for commands inside this process: the pauses between their tries are short then
_SHORT_PAUSES = 135381
# gives the process the terminal that its standard input is, so that Ctrl-C reaches it
_ON_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


@dataclass(frozen=True)
class Done:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command: no key, no address, nothing of a terminal, unless ``settings`` says so."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    # a coroutine that nobody awaits, or a connection that nobody closes, shows up on standard error
    standing = {"PYTHONWARNINGS": "always", "PYTHONUTF8": "1", "ORCHESTRATE_STORE": _STORE.name}
    return {**kept, **standing, **settings}


def orchestrate(*arguments: str | Path, cwd: Path = ROOT, lines: str = "", **settings: str) -> Done:
    """Run the command to its end. ``lines`` is standard input, ``settings`` are environment variables."""
    with Running(*arguments, cwd=cwd, **settings) as running:
        return running.end(lines)


def in_process(*arguments: str | Path, cwd: str | Path = ".", lines: str = "", **settings: str) -> Done:
    """Run the command inside this process, many times faster: for all that is not about processes and their streams."""
    standing = {"OPENAI_API_KEY": None, "OPENAI_BASE_URL": None, "ORCHESTRATE_STORE": _STORE.name}
    with contextlib.chdir(cwd), _short_pauses():
        result = CliRunner().invoke(main, list(map(str, arguments)), input=lines, env={**standing, **settings})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


def on_terminal(*arguments: str | Path, cwd: str | Path = ".", **settings: str) -> tuple[int, str]:
    """Run the command inside this process on a pseudo-terminal where nobody types. Gives its code and what is shown."""
    ours, theirs = os.openpty()
    heard = _Heard(ours)
    standing = {"TERM": "dumb", "COLUMNS": "200", "ORCHESTRATE_STORE": _STORE.name}
    with (
        _short_pauses(),
        pytest.MonkeyPatch.context() as here,
        Path(os.devnull).open(encoding="utf-8") as nobody,
        os.fdopen(theirs, "w", encoding="utf-8") as screen,
    ):
        here.chdir(cwd)
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "NO_COLOR", "FORCE_COLOR", "COLORTERM"):
            here.delenv(name, raising=False)
        for name, value in {**standing, **settings}.items():
            here.setenv(name, value)
        for name, stream in (("stdin", nobody), ("stdout", screen), ("stderr", screen)):
            here.setattr(sys, name, stream)
        with pytest.raises(SystemExit) as left:
            main.main([*map(str, arguments)], prog_name="orchestrate")
    shown = heard.all().replace("\r\n", "\n")
    os.close(ours)
    return int(left.value.code or 0), shown


def until(true: Callable[[], object], seconds: float = 10) -> None:
    """Wait until something has become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.01)


@contextlib.contextmanager
def _short_pauses() -> Iterator[None]:
    before = random.getstate()
    random.seed(_SHORT_PAUSES)
    try:
        yield
    finally:
        random.setstate(before)


class _Heard:
    """What comes out of a file descriptor, collected by a thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._bytes = b""
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        try:
            while piece := os.read(self._descriptor, 65536):
                self._bytes += piece
        except OSError:
            return  # how a pseudo-terminal ends on Linux

    @property
    def text(self) -> str:
        return self._bytes.decode("utf-8", "replace")

    def all(self) -> str:
        self._thread.join(5)
        return self.text


class Running:
    """A command that runs, with pipes for its three streams. It ends with its block at the latest."""

    def __init__(self, *arguments: str | Path, cwd: Path = ROOT, **settings: str) -> None:
        self._process = subprocess.Popen(
            [COMMAND, *map(str, arguments)],
            cwd=cwd,
            env=environment(settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        self._stdin, self._stdout, self._stderr = self._process.stdin, self._process.stdout, self._process.stderr
        self._out, self._err = _Heard(self._stdout.fileno()), _Heard(self._stderr.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(5)
        self._out.all(), self._err.all()
        for stream in (self._stdin, self._stdout, self._stderr):
            stream.close()

    def wait_for(self, text: str, seconds: float = 10) -> None:
        """Wait until the text stands on one of the two output streams."""
        until(lambda: self._process.poll() is not None or text in self._out.text + self._err.text, seconds)
        assert text in self._out.text + self._err.text

    def interrupt(self) -> None:
        """Send what Ctrl-C sends."""
        self._process.send_signal(signal.SIGINT)

    def end(self, lines: str = "", seconds: float = 20) -> Done:
        """Close standard input behind these lines, and wait for the end."""
        try:
            self._stdin.write(lines.encode())
            self._stdin.close()
        except BrokenPipeError:
            pass  # it has left without reading
        return self.left(seconds)

    def left(self, seconds: float = 20) -> Done:
        """Wait for the end, with standard input still open."""
        code = self._process.wait(seconds)
        return Done(code, self._out.all(), self._err.all())


class Terminal:
    """A command on a pseudo-terminal of its own. Line breaks are shown as ``\\n``."""

    def __init__(self, *arguments: str | Path, cwd: Path = ROOT, **settings: str) -> None:
        self._master, slave = os.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _ON_TERMINAL, COMMAND, *map(str, arguments)],
            cwd=cwd,
            env=environment({"TERM": "dumb", "COLUMNS": "200", **settings}),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self._heard = _Heard(self._master)
        self._seen = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(5)
        self._heard.all()
        os.close(self._master)

    @property
    def screen(self) -> str:
        """Everything that was shown, what was typed included."""
        return self._heard.text.replace("\r\n", "\n")

    def wait_for(self, text: str, seconds: float = 10) -> None:
        """Wait until the text is shown, behind what was waited for before."""
        until(lambda: self._process.poll() is not None or text in self.screen[self._seen :], seconds)
        assert text in self.screen[self._seen :]
        self._seen = self.screen.index(text, self._seen) + len(text)

    def type(self, text: str) -> None:
        """Press keys: ``\\n`` is Enter, ``\\x03`` Ctrl-C, ``\\x04`` Ctrl-D."""
        os.write(self._master, text.encode())

    def left(self, seconds: float = 10) -> int:
        """Wait for the end and give the exit code."""
        code = self._process.wait(seconds)
        self._heard.all()
        return code
