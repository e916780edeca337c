"""The person at the terminal, or behind a pipe: one source of lines for user turns and for tools' questions."""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Literal, TextIO

from orchestrator.cli.streams import typed
from orchestrator.errors import NobodyToAsk
from orchestrator.runner import ApprovalRequest, Question, Verdict
from orchestrator.tools import in_thread

_REFUSAL = re.compile(r"no?\b(?:\s*[,:;.-]+\s*(.+))?", re.IGNORECASE)
_VERDICTS: Mapping[str, Literal["granted", "always", "denied"]] = {
    "y": "granted",
    "yes": "granted",
    "a": "always",
    "always": "always",
    "n": "denied",
    "no": "denied",
}


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
        return typed(line.rstrip("\r\n")) if line else None


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
        while True:
            answer = await self._answer(f"{request.agent} wants to call {call}. Allow it? (yes/no/always) ")
            word = (answer or "").strip().lower()
            if answer is None:
                return Verdict("denied", "nobody is there to approve it", by="policy")
            if word in _VERDICTS:
                return Verdict(_VERDICTS[word])
            refusal = _REFUSAL.match(answer.strip())
            if refusal or not self._typed:
                return Verdict("denied", (refusal and refusal[1]) or answer.strip())
            self._tell("Please answer yes, always, no, or no and the reason.\n")

    async def ask(self, question: Question) -> str | None:
        """Put a tool's question.

        Raises:
            NobodyToAsk: standard input has ended.
        """
        answer = await self._answer(f"{question.text} ")
        if answer is None:
            raise NobodyToAsk("nobody is there to answer: standard input has ended")
        return answer
