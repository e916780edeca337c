"""A model's arguments: parsed by our own rules, and what is wrong with them in words."""

import json
import math
from functools import cache
from typing import Any

from pydantic import ValidationError

SHOWN = 20  # faults in one message: a list of thousands may have thousands


class BadArguments(ValueError):  # noqa: N818 - the model's mistake, told to the model
    """A model's arguments do not fit. The text says what is wrong, and what the schema is."""


def parse(arguments: str) -> dict[str, object]:
    """Parse a model's arguments; an empty text and ``null`` mean none.

    Raises:
        ValueError: not JSON, not an object, a key twice, or NaN.
    """
    if not arguments.strip():
        return {}
    try:
        value = _decoder().decode(arguments)
    except json.JSONDecodeError as error:
        raise ValueError(f"the arguments are not JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("the arguments are nested too deeply") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("the arguments must be a JSON object, such as {}")  # noqa: TRY004 - a bad value, not a bug
    return value


def sentences(error: ValidationError) -> str:
    """What a validation found, one sentence for each fault."""
    said = [_sentence(dict(fault)) for fault in error.errors(include_url=False, include_context=False)]
    more = [f"and {len(said) - SHOWN} more"] if len(said) > SHOWN else []
    return "; ".join(said[:SHOWN] + more)


@cache
def _decoder() -> json.JSONDecoder:
    """What parses arguments: ``json.loads`` would make one for each call."""
    return json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key {name!r} is given twice")
        found[name] = value
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits} is too large for a number")
    return number


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON value")


def _sentence(fault: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in fault["loc"]) or "arguments"
    match fault["type"]:
        case "missing":
            return f"the argument {where!r} is missing"
        case "extra_forbidden" | "unexpected_keyword_argument":
            return f"there is no argument {where!r}"
        case _:
            return f"{where!r}: {_small(fault['msg'])}"


def _small(message: str) -> str:
    """The message as the second half of a sentence; an abbreviation keeps its capitals."""
    return message if message[1:2].isupper() else message[:1].lower() + message[1:]
