"""Reading events back from where they were kept: each is whole and of a known kind, or a clear fault."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.events import LiveEvent, RecordedEvent, from_json
from orchestrator.stores import StoreError

_SHOWN = 40


def read_event(line: str | bytes, session_id: str, number: int) -> RecordedEvent:
    """Give an event from its JSON; it is the ``number``-th of a session.

    Raises:
        StoreError: it is none, or of a kind that is not known here.
    """
    try:
        event = from_json(line)
    except ValidationError as error:
        raise faulty(session_id, number, _fault(error.errors(include_url=False)[0])) from None
    if isinstance(event, LiveEvent):
        raise faulty(session_id, number, f"is of the kind {event.type!r}, which no session keeps")
    return event


def faulty(session_id: str, number: int, fault: str) -> StoreError:
    """Say what is wrong with an event, and what can be had all the same."""
    rescue = f"; a fork at {number - 1} has what is before it" if number > 1 else ""
    return StoreError(f"event {number} of session {session_id!r} {fault}{rescue}")


def _fault(error: ErrorDetails) -> str:
    key = next((part for part in error["loc"][1:] if isinstance(part, str)), None)
    match error["type"], key:
        case "json_invalid", _:
            return "is damaged: it is no JSON"
        case "union_tag_invalid", _:
            kind = str(error["ctx"]["tag"])[:_SHOWN] if "ctx" in error else ""
            return f"is of the kind {kind!r}, which is not known here: a newer version of Orchestrate may know it"
        case _, None:
            return "is damaged: it says of no kind what it is"
        case "missing", _:
            return f"is damaged: {key!r} is missing"
        case _:
            return f"is damaged: {key!r} is not as an event has it"
