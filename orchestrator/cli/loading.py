"""What commands that need a sound file have in common."""

import sys
from pathlib import Path

import click

from orchestrator.cli.colors import colored
from orchestrator.loader import Loaded, load
from orchestrator.render.diagnostics import render, summary


def load_or_exit(file: Path) -> Loaded:
    """Load a file of agents. What is wrong with it goes to standard error; errors end the process with 1."""
    try:
        loaded = load(file)
    except OSError as error:
        click.echo(f"{file}: error: can't be read: {error.strerror}", err=True)
        sys.exit(1)
    if loaded.graph is None:
        for diagnostic in loaded.diagnostics:
            click.echo(render(diagnostic, loaded.sources, color=colored(sys.stderr)), err=True)
        click.echo(summary(1, loaded.diagnostics), err=True)
        sys.exit(1)
    if loaded.diagnostics:
        click.echo(f"{file}: {summary(1, loaded.diagnostics)}; see: orchestrate validate {file}", err=True)
    return loaded
