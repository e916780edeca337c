"""The commands of a conversation: lines that begin with ``/``."""

from functools import partial

from orchestrator.cli.conversation.chat import Chat
from orchestrator.cli.conversation.commands.command import Command, aligned, tell
from orchestrator.cli.conversation.commands.looking import (
    show_graph,
    show_history,
    show_prompt,
    show_tools,
    show_usage,
    show_variables,
    tools_of,
    verbose,
)
from orchestrator.cli.conversation.commands.saving import save
from orchestrator.cli.conversation.commands.turning import (
    agents_of,
    choose_agent,
    choose_model,
    fork,
    models_of,
    retry,
    settings_of,
    undo,
    variable,
)
from orchestrator.cli.conversation.completing import Completed, offers_of
from orchestrator.cli.conversation.readers import Editor
from orchestrator.errors import OrchestrateError
from orchestrator.render.excerpts import harmless
from orchestrator.spec import nearest


async def obey(chat: Chat, line: str) -> bool:
    """Do what a line that begins with ``/`` says. False: the conversation is to end.

    Nothing that is typed ends it otherwise: what can't be done is said in a line.
    """
    name, argument = _parted(line)
    try:
        if name.startswith("/"):
            await chat.say(line[1:])
        elif (command := COMMANDS.get(name)) is None:
            tell(chat, f"there is no command /{harmless(name)}; {_meant(name)}")
        elif not command.takes(argument):
            tell(chat, f"write {command.form}")
        else:
            await command.obey(chat, argument)
    except _Leave:
        return False
    except OrchestrateError as error:
        tell(chat, f"error: {error}")
    return True


def rows() -> list[tuple[str, str]]:
    """Give each command, as it is written, and what it does."""
    return [(command.form, command.about) for command in COMMANDS.values()]


def teach(chat: Chat, reader: Editor) -> None:
    """Have a reader complete the commands of this conversation, and forget lines that hold secrets."""
    known = [Completed(each.name, each.about, partial(each.choices, chat)) for each in COMMANDS.values()]
    reader.learn(offers_of(known), lambda line: not _holds_secret(chat, line))


def _parted(line: str) -> tuple[str, str]:
    """The name of the command, and what stands behind it."""
    name, argument = [*line[1:].split(maxsplit=1), "", ""][:2]
    return name, argument.strip()


def _meant(name: str) -> str:
    begun = [each for each in COMMANDS if name and each.startswith(name.lower())]
    near = begun[0] if begun else nearest(name.lower(), list(COMMANDS))
    return f"did you mean /{near}?" if near else "/help shows them all"


def _holds_secret(chat: Chat, line: str) -> bool:
    name, argument = _parted(line)
    secret = [each.name for each in chat.graph.variables.values() if each.secret]
    return line.startswith("/") and name == SET.name and argument.partition("=")[0].strip() in secret


async def _help(chat: Chat, _: str) -> None:
    tell(chat, *aligned({**dict(rows()), "//TEXT": "say /TEXT to the agent"}))
    tell(chat, "Enter sends, Alt-Enter begins a new line. Ctrl-C stops the turn; a second one, or Ctrl-D, leaves.")


class _Leave(Exception):  # noqa: N818 - no error
    """The conversation is to end."""


async def _leave(_: Chat, __: str) -> None:
    raise _Leave


SET = Command("set", "NAME=VALUE", "set a variable from the next turn on", variable, settings_of)
_ALL = (
    Command("help", "", "show the commands", _help),
    Command("agent", "[NAME]", "show who answers, or choose who answers next", choose_agent, agents_of),
    Command("tools", "[NAME]", "show what the agent can do, or one tool in full", show_tools, tools_of),
    Command("graph", "", "draw the agents, and the way that was taken", show_graph),
    Command("prompt", "", "show what the model sees now", show_prompt),
    Command("vars", "", "show the variables", show_variables),
    SET,
    Command("history", "", "show what was said and done", show_history),
    Command("usage", "", "show what each turn, agent and model took", show_usage),
    Command("undo", "", "take the last turn back", undo),
    Command("retry", "", "take the last turn back, and say the same again", retry),
    Command("fork", "", "go on in a copy of this session", fork),
    Command("save", "FILE", "write the conversation to a file: .md, .json (messages) or .jsonl (events)", save),
    Command("model", "[NAME]", "show the models, or choose one for every agent", choose_model, models_of),
    Command("verbose", "", "show calls in full, or in a line again", verbose),
    Command("quit", "", "leave; the conversation is kept", _leave),
)
COMMANDS = {command.name: command for command in _ALL}
"""The commands, by name, in the order in which people read them."""
