"""``python -m benchmarks`` measures, and prints the table."""

import sys
from pathlib import Path

import click

from benchmarks.environments import here, install
from benchmarks.measuring import MeasuringError, benching
from benchmarks.page import fill
from benchmarks.results import FOLDER, measure
from benchmarks.rows import ROWS
from benchmarks.table import lines_of, table_of


@click.command()
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="How often all is measured.")
@click.option("--only", multiple=True, metavar="ROW", help="Measure this row; may be given more than once.")
@click.option(
    "--peers",
    is_flag=True,
    help="Measure aiohttp and the peers too: install who is missing, each in an environment of its own.",
)
@click.option("--quick", is_flag=True, help="One round, and little time for each sample: figures mean little.")
@click.option("--check", is_flag=True, help="Exit with 1 when a target is missed.")
@click.option("--save", metavar="NAME", help="Keep the samples as benchmarks/results/NAME.json.")
@click.option("--docs", metavar="NAME", help="Measure nothing: write what is kept as NAME into docs/performance.md.")
def main(
    rounds: int, only: tuple[str, ...], peers: bool, quick: bool, check: bool, save: str | None, docs: str | None
) -> None:
    """Measure Orchestrate beside its floors.."""
    if docs is not None:
        fill(_file(docs))
        return
    if unknown := set(only) - {row.name for row in ROWS}:
        raise click.UsageError(f"no row {', '.join(sorted(unknown))}; there are: {', '.join(row.name for row in ROWS)}")
    if peers:
        install()
    rows = [row for row in ROWS if not only or row.name in only]
    with benching(0.05 if quick else 1.0) as bench:
        try:
            results = measure(
                rows, bench, 1 if quick else rounds, here(peers=peers), lambda line: click.echo(line, err=True)
            )
        except MeasuringError as failure:
            raise click.ClickException(str(failure)) from None
    if save is not None:
        results.write(_file(save))
    lines = lines_of(results)
    click.echo(table_of(lines))
    sys.exit(check and any(line.reached == "no" for line in lines))


def _file(name: str) -> Path:
    return FOLDER / f"{name}.json"


if __name__ == "__main__":
    main()
