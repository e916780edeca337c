"""What pydantic takes for a number and we do not.

A model that writes ``true`` for a number, 1 for ``true``, or a number for a date, has misunderstood the tool; pydantic
would call the function with 1, with ``True``, or with a day in 1970. Numbers and booleans in quotes stay as pydantic
takes them: models send them.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from pydantic_core import PydanticCustomError, SchemaValidator

# what holds values and classes, in which nothing is a schema
_OPAQUE = frozenset({"cls", "metadata", "members", "expected", "config", "function", "serialization", "default"})
_BY_NAME = frozenset({"fields", "choices"})  # schemas under names of the user's, which may be any of those words
_TIMES = frozenset({"date", "time", "datetime", "timedelta"})
_NUMBER = re.compile(r"\s*[+-]?\d+(\.\d*)?([eE][+-]?\d+)?\s*")


def strict_validator(core_schema: Any) -> SchemaValidator:
    """A validator for pydantic's core schema that refuses what is not what it is taken for."""
    # prebuilt validators of models would be taken as they are, without our checks in them
    return SchemaValidator(_guarded(core_schema), _use_prebuilt=False)


def _guarded(schema: Any) -> Any:
    match schema:
        case dict():
            inner = {key: _guarded_part(key, value) for key, value in schema.items()}
            if schema.get("type") == "union":
                inner["choices"] = [_labelled(choice) for choice in inner["choices"]]
            if schema.get("type") == "generator":
                inner["type"] = "list"  # pydantic's own is checked only while the function iterates
            check = _check(schema)
            if check is None:
                return inner
            outer = {"type": "function-before", "function": {"type": "no-info", "function": check}, "schema": inner}
            return {**outer, "ref": inner.pop("ref")} if "ref" in inner else outer
        case list() | tuple():
            return type(schema)(_guarded(item) for item in schema)
        case _:
            return schema


def _guarded_part(key: str, value: Any) -> Any:
    if key in _BY_NAME and isinstance(value, dict):
        return {name: _guarded(inner) for name, inner in value.items()}
    return value if key in _OPAQUE else _guarded(value)


def _labelled(choice: Any) -> Any:
    """A choice of a union under its own name, for messages that would else name our checks."""
    if isinstance(choice, tuple):
        return choice
    kind = choice["schema"]["type"] if choice["type"] == "function-before" else choice["type"]
    return (choice, kind) if kind in {"int", "float", "bool", "list", "dict", "set", "tuple", *_TIMES} else choice


def _check(schema: dict[str, Any]) -> Callable[[Any], Any] | None:
    kind = schema.get("type")
    if kind in {"int", "float"}:
        return _no_boolean
    if kind in {"literal", "enum"}:
        return _same_kind(schema.get("expected") or [member.value for member in schema.get("members", [])])
    if kind == "bool":
        return _no_number_for_boolean
    return _no_number if kind in _TIMES else None


def _same_kind(values: Sequence[Any]) -> Callable[[Any], Any]:
    """A check that ``true`` does not stand for 1 among these values, nor 1 for ``true``."""

    def check(value: Any) -> Any:
        if isinstance(value, bool) and not any(isinstance(one, bool) for one in values):
            return _no_boolean(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            equal = [one for one in values if one == value]
            return _no_number_for_boolean(value) if equal and all(isinstance(one, bool) for one in equal) else value
        return value

    return check


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("boolean", "must not be true or false")
    return value


def _no_number_for_boolean(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise PydanticCustomError("not_boolean", "must be true or false")
    return value


def _no_number(value: Any) -> Any:
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise PydanticCustomError("number", "must be a text, such as 2026-01-31 or PT5M")
    return value
