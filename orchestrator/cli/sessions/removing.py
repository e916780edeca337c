"""``sessions delete`` and ``prune``: what is not wanted any more goes for good."""

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from orchestrator.cli.completing import complete_session
from orchestrator.cli.keeping import STORE
from orchestrator.cli.options import fail
from orchestrator.cli.sessions.opening import in_store, session_of

if TYPE_CHECKING:
    from orchestrator.stores import SessionStore, Summary

_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_AGE = re.compile(r"([0-9]{1,6})([mhdw])")
YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command(short_help="Delete sessions for good.")
@click.argument("names", metavar="ID...", nargs=-1, required=True, shell_complete=complete_session)
@YES
@STORE
def delete(names: tuple[str, ...], yes: bool, store: str | None) -> None:
    """Delete sessions for good. One that is in use stays."""
    found = in_store(store, lambda opened: _found(opened, names))
    _make_sure(found, yes)
    _delete(found, store)


@click.command(short_help="Delete old sessions for good.")
@click.option("--older-than", "age", metavar="AGE", help="Those that were last used so long ago: 30d, 12h, 2w, 90m.")
@click.option("--keep", type=click.IntRange(min=0), default=0, metavar="N", help="Keep the N that were used last.")
@click.option("--dry-run", is_flag=True, help="Only show which ones.")
@YES
@STORE
def prune(age: str | None, keep: int, dry_run: bool, yes: bool, store: str | None) -> None:
    """Delete old sessions for good: all that were last used longer ago than AGE, but for the N that were used last.

    One that is in use stays.
    """
    import time

    if age is None and not keep:
        fail("say which sessions are old: --older-than 30d, --keep 100, or both")
    before = time.time() - _seconds(age) if age is not None else float("inf")
    found = in_store(store, lambda opened: opened.list())
    old = [summary for summary in found[keep:] if summary.updated < before]
    if not old:
        click.echo("no session is old enough", err=True)
    elif dry_run:
        click.echo("\n".join(_listed(old)))
    else:
        _make_sure(old, yes)
        _delete(old, store)


def _seconds(age: str) -> int:
    read = _AGE.fullmatch(age)
    if read is None:
        fail(f"--older-than {age!r}: write a number and m, h, d or w, for minutes, hours, days or weeks, like 30d")
    return int(read[1]) * _SECONDS[read[2]]


async def _found(store: "SessionStore", names: Sequence[str]) -> "list[Summary]":
    """The sessions that are named, each once."""
    found = [await session_of(store, name) for name in names]
    return list({summary.id: summary for summary in found}.values())


def _make_sure(found: "Sequence[Summary]", yes: bool) -> None:
    """End the process unless the person wants these sessions deleted."""
    if yes:
        return
    if not sys.stdin.isatty():
        fail("nobody is there to ask: add --yes to delete for good")
    for line in _listed(found):
        click.echo(line, err=True)
    these = "this session" if len(found) == 1 else f"these {len(found):,} sessions"
    try:
        wanted = click.confirm(f"Delete {these} for good?", err=True)
    except click.Abort:
        raise SystemExit(130) from None
    if not wanted:
        click.echo("nothing was deleted", err=True)
        raise SystemExit(0)


def _delete(found: "Sequence[Summary]", store: str | None) -> None:
    kept = in_store(store, lambda opened: _deleted(opened, found))
    for reason in kept:
        click.echo(f"kept: {reason}", err=True)
    gone = len(found) - len(kept)
    click.echo(f"deleted {gone:,} session{'' if gone == 1 else 's'}", err=True)
    if kept:
        sys.exit(1)


async def _deleted(store: "SessionStore", found: "Sequence[Summary]") -> list[str]:
    """Delete these sessions as far as they are what was asked for, and give why others stay."""
    from orchestrator.stores import SessionBusy

    now = {summary.id: summary for summary in await store.list()}
    kept = []
    for summary in found:
        if summary.id not in now:  # somebody else was faster
            continue
        if now[summary.id].events != summary.events:
            kept.append(f"session {summary.id!r} was used meanwhile")
            continue
        try:
            await store.delete(summary.id)
        except SessionBusy as error:
            kept.append(str(error))
    return kept


def _listed(found: "Sequence[Summary]") -> list[str]:
    import time

    from orchestrator.cli.sessions.describing import HEADINGS, row
    from orchestrator.render.sessions import table

    now = time.time()
    return list(table(HEADINGS, [row(summary, summary.id, now) for summary in found]))
