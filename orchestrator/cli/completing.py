"""What a shell may complete: each function is the ``shell_complete`` of an argument or option.

They read files and run none of their code. What can't be read offers nothing, and nothing is ever said about it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from orchestrator.project import Project
    from orchestrator.stores import Summary

_LONGEST = 60


def complete_yaml(_: click.Context, __: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Offer YAML files, and folders: our scripts let the shell list them, as it does with quotes and ~."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="yaml")]


def complete_agent(context: click.Context, _: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Offer the agents of FILE, those with errors included."""
    project = _project(context)
    if project is None:
        return []
    told = {name: agent.own.spec.description for name, agent in project.agents.items()}
    return _items({name: told.get(name) for name in _names(project, "agents")}, incomplete)


def complete_alias(context: click.Context, _: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Offer the aliases of models that FILE has."""
    project = _project(context)
    return [] if project is None else _items(_aliases(project), incomplete)


def complete_model(context: click.Context, _: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Offer the aliases of models that FILE has, and the script beside it."""
    project = _project(context)
    if project is None:
        return []
    file = Path(project.file.source.path)
    script = file.with_name(f"{file.stem}.script.yaml")
    beside = {f"script:{script}": "the scripted stand-in"} if script.is_file() else {}
    return _items({**_aliases(project), **beside}, incomplete)


def complete_variable(context: click.Context, _: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Offer ``NAME=`` for the variables of FILE; behind it, the values of one that has few."""
    project = _project(context)
    if project is None:
        return []
    name, equals, _value = incomplete.partition("=")
    variables = project.known_variables
    if not equals:
        return _items({f"{each}=": variables[each].description for each in _names(project, "variables")}, incomplete)
    variable = variables.get(name)
    if variable is None:
        return []
    values = ["true", "false"] if variable.type == "boolean" else [str(choice) for choice in variable.enum]
    return _items({f"{name}={value}": None for value in values}, incomplete)


def complete_code(_: click.Context, __: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Offer the codes of diagnostics."""
    from orchestrator.render.explanations import explanations

    return _items({code: page.summary for code, page in explanations().items()}, incomplete)


def complete_kind(_: click.Context, __: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Offer the kinds of changes that ``diff`` tells apart."""
    from orchestrator.diff import Impact, Kind

    kinds = {str(kind): kind.meaning for kind in Kind}
    return _items({**kinds, **dict.fromkeys(map(str, Impact)), "any": None}, incomplete)


def complete_session(context: click.Context, _: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Offer the sessions of the store that the other arguments mean: the last first, by name or else by id."""
    return _items({_called(each): each.title for each in _sessions(context)}, incomplete)


def _items(offered: Mapping[str, str | None], incomplete: str) -> "list[CompletionItem]":
    """Those of what is offered that begin as the word does, each with what is said about it."""
    from click.shell_completion import CompletionItem

    fitting = {value: told for value, told in offered.items() if value.startswith(incomplete) and _is_plain(value)}
    return [CompletionItem(value, help=_short(told)) for value, told in fitting.items()]


def _is_plain(value: str) -> bool:
    """Whether a shell takes a value as it stands, one line of it."""
    return value.isprintable() and not set(value) & set(" \"'\\$`!*?[](){}<>|&;#,")


def _short(told: str | None) -> str | None:
    """What is said about something, on one line."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in told or "").split())
    return (line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…") or None


def _aliases(project: "Project") -> dict[str, str | None]:
    return dict.fromkeys(_names(project, "models"))


def _names(project: "Project", section: Literal["agents", "models", "variables"]) -> list[str]:
    """The names that stand in a section: in the order of the files, and then those of broken parts."""
    sound = list({"agents": project.agents, "models": project.models, "variables": project.variables}[section])
    return [*sound, *sorted(project.names[section].difference(sound))]


def _file(context: click.Context) -> Path | None:
    """The FILE that stands on the command line already."""
    given = context.params.get("file") or context.params.get("target")
    if given is None and context.args:  # behind an option that has no value yet, click sorts no arguments
        given = Path(context.args[0])
    return given if isinstance(given, Path) else None


def _project(context: click.Context) -> "Project | None":
    """What FILE and all that it includes say, as far as they can be read."""
    file = _file(context)
    if file is None:
        return None
    from orchestrator.project import compose, read_file, read_files

    try:
        return compose(read_files(file.resolve(), read_file(file, str(file))))[0]
    except (OSError, ValueError, RuntimeError):  # a name that no file has, links in a circle
        return None


def _called(session: "Summary") -> str:
    return session.name if session.name and _is_plain(session.name) else session.id


def _sessions(context: click.Context) -> "Iterable[Summary]":
    import asyncio
    import os

    from orchestrator.errors import OrchestrateError
    from orchestrator.stores.places import store_path
    from orchestrator.stores.sqlite import SqliteStore

    async def listed(path: Path) -> "list[Summary]":
        async with SqliteStore(path) as store:
            return await store.list()

    try:
        path = store_path(_file(context), context.params.get("store"), os.environ)
        return asyncio.run(listed(path)) if path.is_file() else []
    except (OrchestrateError, OSError, ValueError):
        return []
