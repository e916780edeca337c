"""A conversation as text: what the agents say on one stream, what happens around it on the other."""

import json
import re
from collections.abc import Callable, Iterable
from typing import TextIO

from rich.console import Console
from rich.markup import escape

from orchestrator.agents import AgentGraph
from orchestrator.events import (
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

View = Callable[[Event], None]

ARGUMENTS_SHOWN = 100  # characters
SILENT_SECONDS = 1.0  # shorter pauses are not worth a line
_LONGER = "help: give the model history: {max_tokens: N}, or a smaller N, or take one with a longer context"
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
            case ToolStarted():
                call = self._calls[event.call_id]
                self._tell(f"→ {call.name}({arguments_of(call)})")
            case ToolProgress():
                self._tell(f"  {self._name(event.call_id)}: {event.text}")
            case ToolFinished():
                if event.error:
                    self._tell(f"✗ {self._name(event.call_id)}: {_first_line(event.content)}", "red")
            case HandedOff():
                self._tell(f"⇒ {self._graph.agents[event.target].label}", "cyan")
            case Retrying() | FellBack() | HistoryTrimmed():
                self._bad_day(event)
            case RunFinished():
                self._finished(event)
            case _:
                pass

    def _say(self, text: str) -> None:
        if not self._mid_line and self._terminal:
            label = self._graph.agents[self._agent].label
            self._says.print(f"[bold cyan]{escape(label)}:[/] ", end="")
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
            self._says.print("… (the answer broke off; it begins anew)", style="dim", markup=False)
            self._streamed = False

    def _responded(self, event: ModelResponded) -> None:
        if event.message.content and not self._streamed:
            self._say(event.message.content)
        self._end_line()
        self._calls |= {call.id: call for call in event.message.tool_calls}

    def _bad_day(self, event: Retrying | FellBack | HistoryTrimmed) -> None:
        match event:
            case Retrying(seconds=seconds, attempt=attempt):
                if seconds >= SILENT_SECONDS or attempt > 2:
                    self._tell(f"trying again in {_pause(seconds)} s (attempt {attempt}): {event.reason}")
            case FellBack():
                self._tell(f"asking model {event.to_model!r} instead: {event.reason}", "yellow")
            case HistoryTrimmed(messages=count):
                gone = "oldest message is" if count == 1 else f"{count:,} oldest messages are"
                self._tell(f"the {gone} no longer sent to the model")

    def _finished(self, event: RunFinished) -> None:
        if event.status == "ended" and event.detail:
            self._say(event.detail)
        self._end_line()
        if event.status not in {"answered", "ended"}:
            self._tell(f"the run ended: {event.status}{': ' + event.detail if event.detail else ''}", "yellow")
        if event.status == "context_length":
            self._tell(_LONGER)

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


def _console(file: TextIO) -> Console:
    return Console(file=file, highlight=False, soft_wrap=True, emoji=False)


def _first_line(text: str) -> str:
    return next(iter(text.splitlines()), "")


def _pause(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= SILENT_SECONDS else f"{seconds:.1f}"
