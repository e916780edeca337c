"""The parser's errors, in words that say what to write instead."""

import re
from collections.abc import Callable
from typing import NamedTuple

import yaml

from orchestrator.diagnostics import Diagnostic, Related
from orchestrator.source.positions import Place, Positions


class _Trouble(NamedTuple):
    """An error of the parser: where it noticed it, and where what it was reading began."""

    positions: Positions
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


def explain(positions: Positions, error: yaml.YAMLError) -> Diagnostic:
    """Put an error of the scanner or parser, of libyaml or of PyYAML's own, into our words."""
    problem, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    at = problem.index if problem else 0
    trouble = _Trouble(positions, at, context.index if context else at)
    words = f"{getattr(error, 'context', None) or ''}: {getattr(error, 'problem', None) or ''}"
    invisible = _invisible_break(trouble) or _tab(trouble)
    if invisible is not None:
        return invisible
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


def _second_colon(trouble: _Trouble) -> Diagnostic:
    if re.search(r":\s|^[-?]\s", trouble.before + " "):
        message = "a ':' with a blank behind it can't stand inside an unquoted text"
        return trouble.diagnostic((trouble.at, trouble.at + 1), message, "put the text in quotes")
    start = trouble.at - len(trouble.before)
    message = "a key can't stand here: the line continues the text above"
    hint = "line it up with the keys it belongs to, and see that the line above has its ':' with a blank behind it"
    return trouble.diagnostic((start, trouble.at + 1), message, hint)


def _dash(trouble: _Trouble) -> Diagnostic:
    hint = "put each '-' on a line of its own below the key, or quote the text if it begins with a dash"
    return trouble.diagnostic((trouble.at, trouble.at + 1), "a list can't begin on the line of its key", hint)


def _question_mark(trouble: _Trouble) -> Diagnostic:
    return trouble.diagnostic((trouble.at, trouble.at + 1), "a text can't begin with '? '", "put the text in quotes")


def _first_character(trouble: _Trouble) -> Diagnostic:
    message = f"an unquoted text can't begin with {trouble.line[:1]!r}"
    return trouble.diagnostic((trouble.at, trouble.at + 1), message, "put the text in quotes")


def _missing_colon(trouble: _Trouble) -> Diagnostic:
    end = trouble.positions.line_end(trouble.opening)
    text = trouble.positions.text[trouble.opening : end].rstrip()
    message = "a key without a ':'" if text[:1] not in ("*", "&", "!") else "a key is missing here"
    return trouble.diagnostic((trouble.opening, trouble.opening + len(text)), message, "write it as `key: value`")


def _open_quote(trouble: _Trouble) -> Diagnostic:
    quote = trouble.positions.text[trouble.opening : trouble.opening + 1]
    inside = "write '' for a quote inside" if quote == "'" else 'write \\" for a quote inside'
    hint = f"close it with {quote}, or {inside}"
    return trouble.diagnostic((trouble.opening, trouble.opening + 1), f"the quote {quote} is never closed", hint)


def _open_bracket(trouble: _Trouble) -> Diagnostic:
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


def _unexpected_key(trouble: _Trouble) -> Diagnostic:
    place = (trouble.at, trouble.at + max(len(trouble.line.rstrip()), 1))
    if trouble.line.startswith(":"):
        return trouble.diagnostic((trouble.at, trouble.at + 1), "a key is missing before the ':'", "write `key: value`")
    if trouble.before:
        return trouble.diagnostic(place, "the value has ended before this", "put the whole text in one pair of quotes")
    if trouble.line.startswith("- "):
        return trouble.diagnostic(place, "a list entry stands among keys", "indent it below the key it belongs to")
    message = "the indentation fits none of the lines above"
    return trouble.diagnostic(place, message, "line it up with the keys it belongs to")


def _unexpected_in_list(trouble: _Trouble) -> Diagnostic:
    if trouble.before:
        return _unexpected_key(trouble)
    place = (trouble.at, trouble.at + max(len(trouble.line.rstrip()), 1))
    hint = "begin it with '- ', or line it up with the keys it belongs to"
    return trouble.diagnostic(place, "this stands among the entries of a list, but is none", hint)


def _behind_the_end(trouble: _Trouble) -> Diagnostic:
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


def _block_header(trouble: _Trouble) -> Diagnostic:
    hint = "write | or > alone, or with one of - and +, or a number from 1 to 9, and the text on the next line"
    return trouble.diagnostic((trouble.at, trouble.at + 1), "this can't follow the sign of a block text", hint)


def _anchor(trouble: _Trouble) -> Diagnostic:
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
_EXPLANATIONS: tuple[tuple[str, Callable[[_Trouble], Diagnostic]], ...] = (
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
