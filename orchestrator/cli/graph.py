"""``orchestrate graph``: show who may hand off to whom."""

from pathlib import Path

import click


@click.command(short_help="Draw the handoffs.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(["mermaid", "dot"]), default="mermaid", show_default=True)
def graph(file: Path, form: str) -> None:
    """Draw the agents of FILE and the handoffs between them, as text for Mermaid or Graphviz."""
    from orchestrator.cli.loading import load_or_exit
    from orchestrator.render.graph import dot, mermaid

    drawn = load_or_exit(file).unwrap()
    click.echo(mermaid(drawn) if form == "mermaid" else dot(drawn), nl=False)
