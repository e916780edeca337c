"""The person at the terminal, or behind a pipe: who answers the questions of tools and says that a call may run."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal, TypeVar

from orchestrator.agents import default_label
from orchestrator.cli.conversation.front import Front
from orchestrator.cli.conversation.opening import Approve
from orchestrator.cli.conversation.readers import answer
from orchestrator.errors import NobodyToAsk
from orchestrator.render.excerpts import harmless
from orchestrator.runner import ApprovalRequest, Question, Verdict
from orchestrator.tools.arguments import parse

T = TypeVar("T")

_ALLOW = "Allow it? [y]es, [n]o, [e]dit, [a]lways: "
_REASON = "Why not? (Enter: no reason) "
_ARGUMENTS = "arguments: "
_HELP = """\
  yes           it runs
  no            it does not run, and you are asked why; `no, REASON` says it at once. The model reads the reason
  edit          change the arguments first: JSON, an object; `edit {...}` gives them at once
  always        it runs, and later calls of this tool by this agent run unasked, in this session
  show          show the arguments in full
  Ctrl-D        leave it open: the session waits, and asks when it goes on
  Ctrl-C        stop the turn
"""
_WORDS: Mapping[str, Literal["granted", "always"]] = {
    "y": "granted",
    "yes": "granted",
    "a": "always",
    "always": "always",
}
_REFUSAL = re.compile(r"no?\b(?:\s*[,:;.-]+\s*(.+))?", re.IGNORECASE)
_EDIT = re.compile(r"e(?:dit)?\b\s*(.*)", re.IGNORECASE | re.DOTALL)
_NOBODY = Verdict("denied", "nobody is there to approve it", by="policy")
_OPEN = "the person gave no answer"
_NOBODY_ANSWERS = "nobody is there to answer: standard input has ended"
_LINES, _CHARACTERS = 40, 4000


class AtTheFront:
    """A ``Person`` who is asked at the front of a conversation.

    Args:
        front: where the person is.
        approve: who says that a call may run. What tools ask always goes to the person.
        interrupt: what Ctrl-C does while the person is asked.
        label_of: what people call an agent.
    """

    def __init__(
        self,
        front: Front,
        approve: Approve,
        interrupt: Callable[[], None],
        label_of: Callable[[str], str] = default_label,
    ) -> None:
        self._front = front
        self._approve = approve
        self._interrupt = interrupt
        self._label_of = label_of

    async def approve(self, request: ApprovalRequest) -> Verdict | None:
        """Whether a call may run; None where that is left open."""
        match self._approve:
            case "all":
                return Verdict("granted", by="policy")
            case "none":
                return _NOBODY
            case "pause":
                return None
            case "ask" if self._front.interactive:
                return await self._asked(self._decided(request))
            case "ask":
                return await self._asked(self._told(request)) or _NOBODY

    async def ask(self, question: Question) -> str | None:
        """Put a tool's question.

        Raises:
            NobodyToAsk: the input has ended.
        """
        said = await self._asked(self._answer(f"{_visible(question.text.expandtabs(4))} "))
        if said is None and self._approve != "pause":
            raise NobodyToAsk(_OPEN if self._front.interactive else _NOBODY_ANSWERS)
        return said

    async def _asked(self, asking: Awaitable[T]) -> T | None:
        """Ask on a screen where nothing else moves. None at the end of the input; Ctrl-C winds up the run."""
        try:
            with self._front.still():
                return await asking
        except EOFError:
            return None
        except KeyboardInterrupt:
            self._interrupt()
        return await asyncio.Future()  # until the run drops what asks

    async def _answer(self, prompt: str, text: str = "") -> str:
        """The answer.

        Raises:
            EOFError: the input has ended.
        """
        given = await answer(self._front.reader, prompt, text)
        if given is None:
            raise EOFError
        return given

    async def _told(self, request: ApprovalRequest) -> Verdict:
        """What a line of a pipe says: yes, always, or what else it holds as the reason why not."""
        call = f"{request.call.name}({_visible(request.call.arguments)})"
        said = (await self._answer(f"{request.agent} wants to call {call}. Allow it? (yes/no/always) ")).strip()
        if said.lower() in _WORDS:
            return Verdict(_WORDS[said.lower()])
        return _refusal(said) or Verdict("denied", said)

    async def _decided(self, request: ApprovalRequest) -> Verdict:
        """What a person says who sees the call, and may change it."""
        self._show(request)
        while True:
            said = (await self._answer(_ALLOW)).strip()
            verdict = await self._meant(said, request)
            if verdict is not None:
                return verdict

    async def _meant(self, said: str, request: ApprovalRequest) -> Verdict | None:
        """The verdict that an answer means; None where the question stands."""
        word = said.lower()
        if word in _WORDS:
            if _WORDS[word] == "always":
                label = _visible(self._label_of(request.agent))
                self._front.tell(f"From now on {label} calls {request.call.name} unasked, in this session.\n")
            return Verdict(_WORDS[word])
        if word in {"n", "no"}:
            return Verdict("denied", (await self._answer(_REASON)).strip())
        if edit := _EDIT.match(said):
            return await self._edited(request, edit[1])
        if word == "show":
            self._front.tell(f"{_visible(_pretty(request.call.arguments))}\n")
        elif refusal := _refusal(said):
            return refusal
        else:
            self._front.tell(_HELP)
        return None

    async def _edited(self, request: ApprovalRequest, text: str) -> Verdict | None:
        """A yes with other arguments; None where there are none, and the question stands."""
        edited = text or await self._answer(_ARGUMENTS, _pretty(request.call.arguments))
        while edited.strip():
            try:
                return Verdict("granted", arguments=json.dumps(parse(edited), ensure_ascii=False))
            except ValueError as error:
                fault = _visible(_place(edited) or str(error))
                self._front.tell(f"{fault}. Change it, or leave it empty to be asked again.\n")
            edited = await self._answer(_ARGUMENTS, edited)
        return None

    def _show(self, request: ApprovalRequest) -> None:
        """Show the call: the arguments as they will be executed."""
        wants = f"{_visible(self._label_of(request.agent))} wants to call {request.call.name}"
        shown = _visible(_pretty(request.call.arguments))
        if shown in {"{}", ""}:
            self._front.tell(f"{wants}, with no arguments.\n")
            return
        lines = shown[:_CHARACTERS].split("\n")[:_LINES]
        left_out = len(shown) - len("\n".join(lines))
        more = f"  … and {left_out:,} more characters: answer `show` to see them\n" if left_out else ""
        self._front.tell(f"{wants}:\n" + "".join(f"  {line}\n" for line in lines) + more)


def _refusal(said: str) -> Verdict | None:
    """A no, with the reason that stands behind it. ``no, because …`` is one, and so is ``no way``."""
    refusal = _REFUSAL.match(said)
    if refusal is None:
        return None
    bare = said.lower() in {"n", "no"}
    return Verdict("denied", refusal[1] or ("" if bare else said))


def _place(text: str) -> str:
    """Say where a text stops being JSON; nothing where it is JSON, or too deep to tell."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"this is no JSON from line {error.lineno}, column {error.colno} on"
    except (ValueError, RecursionError):
        pass
    return ""


def _pretty(arguments: str) -> str:
    """Arguments on several lines; as they are, where they are not what a tool takes."""
    try:
        return json.dumps(parse(arguments), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return arguments


def _visible(text: str) -> str:
    """A text that can't steer the terminal, and hides nothing: what is not to be seen stands as JSON escapes it."""
    return "\n".join("".join(map(_shown, line)) for line in text.split("\n"))


def _shown(character: str) -> str:
    return character if harmless(character) == character else json.dumps(character)[1:-1]
