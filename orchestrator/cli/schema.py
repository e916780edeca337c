"""``orchestrate schema``: print a JSON schema."""

import click


@click.command(short_help="Print a JSON schema.")
@click.argument("name", type=click.Choice(["agents", "events", "script"]))
def schema(name: str) -> None:
    """Print the JSON schema of files of agents, of events (JSON Lines of `run`), or of script files."""
    from orchestrator.render.schemas import schema_text

    click.echo(schema_text(name), nl=False)
