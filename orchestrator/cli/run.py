"""``orchestrate run``: talk to agents."""

import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.cassettes import RECORD, REPLAY, Tape
from orchestrator.cli.completing import complete_agent, complete_model, complete_yaml
from orchestrator.cli.keeping import ACCEPT, CONTINUE, NO_STORE, SESSION, STORE, Kept
from orchestrator.cli.options import NOW, VARIABLES, fail, known_agent, moment_of, variables_of
from orchestrator.cli.streams import kept_for_answers, typed

if TYPE_CHECKING:
    from orchestrator.cli.conversation.opening import Approve
    from orchestrator.clients.dotenv import Environment

EVERYTHING = "-"
LOG_FILE = click.option(
    "--log-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Append to FILE, as JSON Lines, each request, reply, retry and tool call, with times and tracebacks.",
)
DEBUG = click.option("--debug", is_flag=True, help="Show the same on standard error.")


@click.command(short_help="Talk to agents.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), shell_complete=complete_yaml)
@click.argument("message", required=False)
@click.option(
    "--agent", metavar="NAME", shell_complete=complete_agent, help="Who answers first, instead of the entry agent."
)
@VARIABLES
@click.option(
    "--model",
    metavar="MODEL",
    shell_complete=complete_model,
    help="For every agent: an alias, an API name, or script:FILE.",
)
@NOW
@SESSION
@CONTINUE
@STORE
@NO_STORE
@ACCEPT
@click.option(
    "--approve",
    type=click.Choice(["ask", "all", "none", "pause"]),
    help="Who answers where a call needs a yes; pause leaves it for later, and exits 6.  "
    "[default: ask on a terminal, else none]",
)
@RECORD
@REPLAY
@click.option("--format", "form", type=click.Choice(["text", "markdown", "jsonl"]), default="text", show_default=True)
@click.option("--quiet", is_flag=True, help="Show the final answer of each turn and nothing else.")
@click.option("--usage", is_flag=True, help="At the end, tell what each turn, agent and model took, on standard error.")
@LOG_FILE
@DEBUG
def run(file: Path, message: str | None, **options: Any) -> None:
    """Run the agents of FILE: answer MESSAGE and exit, or hold a conversation.

    MESSAGE - is all of standard input. Without MESSAGE each line of it is a turn. Answers go to standard output,
    everything else to standard error; with --format jsonl, standard output has one event a line. The conversation is
    kept: go on with it by --continue.
    """
    kept = Kept(**{each.name: options.pop(each.name) for each in fields(Kept)})
    asked = _Asked(**options)
    if asked.form != "text" and asked.quiet:
        fail(f"--quiet shows answers as text: it does not go with --format {asked.form}")
    if asked.approve == "pause" and kept.none:
        fail("--approve pause keeps a call for later, and --no-store keeps nothing: give one of them")
    sys.exit(_held(file, message, asked, kept))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the options say, but those of ``Kept``."""

    agent: str | None
    assignments: tuple[str, ...]
    model: str | None
    now: str | None
    approve: "Approve | None"
    record: Path | None
    replay: Path | None
    form: str
    quiet: bool
    usage: bool
    log_file: Path | None
    debug: bool


def _held(file: Path, message: str | None, asked: _Asked, kept: Kept) -> int:
    """Hold the conversation, and give the exit code. Wrong usage ends the process."""
    from orchestrator.cli.conversation import Talk, converse
    from orchestrator.cli.conversation.choices import reader_of, usage_told, view_of
    from orchestrator.cli.conversation.front import Front
    from orchestrator.cli.conversation.opening import Opening
    from orchestrator.cli.loading import load_or_exit
    from orchestrator.cli.logs import logs
    from orchestrator.cli.models import answering
    from orchestrator.cli.secrets import secrets_of
    from orchestrator.errors import UsageError, VariableError
    from orchestrator.stores import StoreError

    loaded = load_or_exit(file)
    environ = _environment(file)
    tape = Tape.of(asked.record, asked.replay)
    models = answering(file, loaded, tape.model(asked.model), environ, replayed=tape.cassette is not None)
    known_agent(models.graph, asked.agent)
    try:
        said, given = _said(message), variables_of(models.graph, asked.assignments)
        opening = Opening(said, asked.agent, given, tape.moment(moment_of(asked.now)))
        secrets = secrets_of(models.graph, given, environ)
        client = tape.around(models.client, opening, models.name, secrets)
        keeping = kept.keeping(file)
        with kept_for_answers() as out, logs(asked.log_file, asked.debug, secrets, lambda: sys.stderr):
            told = usage_told(asked.usage, said is None and asked.form == "text")
            view = view_of(asked.form, models.graph, out, quiet=asked.quiet)
            front = Front(view, reader_of(message, keeping.history), sys.stdin.isatty(), told)
            talk = Talk(models.graph, client, front, asked.approve or _approve(), secrets, models.others)
            return converse(talk, opening, keeping)
    except (UsageError, VariableError, StoreError) as error:
        fail(str(error))


def _said(message: str | None) -> str | None:
    """The message of the command line, or all of standard input where it is ``-``."""
    if message != EVERYTHING:
        return None if message is None else typed(message)
    said = typed(sys.stdin.read())
    if not said.strip():
        fail("standard input is empty: there is no message")
    return said


def _approve() -> "Approve":
    return "ask" if sys.stdin.isatty() else "none"


def _environment(file: Path) -> "Environment":
    """The environment, with the ``.env`` of the file's project behind it."""
    from orchestrator.clients.dotenv import Environment
    from orchestrator.project import root_of

    return Environment(root_of(file), warn=lambda line: click.echo(line, err=True))
