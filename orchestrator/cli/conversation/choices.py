"""What shows a conversation and what reads its turns, as options and streams have it."""

import io
import os
import sys
from pathlib import Path
from typing import TextIO

from orchestrator.agents import AgentGraph
from orchestrator.cli.conversation.front import UsageTold
from orchestrator.cli.conversation.lines import Lines
from orchestrator.cli.conversation.readers import Reader
from orchestrator.render.answers import AnswersView
from orchestrator.render.conversation import TextView, View, json_lines


def view_of(form: str, graph: AgentGraph, out: TextIO, *, quiet: bool) -> View:
    """What shows the events: for programs, as a document, for a person at a terminal, or as plain text."""
    if form == "jsonl":
        return json_lines(out)
    if form == "markdown":
        from orchestrator.render.transcript import MarkdownView

        return MarkdownView(graph, out)
    if quiet:
        return AnswersView(out, sys.stderr)
    if _can_draw(out):
        from orchestrator.render.terminal import TerminalView

        return TerminalView(graph, out, sys.stderr)
    return TextView(graph, out, sys.stderr)


def reader_of(message: str | None, history: Path | None) -> Reader:
    """What reads turns and answers: a keyboard, the lines of standard input, or nothing where that was the message."""
    if message == "-":
        return Lines(io.StringIO(""), sys.stderr, echoed=False)
    if _can_draw(sys.stdin) and _can_draw(sys.stderr):
        from orchestrator.cli.conversation.keyboard import Keyboard

        return Keyboard(history)
    return Lines(sys.stdin, sys.stderr, echoed=sys.stdin.isatty())


def usage_told(table: bool, conversation: bool) -> UsageTold:
    """A table if it is wanted; else a line, for a person who types at a terminal."""
    if table:
        return "table"
    return "line" if conversation and sys.stdin.isatty() else None


def _can_draw(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
