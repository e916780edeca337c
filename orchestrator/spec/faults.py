"""What is wrong with the shape of a file, in our own words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from orchestrator.diagnostics import Diagnostic, Related
from orchestrator.source import Source
from orchestrator.source.faults import shown
from orchestrator.source.nearest import nearest
from orchestrator.spec.draft import Location, Positions, untagged
from orchestrator.spec.hints import elsewhere, rewritten, shape, synonyms_of, to_add
from orchestrator.spec.values import DOTTED_LABEL, ENVIRONMENT, FILLED, LABEL, PROVIDERS

Keys = Callable[[Location], Mapping[str, str]]
Levels = Callable[[Location], Sequence[str]]

_EXPECTED = {
    "string_type": ("text", "text"),
    "int_type": ("number", "a whole number"),
    "int_from_float": ("number", "a whole number"),
    "float_type": ("number", "a number"),
    "bool_type": ("flag", "true or false"),
    "list_type": ("list", "a list"),
    "tuple_type": ("list", "a list"),
    "dict_type": ("mapping", "a mapping of names to values"),
    "model_type": ("mapping", "a mapping of keys to values"),
}
_PATTERNS = {
    FILLED: "must not be empty",
    ENVIRONMENT: "must be the name of an environment variable: letters, digits and _, not beginning with a digit",
    LABEL: "must be a name of letters, digits, _ and -, at most 64",
    DOTTED_LABEL: "must be a name of letters, digits, '.', _ and -, at most 64",
}
_YAML_WORDS = {"True": "true", "False": "false", "None": "null"}
_OWN_CODES = {"wrong-type", "literal-secret"}  # what our own validators say, beside bad-value
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at a place in the data. ``key`` points at the key instead of the value.

    ``about`` names the key that is missing, or that was meant by an unknown one; ``other`` is the place of something
    else that the fault is about.
    """

    location: Location
    code: str
    message: str
    hint: str | None = None
    key: bool = False
    about: str | None = None
    other: Location | None = None


def to_diagnostic(source: Source, fault: Fault) -> Diagnostic:
    """The fault as a diagnostic, with its place in the text, and with the aliases that lead there."""
    span = source.locate(fault.location, key=fault.key)
    used = [Related(use, "used here") for use in source.uses(fault.location)]
    other = [Related(source.locate(fault.other, key=fault.key), "this one")] if fault.other else []
    return Diagnostic(span, fault.code, fault.message, fault.hint, related=(*other, *used))


def without_echoes(faults: Sequence[Fault]) -> list[Fault]:
    """Leave out what merely follows: a key is not missing where a misspelt one stands for it."""
    meant = {(fault.location[:-1], fault.about) for fault in faults if fault.code == "unknown-key"}
    return [fault for fault in faults if fault.code != "missing-key" or (fault.location, fault.about) not in meant]


def empty_value(location: Location) -> Fault:
    """A key without a value."""
    what = shown(location[-1]) if isinstance(location[-1], str) else "this entry"
    return Fault(location, "wrong-type", f"{what} has no value", "write one behind the colon", key=True)


def fault_of(detail: ErrorDetails, keys: Keys, levels: Levels) -> Fault:
    """One fault of a validation, by its kind."""
    location, kind = untagged(detail["loc"]), detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(location, keys(detail["loc"][:-1]), levels)
    if location and location[-1] == "[key]":
        return _bad_name(location[:-1], detail)
    if kind == "missing":
        parent, name = location[:-1], str(location[-1])
        message = f"{subject(parent)} has no {name!r}"
        known = keys(detail["loc"][:-1]).get(name)
        return Fault(parent, "missing-key", message, to_add(name, known), key=True, about=name)
    if kind == "union_tag_invalid":
        return _no_provider((*location, "provider"), detail["input"]["provider"])
    if location[-1:] == ("api_key",) and isinstance(detail["input"], str):
        return literal_secret(location)
    if kind in _EXPECTED:
        wanted, words = _EXPECTED[kind]
        message = f"{subject(location)} must be {shape(location) or words}, not {kind_of(detail['input'])}"
        return Fault(location, "wrong-type", message, rewritten(location, wanted, detail["input"]))
    code = kind if kind in _OWN_CODES else "bad-value"
    context = detail.get("ctx", {})
    return Fault(location, code, f"{subject(location)} {_bound(kind, context, detail['msg'])}", context.get("hint"))


def literal_secret(location: Location) -> Fault:
    """A key that stands in the file. What it is, is never repeated."""
    header = location[3] if location[2:3] == ("headers",) and len(location) > 3 else None
    where = "api_key" if header is None else shown(str(header)).strip("'")
    hint = f"write {where}: {{env: NAME}}, and put the key into that environment variable"
    return Fault(location, "literal-secret", "a key never stands in a file", hint)


def subject(location: Location) -> str:
    """What stands at a place, in words: ``agent 'triage'``, ``'temperature'``, ``entry 2 of 'tools'``."""
    match location:
        case ():
            return "the file"
        case (("agents" | "models" | "variables") as section, name):
            return f"{section[:-1]} {shown(str(name))}"
        case ("variables", name, "default"):
            return f"the default of variable {shown(str(name))}"
        case (*_, str(key), int(index)):
            return f"entry {index + 1} of {key!r}"
        case (*_, "base_url", "default"):
            return "'base_url'"
        case ("models", _, "timeout", "total"):
            return "'timeout'"
        case ("models", _, "headers", header, "default"):
            return f"header {shown(str(header))}"
        case _:
            return shown(str(location[-1]))


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
        case list() | Positions():
            return "a list"
        case _:
            return "a mapping"


def _unknown_key(location: Location, here: Mapping[str, str], levels: Levels) -> Fault:
    key = str(location[-1])
    others = levels(location)
    meant = synonyms_of(location, here)
    if not meant and not elsewhere(key) and not others and (close := nearest(key, here)):
        meant = [close]
    if meant:
        hint = f"did you mean {' or '.join(map(repr, meant))}?"
    elif written := elsewhere(key):
        hint = written
    elif others:
        hint = f"it belongs {' or '.join(others)}"
    else:
        hint = f"the keys here are: {', '.join(here)}"
    about = meant[0] if meant else None
    return Fault(location, "unknown-key", f"unknown key {shown(key)}", hint, key=True, about=about)


def _no_provider(location: Location, written: object) -> Fault:
    close = nearest(written, PROVIDERS) if isinstance(written, str) else None
    hint = f"did you mean {close!r}?" if close else None
    return Fault(location, "bad-value", f"'provider' must be {', '.join(PROVIDERS[:-1])} or {PROVIDERS[-1]}", hint)


def _bad_name(location: Location, detail: ErrorDetails) -> Fault:
    name = location[-1]
    if detail["type"] == "bad-value":
        message = f"{shown(str(name))} {detail['msg']}"
        return Fault(location, "bad-value", message, detail.get("ctx", {}).get("hint"), key=True)
    hint = "lower-case letters, digits and underscores, beginning with a letter"
    if detail["type"] == "string_too_long":
        hint = f"at most {detail['ctx']['max_length']} characters"
    return Fault(location, "bad-name", f"{shown(str(name))} can't be a name", hint, key=True)


def _bound(kind: str, context: Mapping[str, Any], message: str) -> str:
    for name, words in _BOUNDS.items():
        if name in context:
            return f"must be {words} {context[name]:g}"
    if kind in {"string_too_short", "too_short"}:
        return "must not be empty"
    if kind == "string_pattern_mismatch":
        return _PATTERNS[context["pattern"]]
    if kind == "finite_number":
        return "must be a finite number, neither .inf nor .nan"
    if kind == "literal_error":
        return f"must be {_YAML_WORDS.get(context['expected'], context['expected'])}"
    return message
