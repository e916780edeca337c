"""Texts that lack their quotes or their indentation: what to write instead, and how the file is read on."""

import re
from typing import NamedTuple

from orchestrator.diagnostics import Diagnostic
from orchestrator.source.positions import Place, Positions

_ODD = "\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff"
ODD_BLANK = re.compile(f"[{_ODD}]+")
"""Characters that look like a blank, or like nothing, and are none to YAML."""
TEMPLATES = ("{{", "{%", "{#")

_LINE = re.compile(
    r"(?P<indent> *(?:- +)*)"
    r"(?:(?P<key>[\w-][^\s:#'\"]*(?: [^\s:#'\"]+)*|\"[^\"\r\n]*\"|'[^'\r\n]*') *:[ \t]+)?"
    r"(?P<value>[^\s#][^\r\n]*)"
)
_HEADER = re.compile(
    r"(?P<indent> *(?:- +)*)(?P<key>[\w-]{1,64}):[ \t]*(?P<sign>[|>][-+0-9]*)?[ \t]*(?:#[^\r\n]*)?[\r\n]"
)
_KEY_LINE = re.compile(r" *[a-z][\w-]*:(?:\s|$)")
_OTHER_LINE = re.compile(r" *(?:#|- |\t|\.\.\.|---)")
_ODD_INDENTATION = re.compile(rf"^[ \t]*([{_ODD}][ \t{_ODD}]*)", re.MULTILINE)
_MEANINGS = {
    "{": "a mapping",
    "[": "a list",
    "*": "an alias",
    "&": "an anchor",
    "!": "a tag",
    "-": "a list",
    "?": "a key",
    "|": "the sign of a block text",
    ">": "the sign of a block text",
}
_IN_BRACKETS = re.compile(r"(?:\{\{[^{}\r\n]*\}\}|\{%[^\r\n]*?%\}|\{#[^\r\n]*?#\})[^,\]}\r\n]*")
_JOINED = re.compile(rf"([\w-]{{1,64}})(?P<sign>:(?=[^ \t\r\n/])| *=) *[{_ODD}]*(\S[^\r\n]*)?")
_LONGEST_SHOWN = 50


class Mend(NamedTuple):
    """A fault, and a text as long as the one that has it, with which reading can go on.

    ``unread`` is the offset at which the value begins that has no data now, if there is one.
    """

    diagnostic: Diagnostic
    text: str
    unread: int | None


class Value(NamedTuple):
    """A value as it stands in the text: its place, and its key if that is on the line."""

    place: Place
    key: str | None


class Joined(NamedTuple):
    """A key that is joined to its value: the key, the offset of what stands between them, and what to say."""

    key: str
    offset: int
    message: str
    hint: str


def value_at(positions: Positions, at: int) -> Value | None:
    """Give the block value that begins on the line of an offset, with the deeper lines below it that belong to it."""
    start = positions.line_start(at)
    found = _LINE.match(positions.text, start)
    if found is None:
        return None
    indent, key = found["indent"], found["key"]
    dash = indent.rfind("-")
    column = len(indent) if key else dash if dash >= 0 else len(indent) - 1
    return Value((found.start("value"), _end_of(positions, found.end(), column)), key)


def template_at(positions: Positions, start: int, key: str | None, *, inside: bool) -> Value | None:
    """Give the value that begins with a template here; ``inside`` brackets it ends where the next entry begins."""
    if not inside:
        value = value_at(positions, start)
        return value and value._replace(place=(start, value.place[1]))
    found = _IN_BRACKETS.match(positions.text, start)
    return Value(found.span(), key) if found else None


def mend_text(positions: Positions, text: str, value: Value, at: Place | None = None) -> Mend:
    """Tell that a text needs quotes, and read it as a text. ``at`` is where it shows; by default, its beginning."""
    raw = positions.text[slice(*value.place)].rstrip()
    first = raw[:2] if raw[:2] in TEMPLATES else raw[:1]
    if at is not None:
        message = f"the quotes end before this: a text in {first} has no other {first} inside"
    elif first[0] in _MEANINGS:
        message = f"a text that begins with {first!r} needs quotes: to YAML it is {_MEANINGS[first[0]]}"
    else:
        message = f"an unquoted text can't begin with {first!r}"
    place = at or (value.place[0], value.place[0] + len(first))
    hint = quoting(value.key, raw[1:-1] if at and raw[-1:] == first else raw)
    return Mend(Diagnostic(positions.span(place), "syntax", message, hint), covered(text, value.place), value.place[0])


_TEMPLATE = re.compile(r"\{\{|\{%")


def quoting(key: str | None, raw: str) -> str:
    """Say how a text is written so that YAML takes it for one."""
    key = key if key and len(key) <= _LONGEST_SHOWN else None
    if key and key != "instructions" and _TEMPLATE.search(raw):
        return "only instructions are a template: write the text itself"
    block = f"{key}: | with the text indented below it" if key and " " in raw else None
    written = quoted(raw) if "\n" not in raw else None
    if written is None:
        return f"write {block}" if block else "put the text in quotes"
    kind = "double" if written[0] == '"' else "single"
    short = f"write {key}: {written}" if key and len(raw) <= _LONGEST_SHOWN else f"put the text in {kind} quotes"
    return f"{short}, or {block}" if block else short


def quoted(raw: str) -> str | None:
    """Put a text in quotes that it does not contain; None if there are none such."""
    quote = next((each for each in ('"', "'") if each not in raw and (each == "'" or "\\" not in raw)), None)
    return quote and f"{quote}{raw}{quote}"


def covered(text: str, place: Place, cover: str = "x") -> str:
    """Give the text with all that is not blank in a place covered."""
    return text[: place[0]] + re.sub(r"\S", cover, text[slice(*place)]) + text[place[1] :]


def mend_indentation(positions: Positions, text: str, at: int) -> Mend | None:
    """Tell that the line of an offset is indented with odd blanks, and take all those of the file for blanks."""
    found = _ODD_INDENTATION.match(text, positions.line_start(at))
    if found is None:
        return None
    message = f"the indentation has a character that only looks like a blank: U+{ord(found[1][0]):04X}"
    place = found.start(1), found.start(1) + 1
    diagnostic = Diagnostic(positions.span(place), "syntax", message, "indent with blanks only: type them anew")
    return Mend(diagnostic, _ODD_INDENTATION.sub(lambda each: " " * len(each[0]), text), None)


def mend_block(positions: Positions, text: str, at: int) -> Mend | None:
    """Tell that a text around an offset is not indented below its key, and read on behind it."""
    header = _header_above(positions, positions.line_start(at))
    if header is None:
        return None
    key, sign, column = header["key"], header["sign"], len(header["indent"])
    first = positions.next_line(header.start())
    while first < len(text) and (_is_blank(positions, first) or _indentation(positions, first) > column):
        first = positions.next_line(first)
    behind = positions.next_line(first)
    while behind < len(text) and not _KEY_LINE.match(text, behind):
        behind = positions.next_line(behind)
    if not sign and _OTHER_LINE.match(text, first):
        return None
    hint = f"indent each of its lines by two blanks more than {key!r}"
    if not sign:
        hint = f"write {key}: | and indent each line of the text below by two blanks more"
    line = positions.text[first : positions.line_end(first)]
    place = first + _indentation(positions, first), first + len(line.rstrip())
    diagnostic = Diagnostic(positions.span(place), "syntax", f"the text of {key!r} is not indented", hint)
    unread = header.start("sign") if sign else header.end("key") + 1
    return Mend(diagnostic, covered(text, (first, behind), " "), unread)


def mend_empty_block(positions: Positions, text: str, at: int) -> Mend | None:
    """Tell that the text of an empty block is not indented, if that is what stands on the next line."""
    line = positions.next_line(at)
    while line < len(text) and _is_blank(positions, line):
        line = positions.next_line(line)
    other = line >= len(text) or _KEY_LINE.match(text, line) or _OTHER_LINE.match(text, line)
    return None if other else mend_block(positions, text, line)


def joined(raw: str) -> Joined | None:
    """Find a key that is joined to its value at the beginning of a text."""
    found = _JOINED.match(raw)
    if found is None:
        return None
    hint = f"write {found[1]}: {found[3] if found[3] and len(found[3]) <= _LONGEST_SHOWN else 'VALUE'}"
    if found["sign"] == ":":
        return Joined(found[1], found.start("sign"), "a blank is missing behind the ':'", hint)
    message = "a ':' stands between a key and its value, not '='"
    return Joined(found[1], found.end("sign") - 1, message, hint)


def _header_above(positions: Positions, start: int) -> re.Match[str] | None:
    """Find the line of the key to which a line of text belongs: the nearest that begins a block, or that is empty."""
    indent, deeper = _indentation(positions, start), False
    while start > 0:
        start = positions.line_start(start - 1)
        found = _HEADER.match(positions.text, start)
        if found and (found["sign"] or not deeper):
            return found if indent <= len(found["indent"]) else None
        if _is_blank(positions, start):
            continue
        here = _indentation(positions, start)
        if here < indent or _KEY_LINE.match(positions.text, start):
            return None
        deeper = deeper or here > indent
    return None


def _end_of(positions: Positions, start: int, column: int) -> int:
    """Give the end of the value whose first line ends behind ``start``: the lines that are deeper belong to it."""
    text, end, behind = positions.text, positions.line_end(start), positions.next_line(start)
    while behind < len(text):
        if not _is_blank(positions, behind) and _indentation(positions, behind) <= column:
            break
        end, behind = positions.line_end(behind), positions.next_line(behind)
    return end


def _is_blank(positions: Positions, start: int) -> bool:
    return not positions.text[start : positions.line_end(start)].strip()


def _indentation(positions: Positions, start: int) -> int:
    line = positions.text[start : positions.line_end(start)]
    return len(line) - len(line.lstrip(" "))
