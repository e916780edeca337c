"""``sessions fork`` and ``rename``: another way on from a session, and what it is called."""

from typing import TYPE_CHECKING

import click

from orchestrator.cli.keeping import STORE, check_name
from orchestrator.cli.sessions.opening import ID, in_store, session_of

if TYPE_CHECKING:
    from orchestrator.stores import SessionStore


@click.command(short_help="Begin a session with the events of another one.")
@ID
@click.option("--at", type=int, metavar="N", help="Take only the first N events; `sessions show` numbers them.")
@click.option("--name", "new_name", metavar="NAME", help="What to call it. A session that has the name loses it.")
@STORE
def fork(name: str, at: int | None, new_name: str | None, store: str | None) -> None:
    """Begin a session with the events of another one, which stays as it is, and print its id.

    Where the cut is in the middle of a turn, calls that had begun do not run again, unless they only read.
    """
    if new_name:
        check_name(new_name)
    click.echo(in_store(store, lambda opened: _forked(opened, name, at, new_name)))


@click.command(short_help="Give a session a name.")
@ID
@click.argument("new_name", metavar="NAME")
@STORE
def rename(name: str, new_name: str, store: str | None) -> None:
    """Give a session a name. A session that has the name loses it; an empty one takes the name away."""
    if new_name:
        check_name(new_name)
    in_store(store, lambda opened: _renamed(opened, name, new_name or None))


async def _forked(store: "SessionStore", name: str, at: int | None, new_name: str | None) -> str:
    from orchestrator.errors import UsageError
    from orchestrator.stores import session

    summary = await session_of(store, name)
    if at is not None and not 1 <= at <= summary.events:
        raise UsageError(f"--at {at}: session {summary.id} has {summary.events} events, so N is 1 to {summary.events}")
    new = session.new_id()
    await session.fork(store, summary.id, new, at)
    if new_name:
        await store.rename(new, new_name)
    return new


async def _renamed(store: "SessionStore", name: str, new_name: str | None) -> None:
    summary = await session_of(store, name)
    await store.rename(summary.id, new_name)
