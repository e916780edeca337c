"""``run --record`` and ``run --replay``, as people use them: with a server, then without one. Groups 17, 20 and 35."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.acceptance.conftest import Write
from tests.support.chat_server import ChatServer, Reply, call, error, raw, say
from tests.support.cli import ROOT, Done, in_process, orchestrate

KEY = "sk-of-the-test-and-of-nobody-else"
ACME = "agents/acme.yaml"
TURNS = "Hello\nI want a refund for my rocket boots\nyes\nThank you\n"
REPLIES = [
    say("Hello, what can I do for you?", chunk=3),
    error(503, headers={"retry-after": "0"}),
    call(("transfer_to_issues_and_repairs", {})),
    call(("look_up_item", {"search_query": "rocket boots"}), text="Let me look.", ids=[""]),
    say("Shall I pay it back?"),
    call(
        ("execute_refund", {"item_id": "item_001231", "reason": "they do not fly"}),
        ("transfer_to_triage", "{}"),
    ),
    say("Was that all? \N{ROCKET}", finish="length"),
    say("Goodbye."),
]
CLOCK = """
    version: 1
    entry: front
    variables: {crm_token: {type: string, env: CRM_TOKEN, secret: true}}
    models:
      fast: {model: m, headers: {X-Team: {env: TEAM_KEY}}, fallback: [careful]}
      careful: {model: n}
    agents:
      front:
        description: The front
        model: fast
        instructions: It is {{ now.isoformat() }}.
        tools: [helpers]
"""
HELPERS = '''
    """Tools that talk too much."""

    import os

    from orchestrator.tools import ToolContext


    def leak(context: ToolContext) -> dict[str, object]:
        """Tell everything."""
        return {"token": context.variables["crm_token"], "key": os.environ.get("OPENAI_API_KEY", "none")}
'''


CRM_TOKEN, TEAM_KEY = "the-token-of-the-crm", "the-key-of-the-team"


SECRETS = {"CRM_TOKEN": CRM_TOKEN, "TEAM_KEY": TEAM_KEY}


def record(
    cassette: Path,
    *arguments: str | Path,
    replies: list[Reply],
    lines: str = "",
    command: Callable[..., Done] = in_process,
    **settings: str,
) -> Done:
    """Run against a server, which sees a key and legal requests only."""
    with ChatServer(replies, key=KEY) as server:
        settings = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url, **SECRETS, **settings}
        done = command("run", *arguments, "--record", cassette, lines=lines, **settings)
        assert server.refused == []
    return done


def replay(
    cassette: Path,
    *arguments: str | Path,
    lines: str = "",
    command: Callable[..., Done] = in_process,
    **settings: str,
) -> Done:
    """Run without a server, and without a key."""
    settings = {"CRM_TOKEN": CRM_TOKEN, "OPENAI_API_KEY": "", **settings}
    return command("run", *arguments, "--replay", cassette, lines=lines, **settings)


def events(done: Done) -> list[dict[str, Any]]:
    """The events but for what a clock says: when each was, and how long the run took."""
    found: list[dict[str, Any]] = [json.loads(line) for line in done.out.splitlines()]
    for event in found:
        event.pop("at", None)
        event.get("used", {}).pop("seconds", None)
    return found


def calls(cassette: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in cassette.read_text(encoding="utf-8").splitlines()[1:]]


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """A cassette of a conversation with ACME, and the events of the recording."""
    cassette = tmp_path_factory.mktemp("acme") / "acme.jsonl"
    return cassette, record(cassette, ACME, "--format", "jsonl", replies=REPLIES, lines=TURNS, command=orchestrate)


# ---- a conversation comes again


def test_group_20_a_conversation_replays_offline_without_a_key_event_by_event(acme: tuple[Path, Done]) -> None:
    cassette, recorded = acme
    replayed = replay(cassette, ACME, "--format", "jsonl", lines=TURNS, command=orchestrate)
    assert (replayed.err, replayed.code) == (recorded.err, recorded.code)
    assert events(replayed) == events(recorded)
    kinds = {event["type"] for event in events(recorded)}
    assert {"text_delta", "tool_announced", "retrying", "handed_off", "tool_finished"} <= kinds
    statuses = [event["status"] for event in events(recorded) if event["type"] == "run_finished"]
    assert len(statuses) == 4
    assert {"answered", "cut"} == set(statuses)


def test_it_replays_as_often_as_one_likes_and_changes_nothing(acme: tuple[Path, Done]) -> None:
    cassette, recorded = acme
    before = cassette.read_bytes()
    for _ in range(2):
        replayed = in_process("run", ACME, "--format", "jsonl", "--replay", cassette, lines=TURNS)
        assert events(replayed) == events(recorded)
    assert cassette.read_bytes() == before


def test_each_call_has_a_line_with_the_digest_of_its_request(acme: tuple[Path, Done]) -> None:
    recorded = calls(acme[0])
    assert len(recorded) == len(REPLIES) - 1
    for line in recorded:
        text = json.dumps(line["request"], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        assert line["sha256"] == hashlib.sha256(text.encode()).hexdigest()


def test_group_17_what_was_tried_again_is_one_call(acme: tuple[Path, Done]) -> None:
    tried = [line for line in calls(acme[0]) if line["deltas"] and line["deltas"][0]["type"] == "retrying"]
    assert [line["request"]["messages"][-1]["content"] for line in tried] == ["I want a refund for my rocket boots"]


def test_every_line_fits_the_schema(acme: tuple[Path, Done]) -> None:
    schema = json.loads((ROOT / "schemas" / "cassette.schema.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema)
    lines = [json.loads(line) for line in acme[0].read_text(encoding="utf-8").splitlines()]
    assert [fault.message for line in lines for fault in validator.iter_errors(line)] == []
    assert not validator.is_valid({**lines[1], "reply": 1})


def test_templates_see_the_time_of_the_recording(write: Write, tmp_path: Path) -> None:
    file, cassette = clock(write), tmp_path / "c.jsonl"
    recorded = record(cassette, file, "--format", "jsonl", replies=[say("hi"), say("ho")], lines="a\nb\n")
    told = {line["request"]["system"] for line in calls(cassette)}
    assert len(told) == 1
    replayed = replay(cassette, file, "--format", "jsonl", lines="a\nb\n")
    assert (events(replayed), replayed.code) == (events(recorded), 0)


def test_a_time_that_is_given_beats_that_of_the_recording(write: Write, tmp_path: Path) -> None:
    file, cassette = clock(write), tmp_path / "c.jsonl"
    record(cassette, file, "hi", "--now", "2026-05-21T09:30", replies=[say("hi")])
    assert replay(cassette, file, "hi") == Done(0, "hi\n", "")
    other = replay(cassette, file, "hi", "--now", "2026-05-21T10:30")
    assert other.code == 3
    assert 'system: recorded "… is 2026-05-21T09:30:00' in other.err


def test_where_clocks_are_set_otherwise_templates_see_the_same_time(write: Write, tmp_path: Path) -> None:
    file, cassette = clock(write, told="{{ now.hour }}:{{ now.minute }}"), tmp_path / "c.jsonl"
    record(cassette, file, "hi", replies=[say("hi")], command=orchestrate, TZ="JST-9")
    assert replay(cassette, file, "hi", command=orchestrate, TZ="PET5") == Done(0, "hi\n", "")


def test_the_model_that_was_named_is_that_of_the_recording(write: Write, tmp_path: Path) -> None:
    file, cassette = clock(write), tmp_path / "c.jsonl"
    record(cassette, file, "hi", "--model", "careful", replies=[say("hi")])
    assert replay(cassette, file, "hi") == Done(0, "hi\n", "")
    other = replay(cassette, file, "hi", "--model", "fast")
    assert 'model: recorded "n", now "m"' in other.err


def test_a_script_can_be_recorded_too(bot: Path, tmp_path: Path) -> None:
    cassette = tmp_path / "c.jsonl"
    recorded = in_process("run", bot, "use chatter", "--record", cassette)
    replayed = in_process("run", bot, "use chatter", "--replay", cassette)
    assert (recorded.code, replayed.code) == (0, 0)
    assert recorded.out == replayed.out == "result: quiet\n"


def test_group_17_a_fallback_comes_again(write: Write, tmp_path: Path) -> None:
    file, cassette = clock(write), tmp_path / "c.jsonl"
    replies = [error(400), say("hi")]
    recorded = record(cassette, file, "hi", "--format", "jsonl", replies=replies)
    assert [line["end"]["type"] for line in calls(cassette)] == ["failure", "reply"]
    replayed = replay(cassette, file, "hi", "--format", "jsonl")
    assert events(replayed) == events(recorded)
    assert "fell_back" in {event["type"] for event in events(recorded)}


def test_a_model_of_a_file_answers_from_a_cassette(write: Write) -> None:
    file = write(
        "old.yaml",
        """
        version: 1
        entry: front
        models: {old: {provider: replay, file: c.jsonl}}
        agents: {front: {model: old, description: The front, instructions: Hello.}}
    """,
    )
    recorded = write(
        "new.yaml",
        """
        version: 1
        entry: front
        models: {new: {model: gpt, temperature: 1}}
        agents: {front: {model: new, description: The front, instructions: Hello.}}
    """,
    )
    assert record(file.with_name("c.jsonl"), recorded, "hi", replies=[say("ho")]).code == 0
    assert in_process("run", file, "hi") == Done(0, "ho\n", "")
    other = in_process("run", file, "ha")
    assert other.code == 3
    assert 'messages[0].content: recorded "hi", now "ha"' in other.err


# ---- what is not on the cassette


def test_a_request_that_was_not_recorded_fails_with_the_difference(acme: tuple[Path, Done]) -> None:
    cassette, _ = acme
    done = in_process("run", ACME, "Hallo", "--replay", cassette)
    assert done == Done(
        3,
        "",
        f"the run ended: failed: model 'fast': the cassette {cassette} has no reply to this request. "
        'Nearest is line 2: messages[0].content: recorded "Hello", now "Hallo"\n',
    )


def test_the_conversation_goes_on_after_it(acme: tuple[Path, Done]) -> None:
    cassette, _ = acme
    done = in_process("run", ACME, "--replay", cassette, lines="Hallo\nHello\n")
    assert done.code == 3
    assert done.err.count("the run ended") == 2  # the first turn stays in the transcript
    assert 'messages[0].content: recorded "Hello", now "Hallo"' in done.err


# ---- secrets (group 35)


def clock(write: Write, told: str = "{{ now.isoformat() }}") -> Path:
    write("helpers.py", HELPERS)
    return write("clock.yaml", CLOCK.replace("{{ now.isoformat() }}", told))


def test_group_35_no_secret_is_in_the_cassette_though_tools_and_models_tell_them(write: Write, tmp_path: Path) -> None:
    file, cassette = clock(write), tmp_path / "c.jsonl"
    told = f"{CRM_TOKEN}, {TEAM_KEY}, {KEY}"
    replies = [call(("leak", {})), say(f"They are {told}.", chunk=2), error(400, {"error": {"message": told}})]
    replies += [error(400, {"error": {"message": told}})]
    lines = f"tell me\nis it {told}?\n"
    recorded = record(cassette, file, replies=replies, lines=lines)
    assert CRM_TOKEN in recorded.out
    written = cassette.read_text(encoding="utf-8")
    assert [secret for secret in (KEY, CRM_TOKEN, TEAM_KEY) if secret in written] == []
    assert "127.0.0.1" not in json.dumps([line["request"] for line in calls(cassette)])
    for token, key in ((CRM_TOKEN, KEY), ("another-token-of-the-crm", "sk-another-key-of-the-same-person")):
        assert replay(cassette, file, "tell me", CRM_TOKEN=token, OPENAI_API_KEY=key) == Done(
            0, "They are •••, •••, •••.\n", "→ leak()\n"
        )


# ---- wrong usage


def test_a_cassette_is_never_written_over(acme: tuple[Path, Done]) -> None:
    cassette, _ = acme
    before = cassette.read_bytes()
    done = in_process("run", ACME, "Hello", "--record", cassette, OPENAI_API_KEY=KEY)
    expected = f"error: {cassette} is there already: record to another file, or remove it first\n"
    assert done == Done(2, "", expected)
    assert cassette.read_bytes() == before


def test_wrong_usage_leaves_no_file(tmp_path: Path) -> None:
    cassette = tmp_path / "c.jsonl"
    done = in_process("run", ACME, "Hello", "--agent", "nobody", "--record", cassette, OPENAI_API_KEY=KEY)
    assert done.code == 2
    assert not cassette.exists()
    nothing = in_process("run", ACME, "--record", cassette, lines="", OPENAI_API_KEY=KEY)
    assert nothing == Done(0, "", "")
    assert not cassette.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": the file is empty; a cassette is what `orchestrate run --record FILE` writes"),
        ("{}\n", ":1: this is no cassette; a cassette is what `orchestrate run --record FILE` writes"),
        ('{"type":"cassette","version":1}\n{"type":"call"}\n', ":2: 'sha256' is missing"),
        ('{"type":"cassette","version":1}\n{"type":', ":2: this line breaks off, as the recording did; remove it"),
    ],
)
def test_a_broken_cassette_is_wrong_usage(tmp_path: Path, text: str, message: str) -> None:
    cassette = tmp_path / "c.jsonl"
    cassette.write_text(text, encoding="utf-8")
    assert in_process("run", ACME, "Hello", "--replay", cassette) == Done(2, "", f"error: {cassette}{message}\n")


def test_recording_a_replay_makes_no_sense(acme: tuple[Path, Done], tmp_path: Path) -> None:
    done = in_process("run", ACME, "Hello", "--replay", acme[0], "--record", tmp_path / "c.jsonl")
    expected = "error: --record and --replay: give one of them; what is replayed was recorded already\n"
    assert done == Done(2, "", expected)


def test_a_reply_that_breaks_off_is_not_recorded_half(write: Write, tmp_path: Path) -> None:
    """It is tried again, and both tries stand in one line, with what was void."""
    cassette = tmp_path / "c.jsonl"
    torn = raw(200, {"content-type": "text/event-stream"}, [b'data: {"choices":[{"delta":{"content":"Hel"}}]}\n\n'])
    record(cassette, ACME, "Hello", replies=[torn, say("Hello!")])
    [line] = calls(cassette)
    assert [delta["type"] for delta in line["deltas"]] == ["text_delta", "retrying", "model_restarted", "text_delta"]
    assert line["end"]["content"] == "Hello!"
