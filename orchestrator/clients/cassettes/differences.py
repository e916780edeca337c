"""How a request differs from one that was recorded, place by place."""

import json
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from orchestrator.cassette import Object

Place = tuple[str, object, object]

SHOWN = 3  # differences
CHARS = 60  # of each text
_BEFORE = 15  # characters of what both have, before they part
_ABSENT = object()


def differences(recorded: Object, now: Object) -> list[Place]:
    """Where two requests differ: the path, what was recorded there, and what is there now."""
    found = [*_differences("", _by_name(recorded), _by_name(now))]
    # else they may stand in another order, which a model gets to see
    return found or [*_differences("", recorded, now)]


def told(places: Sequence[Place]) -> str:
    """The first of these differences in words."""
    shown = [f"{path}: {_change(recorded, now)}" for path, recorded, now in places[:SHOWN]]
    more = len(places) - SHOWN
    return "; ".join([*shown, f"and {more:,} more"] if more > 0 else shown)


def _by_name(request: Object) -> Object:
    """The request with its functions by their names, so that one more of them does not change all that follow."""
    functions = request["functions"]
    named = {str(function.get("name")): function for function in functions} if isinstance(functions, list) else {}
    return {**request, "functions": named}


def _differences(path: str, recorded: object, now: object) -> Iterator[Place]:
    if isinstance(recorded, dict) and isinstance(now, dict):
        for key in {**recorded, **now}:
            inner = f"{path}.{key}" if path else str(key)
            yield from _differences(inner, recorded.get(key, _ABSENT), now.get(key, _ABSENT))
    elif isinstance(recorded, list) and isinstance(now, list):
        for index, (before, after) in enumerate(zip_longest(recorded, now, fillvalue=_ABSENT)):
            yield from _differences(f"{path}[{index}]", before, after)
    elif recorded != now or type(recorded) is not type(now):  # 1 is not true, nor 1.0, in JSON
        yield path, recorded, now


def _change(recorded: object, now: object) -> str:
    start = 0
    if isinstance(recorded, str) and isinstance(now, str):
        start = _parting(recorded, now) - _BEFORE
    before, after = (_excerpt(value, start) for value in (recorded, now))
    if recorded is _ABSENT:
        return f"not recorded, now {after}"
    return f"recorded {before}, now {'nothing' if now is _ABSENT else after}"


def _parting(one: str, other: str) -> int:
    """Where two texts part."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(one), len(other)))


def _excerpt(value: object, start: int) -> str:
    """A value as JSON in one line, cut before the place to begin at, and where it is long."""
    if value is _ABSENT:
        return ""
    if not isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        return _printable(text if len(text) <= CHARS else f"{text[:CHARS]}…")
    start = max(start, 0)
    cut = f"{'…' if start else ''}{value[start : start + CHARS]}{'…' if len(value) > start + CHARS else ''}"
    return _printable(json.dumps(cut, ensure_ascii=False))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
