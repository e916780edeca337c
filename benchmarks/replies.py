"""What the server says. It keeps nothing of a conversation: the reply follows from the request alone.

A scenario is a word and a number, as in ``acme/200``. A request that shows that the work so far was not done is
``UnfitError``, so that nobody is measured who skips it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Object = Mapping[str, Any]

REFUNDED = "I'm sorry about that! Your refund is on its way."
FOUND = "It is on the shelf beside the anvils."
WAITED = "Thank you for waiting."
TRANSFERRED = "issues_and_repairs"  # in the name of the function that moves the conversation, whatever its prefix

CALL_ID = b"call_0000000000000000"
"""Stands in a body where the id of a call belongs; ids are of the same length, and never given twice."""

_HEAD: Object = {"id": "chatcmpl-bench", "created": 1_760_000_000, "model": "gpt-4o-mini"}
_USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


class UnfitError(Exception):
    """A request that does not hold what it should at this point."""


@dataclass(frozen=True)
class Reply:
    """A text, in the pieces in which it is streamed, or one call: the name of the function and its arguments."""

    pieces: tuple[str, ...] = ()
    call: tuple[str, str] | None = None

    @property
    def text(self) -> str | None:
        """The whole text."""
        return None if self.call else "".join(self.pieces)


def reply_to(scenario: str, number: int, body: Object) -> Reply:
    """Give the reply to a request.

    Raises:
        UnfitError: it does not hold what it should.
    """
    match scenario:
        case "acme":
            return _acme(body)
        case "desk":
            return _desk(body)
        case "stream" | "paced":
            return Reply(streamed_pieces(number))
        case "hold":
            return _said(WAITED)
        case _:
            raise UnfitError(f"no scenario {scenario!r}")


@lru_cache
def streamed_pieces(count: int) -> tuple[str, ...]:
    """The text of a long reply, in as many pieces."""
    return tuple(f"word{number % 100:02} " for number in range(count))


@lru_cache
def whole(reply: Reply) -> bytes:
    """The body of a reply that is not streamed."""
    message: dict[str, object] = {"role": "assistant", "content": reply.text, "refusal": None}
    if reply.call:
        message["tool_calls"] = [_call(*reply.call)]
    choice = {"index": 0, "message": message, "finish_reason": _finish(reply), "logprobs": None}
    return _encoded({**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _USAGE})


@lru_cache
def streamed(reply: Reply) -> tuple[bytes, ...]:
    """The events of a reply that is streamed: the beginning, a chunk for each piece or for the call, and the end."""
    deltas: list[Object] = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in reply.pieces)]
    if reply.call:
        deltas[1:] = [{"tool_calls": [{"index": 0, **_call(*reply.call)}]}]
    chunks: list[list[Object]] = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
    chunks.append([{"index": 0, "delta": {}, "finish_reason": _finish(reply)}])
    head: Object = {**_HEAD, "object": "chat.completion.chunk"}
    said: list[dict[str, Any]] = [{**head, "choices": choices, "usage": None} for choices in chunks]
    said.append({**head, "choices": [], "usage": _USAGE})
    return (*(b"data: " + _encoded(each) + b"\n\n" for each in said), b"data: [DONE]\n\n")


def _acme(body: Object) -> Reply:
    """A refund: the conversation moves, the item is looked up, the money is paid, and the customer is told."""
    match _answers(body):
        case []:
            return _call_of(body, TRANSFERRED, {})
        case [_]:
            return _call_of(body, "look_up_item", {"search_query": "anvil"})
        case [_, found] if "item_" in found:
            return _call_of(body, "execute_refund", {"item_id": "item_000527", "reason": "It broke."})
        case [_, _, paid] if "success" in paid:
            return _said(REFUNDED)
        case answers:
            raise UnfitError(f"the answers of the tools are wrong: {answers}")


def _desk(body: Object) -> Reply:
    """The last of the tools is called, and what it found is told."""
    name = body["tools"][-1]["function"]["name"]
    match _answers(body):
        case []:
            return _call_of(body, name, {"text": "anvil", "count": 3})
        case [found] if f"{name}: anvil x 3" in found:
            return _said(FOUND)
        case answers:
            raise UnfitError(f"the answers of the tools are wrong: {answers}")


def _answers(body: Object) -> list[str]:
    """What tools have answered since the person spoke."""
    answers: list[str] = []
    for message in reversed(body["messages"]):
        if message["role"] == "user":
            break
        if message["role"] == "tool":
            answers.insert(0, json.dumps(message["content"]))
    return answers


def _call_of(body: Object, word: str, arguments: Object) -> Reply:
    """A call of the function that has this word in its name."""
    names: Sequence[str] = [tool["function"]["name"] for tool in body.get("tools", ())]
    for name in names:
        if word in name:
            return Reply(call=(name, json.dumps(arguments)))
    raise UnfitError(f"no function for {word!r} among {names}")


def _said(text: str) -> Reply:
    return Reply(tuple(re.findall(r"\S+ ?", text)))


def _call(name: str, arguments: str) -> dict[str, object]:
    return {"id": CALL_ID.decode(), "type": "function", "function": {"name": name, "arguments": arguments}}


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.call else "stop"


def _encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
