"""``orchestrate render``: show what the model gets."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.colors import colored
from orchestrator.cli.completing import complete_agent, complete_alias, complete_yaml
from orchestrator.cli.options import NOW, VARIABLES, fail, known_agent, model_of, moment_of, variables_of
from orchestrator.cli.streams import typed

if TYPE_CHECKING:
    from orchestrator.agents import Agent, AgentGraph
    from orchestrator.cli.conversation.opening import Opening
    from orchestrator.model_client import ModelRequest


@click.command(short_help="Show what the model gets.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), shell_complete=complete_yaml)
@click.argument("agent", required=False, shell_complete=complete_agent)
@click.option("--message", metavar="TEXT", help="What the person says.")
@VARIABLES
@click.option(
    "--model", metavar="MODEL", shell_complete=complete_alias, help="For every agent: an alias, or an API name."
)
@NOW
@click.option("--json", "as_json", is_flag=True, help="Print the request's body as it is sent, and a line break.")
def render(
    file: Path,
    agent: str | None,
    message: str | None,
    assignments: tuple[str, ...],
    model: str | None,
    now: str | None,
    as_json: bool,
) -> None:
    """Show what the model of AGENT gets first when FILE is run. AGENT is the entry agent if it is not named.

    Nothing is sent, no tool runs, and no key is needed.
    """
    from orchestrator.cli.conversation.opening import Opening
    from orchestrator.cli.loading import load_or_exit
    from orchestrator.clients.wire import body_of

    loaded = load_or_exit(file)
    graph = loaded.unwrap()
    known_agent(graph, agent)
    if model is not None and model.startswith("script:"):
        fail(f"--model {model}: a script is sent no request; name an alias or an API name")
    if model is not None:
        graph = graph.with_model(model_of(loaded, model))
    said = None if message is None else typed(message)
    request = _first_request(graph, Opening(said, agent, variables_of(graph, assignments), moment_of(now)))
    body = body_of(request)
    if as_json:
        click.echo(body)
    else:
        # else click takes away from a pipe what looks like a colour
        click.echo(_for_people(graph.agents[request.agent], body), nl=False, color=True)


def _first_request(graph: "AgentGraph", opening: "Opening") -> "ModelRequest":
    """The runner's own first request; without a message, nothing is said in it."""
    import asyncio

    from orchestrator.cli.conversation.upcoming import next_request
    from orchestrator.errors import RenderError, UsageError, VariableError

    try:
        return asyncio.run(next_request(graph, opening))
    except (UsageError, VariableError) as error:
        fail(str(error))
    except RenderError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


def _for_people(agent: "Agent", body: bytes) -> str:
    import json
    import shutil

    from orchestrator.render.prompt import prompt
    from orchestrator.render.tokens import size_of

    sent = json.loads(body)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return prompt(agent, sent, size_of(sent), width=width, color=colored(sys.stdout))
