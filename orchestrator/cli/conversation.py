"""A conversation from the command line: turns in, events out, until the input ends."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TextIO

from orchestrator.agents import AgentGraph
from orchestrator.cli.terminal import Lines, TerminalPerson
from orchestrator.model import ModelClient
from orchestrator.render.conversation import TextView, View, json_lines
from orchestrator.runner import Run, Runner
from orchestrator.state import State
from orchestrator.tools import tools_ask_the_person

EXIT_CODES = {"answered": 0, "ended": 0, "limit": 4, "cancelled": 130}
PROMPT = "> "


@dataclass(frozen=True)
class Front:
    """The streams of a conversation, and what shows its events."""

    out: TextIO
    view: View
    lines: Lines
    interactive: bool

    @classmethod
    def of(cls, form: str, graph: AgentGraph) -> "Front":
        """The process's own streams. From now on what tools print goes to standard error."""
        out, sys.stdout = sys.stdout, sys.stderr
        view = json_lines(out) if form == "jsonl" else TextView(graph, out, sys.stderr)
        return cls(out, view, Lines(sys.stdin), sys.stdin.isatty())

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
    """How a conversation begins. With a ``message`` that is also all of it."""

    message: str | None = None
    agent: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)


def converse(graph: AgentGraph, client: ModelClient, front: Front, opening: Opening) -> int:
    """Hold a conversation and give the exit code: that of the first turn that did not end well.

    Raises:
        UsageError: there is no such agent.
        VariableError: a variable that must be given was not.
    """
    runner = Runner(graph, client, person=TerminalPerson(front.lines, front.tell, typed=front.interactive))
    try:
        with tools_ask_the_person():
            return asyncio.run(_converse(runner, client, front, opening))
    except KeyboardInterrupt:
        front.tell("\n")
        return EXIT_CODES["cancelled"]
    except BrokenPipeError:
        return _deaf()


async def _converse(runner: Runner, client: ModelClient, front: Front, opening: Opening) -> int:
    code = 0
    state: State | None = None
    message, agent, variables = opening.message, opening.agent, opening.variables
    async with contextlib.AsyncExitStack() as stack:
        if isinstance(client, contextlib.AbstractAsyncContextManager):
            await stack.enter_async_context(client)
        text = message if message is not None else await _next_turn(front)
        while text is not None:
            run = runner.stream(text, state=state, agent=agent, variables=variables)
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
                front.view(event)
    finally:
        with contextlib.suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGINT)
    return run.state


def _deaf() -> int:
    """Nobody reads our output any more: end quietly, as a command in a pipe does."""
    sys.stderr = None  # else the interpreter complains while it flushes
    return 141
