"""A conversation as text: what the agents say on one stream, what happens around it on the other."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TextIO

from rich.console import Console
from rich.markup import escape

from orchestrator.agents import AgentGraph
from orchestrator.events import (
    ApprovalGiven,
    Event,
    FellBack,
    HandedOff,
    HistoryTrimmed,
    ModelAsked,
    ModelResponded,
    ModelRestarted,
    Retrying,
    RunFinished,
    TextDelta,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    to_json,
)
from orchestrator.messages import ToolCall
from orchestrator.render.excerpts import harmless
from orchestrator.render.words import BROKE_OFF, arguments_of, ending, first_line, trouble

View = Callable[[Event], None]

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def json_lines(out: TextIO) -> View:
    """A view that writes each event as a line of JSON and nothing else."""

    def show(event: Event) -> None:
        out.write(to_json(event) + "\n")
        out.flush()

    return show


def note(lines: Iterable[str], err: TextIO) -> None:
    """Write lines that are there if wanted: dim, where the stream can be."""
    console = _console(err)
    for line in lines:
        console.print(harmless(line), style="dim", markup=False)


class TextView:
    """Shows a conversation to a person.

    Replies go to ``out``: to a terminal under the agent's label and as they stream, to anything else each when it is
    complete, since what is written there can't be taken back. Each tool call, handoff, trouble with a model and unusual
    end is told on ``err``.
    """

    def __init__(self, graph: AgentGraph, out: TextIO, err: TextIO) -> None:
        self._graph = graph
        self._out = out
        self._terminal = out.isatty()
        self._says = _console(out)
        self._tells = _console(err)
        self._calls: dict[str, ToolCall] = {}
        self._agent = ""
        self._mid_line = False
        self._streamed = False  # something of the reply is shown already

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case ModelAsked():
                self._agent = event.agent
                self._streamed = False
            case TextDelta() if self._terminal:
                self._say(event.text)
                self._streamed = True
            case ModelRestarted():
                self._restarted()
            case ModelResponded():
                self._responded(event)
            case ToolStarted() | ToolProgress() | ToolFinished() | ApprovalGiven():
                self._tool(event)
            case HandedOff():
                self._tell(f"⇒ {self._label(event.target)}", "cyan")
            case Retrying() | FellBack() | HistoryTrimmed():
                self._bad_day(event)
            case RunFinished():
                self._finished(event)
            case _:
                pass

    def recall(self, calls: Iterable[ToolCall]) -> None:
        """Make calls known that were made before this view began: those that a run goes on with."""
        self._calls |= {call.id: call for call in calls}

    def _say(self, text: str) -> None:
        if not self._mid_line and self._terminal:
            self._says.print(f"[bold cyan]{escape(self._label(self._agent))}:[/] ", end="")
        # what a model writes must not steer the terminal
        self._out.write(_CONTROLS.sub("", text) if self._terminal else text)
        self._out.flush()
        self._mid_line = True

    def _end_line(self) -> None:
        if self._mid_line:
            self._out.write("\n")
            self._out.flush()
            self._mid_line = False

    def _tell(self, text: str, style: str = "dim") -> None:
        self._end_line()
        for line in text.splitlines():
            self._tells.print(harmless(line), style=style, markup=False)

    def _restarted(self) -> None:
        """Say that what stands on the terminal is void, where something does."""
        if self._streamed:
            self._end_line()
            self._says.print(BROKE_OFF, style="dim", markup=False)
            self._streamed = False

    def _responded(self, event: ModelResponded) -> None:
        if event.message.content and not self._streamed:
            self._say(event.message.content)
        self._end_line()
        self._calls |= {call.id: call for call in event.message.tool_calls}

    def _bad_day(self, event: Retrying | FellBack | HistoryTrimmed) -> None:
        told = trouble(event)
        if told is not None:
            self._tell(told, "yellow" if isinstance(event, FellBack) else "dim")

    def _tool(self, event: ToolStarted | ToolProgress | ToolFinished | ApprovalGiven) -> None:
        call = self._calls.get(event.call_id) or ToolCall(event.call_id, event.call_id, "")
        match event:
            case ToolStarted():
                self._tell(f"→ {call.name}({arguments_of(call)})")
            case ToolProgress(text=text):
                self._tell(f"  {call.name}: {text}")
            case ToolFinished(error=True, content=content):
                self._tell(f"✗ {call.name}: {first_line(content)}", "red")
            case ApprovalGiven(arguments=str(arguments)):
                self._calls[call.id] = replace(call, arguments=arguments)
            case _:
                pass

    def _finished(self, event: RunFinished) -> None:
        if event.status == "ended" and event.detail:
            self._say(event.detail)
        self._end_line()
        for line in ending(event):
            self._tell(line, "yellow")

    def _label(self, name: str) -> str:
        agent = self._graph.agents.get(name)
        return agent.label if agent else name


def _console(file: TextIO) -> Console:
    return Console(file=file, highlight=False, soft_wrap=True, emoji=False)
