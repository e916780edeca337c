"""The events of a conversation, as entries of a log."""

import json
import logging

from orchestrator.cli.logs import where
from orchestrator.events import (
    Event,
    LiveEvent,
    ModelResponded,
    ModelRestarted,
    Retrying,
    TextDelta,
    ToolAnnounced,
    to_json,
)

log = logging.getLogger("orchestrator.events")

_BEGINNINGS = {"run_finished": "run_started", "model_responded": "model_asked", "tool_finished": "tool_started"}


class EventLog:
    """Logs each event of a conversation but those that are pieces of a later one.

    The end of a tool, of a model call and of a run says how long it took, in milliseconds. An event is to be given
    before the next one is asked for, so that what it announces knows where it belongs.
    """

    def __init__(self) -> None:
        self._tools: dict[str, str] = {}  # by the id of the call
        self._begun: dict[tuple[str, str], float] = {}

    def __call__(self, event: Event, session_id: str) -> None:
        """Log one event of this session."""
        if not log.isEnabledFor(logging.INFO) or isinstance(event, TextDelta | ToolAnnounced):
            return
        if isinstance(event, ModelResponded):
            self._tools |= {call.id: call.name for call in event.message.tool_calls}
        if not isinstance(event, LiveEvent):
            where.set({"session": session_id, "run": event.run_id})
        level = logging.WARNING if isinstance(event, Retrying | ModelRestarted) else logging.INFO
        log.log(level, event.type, extra={"facts": self._facts(event)})

    def _facts(self, event: Event) -> dict[str, object]:
        facts: dict[str, object] = json.loads(to_json(event))
        facts = {name: value for name, value in facts.items() if name not in {"type", "run_id", "at", "call_id"}}
        call = getattr(event, "call_id", "")
        if call:
            facts = {"call": call, "tool": self._tools.get(call, ""), **facts}
        if not isinstance(event, LiveEvent):
            facts |= self._time(event.type, call, event.at)
        return facts

    def _time(self, kind: str, call: str, at: float) -> dict[str, int]:
        """How long it took, if this is the end of something whose beginning was seen."""
        if kind in _BEGINNINGS.values():
            self._begun[kind, call] = at
        began = self._begun.pop((_BEGINNINGS.get(kind, ""), call), None)
        return {} if began is None else {"ms": max(0, round((at - began) * 1000))}
