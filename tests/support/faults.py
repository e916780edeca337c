"""Everything that goes wrong between a model and us, as replies of the chat server: each in both modes."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.chat_server import Reply, error, raw, say

JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream"}
TEXT = {"content-type": "text/plain"}
PAGE = {"content-type": "text/html"}
SLOW = 30.0  # seconds, far longer than a test waits

_START = b'data: {"choices":[{"index":0,"delta":{"content":"Once "},"finish_reason":null}]}\n\n'
_END = b'data: {"choices":[{"index":0,"delta":{"content":"more"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
_WHOLE = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"Once more"},"finish_reason":"stop"}]}'


@dataclass(frozen=True)
class Fault:
    """A fault of an endpoint: what it replies when it is asked to stream or not, and what is to come of it.

    ``told`` is a part of what people read; ``passing`` says that trying again helps.
    """

    reply: Callable[[bool], Reply]
    told: str
    passing: bool = True
    streamed_only: bool = False


def _same(reply: Reply) -> Callable[[bool], Reply]:
    return lambda streamed: reply


def _in_chunks(streamed: list[bytes], whole: bytes) -> Callable[[bool], Reply]:
    return lambda streams: raw(200, EVENTS, streamed) if streams else raw(200, JSON, [whole])


def _cut(streams: bool) -> Reply:
    """The connection is closed before the end that was promised."""
    body = _START if streams else _WHOLE[:40]
    return raw(200, {**(EVENTS if streams else JSON), "content-length": "9999"}, [body])


def _said(message: object, status: int = 400, **more: object) -> Fault:
    body = {"error": {"message": message, **more}}
    return Fault(_same(error(status, body)), f"answered {status}: {message}", passing=False)


FAULTS: dict[str, Fault] = {
    "408": Fault(_same(error(408)), "answered 408"),
    "409": Fault(_same(error(409)), "answered 409"),
    "429": Fault(_same(error(429)), "answered 429: Rate limit reached"),
    "429 with a wait": Fault(_same(error(429, headers={"retry-after": "0"})), "answered 429: Rate limit reached"),
    "429 with a wait until a time gone by": Fault(
        _same(error(429, headers={"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"})), "answered 429: Rate limit reached"
    ),
    "429 with a wait in other words": Fault(_same(error(429, headers={"retry-after": "soon"})), "answered 429"),
    "429 with too long a wait": Fault(
        _same(error(429, headers={"retry-after": "3600"})), "it asks to wait 3600 s", passing=False
    ),
    "429 without credit": _said("You exceeded your current quota", 429, code="insufficient_quota"),
    "500": Fault(_same(error(500)), "answered 500: Internal Server Error"),
    "502 with a page": Fault(
        _same(raw(502, PAGE, [b"<html><head><style>b {}</style></head><body>Bad\nGateway</body></html>"])),
        "answered 502: Bad Gateway",
    ),
    "503 without a word": Fault(_same(raw(503, {}, [])), "answered 503: without a word"),
    "503 whose body hangs": Fault(_same(raw(503, TEXT, [b"over", b"loaded"], chunk_delay=SLOW)), "answered 503: over"),
    "504 in words": Fault(_same(raw(504, TEXT, [b"upstream timed out"])), "answered 504: upstream timed out"),
    "529": Fault(_same(error(529, {"type": "error", "error": {"message": "Overloaded"}})), "answered 529: Overloaded"),
    "400": _said("no such field"),
    "401": Fault(_same(error(401)), "is the key right?", passing=False),
    "403": Fault(_same(error(403)), "may this key use the model?", passing=False),
    "404": Fault(_same(error(404)), "do the base_url and the model's name fit?", passing=False),
    "422 with details": Fault(
        _same(error(422, {"detail": [{"loc": ["body"], "msg": "field required"}]})), "field required", passing=False
    ),
    "a redirection": Fault(
        _same(raw(307, {"location": "https://user:pass@other.example/v1?key=5"}, [])),
        "answered 307: it has moved to https://other.example/v1; give the new address as base_url",
        passing=False,
    ),
    "a connection that is reset": Fault(_same(say("x", drop_after=0)), "hung up without an answer"),
    "a stream that is reset": Fault(_same(say("Once upon a time", drop_after=2)), "broke off", streamed_only=True),
    "an end before its time": Fault(_cut, "broke off in the middle of its reply"),
    "a stream without end": Fault(_in_chunks([_START], _WHOLE), "broke off", streamed_only=True),
    "silence": Fault(_same(say("x", delay=SLOW)), "did not begin to answer within 0.3 s"),
    "silence in the middle": Fault(
        _same(say("Once upon a time", chunk_delay=SLOW)), "fell silent for 0.3 s", streamed_only=True
    ),
    "an error in the reply": Fault(
        _in_chunks(
            [_START, b'data: {"error": {"message": "overloaded"}}\n\n'], b'{"error": {"message": "overloaded"}}'
        ),
        "reported an error: overloaded",
    ),
    "broken JSON": Fault(_in_chunks([b"data: {\n\n"], _WHOLE[:-9]), "sent what is no"),
    "a page for a reply": Fault(
        _same(raw(200, PAGE, [b"<html><body>Log in</body></html>"])), "Chat Completions: Log in"
    ),
    "JSON that is no reply": Fault(
        _in_chunks([b'data: {"ok": true}\n\ndata: [DONE]\n\n'], b'{"ok": true}'), "sent what is no reply"
    ),
    "choices of no shape": Fault(_in_chunks([b'data: {"choices": 5}\n\n'], b'{"choices": 5}'), "sent what is no reply"),
    "no choices": Fault(
        _in_chunks([b'data: {"choices": []}\n\ndata: [DONE]\n\n'], b'{"choices": []}'), "sent what is no reply"
    ),
    "nothing at all": Fault(_in_chunks([], b""), "Chat Completions: nothing at all"),
    "compression that is broken": Fault(
        _same(raw(200, {**JSON, "content-encoding": "gzip"}, [b"\x1f\x8b\x08 is no gzip"])),
        "sent a reply whose compression is broken",
    ),
}


ODD: dict[str, Callable[[bool], Reply]] = {
    "events called plain text": lambda streamed: raw(200, TEXT, [_START, _END]),
    "events called JSON": lambda streamed: raw(200, JSON, [_START, _END]),
    "a document called a stream": lambda streamed: raw(200, EVENTS, [_WHOLE]),
    "a document without a type": lambda streamed: raw(200, {}, [_WHOLE]),
    "compressed": lambda streamed: raw(
        200, {"content-encoding": "gzip"}, [gzip.compress(_START + _END if streamed else _WHOLE)]
    ),
    "no [DONE]": lambda streamed: raw(200, EVENTS, [_START, _END.partition(b"\n\n")[0] + b"\n\n"]),
    "no end, but the reason": lambda streamed: raw(
        200, {**EVENTS, "content-length": "9999"}, [_START, _END.partition(b"\n\n")[0] + b"\n\n"]
    ),
    "keep-alives": lambda streamed: raw(200, EVENTS, [b": working\n\n"] * 3 + [_START, b": working\n\n", _END]),
    "missing fields": lambda streamed: raw(
        200, JSON, [json.dumps({"choices": [{"message": {"content": "Once more"}}]}).encode()]
    ),
}
"""Replies that are odd and right. Each says ``Once more``."""
