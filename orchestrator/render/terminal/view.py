"""A conversation on a terminal: who speaks, the answers as they come, and quietly what happens around them."""

import contextlib
import io
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TextIO

from rich.text import Text

from orchestrator.agents import AgentGraph
from orchestrator.events import (
    ApprovalGiven,
    ApprovalRequested,
    Event,
    FellBack,
    HandedOff,
    HistoryTrimmed,
    ModelAsked,
    ModelResponded,
    ModelRestarted,
    RecordedEvent,
    Retrying,
    RunFinished,
    RunStarted,
    TextDelta,
    ToolAnnounced,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)
from orchestrator.messages import ToolCall
from orchestrator.render.conversation import TextView
from orchestrator.render.excerpts import harmless
from orchestrator.render.terminal.blocks import lines_of
from orchestrator.render.terminal.calls import Call, elapsed, finished, in_full, running
from orchestrator.render.terminal.layout import Layout
from orchestrator.render.terminal.markdown import Block, MarkdownStream
from orchestrator.render.terminal.prints import Prints
from orchestrator.render.terminal.surface import Size, Surface, size_of
from orchestrator.render.words import BROKE_OFF, ending, trouble

Clock = Callable[[], float]

DRAWING_SECONDS = 0.05
"""Text is drawn so often at most, and less often where drawing takes its time."""

_SHARE = 4  # of the time, what drawing leaves to the rest for each part of its own
_SILENCE = 1.0  # seconds after which a model that has begun to answer is shown to be waited for
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_COLORS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta", "bright_green")


class TerminalView:
    """Shows a conversation on a terminal, which ``out`` is, or ``err``, or both.

    Answers are rendered as Markdown while they come. If only one of the streams is a terminal, the other one gets its
    share as plain text. Call ``tick`` about ten times a second while a run is under way.

    Args:
        graph: the agents that may speak.
        out: gets the answers.
        err: gets what happens around them. If both are terminals, they are taken to be the same one.
        verbose: whether calls are shown with all their arguments and results. May be set at any time.
        clock: tells the seconds.
        size: tells the columns and lines of the terminal.
    """

    def __init__(
        self,
        graph: AgentGraph,
        out: TextIO,
        err: TextIO,
        *,
        verbose: bool = False,
        clock: Clock = time.monotonic,
        size: Size | None = None,
    ) -> None:
        self.verbose = verbose
        self._graph = graph
        self._clock = clock
        screen = out if out.isatty() else err
        self._surface = Surface(screen, size or (lambda: size_of(screen)))
        self._answers, self._notes = out.isatty(), err.isatty()
        # what is no terminal gets from the other view what it gets without one
        self._plain = TextView(graph, _Nowhere() if self._answers else out, _Nowhere() if self._notes else err)
        self._prints = Prints(err)
        self._agent = graph.entry
        self._speaker = ""
        self._page = Layout()
        self._next = 0.0  # when the text may be drawn again
        self._reply = MarkdownStream()
        self._said = 0  # blocks of the reply that are printed
        self._streamed = False
        self._asked: float | None = None  # since when the model is waited for
        self._heard = 0.0
        self._announced = ""
        self._calls: dict[str, Call] = {}  # of the turn
        self._running: list[str] = []  # the ids of the calls that run

    def __call__(self, event: Event) -> None:
        """Show one event."""
        self._plain(event)
        match event:
            case TextDelta(text=text):
                self._delta(text)
            case ToolAnnounced() | ToolProgress():
                self._progress(event)
            case ModelAsked() | ModelRestarted() | ModelResponded():
                self._model(event)
            case ToolStarted() | ToolFinished() | ApprovalRequested() | ApprovalGiven():
                self._tool(event)
            case HandedOff(target=target):
                self._handed_off(target)
            case Retrying() | FellBack() | HistoryTrimmed():
                self._note(trouble(event), "yellow" if isinstance(event, FellBack) else "dim")
            case RunStarted():
                self._speaker = ""
                self._calls.clear()
            case RunFinished():
                self._finished(event)
            case _:
                return
        if not isinstance(event, TextDelta | ToolAnnounced | ToolProgress):
            self._draw()
        else:
            self.tick()

    def tick(self) -> None:
        """Draw anew what moves on: the time, and the text that has come. Too soon after the last time, do nothing."""
        if self._clock() >= self._next:
            self._draw()

    @contextlib.contextmanager
    def waiting_for_person(self) -> Iterator[None]:
        """While this lasts, nothing is drawn, and what is to be printed waits."""
        self.pause()
        try:
            yield
        finally:
            self.resume()

    @contextlib.contextmanager
    def printing_above(self) -> Iterator[None]:
        """While this lasts, what tools print stands above what is drawn and does not run into it."""
        if not self._notes:
            yield
            return
        with contextlib.redirect_stdout(self._prints), contextlib.redirect_stderr(self._prints):
            try:
                yield
            finally:
                self._print(over=True)
                self._draw()

    def pause(self) -> None:
        """Take what is drawn off the screen, before a person is asked something."""
        self._print()
        self._surface.update(self._page.take())
        self._surface.pause()
        self._prints.open = True
        self._page.begin()

    def resume(self) -> None:
        """Go on after a pause."""
        self._prints.open = False
        self._surface.resume()
        self._draw()

    def close(self) -> None:
        """Leave the screen clean. What was shown of an answer that is not finished stays."""
        self.resume()
        self._say(over=True)
        self._asked = None
        for call_id in self._running:  # how long it went on, nobody saw
            self._calls[call_id] = replace(self._known(call_id), started_at=None)
        self._running.clear()
        self._draw()

    def expand(self) -> None:
        """Print the calls of the last turn with all their arguments and results."""
        self._page.begin()
        for call in self._calls.values():
            self._page.put("call", in_full(call, self._width(), None))
        if not self._calls:
            self._page.put("note", [Text("the last turn called no tool", "dim")])
        self._draw()

    def greet(self, lines: Iterable[str], turn: Iterable[RecordedEvent]) -> None:
        """Begin a conversation with some lines, and with the turn that was the last one before.

        An answer that is not drawn but written is not written again.
        """
        for line in lines:
            self._note(line)
        if self._answers and self._notes:
            for event in turn:
                self._quote(event)
                self(event)
        self.close()

    def recall(self, calls: Iterable[ToolCall]) -> None:
        """Make calls known that were made before this view began: those that a run goes on with."""
        made = tuple(calls)
        self._plain.recall(made)
        self._calls |= {call.id: Call(call) for call in made}

    def _quote(self, event: RecordedEvent) -> None:
        """Show what the person had said."""
        if isinstance(event, RunStarted):
            self._page.put("note", [Text()])
            for line in f"> {event.message}".splitlines():
                self._note(line, "none")

    def _delta(self, text: str) -> None:
        self._streamed, self._heard = True, self._clock()
        self._hear(text)

    def _hear(self, text: str) -> None:
        if self._answers:
            self._reply.feed(text)
            if not self._said and text.strip():
                self._speak()

    def _progress(self, event: ToolAnnounced | ToolProgress) -> None:
        match event:
            case ToolAnnounced(name=name):
                self._announced = name
            case ToolProgress(call_id=call_id, text=text):
                self._calls[call_id] = replace(self._known(call_id), progress=text)

    def _model(self, event: ModelAsked | ModelRestarted | ModelResponded) -> None:
        match event:
            case ModelAsked(agent=agent):
                self._agent = agent
                self._wait()
            case ModelRestarted():
                if self._said:
                    self._page.put("note", [Text(BROKE_OFF, "dim")])
                self._wait()
            case ModelResponded(message=message):
                if message.content and not self._streamed:
                    self._hear(message.content)
                self._say(over=True)
                self._asked = None
                self._calls |= {call.id: Call(call) for call in message.tool_calls}

    def _wait(self) -> None:
        """A reply begins, or begins anew: what was not printed yet is void."""
        self._reply, self._said, self._streamed = MarkdownStream(), 0, False
        self._asked = self._clock()
        self._announced = ""

    def _tool(self, event: ToolStarted | ToolFinished | ApprovalRequested | ApprovalGiven) -> None:
        call = self._known(event.call_id)
        if self._notes:
            self._speak()
        match event:
            case ToolStarted(at=at):
                self._calls[event.call_id] = replace(call, since=self._clock(), started_at=at)
                self._running.append(event.call_id)
            case ToolFinished(content=content, error=error, at=at):
                self._over(event.call_id, content, error, at)
            case ApprovalGiven(arguments=str(arguments)):
                self._calls[event.call_id] = replace(call, call=replace(call.call, arguments=arguments))
            case _:
                pass

    def _over(self, call_id: str, content: str, error: bool, at: float) -> None:
        call = replace(self._known(call_id), result=content, error=error, finished_at=at)
        self._calls[call_id] = call
        self._running = [one for one in self._running if one != call_id]
        self._print(over=True)
        if self._notes:
            told = in_full if self.verbose else finished
            self._page.put("call", told(call, self._width()))

    def _known(self, call_id: str) -> Call:
        return self._calls.get(call_id) or Call(ToolCall(call_id, call_id, ""))

    def _handed_off(self, target: str) -> None:
        self._agent = target
        if self._notes:
            self._speaker = target
            self._page.put("speaker", [Text(f"⇒ {self._label()}", self._style())])

    def _finished(self, event: RunFinished) -> None:
        self._say(over=True)
        self._asked = None
        for answer in event.answers:
            if answer.call_id in self._running:
                self._over(answer.call_id, answer.content, True, event.at)
        self._running.clear()
        if event.status == "ended" and event.detail:
            self._hear(event.detail)
            self._say(over=True)
        for line in ending(event):
            self._note(line, "yellow")

    def _note(self, line: str | None, style: str = "dim") -> None:
        if line is not None and self._notes:
            text = Text(harmless(line), style)
            self._page.put("note", text.wrap(self._surface.console, self._width()))

    def _speak(self) -> None:
        """Say whose words or calls follow, if it is another one than before."""
        if self._speaker != self._agent:
            self._speaker = self._agent
            self._page.put("speaker", [Text(f"● {self._label()}", self._style())])

    def _say(self, *, over: bool = False) -> None:
        """Print the blocks of the reply that are finished."""
        for block in self._reply.finished(over=over):
            lines = self._lines([block])
            if lines:
                self._page.put("text", lines, apart=self._apart(block))
                self._said += 1
        if over:
            self._reply, self._said = MarkdownStream(), 0

    def _print(self, *, over: bool = False) -> None:
        """Show what tools have printed."""
        lines = self._prints.take(over=over)
        if lines:
            self._page.put("note", map(Text, lines))

    def _draw(self) -> None:
        began = self._clock()
        self._print()
        self._say()
        self._surface.update(self._page.take(), self._rows(began))
        now = self._clock()
        self._next = now + max(DRAWING_SECONDS, _SHARE * (now - began))

    def _rows(self, now: float) -> list[Text]:
        """What is drawn anew: the text that is not finished, the calls that run, what is waited for."""
        frame = _FRAMES[int(now * 10) % len(_FRAMES)]
        width = self._width()
        rows = self._unfinished()
        calls = [running(call, frame, now - call.since, width) for call in map(self._known, self._running)]
        silent = not (self._streamed and self._answers) or now - self._heard >= _SILENCE
        if self._asked is not None and silent:
            doing = f" · {harmless(self._announced)}" if self._announced else ""
            label = f"{self._label()}{doing}{elapsed(now - self._asked)}"
            calls.append(Text.assemble((frame, self._color()), " ", (label, "dim")))
        if calls and (rows or self._page.apart("call")):
            rows.append(Text())
        return rows + calls

    def _unfinished(self) -> list[Text]:
        blocks = self._reply.rest()
        lines = self._lines(blocks)
        return [Text(), *lines] if lines and self._apart(blocks[0]) else lines

    def _apart(self, block: Block) -> bool:
        """Whether a blank line stands before a block of the reply."""
        inside = self._said and self._page.after("text")
        return not block.joined if inside else self._page.apart("text")

    def _lines(self, blocks: Sequence[Block]) -> list[Text]:
        return list(lines_of(blocks, self._surface.console, self._width()))

    def _width(self) -> int:
        return max(self._surface.width - 1, 1)  # no line fills the screen: what it does then, terminals do not agree on

    def _label(self) -> str:
        agent = self._graph.agents.get(self._agent)
        return harmless(agent.label if agent else self._agent)

    def _color(self) -> str:
        names = list(self._graph.agents)
        return _COLORS[names.index(self._agent) % len(_COLORS)] if self._agent in names else "white"

    def _style(self) -> str:
        return f"bold {self._color()}"


class _Nowhere(io.StringIO):
    """Where the share of a stream goes that the terminal shows already."""

    def write(self, text: str) -> int:
        return len(text)
