"""What commands that need a sound file have in common."""

import sys
from pathlib import Path

import click

from orchestrator.cli.colors import colored
from orchestrator.diagnostics import Severity
from orchestrator.loader import Loaded, load
from orchestrator.render.diagnostics import counted, render_all, summary


def load_or_exit(file: Path) -> Loaded:
    """Load a file of agents. What is wrong with it goes to standard error; errors end the process with 1."""
    try:
        loaded = load(file)
    except OSError as error:
        click.echo(f"{file}: error: can't be read: {error.strerror}", err=True)
        sys.exit(1)
    if loaded.graph is None:
        for told in render_all(loaded.diagnostics, loaded.texts, color=colored(sys.stderr)):
            click.echo(told, err=True)
        click.echo(summary(1, loaded.diagnostics), err=True)
        _point_at_roots(file)
        sys.exit(1)
    warnings = [diagnostic for diagnostic in loaded.diagnostics if diagnostic.severity is Severity.WARNING]
    if warnings:
        click.echo(f"{file}: {counted(len(warnings), 'warning')}; see: orchestrate validate {file}", err=True)
    return loaded


def _point_at_roots(file: Path) -> None:
    """A part can't be used alone: say which files include it."""
    from orchestrator.survey import roots_of

    for root in roots_of(file):
        click.echo(f"{file} is a part of {root}: name that one instead", err=True)
