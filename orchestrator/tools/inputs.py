"""Plain ``input()`` in a tool: it asks the person as ``context.ask`` does.

A process that owns its standard input, such as the command line, installs this; as a library we leave it alone.
"""

import builtins
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO, cast

from orchestrator.tools.context import ToolContext

current: ContextVar[ToolContext | None] = ContextVar("current", default=None)


class _ToolStdin:
    """Standard input as a tool sees it: a line is an answer of the person."""

    def __init__(self, real: TextIO) -> None:
        self._real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def readline(self, size: int = -1) -> str:
        """A line, as a file gives it."""
        context = current.get()
        if context is None:
            return self._real.readline(size)
        return context.ask("") + "\n"

    def __iter__(self) -> Iterator[str]:
        return iter(self.readline, "")


@contextmanager
def tools_ask_the_person() -> Iterator[None]:
    """While this lasts, ``input()`` and ``sys.stdin`` inside a tool ask the person."""
    real_input, real_stdin = builtins.input, sys.stdin

    def ask(prompt: object = "", /) -> str:
        context = current.get()
        return real_input(prompt) if context is None else context.ask(str(prompt))

    builtins.input, sys.stdin = ask, cast("TextIO", _ToolStdin(real_stdin))
    try:
        yield
    finally:
        builtins.input, sys.stdin = real_input, real_stdin
