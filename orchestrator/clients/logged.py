"""What a log is told of each attempt to ask a model: an entry when it is sent, and one when it has ended.

The headers of a request are told by name only, and its key not at all. Hiding other secrets is for who writes the log.
"""

import json
import logging
import time

from orchestrator.clients.endpoints import Address
from orchestrator.clients.failures import Failure
from orchestrator.clients.transports import Answer
from orchestrator.clients.wire import Reply
from orchestrator.model_client import ModelRequest, ModelResponse

log = logging.getLogger("orchestrator.model")


class Attempt:
    """One attempt. Where nobody listens it costs next to nothing. Times are in milliseconds from its beginning."""

    def __init__(self, address: Address, request: ModelRequest) -> None:
        self._address = address
        self._who = {"agent": request.agent, "model": request.model.name}
        self._listened = log.isEnabledFor(logging.DEBUG)
        self._begun = time.monotonic()
        self._first = self._last = 0.0
        self._answer: dict[str, object] = {}
        self._failure: Failure | None = None

    def sending(self, body: bytes) -> None:
        """This is about to be sent."""
        if self._listened:
            address = self._address
            headers = [name for name, _ in address.headers]
            where = {"method": "POST", "url": address.asked, "headers": headers}
            facts = {**self._who, **where, "key": bool(address.authorization), "body": json.loads(body)}
            log.debug("request", extra={"facts": facts})

    def answered(self, answer: Answer) -> None:
        """The endpoint has begun to answer."""
        asked = answer.headers.get("x-request-id")
        self._answer = {"status": answer.status, **({"request_id": asked} if asked else {})}

    def came(self) -> None:
        """A piece of the reply has come."""
        if self._listened:
            self._last = time.monotonic()
            self._first = self._first or self._last

    def failed(self, failure: Failure) -> None:
        """There will be no reply."""
        self._failure = failure

    def ended(self, reply: Reply) -> None:
        """This is all of the reply. One that is not whole, though nothing failed, was given up."""
        if not self._listened:
            return
        facts = {**self._who, **self._answer, **self._times(reply)}
        if self._failure is not None:
            what = {"kind": self._failure.kind, "reason": self._address.hide(self._failure.what)}
            log.warning("request failed", extra={"facts": {**facts, **what, **_partial(reply)}})
        elif reply.finished:
            log.debug("response", extra={"facts": {**facts, **_said(reply.response())}})
        else:
            log.debug("request given up", extra={"facts": {**facts, **_partial(reply)}})

    def _times(self, reply: Reply) -> dict[str, int]:
        # behind the end of a reply the connection is drained, which is no part of it
        end = self._last if reply.finished else time.monotonic()
        first = {"first_ms": self._since(self._first)} if self._first else {}
        return {**first, "ms": self._since(end)}

    def _since(self, moment: float) -> int:
        return round((moment - self._begun) * 1000)


def _partial(reply: Reply) -> dict[str, object]:
    """What there is of a reply that broke off."""
    return _said(reply.response()) if reply.begun else {}


def _said(response: ModelResponse) -> dict[str, object]:
    calls = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in response.tool_calls]
    usage = response.usage
    return {
        "reply": {"content": response.content, "tool_calls": calls, "finish": response.finish},
        "usage": {"input": usage.input_tokens, "output": usage.output_tokens, "cached": usage.cached_tokens},
    }
