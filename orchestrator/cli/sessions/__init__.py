"""``orchestrate sessions``: show, continue elsewhere, and clear up the conversations that are kept."""

import click

from orchestrator.cli.sessions.approving import approve
from orchestrator.cli.sessions.changing import fork, rename
from orchestrator.cli.sessions.removing import delete, prune
from orchestrator.cli.sessions.showing import export, list_sessions, show


@click.group(short_help="Show and change the conversations that are kept.")
def sessions() -> None:
    """Show and change the conversations that are kept.

    They are those of the project at or above the working directory. ID is the name of a session, its id, or a beginning
    of its id that no other one has, with or without session_.
    """


for command in (list_sessions, show, export, fork, rename, approve, delete, prune):
    sessions.add_command(command)
