"""What happens around the answers of a conversation, in words: the same on a terminal and in a pipe."""

import json
from collections.abc import Iterator

from orchestrator.events import FellBack, HistoryTrimmed, Retrying, RunFinished
from orchestrator.messages import ToolCall

ARGUMENTS_SHOWN = 100  # characters
BROKE_OFF = "… (the answer broke off; it begins anew)"
SILENT_SECONDS = 1.0  # shorter pauses are not worth a line
_LONGER = "help: give the model history: {max_tokens: N}, or a smaller N, or take one with a longer context"


def arguments_of(call: ToolCall) -> str:
    """A call's arguments as people write them: ``search_query='rocket boots'``; as they are when they are no object."""
    try:
        arguments = json.loads(call.arguments or "{}")
        text = _pairs(arguments) if isinstance(arguments, dict) else call.arguments
    except (ValueError, RecursionError):
        text = call.arguments
    return text if len(text) <= ARGUMENTS_SHOWN else f"{text[:ARGUMENTS_SHOWN]}…"


def trouble(event: Retrying | FellBack | HistoryTrimmed) -> str | None:
    """What a bad day does to a model call; None where it is not worth a line."""
    match event:
        case Retrying(seconds=seconds, attempt=attempt) if seconds >= SILENT_SECONDS or attempt > 2:
            return f"trying again in {_pause(seconds)} s (attempt {attempt}): {event.reason}"
        case Retrying():
            return None
        case FellBack():
            return f"asking model {event.to_model!r} instead: {event.reason}"
        case HistoryTrimmed(messages=count):
            gone = "oldest message is" if count == 1 else f"{count:,} oldest messages are"
            return f"the {gone} no longer sent to the model"


def ending(event: RunFinished) -> Iterator[str]:
    """How a run ended, if it did not end well, and what to do about it."""
    if event.status not in {"answered", "ended"}:
        yield f"the run ended: {event.status}{': ' + event.detail if event.detail else ''}"
    if event.status == "context_length":
        yield _LONGER


def first_line(text: str) -> str:
    """The first line of a text that may have none."""
    return next(iter(text.splitlines()), "")


def _pairs(arguments: dict[str, object]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def _pause(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= SILENT_SECONDS else f"{seconds:.1f}"
