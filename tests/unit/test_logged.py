"""What a log is told of each attempt to ask a model, and what an entry becomes. Groups 17 and 35."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.event_log import EventLog
from orchestrator.cli.logs import logs
from orchestrator.clients.endpoints import Address
from orchestrator.clients.openai import OpenAIClient
from orchestrator.clients.wire import body_of
from orchestrator.errors import ModelError
from orchestrator.events import (
    Event,
    ModelAsked,
    ModelResponded,
    Retrying,
    RunFinished,
    RunStarted,
    TextDelta,
    ToolFinished,
    ToolStarted,
)
from orchestrator.messages import AssistantMessage, ToolCall, UserMessage
from orchestrator.model import Model, Timeouts
from orchestrator.model_client import ModelRequest
from tests.support.chat_server import ChatServer, Reply, call, error, say

KEY = "key-of-the-model-that-nobody-may-see"
REQUEST = ModelRequest(Model("gpt-4o", "fast"), "Be brief.", (UserMessage("hello"),), agent="desk")

log = logging.getLogger("orchestrator.runner")


@contextmanager
def logging_to(path: Path, *secrets: str, stream: io.StringIO | None = None) -> Iterator[list[dict[str, Any]]]:
    """Log into this file while it lasts, and into the stream if there is one. Then the entries stand in the list."""
    entries: list[dict[str, Any]] = []
    with logs(path, stream is not None, secrets, lambda: stream or io.StringIO()):
        yield entries
    entries += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def ask(server: ChatServer, request: ModelRequest = REQUEST, **address: Any) -> None:
    client = OpenAIClient(Address(server.url, KEY, **address))
    try:
        async for _ in client.stream(request):
            pass
    finally:
        await client.aclose()


def named(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["what"] for entry in entries]


# ---- attempts


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
async def test_group_35_an_attempt_has_a_request_as_sent_and_a_whole_reply(tmp_path: Path, streamed: bool) -> None:
    request = ModelRequest(Model("gpt-4o", "fast", stream=streamed), "Be brief.", (UserMessage("hello"),), agent="desk")
    reply = call(("find", {"what": "boots"}), text="Let me look", chunk=3, delay=0.05, chunk_delay=0.01)
    with ChatServer([reply]) as server, logging_to(tmp_path / "a.log") as entries:
        await ask(server, request, headers=(("X-Team", "the-name-of-the-team"),))
    assert named(entries) == ["request", "response"]
    sent, got = entries
    assert sent["body"] == json.loads(server.requests[0].raw) == json.loads(body_of(request))
    assert (sent["method"], sent["url"], sent["headers"]) == ("POST", f"{server.url}/chat/completions", ["X-Team"])
    assert (sent["agent"], sent["model"], sent["key"]) == ("desk", "fast", True)
    assert got["reply"]["content"] == "Let me look"
    assert [(made["name"], made["arguments"]) for made in got["reply"]["tool_calls"]] == [("find", '{"what": "boots"}')]
    assert (got["status"], got["request_id"], got["reply"]["finish"]) == (200, f"req_{1:032d}", "stop")
    assert got["usage"]["input"] > 0
    assert 50 <= got["first_ms"] <= got["ms"] < 5_000
    if streamed:
        assert got["ms"] >= got["first_ms"] + 20
    text = (tmp_path / "a.log").read_text()
    assert not [secret for secret in (KEY, "Bearer", "the-name-of-the-team") if secret in text]


async def test_group_17_an_error_of_the_endpoint_is_told_in_full(tmp_path: Path) -> None:
    said = "Invalid schema for function 'find': " + "nobody knows why, " * 40
    refusing = ChatServer([error(400, {"error": {"message": said}})])
    with refusing as server, logging_to(tmp_path / "a.log") as entries, pytest.raises(ModelError):
        await ask(server)
    assert named(entries) == ["request", "request failed"]
    failed = entries[1]
    assert said in failed["reason"]
    assert (failed["status"], failed["kind"], failed["level"]) == (400, "refused", "warning")
    assert failed["request_id"] == f"req_{1:032d}"


@pytest.mark.parametrize(
    ("reply", "reason", "content"),
    [
        (say("one two three four", drop_after=3), "broke off in the middle of its reply", "one two"),
        (say("", drop_after=0), "hung up without an answer", None),
        (say("late", delay=10), "did not begin to answer within 0.2 s", None),
    ],
    ids=["broken", "dropped", "late"],
)
async def test_group_17_a_reply_that_breaks_off_is_kept_as_far_as_it_came(
    tmp_path: Path, reply: Reply, reason: str, content: str | None
) -> None:
    request = ModelRequest(Model("gpt-4o", timeouts=Timeouts(first=0.2)), "Be brief.", (UserMessage("hello"),))
    with ChatServer([reply]) as server, logging_to(tmp_path / "a.log") as entries, pytest.raises(ModelError):
        await ask(server, request)
    assert named(entries) == ["request", "request failed"]
    assert entries[1]["reason"] == reason
    assert entries[1].get("reply", {}).get("content") == content


async def test_group_16_an_attempt_that_is_given_up_says_so(tmp_path: Path) -> None:
    with ChatServer([say("one two three", chunk_delay=0.05)]) as server, logging_to(tmp_path / "a.log") as entries:
        client = OpenAIClient(Address(server.url, KEY))
        async with aclosing(client.stream(REQUEST)) as items:  # type: ignore[type-var]  # a generator
            await anext(items)
        await client.aclose()
    assert named(entries) == ["request", "request given up"]
    assert entries[1]["reply"]["content"] == "one"


async def test_group_35_without_a_log_nothing_is_logged_whatever_a_tool_does_to_logging(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)  # a handler of the root logger, as logging.basicConfig gives it one
    with ChatServer([say("hi")]) as server, logs(None, False, (), io.StringIO):
        await ask(server)
        log.error("a secret that nothing hides")
    assert [record for record in caplog.records if record.name.startswith("orchestrator")] == []


# ---- entries


def test_group_35_a_secret_is_hidden_however_it_is_spelled(tmp_path: Path) -> None:
    secrets = ("crm\"token\\with 'signs'", "schlüssel-zum-glück", "-----BEGIN KEY-----\nMIIEvQIBADANBg\n", "4711")
    stream = io.StringIO()
    with logging_to(tmp_path / "a.log", *secrets, stream=stream) as entries:
        for secret in secrets:
            facts = {"text": secret, "inner": [{"arguments": json.dumps({"of": secret})}], "none": f"47110 {secret}"}
            for raised in (ValueError(f"bad: {secret}"), KeyError(secret), ExceptionGroup("all", [OSError(secret)])):
                log.warning("it said %s", secret, exc_info=raised, extra={"facts": facts})
        log.warning("sk-ThisLooksLikeTheKeyOfAnApi0123456789")
    text = (tmp_path / "a.log").read_text(encoding="utf-8") + stream.getvalue()
    pieces = ("token", "signs", "schl", "MIIEvQ", " 4711", "'4711'", "LooksLike")
    assert [piece for piece in pieces if piece in text] == []
    assert len(entries) == 13
    assert entries[-2]["none"] == "47110 •••"


def test_a_traceback_is_there_and_has_a_bound(tmp_path: Path) -> None:
    with logging_to(tmp_path / "a.log") as entries:
        log.warning("small", exc_info=ValueError("what went wrong"))
        log.warning("big", exc_info=ValueError("x" * 1_000_000))
    assert entries[0]["traceback"] == "ValueError: what went wrong"
    assert len(entries[1]["traceback"]) == 100_000


def test_what_can_not_be_told_breaks_nothing(tmp_path: Path) -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    with logging_to(tmp_path / "a.log") as entries:
        log.error("it gave %r", Broken())
        log.error("and\ud800 it goes on")
    assert named(entries) == ["an entry that can't be told", "and? it goes on"]


def test_people_read_facts_in_a_line_and_long_ones_below_it() -> None:
    stream = io.StringIO()
    facts = {
        "status": 200,
        "ms": 0,
        "first_ms": 0,
        "who": "a b",
        "list": [1, 2],
        "none": None,
        "text": "one\n\x1b[2Jtwo",
    }
    with logs(None, True, (), lambda: stream):
        log.info("response", extra={"facts": facts})
        assert stream.getvalue() == ""  # the line of the reply has not ended yet
        log.info("request", extra={"facts": {"body": "a" * 1000 + "b" * 500 + "c" * 1000}})
    lines = [line[13:] if line[0] == "1" or line[2] == ":" else line for line in stream.getvalue().splitlines()]
    assert lines == [
        'response status=200 ms=0 first_ms=0 who="a b" list=[1, 2]',
        "  text:",
        "    one",
        "    ␛[2Jtwo",
        "request",
        "  body:",
        f"    {'a' * 1000} … (500 characters that --log-file keeps) … {'c' * 1000}",
    ]


# ---- events


def test_group_14_the_end_of_a_tool_a_call_and_a_run_says_how_long_it_took(tmp_path: Path) -> None:
    made = ToolCall("call_1", "find", '{"what": "boots"}')
    events: list[Event] = [
        RunStarted(run_id="run_1", at=1.0, message="hi", agent="desk"),
        ModelAsked(run_id="run_1", at=1.0, agent="desk", model="fast"),
        Retrying(model="fast", reason="it hung up", seconds=0.5, attempt=2),
        TextDelta(text="a piece"),
        ModelResponded(run_id="run_1", at=2.5, message=AssistantMessage(None, (made,))),
        ToolStarted(run_id="run_1", at=2.5, call_id="call_1"),
        ToolFinished(run_id="run_1", at=2.75, call_id="call_1", content="a pair"),
        RunFinished(run_id="run_1", at=3.0, status="answered"),
    ]
    with logging_to(tmp_path / "a.log") as entries:
        told = EventLog()
        for event in events:
            told(event, "session_1")
    assert [(entry["what"], entry.get("ms")) for entry in entries] == [
        ("run_started", None),
        ("model_asked", None),
        ("retrying", None),
        ("model_responded", 1500),
        ("tool_started", None),
        ("tool_finished", 250),
        ("run_finished", 2000),
    ]
    assert {(entry["session"], entry["run"]) for entry in entries} == {("session_1", "run_1")}
    assert {(entry["call"], entry["tool"]) for entry in entries if "call" in entry} == {("call_1", "find")}
    assert (entries[5]["content"], entries[2]["attempt"]) == ("a pair", 2)


def test_a_tool_of_another_process_is_logged_without_its_name(tmp_path: Path) -> None:
    with logging_to(tmp_path / "a.log") as entries:
        EventLog()(ToolFinished(run_id="run_1", at=2.0, call_id="call_1", content="a pair"), "session_1")
    assert (entries[0]["call"], entries[0]["tool"], entries[0].get("ms")) == ("call_1", "", None)
