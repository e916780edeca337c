"""What is wrong with the shape of a file, in our own words."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from orchestrator.diagnostics import Diagnostic
from orchestrator.source import Source

Location = tuple[str | int, ...]
Keys = Callable[[Location], Mapping[str, str]]
Levels = Callable[[str], Sequence[str]]

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping of keys to values",
}
_YAML_WORDS = {"True": "true", "False": "false", "None": "null"}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at a place in the data. ``key`` points at the key instead of the value.

    ``about`` names the key that is missing, or that was meant by an unknown one.
    """

    location: Location
    code: str
    message: str
    hint: str | None = None
    key: bool = False
    about: str | None = None


def to_diagnostic(source: Source, fault: Fault) -> Diagnostic:
    """The fault as a diagnostic, with its place in the text."""
    span = source.locate(fault.location, key=fault.key)
    return Diagnostic(span, fault.code, fault.message, fault.hint)


def without_echoes(faults: Sequence[Fault]) -> list[Fault]:
    """Leave out what merely follows: a key is not missing where a misspelt one stands for it."""
    meant = {(fault.location[:-1], fault.about) for fault in faults if fault.code == "unknown-key"}
    return [fault for fault in faults if fault.code != "missing-key" or (fault.location, fault.about) not in meant]


def empty_value(location: Location) -> Fault:
    """A key without a value."""
    what = repr(location[-1]) if isinstance(location[-1], str) else "this entry"
    return Fault(location, "wrong-type", f"{what} has no value", "write one, or leave the key out", key=True)


def fault_of(detail: ErrorDetails, keys: Keys, levels: Levels) -> Fault:
    """One fault of a validation, by its kind."""
    location, kind = tuple(detail["loc"]), detail["type"]
    if location and location[-1] == "[key]":
        return _bad_name(location[:-1], detail)
    if kind == "extra_forbidden":
        return _unknown_key(location, keys, levels)
    if kind == "missing":
        parent, name = location[:-1], str(location[-1])
        message = f"{subject(parent)} has no {name!r}"
        return Fault(parent, "missing-key", message, keys(parent).get(name), key=True, about=name)
    if location[-1:] == ("api_key",) and isinstance(detail["input"], str):
        hint = "write api_key: {env: NAME}, and put the key into that environment variable"
        return Fault(location, "literal-secret", "a key never stands in a file", hint)
    if kind in _EXPECTED:
        message = f"{subject(location)} must be {_EXPECTED[kind]}, not {kind_of(detail['input'])}"
        return Fault(location, "wrong-type", message, _type_hint(kind, detail["input"]))
    code = "wrong-type" if kind == "wrong-type" else "bad-value"  # our own validators say which
    return Fault(location, code, f"{subject(location)} {_bound(kind, detail.get('ctx', {}), detail['msg'])}")


def subject(location: Location) -> str:
    """What stands at a place, in words: ``agent 'triage'``, ``'temperature'``, ``entry 2 of 'tools'``."""
    match location:
        case ():
            return "the file"
        case (("agents" | "models" | "variables") as section, name):
            return f"{section[:-1]} {name!r}"
        case (*_, str(key), int(index)):
            return f"entry {index + 1} of {key!r}"
        case _:
            return repr(location[-1])


def kind_of(value: object) -> str:
    """The kind of a value in the words of YAML."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that was probably meant."""
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return found[0] if found else None


def _unknown_key(location: Location, keys: Keys, levels: Levels) -> Fault:
    key, here = str(location[-1]), list(keys(location[:-1]))
    meant = nearest(key, here)
    if meant:
        hint = f"did you mean {meant!r}?"
    elif elsewhere := levels(key):
        hint = f"it belongs {' or '.join(elsewhere)}"
    else:
        hint = f"the keys here are: {', '.join(here)}"
    return Fault(location, "unknown-key", f"unknown key {key!r}", hint, key=True, about=meant)


def _bad_name(location: Location, detail: ErrorDetails) -> Fault:
    name = location[-1]
    hint = "lower-case letters, digits and underscores, beginning with a letter"
    if detail["type"] == "string_too_long":
        hint = f"at most {detail['ctx']['max_length']} characters"
    return Fault(location, "bad-name", f"{name!r} can't be a name", hint, key=True)


def _type_hint(kind: str, value: object) -> str | None:
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "put it in quotes to make it a text"
    if kind in {"list_type", "tuple_type"} and isinstance(value, str):
        return f"write [{value}]"
    return None


def _bound(kind: str, context: Mapping[str, Any], message: str) -> str:
    for name, words in _BOUNDS.items():
        if name in context:
            return f"must be {words} {context[name]:g}"
    if kind in {"string_too_short", "too_short"}:
        return "must not be empty"
    if kind == "literal_error":
        return f"must be {_YAML_WORDS.get(context['expected'], context['expected'])}"
    return message
