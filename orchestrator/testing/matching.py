"""Whether a value is what a test file says, and if not, what is wrong with it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from orchestrator.spec.draft import Location
from orchestrator.spec.suite import MatcherSpec
from orchestrator.testing.searching import Unsearchable, is_found

_SHOWN = 80  # characters of a value in a message


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something about a value that is not as it should be.

    Args:
        at: which part of the expectation does not hold: keys and positions inside it.
        message: what is wrong, as words behind the name of the value: ``is 3, not 4``.
        inside: which part of the value it is about.
    """

    at: Location
    message: str
    inside: Location = ()


def mismatches(matcher: MatcherSpec, value: object) -> Iterator[Mismatch]:
    """All that a matcher says and that is not so. None stands for a value that is not there."""
    for key in MatcherSpec.model_fields:
        if key in matcher.model_fields_set:
            message = _judge(key, getattr(matcher, key), value)
            if message is not None:
                yield Mismatch((key,), message)


def unlike(expected: object, value: object, at: Location = (), inside: Location = ()) -> Iterator[Mismatch]:
    """How a value differs from an expected one. Mappings may have further keys; matchers may stand in any place."""
    match expected, value:
        case MatcherSpec(), _:
            yield from (Mismatch((*at, *found.at), found.message, inside) for found in mismatches(expected, value))
        case dict(), dict():
            for key, wanted in expected.items():
                yield from unlike(wanted, value.get(key), (*at, key), (*inside, key))
        case list(), list() if len(expected) == len(value):
            for index, (wanted, each) in enumerate(zip(expected, value, strict=True)):
                yield from unlike(wanted, each, (*at, index), (*inside, index))
        case list(), list():
            yield Mismatch(at, f"has {len(value)} entries, not {len(expected)}", inside)
        case _:
            if not same(expected, value):
                yield Mismatch(at, _not_equal(expected, value), inside)


def same(left: object, right: object) -> bool:
    """Whether two JSON values are one: 1 is 1.0, but not true."""
    match left, right:
        case Mapping(), Mapping():
            return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
        case (list() | tuple(), list() | tuple()):
            return len(left) == len(right) and all(map(same, left, right))
        case _:
            return left == right and isinstance(left, bool) == isinstance(right, bool)


def shown(value: object) -> str:
    """A JSON value in a message, cut if it is long."""
    text = repr(value) if isinstance(value, str) else written(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def written(value: object) -> str:
    """An expected value as a test file has it, on one line."""
    match value:
        case MatcherSpec() if value.model_fields_set == {"equals"}:
            return written(value.equals)
        case MatcherSpec():
            said = ((key, getattr(value, key)) for key in MatcherSpec.model_fields if key in value.model_fields_set)
            return f"{{{', '.join(f'{key}: {written(inner)}' for key, inner in said)}}}"
        case dict():
            return f"{{{', '.join(f'{key}: {written(inner)}' for key, inner in value.items())}}}"
        case list() | tuple():
            return f"[{', '.join(map(written, value))}]"
        case str():
            return repr(value)
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return json.dumps(value)


def _judge(key: str, said: object, value: object) -> str | None:
    """What is wrong with a value by one key of a matcher."""
    match key:
        case "equals":
            return None if same(said, value) else _not_equal(said, value)
        case "any":
            return "is not there" if value is None else None
        case "absent":
            return None if value is None else f"is there: {shown(value)}"
        case _ if value is None:
            return f"is not there, and should be {written(MatcherSpec.model_validate({key: said}))}"
        case "contains":
            return None if _contains(value, said) else f"has no {shown(said)} in it: {shown(value)}"
        case "matches":
            return _unmatched(str(said), value)
        case _:
            return _bound(key, said, value)


def _not_equal(said: object, value: object) -> str:
    if value is None:
        return f"is not there, and should be {shown(said)}"
    return f"is {shown(value)}" if said is None else f"is {shown(value)}, not {shown(said)}"


def _contains(value: object, said: object) -> bool:
    if isinstance(value, list | tuple):
        return any(same(said, each) for each in value)
    text = value if isinstance(value, str) else written(value)
    part = said if isinstance(said, str) else written(said)
    return part.casefold() in text.casefold()


def _unmatched(pattern: str, value: object) -> str | None:
    try:
        matches = is_found(pattern, value if isinstance(value, str) else written(value))
    except Unsearchable as fault:
        return str(fault)
    return None if matches else f"does not match {shown(pattern)}: {shown(value)}"


def _bound(key: str, said: object, value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"is no number: {shown(value)}"
    assert isinstance(said, int | float)
    if key == "at_most":
        return None if value <= said else f"is {shown(value)}, more than {shown(said)}"
    return None if value >= said else f"is {shown(value)}, less than {shown(said)}"
