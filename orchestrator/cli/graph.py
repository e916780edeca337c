"""``orchestrate graph``: show who may hand off to whom."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from orchestrator.cli.completing import complete_session, complete_yaml
from orchestrator.cli.keeping import STORE
from orchestrator.cli.options import fail
from orchestrator.cli.streams import kept_for_answers

if TYPE_CHECKING:
    from orchestrator.agents import AgentGraph
    from orchestrator.render.graph.happened import Happened
    from orchestrator.render.graph.picture import Picture

FORMATS = ("mermaid", "dot", "json", "text", "svg", "png")
_SUFFIXES = {
    ".mmd": "mermaid",
    ".md": "mermaid",
    ".dot": "dot",
    ".json": "json",
    ".txt": "text",
    ".svg": "svg",
    ".png": "png",
}
_DRAWN = {"text", "svg", "png"}


@click.command(short_help="Draw the agents and their handoffs.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), shell_complete=complete_yaml)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="Text for Mermaid or Graphviz, JSON, a drawing for the terminal, or a picture.  "
    "[default: text on a terminal, else mermaid]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"Write to this file. Its suffix gives the format: {', '.join(_SUFFIXES)}.",
)
@click.option("--tools", "with_tools", is_flag=True, help="Draw each tool, too.")
@click.option(
    "--events",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Show what happened: what `run --format jsonl` printed; - for standard input.",
)
@click.option(
    "--session",
    metavar="ID",
    help="Show what happened in this session: its id, or its name.",
    shell_complete=complete_session,
)
@STORE
def graph(
    file: Path,
    form: str | None,
    output: Path | None,
    with_tools: bool,
    events: Path | None,
    session: str | None,
    store: str | None,
) -> None:
    """Draw the agents of FILE and the handoffs between them.

    Agents that can't be reached, that can't hand back, or that hand off for ever are marked. Pictures, and the drawing
    for the terminal, need the package mermaidx.
    """
    from orchestrator.cli.loading import load_or_exit
    from orchestrator.render.graph.picture import picture_of

    past = _Past(events, session, store)
    with kept_for_answers() as out:  # importing a tool module may print
        chosen = _format(form, output, out)
        shown = load_or_exit(file).unwrap()
        happened = past.happened(shown, file)
        picture = picture_of(shown, tools=with_tools, happened=happened)
        drawn = _json(shown, happened) if chosen == "json" else _drawn(picture, chosen, output, out)
        _write(drawn, output, out)


@dataclass(frozen=True, slots=True)
class _Past:
    """Where to find what happened: in a file of events, or in a session."""

    events: Path | None
    session: str | None
    store: str | None

    def __post_init__(self) -> None:
        if self.events is not None and self.session is not None:
            fail("--events and --session: give one of them")

    def happened(self, shown: "AgentGraph", file: Path) -> "Happened | None":
        """What happened, if that is asked for. What of it the graph does not have is told."""
        from orchestrator.render.graph.happened import gone

        if self.events is not None:
            name, happened = _from_events(self.events)
        elif self.session is not None:
            name, happened = _from_session(self.session, self.store, file)
        else:
            return None
        for line in gone(shown, happened):
            click.echo(f"{name}: {line}", err=True)
        return happened


def _format(form: str | None, output: Path | None, out: TextIO) -> str:
    """The format that is meant. Ends the process where none is, or where it can't be had."""
    from orchestrator.render.graph.drawing import MISSING, can_draw

    chosen = form or (_SUFFIXES.get(output.suffix.lower()) if output else "text" if out.isatty() else "mermaid")
    if chosen is None:
        fail(f"-o {output}: no format has this suffix; known are {', '.join(_SUFFIXES)}, or add --format")
    if chosen == "png" and output is None and out.isatty():
        fail("a PNG is nothing for a terminal: write it to a file with -o FILE.png")
    if chosen in _DRAWN and not can_draw():
        if form or output:
            fail(MISSING)
        click.echo(MISSING, err=True)
        return "mermaid"
    return chosen


def _from_events(events: Path) -> "tuple[str, Happened]":
    """What a file of events is called, and what happened in it."""
    from orchestrator.render.graph.happened import EventsError, read_events

    name = "<stdin>" if events == Path("-") else str(events)
    try:
        return name, read_events(_lines(events), name)
    except EventsError as error:
        click.echo(str(error), err=True)
    except OSError as error:
        click.echo(f"{name}: error: can't be read: {error.strerror}", err=True)
    sys.exit(1)


def _from_session(called: str, store: str | None, file: Path) -> "tuple[str, Happened]":
    """The id of a session, and what happened in it."""
    from orchestrator.cli.sessions.opening import in_store, read
    from orchestrator.render.graph.happened import happened_in

    summary, events, _ = in_store(store, lambda opened: read(opened, called), file)
    return summary.id, happened_in(events)


def _lines(events: Path) -> Iterator[bytes]:
    """The lines of the events, and of one that is too long only so much that this shows."""
    from orchestrator.render.graph.happened import MOST_BYTES

    with click.open_file(str(events), "rb") as file:
        while line := file.readline(MOST_BYTES + 1):
            yield line


def _json(shown: "AgentGraph", happened: "Happened | None") -> str:
    from orchestrator.render.graph.report import as_json

    return as_json(shown, happened)


def _drawn(picture: "Picture", form: str, output: Path | None, out: TextIO) -> str | bytes:
    from orchestrator.render.graph import drawing
    from orchestrator.render.graph.dot import dot
    from orchestrator.render.graph.mermaid import mermaid

    if form == "dot":
        return dot(picture)
    if form == "mermaid":
        fenced = output is not None and output.suffix.lower() == ".md"
        return f"```mermaid\n{mermaid(picture)}```\n" if fenced else mermaid(picture)
    if form == "text":
        return drawing.text(picture, _width(output, out))
    if drawing.size(picture) > drawing.SLOW:
        click.echo(
            f"{drawing.size(picture)} boxes and arrows: drawing them may take minutes; --format dot does not", err=True
        )
    try:
        return drawing.svg(picture) if form == "svg" else drawing.png(picture)
    except drawing.DrawingError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        os._exit(130)  # the library draws on a thread that would keep the process until it is done


def _width(output: Path | None, out: TextIO) -> int | None:
    """How many columns there are: without bound but on a terminal."""
    import shutil

    return shutil.get_terminal_size().columns if output is None and out.isatty() else None


def _write(drawn: str | bytes, output: Path | None, out: TextIO) -> None:
    content = drawn if isinstance(drawn, bytes) else drawn.encode("utf-8")
    try:
        if output is not None:
            output.write_bytes(content)
        elif isinstance(drawn, bytes):
            out.buffer.write(drawn)
            out.buffer.flush()
        else:
            out.write(drawn)
            out.flush()
    except BrokenPipeError:
        pass  # the reader has seen enough
    except OSError as error:
        fail(f"{output or 'standard output'} can't be written: {error.strerror}")
