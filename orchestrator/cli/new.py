"""``orchestrate new``: begin a project, or add an agent to one."""

import sys
from pathlib import Path

import click

from orchestrator.cli.colors import colored
from orchestrator.cli.completing import complete_agent, complete_yaml
from orchestrator.cli.options import fail


@click.command(short_help="Begin a project, or add an agent to one.")
@click.argument("target", metavar="NAME | FILE", type=click.Path(path_type=Path), shell_complete=complete_yaml)
@click.option("--agent", metavar="NAME", help="Add an agent of this name to FILE, and a handoff to it.")
@click.option(
    "--from",
    "giver",
    metavar="AGENT",
    shell_complete=complete_agent,
    help="Who hands off to it, instead of the entry agent.",
)
@click.option("--when", metavar="TEXT", help="When, such as 'the customer asks about a bill'.")
def new(target: Path, agent: str | None, giver: str | None, when: str | None) -> None:
    """Make a folder NAME with a project that runs at once, also without a key; or add an agent to FILE.

    An empty folder may be there already. To a file lines are only added: comments, and all that is written, stay
    as they are. If the file would have new errors, it is not touched.
    """
    from orchestrator.errors import UsageError

    try:
        if agent is not None:
            _add(target, agent, giver, when)
        elif giver is not None or when is not None:
            fail("--from and --when are about a new agent: name it with --agent NAME")
        else:
            _create(target)
    except UsageError as error:
        fail(str(error))


def _create(folder: Path) -> None:
    from orchestrator.project import OTHER_KINDS
    from orchestrator.scaffold import create

    try:
        made = create(folder)
    except OSError as error:
        fail(f"the project can't be written to {str(folder)!r}: {error.strerror}")
    file = next(path for path in made if path.startswith("agents/") and not path.endswith(OTHER_KINDS))
    click.echo(f"{folder}: a new project")
    for path in made:
        click.echo(f"  {path}")
    click.echo("\nNext:")
    if folder.resolve() != Path.cwd():
        click.echo(f"  cd {folder}")
    click.echo(f"  orchestrate run {file}        # without a key, a script takes the part of the model")
    click.echo("  orchestrate validate agents")
    click.echo("  orchestrate test agents")


def _add(file: Path, agent: str, giver: str | None, when: str | None) -> None:
    from orchestrator.render.diagnostics import render_all, summary
    from orchestrator.scaffold import add_agent

    try:
        added = add_agent(file, agent, giver=giver, when=when)
    except OSError as error:
        fail(f"{str(error.filename or file)!r} can't be changed: {error.strerror}")
    for told in render_all(added.diagnostics, added.texts, color=colored(sys.stderr)):
        click.echo(told, err=True)
    if added.place is None:
        click.echo(f"{summary(1, added.diagnostics)}; nothing was changed", err=True)
        sys.exit(1)
    handoff = f", and a handoff to it from {added.giver!r}" if added.giver else ""
    click.echo(f"{added.place.path}:{added.place.line}: a new agent {agent!r}{handoff}")
