"""``orchestrate test``: have the conversations of test files, without a model or with real ones, and check them."""

import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click
from click.core import ParameterSource

from orchestrator.cli.colors import colored
from orchestrator.cli.completing import complete_yaml
from orchestrator.cli.options import fail
from orchestrator.cli.streams import kept_for_answers

if TYPE_CHECKING:
    from orchestrator.cli.test.covering import Wanted
    from orchestrator.cli.test.reporter import Results
    from orchestrator.cli.test.running import Selection

_FILE = click.Path(dir_okay=False, path_type=Path)
_ONLY_LIVE = ("repeat", "jobs", "model", "rate", "report")
_NEVER_LIVE = ("first", "last_failed", "processes", "junit", "reports", "least", "pictures")


def _words(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """What -k says, which pytest must understand."""
    from orchestrator.cli.test.finding import is_expression

    if text is not None and not is_expression(text):
        hint = "write words joined by and, or, not, such as 'refund and not broken'; for one test: FILE::NAME"
        raise click.BadParameter(f"{text!r}: {hint}")
    return text


def _processes(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    if text != "auto" and not re.fullmatch("[1-9][0-9]{0,2}", text):
        raise click.BadParameter(f"{text!r}: write a number of processes, or auto")
    return text


@click.command(short_help="Have the conversations of test files.")
@click.argument("paths", nargs=-1, metavar="[PATH]...", shell_complete=complete_yaml)
@click.option(
    "-k",
    "words",
    metavar="EXPR",
    callback=_words,
    help="Only tests whose names have these words: 'refund and not card'.",
)
@click.option("-x", "first", is_flag=True, help="Stop at the first failure.")
@click.option("--lf", "last_failed", is_flag=True, help="Only what failed the last time; everything, if nothing did.")
@click.option(
    "-n", "processes", metavar="N", callback=_processes, help="Run in so many processes, or auto. Needs pytest-xdist."
)
@click.option("-v", "--verbose", is_flag=True, help="Show the name of each test.")
@click.option("--junitxml", "junit", type=_FILE, metavar="FILE", help="Write the results as JUnit does.")
@click.option(
    "--cov-report",
    "reports",
    type=_FILE,
    metavar="FILE",
    multiple=True,
    help="Write what of the agents was reached. Its suffix gives the form: .json, .lcov or .info. May be repeated.",
)
@click.option("--cov-fail-under", "least", type=click.IntRange(0, 100), metavar="N", help="Fail below N percent.")
@click.option(
    "--graph",
    "pictures",
    type=_FILE,
    metavar="FILE",
    multiple=True,
    help="Draw what was reached, and what not: .svg, .png, .mmd or .dot. May be repeated.",
)
@click.option("--live", is_flag=True, help="Ask the real models, and show how often each test passes.")
@click.option(
    "--repeat", type=click.IntRange(1, 1000), default=1, metavar="N", help="With --live: run each test N times."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 100),
    default=4,
    show_default=True,
    metavar="N",
    help="With --live: have at most N conversations at once.",
)
@click.option(
    "--model",
    metavar="MODEL",
    help="With --live: for every agent, an alias or an API name.",
)
@click.option(
    "--pass-rate",
    "rate",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    metavar="SHARE",
    help="With --live: the share of its runs that each test must pass.",
)
@click.option("--json", "report", type=_FILE, metavar="FILE", help="With --live: write all that came of each run.")
@click.pass_context
def test(context: click.Context, /, paths: tuple[str, ...], verbose: bool, live: bool, **options: Any) -> None:
    """Have the conversations of test files, *.test.yaml, and check what happens: without a model, a key or a network.

    A PATH is a test file, a folder, which stands for all test files in it, or FILE::NAME for one test. Without one it
    is the working directory. In the end it says which agents, tools and handoffs the tests have reached.

    With --live, the models that the agents name answer instead of the replies in the files, and a test may be run many
    times: it has a rate, and so has each of its expectations.

    Exits 5 if a test fails or too little is reached, 1 if a file can't be used.
    """
    _fitting(context, live=live)
    _need("pytest", "orchestrate test runs on pytest")
    if live:
        _live(paths, options, verbose=verbose)
    options = {name: value for name, value in options.items() if name not in _ONLY_LIVE}
    if options["processes"] is not None:
        _need("xdist", "-n runs on pytest-xdist", "pytest-xdist")
    from orchestrator.cli.test.covering import Wanted
    from orchestrator.cli.test.finding import chosen
    from orchestrator.cli.test.running import Selection
    from orchestrator.cli.test.writing import all_different, make_room

    wanted = Wanted(options.pop("reports"), options.pop("pictures"), options.pop("least"))
    selection = Selection(chosen(paths), **options)
    junit = [("--junitxml", selection.junit)] if selection.junit else []
    all_different([*junit, *((option, file) for option, file, _ in wanted.writers())])
    make_room("--junitxml", selection.junit)
    wanted.make_room()
    with kept_for_answers() as out:  # importing a tool module may print
        sys.exit(_tested(selection, wanted, out, verbose=verbose))


def _fitting(context: click.Context, *, live: bool) -> None:
    """End the process where an option is of no use with ``--live``, or without it."""
    for option in context.command.params:
        given = option.name and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
        if given and option.name in (_NEVER_LIVE if live else _ONLY_LIVE):
            fail(f"{option.opts[0]} does not go with --live" if live else f"{option.opts[0]} takes --live as well")


def _live(paths: tuple[str, ...], options: Mapping[str, Any], *, verbose: bool) -> NoReturn:
    from orchestrator.cli.test.finding import chosen
    from orchestrator.cli.test.live import Asked, tested
    from orchestrator.cli.test.running import Selection
    from orchestrator.cli.test.writing import make_room

    asked = Asked(**{name: options[name] for name in _ONLY_LIVE}, verbose=verbose)
    selection = Selection(chosen(paths), options["words"])
    make_room("--json", asked.report)
    with kept_for_answers() as out:
        sys.exit(tested(selection, asked, out))


def _tested(selection: "Selection", wanted: "Wanted", out: TextIO, *, verbose: bool) -> int:
    """Run tests, tell of them and of what they reach, and give the exit code."""
    from orchestrator.cli.test.covering import Covered, cover
    from orchestrator.cli.test.reporter import Look, Reporter, summary, told
    from orchestrator.cli.test.running import run

    look = Look(out, colored(out), verbose)
    reporter = Reporter(look, selection.root, selection.junit)
    begun = time.monotonic()
    code = run(selection, reporter, look.columns)
    seconds = time.monotonic() - begun
    results = reporter.results
    if not results.anything:
        return nothing(selection, code)
    look.write(told(results, look, selection.root))
    covered = Covered()
    if results.reached and (wanted.anything or (selection.whole and results.complete)):
        covered = cover(results.reached, wanted, color=look.color, columns=look.columns)
        look.write(["", *covered.told])
    look.write(["", summary(results, look, seconds)])
    if covered.shortfall is not None:
        look.write([look.style(covered.shortfall, "red", bold=True)])
    unwritten = (*results.unwritten, *covered.unwritten, *look.unwritten)
    for fault in unwritten:
        click.echo(f"error: {fault}", err=True)
    return _exit_code(results, code) or (5 if covered.shortfall else 2 if unwritten else 0)


def _exit_code(results: "Results", code: int) -> int:
    """Ctrl-C, then what is in files, then what tests say. Anything else that pytest ends with is a fault of ours."""
    if results.interrupted:
        return 130
    if results.errors:
        return 1
    return 5 if results.of("failed") else min(code, 1)


def nothing(selection: "Selection", code: int) -> int:
    """There was no test to run, or pytest could not even begin, and has said so."""
    import pytest

    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        fail(f"no test has these words: {selection.words!r}" if selection.words else "these files have no tests")
    return 1


def _need(module: str, what: str, package: str | None = None) -> None:
    """End the process where a package is not there that this takes."""
    from importlib.util import find_spec

    if find_spec(module) is None:
        fail(f"{what}, which is not installed: pip install {package or module}")
