"""Chat Completions on the wire, and which key goes where."""

import asyncio
import gc
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.clients.endpoints import Address, address_of, missing_key
from orchestrator.clients.openai import OpenAIClient
from orchestrator.clients.router import Router
from orchestrator.clients.wire import body_of
from orchestrator.errors import ModelError
from orchestrator.events import TextDelta, ToolAnnounced
from orchestrator.messages import AssistantMessage, ToolCall, ToolMessage, UserMessage
from orchestrator.model import Endpoint, FromEnv, Model, NamedFunction, Provider, Timeouts, ToolChoice
from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse
from orchestrator.tools import FunctionSchema
from tests.support.chat_rules import faults, house_faults
from tests.support.chat_server import ChatServer, call, raw, refuse, say

FUNCTION = FunctionSchema("weather", "Tells the weather.", {"type": "object", "properties": {}})
STREAM = {"stream": True, "stream_options": {"include_usage": True}}
HELLO = (UserMessage("hello"),)


def request(*functions: FunctionSchema, **fields: Any) -> ModelRequest:
    return ModelRequest(**{"model": Model("m"), "system": "s", "messages": HELLO, "functions": functions, **fields})


# ---- the body of a request (conformance 18)


def test_the_whole_body_in_its_order() -> None:
    messages = (
        UserMessage("Wie ist das Wetter in Köln? 🌧"),
        AssistantMessage(None, (ToolCall("call_1", "weather", '{"city": '),)),
        ToolMessage("call_1", "no JSON"),
        AssistantMessage("Sorry?"),
        UserMessage(""),
    )
    model = Model("gpt-4o", "fast", settings={"temperature": 0, "seed": 7})
    whole = ModelRequest(model, "Be brief.\n", messages, (FUNCTION,), "required", False, "triage", {"secret": 1})
    body = body_of(whole)
    assert list(json.loads(body)) == [
        *("model", "messages", "tools", "temperature", "seed"),
        *("tool_choice", "parallel_tool_calls", "stream", "stream_options"),
    ]
    assert json.loads(body) == {
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "Be brief.\n"},
            {"role": "user", "content": "Wie ist das Wetter in Köln? 🌧"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": '}}
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "no JSON"},
            {"role": "assistant", "content": "Sorry?"},
            {"role": "user", "content": ""},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "description": "Tells the weather.",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
        ],
        "temperature": 0,
        "seed": 7,
        "tool_choice": "required",
        "parallel_tool_calls": False,
        **STREAM,
    }
    assert "Köln? 🌧".encode() in body
    assert faults(json.loads(body)) == house_faults(json.loads(body)) == []


@pytest.mark.parametrize("choice", ["auto", "none", "required", NamedFunction("weather")])
def test_without_functions_nothing_speaks_of_tools(choice: ToolChoice | NamedFunction) -> None:
    body = json.loads(body_of(request(tool_choice=choice, parallel_tool_calls=True)))
    assert body == {
        "model": "m",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hello"}],
        **STREAM,
    }


CHOICES: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "nothing said": ({}, {}),
    "auto": ({"tool_choice": "auto"}, {}),
    "none": ({"tool_choice": "none"}, {"tool_choice": "none"}),
    "required": ({"tool_choice": "required"}, {"tool_choice": "required"}),
    "a function": (
        {"tool_choice": NamedFunction("weather")},
        {"tool_choice": {"type": "function", "function": {"name": "weather"}}},
    ),
    "parallel": ({"parallel_tool_calls": True}, {"parallel_tool_calls": True}),
    "not parallel": ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
}


@pytest.mark.parametrize("case", CHOICES)
def test_what_is_said_about_tools(case: str) -> None:
    given, expected = CHOICES[case]
    body = json.loads(body_of(request(FUNCTION, **given)))
    assert {name: body[name] for name in body if name not in ("model", "messages", "tools", *STREAM)} == expected
    assert faults(body) == []


def test_no_lone_surrogate_leaves() -> None:
    body = body_of(request(messages=(UserMessage("a\ud800b"),)))
    assert json.loads(body)["messages"][1]["content"] == "a?b"


# ---- the client, over real sockets


async def asked(
    server: ChatServer, key: str | None = "sk-test", **fields: Any
) -> tuple[list[ModelDelta], ModelResponse]:
    client = OpenAIClient(Address(server.url, key))
    try:
        *deltas, response = [item async for item in client.stream(request(FUNCTION, **fields))]
    finally:
        await client.aclose()
    assert isinstance(response, ModelResponse)
    return [delta for delta in deltas if not isinstance(delta, ModelResponse)], response


async def test_a_streamed_reply_with_text_and_calls() -> None:
    made = call(("weather", {"city": "Köln"}), ("weather", {}), text="Let me see.", chunk=3)
    with ChatServer([made]) as server:
        deltas, response = await asked(server)
    assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == "Let me see."
    assert [delta for delta in deltas if isinstance(delta, ToolAnnounced)] == [
        ToolAnnounced(index=0, name="weather"),
        ToolAnnounced(index=1, name="weather"),
    ]
    assert response.content == "Let me see."
    assert [json.loads(each.arguments) for each in response.tool_calls] == [{"city": "Köln"}, {}]
    assert response.usage.total > 0
    assert server.refused == []


async def test_a_refusal() -> None:
    with ChatServer([refuse("I can't help with that.")]) as server:
        _, response = await asked(server)
    assert (response.content, response.finish) == ("I can't help with that.", "refusal")


async def test_a_server_that_does_not_stream() -> None:
    whole = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}]}
    with ChatServer([raw(200, {"content-type": "application/json"}, [json.dumps(whole).encode()])]) as server:
        deltas, response = await asked(server)
    assert (deltas, response.content) == ([TextDelta(text="Hi.")], "Hi.")


async def test_a_cancelled_request_leaves_nothing_behind() -> None:
    with ChatServer([say("late", delay=30)]) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await asked(server)
        assert len(asyncio.all_tasks()) == 1


async def test_a_router_keeps_one_client_for_each_endpoint() -> None:
    environ = {"OPENAI_API_KEY": "sk-test"}
    with ChatServer([say("a"), say("b")]) as server:
        async with Router({**environ, "OPENAI_BASE_URL": server.url}) as router:
            for text in ("a", "b"):
                items = [item async for item in router.stream(request())]
                assert isinstance(items[-1], ModelResponse)
                assert items[-1].content == text
        assert server.connections == 1


def open_sockets() -> int:
    gc.collect()
    return sum(isinstance(each, socket.socket) and each.fileno() != -1 for each in gc.get_objects())


@pytest.mark.parametrize("leaving", ["asyncio.run", "a loop of one's own"])
def test_group_16_no_connection_outlives_its_event_loop(leaving: str) -> None:
    with ChatServer(lambda body: say("hi")) as server:
        before = open_sockets()
        router = Router({"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": server.url})
        for _ in range(3):
            if leaving == "asyncio.run":
                asyncio.run(answer_of(router, Model("m")))
            else:
                loop = asyncio.new_event_loop()
                loop.run_until_complete(answer_of(router, Model("m")))
                loop.run_until_complete(loop.shutdown_asyncgens())
                loop.close()
        assert server.connections == 3
        within = time.monotonic() + 5
        while open_sockets() > before and time.monotonic() < within:  # those of the server end a little later
            time.sleep(0.01)
        assert open_sockets() == before


async def answer_of(router: Router, model: Model) -> ModelDelta | ModelResponse:
    return [item async for item in router.stream(request(model=model))][-1]


async def test_a_router_asks_the_script_of_a_model(tmp_path: Path) -> None:
    script = tmp_path / "a.script.yaml"
    script.write_text("rules: [{say: from the script}]\n")
    async with Router({}) as router:
        model = Model("m", provider="script", file=str(script))
        assert await answer_of(router, model) == ModelResponse("from the script")


FILES: dict[str, tuple[Provider, str | None, str]] = {
    "no script": ("script", None, "the script file can't be read: No such file or directory"),
    "a broken script": ("script", "rules: [{sy: x}]", "the script file has errors, the first: unknown key 'sy'"),
    "no recording": ("replay", None, "No such file or directory"),
}


@pytest.mark.parametrize("case", FILES)
async def test_a_file_that_a_model_can_not_answer_from(tmp_path: Path, case: str) -> None:
    provider, text, told = FILES[case]
    if text is not None:
        (tmp_path / "file").write_text(text)
    async with Router({}) as router:
        with pytest.raises(ModelError, match=told):
            await answer_of(router, Model("m", provider=provider, file=str(tmp_path / "file")))


async def test_a_model_without_tool_calls_is_asked_in_its_own_way() -> None:
    environ = {"OPENAI_API_KEY": "sk-test"}
    with ChatServer([say('{"call": "weather", "arguments": {}}')]) as server:
        async with Router({**environ, "OPENAI_BASE_URL": server.url}) as router:
            asked = request(FUNCTION, model=Model("m", tool_calls="json"))
            items = [item async for item in router.stream(asked)]
    assert isinstance(items[-1], ModelResponse)
    assert [made.name for made in items[-1].tool_calls] == ["weather"]
    assert "tools" not in server.requests[0].body


async def test_a_router_says_which_variable_is_missing() -> None:
    async with Router({}) as router:
        with pytest.raises(ModelError, match="OPENAI_API_KEY is not set"):
            _ = [item async for item in router.stream(request())]


async def test_a_request_that_is_not_to_be_streamed() -> None:
    with ChatServer([call(("weather", {}), text="Let me see.")]) as server:
        deltas, response = await asked(server, model=Model("m", stream=False))
    body = server.requests[0].body
    assert not {"stream", "stream_options"} & set(body)
    assert server.requests[0].headers["accept"] == "application/json"
    assert deltas == [TextDelta(text="Let me see."), ToolAnnounced(index=0, name="weather")]
    assert response.content == "Let me see."


async def test_headers_of_a_model_go_along_and_win() -> None:
    headers: dict[str, str | FromEnv] = {
        "X-Title": "Bots",
        "user-agent": FromEnv("AGENT"),
        "X-Team": FromEnv("NO_TEAM", "none"),
    }
    model = Model("m", headers=headers)
    with ChatServer([say("hi")]) as server:
        async with Router({"OPENAI_API_KEY": "sk-a", "OPENAI_BASE_URL": server.url, "AGENT": "mine\n"}) as router:
            _ = [item async for item in router.stream(request(model=model))]
    sent = server.requests[0].headers
    assert (sent["x-title"], sent["user-agent"], sent["x-team"]) == ("Bots", "mine", "none")
    assert sent["authorization"] == "Bearer sk-a"


async def test_a_consumer_may_take_longer_than_the_endpoint() -> None:
    model = Model("m", timeouts=Timeouts(first=0.3, between=0.3))
    with ChatServer([say("one two three", chunk_delay=0.02)]) as server:
        client = OpenAIClient(Address(server.url, "sk-test"))
        words = []
        async for item in client.stream(request(model=model)):
            words.append(item.text if isinstance(item, TextDelta) else "")
            await asyncio.sleep(0.4)
        await client.aclose()
    assert words == ["one", " two", " three", ""]


async def test_a_reply_ends_where_the_endpoint_says_so() -> None:
    done = b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    lingering = raw(200, {"content-type": "text/event-stream"}, [done, b": never mind\n\n"], chunk_delay=30)
    with ChatServer([lingering]) as server:
        started = time.monotonic()
        assert (await asked(server))[1].content == "Hi"
    assert time.monotonic() - started < 5


# ---- endpoints (conformance 35)


KEY, OTHER = "sk-openai-secret", "other-secret"
ENVIRON = {"OPENAI_API_KEY": KEY, "LLM_KEY": OTHER, "LLM_URL": "https://llm.example/v1"}
OPENAI = "https://api.openai.com/v1"
GATEWAY = "https://gateway.example/openai/v1"


def address(url: str, key: str | None) -> Address:
    return Address(url, key, secrets=frozenset({key} if key else ()))


ADDRESSES: dict[str, tuple[Endpoint, dict[str, str], Address | str]] = {
    "OpenAI's own": (Endpoint(), {}, address(OPENAI, KEY)),
    "OPENAI_BASE_URL": (Endpoint(), {"OPENAI_BASE_URL": GATEWAY}, address(GATEWAY, KEY)),
    "an empty OPENAI_BASE_URL": (Endpoint(), {"OPENAI_BASE_URL": ""}, address(OPENAI, KEY)),
    "a key of its own": (Endpoint(api_key=FromEnv("LLM_KEY")), {}, address(OPENAI, OTHER)),
    "a URL in YAML gets no OpenAI key": (Endpoint("https://evil.example"), {}, "no key for https://evil.example"),
    "nor one from the environment": (Endpoint(FromEnv("LLM_URL")), {}, "no key for https://llm.example/v1"),
    "a URL in YAML with a key": (Endpoint("https://a/v1", FromEnv("LLM_KEY")), {}, address("https://a/v1", OTHER)),
    "a URL in YAML without keys": (Endpoint("http://localhost:1/v1", ""), {}, address("http://localhost:1/v1", None)),
    "a URL from the environment": (
        Endpoint(FromEnv("LLM_URL", "https://default"), FromEnv("LLM_KEY")),
        {},
        address("https://llm.example/v1", OTHER),
    ),
    "its default": (Endpoint(FromEnv("NO_URL", "https://default"), ""), {}, address("https://default", None)),
    "no URL": (Endpoint(FromEnv("NO_URL"), ""), {}, "environment variable NO_URL is not set"),
    "no key": (Endpoint(api_key=FromEnv("NO_KEY")), {}, "environment variable NO_KEY is not set"),
    "an empty key": (Endpoint(), {"OPENAI_API_KEY": ""}, "environment variable OPENAI_API_KEY is not set"),
}


@pytest.mark.parametrize("case", ADDRESSES)
def test_where_a_key_goes(case: str) -> None:
    endpoint, settings, expected = ADDRESSES[case]
    if isinstance(expected, Address):
        assert address_of(Model("m", endpoint=endpoint), {**ENVIRON, **settings}) == expected
        return
    with pytest.raises(ModelError) as caught:
        address_of(Model("m", endpoint=endpoint), {**ENVIRON, **settings})
    assert expected in str(caught.value)
    assert KEY not in str(caught.value)
    assert OTHER not in str(caught.value)


def test_where_azure_is_asked() -> None:
    endpoint = Endpoint("https://mine.openai.azure.com/openai/", FromEnv("LLM_KEY"), "2024-10-21", "my deployment")
    found = address_of(Model("gpt-4o", endpoint=endpoint, provider="azure"), ENVIRON)
    where = "https://mine.openai.azure.com/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21"
    assert str(found.url) == where
    assert found.authorization == {"api-key": OTHER}
    assert found.shown == "https://mine.openai.azure.com/openai/"


def test_a_query_of_the_address_stays_and_is_not_shown() -> None:
    found = address("https://me:pass@llm.example/v1/?code=secret", None)
    assert str(found.url) == "https://me:pass@llm.example/v1/chat/completions?code=secret"
    assert found.shown == "https://llm.example/v1/"
    assert found.authorization == {}


def test_a_key_is_in_no_representation() -> None:
    found = address_of(Model("m"), ENVIRON)
    client = OpenAIClient(found)
    assert repr(found) == f"Address({OPENAI!r})"
    assert all(KEY not in shown for shown in (str(found), f"{found}", repr(client), repr(Router(ENVIRON))))


MISSING = {
    "no model": ((), None),
    "set": ((Endpoint(), Endpoint(api_key=FromEnv("LLM_KEY"))), None),
    "not set": ((Endpoint(), Endpoint(api_key=FromEnv("NO_KEY"))), "NO_KEY"),
    "none needed": ((Endpoint("http://localhost/v1", ""),), None),
}


@pytest.mark.parametrize("case", MISSING)
def test_the_first_key_that_is_missing(case: str) -> None:
    endpoints, expected = MISSING[case]
    models = [Model("m", endpoint=endpoint) for endpoint in endpoints]
    assert missing_key(models, ENVIRON) == expected


async def test_no_error_of_a_server_shows_the_key() -> None:
    refusing = raw(400, {"content-type": "text/plain"}, [b"no"])
    with ChatServer([refusing]) as server, pytest.raises(ModelError) as caught:
        await asked(server, "sk-in-the-test")
    assert str(caught.value) == f"model 'm' at {server.url}: answered 400: no"
    assert "sk-in-the-test" not in repr(caught.value)
    assert caught.value.__cause__ is None
