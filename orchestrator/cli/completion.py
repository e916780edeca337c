"""``orchestrate completion``: print what makes a shell complete our command lines."""

import click


@click.command(short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that makes SHELL complete commands, options, files, and the names of agents and sessions.

    Its first lines say where it goes.
    """
    from importlib.resources import files

    script = files("orchestrator").joinpath("cli", "shells", f"orchestrate.{shell}")
    click.echo(script.read_text(encoding="utf-8"), nl=False)
