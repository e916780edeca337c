"""JSON values as YAML that people like to read, and that every reader takes for the same values."""

import json
import re
import textwrap
from collections.abc import Iterator
from typing import TypeAlias

from orchestrator.source import Source

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

WIDTH = 110
_STEP = 2
# what some readers refuse though it is right
_MERGE = "<<"
_IN_BRACKETS = re.compile(r"[?:]")
# what JSON leaves as it is, and a reader of YAML refuses or takes for a line break
_UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def entries(mapping: dict[str, Json], width: int = WIDTH) -> Iterator[str]:
    """Give the lines of a mapping, the first of which begins at the margin."""
    for key, value in mapping.items():
        yield from _behind(f"{_key(key)}:", value, width)


def reads_back(value: Json) -> bool:
    """Whether the value is the same when it is read: not if it is too deep, say, or a number too long."""
    read = Source.parse("", "\n".join(entries({"value": value})))
    return not read.diagnostics and _same(read.data, {"value": value})


def _items(values: list[Json], width: int) -> Iterator[str]:
    for value in values:
        if isinstance(value, dict) and value:
            first, *rest = entries(value, width - 2)
            yield f"- {first}"
            yield from _indented(rest)
        else:
            yield from _behind("-", value, width)


def _behind(head: str, value: Json, width: int) -> Iterator[str]:
    """A key or a dash, and the value behind it: on its line if there is room, else below it."""
    room = width - len(head) - 1
    brief = _in_brackets(value) if isinstance(value, dict | list) else None
    match value:
        case str():
            yield from _text(head, value, room)
        case dict() if value and (brief is None or len(brief) > room):
            yield head
            yield from _indented(entries(value, width - _STEP))
        case list() if value and (brief is None or len(brief) > room):
            yield head
            yield from _indented(_items(value, width - _STEP))
        case _:
            yield f"{head} {brief or _scalar(value)}"


def _in_brackets(value: dict[str, Json] | list[Json]) -> str | None:
    """A collection on one line, unless others are in it."""
    inner = value.values() if isinstance(value, dict) else value
    if any(isinstance(each, dict | list) and each for each in inner):
        return None
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_key(name)}: {_scalar(each, in_brackets=True)}' for name, each in value.items())}}}"
    return f"[{', '.join(_scalar(each, in_brackets=True) for each in value)}]"


def _text(head: str, text: str, room: int) -> Iterator[str]:
    """A text: in a block of its own where it has several lines, or is long."""
    if "\n" in text:
        sign, lines = ("|" if text.endswith("\n") else "|-"), text.removesuffix("\n").split("\n")
    else:
        sign, lines = ">-", _folded(text, room)
    block = [sign, *(f"{' ' * _STEP}{line}" if line else "" for line in lines)]
    plain = _scalar(text)
    if ("\n" in text or (len(plain) > room and len(lines) > 1)) and _is_read_as("\n".join(block), text):
        yield f"{head} {sign}"
        yield from block[1:]
    else:
        yield f"{head} {plain}"


def _folded(text: str, room: int) -> list[str]:
    return textwrap.wrap(
        text,
        max(room, WIDTH // 2),
        expand_tabs=False,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _scalar(value: Json, *, in_brackets: bool = False) -> str:
    """A value on one line. A text has quotes where any reader would take it for something else without them."""
    match value:
        case str():
            written, read = (f"[{value}]", [value]) if in_brackets else (value, value)
            odd = value == _MERGE or (in_brackets and _IN_BRACKETS.search(value)) or not value.isprintable()
            return value if not odd and _is_read_as(written, read) else _quoted(value)
        case float() if "e" in (written := repr(value)) and "." not in written:
            return written.replace("e", ".0e")  # some readers know no exponent without a point
        case _:
            return json.dumps(value)


def _key(name: str) -> str:
    odd = _IN_BRACKETS.search(name) or not name.isprintable()
    return name if not odd and _is_read_as(f"{{{name}: 0}}", {name: 0}) else _quoted(name)


def _quoted(text: str) -> str:
    return _UNSEEN.sub(_escape, json.dumps(text, ensure_ascii=False))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _is_read_as(written: str, value: object) -> bool:
    if _UNSEEN.search(written) or any(line != line.rstrip() for line in written.split("\n")):
        return False
    read = Source.parse("", f"value: {written}\n")
    return not read.diagnostics and _same(read.data, {"value": value})


def _same(one: object, other: object) -> bool:
    """Whether two values are the same in JSON: true is not 1, and 1.0 is not 1."""
    return one == other and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _indented(lines: Iterator[str] | list[str]) -> Iterator[str]:
    for line in lines:
        yield f"{' ' * _STEP}{line}" if line else line
