"""What people see of a test that failed: what was expected, where it says so, and the conversation so far."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from orchestrator.events import (
    ApprovalGiven,
    FellBack,
    HandedOff,
    HistoryTrimmed,
    ModelResponded,
    QuestionAnswered,
    QuestionAsked,
    RecordedEvent,
    RunFinished,
    RunStarted,
    ToolFinished,
)
from orchestrator.messages import ToolCall
from orchestrator.render.excerpts import excerpt, harmless
from orchestrator.render.transcript.story import Story, Told
from orchestrator.render.transcript.words import verdict
from orchestrator.render.words import arguments_of, ending, trouble
from orchestrator.source.positions import LINE_BREAK
from orchestrator.testing.outcome import Failure, Outcome

_MOST_LINES = 60  # of a conversation
_MOST_OF_TEXT = 6  # lines of one text in it
_SIGNS = {"-": "red", "+": "green"}


def failed(outcome: Outcome, texts: Mapping[str, str], *, color: bool = False, width: int = 120) -> str:
    """Give each failure with its place, its line and the difference, and then the conversation so far.

    Args:
        outcome: how the test went.
        texts: the texts of files, by the paths of spans. Of a file that is not there no line is shown.
        color: whether colors may be used.
        width: the columns that lines of the conversation may take.
    """
    page = _Page(texts, color, width, frozenset(failure.message for failure in outcome.failures))
    blocks = ["\n".join(page.failure(failure)) for failure in outcome.failures]
    happened = list(page.conversation(outcome.events))
    if happened:
        blocks.append("\n".join([page.style("The conversation so far:", bold=True), *happened]))
    return "\n\n".join(blocks)


@dataclass(frozen=True, slots=True)
class _Page:
    texts: Mapping[str, str]
    color: bool
    width: int
    told: frozenset[str]

    def failure(self, failure: Failure) -> Iterator[str]:
        span = failure.span
        place = self.style(f"{harmless(span.path)}:{span.line}:{span.column}:", bold=True)
        yield f"{place} {self.style(failure.expectation, fg='red', bold=True)}: {harmless(failure.message)}"
        lines = LINE_BREAK.split(self.texts.get(span.path, ""))
        if span.path in self.texts and span.line <= len(lines):
            shown = excerpt(lines[span.line - 1], span)
            yield f"{self.style(shown.gutter, fg='blue')}{shown.text}"
            yield " " * (len(shown.gutter) + shown.indent) + self.style("^" * shown.marks, fg="red")
        for line in failure.difference:
            yield "  " + self.style(harmless(line), fg=_SIGNS.get(line[:1]))

    def conversation(self, events: Sequence[RecordedEvent]) -> Iterator[str]:
        story = Story()
        lines = [line for event in events for line in self._event(story.tell(event))]
        if len(lines) > _MOST_LINES:
            yield self.style(f"  … {len(lines) - _MOST_LINES} earlier lines", dim=True)
        yield from lines[-_MOST_LINES:]

    def _event(self, told: Told) -> Iterator[str]:
        match told.event:
            case RunStarted(message=message):
                yield from self._said("you", message)
            case ModelResponded(message=message) if message.content:
                yield from self._said(told.agent, message.content)
            case ToolFinished() as event:
                yield from self._called(told.call, event.content, failed=event.error)
            case HandedOff() as event:
                yield from self._dropped(told)
                yield self._line(f"⇒ {event.target}", fg="cyan")
            case RunFinished() as event:
                yield from self._dropped(told)
                yield from self._said(told.agent, event.detail) if event.status == "ended" else ()
                yield from (self._line(line, fg="yellow") for line in self._ending(event))
            case _:
                yield from self._around(told)

    def _ending(self, event: RunFinished) -> Iterator[str]:
        """How a turn ended, unless that is what failed."""
        return ending(event) if event.detail not in self.told else iter(())

    def _around(self, told: Told) -> Iterator[str]:
        match told.event:
            case ApprovalGiven() as event:
                yield self._line(f"? {told.call.name}({arguments_of(told.call)}): {verdict(event)}", fg="yellow")
            case QuestionAsked(question=question):
                yield from self._said(told.call.name, question)
            case QuestionAnswered(answer=answer, refused=refused):
                yield from self._said("you", "(no answer)" if refused else answer)
            case FellBack() | HistoryTrimmed() as event:
                yield self._line(trouble(event) or "", fg="yellow")
            case _:
                pass

    def _dropped(self, told: Told) -> Iterator[str]:
        for call, answer in told.dropped:
            yield from self._called(call, answer, failed=True)

    def _called(self, call: ToolCall, content: str, *, failed: bool) -> Iterator[str]:
        sign, shade = ("✗", "red") if failed else ("→", None)
        first, *rest = content.strip("\n").splitlines() or [""]
        more = f" … {len(rest)} more lines" if rest else ""
        yield self._line(f"{sign} {call.name}({arguments_of(call)}): {first}{more}", fg=shade)

    def _said(self, who: str, text: str) -> Iterator[str]:
        first, *rest = text.strip("\n").splitlines() or [""]
        yield self._line(f"{who}: {first}", bold=who == "you")
        for line in rest[:_MOST_OF_TEXT]:
            yield self._line(f"{' ' * len(who)}  {line}")
        if len(rest) > _MOST_OF_TEXT:
            yield self._line(f"{' ' * len(who)}  … {len(rest) - _MOST_OF_TEXT} more lines", dim=True)

    def _line(self, text: str, **style: bool | str | None) -> str:
        text = harmless(text)
        room = max(self.width - 2, 20)
        return "  " + self.style(text if len(text) <= room else f"{text[: room - 1]}…", **style)

    def style(self, text: str, **style: bool | str | None) -> str:
        kept = {name: value for name, value in style.items() if value}
        return click.style(text, **kept) if self.color and kept else text  # type: ignore[arg-type]  # by names
