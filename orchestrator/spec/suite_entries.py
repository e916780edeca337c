"""Entries of lists in a test file: a text alone is made whole, and of anything else it is said what may stand there."""

from typing import Any, TypeGuard

from pydantic_core import PydanticCustomError

from orchestrator.spec.draft import Positions
from orchestrator.spec.faults import kind_of
from orchestrator.spec.mapping import Spec, numbered

CALL = "the name of a function, or a mapping with 'call'"
REPLY = "a text that the model says, or a mapping with 'say', 'call', 'calls' or 'fails'"
APPROVAL = "granted, always or denied, or a mapping with 'verdict'"
EXPECTED_CALL = "the name of a tool, a mapping of that name to arguments, or a mapping with 'call'"


def whole(key: str, what: str) -> Any:
    """A validator that makes a text whole, as ``{key: text}``. ``what`` says what may stand there."""

    def validator(value: object) -> object:
        if isinstance(value, str):
            return {key: value}
        if isinstance(value, Spec) or is_mapping(value):
            return value
        raise PydanticCustomError("wrong-type", "must be {what}, not {kind}", {"what": what, "kind": kind_of(value)})

    return validator


def numbered_replies(value: object) -> object:
    """The replies of a model by their position."""
    if isinstance(value, list | Positions):
        return numbered(value)
    message = "must be a list of replies, {replay: FILE}, or live, not {kind}"
    raise PydanticCustomError("wrong-type", message, {"kind": kind_of(value)})


def is_mapping(value: object) -> TypeGuard[dict[str, object]]:
    """Whether a value was written as a mapping."""
    return isinstance(value, dict) and not isinstance(value, Positions)
