"""``orchestrate schema``: print a JSON schema."""

import click


@click.command(short_help="Print a JSON schema.")
@click.argument("name", type=click.Choice(["agents", "diagnostics", "events", "script"]))
def schema(name: str) -> None:
    """Print the JSON schema of files of agents or script files, of events (JSON Lines of `run`), or of diagnostics.

    Diagnostics are what `validate --format json` prints.
    """
    from orchestrator.render.schemas import schema_text

    click.echo(schema_text(name), nl=False)
