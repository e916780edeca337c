"""Diagnostics as text, like a good compiler's."""

import unicodedata
from collections.abc import Callable, Sequence

import click

from orchestrator.diagnostics import Diagnostic, Severity, Span
from orchestrator.source import Source

_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def render(diagnostic: Diagnostic, sources: Sequence[Source], *, color: bool = False) -> str:
    """A diagnostic with its source line, a caret under the place, related places and the hint."""

    def style(text: str, **styles: bool | str) -> str:
        return click.style(text, **styles) if color else text  # type: ignore[arg-type]  # styles are click's

    span, shade = diagnostic.span, _COLORS[diagnostic.severity]
    place = style(f"{span.path}:{span.line}:{span.column}: ", bold=True)
    kind = style(f"{diagnostic.severity}[{diagnostic.code}]", fg=shade, bold=True)
    secret = diagnostic.code == "literal-secret"
    lines = [
        f"{place}{kind}: {diagnostic.message}",
        *_excerpt(span, sources, lambda caret: style(caret, fg=shade), secret=secret),
    ]
    lines += [f"  {r.span.path}:{r.span.line}:{r.span.column}: {r.message}" for r in diagnostic.related]
    if diagnostic.hint:
        lines.append(f"  {style('help', bold=True)}: {diagnostic.hint}")
    return "\n".join(lines)


def summary(files: int, diagnostics: Sequence[Diagnostic]) -> str:
    """One line of counts: ``2 files: 1 error, 3 warnings``."""
    counts = {severity: sum(d.severity is severity for d in diagnostics) for severity in Severity}
    told = ", ".join(_counted(number, severity) for severity, number in counts.items() if number)
    return f"{_counted(files, 'file')}: {told or 'no problems'}"


def _excerpt(span: Span, sources: Sequence[Source], style: Callable[[str], str], *, secret: bool) -> list[str]:
    """The source line with a caret; nothing of a line that holds a secret."""
    source = next((source for source in sources if source.path == span.path), None)
    if source is None or span.line > len(source.lines) or secret:
        return []
    line = source.lines[span.line - 1]
    end = span.end_column if span.end_line == span.line else len(line.rstrip()) + 1
    before, marked = line[: span.column - 1], line[span.column - 1 : max(end, span.column + 1) - 1]
    gutter = f"{span.line} | "
    indent = " " * len(gutter) + "".join("\t" if c == "\t" else " " * _width(c) for c in before)
    return [f"{gutter}{line}", indent + style("^" * max(1, sum(map(_width, marked))))]


def _width(character: str) -> int:
    """The columns that a character takes on a terminal."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
