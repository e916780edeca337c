"""``orchestrate diff``: say what a change of files changes."""

import sys
from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import click

from orchestrator.cli.colors import colored
from orchestrator.cli.completing import complete_kind, complete_yaml
from orchestrator.cli.options import fail
from orchestrator.cli.streams import kept_for_answers

if TYPE_CHECKING:
    from orchestrator.diff import FileDiff, Kind


class _WithKinds(click.Command):
    """A command whose help page ends with the kinds of changes."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the kinds."""
        from orchestrator.diff import Kind

        with formatter.section("Kinds of changes, the worst first"):
            formatter.write_dl([(kind, kind.meaning.replace("`", "")) for kind in Kind])


@click.command(cls=_WithKinds, short_help="Say what a change of files changes.")
@click.argument("paths", nargs=-1, metavar="OLD NEW", shell_complete=complete_yaml)
@click.option("--rev", metavar="REV", help="Compare the working tree, or files and folders of it, with a git revision.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="For people, for a comment on a pull request, or for programs.",
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="KIND[,KIND]",
    shell_complete=complete_kind,
    help="Exit 1 if something of this kind has changed, or of this severity, or any. May be repeated.",
)
def diff(paths: tuple[str, ...], rev: str | None, form: str, fail_on: tuple[str, ...]) -> None:
    """Compare two versions of files of agents by what they mean, not by their lines.

    OLD and NEW are files or folders, here or in a git revision: main:agents/acme.yaml. With --rev, each argument is a
    file or a folder that is compared with itself in that revision; without one, all of the working tree is.

    Exits 0 whatever has changed, but for --fail-on, and 1 if a file has errors, so that it can't be compared.
    """
    from orchestrator.diff import Kind
    from orchestrator.errors import UsageError
    from orchestrator.versions import compare_paths, compare_revision

    failing = {kind for text in fail_on for word in text.split(",") for kind in _kinds(word.strip())}
    if rev is None and len(paths) != 2:
        raise click.UsageError("Give OLD and NEW, or --rev REV.")
    with kept_for_answers() as out:  # importing a tool module may print
        try:
            diffs = compare_paths(*paths) if rev is None else compare_revision(rev, paths)
        except UsageError as error:
            fail(str(error))
        out.write(_rendered(diffs, form, color=colored(out)) + "\n")
        out.flush()
    _exit(diffs, {*failing, Kind.NOT_LOADED})


def _kinds(word: str) -> "list[Kind]":
    """The kinds that a word of ``--fail-on`` stands for."""
    from orchestrator.diff import Impact, Kind
    from orchestrator.spec import nearest

    found = [kind for kind in Kind if word in {kind, kind.impact, "any"}]
    if not found:
        meant = nearest(word, [*Kind, *Impact, "any"])
        known = f"Did you mean {str(meant)!r}?" if meant else "All kinds: orchestrate diff --help"
        raise click.UsageError(f"--fail-on: there is no kind of change {word!r}. {known}")
    return found


def _rendered(diffs: "Sequence[FileDiff]", form: str, *, color: bool) -> str:
    from orchestrator.render.diff import as_json, as_markdown, as_text

    if form == "text":
        return as_text(diffs, color=color)
    return as_markdown(diffs) if form == "markdown" else as_json(diffs)


def _exit(diffs: "Sequence[FileDiff]", failing: "Collection[Kind]") -> None:
    """End the process with 1, and say why, if there is a change that fails."""
    found = Counter(change.kind for diff in diffs for change in diff.changes if change.kind in failing)
    if found:
        told = ", ".join(kind if count == 1 else f"{kind} ({count})" for kind, count in sorted(found.items()))
        click.echo(f"failed on: {told}", err=True)
        sys.exit(1)
