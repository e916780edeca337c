"""Commands that change how the conversation goes on: who answers, with what, and from where."""

import json
from collections.abc import Mapping

from orchestrator.cli.conversation.chat import Chat
from orchestrator.cli.conversation.commands.command import aligned, tell
from orchestrator.cli.options import meant
from orchestrator.errors import UsageError
from orchestrator.model import Model
from orchestrator.render.excerpts import harmless

_MESSAGE_CHARS = 60


async def choose_agent(chat: Chat, name: str) -> None:
    """Say who answers and who could, or choose who answers next."""
    if name:
        if name not in chat.graph.agents:
            raise UsageError(f"no agent named {name!r}; {meant(name, chat.graph.agents, 'there are')}")
        chat.agent = name
        tell(chat, f"{harmless(chat.next_agent.label)} answers next")
        return
    current = chat.next_agent.name
    marked = {f"{'>' if each == current else ' '} {each}": about for each, about in agents_of(chat).items()}
    tell(chat, f"{harmless(chat.next_agent.label)} answers next; /agent NAME chooses another", *aligned(marked, ""))


async def variable(chat: Chat, assignment: str) -> None:
    """Set a variable from the next turn on."""
    name, equals, text = assignment.partition("=")
    name = name.strip()
    if not equals:
        raise UsageError("write /set NAME=VALUE")
    if name not in chat.graph.variables:
        raise UsageError(f"no variable named {name!r}; {meant(name, chat.graph.variables, 'declared are')}")
    declared = chat.graph.variables[name]
    value = declared.parse(text.strip())
    chat.variables[name] = value
    told = "set" if declared.secret else harmless(json.dumps(value, ensure_ascii=False))
    tell(chat, f"{name}: {told}, from the next turn on")


async def undo(chat: Chat, _: str) -> None:
    """Take the last turn back."""
    await _taken_back(chat)


async def retry(chat: Chat, _: str) -> None:
    """Take the last turn back, and say the same again."""
    await chat.say(await _taken_back(chat))


async def fork(chat: Chat, _: str) -> None:
    """Go on in a copy of the session."""
    before = chat.session.id
    if not chat.session.events:
        raise UsageError("nothing was said yet, so there is nothing to copy")
    await chat.fork()
    tell(chat, f"this is session {chat.session.id} now; {before} stays as it is")


async def choose_model(chat: Chat, name: str) -> None:
    """Show the models, or choose one for every agent from the next turn on."""
    if not name:
        tell(chat, *aligned({agent.label: _named(agent.model) for agent in chat.graph.agents.values()}))
        return
    if chat.models is None:
        raise UsageError("a script or a recording answers here: the model can't be changed")
    if chat.models and name not in chat.models:
        raise UsageError(f"no model {name!r}; {meant(name, chat.models, 'the file has')}")
    model = chat.models.get(name) or Model(name)
    chat.use_model(model)
    tell(chat, f"{harmless(_named(model))} answers for every agent, from the next turn on")


def agents_of(chat: Chat) -> Mapping[str, str]:
    """The agents, and what they are for."""
    return {name: harmless(agent.description or agent.label) for name, agent in chat.graph.agents.items()}


def settings_of(chat: Chat) -> Mapping[str, str]:
    """The variables, and the values of those that have a choice, as they are set."""
    found: dict[str, str] = {}
    for each in chat.graph.variables.values():
        found[f"{each.name}="] = harmless(each.description or each.type)
        texts = [choice if isinstance(choice, str) else json.dumps(choice) for choice in each.enum]
        found |= {f"{each.name}={text}": "" for text in texts}
    return found


def models_of(chat: Chat) -> Mapping[str, str]:
    """The models that may be chosen, by alias."""
    return {alias: model.model for alias, model in (chat.models or {}).items()}


def _named(model: Model) -> str:
    return model.model if model.name == model.model else f"{model.alias} ({model.model})"


async def _taken_back(chat: Chat) -> str:
    """Take the last turn back, and give what the person had said."""
    before = chat.session.id
    message = await chat.undo()
    if not message:
        raise UsageError("there is no turn to take back")
    said = harmless(message if len(message) <= _MESSAGE_CHARS else f"{message[:_MESSAGE_CHARS]}…")
    tell(chat, f"taken back: {said}", f"this is session {chat.session.id} now; {before} stays as it was")
    return message
