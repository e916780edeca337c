"""Endpoints on a bad day: every fault, streaming or not, through the whole way from the server to the events."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.clients.retry import Patience
from orchestrator.clients.router import Router
from orchestrator.events import (
    Event,
    ModelResponded,
    ModelRestarted,
    Retrying,
    RunFinished,
    TextDelta,
    to_json,
)
from orchestrator.messages import AssistantMessage, UserMessage
from orchestrator.model import Endpoint, FromEnv, Model, Timeouts
from orchestrator.runner import Runner
from orchestrator.state import State
from tests.acceptance.conftest import Write
from tests.support.chat_server import ChatServer, Reply, call, error, refuse, say
from tests.support.cli import in_process, orchestrate
from tests.support.fakes import FakeClock, agent, follow, graph, recorded
from tests.support.faults import FAULTS, ODD, Fault

QUICK = Timeouts(connect=1.0, first=0.3, between=0.3)
KEY = "sk-of-the-bad-day"
MODES = pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}


async def look() -> str:  # on the loop: threads would end in any order
    return "seen"


async def converse(
    server: ChatServer, *turns: str, streamed: bool = True, timeouts: Timeouts = QUICK, azure: bool = False
) -> tuple[list[Event], State]:
    """Hold a conversation with one agent that has one tool. All that must hold of any run is asserted on the way."""
    model = Model("m", stream=streamed, timeouts=timeouts)
    if azure:  # it is asked through the openai package; the header is for the server, which is not Azure
        where = Endpoint(server.url, FromEnv("OPENAI_API_KEY"), "2024-10-21", "m")
        model = replace(model, provider="azure", endpoint=where, headers={"Authorization": "Bearer token"})
    events: list[Event] = []
    state = State("session")
    environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url}
    async with Router(environ, Patience(pause=0.01)) as router:
        runner = Runner(graph(agent("a", look, model=model)), router, clock=FakeClock())
        for turn in turns:
            run = runner.stream(turn, state=state)
            events += await asyncio.wait_for(follow(run, recorded(events)), 20)
            state = run.state
    return events, state


def of(kind: type, events: Iterable[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def shown(events: Iterable[Event]) -> str:
    """The text of the last reply as a consumer has it that knows what is void."""
    text = last = ""
    for event in events:
        match event:
            case TextDelta():
                text += event.text
            case ModelRestarted():
                text = ""
            case ModelResponded():
                assert text == (event.message.content or "")
                last, text = text, ""
            case _:
                pass
    return last


def in_turn(*replies: Reply) -> Callable[[dict[str, Any]], Reply]:
    """The replies in order, whatever comes."""
    waiting = list(replies)
    return lambda body: waiting.pop(0)


MODES_OF = {name: (True,) if fault.streamed_only else (True, False) for name, fault in FAULTS.items()}
EACH = pytest.mark.parametrize(
    ("case", "streamed"),
    [(name, streamed) for name, modes in MODES_OF.items() for streamed in modes],
    ids=lambda value: value if isinstance(value, str) else ("streamed" if value else "whole"),
)


@EACH
async def test_group_17_a_fault_once_between_a_call_and_its_answer(case: str, streamed: bool) -> None:
    fault = FAULTS[case]
    replies = in_turn(call(("look", {})), fault.reply(streamed), say("All is well."), say("Good night."))
    with ChatServer(replies) as server:
        events, state = await converse(server, "hello", "bye", streamed=streamed)
    first, second = of(RunFinished, events)
    assert server.refused == []
    assert (first.status, second.status) == ("answered" if fault.passing else "failed", "answered")
    assert [type(item) for item in events].count(Retrying) == fault.passing
    failed, after = server.requests[1:3]
    assert (failed.raw == after.raw) == fault.passing
    if fault.passing:
        assert fault.told in of(Retrying, events)[0].reason
        assert shown(events) == "Good night."
        assert state.messages[3] == AssistantMessage("All is well.")
    else:
        assert_told(first, fault, server)


@pytest.mark.parametrize("case", FAULTS)
async def test_group_17_40_a_fault_of_azure(case: str) -> None:
    fault = FAULTS[case]
    with ChatServer(in_turn(call(("look", {})), fault.reply(True), say("All is well."), say("Good night."))) as server:
        events, _ = await converse(server, "hello", "bye", azure=True)
    first, second = of(RunFinished, events)
    assert (first.status, second.status) == ("answered" if fault.passing else "failed", "answered")
    if fault.passing:
        assert fault.told in of(Retrying, events)[0].reason
        assert shown(events) == "Good night."
    else:
        assert_told(first, fault, server)


@EACH
async def test_group_17_a_fault_that_stays_ends_in_time_and_the_session_goes_on(case: str, streamed: bool) -> None:
    fault = FAULTS[case]
    began = time.monotonic()

    def replies(body: dict[str, Any]) -> Reply:
        return fault.reply(streamed) if body["messages"][-1]["content"] == "hello" else say("Hello.")

    with ChatServer(replies) as server:
        events, state = await converse(server, "hello", "again", streamed=streamed)
    first, second = of(RunFinished, events)
    assert (first.status, second.status) == ("failed", "answered")
    assert time.monotonic() - began < 30
    assert_told(first, fault, server)
    tries = len(server.requests) - 1
    text_was_shown = bool(of(ModelRestarted, events))
    assert tries == (1 if not fault.passing else 2 if text_was_shown else 4)
    assert (f"tried {tries} times" in first.detail) == (tries > 1)
    assert state.messages[-2:] == (UserMessage("again"), AssistantMessage("Hello."))


def assert_told(finished: RunFinished, fault: Fault, server: ChatServer) -> None:
    """The failure is one line: which model, which endpoint, what it answered. It holds no secret."""
    assert finished.detail.startswith(f"model 'm' at {server.url}: ")
    assert fault.told in finished.detail
    assert len(finished.detail.splitlines()) == 1
    assert len(finished.detail) < 600
    assert KEY not in finished.detail
    assert "Error" not in finished.detail.replace("Internal Server Error", "")


@MODES
@pytest.mark.parametrize("case", ODD)
async def test_group_20_odd_replies_that_are_right(case: str, streamed: bool) -> None:
    with ChatServer([ODD[case](streamed)]) as server:
        events, state = await converse(server, "hello", streamed=streamed)
    assert state.messages[-1] == AssistantMessage("Once more")
    assert shown(events) == "Once more"
    assert of(Retrying, events) == []


@MODES
async def test_the_time_for_a_whole_call_bounds_all_its_tries(streamed: bool) -> None:
    with ChatServer(lambda body: error(503, delay=0.25)) as server:
        events, _ = await converse(server, "hello", streamed=streamed, timeouts=Timeouts(total=0.6))
    assert of(RunFinished, events)[0].status == "failed"
    assert len(server.requests) in {2, 3}


CONTEXT = {
    "OpenAI, Azure": (400, {"error": {"message": "too much", "code": "context_length_exceeded"}}),
    "vLLM": (400, {"object": "error", "message": "This model's maximum context length is 4096 tokens. However, …"}),
    "llama.cpp": (400, {"error": {"code": 400, "message": "too much", "type": "exceed_context_size_error"}}),
    "llama.cpp, in words": (500, {"error": {"code": 500, "message": "Context size has been exceeded."}}),
    "Ollama": (400, {"error": {"message": "input length exceeds the context length"}}),
    "a proxy in between": (413, {"error": "Request Entity Too Large"}),
}


@pytest.mark.parametrize("case", CONTEXT)
async def test_group_17_a_conversation_too_long_has_a_status_of_its_own(case: str) -> None:
    with ChatServer([error(*CONTEXT[case]), say("Hello.")]) as server:
        events, _ = await converse(server, "hello", "again")
    assert [event.status for event in of(RunFinished, events)] == ["context_length", "answered"]
    assert len(server.requests) == 2


# ---- streamed and unstreamed runs (conformance 20)

REPLIES: Mapping[str, list[Reply]] = {
    "words": [say("Grüße 🚀\n", usage=USAGE)],
    "a call": [call(("look", {}), text="Let me see.", usage=USAGE), say("Seen.", usage=USAGE)],
    "two calls": [call(("look", {}), ("look", "{}"), usage=USAGE), say("Seen.", usage=USAGE)],
    "calls without ids": [call(("look", {}), ("look", {}), ids=["", ""], usage=USAGE), say("Seen.", usage=USAGE)],
    "arguments that are no JSON": [call(("look", '{"a'), usage=USAGE), say("Sorry.", usage=USAGE)],
    "a refusal": [refuse("I won't.", usage=USAGE)],
    "cut": [say("It is", finish="length", usage=USAGE)],
    "cut inside a call": [call(("look", '{"a'), finish="length", usage=USAGE)],
    "filtered": [say("It is", finish="content_filter", usage=USAGE)],
    "an empty one, and another": [say("", usage=USAGE), say("Hello.", usage=USAGE)],
    "a failure, and another": [error(503), say("Hello.", usage=USAGE)],
    "no usage": [say("Hello.", usage={})],
}


@pytest.mark.parametrize("case", REPLIES)
async def test_group_20_streamed_and_unstreamed_runs_give_the_same_events(case: str) -> None:
    told: list[list[dict[str, Any]]] = []
    for streamed in (True, False):
        with ChatServer(in_turn(*REPLIES[case])) as server:
            events, _ = await converse(server, "hello", streamed=streamed)
        assert server.refused == []
        assert [request.body.get("stream", False) for request in server.requests] == [streamed] * len(REPLIES[case])
        told.append([{**json.loads(to_json(event)), "at": 0, "run_id": ""} for event in recorded(events)])
        assert shown(events) == events_text(events)
    assert told[0] == told[1]


def events_text(events: Iterable[Event]) -> str:
    return of(ModelResponded, events)[-1].message.content or ""


# ---- from the command line


def bot(write: Write, more: str = "") -> Path:
    models = f"models: {{m: {{model: some-model{more}}}}}\n"
    return write("bot.yaml", models + "agents: {a: {instructions: x, model: m}}\n")


def test_the_final_failure_is_one_line_and_the_conversation_goes_on(write: Write) -> None:
    replies = in_turn(error(401), say("Hello again."))
    with ChatServer(replies) as server:
        settings = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url}
        done = in_process("run", bot(write), lines="hello\nstill there?\n", **settings)
    assert (done.code, done.out) == (3, "Hello again.\n")
    assert done.err == (
        f"the run ended: failed: model 'm' at {server.url}: answered 401: Incorrect API key provided.; "
        "is the key right?\n"
    )


def test_a_key_that_is_said_back_is_hidden(write: Write) -> None:
    with ChatServer([error(400, {"error": {"message": f"bad key {KEY}!"}})]) as server:
        done = in_process("run", bot(write), "hi", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    assert done.err == f"the run ended: failed: model 'm' at {server.url}: answered 400: bad key …!\n"


def test_a_key_that_no_header_can_carry_is_not_shown(write: Write) -> None:
    done = in_process("run", bot(write), "hi", OPENAI_API_KEY="sk-Schlüssel\nsk-two")
    assert done.code == 3
    assert done.err == (
        "the run ended: failed: the environment variable OPENAI_API_KEY holds a character that no header can carry: "
        "a line break, or one that is not ASCII\n"
    )


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/v1", "no address", "http://127.0.0.1:99999/v1", f"http://{'a' * 99}.com"]
)
def test_an_address_that_is_none(write: Write, url: str) -> None:
    done = in_process("run", bot(write), "hi", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=url)
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert done.err.endswith("this is no web address; is the base_url right?\n")


def test_https_where_http_is_spoken(write: Write) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        threading.Thread(target=refuse_plainly, args=(plain,), daemon=True).start()
        url = f"https://127.0.0.1:{plain.getsockname()[1]}/v1"
        done = in_process("run", bot(write), "hi", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=url)
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert done.err.endswith(f"at {url}: it does not speak TLS; is it http in place of https?\n")


def refuse_plainly(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_host_that_is_not_there(write: Write) -> None:
    url = "http://nowhere.invalid/v1"
    done = orchestrate("run", bot(write, ", timeout: 2"), "hi", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=url)
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines()[-1].startswith(f"the run ended: failed: model 'm' at {url}: ")
    assert "Traceback" not in done.err


def test_a_proxy_that_can_not_be_used(write: Write) -> None:
    done = orchestrate("run", bot(write), "hi", OPENAI_API_KEY=KEY, ALL_PROXY="socks9://127.0.0.1:1")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "the environment names a proxy that can't be used" in done.err


def test_certificates_that_can_not_be_read(write: Write) -> None:
    done = orchestrate("run", bot(write), "hi", OPENAI_API_KEY=KEY, SSL_CERT_FILE="/nowhere.pem")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "the environment names certificates that can't be read" in done.err
