"""``orchestrate explain``: say what the codes of diagnostics mean."""

import sys

import click

from orchestrator.cli.colors import colored
from orchestrator.cli.completing import complete_code


@click.command(short_help="Explain a code of a diagnostic.")
@click.argument("code", required=False, shell_complete=complete_code)
def explain(code: str | None) -> None:
    """Say what CODE means, with an example that has the fault and one that is mended.

    Without CODE, all codes are listed.
    """
    from orchestrator.render.explain import overview, page
    from orchestrator.render.explanations import explanations, nearest

    pages, color = explanations(), colored(sys.stdout)
    if code is None:
        click.echo(overview(pages.values(), color=color), nl=False)
        return
    if code not in pages:
        meant = nearest(code)
        known = f"Did you mean {meant!r}?" if meant else "All codes: orchestrate explain"
        raise click.UsageError(f"There is no code {code!r}. {known}")
    click.echo(page(pages[code], color=color), nl=False)
