"""What the commands on sessions have in common: the store that is meant, and a session in it."""

import shlex
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from orchestrator.cli.completing import complete_session
from orchestrator.cli.options import fail

if TYPE_CHECKING:
    from orchestrator.events import RecordedEvent
    from orchestrator.state import State
    from orchestrator.stores import SessionStore, Summary

T = TypeVar("T")

ID = click.argument("name", metavar="ID", shell_complete=complete_session)


def in_store(named: str | None, work: "Callable[[SessionStore], Awaitable[T]]", file: Path | None = None) -> T:
    """Give what the work on the store comes to: the one that is named, else that of the project.

    What can't be done ends the process: with 2 where the command makes no sense, with 1 where the store is at fault.
    """
    import asyncio
    import os

    from orchestrator.errors import UsageError
    from orchestrator.stores import StoreError
    from orchestrator.stores.places import store_path
    from orchestrator.stores.sqlite import SqliteStore

    async def opened() -> T:
        async with SqliteStore(store_path(file, named, os.environ)) as store:
            return await work(store)

    try:
        return asyncio.run(opened())
    except UsageError as error:
        fail(_harmless(error))
    except StoreError as error:
        click.echo(f"error: {_harmless(error)}", err=True)
        sys.exit(1)


async def session_of(store: "SessionStore", name: str) -> "Summary":
    """Give the session of that id, beginning of an id, or name.

    Raises:
        UsageError: there is none, or several ids begin so.
    """
    from orchestrator.errors import UsageError
    from orchestrator.spec import nearest
    from orchestrator.stores import StoreError
    from orchestrator.stores.finding import find

    sessions = await store.list()
    try:
        found = find(sessions, name)
    except StoreError as error:
        raise UsageError(str(error)) from None
    if found is not None:
        return found
    if not sessions:
        raise UsageError(f"no session {name!r}: none is kept here yet")
    near = nearest(name, [*(each.name for each in sessions if each.name), *(each.id for each in sessions)])
    raise UsageError(f"no session {name!r}; {f'did you mean {near!r}?' if near else 'see: orchestrate sessions list'}")


async def read(store: "SessionStore", name: str) -> "tuple[Summary, list[RecordedEvent], State]":
    """Give a session, its events, and the state that they come to.

    Raises:
        StoreError: they can't be read, or are not those of one session.
        UsageError: there is no such session, or several ids begin so.
    """
    summary = await session_of(store, name)
    return summary, *await history_of(store, summary.id)


async def history_of(store: "SessionStore", session_id: str) -> "tuple[list[RecordedEvent], State]":
    """Give the events of a session, and the state that they come to.

    Raises:
        StoreError: they can't be read, or are not those of one session.
    """
    from orchestrator.state import fold
    from orchestrator.stores import StoreError

    events = await store.events(session_id)
    try:
        return events, fold(session_id, events)
    except ValueError as error:
        raise StoreError(str(error)) from None


def how_to_go_on(summary: "Summary", named: str | None) -> str:
    """Give the command that goes on with a session, where the store is the one that ``--store`` named."""
    return _command("run", summary.file or "FILE", "--session", _called(summary), named=named)


def how_to_decide(summary: "Summary", named: str | None) -> str:
    """Give the command that says yes or no to what a session waits for."""
    return _command("sessions", "approve", _called(summary), named=named)


def _called(summary: "Summary") -> str:
    """What one types to name a session."""
    return summary.name if summary.name and summary.name.isprintable() else summary.id


def _command(*words: str, named: str | None) -> str:
    from orchestrator.render.excerpts import harmless

    return harmless(shlex.join(["orchestrate", *words, *(["--store", named] if named else [])]))


def _harmless(error: Exception) -> str:
    """What an error says, which may hold what a model or a file said."""
    from orchestrator.render.excerpts import harmless

    return "\n".join(map(harmless, str(error).split("\n")))
