"""Nothing but answers."""

from typing import TextIO

from orchestrator.events import Event, ModelResponded, RunFinished, RunStarted
from orchestrator.render.conversation import View
from orchestrator.render.excerpts import harmless


def answers_only(out: TextIO, err: TextIO) -> View:
    """A view that writes the last word of each run, and of one that did not end well how it ended, on ``err``."""
    said = ""

    def show(event: Event) -> None:
        nonlocal said
        match event:
            case RunStarted():
                said = ""
            case ModelResponded(message=message) if message.content and not message.tool_calls:
                said = message.content
            case RunFinished(status="ended", detail=detail):
                _write(out, detail or said)
            case RunFinished(status="answered"):
                _write(out, said)
            case RunFinished(status=status, detail=detail):
                _write(err, harmless(f"the run ended: {status}{': ' + detail if detail else ''}"))
            case _:
                pass

    return show


def _write(stream: TextIO, text: str) -> None:
    if text:
        stream.write(text if text.endswith("\n") else text + "\n")
        stream.flush()
