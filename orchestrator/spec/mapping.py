"""What every mapping of the language has in common, and how shorthands are made whole."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from orchestrator.spec.draft import Positions
from orchestrator.spec.faults import Fault


def short(key: str) -> Any:
    """A validator that makes a text whole: ``"x"`` becomes ``{key: "x"}``."""
    return lambda value: {key: value} if isinstance(value, str) else value


def numbered(value: object) -> object:
    """A list by position."""
    if isinstance(value, list):
        return dict(enumerate(value))
    if isinstance(value, Positions):
        return value
    raise PydanticCustomError("list_type", "a list")


def listed(value: object) -> object:
    """A list, without what was left out of it."""
    return list(value.values()) if isinstance(value, Positions) else value


class Spec(BaseModel):
    """A mapping of the language: it takes its own keys and no others."""

    # each is made when it is first read: most are parts of others, which make them anew
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def faults(self) -> Iterable[Fault]:
        """What is wrong with it as a whole, though each of its parts is sound."""
        return ()
