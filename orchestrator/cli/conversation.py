"""A conversation from the command line: turns in, events out, until the input ends."""

import asyncio
import contextlib
import errno
import signal
import sys
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TextIO

from orchestrator.agents import AgentGraph
from orchestrator.cli.terminal import Lines, TerminalPerson
from orchestrator.events import Event, LiveEvent, RecordedEvent
from orchestrator.model import ModelClient
from orchestrator.render.conversation import TextView, View, json_lines, note
from orchestrator.render.usage import summary, table
from orchestrator.runner import Run, Runner
from orchestrator.runner.acts import STOP_SECONDS
from orchestrator.state import State
from orchestrator.tools import tools_ask_the_person
from orchestrator.usage import account, prices_of

EXIT_CODES = {"answered": 0, "ended": 0, "failed": 3, "limit": 4, "cancelled": 130}
PROMPT = "> "

UsageTold = Literal["line", "table"] | None


@dataclass(frozen=True)
class Front:
    """The streams of a conversation, what shows its events, and what to tell of its usage at the end."""

    view: View
    lines: Lines
    interactive: bool
    usage: UsageTold = None
    log: list[RecordedEvent] = field(default_factory=list)

    @classmethod
    def of(cls, form: str, graph: AgentGraph, out: TextIO, usage: UsageTold = None) -> "Front":
        """The process's own streams, with ``out`` for the answers."""
        view = json_lines(out) if form == "jsonl" else TextView(graph, out, sys.stderr)
        return cls(view, Lines(sys.stdin), sys.stdin.isatty(), usage)

    def show(self, event: Event) -> None:
        """Show an event, and keep it for the end if it is more than a glimpse."""
        self.view(event)
        if not isinstance(event, LiveEvent):
            self.log.append(event)

    def tell_usage(self, graph: AgentGraph) -> None:
        """Say what the conversation took, if anybody wants to know."""
        if self.usage is not None:
            spent = account(self.log, prices_of(graph))
            note(table(spent) if self.usage == "table" else summary(spent), sys.stderr)

    def prompt(self) -> None:
        """Invite the person to speak, if there is one."""
        if self.interactive:
            self.tell(PROMPT)

    def tell(self, text: str) -> None:
        """Say something that is not part of the answer."""
        sys.stderr.write(text)
        sys.stderr.flush()


@dataclass(frozen=True, slots=True)
class Opening:
    """How a conversation begins. With a ``message`` that is also all of it; ``now`` holds for every turn."""

    message: str | None = None
    agent: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    now: datetime | None = None


def converse(graph: AgentGraph, client: ModelClient, front: Front, opening: Opening) -> int:
    """Hold a conversation and give the exit code: that of the first turn that did not end well.

    Raises:
        UsageError: there is no such agent.
        VariableError: a variable that must be given was not.
    """
    runner = Runner(graph, client, person=TerminalPerson(front.lines, front.tell, typed=front.interactive))
    try:
        with tools_ask_the_person():
            code = _run(_converse(runner, client, front, opening))
    except KeyboardInterrupt:
        front.tell("\n")
        code = EXIT_CODES["cancelled"]
    except BrokenPipeError:
        return _deaf()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        front.tell("error: standard output can't be written: no space is left\n")
        code = EXIT_CODES["failed"]
    front.tell_usage(graph)
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


async def _converse(runner: Runner, client: ModelClient, front: Front, opening: Opening) -> int:
    code = 0
    state: State | None = None
    message, agent, variables = opening.message, opening.agent, opening.variables
    async with contextlib.AsyncExitStack() as stack:
        if isinstance(client, contextlib.AbstractAsyncContextManager):
            await stack.enter_async_context(client)
        text = message if message is not None else await _next_turn(front)
        while text is not None:
            run = runner.stream(text, state=state, agent=agent, variables=variables, now=opening.now)
            state = await _turn(run, front)
            code = code or EXIT_CODES.get(state.status or "", 3)
            agent = None
            # a session keeps its variables, but never the secret ones
            variables = {name: value for name, value in variables.items() if runner.graph.variables[name].secret}
            text = await _next_turn(front) if message is None else None
    return code


async def _next_turn(front: Front) -> str | None:
    """The next line that says something; None at the end."""
    while True:
        front.prompt()
        line = await front.lines.read()
        if line is None and front.interactive:
            front.tell("\n")
        if line is None or line.strip():
            return line


async def _turn(run: Run, front: Front) -> State:
    """Show one run. Ctrl-C cancels it and keeps the conversation."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # on Windows Ctrl-C ends the conversation
        loop.add_signal_handler(signal.SIGINT, run.cancel)
    try:
        async with run:
            async for event in run:
                front.show(event)
    finally:
        with contextlib.suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGINT)
    return run.state


def _deaf() -> int:
    """Nobody reads our output any more: end quietly, as a command in a pipe does."""
    sys.stderr = None  # else the interpreter complains while it flushes
    return 141
