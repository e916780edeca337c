"""A conversation from the command line: turns in, events out, until the input ends."""

import asyncio
import errno
import os
import sys
from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass

from orchestrator.agents import AgentGraph, default_label
from orchestrator.cli.conversation.beginning import difference, how_to_go_on, open_session
from orchestrator.cli.conversation.chat import Chat
from orchestrator.cli.conversation.front import Front
from orchestrator.cli.conversation.greeting import greet
from orchestrator.cli.conversation.interrupts import Interrupts
from orchestrator.cli.conversation.opening import Approve, Keeping, Opening
from orchestrator.cli.conversation.person import AtTheFront
from orchestrator.cli.conversation.readers import Editor
from orchestrator.cli.streams import unheard
from orchestrator.errors import UsageError, VariableError
from orchestrator.model import Model
from orchestrator.model_client import ModelClient
from orchestrator.render.conversation import note
from orchestrator.render.excerpts import harmless
from orchestrator.runner import Runner
from orchestrator.runner.acts import STOP_SECONDS
from orchestrator.runner.variables import values_for
from orchestrator.state import State
from orchestrator.stores import StoreError
from orchestrator.tools import tools_ask_the_person

EXIT_CODES = {"answered": 0, "ended": 0, "failed": 3, "limit": 4, "cancelled": 130}
WAITS = 6
PROMPT = "> "


@dataclass(frozen=True)
class Talk:
    """Who talks: the agents, who answers for their models, and who sits in front.

    Args:
        graph: the agents.
        client: answers the model calls.
        front: where turns come from and where events are shown.
        approve: who answers where a call needs a yes.
        hidden: texts that a tool may give and nobody may see.
        models: the models that may be asked instead, by alias; None where none may.
    """

    graph: AgentGraph
    client: ModelClient
    front: Front
    approve: Approve = "ask"
    hidden: frozenset[str] = frozenset()
    models: Mapping[str, Model] | None = None


def converse(talk: Talk, opening: Opening, keeping: Keeping) -> int:
    """Hold a conversation and give the exit code: that of the first turn that did not end well.

    Raises:
        UsageError: there is no such agent, or no such session, or it can't go on with these agents.
        VariableError: a variable that must be given was not.
        StoreError: the session can't be kept.
    """
    front = talk.front
    try:
        with tools_ask_the_person():
            code = _run(_converse(talk, opening, keeping))
    except KeyboardInterrupt:
        front.tell("\n")
        code = EXIT_CODES["cancelled"]
    except BrokenPipeError:
        return _deaf()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        front.tell(f"error: {unheard(error)}\n")
        code = EXIT_CODES["failed"]
    front.tell_usage(talk.graph)
    return code


def _run(conversation: Coroutine[None, None, int]) -> int:
    """Like ``asyncio.run``, but a tool that ignores being cancelled does not keep the process."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(conversation)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        hanging = loop.run_until_complete(asyncio.wait(left, timeout=STOP_SECONDS))[1] if left else set()
        loop.run_until_complete(loop.shutdown_asyncgens())
        if not hanging:
            asyncio.set_event_loop(None)
            loop.close()
        # else the loop stays open: closing it would only tell the person that a task of a tool is left


async def _converse(talk: Talk, opening: Opening, keeping: Keeping) -> int:
    front, interrupts = talk.front, Interrupts()
    labels = {name: agent.label for name, agent in talk.graph.agents.items()}
    person = AtTheFront(front, talk.approve, interrupts.press, lambda name: labels.get(name) or default_label(name))

    def runner_for(graph: AgentGraph) -> Runner:
        return Runner(graph, talk.client, person=person, hidden=talk.hidden)

    async with AsyncExitStack() as stack:
        for resource in (talk.client, keeping.store):
            if isinstance(resource, AbstractAsyncContextManager):
                await stack.enter_async_context(resource)
        session = await open_session(keeping)
        chat = Chat(runner_for, talk.graph, session, front, opening, interrupts, talk.models)
        if isinstance(front.reader, Editor):
            from orchestrator.cli.conversation.commands import teach

            teach(chat, front.reader)
        try:
            with interrupts.heard():
                code = await _held(chat, opening, accept=keeping.accept)
        except (KeyboardInterrupt, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and not interrupts.left:
                raise
            front.tell("\n")
            code = EXIT_CODES["cancelled"]
        except StoreError as error:
            if not chat.session.events:  # nothing has begun
                raise
            front.tell(f"error: {error}\n")
            code = EXIT_CODES["failed"]
        finally:
            await chat.session.close()
        talked = front.interactive and opening.message is None
        note(how_to_go_on(chat.session, keeping, talked=talked), sys.stderr)
        return code


async def _held(chat: Chat, opening: Opening, *, accept: bool) -> int:
    """Begin or go on, turn after turn, and give the exit code."""
    session, front = chat.session, chat.front
    found = difference(chat.graph, session, opening, accept=accept)
    note(found.notes, sys.stderr)
    front.recall(session.events, session.state)
    # said before a person has typed anything
    values_for(chat.graph, session.state.variables, opening.variables, os.environ)
    if opening.message is None:
        greet(chat)
    return await _turns(chat, opening.message, resume=found.resumable)


async def _turns(chat: Chat, message: str | None, *, resume: bool) -> int:
    """What is unfinished, then the message, or turn after turn until the input ends or a call waits for a yes."""
    codes: list[int] = []
    if chat.state.running and resume:
        codes.append(code_of(await chat.resume()))
    if message is not None and WAITS in codes:
        chat.front.tell("the message was not sent: the turn before it is not finished\n")
    elif message is not None:
        codes.append(code_of(await chat.say(message)))
    while message is None and WAITS not in codes:
        text = await _next_turn(chat)
        if text is None:
            break
        before = chat.state
        if not await _take(chat, text):
            break
        codes += [code_of(chat.state)] if chat.state is not before and chat.state.runs else []
    return WAITS if WAITS in codes else next((code for code in codes if code), 0)


async def _take(chat: Chat, text: str) -> bool:
    """Obey a command, or hold a turn. False: the conversation is to end."""
    if not chat.front.interactive:
        await chat.say(text)
    elif text.startswith("/"):
        from orchestrator.cli.conversation.commands import obey

        return await obey(chat, text)
    else:
        try:
            await chat.say(text)
        except (UsageError, VariableError) as error:  # a person can say something else instead
            chat.front.tell(f"error: {error}\n")
    return True


def code_of(state: State) -> int:
    """The exit code of a run that came to its end, or that pauses."""
    if state.running:
        return WAITS
    return EXIT_CODES.get(state.status or "", 3)


async def _next_turn(chat: Chat) -> str | None:
    """The next line that says something; None at the end."""
    while True:
        line = await chat.front.reader.read(_prompt(chat) if chat.front.interactive else "")
        if line is None or line.strip():
            return line


def _prompt(chat: Chat) -> str:
    """Apart from what came before, where it is drawn; it names who was chosen to answer instead of who would."""
    chosen = f"{harmless(chat.next_agent.label)} " if chat.agent else ""
    return f"\n{chosen}{PROMPT}" if isinstance(chat.front.reader, Editor) else f"{chosen}{PROMPT}"


def _deaf() -> int:
    """Nobody reads our output any more: end quietly, as a command in a pipe does."""
    sys.stderr = None  # else the interpreter complains while it flushes
    return 141
