"""A conversation as text: what the agents say on one stream, what happens around it on the other."""

import json
import re
from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.markup import escape

from orchestrator.agents import AgentGraph
from orchestrator.events import (
    Event,
    HandedOff,
    ModelAsked,
    ModelResponded,
    RunFinished,
    TextDelta,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    to_json,
)
from orchestrator.messages import ToolCall

View = Callable[[Event], None]

ARGUMENTS_SHOWN = 100
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def json_lines(out: TextIO) -> View:
    """A view that writes each event as a line of JSON and nothing else."""

    def show(event: Event) -> None:
        out.write(to_json(event) + "\n")
        out.flush()

    return show


class TextView:
    """Shows a conversation to a person.

    Replies stream to ``out``, under the agent's label if it is a terminal; each tool call, handoff and unusual end is
    one line on ``err``.
    """

    def __init__(self, graph: AgentGraph, out: TextIO, err: TextIO) -> None:
        self._graph = graph
        self._out = out
        self._labelled = out.isatty()
        self._says = Console(file=out, highlight=False)
        self._tells = Console(file=err, highlight=False, soft_wrap=True)
        self._calls: dict[str, ToolCall] = {}
        self._agent = ""
        self._mid_line = False

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case ModelAsked():
                self._agent = event.agent
            case TextDelta():
                self._say(event.text)
            case ModelResponded():
                self._responded(event)
            case ToolStarted():
                call = self._calls[event.call_id]
                self._tell(f"→ {call.name}({arguments_of(call)})")
            case ToolProgress():
                self._tell(f"  {self._name(event.call_id)}: {event.text}")
            case ToolFinished():
                if event.error:
                    self._tell(f"✗ {self._name(event.call_id)}: {event.content.splitlines()[0]}", "red")
            case HandedOff():
                self._tell(f"⇒ {self._graph.agents[event.target].label}", "cyan")
            case RunFinished():
                self._finished(event)
            case _:
                pass

    def _say(self, text: str) -> None:
        if not self._mid_line and self._labelled:
            label = self._graph.agents[self._agent].label
            self._says.print(f"[bold cyan]{escape(label)}:[/] ", end="")
        # what a model writes must not steer the terminal
        self._out.write(_CONTROLS.sub("", text) if self._labelled else text)
        self._out.flush()
        self._mid_line = True

    def _end_line(self) -> None:
        if self._mid_line:
            self._out.write("\n")
            self._out.flush()
            self._mid_line = False

    def _tell(self, line: str, style: str = "dim") -> None:
        self._end_line()
        self._tells.print(line, style=style, markup=False)

    def _responded(self, event: ModelResponded) -> None:
        if event.message.content and not self._mid_line:
            self._say(event.message.content)
        self._end_line()
        self._calls |= {call.id: call for call in event.message.tool_calls}

    def _finished(self, event: RunFinished) -> None:
        if event.status == "ended" and event.detail:
            self._say(event.detail)
        self._end_line()
        if event.status not in {"answered", "ended"}:
            self._tell(f"the run ended: {event.status}{': ' + event.detail if event.detail else ''}", "yellow")

    def _name(self, call_id: str) -> str:
        return self._calls[call_id].name


def arguments_of(call: ToolCall) -> str:
    """A call's arguments as people write them: ``search_query='rocket boots'``; as they are when they are no object."""
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        arguments = None
    if isinstance(arguments, dict):
        text = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    else:
        text = call.arguments
    return text if len(text) <= ARGUMENTS_SHOWN else f"{text[:ARGUMENTS_SHOWN]}…"
