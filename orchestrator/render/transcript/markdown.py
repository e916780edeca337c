"""A conversation as a Markdown document: as it happens, or afterwards."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TextIO

from orchestrator.agents import AgentGraph, default_label
from orchestrator.events import (
    ApprovalGiven,
    ApprovalRequested,
    Event,
    FellBack,
    HandedOff,
    HistoryTrimmed,
    LiveEvent,
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
from orchestrator.render.times import took
from orchestrator.render.transcript.contained import body, code, fenced, plain
from orchestrator.render.transcript.story import Story, Told
from orchestrator.render.transcript.words import verdict
from orchestrator.render.words import ending, trouble

_NOTHING = {"", "{}", "null"}


class MarkdownView:
    """Writes a conversation as Markdown while it happens, each part when it is complete: ``view(event)``.

    Args:
        graph: gives the agents' labels; None takes what their names say.
        out: where it is written.
    """

    def __init__(self, graph: AgentGraph | None, out: TextIO) -> None:
        self._out = out
        self._scribe = _Scribe(_labels(graph))
        self._written = False

    def recall(self, events: Iterable[RecordedEvent]) -> None:
        """Take note of what happened in the session before. It is not written."""
        for event in events:
            self._scribe.pass_over(event)

    def __call__(self, event: Event) -> None:
        """Write what an event adds."""
        if isinstance(event, LiveEvent):
            return
        for block in self._scribe.blocks(event):
            self._out.write(f"\n{block}\n" if self._written else f"{block}\n")
            self._written = True
        self._out.flush()


def document(title: str, about: Mapping[str, str], events: Iterable[RecordedEvent]) -> str:
    """Give a whole session as a Markdown document with a title and a list of facts."""
    scribe = _Scribe(default_label)
    facts = "\n".join(f"- {name}: {plain(fact)}" for name, fact in about.items())
    blocks = [block for event in events for block in scribe.blocks(event)]
    return "\n\n".join([f"# {plain(title)}", *([facts] if facts else []), *blocks]) + "\n"


def _labels(graph: AgentGraph | None) -> Callable[[str], str]:
    """What people call an agent, also one that the graph does not have any more."""

    def label(name: str) -> str:
        agent = graph.agents.get(name) if graph else None
        return agent.label if agent else default_label(name)

    return label


class _Scribe:
    """Gives the blocks of a document, and remembers under whose heading it writes."""

    def __init__(self, label: Callable[[str], str]) -> None:
        self._label = label
        self._story = Story()
        self._speaker = ""

    def pass_over(self, event: RecordedEvent) -> None:
        """Hear an event, and write nothing of it."""
        self._story.tell(event)

    def blocks(self, event: RecordedEvent) -> Iterator[str]:
        told = self._story.tell(event)
        match event:
            case RunStarted():
                yield "## You"
                yield body(event.message)
                self._speaker = ""
            case RunResumed():
                yield "*The run goes on.*"
            case ModelResponded():
                yield from self._said(told, event.message.content)
            case ToolFinished():
                yield from self._by(told)
                yield from _finished(told, event)
            case HandedOff() | RunFinished():
                yield from self._moved(told, event)
            case _:
                yield from self._around(told)

    def _said(self, told: Told, text: str | None) -> Iterator[str]:
        if text and text.strip():
            yield from self._by(told)
            yield body(text)

    def _by(self, told: Told) -> Iterator[str]:
        """A heading, where another one had the word."""
        if told.agent != self._speaker:
            self._speaker = told.agent
            yield f"## {plain(self._label(told.agent))}"

    def _moved(self, told: Told, event: HandedOff | RunFinished) -> Iterator[str]:
        for call, answer in told.dropped:
            yield from self._by(told)
            yield f"**{code(call.name)}**"
            yield from _texts(call, answer)
        match event:
            case HandedOff():
                yield f"*⇒ {plain(self._label(event.target))}*"
            case RunFinished(status="ended"):
                yield from self._said(told, event.detail)
            case RunFinished():
                yield from (f"*{plain(line)}*" for line in ending(event))

    def _around(self, told: Told) -> Iterator[str]:
        """What happens around the calls and the replies."""
        name = code(told.call.name)
        match told.event:
            case FellBack() | HistoryTrimmed() as event:
                yield f"*{plain(trouble(event) or '')}*"
            case ApprovalRequested():
                yield from self._by(told)
                yield f"{name} needs a yes:"
                yield from _texts(told.call)
            case ApprovalGiven() as event:
                yield from self._by(told)
                yield f"{name}: {plain(verdict(event))}{'; the arguments were changed' * (event.arguments is not None)}"
            case QuestionAsked(question=question):
                yield from self._by(told)
                yield f"{name} asks:"
                yield body(question)
            case QuestionAnswered() as event:
                yield f"{name} is told:" if not event.refused else f"{name} is told nothing."
                yield from [] if event.refused else [body(event.answer)]
            case _:
                pass


def _finished(told: Told, event: ToolFinished) -> Iterator[str]:
    marks = [took(told.seconds)] if told.seconds is not None else []
    marks += ["an error"] if event.error else []
    yield " · ".join([f"**{code(told.call.name)}**", *marks])
    yield from _texts(told.call, event.content)


def _texts(call: ToolCall, result: str = "") -> Iterator[str]:
    """What a call was given, and what came of it."""
    if call.arguments.strip() not in _NOTHING:
        yield fenced(call.arguments, "json")
    if result.strip():
        yield fenced(result, "text")
