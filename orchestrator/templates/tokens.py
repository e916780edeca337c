"""The tokens of a template, each with its offset. Jinja gives lines only; here every node's ``lineno`` is an offset.

Offsets count code points of ``normal(text)``, in which every line ends as Jinja has it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import Lexer

MAX_TOKENS = 20_000
"""Words and signs inside the tags of one template. The longest real routines have some thousands."""

_LONG_NUMBER = re.compile(r"[\d_]{4000}")


class TooComplex(TemplateSyntaxError):  # noqa: N818 - named for the diagnostic that it becomes
    """A template that is too long or too deep to be read. The message is in our own words."""


def normal(text: str) -> str:
    """The text with plain line ends."""
    return re.sub(r"\r\n?", "\n", text)


class Places:
    """Where offsets stand in a text."""

    def __init__(self, text: str) -> None:
        self.text = normal(text)

    def place(self, offset: int) -> tuple[int, int]:
        """The line and the column, both from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]


def tokens(lexer: Lexer, source: str, state: str | None = None) -> Iterator[tuple[int, str, str]]:
    """Give the tokens: offset, kind, and text as it is written. ``state`` is "variable" for a bare expression.

    Raises:
        TemplateSyntaxError: the text can't be cut into tokens; ``lineno`` is the offset.
    """
    text, offset = normal(source), 0
    digits = _LONG_NUMBER.search(text)
    if digits is not None:  # the lexer would take very long over it
        raise TooComplex("a number has too many digits", digits.start())
    try:
        for count, (_, kind, value) in enumerate(lexer.tokeniter(text, None, None, state)):
            if count > MAX_TOKENS:
                raise TooComplex(f"the tags have more than {MAX_TOKENS:,} words and signs", offset)
            start = text.find(value, offset)  # between two tokens there is only white space that Jinja drops
            yield start, kind, value
            offset = start + len(value)
    except TooComplex:
        raise
    except TemplateSyntaxError as error:
        raise TemplateSyntaxError(error.message or "", offset) from None
