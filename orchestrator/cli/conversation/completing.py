"""What Tab offers: commands, and what may stand behind them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offer:
    """Something to complete with: it replaces the last ``replaces`` characters; ``about`` says what it is."""

    text: str
    replaces: int
    about: str = ""


@dataclass(frozen=True, slots=True)
class Completed:
    """A command as completion sees it: its name, what it does, and what may stand behind it, as it is now."""

    name: str
    about: str
    choices: Callable[[], Mapping[str, str]]


Offers = Callable[[str], Iterable[Offer]]
"""Gives what may complete the text before the cursor."""


def offers_of(commands: Iterable[Completed]) -> Offers:
    """Give what completes a line: after ``/`` the commands, after a command its choices; nothing else is completed."""
    known = {command.name: command for command in commands}

    def offers(text: str) -> Iterator[Offer]:
        if not text.startswith("/") or "\n" in text:
            return
        name, blank, argument = text[1:].partition(" ")
        if not blank:
            yield from _beginning(name, {command.name: command.about for command in known.values()})
        elif name in known:
            argument = argument.lstrip()
            yield from _beginning(argument, known[name].choices())

    return offers


def _beginning(text: str, choices: Mapping[str, str]) -> Iterator[Offer]:
    for choice, about in choices.items():
        if choice.startswith(text):
            yield Offer(choice, len(text), about)
