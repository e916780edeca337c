"""The data of a file while what is broken is left out of it."""

import re
from collections.abc import Iterator
from typing import Any

Location = tuple[str | int, ...]

_TAG = re.compile(r"\[(?!key\])\w+\]")


class Positions(dict[str | int, object]):
    """A list by position, from which broken entries were left out."""


class Draft:
    """A copy of the data that may be changed. Each change takes as long as its place is deep.

    ``gone`` are the places of what was left out, or that something was put into.
    """

    def __init__(self, data: dict[str, object]) -> None:
        self.data: Any = _copy(data)
        self.gone: set[Location] = set()
        self._above: set[Location] = set()

    def leave_out(self, location: Location) -> bool:
        """Leave out the deepest part of a place that exists; False if that is everything."""
        inner, depth = self.data, 0
        while depth < len(location) and _has(inner, location[depth]):
            inner, depth = inner[location[depth]], depth + 1
        if location[: depth + 1] in self.gone:
            return True
        left = location[:depth]
        if left:
            del self._holder(left)[left[-1]]
            self._note(left)
        return bool(left)

    def put_in(self, location: Location, value: object) -> bool:
        """Put in a value for a key that is missing, unless its mapping is gone."""
        if not any(location[:depth] in self.gone for depth in range(len(location))):
            self._holder(location)[location[-1]] = value
            self._note(location)
        return True

    def touched(self, location: Location) -> bool:
        """Whether this place, or something inside it, is not as it was written."""
        return location in self.gone or location in self._above

    def _holder(self, location: Location) -> Any:
        """Give the mapping that holds a place. Lists on the way become mappings by position."""
        above: Any = {None: self.data}
        key: Any = None
        for part in location:
            if isinstance(above[key], list):
                above[key] = Positions(enumerate(above[key]))
            above, key = above[key], part
        return above

    def _note(self, location: Location) -> None:
        self.gone.add(location)
        self._above.update(location[:depth] for depth in range(len(location)))


def tag_of(kind: str) -> str:
    """How the kind of an entry of ``models`` stands in the place of a fault, below the entry."""
    return f"[{kind}]"


def untagged(location: Location) -> Location:
    """A place in the data, without the kind of an entry of ``models``, or of the ``model`` of a turn in a test."""
    kinds = {"models": 2, "tests": 5}.get(str(location[0]), len(location)) if location else 0
    tagged = kinds < len(location) and _TAG.fullmatch(str(location[kinds]))
    return (*location[:kinds], *location[kinds + 1 :]) if tagged else location


def leaves(value: object, at: Location = ()) -> Iterator[tuple[Location, object]]:
    """Give every value that holds no other, with its place."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*at, index))
    else:
        yield at, value


def _copy(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _has(value: object, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value
