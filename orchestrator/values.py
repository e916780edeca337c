"""Frozen values: a copy with some fields changed, in less than half the time of ``dataclasses.replace``."""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["changed"]

if TYPE_CHECKING:
    from dataclasses import replace as changed  # so that the names and types of changes are checked
else:

    def changed(value, /, **changes):
        """Give a copy of a dataclass that has slots, several fields, and nothing to do when it is made.

        A state changes with every event, by two fields of twenty; ``dataclasses.replace`` asks each of them what it is.

        Raises:
            KeyError: there is no such field.
        """
        places, read, writers = _parts(type(value))
        values = [*read(value)]
        for name, change in changes.items():
            values[places[name]] = change
        copy = object.__new__(type(value))
        for write, each in zip(writers, values, strict=True):
            write(copy, each)
        return copy


@cache
def _parts(
    kind: type[Any],
) -> tuple[dict[str, int], Callable[[object], tuple[object, ...]], list[Callable[[object, object], None]]]:
    """Where a field stands, what reads all of them, and what writes each."""
    names = [each.name for each in fields(kind)]
    return (
        {name: place for place, name in enumerate(names)},
        attrgetter(*names),
        [getattr(kind, name).__set__ for name in names],
    )
