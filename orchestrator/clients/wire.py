"""Chat Completions on the wire: a request as bytes, and a reply from its bytes, however an endpoint words and cuts it.

A request is put together from parts that are encoded already: the messages and the functions encode themselves once,
so a call costs what is new plus the copying of bytes.

What a model thinks aloud (``reasoning_content``, ``reasoning``) is no part of its answer: it is neither shown nor kept.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from orchestrator.clients.failures import READ_CHARS, Failure, message_of, of_report
from orchestrator.clients.sse import EventStream
from orchestrator.events import Finish, TextDelta, ToolAnnounced
from orchestrator.messages import NO_USAGE, ToolCall, Usage, encode
from orchestrator.model import NamedFunction
from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse

MOST_BYTES = 256 * 1024 * 1024  # of one reply

_BLANK = b"\xef\xbb\xbf \t\r\n"  # a byte order mark may come first
_SPACE = " \t\r\n"
_JSON = json.JSONDecoder()  # what json.loads does besides takes as long as a short chunk itself
_MOST_TOKENS = 10**12
_CUT = {"length", "max_tokens", "model_length"}
_FILTERED = {"content_filter", "safety", "recitation", "blocklist", "prohibited_content"}
_BROKEN = {"error", "insufficient_system_resource", "network_error"}


def body_of(request: ModelRequest) -> bytes:
    """The body of a request. Fields that say nothing are left out: the API refuses ``"tools": []``."""
    messages = b",".join([encode({"role": "system", "content": request.system}), *(m.wire for m in request.messages)])
    parts = [b'{"model":', encode(request.model.model), b',"messages":[', messages, b"]"]
    if request.functions:
        strict = request.model.strict
        parts += [b',"tools":[', b",".join([f.strict_wire if strict else f.wire for f in request.functions]), b"]"]
    rest = {**request.model.settings, **_choices(request)}
    if request.model.stream:
        rest |= {"stream": True, "stream_options": {"include_usage": True}}
    parts += [b",", encode(rest)[1:]] if rest else [b"}"]
    return b"".join(parts)


def _choices(request: ModelRequest) -> dict[str, object]:
    if not request.functions:
        return {}
    chosen: dict[str, object] = {}
    match request.tool_choice:
        case NamedFunction(name):
            chosen["tool_choice"] = {"type": "function", "function": {"name": name}}
        case "auto":
            pass
        case forced:
            chosen["tool_choice"] = forced
    if request.parallel_tool_calls is not None:
        chosen["parallel_tool_calls"] = request.parallel_tool_calls
    return chosen


class Reply:
    """A reply in the making, from the pieces of its body, which has at most ``most_bytes``.

    It gives what can be shown as soon as it is known.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._reader = ReplyReader(most_bytes)
        self._assembly = Assembly()

    @property
    def begun(self) -> bool:
        """Whether anything has come."""
        return bool(self._reader.head)

    @property
    def done(self) -> bool:
        """Whether the endpoint has said that nothing more comes."""
        return self._reader.done

    @property
    def finished(self) -> bool:
        """Whether the reply is complete, though numbers about it may still come."""
        return not self._assembly.empty and (self._reader.done or bool(self._assembly.finish))

    def feed(self, piece: bytes) -> Iterator[ModelDelta]:
        """What this piece adds.

        Raises:
            Failure: it is no reply, has no end, or reports an error.
        """
        return chain.from_iterable(map(self._assembly.add, self._reader.feed(piece)))

    def end(self) -> Iterator[ModelDelta]:
        """What the end of the body adds.

        Raises:
            Failure: there is no reply, or not all of it.
        """
        for chunk in self._reader.end():
            yield from self._assembly.add(chunk)
        if self._assembly.empty:
            raise self._reader.unlike()
        if not self.finished:
            raise Failure("broke off in the middle of its reply")

    def response(self) -> ModelResponse:
        """The whole reply."""
        return self._assembly.response()


class ReplyReader:
    """Gives the JSON objects of a reply from the pieces of its body.

    Whether that is a stream of events or one JSON document is told by its first character: content types lie.
    ``done`` says that nothing more comes, ``head`` is how the body begins.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.done = False
        self.head = b""
        self._most_bytes = most_bytes
        self._document: list[bytes] | None = None
        self._events = EventStream()
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[dict[str, Any]]:
        """The objects that this piece completes.

        Raises:
            Failure: it is no reply, reports an error, or has no end.
        """
        self._size += len(piece)
        if self._size > self._most_bytes:
            raise Failure(f"sent a reply of more than {self._most_bytes >> 10:,} KB", transient=False)
        if len(self.head) < READ_CHARS:
            piece = self._begin(piece)
        if self._document is not None:
            self._document.append(piece)
        else:
            yield from self._read(self._events.feed(piece))

    def end(self) -> Iterator[dict[str, Any]]:
        """The objects that the end of the body completes.

        Raises:
            Failure: it is no reply, or reports an error.
        """
        if self._document is None:
            yield from self._read(self._events.end())
            return
        body = _decoded(b"".join(self._document))
        body = body[0] if isinstance(body, list) and body else body
        if not isinstance(body, dict) or not isinstance(body.get("choices"), list):
            raise of_report(body) if message_of(body) else self.unlike()
        self.done = True
        yield _checked(body)

    def unlike(self) -> Failure:
        """The failure that the body is no reply at all, with its beginning."""
        nothing = "a page without words" if self.head else "nothing at all"
        said = message_of(self.head.decode("utf-8", "replace")) or nothing
        return Failure(f"sent what is no reply of Chat Completions: {said}", "is the base_url right?")

    def _begin(self, piece: bytes) -> bytes:
        fresh = not self.head
        piece = piece.lstrip(_BLANK) if fresh else piece
        self.head += piece[: READ_CHARS - len(self.head)]
        if fresh and piece[:1] in {b"{", b"["}:
            self._document = []
        return piece

    def _read(self, events: list[bytes]) -> Iterator[dict[str, Any]]:
        for data in events:
            if data == b"[DONE]":
                self.done = True
            if self.done:
                return
            chunk = _decoded(data)
            if not isinstance(chunk, dict):
                raise Failure(f"sent what is not a JSON object: {data[:READ_CHARS].decode('utf-8', 'replace')}")
            yield _checked(chunk)


def _decoded(data: bytes) -> object:
    """The JSON value, None if it is none. Bytes that are not UTF-8 cost only their own characters."""
    text = data.decode("utf-8", "replace").strip(_SPACE)
    try:
        value, end = _JSON.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return value if end == len(text) else None


def _checked(chunk: dict[str, Any]) -> dict[str, Any]:
    if error := chunk.get("error"):
        raise of_report(error)
    return chunk


@dataclass(eq=False, slots=True)
class _Call:
    """A call in the making: ``number`` counts the calls as they come, ``place`` is the index that the endpoint gave."""

    number: int
    place: int
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)

    @property
    def written(self) -> str:
        return "".join(self.arguments)

    def ends_before(self, call_id: str, name: str, arguments: str) -> bool:
        """Whether a piece with these belongs to another call, though it has the same place: not all endpoints count."""
        if not name or not self.name:
            return False
        if call_id and self.id and call_id != self.id:
            return True
        if name != self.name:
            return bool(self.arguments)
        return bool(arguments and self.arguments) and _decoded(self.written.encode("utf-8", "replace")) is not None


class Assembly:
    """A reply in the making. Of several choices only the first that comes counts."""

    def __init__(self) -> None:
        self.finish = ""
        self._choice: object = None
        self._deltas: list[ModelDelta] = []
        self._text: list[str] = []
        self._half = ""  # of a character that is cut in two
        self._refused = False
        self._calls: list[_Call] = []
        self._places: dict[int, _Call] = {}
        self._usage = NO_USAGE

    def add(self, chunk: dict[str, Any]) -> list[ModelDelta]:
        """Take one chunk, or one whole completion, and give what can be shown of it.

        Raises:
            Failure: the endpoint says that its reply came to nothing.
        """
        self._deltas = []
        if isinstance(usage := chunk.get("usage"), dict):
            self._usage = _usage(usage)
        choices = chunk.get("choices")
        for position, choice in enumerate(choices if isinstance(choices, list) else ()):
            if isinstance(choice, dict) and self._counts(choice.get("index", position)):
                self._add(choice)
        return self._deltas

    @property
    def empty(self) -> bool:
        """Whether no choice has come."""
        return self._choice is None

    def response(self) -> ModelResponse:
        """The whole reply."""
        calls = sorted(self._calls, key=lambda call: call.place)
        made = tuple(ToolCall(call.id, call.name, _paired(call.written)) for call in calls)
        return ModelResponse("".join(self._text) or None, made, self._finished(), self._usage)

    def _counts(self, index: object) -> bool:
        if self._choice is None:
            self._choice = index
        return self._choice == index

    def _add(self, choice: dict[str, Any]) -> None:
        if error := choice.get("error"):
            raise of_report(error)
        whole = "delta" not in choice
        part = choice.get("message" if whole else "delta")
        if isinstance(part, dict):
            self._add_texts(part)
            if "tool_calls" in part or "function_call" in part:
                self._add_calls(part, whole)
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            if reason.lower() in _BROKEN:
                raise Failure(f"gave up in the middle of its reply: {reason}")
            self.finish = reason.lower()

    def _add_texts(self, part: dict[str, Any]) -> None:
        content = part.get("content")
        for piece in content if isinstance(content, list) else (content,):
            if isinstance(piece, dict):
                self._refuse(piece.get("refusal"))
                piece = piece.get("text")  # noqa: PLW2901 - a part holds its text
            self._say(piece)
        if "refusal" in part:
            self._refuse(part["refusal"])

    def _refuse(self, text: object) -> None:
        self._refused = self._refused or bool(text)
        self._say(text)

    def _say(self, text: object) -> None:
        if not isinstance(text, str) or not text:
            return
        if self._half or "\ud800" <= text[-1] <= "\udbff":
            text = _paired(self._half + text)
            self._half = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
            text = text.removesuffix(self._half) if self._half else text
        if text:
            self._text.append(text)
            self._deltas.append(TextDelta(text=text))

    def _add_calls(self, part: dict[str, Any], whole: bool) -> None:
        pieces = part.get("tool_calls")
        if not pieces and isinstance(function := part.get("function_call"), dict):
            pieces = [{"function": function}]
        for position, piece in enumerate(pieces if isinstance(pieces, list) else ()):
            if isinstance(piece, dict):
                self._add_call(piece, position, whole)

    def _add_call(self, piece: dict[str, Any], position: int, whole: bool) -> None:
        function = piece.get("function")
        function = function if isinstance(function, dict) else piece
        call_id, name = _string(piece.get("id")), _string(function.get("name"))
        arguments = _string(function.get("arguments"))
        call = None if whole else self._continued(piece.get("index"), position, call_id)
        if call is None or call.ends_before(call_id, name, arguments):
            index = piece.get("index")
            call = _Call(len(self._calls), index if type(index) is int else position)
            self._calls.append(call)
            self._places[call.place] = call
        call.id = call.id or call_id
        if name and name != call.name and not call.arguments:
            call.name += name
            self._deltas.append(ToolAnnounced(index=call.number, name=call.name))
        if arguments:
            call.arguments.append(arguments)

    def _continued(self, index: object, position: int, call_id: str) -> _Call | None:
        """The call that a piece seems to continue. Without an index its id tells, else where it stands in its chunk."""
        if type(index) is int:
            return self._places.get(index)
        same = [call for call in self._calls if call_id and call.id == call_id]
        return same[0] if same else self._places.get(position)

    def _finished(self) -> Finish:
        if self.finish in _CUT:
            return "length"
        if self.finish in _FILTERED:
            return "content_filter"
        return "refusal" if self._refused or self.finish == "refusal" else "stop"


def _string(value: object) -> str:
    """What should be a text: arguments may come as the object itself, an id as a number."""
    match value:
        case str():
            return value
        case None:
            return ""
        case _:
            return json.dumps(value, ensure_ascii=False)


def _paired(text: str) -> str:
    """The text with characters made whole whose two surrogates came apart. Lone ones stay."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text


def _usage(counted: dict[str, Any]) -> Usage:
    details = counted.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    return Usage(_tokens(counted.get("prompt_tokens")), _tokens(counted.get("completion_tokens")), _tokens(cached))


def _tokens(count: object) -> int:
    """How many tokens an endpoint has counted, as far as that can be true."""
    return count if type(count) is int and 0 < count < _MOST_TOKENS else 0
