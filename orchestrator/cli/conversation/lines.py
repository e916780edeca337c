"""Lines from a pipe, a file, or a terminal that can do nothing but lines."""

import asyncio
from typing import TextIO

from orchestrator.cli.streams import typed
from orchestrator.tools import in_thread


class Lines:
    """Reads lines, one at a time.

    A read can't be stopped: one that was abandoned goes on, and the next reader gets its line. So no line is lost.

    Args:
        stream: what is read.
        err: where prompts go.
        echoed: whether what is typed is shown, and so ends the line of a prompt.
    """

    def __init__(self, stream: TextIO, err: TextIO, *, echoed: bool) -> None:
        self._stream = stream
        self._err = err
        self._echoed = echoed
        self._reading: asyncio.Task[str] | None = None

    async def read(self, prompt: str) -> str | None:
        """The next line without its line break; None at the end."""
        self._tell(prompt)
        if self._reading is None:
            self._reading = asyncio.create_task(in_thread(self._stream.readline, "stdin"))
        line = await asyncio.shield(self._reading)
        self._reading = None
        if prompt and not (line and self._echoed):
            self._tell("\n")
        return typed(line.rstrip("\r\n")) if line else None

    def _tell(self, text: str) -> None:
        self._err.write(text)
        self._err.flush()
