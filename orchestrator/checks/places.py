"""From a place in a template to a place in a file."""

from pathlib import Path

from orchestrator.diagnostics import Span
from orchestrator.project import Placed, Project, Resolution
from orchestrator.spec import AgentSpec
from orchestrator.templates import Piece

Spot = tuple[Path | None, int, int]
"""A file that is included, or None for the routine itself; the line and the column in its text."""


def span_in(project: Project, resolution: Resolution, own: Placed[AgentSpec], spot: Spot, length: int = 0) -> Span:
    """Where a spot stands, in the YAML file or in an included one. A length of 0 goes to the end of the line."""
    path, line, column = spot
    if path is None:
        return first_of(own.source.inside((*own.location, "instructions"), line, column), length)
    called = project.called(path)
    lines = resolution.lines(called)
    end = len(lines[line - 1]) + 1 if line <= len(lines) else column
    return first_of(Span(called, line, column, line, max(end, column)), length)


def inner(piece: Piece, offset: int) -> Spot:
    """A spot inside a piece, by its offset."""
    lines = piece.text[:offset].split("\n")
    column = len(lines[-1]) + 1 if len(lines) > 1 else piece.column + offset
    return piece.path, piece.line + len(lines) - 1, column


def first_of(span: Span, length: int) -> Span:
    """The first characters of a span that ends with its line; all of it for a length of 0."""
    if not length or span.end_line != span.line:
        return span
    return Span(span.path, span.line, span.column, span.line, min(span.column + length, span.end_column))
