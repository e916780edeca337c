"""Nothing but answers."""

from collections.abc import Iterable
from typing import TextIO

from orchestrator.events import Event, ModelResponded, RecordedEvent, RunFinished, RunStarted
from orchestrator.render.excerpts import harmless


class AnswersView:
    """Writes the last word of each run on ``out``; of a run that did not end well, how it ended, on ``err``."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self._said = ""

    def __call__(self, event: Event) -> None:
        """Hear an event, and write what ends with it."""
        self._hear(event)
        match event:
            case RunFinished(status="ended", detail=detail):
                _write(self._out, detail or self._said)
            case RunFinished(status="answered"):
                _write(self._out, self._said)
            case RunFinished(status=status, detail=detail):
                _write(self._err, harmless(f"the run ended: {status}{': ' + detail if detail else ''}"))
            case _:
                pass

    def recall(self, events: Iterable[RecordedEvent]) -> None:
        """Hear what happened before this view began: the last word of a run that goes on may be among it."""
        for event in events:
            self._hear(event)

    def _hear(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._said = ""
            case ModelResponded(message=message) if message.content and not message.tool_calls:
                self._said = message.content
            case _:
                pass


def _write(stream: TextIO, text: str) -> None:
    if text:
        stream.write(text if text.endswith("\n") else text + "\n")
        stream.flush()
