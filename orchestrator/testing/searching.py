"""Regular expressions in the texts of a test. They are those of Python, in bounded time and memory.

A search of Python itself may go on for ages, and hears neither Ctrl-C nor a limit meanwhile. That of ``regex`` ends.
"""

import re
import time
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

MOST_SECONDS = 0.5
"""How long the searches of one expectation may take together, on the processor. Good ones take microseconds."""

_HINT = "write the expression so that a text matches it in one way only, without repeats inside of repeats"
_TEXT_BRACE = re.compile(r"(\\N\{[^}]*\}|\\.)|\{(?!\d+\}|\d*,\d*\})", re.DOTALL)

_left: ContextVar[float] = ContextVar("left", default=MOST_SECONDS)


class Unsearchable(Exception):  # noqa: N818 - says what is the case
    """A text can't be searched. What is wrong with it reads on from its name: ``takes too long to match``."""


def begin_searches() -> None:
    """Give the searches that now begin in this task or thread their time."""
    _left.set(MOST_SECONDS)


def is_found(pattern: str, text: str) -> bool:
    """Whether something in the text matches a regular expression, which Python takes.

    Raises:
        Unsearchable: it takes too long or too much memory to tell.
    """
    compiled = _compiled(pattern)
    left = _left.get()
    began = time.process_time()
    try:
        return compiled.search(text, timeout=max(left, 0)) is not None
    except TimeoutError:
        raise Unsearchable(f"takes too long to match: {_HINT}") from None
    except MemoryError:
        raise Unsearchable(f"takes too much memory to match: {_HINT}") from None
    finally:
        _left.set(left - (time.process_time() - began))


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> "regex.Pattern[str]":
    try:
        import regex  # noqa: PLC0415 - takes longer to load than most tests to run, and few of them need it
    except ImportError:
        raise Unsearchable("is matched by the package regex, which is not installed: pip install regex") from None
    try:
        return regex.compile(_TEXT_BRACE.sub(lambda each: each[1] or r"\{", pattern))
    except (regex.error, RecursionError):
        raise Unsearchable("can't be searched for this regular expression: write a simpler one") from None
