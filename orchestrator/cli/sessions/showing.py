"""``sessions list``, ``show`` and ``export``: what is kept, as people and programs read it."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.colors import colored
from orchestrator.cli.completing import complete_yaml
from orchestrator.cli.keeping import STORE, named
from orchestrator.cli.options import fail
from orchestrator.cli.sessions.opening import ID, how_to_decide, how_to_go_on, in_store, read

if TYPE_CHECKING:
    from orchestrator.events import RecordedEvent
    from orchestrator.state import State
    from orchestrator.stores import Summary

_LISTED = 20
"""So many sessions a terminal shows unless another number is given."""


@click.command("list", short_help="List the sessions, those that were used last first.")
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="Only those with the agents of this file.",
    shell_complete=complete_yaml,
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"At most so many.  [default: {_LISTED} on a terminal, else all]",
)
@click.option("--json", "as_json", is_flag=True, help="Print all that is known of each, with exact times.")
@STORE
def list_sessions(file: Path | None, limit: int | None, as_json: bool, store: str | None) -> None:
    """List the sessions, those that were used last first."""
    every = in_store(store, lambda opened: opened.list(), file)
    called = named(file) if file else None
    found = [summary for summary in every if called in {None, summary.file}]
    most = limit or (_LISTED if sys.stdout.isatty() and not as_json else None)
    if as_json:
        click.echo(_as_json(found[:most]))
    elif not found:
        click.echo(f"no session{f' with {file}' if file else ''} is kept here yet", err=True)
    else:
        click.echo("\n".join(_listed(found[:most], every)))
        if limit is None and most is not None and len(found) > most:
            click.echo(f"… and {len(found) - most:,} more: --limit {len(found)}", err=True)


@click.command(short_help="Show what was said and done in a session.")
@ID
@click.option("--full", is_flag=True, help="Cut neither arguments nor results.")
@STORE
def show(name: str, full: bool, store: str | None) -> None:
    """Show what was said and done in a session.

    Each part stands behind the number of its event, which `sessions fork --at` takes, and behind its time.
    """
    from orchestrator.cli.sessions.describing import about
    from orchestrator.render.transcript import transcript

    summary, events, state = in_store(store, lambda opened: read(opened, name))
    color = colored(sys.stdout)
    facts = [f"{click.style(f'{fact:8}', bold=True) if color else f'{fact:8}'} {text}" for fact, text in about(summary)]
    lines = [*facts, "", *transcript(events, color=color, full=full), *_unfinished(summary, state, store)]
    click.echo("\n".join(lines))


@click.command(short_help="Write a session to a file or to standard output.")
@ID
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "markdown", "messages", "test"]),
    required=True,
    help="Events, one a line; a document; what the model was sent, without instructions; or a test file.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@click.option("--force", is_flag=True, help="With -o: overwrite the file if it is there already.")
@STORE
def export(name: str, form: str, output: Path | None, force: bool, store: str | None) -> None:
    """Write a session to a file or to standard output."""
    from orchestrator.render.transcript import as_lines, as_messages

    if force and output is None:
        fail("--force takes -o as well")
    if output is not None and not force and os.path.isfile(output):  # noqa: PTH113 - it raises for names too long
        fail(f"{output} is there already: write to another file, or add --force to overwrite it")
    summary, events, state = in_store(store, lambda opened: read(opened, name))
    match form:
        case "test":
            text = _test(summary, events, output)
        case "jsonl":
            text = as_lines(events)
        case "messages":
            text = as_messages(state)
        case _:
            text = _markdown(summary, events)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{output} can't be written: {error.strerror}")


def _listed(found: "Sequence[Summary]", every: "Sequence[Summary]") -> list[str]:
    """The lines of the list: on a terminal no line that is too long, and of ids what tells them from all others."""
    import shutil
    import time

    from orchestrator.cli.sessions.describing import HEADINGS, row
    from orchestrator.render.sessions import short_ids, table

    terminal = sys.stdout.isatty()
    ids = [summary.id for summary in every]
    shown = dict(zip(ids, short_ids(ids) if terminal else ids, strict=True))
    now = time.time()
    rows = [row(summary, shown[summary.id], now) for summary in found]
    return list(table(HEADINGS, rows, shutil.get_terminal_size().columns if terminal else None))


def _as_json(found: "Sequence[Summary]") -> str:
    import dataclasses
    import json

    return json.dumps([dataclasses.asdict(summary) for summary in found], indent=2, ensure_ascii=False)


def _unfinished(summary: "Summary", state: "State", store: str | None) -> list[str]:
    """What a run that is under way waits for, and how it goes on."""
    from orchestrator.render.transcript import standing

    if not state.running:
        return []
    lines = ["", "the run is not finished", *(f"  {line}" for line in standing(state))]
    if state.awaiting_approval:
        lines.append(f"answer with: {how_to_decide(summary, store)}, or with --deny REASON")
    return [*lines, f"go on with: {how_to_go_on(summary, store)}"]


def _markdown(summary: "Summary", events: "Sequence[RecordedEvent]") -> str:
    from orchestrator.cli.sessions.describing import about
    from orchestrator.render.transcript import document

    return document(summary.title or summary.id, dict(about(summary)), events)


def _test(summary: "Summary", events: "Sequence[RecordedEvent]", output: Path | None) -> str:
    """A test file, to be written to this path, or somewhere in the working directory."""
    from orchestrator.errors import UsageError
    from orchestrator.project import root_of
    from orchestrator.testing.exporting import as_test, stand_ins

    if output is not None and not output.name.endswith((".test.yaml", ".test.yml")):
        fail(f"{str(output)!r} would not be found as a test: its name must end with .test.yaml")
    if not summary.file:
        fail("the session does not say which file of agents it was held with: it can't be made a test")
    root = root_of(Path("x"))
    folder = Path(os.path.realpath(output or "x")).parent
    if output is not None and root_of(output) != root:
        fail(f"{str(output)!r} is outside of the project of the agents: {root}")
    file = Path(os.path.relpath(root / summary.file, folder)).as_posix()
    try:
        return as_test(
            summary.id,
            events,
            name=summary.name or summary.title,
            file=file,
            path="FILE" if output is None else str(output),
            secrets=stand_ins(root / summary.file),
        )
    except UsageError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
