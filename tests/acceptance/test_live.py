"""``orchestrate test --live``: conversations with a model over HTTP, many times, with rates in place of verdicts."""

import contextlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.clients.router import Router
from orchestrator.loader import load
from orchestrator.source import Source
from orchestrator.testing.live.rates import Rate, tally
from orchestrator.testing.live.trials import Trial, have
from orchestrator.testing.reading import cases_of, read_suite
from tests.support.chat_server import ChatServer, Reply, call, error, say
from tests.support.cli import Done, Running, Terminal, in_process, orchestrate
from tests.support.suites import AGENTS, SUITE, write_desk

KEY = "sk-of-the-test"
USAGE = {"prompt_tokens": 100, "completion_tokens": 10}
FOUND = "desk.test.yaml::an item is found"
LOOK = call(("look_up", {"item": "lamp"}), usage=USAGE)
HERE = say("It is here.", usage=USAGE)
NOWHERE = say("No idea.", usage=USAGE)
PRICED = (
    AGENTS.replace("model: some-model", "model: fast")
    + """\
models:
  fast: {model: small, price: {input: 5, output: 20}}
  careful: {model: big}
"""
)
ASKING = """\
file: desk.yaml
tools: {pay: {result: paid}}
tests:
  nobody pays without a yes:
    turns:
      - user: Pay
        model: live
        approvals: [granted]
        expect: {status: answered}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """The folder of a project with a test file of three tests."""
    write_desk(tmp_path)
    return tmp_path


def live(folder: Path, server: ChatServer, *arguments: str, **settings: str) -> Done:
    """Run the command inside this process against this server, and put a word for the time that something took."""
    given = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url, "COLUMNS": "80", **settings}
    with contextlib.chdir(folder):
        done = in_process("test", "--live", *arguments, **given)
    return plain(done, server)


def plain(done: Done, server: ChatServer) -> Done:
    """What a command has written, with words for the time that something took, and for the address."""
    assert server.refused == []
    return Done(done.code, _plain(done.out, server), _plain(done.err, server))


def _plain(text: str, server: ChatServer) -> str:
    return re.sub(r"\b[\d.]+ (s|ms)\b", "TIME", text).replace(server.url, "URL")


def desk_rules(body: dict[str, Any]) -> Reply:
    """A model that does what the tests of the desk expect."""
    last = body["messages"][-1]["content"]
    if last == "Where is the lamp?":
        return LOOK
    if last == "Pay":
        return call(("pay", {"amount": 3}))
    return call(("transfer_to_billing", {})) if last == "paid" else say("It is here.")


def test_rates_of_tests_and_expectations(desk: Path) -> None:
    with ChatServer([LOOK, HERE, NOWHERE, LOOK, HERE, error(401)], key=KEY) as server:
        settings = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url}
        ran = orchestrate("test", "--live", FOUND, "--repeat", "4", "--jobs", "1", cwd=desk, **settings)
        done = plain(ran, server)
    shown = """\
desk.test.yaml
      2/4  an item is found
             2/3  turn 1: calls
             2/3  turn 1: reply
         error: model 'some-model' at URL: answered 401: Incorrect API key provided.; is the key right?

FAILED desk.test.yaml: an item is found (run 2)
desk.test.yaml:13:19: turn 1: calls: look_up was not called
desk.test.yaml:14:29: turn 1: reply: the reply has no 'here' in it: 'No idea.'

desk.yaml  had the word  requests
desk       4             6
billing    0             0

4 turns, 6 model calls, 500 tokens in, 50 out; 1 of 6 model calls told no usage

0 of 1 test passed, 2 of 4 runs, 1 error in TIME
"""
    told = [
        "1/4  passed  an item is found  TIME",
        "2/4  failed  an item is found  TIME",
        "3/4  passed  an item is found  TIME",
        "4/4  error   an item is found  TIME",
    ]
    assert (done.code, done.out) == (5, shown)
    assert [line for line in done.err.splitlines() if line != "looking for lamp"] == told


def test_details_are_shown_with_v(desk: Path) -> None:
    with ChatServer([LOOK, say("No idea.")], key=KEY) as server:
        done = live(desk, server, FOUND, "-v")
    shown = """\
desk.test.yaml
      0/1  an item is found
             1/1  turn 1: calls
             0/1  turn 1: reply

FAILED desk.test.yaml: an item is found (run 1)
desk.test.yaml:14:29: turn 1: reply: the reply has no 'here' in it: 'No idea.'
14 |           reply: {contains: here}
                                 ^^^^
  - {contains: 'here'}
  + No idea.

The conversation so far:
  you: Where is the lamp?
  → look_up(item='lamp'): lamp is here
  desk: No idea.

desk.yaml"""
    assert done.out.startswith(shown)


def test_all_tests_pass_and_agents_are_counted_with_their_cost(desk: Path) -> None:
    (desk / "desk.yaml").write_text(PRICED)
    with ChatServer(desk_rules, key=KEY) as server:
        done = live(desk, server, "--repeat", "2")
    counts = """\
desk.yaml  had the word  requests  handed off to
desk       6             12        billing 4×
billing    4             4
"""
    assert done.code == 0, done
    assert counts in done.out
    assert re.search(r"\n6 turns, 16 model calls, [\d,]+ tokens in, \d+ out, cost 0\.\d+\n", done.out)
    assert done.out.endswith("\n3 of 3 tests passed, 6 of 6 runs in TIME\n")


def test_json_has_everything(desk: Path) -> None:
    with ChatServer([NOWHERE, LOOK, HERE], key=KEY) as server:
        live(desk, server, FOUND, "--repeat", "2", "--jobs", "1", "--json", "results/live.json")
    report = json.loads((desk / "results" / "live.json").read_text())
    [test] = report["tests"]
    bad, good = test["runs"]
    assert (report["version"], report["interrupted"], report["repeat"], report["model"]) == (1, False, 2, None)
    assert (test["file"], test["name"], test["passed"], test["errors"]) == ("desk.test.yaml", "an item is found", 1, 0)
    assert test["expectations"] == [
        {"expectation": "turn 1: calls", "held": 1, "judged": 2},
        {"expectation": "turn 1: reply", "held": 1, "judged": 2},
    ]
    assert (bad["result"], bad["error"], bad["held"]) == ("failed", None, [])
    assert bad["failures"][0] == {
        "expectation": "turn 1: calls",
        "message": "look_up was not called",
        "difference": ["- look_up(item='lamp')"],
        "path": "desk.test.yaml",
        "line": 13,
        "column": 19,
    }
    assert (good["result"], good["failures"], good["agents"]) == ("passed", [], ["desk"])
    assert good["spent"] == {
        "calls": 2,
        "told": 2,
        "input_tokens": 200,
        "cached_tokens": 0,
        "output_tokens": 20,
        "cost": None,
    }
    assert [event["type"] for event in good["events"]][0::5] == ["run_started", "model_asked"]
    assert KEY not in (desk / "results" / "live.json").read_text()


def test_what_came_of_the_tests_is_shown_though_no_report_can_be_written(desk: Path) -> None:
    (desk / "live.json").symlink_to("/dev/full")
    with ChatServer([LOOK, HERE, NOWHERE], key=KEY) as server:
        good, bad = (live(desk, server, FOUND, "--json", "live.json") for _ in range(2))
    assert (good.code, good.out.splitlines()[-1]) == (2, "1 of 1 test passed, 1 of 1 run in TIME")
    assert (bad.code, bad.out.splitlines()[-1]) == (5, "0 of 1 test passed, 0 of 1 run in TIME")
    for done in (good, bad):
        assert done.err.endswith("\nerror: --json: 'live.json' can't be written: no space is left\n")


@pytest.mark.parametrize("jobs", [1, 3])
def test_no_more_conversations_at_once_than_asked_for(desk: Path, jobs: int) -> None:
    arrived: list[float] = []
    delay = 0.15

    def reply(_: dict[str, Any]) -> Reply:
        arrived.append(time.monotonic())
        return say("It is here.", delay=delay)

    with ChatServer(reply, key=KEY) as server:
        live(desk, server, FOUND, "--repeat", "9", "--jobs", str(jobs))
    # a request is open for at least the delay behind its arrival
    in_flight = [sum(at - delay < other <= at for other in arrived) for at in arrived]
    assert (len(arrived), max(in_flight)) == (9, jobs)


def test_a_busy_model_is_asked_again(desk: Path) -> None:
    with ChatServer([error(429, headers={"retry-after": "0"}), LOOK, error(503), HERE], key=KEY) as server:
        done = live(desk, server, FOUND)
    assert (done.code, done.out.splitlines()[1]) == (0, "      1/1  an item is found")


def test_a_model_that_is_not_there_is_no_failure_of_expectations(desk: Path) -> None:
    with ChatServer([error(401), error(401)], key=KEY) as server:
        done = live(desk, server, FOUND, "--repeat", "2", "--pass-rate", "0.5")
    told = "error 2×: model 'some-model' at URL: answered 401: Incorrect API key provided.; is the key right?"
    assert done.code == 5
    assert done.out.startswith(f"desk.test.yaml\n      0/2  an item is found\n         {told}\n\ndesk.yaml ")


def test_a_share_of_runs_may_be_enough(desk: Path) -> None:
    with ChatServer([LOOK, HERE, NOWHERE], key=KEY) as server:
        done = live(desk, server, FOUND, "--repeat", "2", "--jobs", "1", "--pass-rate", "0.5")
    assert (done.code, done.out.splitlines()[-1]) == (0, "1 of 1 test passed, 1 of 2 runs in TIME")


def test_another_model_for_all(desk: Path) -> None:
    (desk / "desk.yaml").write_text(PRICED)
    with ChatServer(desk_rules, key=KEY) as server:
        done = live(desk, server, "--model", "careful")
        unknown = live(desk, server, "--model", "carful")
    assert done.code == 0
    assert {request.body["model"] for request in server.requests} == {"big"}
    assert unknown == Done(2, "", "error: --model 'carful': no such alias; the file has: fast, careful\n")


def test_tests_are_chosen_by_words_and_live_ones_are_among_them(desk: Path) -> None:
    greeting = "{turns: [{user: Hello, model: live, expect: {reply: {contains: h}}}]}"
    (desk / "live.test.yaml").write_text(f"file: desk.yaml\ntests: {{greeting: {greeting}}}\n")
    with ChatServer([HERE], key=KEY) as server:
        done = live(desk, server, "-k", "greeting or nothing")
        none = live(desk, server, "-k", "nothing")
    assert (done.code, done.out.splitlines()[:2]) == (0, ["live.test.yaml", "      1/1  greeting"])
    assert none == Done(2, "", "error: no test has these words: 'nothing'\n")


def test_a_tool_that_may_change_something_does_not_run(desk: Path) -> None:
    (desk / "desk.test.yaml").write_text(SUITE.replace("  pay: {result: paid, variables: {paid: true}}", "  {}"))
    with ChatServer(desk_rules, key=KEY) as server:
        done = live(desk, server, "desk.test.yaml::a bill is paid[small]")
    assert done.code == 5
    assert "             0/1  turn 1\n" in done.out
    assert "turn 1: pay may change something" in done.out
    assert "no test may ever run this" not in done.out + done.err


def test_verdicts_that_nobody_asked_for_are_no_failure(desk: Path) -> None:
    (desk / "desk.test.yaml").write_text(ASKING)
    with ChatServer([say("I would rather not.")], key=KEY) as server:
        done = live(desk, server)
    assert done.code == 0, done


def test_a_missing_verdict_is_a_failure(desk: Path) -> None:
    (desk / "desk.yaml").write_text(AGENTS.replace("[desk_tools]", "[{use: desk_tools:pay, approval: always}]"))
    (desk / "desk.test.yaml").write_text(ASKING.replace("[granted]", "[]"))
    with ChatServer(desk_rules, key=KEY) as server:
        done = live(desk, server)
    assert done.code == 5
    assert 'turn 1: approvals: pay({"amount": 3}) needs a yes or a no' in done.out


def test_without_a_key_nobody_is_asked(desk: Path) -> None:
    with ChatServer(desk_rules, key=KEY) as server:
        done = live(desk, server, OPENAI_API_KEY="")
    assert done == Done(2, "", "error: OPENAI_API_KEY is not set, and --live needs it\n")
    assert server.requests == []


def test_a_key_in_the_env_file_of_the_project(desk: Path) -> None:
    with ChatServer(desk_rules, key=KEY) as server:
        (desk / ".env").write_text(f"OPENAI_API_KEY={KEY}\nOPENAI_BASE_URL={server.url}\n")
        with contextlib.chdir(desk):
            done = in_process("test", "--live", FOUND)
    assert done.code == 0, done


def test_where_a_file_is_at_fault_nobody_is_asked(desk: Path) -> None:
    (desk / "broken.test.yaml").write_text(SUITE.replace("model:", "modell:"))
    with ChatServer(desk_rules, key=KEY) as server:
        done = live(desk, server)
    assert done.code == 1
    assert "broken.test.yaml:8:9: error[unknown-key]: unknown key 'modell'" in done.out
    assert done.out.endswith("\n1 file can't be used in TIME\n")
    assert server.requests == []


async def test_a_conversation_that_does_not_end_is_given_up(desk: Path) -> None:
    path = desk / "desk.test.yaml"
    suite, _ = read_suite(Source.read(path), path)
    assert suite is not None
    with ChatServer(lambda _: say("Late.", delay=60), key=KEY) as server:
        async with Router({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url}) as router:
            trial = Trial(next(cases_of(suite)), load(suite.agents), router)
            await have([trial], repeat=2, jobs=2, told=lambda _: None, seconds=0.3)
    messages = [failure.message for outcome in trial.outcomes for failure in outcome.failures]
    assert messages == ["the conversation was not over after 0.3 s"] * 2
    assert tally(trial).expectations["conversation"] == Rate(0, 2)
    assert tally(trial).expectations["turn 1: reply"] == Rate(0, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--live", "-x"], "-x does not go with --live"),
        (["--live", "--cov-fail-under", "3"], "--cov-fail-under does not go with --live"),
        (["--repeat", "1"], "--repeat takes --live as well"),
        (["--json", "live.json"], "--json takes --live as well"),
        (["--live", "--json", "desk.yaml/live.json"], "--json: 'desk.yaml/live.json' can't be written: "),
    ],
    ids=" ".join,
)
def test_options_that_do_not_fit(desk: Path, arguments: list[str], message: str) -> None:
    with contextlib.chdir(desk):
        done = in_process("test", *arguments, OPENAI_API_KEY=KEY)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {message}")


@pytest.fixture
def stuck() -> Iterator[ChatServer]:
    """A model that answers the first conversation, and then hangs."""
    with ChatServer([LOOK, HERE, say("Late.", delay=60)], key=KEY) as server:
        yield server


def test_what_is_there_is_shown_on_ctrl_c(desk: Path, stuck: ChatServer) -> None:
    arguments = ("test", "--live", FOUND, "--repeat", "5", "--jobs", "1", "--json", "live.json")
    settings = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": stuck.url}
    with Running(*arguments, cwd=desk, **settings) as running:
        running.wait_for("1/5  passed")
        running.interrupt()
        done = running.left()
    assert done.code == 130
    assert done.out.startswith("desk.test.yaml\n      1/1  an item is found\n\ndesk.yaml ")
    assert "1 of 1 test passed, 1 of 1 run, interrupted in " in done.out.splitlines()[-1]
    assert "Traceback" not in done.err
    report = json.loads((desk / "live.json").read_text())
    assert (report["interrupted"], len(report["tests"][0]["runs"])) == (True, 1)


def test_a_terminal_has_a_bar_that_leaves_nothing_behind(desk: Path, stuck: ChatServer) -> None:
    settings = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": stuck.url, "TERM": "xterm", "COLUMNS": "100"}
    with Terminal("test", "--live", FOUND, "--repeat", "2", "--jobs", "1", cwd=desk, **settings) as terminal:
        terminal.wait_for("1/2")
        terminal.wait_for("passed  an item is found")
        terminal.type("\x03")
        assert terminal.left() == 130
        assert "1 of 1 run, interrupted in " in terminal.screen.splitlines()[-1]
