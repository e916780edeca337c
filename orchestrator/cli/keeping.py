"""The options that say where sessions are kept, and which one a conversation goes on with."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.completing import complete_session
from orchestrator.cli.options import fail

if TYPE_CHECKING:
    from orchestrator.cli.conversation.opening import Keeping

STORE = click.option(
    "--store",
    metavar="PATH",
    help="Where sessions are kept: a file, or a folder.  "
    "[default: $ORCHESTRATE_STORE, else .orchestrate in the project's root]",
)
SESSION = click.option(
    "--session",
    metavar="NAME",
    shell_complete=complete_session,
    help="Go on with this session, or begin one with this name.",
)
CONTINUE = click.option("--continue", "last", is_flag=True, help="Go on with the last session of FILE.")
NO_STORE = click.option("--no-store", "none", is_flag=True, help="Keep nothing.")
ACCEPT = click.option(
    "--accept-changes",
    "accept",
    is_flag=True,
    help="Go on with a session though FILE lacks a part of what it was held with.",
)

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Kept:
    """What these options say."""

    store: str | None
    session: str | None
    last: bool
    none: bool
    accept: bool

    def __post_init__(self) -> None:
        if self.session is not None:
            check_name(self.session)
        if self.session is not None and self.last:
            fail("--session and --continue: give one of them")
        if self.none and (self.session is not None or self.last or self.store is not None):
            fail("--no-store keeps nothing: it does not go with --store, --session or --continue")

    def keeping(self, file: Path) -> "Keeping":
        """Where a conversation with the agents of this file is kept.

        Raises:
            UsageError: ``--store`` or ``ORCHESTRATE_STORE`` names nothing that sessions can be kept in.
        """
        from orchestrator.cli.conversation.opening import Keeping
        from orchestrator.stores.memory import MemoryStore
        from orchestrator.stores.places import store_path
        from orchestrator.stores.sqlite import SqliteStore

        place = None if self.none else store_path(file, self.store, os.environ)
        if place is None:
            return Keeping(MemoryStore(), named(file), accept=self.accept)
        return Keeping(
            SqliteStore(place),
            named(file),
            str(file),
            self.session,
            last=self.last,
            accept=self.accept,
            history=place.with_name("history"),
            option=self.store or (None if store_path(None, None, os.environ) == place else str(place)),
        )


def check_name(name: str) -> None:
    """End the process with 2 where a session can't have this name."""
    if not name or len(name) > _LONGEST_NAME or not name.isprintable() or name.strip() != name:
        fail(f"a name has up to {_LONGEST_NAME} characters that can be seen, and no blanks around it")


def named(file: Path) -> str:
    """What a file of agents is called in a session: its path from the project's root."""
    from orchestrator.project import root_of

    real = Path(os.path.realpath(file))
    return real.relative_to(root_of(file)).as_posix()
