"""Commands that show something: the tools, the graph, the prompt, the variables, and what happened."""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping

from orchestrator.agents import REQUIRED, Agent, Variable
from orchestrator.cli.colors import colored
from orchestrator.cli.conversation.chat import Chat
from orchestrator.cli.conversation.commands.command import aligned, tell
from orchestrator.cli.conversation.opening import Opening
from orchestrator.cli.conversation.screen import Screen
from orchestrator.cli.conversation.upcoming import next_request
from orchestrator.cli.options import meant
from orchestrator.clients.wire import body_of
from orchestrator.errors import UsageError, VariableError
from orchestrator.render.excerpts import harmless
from orchestrator.render.prompt import prompt
from orchestrator.render.tokens import size_of
from orchestrator.render.tools import signature
from orchestrator.render.transcript import transcript
from orchestrator.render.usage import table
from orchestrator.step import permitted
from orchestrator.tools import Tool, in_thread
from orchestrator.usage import account, prices_of

_VALUE_CHARS = 200


async def show_tools(chat: Chat, name: str) -> None:
    """Show what the agent that answers next can do, or one of its tools in full."""
    agent = chat.next_agent
    if name and name not in agent.tools_by_name:
        raise UsageError(f"{agent.label} has no tool {name!r}; {meant(name, agent.tools_by_name, 'it has')}")
    if name:
        tool = agent.tools_by_name[name]
        parameters = json.dumps(tool.schema.parameters, indent=2, ensure_ascii=False)
        _tell_harmless(chat, [*_tool(chat, tool), *tool.schema.description.splitlines(), *parameters.splitlines()])
        return
    lines = [line for tool in agent.tools for line in (*_tool(chat, tool), f"    {_purpose(tool)}")]
    _tell_harmless(chat, [f"{agent.label} has:" if lines else f"{agent.label} has no tools", *lines])
    _tell_harmless(chat, _handoffs(chat, agent))


async def show_graph(chat: Chat, _: str) -> None:
    """Draw the agents, and the way that was taken."""
    from orchestrator.render.graph import drawing
    from orchestrator.render.graph.happened import gone, happened_in
    from orchestrator.render.graph.picture import picture_of

    if not drawing.can_draw():
        raise UsageError(drawing.MISSING)
    happened = happened_in(chat.session.events)
    picture = picture_of(chat.graph, happened=happened)
    _tell_harmless(chat, gone(chat.graph, happened))
    tell(chat, drawing.text(picture, shutil.get_terminal_size().columns).rstrip("\n"))


async def show_prompt(chat: Chat, _: str) -> None:
    """Show what the model would get now, with nothing new said."""
    request = await next_request(chat.graph, Opening(None, chat.agent, chat.variables), chat.state)
    body = json.loads(body_of(request))
    size = await in_thread(lambda: size_of(body), "size of the prompt")
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else None
    agent = chat.graph.agents[request.agent]
    chat.front.tell(prompt(agent, body, size, width=width, color=colored(sys.stderr), nothing="nothing was said yet"))


async def show_variables(chat: Chat, _: str) -> None:
    """Show the variables, the secret ones only as set or not set."""
    values = {variable.name: _value(chat, variable) for variable in chat.graph.variables.values()}
    tell(chat, *(aligned(values) or ["these agents have no variables"]))


async def show_history(chat: Chat, _: str) -> None:
    """Show what was said and done, turn by turn."""
    tell(chat, *([*transcript(chat.session.events, color=colored(sys.stderr))] or ["nothing was said yet"]))


async def show_usage(chat: Chat, _: str) -> None:
    """Show what the session took so far."""
    tell(chat, *table(account(chat.session.events, prices_of(chat.graph))))


async def verbose(chat: Chat, _: str) -> None:
    """Show calls in full from now on, and those of the last turn at once; or in a line again."""
    view = chat.front.view
    if not isinstance(view, Screen):
        raise UsageError("calls can be shown in full only on a terminal; /history shows what was done")
    view.verbose = not view.verbose
    tell(chat, "calls are shown in full" if view.verbose else "calls are shown in a line")
    if view.verbose:
        view.expand()


def tools_of(chat: Chat) -> Mapping[str, str]:
    """The tools of the agent that answers next, and what they are for."""
    return {tool.name: _purpose(tool) for tool in chat.next_agent.tools}


def _tool(chat: Chat, tool: Tool) -> Iterator[str]:
    marks = []
    if tool.approval != "never":
        marks.append("asks first" if tool.approval == "always" else "may ask first")
    if tool.requires is not None:
        marks.append(f"requires {tool.requires}{'' if permitted(tool, chat.state.variables) else ': not now'}")
    yield f"  {signature(tool)}{'  · ' if marks else ''}{' · '.join(marks)}"


def _purpose(tool: Tool) -> str:
    return next(iter(tool.schema.description.splitlines()), "")


def _handoffs(chat: Chat, agent: Agent) -> list[str]:
    purposes = {edge.target: chat.graph.handoff_schemas[agent.name, edge.target].description for edge in agent.edges}
    return [f"{agent.label} may hand off to:", *aligned(purposes)] if purposes else []


def _value(chat: Chat, variable: Variable) -> str:
    """The value of a variable as the next turn begins, or where it will come from."""
    if variable.secret:
        return f"{'set' if _is_set(chat, variable) else 'not set'} (secret)"
    if variable.name in chat.variables:
        return f"{_shown(chat.variables[variable.name])} (from the next turn on)"
    if variable.name in chat.state.variables:
        return _shown(chat.state.variables[variable.name])
    try:
        if variable.env is not None and variable.env in os.environ:
            return f"{_shown(variable.parse(os.environ[variable.env]))} (from {variable.env})"
    except VariableError as error:
        return f"not set: {error}; it came from {variable.env}"
    return "not set" if variable.default is REQUIRED else _shown(variable.default)


def _is_set(chat: Chat, variable: Variable) -> bool:
    known = variable.name in chat.variables or (variable.env is not None and variable.env in os.environ)
    return known or variable.default is not REQUIRED


def _shown(value: object) -> str:
    text = harmless(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _VALUE_CHARS else f"{text[:_VALUE_CHARS]}…"


def _tell_harmless(chat: Chat, lines: Iterable[str]) -> None:
    tell(chat, *map(harmless, lines))
