"""A session as lines for a terminal: every event that says something, with its number and its time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import click

from orchestrator.agents import default_label
from orchestrator.events import (
    ApprovalGiven,
    ApprovalRequested,
    FellBack,
    HandedOff,
    HistoryTrimmed,
    ModelResponded,
    QuestionAnswered,
    QuestionAsked,
    RecordedEvent,
    RunFinished,
    RunResumed,
    RunStarted,
    ToolFinished,
)
from orchestrator.messages import ToolCall
from orchestrator.render.excerpts import harmless
from orchestrator.render.times import day, time_of_day, took
from orchestrator.render.transcript.story import Story, Told
from orchestrator.render.transcript.words import used, verdict
from orchestrator.render.words import arguments_of, ending, trouble
from orchestrator.state import Slot, State

_LINES_SHOWN = 10
_CHARS_SHOWN = 200
_INDENT = "    "


def transcript(events: Iterable[RecordedEvent], *, color: bool = False, full: bool = False) -> Iterator[str]:
    """Give the lines that show a session. Without ``full`` long arguments and results are cut."""
    events = list(events)
    page = _Page(len(str(len(events))), color, full)
    story = Story()
    for event in events:
        yield from page.lines(story.tell(event))


def standing(state: State) -> Iterator[str]:
    """Give what a run that is under way waits for, a line each, with the calls as they would be made."""
    for slot in state.open.slots if state.open else ():
        told = _standing(slot)
        if told:
            yield harmless(f"{slot.call.id}  {slot.call.name}({slot.call.arguments}) {told}")


def _standing(slot: Slot) -> str:
    if slot.result is not None:
        return ""
    if slot.requested and slot.verdict is None:
        return "needs a yes"
    if slot.asking:
        return "waits for an answer"
    if slot.started:
        return "had begun, and has no result"
    return f"was {verdict(slot.verdict)}" if slot.verdict else "has not begun"


@dataclass(frozen=True, slots=True)
class _Page:
    digits: int
    color: bool
    full: bool

    def lines(self, told: Told) -> Iterator[str]:
        agent = default_label(told.agent)
        match told.event:
            case RunStarted() as event:
                yield from ([""] if told.turn > 1 else [])
                yield self._style(f"── turn {told.turn}, {day(event.at)} ──", bold=True)
                yield self._head(told, "You", bold=True)
                yield from self._text(event.message)
            case ModelResponded(message=message):
                marks = [agent, told.model, *([took(told.seconds)] if told.seconds is not None else [])]
                yield self._head(told, " · ".join(marks), fg="cyan", bold=True)
                yield from self._text(message.content or "")
                yield from [self._body(f"→ {call.name}", dim=True) for call in message.tool_calls]
            case ToolFinished() as event:
                yield from self._finished(told, event)
            case HandedOff() as event:
                yield from self._dropped(told)
                yield self._head(told, f"⇒ {default_label(event.target)}", fg="cyan")
            case RunFinished() as event:
                yield from self._dropped(told)
                yield from self._ended(told, event)
            case _:
                yield from self._around(told)

    def _finished(self, told: Told, event: ToolFinished) -> Iterator[str]:
        sign = "✗" if event.error else "✓"
        marks = [f"{sign} {self._call(told.call)}", *([took(told.seconds)] if told.seconds is not None else [])]
        yield self._head(told, " · ".join(marks), fg="red" if event.error else "green")
        yield from self._cut(event.content)

    def _dropped(self, told: Told) -> Iterator[str]:
        for call, answer in told.dropped:
            yield self._head(told, f"✗ {self._call(call)}", fg="red")
            yield from self._cut(answer)

    def _ended(self, told: Told, event: RunFinished) -> Iterator[str]:
        well = event.status in {"answered", "ended"}
        style: dict[str, bool | str] = {"dim": True} if well else {"fg": "yellow"}
        how, *more = [*ending(event)] or [event.status]
        yield self._head(told, " · ".join([how, *used(event)]), **style)
        yield from map(self._body, more)
        if event.status == "ended":
            yield from self._text(event.detail)

    def _around(self, told: Told) -> Iterator[str]:
        """What happens around the calls and the replies."""
        match told.event:
            case ApprovalRequested():
                yield self._head(told, f"? {self._call(told.call)} needs a yes", fg="yellow")
            case ApprovalGiven() as event:
                sign, fg = ("✗", "red") if event.verdict == "denied" else ("✓", "green")
                yield self._head(told, f"{sign} {told.call.name}: {verdict(event)}", fg=fg)
                if event.arguments is not None:
                    yield self._body(f"with other arguments: {event.arguments}")
            case QuestionAsked(question=question):
                yield self._head(told, f"? {told.call.name} asks", fg="yellow")
                yield from self._text(question)
            case QuestionAnswered() as event:
                yield self._head(told, "nobody answered" if event.refused else "You", bold=True)
                yield from self._text(event.answer)
            case FellBack() | HistoryTrimmed() as event:
                yield self._head(told, trouble(event) or "", fg="yellow")
            case RunResumed():
                yield self._head(told, f"the run goes on, {day(told.event.at)}", dim=True)
            case _:
                pass

    def _head(self, told: Told, text: str, **style: bool | str) -> str:
        margin = f"{told.number:>{self.digits + 2}}  {time_of_day(told.event.at)}  "
        return self._style(margin, dim=True) + self._style(harmless(text), **style)

    def _text(self, text: str) -> Iterator[str]:
        for line in text.strip("\n").splitlines():
            yield self._body(line)

    def _cut(self, text: str) -> Iterator[str]:
        """A result: all of it, or so much that one sees what it is."""
        lines = text.strip("\n").splitlines()
        if self.full:
            yield from map(self._body, lines)
            return
        for line in lines[:_LINES_SHOWN]:
            yield self._body(line if len(line) <= _CHARS_SHOWN else f"{line[:_CHARS_SHOWN]}…")
        if len(lines) > _LINES_SHOWN:
            yield self._body(f"… {len(lines) - _LINES_SHOWN:,} more lines", dim=True)

    def _body(self, line: str, **style: bool | str) -> str:
        return self._style(f"{_INDENT}{harmless(line)}".rstrip(), **style)

    def _call(self, call: ToolCall) -> str:
        return f"{call.name}({call.arguments if self.full else arguments_of(call)})"

    def _style(self, text: str, **style: bool | str) -> str:
        return click.style(text, **style) if self.color and style else text  # type: ignore[arg-type]  # by names
