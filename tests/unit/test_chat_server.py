"""The scripted server, asked by the real client over real sockets."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk

from tests.support.chat_server import ChatServer, Reply, call, error, raw, refuse, say

Client = Callable[..., AsyncOpenAI]

MESSAGES: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Weather?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS: list[Any] = [{"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}]
COUNTED: Any = {"include_usage": True}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    opened: list[AsyncOpenAI] = []

    def connect(server: ChatServer, key: str = "sk-test") -> AsyncOpenAI:
        opened.append(AsyncOpenAI(base_url=server.url, api_key=key, max_retries=0, timeout=5))
        return opened[-1]

    yield connect
    for each in opened:
        await each.close()


async def ask(client: AsyncOpenAI, **fields: Any) -> Any:
    return await client.chat.completions.create(**{"model": "gpt-4o", "messages": MESSAGES, **fields})


async def stream(client: AsyncOpenAI, **fields: Any) -> list[ChatCompletionChunk]:
    return [chunk async for chunk in await ask(client, stream=True, **fields)]


def said(chunks: list[ChatCompletionChunk], name: str = "content") -> list[str]:
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    return [text for text in (getattr(delta, name) for delta in deltas) if text]


def spoken(server: ChatServer, request: bytes) -> bytes:
    """Everything the server sends back over a bare socket, until it closes."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), 5) as wire:
        wire.sendall(request)
        return b"".join(iter(lambda: wire.recv(65536), b""))


def post(body: bytes, *headers: str) -> bytes:
    lines = ["POST /v1/chat/completions HTTP/1.1", "Authorization: Bearer sk-test", *headers]
    lines += ["Connection: close", f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


async def test_text_comes_whole(client: Client) -> None:
    with ChatServer([say("It is sunny.")]) as server:
        answer = await ask(client(server))
    assert answer.object == "chat.completion"
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("It is sunny.", "stop")
    assert answer.choices[0].message.tool_calls is None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert server.refused == []


async def test_request_is_kept_as_it_came(client: Client) -> None:
    with ChatServer([say("x")]) as server:
        await ask(client(server), temperature=0)
    request = server.requests[0]
    assert request.body == {"model": "gpt-4o", "messages": MESSAGES, "temperature": 0}
    assert json.loads(request.raw) == request.body
    assert (request.path, request.headers["authorization"]) == ("/v1/chat/completions", "Bearer sk-test")


async def test_text_is_streamed_word_by_word(client: Client) -> None:
    with ChatServer([say("It  is sunny.\n")]) as server:
        chunks = await stream(client(server))
    assert said(chunks) == ["It", "  is", " sunny.", "\n"]
    assert (chunks[0].choices[0].delta.role, chunks[0].choices[0].delta.content) == ("assistant", "")
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 5 + ["stop"]
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk.id for chunk in chunks}) == 1
    assert all("usage" not in chunk.model_fields_set for chunk in chunks)


async def test_text_is_streamed_in_pieces_of_a_size(client: Client) -> None:
    with ChatServer([say("abcde", chunk=2)]) as server:
        assert said(await stream(client(server))) == ["ab", "cd", "e"]


async def test_usage_comes_in_a_last_chunk_without_choices(client: Client) -> None:
    with ChatServer([say("Sunny.")]) as server:
        chunks = await stream(client(server), stream_options=COUNTED)
    assert (chunks[-1].choices, [chunk.usage for chunk in chunks[:-1]]) == ([], [None] * 3)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens > 0


async def test_usage_can_be_given_or_left_out(client: Client) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    replies = [say("x", usage=usage), say("x", usage={}), say("x", usage=usage), say("x", usage={})]
    with ChatServer(replies) as server:
        connected = client(server)
        given, none = await ask(connected), await ask(connected)
        streamed = await stream(connected, stream_options=COUNTED)
        bare = await stream(connected, stream_options=COUNTED)
    assert (given.usage.total_tokens, none.usage) == (10, None)
    assert streamed[-1].usage is not None
    assert streamed[-1].usage.total_tokens == 10
    assert bare[-1].choices


async def test_events_have_the_shape_of_the_api() -> None:
    body = json.dumps({"model": "gpt-4o", "messages": MESSAGES, "stream": True, "stream_options": COUNTED}).encode()
    with ChatServer([say("Hi")]) as server:
        head, _, content = spoken(server, post(body, "Content-Type: application/json")).partition(b"\r\n\r\n")
    events = [line for line in content.split(b"\r\n") if line.startswith(b"data: ")]
    assert b"content-type: text/event-stream; charset=utf-8" in head
    assert b"transfer-encoding: chunked" in head
    assert events[-1] == b"data: [DONE]\n\n"
    assert content.endswith(b"\r\n0\r\n\r\n")
    assert [json.loads(event[6:])["choices"][0]["delta"] for event in events[:3]] == [
        {"role": "assistant", "content": "", "refusal": None},
        {"content": "Hi"},
        {},
    ]


async def test_calls_come_whole(client: Client) -> None:
    replies = [call(("weather", {"city": "Köln"}), ("weather", "{broken"), text="Let me look.", ids=["a", "b"])]
    with ChatServer(replies) as server:
        choice = (await ask(client(server), tools=TOOLS)).choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", "Let me look.")
    assert [(made.id, made.function.name, made.function.arguments) for made in choice.message.tool_calls] == [
        ("a", "weather", '{"city": "Köln"}'),
        ("b", "weather", "{broken"),
    ]


@pytest.mark.parametrize("text", [None, "Let me look."])
@pytest.mark.parametrize("count", [1, 2])
async def test_calls_are_streamed_in_fragments(client: Client, text: str | None, count: int) -> None:
    with ChatServer([call(*[("weather", {"city": "Paris"})] * count, text=text)]) as server:
        chunks = await stream(client(server), tools=TOOLS)
    fragments = [made for chunk in chunks for made in chunk.choices[0].delta.tool_calls or []]
    assert "".join(said(chunks)) == (text or "")
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    for index in range(count):
        first, *rest = [made for made in fragments if made.index == index]
        assert first.function is not None
        assert (first.type, first.function.name, first.function.arguments) == ("function", "weather", "")
        assert all(made.id is None and made.function and made.function.name is None for made in rest)
        arguments = [made.function.arguments for made in rest if made.function]
        assert len(arguments) > 1
        assert json.loads("".join(piece or "" for piece in arguments)) == {"city": "Paris"}
    assert len({made.id for made in fragments if made.id}) == count


async def test_ids_are_new_even_if_a_reply_is_given_twice(client: Client) -> None:
    reply = call(("weather", {}))
    with ChatServer(lambda body: reply) as server:
        connected = client(server)
        first, second = await ask(connected), await ask(connected)
    assert first.choices[0].message.tool_calls[0].id != second.choices[0].message.tool_calls[0].id


async def test_chosen_function_ends_with_stop(client: Client) -> None:
    chosen = {"type": "function", "function": {"name": "weather"}}
    with ChatServer([call(("weather", {}))]) as server:
        answer = await ask(client(server), tools=TOOLS, tool_choice=chosen)
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("finish", ["length", "content_filter"])
async def test_text_can_end_early(client: Client, finish: str) -> None:
    with ChatServer([say("It is", finish=finish), say("It is", finish=finish)]) as server:
        connected = client(server)
        assert (await ask(connected)).choices[0].finish_reason == finish
        assert (await stream(connected))[-1].choices[0].finish_reason == finish


async def test_refusal_has_its_own_field(client: Client) -> None:
    with ChatServer([refuse("I can't."), refuse("I can't.")]) as server:
        connected = client(server)
        message = (await ask(connected)).choices[0].message
        chunks = await stream(connected)
    assert (message.refusal, message.content) == ("I can't.", None)
    assert "".join(said(chunks, "refusal")) == "I can't."
    assert said(chunks) == []


async def test_replies_may_depend_on_the_request(client: Client) -> None:
    with ChatServer(lambda body: say(body["model"])) as server:
        assert (await ask(client(server), model="gpt-x")).choices[0].message.content == "gpt-x"


async def test_errors_are_as_of_the_api(client: Client) -> None:
    replies = [error(429, headers={"retry-after": "3"}), error(500), error(400, {"error": {"message": "no"}})]
    with ChatServer(replies) as server:
        connected = client(server)
        with pytest.raises(openai.RateLimitError) as limited:
            await ask(connected)
        with pytest.raises(openai.InternalServerError):
            await ask(connected, stream=True)
        with pytest.raises(openai.BadRequestError, match="no"):
            await ask(connected)
    assert (limited.value.code, limited.value.response.headers["retry-after"]) == ("rate_limit_exceeded", "3")
    assert server.refused == []


async def test_wrong_request_is_refused_and_remembered(client: Client) -> None:
    with ChatServer([]) as server:
        with pytest.raises(openai.BadRequestError) as refused:
            await ask(client(server), temperature=3)
        with pytest.raises(openai.BadRequestError, match="exactly one system message"):
            await ask(client(server), messages=MESSAGES[1:])
    assert (refused.value.param, refused.value.type) == ("temperature", "invalid_request_error")
    assert [fault.partition(":")[0] for fault in server.refused] == ["temperature", "messages"]


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        (post(b"{", "Content-Type: application/json"), b"400", "body: We could not parse the JSON body"),
        (post(b'"\xff"', "Content-Type: application/json"), b"400", "body: We could not parse the JSON body"),
        (post(b"[]", "Content-Type: application/json"), b"400", "body: Invalid type"),
        (post(b"{}", "Content-Type: text/plain"), b"400", "content-type: "),
        (post(b"{}").replace(b"/v1/chat", b"/chat"), b"404", "path: Invalid URL (POST /chat/completions)"),
    ],
)
def test_request_that_is_no_chat_is_refused(request_: bytes, status: bytes, words: str) -> None:
    with ChatServer([]) as server:
        assert spoken(server, request_).split()[1] == status
    assert server.refused[0].startswith(words)


async def test_running_out_of_replies_is_an_error(client: Client) -> None:
    with ChatServer([say("one")]) as server:
        connected = client(server)
        await ask(connected)
        with pytest.raises(openai.InternalServerError, match="no reply is left"):
            await ask(connected)
    assert server.refused == ["replies: LookupError: no reply is left in the list given to ChatServer"]


async def test_mistake_in_the_replies_is_an_error(client: Client) -> None:
    def fails(body: dict[str, Any]) -> Reply:
        assert body["model"] == "other", "wrong model"
        return say("x")

    with ChatServer(fails) as server, pytest.raises(openai.InternalServerError, match="wrong model"):
        await ask(client(server))
    with ChatServer([call(("a", {}), ids=[])]) as other, pytest.raises(openai.InternalServerError, match="but 0 ids"):
        await ask(client(other))
    assert len(server.refused) == len(other.refused) == 1


async def test_key_must_be_right(client: Client) -> None:
    with ChatServer([say("x")], key="sk-right") as server:
        with pytest.raises(openai.AuthenticationError) as wrong:
            await ask(client(server, "sk-wrong"))
        await ask(client(server, "sk-right"))
    assert wrong.value.code == "invalid_api_key"
    assert server.refused == []


@pytest.mark.parametrize("header", ["", "Authorization: Bearer ", "Authorization: Basic c2s="])
def test_key_must_be_there(header: str) -> None:
    with ChatServer([]) as server:
        got = spoken(server, f"GET /v1/models HTTP/1.1\r\n{header}\r\nConnection: close\r\n\r\n".encode())
    assert got.startswith(b"HTTP/1.1 401 Unauthorized")
    assert b"You didn't provide an API key" in got


async def test_models_are_listed(client: Client) -> None:
    with ChatServer([]) as server:
        assert "gpt-4o" in [model.id async for model in client(server).models.list()]


async def test_connection_is_kept_for_the_next_request(client: Client) -> None:
    with ChatServer([say("one"), say("two"), error(429), say("three")]) as server:
        connected = client(server)
        await ask(connected)
        await stream(connected)
        with pytest.raises(openai.RateLimitError):
            await ask(connected)
        await ask(connected)
    assert (server.connections, len(server.requests)) == (1, 4)


async def test_client_may_leave_in_the_middle(client: Client) -> None:
    with ChatServer([say("word " * 400, chunk_delay=0.005), say("still here")]) as server:
        connected = client(server)
        answer = await ask(connected, stream=True)
        await anext(answer)
        await answer.close()
        assert (await ask(connected)).choices[0].message.content == "still here"
    assert server.refused == []


async def test_answers_may_be_slow(client: Client) -> None:
    with ChatServer([say("a b", delay=0.2), say("a b", chunk_delay=0.05)]) as server:
        connected = client(server)
        start = time.monotonic()
        await ask(connected)
        waited = time.monotonic()
        await stream(connected)
    assert waited - start >= 0.2
    assert time.monotonic() - waited >= 0.05 * 4


async def test_two_clients_are_answered_at_once(client: Client) -> None:
    with ChatServer([say("a", delay=0.3)] * 5) as server:
        start = time.monotonic()
        await asyncio.gather(*(ask(client(server)) for _ in range(5)))
    assert time.monotonic() - start < 1.2


async def test_end_does_not_wait_for_a_delayed_answer(client: Client) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def later(body: dict[str, Any]) -> Reply:
        loop.call_soon_threadsafe(asked.set)
        return say("x", delay=60)

    with ChatServer(later) as server:
        asking = asyncio.create_task(ask(client(server)))
        await asked.wait()
        start = time.monotonic()
    assert time.monotonic() - start < 1
    with pytest.raises(openai.APIConnectionError):
        await asking


async def test_end_does_not_wait_for_a_stream(client: Client) -> None:
    with ChatServer([say("x y z", chunk_delay=60)]) as server:
        answer = await ask(client(server), stream=True)
        await anext(answer)
        start = time.monotonic()
    assert time.monotonic() - start < 1
    with pytest.raises(openai.APIConnectionError):
        await anext(answer)


async def test_stream_can_be_reset(client: Client) -> None:
    with ChatServer([say("one two three", drop_after=2), say("x", drop_after=0), say("fine")]) as server:
        connected = client(server)
        answer = await ask(connected, stream=True)
        assert said([await anext(answer), await anext(answer)]) == ["one"]
        with pytest.raises(openai.APIConnectionError):
            await anext(answer)
        with pytest.raises(openai.APIConnectionError):
            await ask(connected)
        assert (await ask(connected)).choices[0].message.content == "fine"
    assert server.refused == []


async def test_raw_bytes_go_out_as_they_are(client: Client) -> None:
    page = raw(502, {"content-type": "text/html"}, [b"<html>", b"</html>"])
    cut = raw(200, {"content-type": "application/json", "content-length": "99"}, [b'{"id"'])
    odd = raw(529, {"content-type": "text/plain"}, [])
    with ChatServer([page, cut, odd, say("fine")]) as server:
        connected = client(server)
        with pytest.raises(openai.InternalServerError) as bad:
            await ask(connected)
        with pytest.raises(openai.APIConnectionError):
            await ask(connected)
        with pytest.raises(openai.InternalServerError):
            await ask(connected)
        await ask(connected)
    assert bad.value.response.text == "<html></html>"
    assert server.connections == 2
