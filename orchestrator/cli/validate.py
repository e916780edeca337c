"""``orchestrate validate``: say everything that is wrong."""

import glob
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import click

from orchestrator.cli.colors import colored
from orchestrator.cli.completing import complete_yaml
from orchestrator.cli.streams import kept_for_answers

if TYPE_CHECKING:
    from orchestrator.survey import Survey

_STDIN = "-"


@click.command(short_help="Check files without running them.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=complete_yaml)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="For people, programs, GitHub's annotations, or code scanning.",
)
@click.option("--strict", is_flag=True, help="Fail on warnings, too.")
@click.option("--no-import", is_flag=True, help="Parse tool modules, and run none of their code.")
@click.option("--watch", is_flag=True, help="Check again whenever a file is saved, until Ctrl-C.")
@click.option("--tell-watched", type=click.Path(path_type=Path), hidden=True)
def validate(
    paths: tuple[str, ...], form: str, strict: bool, no_import: bool, watch: bool, tell_watched: Path | None
) -> None:
    """Check files of agents, and script files, without running them: no key and no network is needed.

    A PATH is a file, a folder, which stands for all YAML files in it, a quoted pattern such as 'agents/**/*.yaml', or -
    for standard input. Exits 1 if there is an error.
    """
    from orchestrator.survey import survey

    if watch:
        _watch(paths, form, strict=strict, no_import=no_import)
    given = list(_given(paths))
    stdin = _standard_input() if _STDIN in paths else None
    with kept_for_answers() as out:  # importing a tool module may print
        surveyed = survey(given, imports=not no_import, stdin=stdin)
        if tell_watched is not None:
            watched = sorted(str(path.absolute()) for path in surveyed.watched)
            tell_watched.write_text(json.dumps(watched), encoding="utf-8")
        failed = _fails(surveyed, strict=strict)
        _write(_text(surveyed, out, failed=failed) if form == "text" else _for_machines(surveyed, form), out)
    sys.exit(1 if failed else 0)


def _watch(paths: Sequence[str], form: str, *, strict: bool, no_import: bool) -> NoReturn:
    """Check again and again. It ends with Ctrl-C only, or when there is nothing to begin with."""
    from orchestrator.cli.watch import watch_paths

    if form != "text":
        raise click.UsageError("--watch shows text: leave --format out.")
    if _STDIN in paths:
        raise click.UsageError("--watch needs files: standard input is read once.")
    options = [name for name, on in (("--strict", strict), ("--no-import", no_import)) if on]
    watch_paths([path for text in paths for path in _matches(text)], [*options, "--", *paths])


def _given(paths: Sequence[str]) -> Iterator[Path]:
    """The files and folders that the arguments mean, each once.

    Raises click.UsageError when one of them means nothing.
    """
    seen: set[Path] = set()
    for path in (match for text in paths if text != _STDIN for match in _matches(text)):
        real = path.resolve()
        if real not in seen:
            seen.add(real)
            yield path


def _matches(text: str) -> list[Path]:
    from orchestrator.survey import yaml_files

    path = Path(text)
    if os.path.exists(text):  # noqa: PTH110 - Path.exists() raises for names that are too long
        if path.is_dir() and not any(yaml_files(path)):
            raise click.UsageError(f"There is no YAML file in the folder {text!r}.")
        return [path]
    if not glob.has_magic(text):
        raise click.UsageError(f"Path {text!r} does not exist.")
    matches = [Path(match) for match in sorted(glob.glob(text, recursive=True))]  # noqa: PTH207 - it may be absolute
    files = [match for match in matches if match.is_file()]
    if not files:
        raise click.UsageError(f"No file matches the pattern {text!r}.")
    return files


def _standard_input() -> bytes:
    """Standard input, and no more of it than a file may have."""
    from orchestrator.source.encoding import MAX_BYTES

    if not isinstance(sys.stdin, io.TextIOWrapper):  # it was closed
        return b""
    return bytes(sys.stdin.buffer.read(MAX_BYTES + 1))


def _fails(surveyed: "Survey", *, strict: bool) -> bool:
    failing = {"error", "warning"} if strict else {"error"}
    return any(diagnostic.severity in failing for diagnostic in surveyed.diagnostics)


def _text(surveyed: "Survey", out: TextIO, *, failed: bool) -> str:
    from orchestrator.render.diagnostics import render_all, summary

    color = colored(out)
    lines = [*render_all(surveyed.diagnostics, surveyed.texts, color=color)]
    lines.append(summary(len(surveyed.files), surveyed.diagnostics))
    if failed and color:
        lines.append(click.style("explain a code: orchestrate explain CODE", dim=True))
    return "\n".join(lines)


def _for_machines(surveyed: "Survey", form: str) -> str:
    from importlib.metadata import version

    from orchestrator.render.annotations import as_commands, as_sarif
    from orchestrator.render.report import as_json

    base = Path(os.environ.get("GITHUB_WORKSPACE", "")).resolve()  # else the working directory
    if form == "json":
        return as_json(surveyed.files, surveyed.diagnostics)
    if form == "github":
        return as_commands(surveyed.diagnostics, base)
    return as_sarif(surveyed.diagnostics, base, version("orchestrate-agents"))


def _write(text: str, out: TextIO) -> None:
    try:
        out.write(f"{text}\n" if text else "")
        out.flush()
    except BrokenPipeError:
        pass  # the reader has seen enough
    except OSError as error:
        click.echo(f"error: standard output can't be written: {error.strerror}", err=True)
        sys.exit(2)
