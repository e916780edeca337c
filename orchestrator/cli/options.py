"""The options that commands share, and what is said where they make no sense."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

import click

from orchestrator.cli.completing import complete_variable

if TYPE_CHECKING:
    from orchestrator.agents import AgentGraph
    from orchestrator.loader import Loaded
    from orchestrator.model import Model

VARIABLES = click.option(
    "--var",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=complete_variable,
    help="Set a variable. May be repeated.",
)
NOW = click.option("--now", metavar="TIME", help="The time that templates see, like 2026-05-21T09:30.")


def fail(message: str) -> NoReturn:
    """End the process for wrong usage: one line, exit 2."""
    click.echo(f"error: {message}", err=True)
    raise SystemExit(2)


def variables_of(graph: "AgentGraph", assignments: tuple[str, ...]) -> dict[str, object]:
    """Give the values that ``--var`` sets."""
    from orchestrator.errors import VariableError

    values: dict[str, object] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            fail(f"--var {assignment!r}: write NAME=VALUE")
        if name not in graph.variables:
            fail(f"--var {name}: no variable named {name!r}; {meant(name, graph.variables, 'declared are')}")
        try:
            values[name] = graph.variables[name].parse(text)
        except VariableError as error:
            fail(f"--var {name}: {error}")
    return values


def model_of(loaded: "Loaded", name: str) -> "Model":
    """Give the model that ``--model`` names: an alias, or an API name where the file has no aliases."""
    from orchestrator.model import Model

    if not loaded.models:
        return Model(name)
    if name not in loaded.models:
        fail(f"--model {name!r}: no such alias; the file has: {', '.join(loaded.models)}")
    return loaded.models[name]


def known_agent(graph: "AgentGraph", name: str | None) -> None:
    """End the process with 2 if there is no agent of this name."""
    if name is not None and name not in graph.agents:
        fail(f"no agent named {name!r}; {meant(name, graph.agents, 'there are')}")


def moment_of(text: str | None) -> datetime | None:
    """Give the time that ``--now`` names, which is local where it has no zone."""
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        fail(f"--now {text!r}: write a time as 2026-05-21T09:30, with or without a zone (2026-05-21T09:30+02:00)")


def meant(word: str, known: Collection[str], otherwise: str) -> str:
    """Give what to say of a name that nobody knows: the nearest one, else all of them."""
    from orchestrator.spec import nearest

    near = nearest(word, list(known))
    return f"did you mean {near!r}?" if near else f"{otherwise}: {', '.join(known) or 'none'}"
