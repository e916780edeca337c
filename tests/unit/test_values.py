"""Frozen values and their copies."""

from dataclasses import dataclass, field, replace

import pytest

from orchestrator.messages import UserMessage
from orchestrator.state import Counters, State
from orchestrator.values import changed


@dataclass(frozen=True)
class Base:
    first: int


@dataclass(frozen=True)
class Derived(Base):
    second: str = ""
    third: list[int] = field(default_factory=list)


def test_a_copy_is_what_replace_gives() -> None:
    state = State("s", runs=3, messages=(UserMessage("hi"),), counters=Counters(tokens=7))
    assert changed(state, agent="a", runs=4) == replace(state, agent="a", runs=4)
    assert state == State("s", runs=3, messages=(UserMessage("hi"),), counters=Counters(tokens=7))
    assert changed(Derived(1, "b"), third=[2]) == Derived(1, "b", [2])


def test_a_copy_is_frozen_too() -> None:
    copy = changed(Derived(1), first=2)
    with pytest.raises(AttributeError):
        copy.first = 3  # type: ignore[misc]


def test_a_field_that_is_not_there() -> None:
    with pytest.raises(TypeError, match="Derived has no field secnod"):
        changed(Derived(1), secnod="x")  # type: ignore[call-arg]
