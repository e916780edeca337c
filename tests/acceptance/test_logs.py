"""``--log-file`` and ``--debug``: what happened, in order and with times, and no secret. Groups 13, 17, 34 and 35."""

import errno
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Write
from tests.support.chat_server import ChatServer, call, error, say
from tests.support.cli import Done, in_process, orchestrate

KEY = "key-of-the-model-that-nobody-may-see"
TOKEN = "crm\"token'with\\signs"
PIN = "471147"

AGENTS = """
    variables:
      crm_token: {type: string, env: CRM_TOKEN, secret: true}
      pin: {type: string, env: PIN, secret: true}
    models:
      fast: {model: gpt-4o-mini, base_url: URL, api_key: {env: KEY}, headers: {X-Trace: {env: TRACE}}}
    agents:
      desk:
        instructions: Help.
        model: fast
        tools:
          - helpers
          - {use: "helpers:give_back", approval: "rules:decide"}
"""
HELPERS = '''
    """Tools that give away what they know."""

    import time

    from orchestrator.tools import ToolContext


    def leak(context: ToolContext) -> str:
        """Raise an exception with secrets in it."""
        known = dict(context.variables)
        raise ValueError(f"login with {known} failed", known["crm_token"])


    def tell(context: ToolContext) -> list[object]:
        """Print secrets, and return them."""
        print(context.variables["crm_token"])
        return [context.variables["crm_token"], {"pin": f"it is {context.variables['pin']}"}]


    def wait() -> str:
        """Take a while."""
        time.sleep(0.2)
        return "done"


    def give_back() -> str:
        """Needs a yes."""
        return "given back"
'''
RULES = '''
    """A rule of approval that breaks."""

    from orchestrator.tools import ToolContext


    def decide(arguments: dict[str, object], context: ToolContext) -> bool:
        """Break."""
        return arguments["amount"] > 10  # there is none
'''

Entries = list[dict[str, Any]]


def project(write: Write, server: ChatServer) -> Path:
    write("pyproject.toml", "")
    write("helpers.py", HELPERS)
    write("rules.py", RULES)
    return write("bot.yaml", AGENTS.replace("URL", server.url))


def run(file: Path, *arguments: str | Path, lines: str = "", command: Callable[..., Done] = in_process) -> Done:
    """Run it in its folder, with all its secrets in the environment."""
    secrets = {"KEY": KEY, "TRACE": "the-secret-of-the-header", "CRM_TOKEN": TOKEN, "PIN": PIN}
    return command("run", file, *arguments, cwd=file.parent, lines=lines, **secrets)


def read(log: Path) -> Entries:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def of(entries: Entries, what: str) -> Entries:
    return [entry for entry in entries if entry["what"] == what]


def test_group_35_no_secret_reaches_the_log(write: Write, tmp_path: Path) -> None:
    said_back = error(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}})
    replies = [call(("leak", {})), call(("tell", {})), say(f"Your token is {TOKEN}", chunk=2), said_back]
    log = tmp_path / "bot.log"
    with ChatServer(replies) as server:
        done = run(project(write, server), "--log-file", log, lines="hello\nagain\n", command=orchestrate)
    assert done.code == 3
    assert server.refused == []
    written = log.read_text(encoding="utf-8")
    pieces = (KEY, "the-secret-of-the-header", "crm", "signs", PIN, "Bearer")
    assert [piece for piece in pieces if piece in written.replace("crm_token", "")] == []
    assert "•••" in of(read(log), "tool leak raised")[0]["traceback"]


def test_group_34_the_traceback_of_a_tool_and_of_a_rule_is_there(write: Write, tmp_path: Path) -> None:
    log = tmp_path / "bot.log"
    with ChatServer([call(("leak", {}), ("give_back", {})), say("Sorry.")]) as server:
        done = run(project(write, server), "hello", "--log-file", log)
    assert (done.code, done.out) == (0, "Sorry.\n")
    assert "Traceback" not in done.err
    entries = read(log)
    [raised] = of(entries, "tool leak raised")
    assert 'in leak\n    raise ValueError(f"login with {known} failed", known["crm_token"])' in raised["traceback"]
    [finished] = [entry for entry in of(entries, "tool_finished") if entry["tool"] == "leak"]
    assert raised["call"] == finished["call"]
    assert (raised["run"], raised["session"]) == (finished["run"], finished["session"])
    [broken] = of(entries, "the approval rule of give_back raised")
    assert "# there is none" in broken["traceback"]
    assert broken["session"] == finished["session"]


def test_group_13_the_log_has_everything_in_order_and_with_times(write: Write, tmp_path: Path) -> None:
    log = tmp_path / "bot.log"
    with ChatServer([call(("wait", {}), delay=0.1), say("Done.")]) as server:
        done = run(project(write, server), "hello", "--log-file", log)
        [first, _] = [json.loads(request.raw) for request in server.requests]
    assert (done.code, done.out) == (0, "Done.\n")
    assert "tool_finished" not in done.err
    entries = read(log)
    asking = ["model_asked", "request", "response", "model_responded"]
    tool = ["tool_started", "tool_finished"]
    assert [entry["what"] for entry in entries] == ["run_started", *asking, *tool, *asking, "run_finished"]
    assert [entry["time"] for entry in entries] == sorted(entry["time"] for entry in entries)
    assert of(entries, "request")[0]["body"] == first
    assert of(entries, "response")[1]["reply"]["content"] == "Done."
    assert 200 <= of(entries, "tool_finished")[0]["ms"] < 2_000
    assert 100 <= of(entries, "response")[0]["first_ms"] <= of(entries, "response")[0]["ms"] < 2_000
    assert len({(entry["session"], entry["run"]) for entry in entries}) == 1


def test_group_17_each_attempt_is_an_entry(write: Write, tmp_path: Path) -> None:
    log = tmp_path / "bot.log"
    replies = [error(503), say("one two three four", drop_after=3), say("one two three four")]
    with ChatServer(replies) as server:
        done = run(project(write, server), "hello", "--log-file", log)
    assert (done.code, done.out) == (0, "one two three four\n")
    entries = read(log)
    failed = ["request", "request failed", "retrying"]
    assert [entry["what"] for entry in entries if entry["what"] != "model_restarted"] == [
        *("run_started", "model_asked"),
        *(*failed, *failed, "request", "response"),
        *("model_responded", "run_finished"),
    ]
    [refused, broken] = of(entries, "request failed")
    assert (refused["status"], refused["kind"]) == (503, "broken")
    assert (broken["reason"], broken["reply"]["content"]) == ("broke off in the middle of its reply", "one two")
    assert [entry["attempt"] for entry in of(entries, "retrying")] == [2, 3]
    assert of(entries, "model_restarted")


def test_debug_shows_the_same_on_standard_error_alone(write: Write) -> None:
    with ChatServer([call(("wait", {})), say("Done.")]) as server:
        done = run(project(write, server), "hello", "--debug")
    assert (done.code, done.out) == (0, "Done.\n")
    lines = done.err.splitlines()
    [request, *_] = [line[13:] for line in lines if " request " in line]
    assert request.startswith(f"request run=run_1 agent=desk model=fast method=POST url={server.url}/chat/completions")
    assert '    {"model": "gpt-4o-mini", "messages": [{"role": "system", "content": "Help."}, ' in done.err
    assert [
        line for line in lines if " tool_finished run=run_1 call=" in line and " tool=wait content=done ms=2" in line
    ]
    assert KEY not in done.err
    assert "\x1b" not in done.err


def test_group_35_without_the_options_nothing_is_logged(write: Write) -> None:
    with ChatServer([call(("leak", {})), say("Done.")]) as server:
        file = project(write, server)
        write("helpers.py", HELPERS + "\n    import logging; logging.basicConfig(level=logging.DEBUG)\n")
        done = run(file, "hello", command=orchestrate)
    assert (done.code, done.out) == (0, "Done.\n")
    assert "DEBUG:filelock" in done.err  # what the tool module asked for
    assert "Traceback" not in done.err
    assert ":orchestrator" not in done.err


def test_a_log_is_appended_to_and_only_its_owner_can_read_it(write: Write, tmp_path: Path) -> None:
    log = tmp_path / "bot.log"
    with ChatServer([say("one"), say("two")]) as server:
        file = project(write, server)
        for _ in range(2):
            run(file, "hello", "--log-file", log)
    assert [entry["reply"]["content"] for entry in of(read(log), "response")] == ["one", "two"]
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("path", "why"),
    [("missing/bot.log", "No such file or directory"), (".", "Is a directory")],
    ids=["no-folder", "a-folder"],
)
def test_a_log_that_can_not_be_opened_is_told_in_a_line(write: Write, path: str, why: str) -> None:
    with ChatServer([]) as server:
        file = project(write, server)
        done = run(file, "hello", "--log-file", path)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"error: the log {path} can't be opened: {why}\n"
    assert server.requests == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_ends_the_log_and_not_the_conversation(write: Write) -> None:
    with ChatServer([call(("wait", {})), say("Done."), say("And again.")]) as server:
        file = project(write, server)
        done = run(file, "--log-file", "/dev/full", lines="hello\nagain\n")
    assert (done.code, done.out) == (0, "Done.\nAnd again.\n")
    told = f"error: the log /dev/full can't be written any more: {os.strerror(errno.ENOSPC)}; it ends here"
    assert [line for line in done.err.splitlines() if "/dev/full" in line] == [told]
