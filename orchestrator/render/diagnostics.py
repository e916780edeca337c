"""Diagnostics as text, like a good compiler's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from orchestrator.diagnostics import Diagnostic, Related, Severity, Span, without_keys
from orchestrator.render.excerpts import excerpt, harmless
from orchestrator.source.positions import LINE_BREAK

COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def render_all(diagnostics: Sequence[Diagnostic], texts: Mapping[str, str], *, color: bool = False) -> Iterator[str]:
    """Give each diagnostic with its source line, a caret under the place, related places and the hint.

    ``texts`` are the texts of files by the paths of spans; of a file that is not there no line is shown. A line in
    which one of the diagnostics has found a secret is shown by none.
    """
    paths = {span.path for diagnostic in diagnostics for span in _spans(diagnostic)}
    lines = {path: LINE_BREAK.split(texts[path]) for path in paths if path in texts}
    writer = _Writer(lines, frozenset(_secret_lines(diagnostics)), color)
    for diagnostic in diagnostics:
        yield "\n".join(writer.diagnostic(diagnostic))


def summary(files: int, diagnostics: Sequence[Diagnostic]) -> str:
    """Give one line of counts: ``2 files: 1 error, 3 warnings``."""
    counts = {severity: sum(d.severity is severity for d in diagnostics) for severity in Severity}
    told = ", ".join(counted(number, severity) for severity, number in counts.items() if number)
    return f"{counted(files, 'file')}: {told or 'no problems'}"


def counted(number: int, noun: str) -> str:
    """Give a number of things: ``1 file``, ``2 files``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes diagnostics about files whose lines are known, but for some that no one may see."""

    lines: Mapping[str, Sequence[str]]
    secret: frozenset[tuple[str, int]]
    color: bool

    def diagnostic(self, diagnostic: Diagnostic) -> Iterator[str]:
        span, shade = diagnostic.span, COLORS[diagnostic.severity]
        kind = self._style(f"{diagnostic.severity}[{diagnostic.code}]", fg=shade, bold=True)
        yield f"{self._style(_place(span), bold=True)} {kind}: {harmless(diagnostic.message)}"
        yield from self._excerpt(span, "^", shade)
        for related in diagnostic.related:
            yield from self._related(span, related)
        if diagnostic.hint:
            yield f"  {self._style('help', bold=True)}: {harmless(diagnostic.hint)}"

    def _related(self, main: Span, related: Related) -> Iterator[str]:
        """Another place; its line only where it is another one, and where there is something to mark in it."""
        span = related.span
        yield f"  {_place(span)} {harmless(related.message)}"
        here = (span.path, span.line) == (main.path, main.line)
        nothing = (span.line, span.column) == (span.end_line, span.end_column)
        if not here and not nothing:
            yield from (f"  {line}" for line in self._excerpt(span, "-", "blue"))

    def _excerpt(self, span: Span, mark: str, shade: str) -> Iterator[str]:
        lines = self.lines.get(span.path, ())
        if span.line > len(lines) or (span.path, span.line) in self.secret:
            return
        shown = excerpt(without_keys(lines[span.line - 1]), span)
        yield f"{self._style(shown.gutter, fg='blue')}{shown.text}"
        yield " " * (len(shown.gutter) + shown.indent) + self._style(mark * shown.marks, fg=shade)

    def _style(self, text: str, *, fg: str | None = None, bold: bool = False) -> str:
        return click.style(text, fg=fg, bold=bold or None) if self.color else text


def _place(span: Span) -> str:
    return f"{harmless(span.path)}:{span.line}:{span.column}:"


def _secret_lines(diagnostics: Sequence[Diagnostic]) -> Iterator[tuple[str, int]]:
    for diagnostic in diagnostics:
        if diagnostic.code == "literal-secret":
            span = diagnostic.span
            yield from ((span.path, line) for line in range(span.line, span.end_line + 1))


def _spans(diagnostic: Diagnostic) -> Iterator[Span]:
    yield diagnostic.span
    yield from (related.span for related in diagnostic.related)
