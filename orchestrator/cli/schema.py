"""``orchestrate schema``: print a JSON schema."""

import click


@click.command(short_help="Print a JSON schema.")
@click.argument(
    "name", type=click.Choice(["agents", "cassette", "coverage", "diagnostics", "events", "graph", "script", "test"])
)
def schema(name: str) -> None:
    """Print the JSON schema of files of agents, script files or test files, or of what commands print.

    Events are the JSON Lines of `run`, cassette those of `run --record`; diagnostics and graph are what `validate` and
    `graph` print as JSON, coverage what `test --cov-report` writes.
    """
    from orchestrator.render.schemas import schema_text

    click.echo(schema_text(name), nl=False)
