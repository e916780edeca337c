"""``orchestrate validate``: say everything that is wrong."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.colors import colored

if TYPE_CHECKING:
    from orchestrator.diagnostics import Diagnostic
    from orchestrator.source import Source


@click.command(short_help="Check files without running them.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="PATH...")
def validate(paths: tuple[Path, ...]) -> None:
    """Check files of agents, and script files, without running them: no key and no network is needed.

    A folder stands for all YAML files in it. Exits 1 if there is an error.
    """
    from orchestrator.render.diagnostics import render, summary

    found: list[Diagnostic] = []
    files = list(_files(paths))
    for path in files:
        try:
            diagnostics, sources = _check(path)
        except OSError as error:
            click.echo(f"{path}: error: can't be read: {error.strerror}", err=True)
            sys.exit(1)
        for diagnostic in diagnostics:
            click.echo(render(diagnostic, sources, color=colored(sys.stdout)))
        found += diagnostics
    click.echo(summary(len(files), found))
    sys.exit(1 if any(diagnostic.severity == "error" for diagnostic in found) else 0)


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*.yaml") if not any(part.startswith(".") for part in p.parts))
        else:
            yield path


def _check(path: Path) -> "tuple[tuple[Diagnostic, ...], tuple[Source, ...]]":
    from orchestrator.clients.scripted import read_script
    from orchestrator.loader import load
    from orchestrator.source import Source

    if path.name.endswith(".script.yaml"):
        source = Source.read(path)
        return read_script(source).diagnostics, (source,)
    loaded = load(path)
    return loaded.diagnostics, loaded.sources
