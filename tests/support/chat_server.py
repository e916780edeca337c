"""A Chat Completions server on the loopback: real HTTP, scripted replies, and no patience for a wrong request."""

import asyncio
import itertools
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import responses
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

from tests.support.chat_rules import faults, house_faults

Object = dict[str, Any]
Call = tuple[str, str | Mapping[str, object]]

_MODELS = ("gpt-4o", "gpt-4o-mini")
_JSON = {"content-type": "application/json"}
_EVENTS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
_NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth."
)
_ERRORS = {
    401: ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    403: ("Country, region, or territory not supported.", "request_forbidden", "unsupported_country_region_territory"),
    404: ("The model does not exist or you do not have access to it.", "invalid_request_error", "model_not_found"),
    429: ("Rate limit reached for requests.", "requests", "rate_limit_exceeded"),
    503: ("The engine is currently overloaded, please try again later.", "server_error", None),
}


class Options(TypedDict, total=False):
    """What every reply may be told: seconds to wait, how to cut it, what it cost, when to break off."""

    delay: float
    chunk_delay: float
    chunk: int | None
    usage: Mapping[str, object] | None
    drop_after: int | None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One scripted answer. Made by `say`, `call`, `refuse`, `error` and `raw`.

    `delay` is before the first byte, `chunk_delay` between chunks; `chunk` is the length of a text delta, word by word
    if not given. `usage` replaces the counted one, and an empty one sends none. After `drop_after` chunks the
    connection is reset; 0 sends nothing at all, not even a status line.
    """

    text: str | None = None
    calls: tuple[Call, ...] = ()
    ids: tuple[str, ...] | None = None
    refusal: str | None = None
    finish: str | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: tuple[bytes, ...] | None = None
    delay: float = 0.0
    chunk_delay: float = 0.0
    chunk: int | None = None
    usage: Mapping[str, object] | None = None
    drop_after: int | None = None


Replies = Callable[[Object], Reply] | Iterable[Reply]


def say(text: str, *, finish: str = "stop", **options: Unpack[Options]) -> Reply:
    """An answer in words; `finish` may be "length" or "content_filter"."""
    return Reply(text=text, finish=finish, **options)


def call(
    *calls: Call,
    text: str | None = None,
    ids: Iterable[str] | None = None,
    finish: str | None = None,
    **options: Unpack[Options],
) -> Reply:
    """Tool calls, each a name with arguments: a mapping, or a string sent as it is. Ids are new unless given."""
    return Reply(calls=calls, text=text, ids=None if ids is None else tuple(ids), finish=finish, **options)


def refuse(refusal: str, **options: Unpack[Options]) -> Reply:
    """The model's own refusal, in the field of that name."""
    return Reply(refusal=refusal, finish="stop", **options)


def error(
    status: int, body: object = None, headers: Mapping[str, str] | None = None, **options: Unpack[Options]
) -> Reply:
    """An HTTP error with a JSON body: the one given, or what the API says with this status."""
    message, kind, code = _ERRORS.get(status, (responses.get(status, "Unknown"), "invalid_request_error", None))
    if body is None:
        body = _error_body(message, kind if status < 500 else "server_error", code=code)
    return Reply(status=status, headers={**_JSON, **(headers or {})}, chunks=(_encode(body),), **options)


def raw(status: int, headers: Mapping[str, str], chunks: list[bytes], **options: Unpack[Options]) -> Reply:
    """Any bytes at all. With a content-length or transfer-encoding among the headers they go out unframed, whatever
    the headers say, and the connection is closed after them; without, they are sent as HTTP chunks.
    """
    return Reply(status=status, headers=dict(headers), chunks=tuple(chunks), **options)


@dataclass(frozen=True)
class Request:
    """A request as it arrived; `body` is empty if it was no JSON object."""

    body: Object
    raw: bytes
    headers: dict[str, str]
    path: str
    method: str = "POST"


def _encode(value: object) -> bytes:
    """JSON as the API writes it; a lone surrogate becomes its escape, the only way JSON can carry it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def _error_body(message: str, kind: str = "invalid_request_error", param: str | None = None, *, code: object) -> Object:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _pieces(text: str, size: int | None, words: str) -> list[str]:
    if size is None:
        return re.findall(words, text)
    return [text[start : start + size] for start in range(0, len(text), size)]


class _Completion:
    """One reply said to one request, whole or in deltas."""

    def __init__(self, reply: Reply, request: Request, number: int, ids: Iterator[str]) -> None:
        self._reply = reply
        self._request = request.body
        self._head = {
            "id": f"chatcmpl-{number:029d}",
            "created": 1_760_000_000 + number,
            "model": request.body["model"],
        }
        self._calls = self._tool_calls(ids)
        forced = isinstance(request.body.get("tool_choice"), dict)
        self._finish = reply.finish or ("tool_calls" if reply.calls and not forced else "stop")
        self._usage = self._count(len(request.raw)) if reply.usage is None else dict(reply.usage)

    def _tool_calls(self, ids: Iterator[str]) -> list[Object]:
        chosen = self._reply.ids
        if chosen is not None and len(chosen) != len(self._reply.calls):
            raise ValueError(f"{len(self._reply.calls)} calls, but {len(chosen)} ids")
        calls = []
        for number, (name, arguments) in enumerate(self._reply.calls):
            written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
            identity = next(ids) if chosen is None else chosen[number]
            calls.append({"id": identity, "type": "function", "function": {"name": name, "arguments": written}})
        return calls

    def _count(self, asked: int) -> Object:
        prompt = asked // 4 + 1
        said = len(_encode([self._reply.text, self._reply.refusal, self._calls])) // 4
        return {
            "prompt_tokens": prompt,
            "completion_tokens": said,
            "total_tokens": prompt + said,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        }

    def whole(self) -> bytes:
        """The `chat.completion` object."""
        said = {"content": self._reply.text, "refusal": self._reply.refusal}
        message: Object = {"role": "assistant", **said, "annotations": []}
        if self._calls:
            message["tool_calls"] = self._calls
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish}
        body = {**self._head, "object": "chat.completion", "choices": [choice]}
        if self._usage:
            body["usage"] = self._usage
        return _encode({**body, "service_tier": "default", "system_fingerprint": "fp_0000000000"})

    def events(self) -> Iterator[bytes]:
        """The `chat.completion.chunk` objects as server-sent events."""
        options = self._request.get("stream_options") or {}
        counted = options.get("include_usage") is True and bool(self._usage)
        shared = {
            **self._head,
            "object": "chat.completion.chunk",
            "service_tier": "default",
            "system_fingerprint": None,
        }
        for delta, finish in self._deltas():
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            chunk = {**shared, "choices": [choice], **({"usage": None} if counted else {})}
            if options.get("include_obfuscation") is not False:
                chunk["obfuscation"] = "x" * (-len(str(delta)) % 16)
            yield b"data: " + _encode(chunk) + b"\n\n"
        if counted:
            yield b"data: " + _encode({**shared, "choices": [], "usage": self._usage}) + b"\n\n"
        yield b"data: [DONE]\n\n"

    def _deltas(self) -> Iterator[tuple[Object, str | None]]:
        reply = self._reply
        opening = {"role": "assistant", "content": None if reply.text is None else "", "refusal": None}
        alone = len(self._calls) == 1 and reply.text is None
        if not alone:
            yield opening, None
        for name, text in (("content", reply.text), ("refusal", reply.refusal)):
            yield from (({name: piece}, None) for piece in _pieces(text or "", reply.chunk, r"\s*\S+|\s+"))
        for index, made in enumerate(self._calls):
            function = {**made["function"], "arguments": ""}
            first = {"tool_calls": [{"index": index, **made, "function": function}]}
            yield {**opening, **first} if alone else first, None
            for piece in _pieces(made["function"]["arguments"], reply.chunk, r"\w+|\W+"):
                yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None
        yield {}, self._finish


class _DroppedError(Exception):
    """The reply asked for a reset of the connection."""


# a deployment of Azure is a path of its own
_CHAT = re.compile(r"/v1/(openai/deployments/[^/]+/)?chat/completions(\?api-version=[\w-]+)?")


class ChatServer:
    """The server, running in a thread of its own from `__enter__` to `__exit__`.

    `requests` is everything that arrived, `refused` every fault found in it, and `connections` how many were opened.
    """

    def __init__(self, replies: Replies, *, key: str | None = None) -> None:
        self.requests: list[Request] = []
        self.refused: list[str] = []
        self.connections = 0
        self.url = ""
        self._next = replies if callable(replies) else self._in_order(iter(replies))
        self._key = key
        self._ids = (f"call_{number:024d}" for number in itertools.count(1))
        self._writers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="chat-server", daemon=True)

    @staticmethod
    def _in_order(replies: Iterator[Reply]) -> Callable[[Object], Reply]:
        def following(body: Object) -> Reply:
            reply = next(replies, None)
            if reply is None:
                raise LookupError("no reply is left in the list given to ChatServer")
            return reply

        return following

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._started.wait(10) or not self.url:
            raise RuntimeError("the chat server did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, reason: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _run(self) -> None:
        try:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        finally:
            self._started.set()
        await self._stop.wait()
        server.close()
        open_now = dict(self._writers)
        for task, writer in open_now.items():
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*open_now, return_exceptions=True)
        await server.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._writers[task] = writer
        task.add_done_callback(self._disconnected)

    def _disconnected(self, task: asyncio.Task[None]) -> None:
        del self._writers[task]
        if not task.cancelled() and (mistake := task.exception()):
            self.refused.append(f"connection: {type(mistake).__name__}: {mistake}")

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except _DroppedError:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection stays open for another."""
        start, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
        method, path, _ = start.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        try:
            parsed = json.loads(content) if content else {}
        except ValueError:
            parsed = None
        request = Request(parsed if isinstance(parsed, dict) else {}, content, headers, path, method)
        self.requests.append(request)
        reply = self._answer(request, parsed)
        if reply.delay:
            await asyncio.sleep(reply.delay)
        unframed = await self._send(reply, request, writer)
        return not unframed and headers.get("connection", "").lower() != "close"

    def _answer(self, request: Request, parsed: object) -> Reply:
        authorization = request.headers.get("authorization", "")
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return error(401, _error_body(_NO_KEY, code=None))
        if self._key is not None and key.strip() != self._key:
            return error(401)
        if (request.method, request.path) == ("GET", "/v1/models"):
            models = [
                {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "openai"} for name in _MODELS
            ]
            return error(200, {"object": "list", "data": models})
        if request.method != "POST" or not _CHAT.fullmatch(request.path):
            return self._refuse(404, [f"path: Invalid URL ({request.method} {request.path})"])
        if not request.headers.get("content-type", "").startswith("application/json"):
            return self._refuse(400, ["content-type: the request body must be sent as application/json"])
        if parsed is None:
            return self._refuse(400, ["body: We could not parse the JSON body of your request."])
        wrong = faults(parsed) + house_faults(parsed)
        return self._refuse(400, wrong) if wrong else self._scripted(request)

    def _refuse(self, status: int, wrong: list[str], kind: str = "invalid_request_error") -> Reply:
        self.refused.extend(wrong)
        return error(status, _error_body("; ".join(wrong), kind, wrong[0].partition(":")[0], code=None))

    def _scripted(self, request: Request) -> Reply:
        """The next reply, its chunks made. Any mistake of the test is told to it as a 500, and kept in `refused`."""
        try:
            reply = self._next(request.body)
            if reply.chunks is not None:
                return reply
            completion = _Completion(reply, request, len(self.requests), self._ids)
            streamed = request.body.get("stream") is True
            chunks = tuple(completion.events()) if streamed else (completion.whole(),)
            known = {name: getattr(reply, name) for name in ("delay", "chunk_delay", "drop_after")}
            return Reply(status=reply.status, headers=_EVENTS if streamed else _JSON, chunks=chunks, **known)
        except Exception as mistake:  # noqa: BLE001  the callable is the test's own and may raise anything
            return self._refuse(500, [f"replies: {type(mistake).__name__}: {mistake}"], "server_error")

    async def _send(self, reply: Reply, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Write the reply; whether its end can only be told by closing the connection."""
        chunks = reply.chunks or ()
        given = {name.lower() for name in reply.headers}
        unframed = bool(given & {"content-length", "transfer-encoding"})
        headers = {**reply.headers, "x-request-id": f"req_{len(self.requests):032d}"}
        single = reply.headers.get("content-type") == _JSON["content-type"] and len(chunks) == 1
        if single and not unframed:
            headers["content-length"] = str(len(chunks[0]))
        elif not unframed:
            headers["transfer-encoding"] = "chunked"
        if unframed:
            headers["connection"] = "close"
        if reply.drop_after == 0:
            raise _DroppedError
        phrase = responses.get(reply.status, "Unknown")
        lines = [f"HTTP/1.1 {reply.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "\r\n"]).encode("latin-1"))
        framed = "transfer-encoding" in headers and not unframed
        for number, chunk in enumerate(chunks, 1):
            if number > 1 and reply.chunk_delay:
                await asyncio.sleep(reply.chunk_delay)
            writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if framed and chunk else chunk)
            await writer.drain()
            if number == reply.drop_after:
                raise _DroppedError
        if framed:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return unframed
