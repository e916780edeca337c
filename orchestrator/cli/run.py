"""``orchestrate run``: talk to agents."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.cassettes import RECORD, REPLAY, Tape
from orchestrator.cli.colors import colored
from orchestrator.cli.options import NOW, VARIABLES, fail, model_of, moment_of, variables_of
from orchestrator.cli.streams import kept_for_answers, typed

if TYPE_CHECKING:
    from orchestrator.agents import AgentGraph
    from orchestrator.cli.conversation import UsageTold
    from orchestrator.clients.dotenv import Environment
    from orchestrator.clients.scripted import ScriptedClient
    from orchestrator.loader import Loaded


@click.command(short_help="Talk to agents.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("message", required=False)
@click.option("--agent", metavar="NAME", help="Who answers first, instead of the entry agent.")
@VARIABLES
@click.option("--model", metavar="MODEL", help="For every agent: an alias, an API name, or script:FILE.")
@NOW
@RECORD
@REPLAY
@click.option("--format", "form", type=click.Choice(["text", "jsonl"]), default="text", show_default=True)
@click.option("--usage", is_flag=True, help="At the end, tell what each turn, agent and model took, on standard error.")
def run(
    file: Path,
    message: str | None,
    agent: str | None,
    assignments: tuple[str, ...],
    model: str | None,
    now: str | None,
    record: Path | None,
    replay: Path | None,
    form: str,
    usage: bool,
) -> None:
    """Run the agents of FILE: answer MESSAGE and exit, or hold a conversation.

    Without MESSAGE each line of standard input is a turn. Answers go to standard output, everything else to standard
    error; with --format jsonl, standard output has one event a line.
    """
    from orchestrator.cli.conversation import Front, Opening, converse
    from orchestrator.cli.loading import load_or_exit
    from orchestrator.clients.router import Router
    from orchestrator.errors import UsageError, VariableError

    loaded = load_or_exit(file)
    environ = _environment(file)
    tape = Tape.of(record, replay)
    script = None if tape.cassette else _script(file, loaded, model, environ)
    named = f"script:{script.name}" if script else tape.model(model)
    graph = _graph(loaded, named)
    told = _usage_told(usage, message, form)
    try:
        said = None if message is None else typed(message)
        opening = Opening(said, agent, variables_of(graph, assignments), tape.moment(moment_of(now)))
        client = tape.around(script or Router(environ), graph, opening, environ, named)
        with kept_for_answers() as out:
            code = converse(graph, client, Front.of(form, graph, out, told), opening)
    except (UsageError, VariableError) as error:
        fail(str(error))
    sys.exit(code)


def _graph(loaded: "Loaded", model: str | None) -> "AgentGraph":
    """The agents, with this model for each of them if one is named."""
    from orchestrator.model import Model

    if model is None:
        return loaded.unwrap()
    if model.startswith("script:"):
        return loaded.unwrap().with_model(Model(f"script:{Path(model.removeprefix('script:')).name}"))
    return loaded.unwrap().with_model(model_of(loaded, model))


def _usage_told(wanted: bool, message: str | None, form: str) -> "UsageTold":
    """A table if it is wanted; else a line, for a person who types at a terminal."""
    if wanted:
        return "table"
    return "line" if message is None and form == "text" and sys.stdin.isatty() else None


def _environment(file: Path) -> "Environment":
    """The environment, with the ``.env`` of the file's project behind it."""
    from orchestrator.clients.dotenv import Environment
    from orchestrator.project import root_of

    return Environment(root_of(file), warn=lambda line: click.echo(line, err=True))


def _script(file: Path, loaded: "Loaded", model: str | None, environ: "Environment") -> "ScriptedClient | None":
    """The scripted model, if it was asked for, or if there is no key and a script stands beside the file."""
    from orchestrator.clients.endpoints import missing_key

    if model is not None and model.startswith("script:"):
        return _read_script(Path(model.removeprefix("script:")))
    used = [model_of(loaded, model)] if model else [agent.model for agent in loaded.unwrap().agents.values()]
    missing = missing_key(used, environ)
    if missing is None:
        return None
    if model is not None:
        fail(f"{missing} is not set, and --model {model} needs it")
    beside = file.with_name(f"{file.stem}.script.yaml")
    if not beside.is_file():
        fail(f"{missing} is not set. Set it, or take the replies from a script with --model script:FILE")
    click.echo(f"{missing} is not set: the replies come from the script {beside}, not from a model.", err=True)
    return _read_script(beside)


def _read_script(path: Path) -> "ScriptedClient":
    from orchestrator.clients.scripted import ScriptedClient
    from orchestrator.errors import LoadError
    from orchestrator.render.diagnostics import render_all
    from orchestrator.source import Source

    try:
        return ScriptedClient.from_file(path)
    except OSError as error:
        fail(f"script {str(path)!r} can't be read: {error.strerror}")
    except LoadError as error:
        texts = {str(path): Source.read(path).text}
        for told in render_all(error.diagnostics, texts, color=colored(sys.stderr)):
            click.echo(told, err=True)
        sys.exit(1)
