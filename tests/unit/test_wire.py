"""Replies as they come over the wire: worded in every way that endpoints have, and cut anywhere."""

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.clients.failures import Failure
from orchestrator.clients.sse import EventStream
from orchestrator.clients.wire import Reply
from orchestrator.events import TextDelta, ToolAnnounced
from orchestrator.messages import ToolCall, Usage
from orchestrator.model_client import ModelDelta, ModelResponse

Object = dict[str, Any]
Items = tuple[list[ModelDelta], ModelResponse]


# ---- server-sent events


def data_of(*pieces: bytes) -> list[bytes]:
    stream = EventStream()
    return [*(data for piece in pieces for data in stream.feed(piece)), *stream.end()]


def cuts_of(body: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The body in pieces, cut at these places."""
    places = [0, *sorted(cuts), len(body)]
    return [body[start:end] for start, end in itertools.pairwise(places)]


EVENTS: dict[str, tuple[bytes, list[bytes]]] = {
    "line feeds": (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
    "carriage returns": (b"data: a\r\rdata: b\r\r", [b"a", b"b"]),
    "both": (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
    "a mixture": (b"data: a\r\n\ndata: b\r\r\ndata: c\n\r", [b"a", b"b", b"c"]),
    "no blank": (b"data:a\n\n", [b"a"]),
    "two blanks: the second is data": (b"data:  a\n\n", [b" a"]),
    "comments and keep-alives": (b": ping\n\n:\n\ndata: a\n: in between\n\n", [b"a"]),
    "other fields": (b"event: x\nid: 1\nretry: 5\ndata: a\nnonsense\n\n", [b"a"]),
    "several lines": (b"data: {\ndata: }\n\n", [b"{\n}"]),
    "an empty line of data": (b"data\ndata:\n\n", [b"\n"]),
    "no end": (b"data: a\n\ndata: b", [b"a", b"b"]),
    "no data": (b"event: x\n\n\n\n", []),
    "an error as a field": (b'error: {"code": 500}\n\ndata: a\n\n', [b'{"error":{"code": 500}}', b"a"]),
    "an error as an event": (b'event: error\ndata: {"code": 500}\n\ndata: a\n\n', [b'{"error":{"code": 500}}', b"a"]),
    "an error event without data": (b"event: error\n\ndata: a\n\n", [b"a"]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize("case", EVENTS)
def test_group_20_server_sent_events_by_their_rules(case: str) -> None:
    body, expected = EVENTS[case]
    assert data_of(body) == expected
    assert data_of(*(body[index : index + 1] for index in range(len(body)))) == expected


@given(st.sampled_from(sorted(EVENTS)), st.data())
def test_group_20_events_are_the_same_wherever_they_are_cut(case: str, data: st.DataObject) -> None:
    body, expected = EVENTS[case]
    assert data_of(*cuts_of(body, data.draw(st.lists(st.integers(0, len(body)), max_size=5)))) == expected


# ---- the reply, from its chunks


def chunk(**delta: object) -> Object:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def done(reason: object = "stop", **more: object) -> Object:
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}], **more}


def whole(finish: object = "stop", **message: object) -> Object:
    return {"choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}]}


def part(index: object, arguments: object = None, *, call_id: object = None, name: object = None) -> Object:
    """A piece of a call; ``...`` leaves the index out."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    piece = {"function": function, **({} if index is ... else {"index": index})}
    return {**piece, **({} if call_id is None else {"id": call_id, "type": "function"})}


def piece(index: object, arguments: object = None, **more: Any) -> Object:
    return chunk(tool_calls=[part(index, arguments, **more)])


def stream_of(*chunks: object, end: bytes = b"data: [DONE]\n\n") -> bytes:
    return b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in chunks) + end


def read(*pieces: bytes) -> Items:
    reply = Reply()
    deltas = [delta for piece in pieces for delta in reply.feed(piece)]
    deltas += reply.end()
    return deltas, reply.response()


def assembled(*chunks: Mapping[str, Any]) -> Items:
    return read(stream_of(*chunks))


def said(deltas: Sequence[ModelDelta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def announced(deltas: Sequence[ModelDelta]) -> list[tuple[int, str]]:
    return [(delta.index, delta.name) for delta in deltas if isinstance(delta, ToolAnnounced)]


def test_text_comes_in_pieces() -> None:
    counted = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}}
    deltas, response = assembled(
        chunk(role="assistant", content=""), chunk(content="Hel"), chunk(content="lo"), done(), counted
    )
    assert deltas == [TextDelta(text="Hel"), TextDelta(text="lo")]
    assert response == ModelResponse("Hello", (), "stop", Usage(9, 2))


def test_group_20_two_calls_in_interleaved_fragments() -> None:
    deltas, response = assembled(
        chunk(role="assistant", content=None),
        piece(0, call_id="call_a", name="weather"),
        piece(1, call_id="call_b", name="time"),
        piece(1, '{"zo'),
        piece(0, '{"city": "Kö'),
        piece(1, 'ne": 1}'),
        piece(0, 'ln"}'),
        done("tool_calls"),
    )
    assert deltas == [ToolAnnounced(index=0, name="weather"), ToolAnnounced(index=1, name="time")]
    assert response.tool_calls == (
        ToolCall("call_a", "weather", '{"city": "Köln"}'),
        ToolCall("call_b", "time", '{"zone": 1}'),
    )
    assert (response.content, response.finish) == (None, "stop")


def test_a_call_is_announced_as_soon_as_its_name_is_known() -> None:
    reply = Reply()
    assert list(reply.feed(stream_of(piece(0, call_id="a"), end=b""))) == []
    assert list(reply.feed(stream_of(piece(0, name="look"), end=b""))) == [ToolAnnounced(index=0, name="look")]


A, B = '{"a": 1}', '{"b": 2}'
F_AND_G = (ToolCall("x", "f", A), ToolCall("y", "g", B))
NO_IDS = (ToolCall("", "f", A), ToolCall("", "g", B))
CALLS: dict[str, tuple[list[Object], tuple[ToolCall, ...]]] = {
    "in the order of their index": (
        [piece(1, B, call_id="y", name="g"), piece(0, A, call_id="x", name="f")],
        F_AND_G,
    ),
    "no index, one chunk": (
        [chunk(tool_calls=[part(..., A, call_id="x", name="f"), part(..., B, call_id="y", name="g")])],
        F_AND_G,
    ),
    "no index, a chunk each": ([piece(..., A, call_id="x", name="f"), piece(..., B, call_id="y", name="g")], F_AND_G),
    "no index, fragments told apart by id": (
        [
            piece(..., call_id="x", name="f"),
            piece(..., call_id="y", name="g"),
            piece(..., A[:4], call_id="x"),
            piece(..., B[:4], call_id="y"),
            piece(..., A[4:], call_id="x"),
            piece(..., B[4:], call_id="y"),
        ],
        F_AND_G,
    ),
    "no index and no id": ([piece(..., A, name="f"), piece(..., B, name="g")], NO_IDS),
    "no index and no id, the same function": (
        [piece(..., A, name="f"), piece(..., B, name="f")],
        (ToolCall("", "f", A), ToolCall("", "f", B)),
    ),
    "index null": ([piece(None, A[:3], call_id="x", name="f"), piece(None, A[3:])], (ToolCall("x", "f", A),)),
    "always index 0, with ids": ([piece(0, A, call_id="x", name="f"), piece(0, B, call_id="y", name="g")], F_AND_G),
    "always index 0, in fragments": (
        [
            piece(0, call_id="x", name="f"),
            piece(0, A),
            piece(0, call_id="y", name="g"),
            piece(0, B[:3]),
            piece(0, B[3:]),
        ],
        F_AND_G,
    ),
    "always index 0, no ids": ([piece(0, A, name="f"), piece(0, B, name="g")], NO_IDS),
    "counted from 1": ([piece(1, A, call_id="x", name="f"), piece(2, B, call_id="y", name="g")], F_AND_G),
    "another id in each piece": (
        [piece(0, call_id="x", name="f"), piece(0, A[:3], call_id="r1"), piece(0, A[3:], call_id="r2")],
        (ToolCall("x", "f", A),),
    ),
    "the id in each piece": (
        [piece(0, call_id="x", name="f"), piece(0, A[:3], call_id="x"), piece(0, A[3:], call_id="x")],
        (ToolCall("x", "f", A),),
    ),
    "the id late": ([piece(0, A[:3], name="f"), piece(0, A[3:], call_id="x")], (ToolCall("x", "f", A),)),
    "the id a number": ([piece(0, A, call_id=7, name="f")], (ToolCall("7", "f", A),)),
    "no id": ([piece(0, A, name="f")], (ToolCall("", "f", A),)),
    "the same id twice": (
        [piece(0, A, call_id="x", name="f"), piece(1, B, call_id="x", name="g")],
        (ToolCall("x", "f", A), ToolCall("x", "g", B)),
    ),
    "the name split": (
        [piece(0, call_id="x", name="look_"), piece(0, name="up"), piece(0, A)],
        (ToolCall("x", "look_up", A),),
    ),
    "the name repeated": (
        [piece(0, call_id="x", name="f"), piece(0, A[:3], name="f"), piece(0, A[3:], name="f"), piece(0, "", name="f")],
        (ToolCall("x", "f", A),),
    ),
    "an empty name in each piece": (
        [piece(0, call_id="x", name="f"), piece(0, A[:3], name=""), piece(0, A[3:], name="")],
        (ToolCall("x", "f", A),),
    ),
    "no name at all": ([piece(0, A, call_id="x")], (ToolCall("x", "", A),)),
    "a name that is null": ([chunk(tool_calls=[{"index": 0, "function": {"name": None}}])], (ToolCall("", "", ""),)),
    "no arguments": ([piece(0, call_id="x", name="f")], (ToolCall("x", "f", ""),)),
    "arguments null": (
        [chunk(tool_calls=[{"index": 0, "id": "x", "function": {"name": "f", "arguments": None}}])],
        (ToolCall("x", "f", ""),),
    ),
    "arguments as an object": ([piece(0, {"a": "ö"}, call_id="x", name="f")], (ToolCall("x", "f", '{"a": "ö"}'),)),
    "no function around it": (
        [chunk(tool_calls=[{"index": 0, "id": "x", "name": "f", "arguments": A}])],
        (ToolCall("x", "f", A),),
    ),
    "pieces that are none": ([chunk(tool_calls=[None, 5, "x"]), chunk(tool_calls={"a": 1})], ()),
    "calls that are null": ([chunk(tool_calls=None)], ()),
    "the old function_call": (
        [chunk(function_call={"name": "f", "arguments": ""}), chunk(function_call={"arguments": A})],
        (ToolCall("", "f", A),),
    ),
    "both old and new": (
        [chunk(function_call={"name": "f", "arguments": A}, tool_calls=[part(0, A, call_id="x", name="f")])],
        (ToolCall("x", "f", A),),
    ),
    "a character cut in two": (
        [piece(0, '{"a": "\ud83d', call_id="x", name="f"), piece(0, '\ude80"}')],
        (ToolCall("x", "f", '{"a": "🚀"}'),),
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_group_20_calls_in_every_wording(case: str) -> None:
    chunks, expected = CALLS[case]
    deltas, response = assembled(*chunks, done("tool_calls"))
    assert response == ModelResponse(None, expected, "stop")
    names = dict(announced(deltas))
    assert sorted(names.values()) == sorted(call.name for call in expected if call.name)


def test_group_9_whole_calls_stand_apart_whatever_they_lack() -> None:
    made = [part(0, "", name="f"), part(0, "", name="f"), part(..., A, name="g"), part(0, "{}")]
    deltas, response = read(json.dumps(whole("tool_calls", content=None, tool_calls=made)).encode())
    assert [(call.name, call.arguments) for call in response.tool_calls] == [
        ("f", ""), ("f", ""), ("", "{}"), ("g", A),
    ]  # fmt: skip
    assert announced(deltas) == [(0, "f"), (1, "f"), (2, "g")]


REPLIES: dict[str, tuple[list[Object], ModelResponse]] = {
    "an empty text": ([chunk(content=""), done()], ModelResponse()),
    "content null": ([chunk(content=None), done()], ModelResponse()),
    "parts of text": (
        [chunk(content=[{"type": "text", "text": "Hel"}, "lo", {"type": "image"}, 5, None]), done()],
        ModelResponse("Hello"),
    ),
    "a part that refuses": (
        [chunk(content=[{"type": "refusal", "refusal": "No."}]), done()],
        ModelResponse("No.", (), "refusal"),
    ),
    "thoughts are not shown": (
        [chunk(reasoning_content="Hm"), chunk(reasoning="Hm", content=None), chunk(content="Hi"), done()],
        ModelResponse("Hi"),
    ),
    "cut": ([chunk(content="a"), done("length")], ModelResponse("a", (), "length")),
    "cut, in another word": ([chunk(content="a"), done("MAX_TOKENS")], ModelResponse("a", (), "length")),
    "cut inside a call": (
        [piece(0, '{"a', call_id="x", name="f"), done("length")],
        ModelResponse(None, (ToolCall("x", "f", '{"a'),), "length"),
    ),
    "filtered": ([done("content_filter")], ModelResponse(None, (), "content_filter")),
    "filtered, in another word": ([done("SAFETY")], ModelResponse(None, (), "content_filter")),
    "an unknown word": ([chunk(content="a"), done("because")], ModelResponse("a")),
    "stop, with calls": ([piece(0, A, call_id="x", name="f"), done()], ModelResponse(None, (ToolCall("x", "f", A),))),
    "the old word": (
        [chunk(function_call={"name": "f", "arguments": A}), done("function_call")],
        ModelResponse(None, (ToolCall("", "f", A),)),
    ),
    "no reason": ([chunk(content="a"), done(None)], ModelResponse("a")),
    "a reason that is no text": ([chunk(content="a"), done(5)], ModelResponse("a")),
    "a refusal": (
        [chunk(refusal="I "), chunk(refusal="won't."), done()],
        ModelResponse("I won't.", (), "refusal"),
    ),
    "text and a refusal": ([chunk(content="Hm. ", refusal="No."), done()], ModelResponse("Hm. No.", (), "refusal")),
    "several choices, the first counts": (
        [
            chunk(content="one "),
            {"choices": [{"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "two"}}]},
            {"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]},
            done(),
        ],
        ModelResponse("one two"),
    ),
    "usage in a chunk of its own": (
        [chunk(content="a"), done(), {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}],
        ModelResponse("a", usage=Usage(5, 1)),
    ),
    "usage null until the last": (
        [{**chunk(content="a"), "usage": None}, done(usage={"prompt_tokens": 5, "completion_tokens": 1})],
        ModelResponse("a", usage=Usage(5, 1)),
    ),
    "usage that grows": (
        [
            {**chunk(content="a"), "usage": {"prompt_tokens": 5, "completion_tokens": 1}},
            done(usage={"prompt_tokens": 5, "completion_tokens": 2}),
        ],
        ModelResponse("a", usage=Usage(5, 2)),
    ),
    "usage without choices at all": (
        [chunk(content="a"), done(), {"usage": {"prompt_tokens": 5, "completion_tokens": 1}}],
        ModelResponse("a", usage=Usage(5, 1)),
    ),
    "cached tokens": (
        [chunk(content="a"), done(usage={"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}})],
        ModelResponse("a", usage=Usage(5, 0, 4)),
    ),
    "usage of no sense": (
        [chunk(content="a"), done(usage={"prompt_tokens": "5", "completion_tokens": -1, "prompt_tokens_details": 5})],
        ModelResponse("a"),
    ),
    "choices null, and chunks without any": (
        [{"choices": None}, {}, {"choices": [None, 5]}, chunk(content="a"), done()],
        ModelResponse("a"),
    ),
    "a delta that is null": (
        [{"choices": [{"index": 0, "delta": None}]}, chunk(content="a"), done()],
        ModelResponse("a"),
    ),
    "the whole message again at the end": (
        [chunk(content="a"), {"choices": [{"delta": {}, "message": {"content": "a"}, "finish_reason": "stop"}]}],
        ModelResponse("a"),
    ),
    "neither content nor calls": ([done()], ModelResponse()),
    "a character cut in two": ([chunk(content="a\ud83d"), chunk(content="\ude80b"), done()], ModelResponse("a🚀b")),
    "half a character": ([chunk(content="a\ud83d"), done()], ModelResponse("a")),
    "half a character, and others": (
        [chunk(content="\ud83d"), chunk(content="x\ud83d"), chunk(content="\ude80"), done()],
        ModelResponse("\ud83dx🚀"),
    ),
}


@pytest.mark.parametrize("case", REPLIES)
def test_group_10_replies_in_every_wording(case: str) -> None:
    chunks, expected = REPLIES[case]
    deltas, response = assembled(*chunks)
    assert response == expected
    assert said(deltas) == (expected.content or "")


BODIES: dict[str, tuple[bytes, ModelResponse]] = {
    "a document": (json.dumps(whole(content="Hi", refusal=None)).encode(), ModelResponse("Hi")),
    "a document behind a mark and blanks": (
        b"\xef\xbb\xbf \r\n" + json.dumps(whole(content="Hi")).encode(),
        ModelResponse("Hi"),
    ),
    "a document in a list": (json.dumps([whole(content="Hi")]).encode(), ModelResponse("Hi")),
    "a document without a reason": (json.dumps(whole(None, content="Hi")).encode(), ModelResponse("Hi")),
    "events behind a mark": (b"\xef\xbb\xbf" + stream_of(chunk(content="Hi"), done()), ModelResponse("Hi")),
    "no [DONE]": (stream_of(chunk(content="Hi"), done(), end=b""), ModelResponse("Hi")),
    "[DONE], but no reason": (stream_of(chunk(content="Hi")), ModelResponse("Hi")),
    "[DONE] too early": (stream_of(chunk(content="Hi")) + stream_of(chunk(content=" there")), ModelResponse("Hi")),
    "[DONE] without a line break": (stream_of(chunk(content="Hi"), end=b"data: [DONE]"), ModelResponse("Hi")),
    "bytes that are no UTF-8": (
        stream_of(chunk(content="a~b"), done()).replace(b"~", b"\xff"),
        ModelResponse("a\ufffdb"),
    ),
}


@pytest.mark.parametrize("case", BODIES)
def test_group_20_bodies_in_every_form(case: str) -> None:
    body, expected = BODIES[case]
    assert read(body)[1] == expected
    assert read(*(body[index : index + 1] for index in range(len(body))))[1] == expected


NO_REPLY, OH_NO = "sent what is no reply of Chat Completions: ", "reported an error: Oh no"
BROKEN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", NO_REPLY + "nothing at all"),
    "a page": (b"<html><title>Log in</title></html>", NO_REPLY + "Log in"),
    "a page without words": (b"<html><script>go()</script><p></p></html>", NO_REPLY + "a page without words"),
    "a page that is cut": (b"<html>Wait<br/>a moment<script>go(", NO_REPLY + "Wait a moment"),
    "a page that is cut in a tag": (b"<html>Wait<img src='x", NO_REPLY + "Wait"),
    "words": (b"upstream error", NO_REPLY + "upstream error"),
    "a document that is cut": (b'{"choices": [', NO_REPLY + '{"choices": ['),
    "a document without choices": (b'{"id": 1}', NO_REPLY + '{"id": 1}'),
    "a document with no choice": (b'{"choices": []}', NO_REPLY + '{"choices": []}'),
    "choices of no shape": (b'data: {"choices": 5}\n\n', NO_REPLY + 'data: {"choices": 5}'),
    "an error for a document": (b'{"error": {"message": "Oh no"}}', OH_NO),
    "an error in another form": (b'{"object": "error", "message": "Oh no", "code": 400}', OH_NO),
    "an error in a list": (b'[{"error": {"code": 400, "message": "Oh no"}}]', OH_NO),
    "an error in the stream": (stream_of(chunk(content="a"), {"error": {"message": "Oh no"}}), OH_NO),
    "an error of few words": (stream_of({"error": "Oh no"}), OH_NO),
    "an error of no words": (stream_of({"error": {"code": 5}}), "reported an error: without a word"),
    "an error as llama.cpp says it": (b'error: {"code":500,"message":"Oh no"}\n\n', OH_NO),
    "an error in a choice": (
        stream_of({"choices": [{"index": 0, "delta": {}, "error": {"code": 502, "message": "Oh no"}}]}),
        OH_NO,
    ),
    "an error for a reason": (stream_of(done("error")), "gave up in the middle of its reply: error"),
    "an event that is no JSON": (b"data: {\n\n", "sent what is not a JSON object: {"),
    "an event that is no object": (b"data: [1]\n\n", "sent what is not a JSON object: [1]"),
    "an event too deep": (b"data: " + b"[" * 100_000 + b"\n\n", "sent what is not a JSON object: " + "[" * 4000),
    "no end": (stream_of(chunk(content="a"), end=b""), "broke off in the middle of its reply"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_group_10_what_is_no_reply(case: str) -> None:
    body, expected = BROKEN[case]
    with pytest.raises(Failure) as caught:
        read(body)
    assert caught.value.what.strip() == expected


def test_text_that_came_before_an_error_is_shown() -> None:
    deltas = Reply().feed(stream_of(chunk(content="a"), {"error": "no"}))
    assert next(deltas) == TextDelta(text="a")
    with pytest.raises(Failure, match="no"):
        next(deltas)


def test_a_reply_without_end_does_not_fill_the_memory() -> None:
    reply = Reply(most_bytes=10_240)
    for _ in range(700):
        assert list(reply.feed(b": keep-alive\n\n")) == []
    with pytest.raises(Failure, match="sent a reply of more than 10 KB"):
        list(reply.feed(b": keep-alive\n\n" * 40))


# ---- streamed and unstreamed, cut anywhere (conformance 20)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "🚀", "né", "\r\n", "日本"]
)
MADE = st.lists(st.tuples(TEXTS.filter(bool), TEXTS, TEXTS), max_size=3)


def said_whole(content: str, calls: list[tuple[str, str, str]], finish: str) -> bytes:
    made = [part(index, text, call_id=call_id or None, name=name) for index, (name, call_id, text) in enumerate(calls)]
    body = whole(finish, content=content or None, refusal=None, tool_calls=made or None)
    return json.dumps({**body, "usage": {"prompt_tokens": 3, "completion_tokens": 4}}).encode()


def said_in_pieces(data: st.DataObject, content: str, calls: list[tuple[str, str, str]], finish: str) -> bytes:
    """The same reply as events: its texts in pieces of UTF-16, as some servers cut them, its calls interleaved."""
    chunks = [chunk(content=text) for text in halves(data, content)] if content else []
    chunks += [piece(index, call_id=call_id or None, name=name) for index, (name, call_id, _) in enumerate(calls)]
    waiting = [[piece(index, text) for text in halves(data, written)] for index, (_, _, written) in enumerate(calls)]
    while any(waiting):
        chosen = data.draw(st.sampled_from([queue for queue in waiting if queue]))
        chunks.append(chosen.pop(0))
    counted = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    plain = data.draw(st.booleans())
    lines = [json_of(each, plain) for each in (*chunks, done(finish), counted)]
    breaks = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    events = [f"data: {line}{breaks}{breaks}" for line in (*lines, "[DONE]")]
    return "".join(events).encode()


def json_of(value: object, plain: bool) -> str:
    """JSON with its characters as they are, or escaped: half a character can come only so."""
    text = json.dumps(value, ensure_ascii=False)
    return text if plain and not any("\ud800" <= char <= "\udfff" for char in text) else json.dumps(value)


def halves(data: st.DataObject, text: str) -> list[str]:
    units = text.encode("utf-16-le")
    cuts = data.draw(st.lists(st.integers(0, len(units) // 2), max_size=3))
    return [cut.decode("utf-16-le", "surrogatepass") for cut in cuts_of(units, [2 * cut for cut in cuts])]


@given(st.data(), TEXTS, MADE, st.sampled_from(["stop", "tool_calls", "length", "content_filter"]))
def test_group_20_streamed_and_unstreamed_replies_are_the_same(
    data: st.DataObject, content: str, calls: list[tuple[str, str, str]], finish: str
) -> None:
    streamed = said_in_pieces(data, content, calls, finish)
    cuts = data.draw(st.lists(st.integers(0, len(streamed)), max_size=8))
    deltas, response = read(*cuts_of(streamed, cuts))
    at_once, expected = read(said_whole(content, calls, finish))
    assert response == expected
    assert said(deltas) == said(at_once) == content
    assert dict(announced(deltas)) == dict(announced(at_once)) == dict(enumerate(name for name, _, _ in calls))
