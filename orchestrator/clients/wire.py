"""Chat Completions on the wire: a request as bytes, and a reply from the server-sent events.

A request is put together from parts that are encoded already: the messages and the functions encode themselves once,
so a call costs what is new plus the copying of bytes.
"""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from orchestrator.events import Finish, TextDelta, ToolAnnounced
from orchestrator.messages import ToolCall, Usage, encode
from orchestrator.model import ModelDelta, ModelRequest, ModelResponse, NamedFunction


def body_of(request: ModelRequest) -> bytes:
    """The body of a streaming request. Fields that say nothing are left out: the API refuses ``"tools": []``."""
    messages = b",".join([encode({"role": "system", "content": request.system}), *(m.wire for m in request.messages)])
    parts = [b'{"model":', encode(request.model.model), b',"messages":[', messages, b"]"]
    if request.functions:
        strict = request.model.strict
        parts += [b',"tools":[', b",".join([f.strict_wire if strict else f.wire for f in request.functions]), b"]"]
    rest = {**request.model.settings, **_choices(request), "stream": True, "stream_options": {"include_usage": True}}
    parts += [b",", encode(rest)[1:]]
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


async def data_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The data of each server-sent event, however the bytes are cut."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip()
    if rest.startswith(b"data:"):
        yield rest[5:].strip()


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Assembly:
    """A reply in the making."""

    text: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    calls: dict[int, _Call] = field(default_factory=dict)
    finish: str | None = None
    usage: Usage = field(default_factory=Usage)

    def add(self, chunk: dict[str, Any]) -> Iterator[ModelDelta]:
        """Take one chunk, or one whole completion; yields what can be shown of it."""
        if isinstance(usage := chunk.get("usage"), dict):
            self.usage = _usage(usage)
        for choice in (chunk.get("choices") or [])[:1]:
            self.finish = choice.get("finish_reason") or self.finish
            yield from self._part(choice.get("delta") or choice.get("message") or {})

    def response(self) -> ModelResponse:
        """The whole reply."""
        calls = tuple(ToolCall(c.id, c.name, "".join(c.arguments)) for _, c in sorted(self.calls.items()))
        refusal = "".join(self.refusal)
        return ModelResponse("".join(self.text) or refusal or None, calls, _finish(self.finish, refusal), self.usage)

    def _part(self, delta: dict[str, Any]) -> Iterator[ModelDelta]:
        for key, pieces in (("content", self.text), ("refusal", self.refusal)):
            if isinstance(text := delta.get(key), str) and text:
                pieces.append(text)
                yield TextDelta(text=text)
        for position, piece in enumerate(delta.get("tool_calls") or []):
            yield from self._call(piece.get("index", position), piece)

    def _call(self, index: int, piece: dict[str, Any]) -> Iterator[ModelDelta]:
        call = self.calls.setdefault(index, _Call())
        function = piece.get("function") or {}
        call.id = call.id or piece.get("id") or ""
        arguments = function.get("arguments")
        if function.get("name"):
            call.name += function["name"]
            yield ToolAnnounced(index=index, name=call.name)
        if isinstance(arguments, str):
            call.arguments.append(arguments)
        elif arguments is not None:
            call.arguments.append(json.dumps(arguments))


def _finish(reason: str | None, refusal: str) -> Finish:
    match reason:
        case "length" | "content_filter":
            return reason
        case _:
            return "refusal" if refusal else "stop"


def _usage(counted: dict[str, Any]) -> Usage:
    details = counted.get("prompt_tokens_details") or {}
    return Usage(
        counted.get("prompt_tokens") or 0, counted.get("completion_tokens") or 0, details.get("cached_tokens") or 0
    )
