"""The person at the terminal, or behind a pipe: one source of lines for user turns and for tools' questions."""

import asyncio
from collections.abc import Callable
from typing import TextIO

from orchestrator.errors import NobodyToAsk
from orchestrator.runner import ApprovalRequest, Question, Verdict
from orchestrator.tools import in_thread


class Lines:
    """Reads lines, one at a time.

    A read can't be stopped: one that was abandoned goes on, and the next reader gets its line. So no line is lost.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._reading: asyncio.Task[str] | None = None

    async def read(self) -> str | None:
        """The next line without its line break; None at the end."""
        if self._reading is None:
            self._reading = asyncio.create_task(in_thread(self._stream.readline, "stdin"))
        line = await asyncio.shield(self._reading)
        self._reading = None
        return line.rstrip("\r\n") if line else None


class TerminalPerson:
    """A ``Person`` who reads questions on standard error and answers with a line."""

    def __init__(self, lines: Lines, tell: Callable[[str], None], *, typed: bool) -> None:
        self._lines = lines
        self._tell = tell
        self._typed = typed  # then the terminal has ended the line of the question

    async def _answer(self, question: str) -> str | None:
        self._tell(question)
        answer = await self._lines.read()
        if not self._typed:
            self._tell("\n")
        return answer

    async def approve(self, request: ApprovalRequest) -> Verdict | None:
        """Ask for a yes."""
        call = f"{request.call.name}({request.call.arguments})"
        answer = await self._answer(f"{request.agent} wants to call {call}. Allow it? (yes/no) ")
        if answer is None:
            return Verdict("denied", "nobody is there to approve it", by="policy")
        return Verdict("granted") if answer.strip().lower() in {"y", "yes"} else Verdict("denied", answer.strip())

    async def ask(self, question: Question) -> str | None:
        """Put a tool's question.

        Raises:
            NobodyToAsk: standard input has ended.
        """
        answer = await self._answer(f"{question.text} ")
        if answer is None:
            raise NobodyToAsk("nobody is there to answer: standard input has ended")
        return answer
