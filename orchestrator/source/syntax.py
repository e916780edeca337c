"""The parser's errors, in words that say what to write instead."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import yaml

from orchestrator.diagnostics import Diagnostic, Related
from orchestrator.source.mending import (
    TEMPLATES,
    Mend,
    covered,
    joined,
    mend_block,
    mend_indentation,
    mend_text,
    quoting,
    value_at,
)
from orchestrator.source.positions import Place, Positions

_WORD = re.compile(r"([\w-]+)[ \t]*(?:[\r\n]|$)")
_KEY_AND_TEXT = re.compile(r"([a-z_]+) (\S[^\r\n]{0,40})(?:[\r\n]|$)")
_OPENING_LINE = re.compile(r"[^\r\n]*:[ \t]*$")


class _Trouble(NamedTuple):
    """An error of the parser: where it noticed it, and where what it was reading began."""

    positions: Positions
    text: str
    at: int
    opening: int

    @property
    def line(self) -> str:
        """The text of the line, from the fault on."""
        return self.positions.text[self.at : self.positions.line_end(self.at)]

    @property
    def before(self) -> str:
        """The text of the line before the fault, without its indentation."""
        return self.positions.text[self.positions.line_start(self.at) : self.at].lstrip()

    def diagnostic(self, place: Place, message: str, hint: str, code: str = "syntax") -> Diagnostic:
        return Diagnostic(self.positions.span(place), code, message, hint)


def explain(positions: Positions, text: str, error: yaml.YAMLError) -> Diagnostic | Mend:
    """Put an error of the scanner or parser, of libyaml or of PyYAML's own, into our words.

    ``text`` is what was parsed: the text of ``positions`` with the mends up to now.
    """
    problem, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    at = problem.index if problem else 0
    trouble = _Trouble(positions, text, at, context.index if context else at)
    words = f"{getattr(error, 'context', None) or ''}: {getattr(error, 'problem', None) or ''}"
    first = _invisible_break(trouble) or _tab(trouble) or mend_indentation(positions, text, at)
    if first is not None:
        return first
    for pattern, explanation in _EXPLANATIONS:
        if re.search(pattern, words):
            return explanation(trouble)
    return _anything(trouble)


def _invisible_break(trouble: _Trouble) -> Diagnostic | None:
    start = trouble.positions.line_start(trouble.opening)
    found = re.compile("[\x85\u2028\u2029]").search(trouble.positions.text, start, trouble.at)
    if found is None:
        return None
    message = f"the invisible character U+{ord(found[0]):04X} ends a line here, to a YAML parser"
    return trouble.diagnostic(found.span(), message, "delete it, or write it as an escape in double quotes")


def _tab(trouble: _Trouble) -> Diagnostic | None:
    start = trouble.positions.line_start(trouble.at)
    found = re.compile(r"[ \t-]*?(\t+)").match(trouble.positions.text, start)
    if found is None or found.end() < trouble.at:
        return None
    message = "a tab can't be used for indentation"
    return trouble.diagnostic(found.span(1), message, "indent with blanks only", "tab")


def _anything(trouble: _Trouble) -> Diagnostic:
    hint = "look at the quotes, brackets and indentation of this line and of the one above"
    return trouble.diagnostic((trouble.at, trouble.at + 1), "this is not valid YAML from here on", hint)


def _text(trouble: _Trouble, start: int) -> Mend | None:
    """The mend of a text that lacks its quotes, if a value begins here."""
    value = value_at(trouble.positions, start)
    if value is None or value.place[0] != start:
        return None
    return mend_text(trouble.positions, trouble.text, value)


def _second_colon(trouble: _Trouble) -> Diagnostic | Mend:
    if re.search(r":\s|^[-?]\s", trouble.before + " "):
        return _colon_inside(trouble)
    positions, start = trouble.positions, trouble.at - len(trouble.before)
    above = positions.line_start(max(positions.line_start(trouble.at) - 1, 0))
    fault = mend_indentation(positions, trouble.text, above) or _key_without_colon(trouble, above, _WORD)
    if fault is None and _is_first_of_block(trouble, above):
        fault = _key_without_colon(trouble, above, _KEY_AND_TEXT)
    if fault is not None:
        return fault
    message = "a key can't stand here: the line continues the text above"
    hint = "line it up with the keys it belongs to; if it is part of the text, write the whole text below a |"
    return trouble.diagnostic((start, trouble.at + 1), message, hint)


def _is_first_of_block(trouble: _Trouble, start: int) -> bool:
    """Whether a line stands directly below a key, as deep as the line of the fault."""
    positions, text = trouble.positions, trouble.positions.text
    deep = re.compile(" *").match(text, start)
    line = positions.line_start(max(start - 1, 0))
    before = text[line : positions.line_end(line)]
    aligned = positions.line_start(trouble.at) + len(deep[0] if deep else "") == trouble.at - len(trouble.before)
    return aligned and _OPENING_LINE.fullmatch(before) is not None


def _colon_inside(trouble: _Trouble) -> Diagnostic | Mend:
    message = "a ':' with a blank behind it can't stand inside an unquoted text"
    diagnostic = trouble.diagnostic((trouble.at, trouble.at + 1), message, "put the text in quotes")
    value = value_at(trouble.positions, trouble.at)
    if value is None or value.key is None or value.place[0] > trouble.at:
        return diagnostic
    raw = trouble.positions.text[slice(*value.place)].rstrip()
    hint = quoting(value.key, raw)
    text = covered(trouble.text, value.place)
    return Mend(replace(diagnostic, hint=hint), text, value.place[0])


def _key_without_colon(trouble: _Trouble, start: int, bare: re.Pattern[str] | None = None) -> Diagnostic | None:
    """What is wrong with a line that should have a key: the blank behind its ':', or the ':' itself."""
    positions = trouble.positions
    found = re.compile(r" *(?:- +)*").match(positions.text, start)
    begin = found.end() if found else start
    if fault := joined(positions.text[begin : positions.line_end(begin)].rstrip()):
        sign = begin + fault.offset
        return trouble.diagnostic((sign, sign + 1), fault.message, fault.hint)
    word = bare.match(positions.text, begin) if bare else None
    if word is None:
        return None
    hint = f"write {word[1]}:" if bare is _WORD else f"write {word[1]}: {word[2]}"
    return trouble.diagnostic(word.span(1), "a key without a ':'", hint)


def _dash(trouble: _Trouble) -> Diagnostic | Mend:
    hint = "put each '-' on a line of its own below the key, or quote the text if it begins with a dash"
    fault = trouble.diagnostic((trouble.at, trouble.at + 1), "a list can't begin on the line of its key", hint)
    mend = _text(trouble, trouble.at)
    return mend._replace(diagnostic=fault) if mend else fault


def _question_mark(trouble: _Trouble) -> Diagnostic | Mend:
    fault = trouble.diagnostic((trouble.at, trouble.at + 1), "a text can't begin with '? '", "put the text in quotes")
    mend = _text(trouble, trouble.at)
    return mend._replace(diagnostic=fault) if mend else fault


def _first_character(trouble: _Trouble) -> Diagnostic | Mend:
    start = trouble.at - trouble.positions.text.startswith("{%", trouble.at - 1)
    alone = trouble.before in ("", "{")
    mend = (mend_block(trouble.positions, trouble.text, start) if alone else None) or _text(trouble, start)
    if mend is not None:
        return mend
    message = f"an unquoted text can't begin with {trouble.line[:1]!r}"
    return trouble.diagnostic((trouble.at, trouble.at + 1), message, "put the text in quotes")


def _missing_colon(trouble: _Trouble) -> Diagnostic | Mend:
    positions, opening = trouble.positions, trouble.opening
    start = positions.line_start(opening)
    fault = (
        mend_indentation(positions, trouble.text, opening)
        or _key_without_colon(trouble, start)
        or mend_block(positions, trouble.text, opening)
        or _key_without_colon(trouble, start, _WORD)
    )
    if fault is not None:
        return fault
    text = positions.text[opening : positions.line_end(opening)].rstrip()
    message = "a key without a ':'" if text[:1] not in ("*", "&", "!") else "a key is missing here"
    return trouble.diagnostic((opening, opening + len(text)), message, "write it as `key: value`")


def _open_quote(trouble: _Trouble) -> Diagnostic:
    quote = trouble.positions.text[trouble.opening : trouble.opening + 1]
    inside = "write '' for a quote inside" if quote == "'" else 'write \\" for a quote inside'
    hint = f"close it with {quote}, or {inside}"
    return trouble.diagnostic((trouble.opening, trouble.opening + 1), f"the quote {quote} is never closed", hint)


def _open_bracket(trouble: _Trouble) -> Diagnostic | Mend:
    for start in (trouble.opening, trouble.opening - 1):
        if trouble.positions.text.startswith(TEMPLATES, start) and (mend := _text(trouble, start)):
            return mend
    text, positions = trouble.positions.text, trouble.positions
    bracket = text[trouble.opening : trouble.opening + 1]
    closing = "]" if bracket == "[" else "}"
    opened = positions.span((trouble.opening, trouble.opening + 1))
    noticed = positions.span((trouble.at, trouble.at + 1))
    if trouble.line.strip() and opened.line == noticed.line:
        related = (Related(opened, f"the {bracket!r} is here"),)
        message = f"a ',' or {closing!r} is missing before this"
        return Diagnostic(noticed, "syntax", message, "entries are separated by ','", related=related)
    others = (Related(noticed, "noticed here"),) if text[trouble.at :].strip() else ()
    hint = f"close it with {closing!r}, and see that the entries are separated by ','"
    return Diagnostic(opened, "syntax", f"the {bracket!r} is never closed", hint, related=others)


def _unexpected_key(trouble: _Trouble) -> Diagnostic | Mend:
    place = (trouble.at, trouble.at + max(len(trouble.line.rstrip()), 1))
    if trouble.line.startswith(":"):
        return trouble.diagnostic((trouble.at, trouble.at + 1), "a key is missing before the ':'", "write `key: value`")
    if trouble.before:
        return _behind_the_value(trouble, place)
    if mend := mend_block(trouble.positions, trouble.text, trouble.at):
        return mend
    if trouble.line.startswith("- "):
        return trouble.diagnostic(place, "a list entry stands among keys", "indent it below the key it belongs to")
    message = "the indentation fits none of the lines above"
    return trouble.diagnostic(place, message, "line it up with the keys it belongs to")


def _behind_the_value(trouble: _Trouble, place: Place) -> Diagnostic | Mend:
    value = value_at(trouble.positions, trouble.at)
    if value is None or value.place[0] >= trouble.at or not re.search(r"\w", trouble.line):
        message, hint = "the value has ended before this", "put the whole text in one pair of quotes"
        return trouble.diagnostic(place, message, hint)
    quoted = trouble.positions.text[value.place[0]] in "\"'"
    return mend_text(trouble.positions, trouble.text, value, place if quoted else None)


def _unexpected_in_list(trouble: _Trouble) -> Diagnostic | Mend:
    if trouble.before:
        return _unexpected_key(trouble)
    place = (trouble.at, trouble.at + max(len(trouble.line.rstrip()), 1))
    hint = "begin it with '- ', or line it up with the keys it belongs to"
    return trouble.diagnostic(place, "this stands among the entries of a list, but is none", hint)


def _behind_the_end(trouble: _Trouble) -> Diagnostic | Mend:
    if trouble.before:
        return _unexpected_key(trouble) if trouble.line.strip() else _anything(trouble)
    place = (trouble.at, trouble.at + max(len(trouble.line.rstrip()), 1))
    hint = "give it the indentation of the first line of the file"
    return trouble.diagnostic(place, "this does not belong to what stands above", hint)


def _no_value(trouble: _Trouble) -> Diagnostic:
    character = trouble.line[:1]
    if character not in ("]", "}", ","):
        return _anything(trouble)
    message = f"a value can't begin with {character!r}"
    return trouble.diagnostic((trouble.at, trouble.at + 1), message, "put the text in quotes, or delete the character")


def _escape(trouble: _Trouble) -> Diagnostic:
    found = re.compile(r"\\?[^\"]?").match(trouble.positions.text, trouble.at)
    place = found.span() if found else (trouble.at, trouble.at + 1)
    hint = r"in double quotes a backslash is written \\; in single quotes it stands for itself"
    return trouble.diagnostic(place, "the backslash does not begin a known escape", hint)


def _block_header(trouble: _Trouble) -> Diagnostic | Mend:
    hint = "write | or > alone, or with one of - and +, or a number from 1 to 9, and the text on the next line"
    fault = trouble.diagnostic((trouble.at, trouble.at + 1), "this can't follow the sign of a block text", hint)
    value = value_at(trouble.positions, trouble.at)
    sign = value and trouble.positions.text[slice(*value.place)]
    if value is None or not sign or not re.match(r"[|>] ", sign):
        return fault
    if sign[0] == ">":
        return mend_text(trouble.positions, trouble.text, value)
    hint = f"begin the text on a line of its own below {value.key or 'the'} |, with two blanks more than the key"
    fault = trouble.diagnostic((trouble.at, trouble.at + 1), "a block text does not begin on the line of its |", hint)
    return Mend(fault, covered(trouble.text, value.place), value.place[0])


def _anchor(trouble: _Trouble) -> Diagnostic | Mend:
    mend = _text(trouble, trouble.opening)
    if mend is not None:
        return mend
    hint = "a name has letters a-z, digits, - and _; put the text in quotes if it is one"
    message = "a name must follow the '&' or '*'"
    return trouble.diagnostic((trouble.opening, trouble.at + 1), message, hint)


def _tag(trouble: _Trouble) -> Diagnostic:
    found = re.compile(r"\S*").match(trouble.positions.text, trouble.opening)
    place = found.span() if found else (trouble.opening, trouble.opening + 1)
    return trouble.diagnostic(place, "a tag can't stand here", "delete it, or put the text in quotes", "unknown-tag")


def _directive(trouble: _Trouble) -> Diagnostic:
    end = trouble.positions.line_end(trouble.opening)
    message = "a line that begins with '%' is not understood"
    return trouble.diagnostic((trouble.opening, end), message, "delete the line")


# libyaml's words and those of PyYAML's own parser differ in detail.
_EXPLANATIONS: tuple[tuple[str, Callable[[_Trouble], Diagnostic | Mend]], ...] = (
    ("mapping values are not allowed", _second_colon),
    ("sequence entries are not allowed", _dash),
    ("mapping keys are not allowed", _question_mark),
    ("cannot start any token", _first_character),
    ("scanning a simple key", _missing_colon),
    ("quoted scalar.*(end of stream|document (indicator|separator))", _open_quote),
    ("quoted scalar", _escape),
    ("flow (sequence|mapping)", _open_bracket),
    ("block mapping", _unexpected_key),
    ("block collection", _unexpected_in_list),
    ("node content", _no_value),
    ("block scalar", _block_header),
    ("anchor|alias", _anchor),
    ("tag", _tag),
    ("directive|incompatible YAML", _directive),
    ("<document start>", _behind_the_end),
)
