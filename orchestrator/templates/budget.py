"""What a rendering may use: steps, characters, and sizes. All of it raises ``TooExpensive``."""

import re
from collections.abc import Collection, Generator, Iterable, Iterator, Sized
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from jinja2 import Undefined, pass_context
from jinja2.exceptions import SecurityError, TemplateRuntimeError
from jinja2.runtime import Context

MAX_STEPS = 100_000
"""Turns of loops and calls in one rendering. The longest real routines take some hundreds."""

MAX_CHARS = 1_000_000
"""Characters of one text. No model reads more."""

MAX_NUMBER = 10**30
"""Numbers stay this small: multiplying large ones takes as long as one likes."""


class TooExpensive(SecurityError):  # noqa: N818 - named for the diagnostic that it becomes
    """A template does more than a routine may: it runs too long, or makes too long a text."""


_CHARS_PER_STEP = 20
_ENTRIES_PER_STEP = 10
_REFERS = re.compile(r"\{[^{}]*\{|%[^a-z]*\*")
_LONG_NUMBER = re.compile(r"\d{7,}")


@dataclass(slots=True)
class _Budget:
    steps: int = MAX_STEPS
    chars: int = MAX_CHARS


_budget: ContextVar[_Budget | None] = ContextVar("budget", default=None)


def begin_budget() -> None:
    """Give the rendering that now begins in this task or thread its budget."""
    _budget.set(_Budget())


def spent() -> float:
    """The part of its budget that the rendering in this task or thread has used, from 0 to 1."""
    budget = _budget.get() or _Budget()
    return max(1 - budget.steps / MAX_STEPS, 1 - budget.chars / MAX_CHARS)


def step(steps: int = 1) -> None:
    """Pay for one step, or for several."""
    budget = _budget.get()
    if budget is None:
        return
    budget.steps -= steps
    if budget.steps < 0:
        raise TooExpensive(f"it takes more than {MAX_STEPS} steps: does a loop or a macro never end?")


def sized(value: Any) -> Any:
    """The value, if it is not too large."""
    if isinstance(value, str | list | tuple | dict) and len(value) > MAX_CHARS:
        raise TooExpensive(f"it makes a text or a list of more than {MAX_CHARS} entries")
    if isinstance(value, int) and abs(value) > MAX_NUMBER:
        raise TooExpensive("it makes a number that is too large")
    return weighed(value)


def charge(chars: int) -> None:
    """Pay for text."""
    budget = _budget.get()
    if budget is not None:
        budget.chars -= chars
        if budget.chars < 0:
            raise TooExpensive(f"it makes more than {MAX_CHARS} characters of text")


@pass_context
def charged(_: Context, chars: int) -> str:
    """Pay for the plain text of a body that is gone through. It takes the context so that Jinja can't fold it away."""
    charge(chars)
    return ""


def weighed(value: Any) -> Any:
    """The value, with its size paid for: to look at it, or to write it out, takes the longer the larger it is.

    A list may hold itself many times over.
    """
    if isinstance(value, str):
        step(len(value) // _CHARS_PER_STEP)
    if not isinstance(value, list | tuple | dict):
        return value
    seen, waiting = 0, [value]
    while waiting:
        for item in _entries(waiting.pop()):
            seen += 1
            if isinstance(item, list | tuple | dict):
                waiting.append(item)
        if seen > MAX_STEPS:
            raise TooExpensive(f"it writes out a list of more than {MAX_STEPS} entries")
    step(seen // _ENTRIES_PER_STEP)
    return value


def _entries(value: list[Any] | tuple[Any, ...] | dict[Any, Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def printed(value: Any) -> Any:
    """What ``{{ }}`` puts out."""
    if isinstance(value, str):
        charge(len(value))
        return value
    if isinstance(value, Generator) or (callable(value) and not isinstance(value, Undefined)):
        raise TemplateRuntimeError(f"cannot print {type(value).__name__}")  # else a model would get its address
    return weighed(value)


class _Counted:
    """What a loop goes through, counting its turns. It has a length if that which it holds has one."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        for item in self._items:
            step()
            yield item


class _CountedList(_Counted):
    def __len__(self) -> int:
        return len(self._items) if isinstance(self._items, Sized) else 0


def counted(items: Any) -> _Counted:
    """What a loop goes through, with each of its turns paid for."""
    return _CountedList(items) if isinstance(items, Collection) else _Counted(items)


def joined(parts: Iterable[Any]) -> str:
    """What ``~`` makes."""
    step()
    texts = [str(weighed(part)) for part in parts]
    if sum(map(len, texts)) > MAX_CHARS:
        raise TooExpensive(f"it makes a text of more than {MAX_CHARS} characters")
    return str(weighed("".join(texts)))


def modest(args: Iterable[Any], kwargs: dict[str, Any]) -> None:
    """Refuse widths and counts that would fill the memory before the result can be looked at."""
    for value in (*args, *kwargs.values()):
        weighed(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_CHARS:
            raise TooExpensive(f"{value} is too large a number to call something with")


def refuse_widths(text: str, *values: Any) -> None:
    """Refuse a format that pads to a great width: such a number stands in its text, or in a value that it refers to."""
    referred = str(weighed(list(values))) if _REFERS.search(text) else ""
    if _LONG_NUMBER.search(f"{text} {referred}"):
        raise TooExpensive("it formats with too large a number")


def refuse_growth(operator: str, left: Any, right: Any) -> None:
    """Refuse before it is computed what would be too large."""
    times = next((n for n in (left, right) if isinstance(n, int)), 0)
    text = next((t for t in (left, right) if isinstance(t, str | list | tuple)), None)
    if text is not None and len(text) * abs(times) > MAX_CHARS:
        raise TooExpensive(f"it makes a text or a list of more than {MAX_CHARS} entries")
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    if operator == "**" and numbers and (abs(right) > 1000 or abs(left) > MAX_NUMBER):
        raise TooExpensive("it makes a number that is too large")
