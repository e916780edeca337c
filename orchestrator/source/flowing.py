"""Where each character of a text stands that is written in quotes, or without any, maybe over several lines."""

import re
from array import array

_BREAKS = re.compile(r"[ \t]*(?:\r\n|[\r\n])(?:[ \t]*(?:\r\n|[\r\n]))*[ \t]*")
_LINE_BREAK = re.compile(r"\r\n|[\r\n]")
_ESCAPED_BREAK = re.compile(r"\\[ \t]*(?:\r\n|[\r\n])[ \t]*")
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}


def offsets(text: str, start: int, end: int, style: str, value: str) -> "array[int] | None":
    """Give the offset in ``text`` of each character of ``value``, and of its end.

    None when the value is not what stands between ``start`` and ``end`` by the rules of YAML for this style (``'``,
    ``"`` or nothing): then nobody can tell.
    """
    at, last = start + len(style), end - len(style)
    found = array("q")
    while at < last and len(found) < len(value):
        folded = _BREAKS.match(text, at, last)
        if folded is not None:
            breaks = len(_LINE_BREAK.findall(folded[0]))
            made, length = max(breaks - 1, 1), len(folded[0])
            if value[len(found) : len(found) + made] != ("\n" * made if breaks > 1 else " "):
                return None
        else:
            made, length = _written(text, at, last, style)
            plain = made == 1 and length == 1
            if plain and text[at] != value[len(found)]:
                return None
        found.extend([at] * made)
        at += length
    if len(found) != len(value):
        return None
    found.append(min(at, last))
    return found


def _written(text: str, at: int, last: int, style: str) -> tuple[int, int]:
    """How many characters stand here, and how many it takes to write them."""
    if style == "'" and text.startswith("''", at):
        return 1, 2
    if style == '"' and text[at] == "\\":
        escaped = _ESCAPED_BREAK.match(text, at, last)
        if escaped is not None:
            return 0, len(escaped[0])
        return 1, 2 + _HEX_DIGITS.get(text[at + 1 : at + 2], 0)
    return 1, 1
