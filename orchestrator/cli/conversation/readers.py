"""What reads the lines of a conversation, as those who need lines see it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from orchestrator.cli.conversation.completing import Offers


class Reader(Protocol):
    """Reads what a person types, or what a pipe holds."""

    async def read(self, prompt: str) -> str | None:
        """The next line without its line break; None at the end.

        Raises:
            KeyboardInterrupt: Ctrl-C, where the reader takes the keys itself.
        """
        ...


@runtime_checkable
class Editor(Reader, Protocol):
    """A reader whose lines can be edited, and which keeps answers apart from turns."""

    async def answer(self, prompt: str, text: str = "") -> str | None:
        """The answer to what the prompt asks, which begins as ``text``; it may have several lines. None at the end.

        Raises:
            KeyboardInterrupt: Ctrl-C.
        """
        ...

    def learn(self, offers: Offers, keeps: Callable[[str], bool]) -> None:
        """From now on offer this for completion, and keep only those lines for later."""
        ...

    def unseen(self) -> AbstractContextManager[None]:
        """While this lasts, what is typed is not shown: it waits for the next turn."""
        ...


async def answer(reader: Reader, prompt: str, text: str = "") -> str | None:
    """Give the answer to what the prompt asks; None at the end. It begins as ``text`` where it can be edited.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    return await (reader.answer(prompt, text) if isinstance(reader, Editor) else reader.read(prompt))
