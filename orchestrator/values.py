"""Frozen values: a copy with some fields changed, in a tenth of the time of ``dataclasses.replace``."""

from typing import TYPE_CHECKING

__all__ = ["changed"]

if TYPE_CHECKING:
    from dataclasses import replace as changed  # so that the names and types of changes are checked
else:

    def changed(value, /, **changes):
        """Give a copy of a dataclass that has no slots, and nothing to do when it is made.

        A state changes with every event, by two fields of twenty; ``dataclasses.replace`` asks each of them what it is,
        and slots are written one by one.

        Raises:
            TypeError: there is no such field.
        """
        fields = value.__dict__ | changes
        if len(fields) != len(value.__dict__):
            raise TypeError(f"{type(value).__name__} has no field {', '.join(changes.keys() - value.__dict__.keys())}")
        copy = object.__new__(type(value))
        object.__setattr__(copy, "__dict__", fields)
        return copy
