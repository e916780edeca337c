"""Who answers the model calls of a command: the models that a file names, another one for all, a script, a cassette."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.colors import colored
from orchestrator.cli.options import fail, model_of

if TYPE_CHECKING:
    from orchestrator.agents import AgentGraph
    from orchestrator.clients.dotenv import Environment
    from orchestrator.clients.scripted import ScriptedClient
    from orchestrator.loader import Loaded
    from orchestrator.model import Model
    from orchestrator.model_client import ModelClient

_SCRIPT = "script:"


@dataclass(frozen=True)
class Answering:
    """The agents as they run, and who answers for their models.

    Args:
        graph: the agents, with one model for all if one was named.
        client: answers.
        name: the model that was named for every agent.
        others: the models that may be named instead, by alias: empty where any API name may be, None where nothing but
            a script or a cassette answers.
    """

    graph: "AgentGraph"
    client: "ModelClient"
    name: str | None
    others: "Mapping[str, Model] | None"


def answering(file: Path, loaded: "Loaded", model: str | None, environ: "Environment", *, replayed: bool) -> Answering:
    """Give who answers. Wrong usage, or a missing key, ends the process with 2; a broken script with 1.

    Args:
        file: the file of agents.
        loaded: what it holds.
        model: what ``--model`` says, or the recording that is replayed.
        environ: where keys are looked up.
        replayed: whether a recording answers, so that no key is needed.
    """
    script = None if replayed else _script(file, loaded, model, environ)
    name = f"{_SCRIPT}{script.name}" if script else model
    fixed = replayed or script is not None
    return Answering(_graph(loaded, name), script or _router(environ), name, None if fixed else loaded.models)


def _router(environ: "Environment") -> "ModelClient":
    from orchestrator.clients.router import Router  # the openai package comes with it: 0.4 s that a script needs not

    return Router(environ)


def _graph(loaded: "Loaded", model: str | None) -> "AgentGraph":
    """The agents, with this model for each of them if one is named."""
    from orchestrator.model import Model

    if model is None:
        return loaded.unwrap()
    if model.startswith(_SCRIPT):
        path = Path(model.removeprefix(_SCRIPT))
        return loaded.unwrap().with_model(Model(f"{_SCRIPT}{path.name}", provider="script", file=str(path.resolve())))
    return loaded.unwrap().with_model(model_of(loaded, model))


def _script(file: Path, loaded: "Loaded", model: str | None, environ: "Environment") -> "ScriptedClient | None":
    """The scripted model, if it was asked for, or if there is no key and a script stands beside the file."""
    from orchestrator.clients.endpoints import missing_key

    if model is not None and model.startswith(_SCRIPT):
        return _read_script(Path(model.removeprefix(_SCRIPT)))
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
        return ScriptedClient.from_file(path, paced=sys.stdout.isatty())
    except OSError as error:
        fail(f"script {str(path)!r} can't be read: {error.strerror}")
    except LoadError as error:
        texts = {str(path): Source.read(path).text}
        for told in render_all(error.diagnostics, texts, color=colored(sys.stderr)):
            click.echo(told, err=True)
        sys.exit(1)
