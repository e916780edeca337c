"""``orchestrate tools``: show what agents can do."""

from pathlib import Path

import click

from orchestrator.cli.completing import complete_yaml


@click.command(short_help="Show the tools of each agent.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), shell_complete=complete_yaml)
@click.option("--json", "as_json", is_flag=True, help="Print exactly what is sent to the model, by agent.")
def tools(file: Path, as_json: bool) -> None:
    """Show the tools of each agent in FILE: what they take, what they are for, and where they are defined."""
    from orchestrator.cli.loading import load_or_exit
    from orchestrator.render.tools import as_sent, table

    graph = load_or_exit(file).unwrap()
    if as_json:
        click.echo(as_sent(graph), nl=False)
    else:
        table(graph)
