"""A session for programs: its events, or the messages of its transcript."""

import json
from collections.abc import Iterable

from orchestrator.events import RecordedEvent, to_json
from orchestrator.state import State


def as_lines(events: Iterable[RecordedEvent]) -> str:
    """Give the events as JSON, one a line."""
    return "".join(f"{to_json(event)}\n" for event in events)


def as_messages(state: State) -> str:
    """Give the transcript as Chat Completions takes it, without instructions: a JSON list."""
    return json.dumps([json.loads(message.wire) for message in state.messages], indent=2, ensure_ascii=False) + "\n"
