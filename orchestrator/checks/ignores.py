"""Comments that silence a warning: ``# orchestrate: ignore[code]`` on its line, or on the line of its block's key."""

import re
from collections.abc import Iterable, Iterator, Mapping

from orchestrator.diagnostics import Diagnostic, Severity, Span
from orchestrator.source.positions import LINE_BREAK

_COMMENT = re.compile(r"#\s*orchestrate:\s*ignore\[([^\]\r\n]*)\]")
_BLOCK = re.compile(r"[:-][ \t]+([&!]\S+[ \t]+)*[|>][-+0-9]*[ \t]*(#.*)?$")


_Codes = Mapping[str, Span]
"""The codes that a comment names, each with its place."""


def silenced(
    found: Iterable[Diagnostic], texts: Mapping[str, str], *, all_checked: bool = True
) -> tuple[Diagnostic, ...]:
    """Leave out what comments silence, and warn of comments that silence nothing. Errors can't be silenced.

    ``texts`` are those of the files, by the path in the spans. Without ``all_checked``, or with errors, which may hide
    warnings, nobody can tell whether a comment is of use.
    """
    found = list(found)
    comments = {path: _comments(path, text) for path, text in texts.items() if _COMMENT.search(text)}
    headers = {path: _headers(texts[path]) for path in comments}
    used: set[Span] = set()
    left = []
    for diagnostic in found:
        path = diagnostic.span.path
        place = _silencing(diagnostic, comments[path], headers[path]) if path in comments else None
        if place is None:
            left.append(diagnostic)
        else:
            used.add(place)
    if all_checked and not any(diagnostic.severity is Severity.ERROR for diagnostic in left):
        left += [fault for each in comments.values() for fault in _unused(each, used)]
    return tuple(left)


def _comments(path: str, text: str) -> dict[int, _Codes]:
    """The comments of a file, by their line."""
    comments: dict[int, _Codes] = {}
    for number, line in enumerate(LINE_BREAK.split(text), start=1):
        codes = {}
        for comment in _COMMENT.finditer(line):
            for code in re.finditer(r"[^\s,]+", comment[1]):
                column = comment.start(1) + code.start() + 1
                codes[code[0]] = Span(path, number, column, number, column + len(code[0]))
        if codes:
            comments[number] = codes
    return comments


def _silencing(diagnostic: Diagnostic, comments: Mapping[int, _Codes], headers: Mapping[int, int]) -> Span | None:
    """The place of the code in the comment that silences this."""
    if diagnostic.severity is Severity.ERROR:
        return None
    line = diagnostic.span.line
    for number in (line, headers.get(line, 0)):
        codes = comments.get(number, {})
        if diagnostic.code in codes:
            return codes[diagnostic.code]
    return None


def _headers(text: str) -> dict[int, int]:
    """The lines that stand in block scalars, each with the line of the block's key."""
    held: dict[int, int] = {}
    header = indent = 0
    for number, line in enumerate(LINE_BREAK.split(text), start=1):
        if line.strip() and _indent(line) <= indent:
            header = 0
        if header:
            held[number] = header
        elif _BLOCK.search(line):
            header, indent = number, _indent(line)
    return held


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _unused(comments: Mapping[int, _Codes], used: set[Span]) -> Iterator[Diagnostic]:
    for codes in comments.values():
        for code, place in codes.items():
            if place not in used:
                message = f"there is no {code!r} here to be silenced"
                hint = "leave it out; only warnings and notes can be silenced, on their own line"
                yield Diagnostic(place, "unused-ignore", message, hint, Severity.WARNING)
