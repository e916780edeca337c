"""What a command of a conversation is."""

import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from orchestrator.cli.conversation.chat import Chat


def _no_choices(_: Chat) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a conversation.

    Args:
        name: what is typed behind ``/``.
        argument: what may stand behind it, as people read it: ``NAME`` where it must, ``[NAME]`` where it may.
        about: what it does, in a line.
        obey: does it, given what stood behind it, and tells of it at the front.
        choices: what may stand behind it now, each with what it is; for completion.
    """

    name: str
    argument: str
    about: str
    obey: Callable[[Chat, str], Awaitable[None]]
    choices: Callable[[Chat], Mapping[str, str]] = _no_choices

    @property
    def form(self) -> str:
        """How it is written."""
        return f"/{self.name} {self.argument}".rstrip()

    def takes(self, argument: str) -> bool:
        """Whether this may stand behind it."""
        if not argument:
            return not self.argument or self.argument.startswith("[")
        return bool(self.argument)


def tell(chat: Chat, *lines: str) -> None:
    """Say these lines at the front. On a terminal they break between words."""
    chat.front.tell("".join(f"{line}\n" for line in (_broken(lines) if sys.stderr.isatty() else lines)))


def _broken(lines: Iterable[str]) -> Iterator[str]:
    console = Console(file=sys.stderr, highlight=False, emoji=False)
    for line in lines:
        with console.capture() as shown:
            console.print(Text.from_ansi(line))
        yield shown.get().rstrip("\n")


def aligned(rows: Mapping[str, str], margin: str = "  ") -> list[str]:
    """Lines of two columns."""
    width = max(map(len, rows), default=0)
    return [f"{margin}{name:{width}}  {text}".rstrip() for name, text in rows.items()]
