"""How an unquoted scalar reads: YAML 1.2's core schema, and where YAML 1.1 would read something else."""

import re
from dataclasses import dataclass
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

MAX_NUMBER = 1000
"""The most characters of a number. (Python itself refuses to read integers of more than 4,300 digits.)"""

_EXACT = 10**15  # a whole number below it, written with an exponent, is shown without a point

_CONSTANTS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_FIRST_OF_NUMBERS = frozenset("+-.0123456789")
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

_OLD_WORDS = {
    spelling: meaning
    for word, meaning in (("yes", "true"), ("on", "true"), ("no", "false"), ("off", "false"))
    for spelling in (word, word.capitalize(), word.upper())
}
_OLD_OCTAL = re.compile(r"[-+]?0[0-9_]+")
_OLD_BASE_60 = re.compile(r"[-+]?([1-9][0-9_]*(:[0-5]?[0-9])+|[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*)")
_OLD_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?"
    r"([ \t]*(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?"
)
_OLD_NUMBER = re.compile(
    r"[-+]?(0|[1-9][0-9_]*|0b[01_]+|0x[0-9a-fA-F_]+|([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+][0-9]+)?)"
)


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """What YAML 1.1 takes a scalar for, and what to write instead."""

    old: str
    hint: str


def resolve(plain: str) -> Scalar:
    """Read an unquoted scalar as YAML 1.2 does.

    Raises OverflowError for a number of more than ``MAX_NUMBER`` characters.
    """
    if plain in _CONSTANTS:
        return _CONSTANTS[plain]
    if plain[0] not in _FIRST_OF_NUMBERS:
        return plain
    if _NOT_FINITE.fullmatch(plain):
        return float(plain.replace(".", ""))
    for pattern, base in ((_DECIMAL, 10), (_OCTAL, 8), (_HEXADECIMAL, 16)):
        if pattern.fullmatch(plain):
            return int(_bounded(plain), base)
    return float(_bounded(plain)) if _FLOAT.fullmatch(plain) else plain


def ambiguity(plain: str) -> Ambiguity | None:
    """Say how YAML 1.1 reads an unquoted scalar, when it reads it differently."""
    if plain in _OLD_WORDS:
        return Ambiguity(_OLD_WORDS[plain], f'quote it: "{plain}", or write {_OLD_WORDS[plain]}')
    if plain == "=":
        return Ambiguity("a special value", 'quote it: "="')
    if not plain or plain[0] not in _FIRST_OF_NUMBERS or len(plain) > MAX_NUMBER:
        return None
    if _OLD_DATE.fullmatch(plain):
        return Ambiguity("a date", f'quote it: "{plain}"')
    if _OLD_BASE_60.fullmatch(plain):
        return Ambiguity("a number to base 60", f'quote it: "{plain}"')
    if _OLD_OCTAL.fullmatch(plain):
        return Ambiguity("an octal number or a text", _quote_or_write(plain, int(plain.replace("_", ""))))
    reading = resolve(plain)
    if isinstance(reading, str) and _OLD_NUMBER.fullmatch(plain):
        return Ambiguity("a number", _quote_or_write(plain, _old_number(plain)))
    if isinstance(reading, str) or _OLD_NUMBER.fullmatch(plain) or _NOT_FINITE.fullmatch(plain):
        return None
    return Ambiguity("a text", _quote_or_write(plain, reading or 0))


def _bounded(number: str) -> str:
    if len(number) > MAX_NUMBER:
        raise OverflowError(f"a number of {len(number)} characters")
    return number


def _old_number(plain: str) -> int | float:
    digits = plain.replace("_", "")
    try:
        return int(digits, 0)
    except ValueError:
        return float(digits)


def _quote_or_write(plain: str, number: float) -> str:
    written = str(int(number) if "." not in plain and abs(number) < _EXACT and number == int(number) else number)
    if "e" in written and "." not in written:
        written = written.replace("e", ".0e")  # YAML 1.1 knows no exponent without a point
    return f'quote it: "{plain}"' + ("" if written.endswith("inf") else f", or write {written} for the number")
