"""What a module tells of its functions, whichever way it was read: imported, or parsed."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from orchestrator.project import Function, Unresolved
from orchestrator.spec import ToolSpec


@dataclass(frozen=True, slots=True)
class Reading:
    """One function, or why it is none; ``open`` says what could not be told of it."""

    function: Function | None = None
    faults: tuple[Unresolved, ...] = ()
    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of approval: the function, where the module was imported, or why there is none."""

    function: object = None
    fault: Unresolved | None = None


class Module(Protocol):
    """A module that was found and read."""

    @property
    def public(self) -> Sequence[str]:
        """The names of its tools: its ``__all__``, or the functions that it defines without a leading underscore."""

    @property
    def open(self) -> tuple[str, ...]:
        """What could not be told of its names."""

    def read(self, name: str, spec: ToolSpec, rule: Rule | None, /) -> Reading:
        """Read a function for an entry, whose approval the rule decides, if there is one."""

    def rule(self, name: str) -> Rule:
        """Look up a rule of approval."""


def decides(signature: inspect.Signature) -> bool:
    """Whether a function can be called as a rule of approval is: with the arguments and the context."""
    try:
        signature.bind({}, None)
    except TypeError:
        return False
    return True
