"""What a session says of itself, in a row of a list or line by line."""

from collections.abc import Iterator

from orchestrator.agents import default_label
from orchestrator.render.excerpts import harmless
from orchestrator.render.sessions import ago
from orchestrator.render.times import day_and_time
from orchestrator.stores import Summary

HEADINGS = ("ID", "NAME", "WHEN", "TURNS", "STATUS", "AGENT", "TITLE")


def row(summary: Summary, shown_id: str, now: float) -> tuple[str, ...]:
    """Give the cells of a list, in the order of ``HEADINGS``."""
    return (
        shown_id,
        summary.name or "",
        ago(summary.updated, now),
        f"{summary.runs:,}",
        summary.status,
        default_label(summary.agent) if summary.agent else "",
        summary.title,
    )


def about(summary: Summary) -> Iterator[tuple[str, str]]:
    """Give the facts on a session, each with its name."""
    yield "session", summary.id
    if summary.name:
        yield "name", harmless(summary.name)
    if summary.file:
        yield "file", harmless(summary.file)
    yield "begun", day_and_time(summary.created)
    yield "updated", day_and_time(summary.updated)
    yield "status", summary.status
    yield "size", f"{_counted(summary.runs, 'turn')}, {_counted(summary.events, 'event')}"
    if summary.parent:
        yield "forked", f"from {summary.parent} at event {summary.forked_at}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
