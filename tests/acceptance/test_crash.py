"""A process is killed at any moment, and its session goes on: nothing recorded is lost, nothing is done twice."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import SystemRandom
from typing import Any

import pytest

from orchestrator.closing import NOT_KNOWN
from orchestrator.events import (
    ModelAsked,
    QuestionAsked,
    RecordedEvent,
    RunFinished,
    ToolFinished,
    ToolStarted,
    from_json,
)
from orchestrator.messages import Message, ToolMessage
from orchestrator.state import State, fold
from orchestrator.tools import Tool
from tests.acceptance.conftest import Write
from tests.support.chat_server import ChatServer, say
from tests.support.cli import ROOT, Running, Terminal, environment, in_process, until
from tests.support.crash_office import agents
from tests.support.crashing import KINDS, Conversation, Life
from tests.support.fakes import check_transcript, recorded
from tests.support.laws import Law
from tests.support.random_worlds import Plan, World

SOAK = bool(os.environ.get("SOAK"))
KILLS = int(os.environ.get("CRASHES") or (200 if SOAK else 20))
SEED = int(os.environ.get("CRASH_SEED") or (SystemRandom().randrange(2**32) if SOAK else 1))
LEAST = KILLS // (2 * len(KINDS))  # kills of each kind


def unnoted(kind: str, /, **facts: object) -> None:
    """Nobody is killed here."""


GRAPH = agents(unnoted)
TOOLS = {tool.name: tool for one in GRAPH.agents.values() for tool in one.tools}


@pytest.mark.timeout(0)
def test_group_16_33_killed_at_random_moments_every_conversation_is_held_to_its_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.crashing", str(tmp_path), str(SEED), str(KILLS)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment({}), capture_output=True, text=True, timeout=60 + 2 * KILLS, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), f"CRASH_SEED={SEED}\n{done.stderr}"
    reached = Counter[str]()
    for number, line in enumerate(done.stdout.splitlines()):
        conversation = Conversation.read(line)
        fates = [life.fate for life in conversation.lives]
        try:
            judge(conversation)
        except AssertionError as error:
            error.add_note(f"CRASH_SEED={SEED} CRASHES={KILLS}, conversation {number}: {conversation.turns}, {fates}")
            raise
        reached.update(life.fate.kind for life in conversation.lives if life.killed and life.fate)
    print(f"CRASH_SEED={SEED}:", ", ".join(f"{kind} {reached[kind]}" for kind in KINDS))
    assert reached.total() == KILLS
    assert all(reached[kind] >= max(1, LEAST) for kind in KINDS), reached


# ---- the laws


def judge(conversation: Conversation) -> None:
    """All that must hold of a conversation whose lives were cut short."""
    before: list[str] = []
    for life in conversation.lives:
        assert life.killed or life.code == 0, life.seen[-1:]
        assert life.log[: len(before)] == before, "what was recorded is lost, or another"
        judge_life(life, events_of(before), events_of(life.log[len(before) :]))
        before = life.log
    judge_calls([seen for life in conversation.lives for seen in life.seen if seen["kind"] == "entering"])
    log = events_of(before)
    law = Law(Office())
    law.trusting = True
    for event in log:
        law.store(event)
        check_transcript(law.messages)
    state = fold("crash", log)
    assert (state.agent, state.messages, state.variables) == (law.agent, tuple(law.messages), law.values)
    ends = [event.status for event in log if isinstance(event, RunFinished)]
    assert ends == ["answered"] * len(conversation.turns)
    compare(state, log, fold("crash", events_of(conversation.whole.log)))


def judge_life(life: Life, before: Sequence[RecordedEvent], new: Sequence[RecordedEvent]) -> None:
    """What a process showed and did was recorded before, and what was recorded before is not done again."""
    shown = [seen["type"] for seen in life.seen if seen["kind"] == "shown"]
    kept = [event.type for event in new]
    assert kept[: len(shown)] == shown, "an event was shown that is not kept"
    assert len(kept) <= len(shown) + 1, "something began before the event that comes before it was shown"
    asked = sum(seen["kind"] == "model" and seen["begun"] for seen in life.seen)
    assert asked <= sum(isinstance(event, ModelAsked) for event in new), "a model was asked before that was kept"
    questions = sum(seen["kind"] == "question" for seen in life.seen)
    assert questions <= sum(isinstance(event, QuestionAsked) for event in new), "a question was put before it was kept"
    run = Counter(seen["call"] for seen in life.seen if seen["kind"] == "entering")
    assert run <= Counter(event.call_id for event in new if isinstance(event, ToolStarted)), "not kept before it ran"
    finished = {event.call_id for event in before if isinstance(event, ToolFinished)}
    assert not finished & set(run), "a call runs again that had its result"
    if life.killed and life.fate and life.fate.kind == "approval":
        assert fold("crash", [*before, *new]).awaiting_approval, "a person was asked before that was kept"


def judge_calls(entered: Sequence[Mapping[str, Any]]) -> None:
    """``entered`` are the calls whose tools have run, in all lives."""
    times, keys = Counter[str](), dict[str, set[str]]()
    work = dict[str, set[tuple[str, int]]]()
    for one in entered:
        times[one["call"]] += TOOLS[one["tool"]].effects == "once"
        keys.setdefault(one["call"], set()).add(one["key"])
        work.setdefault(one["key"], set()).add((one["tool"], one["n"]))
    assert all(count <= 1 for count in times.values()), "a `once` tool has run twice"
    assert all(len(each) == 1 for each in keys.values()), "a call that runs again has another idempotency key"
    assert all(len(each) == 1 for each in work.values()), "two calls have one idempotency key"


def compare(state: State, log: Sequence[RecordedEvent], whole: State) -> None:
    """The session is what it would have been, but for what nobody knows of ``once`` calls that were cut short."""
    for name in ("status", "agent", "variables", "callers", "always", "call_ids"):
        assert getattr(state, name) == getattr(whole, name), f"{name} is another"
    cut = {event.call_id for event in log if isinstance(event, ToolFinished) and event.content == NOT_KNOWN}
    started = {event.call_id for event in log if isinstance(event, ToolStarted) and event.effects == "once"}
    assert cut <= started, "a call is said to be unknown that had not started, or may run again"
    assert [blotted(one, cut) for one in state.messages] == [blotted(one, cut) for one in whole.messages]


def blotted(message: Message, cut: set[str]) -> Message:
    """A message, without the result of a call that was cut short."""
    return ToolMessage(message.call_id, "") if isinstance(message, ToolMessage) and message.call_id in cut else message


def events_of(lines: Sequence[str]) -> list[RecordedEvent]:
    return recorded(map(from_json, lines))


class Office(World):
    """The agents that are killed, as the books of the law know a world."""

    def __init__(self) -> None:
        self.graph = GRAPH
        self.plans = {name: _plan(tool) for name, tool in TOOLS.items()}


def _plan(tool: Tool) -> Plan:
    rest = (tool.approval, tool.requires, tool.timeout, tool.sequential)
    return Plan(tool.name, "say", tool.effects, *rest, threaded=False, seconds=0.0, variable="", target="")


# ---- the command


SHOP = """
    version: 1
    agents:
      shop:
        instructions: Sell.
        model: gpt-4o
        tools: [tools]
"""
SCRIPT = """
    version: 1
    rules:
      - {user: pay, call: [look, pay]}
      - {after: pay, say: "{{ result }}"}
      - {user: order, call: [order]}
      - {after: order, say: "{{ result }}"}
"""
SHOP_TOOLS = '''
    """Tools that note what they do."""

    import time
    from pathlib import Path

    from orchestrator.tools import ToolContext, tool

    HERE = Path(__file__).parent


    def note(what: str) -> None:
        with (HERE / "noted").open("a") as file:
            file.write(f"{what}\\n")


    def wait() -> None:
        while not (HERE / "open").exists():
            time.sleep(0.01)


    @tool(effects="read")
    def look(context: ToolContext) -> str:
        """Look."""
        note(f"look {context.idempotency_key}")
        wait()
        return "seen"


    @tool
    def pay() -> str:
        """Pay."""
        note("pay")
        wait()
        return "paid"


    @tool(approval="always")
    def order() -> str:
        """Order."""
        note("order")
        return "ordered"


    __all__ = ["look", "order", "pay"]
'''
OPTIONS = ("--model", "script:shop.script.yaml", "--approve", "ask")


@pytest.fixture
def shop(write: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a shop whose tools wait until there is a file ``open``."""
    write("tools.py", SHOP_TOOLS)
    write("shop.script.yaml", SCRIPT)
    folder = write("shop.yaml", SHOP).parent
    monkeypatch.chdir(folder)
    return folder


def noted(shop: Path) -> list[str]:
    path = shop / "noted"
    return path.read_text().splitlines() if path.exists() else []


def test_group_16_killed_while_the_model_streams(shop: Path) -> None:
    with ChatServer([say("One two " * 500, chunk_delay=0.05), say("One two three.")]) as server:
        settings = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "sk-any", "ORCHESTRATE_STORE": str(shop / "store")}
        with Running("run", "shop.yaml", "count", "--format", "jsonl", cwd=shop, **settings) as killed:
            killed.wait_for("two")
        done = in_process("run", "shop.yaml", "--continue", "--quiet", **settings)
        assert (done.code, done.out) == (0, "One two three.\n")
        first, second = server.requests
        assert first.body == second.body


def test_group_33_killed_inside_a_tool_that_runs_once(shop: Path) -> None:
    store = str(shop / "store")
    with Running("run", "shop.yaml", "pay", *OPTIONS, cwd=shop, ORCHESTRATE_STORE=store):
        until(lambda: len(noted(shop)) == 2)
    (shop / "open").touch()
    done = in_process("run", "shop.yaml", *OPTIONS, "--continue", "--quiet", ORCHESTRATE_STORE=store)
    assert (done.code, done.out) == (0, f"{NOT_KNOWN}\n")
    looked, again = [line for line in noted(shop) if line != "pay"]
    assert looked == again
    assert noted(shop).count("pay") == 1


@pytest.mark.parametrize("place", [Running, Terminal])
def test_group_33_killed_while_a_person_is_asked(shop: Path, place: type[Running | Terminal]) -> None:
    store = str(shop / "store")
    with place("run", "shop.yaml", "order", *OPTIONS, cwd=shop, ORCHESTRATE_STORE=store) as killed:
        killed.wait_for("Allow it?")
    assert noted(shop) == []
    again = "run", "shop.yaml", *OPTIONS, "--continue", "--quiet"
    done = in_process(*again, lines="yes\n", ORCHESTRATE_STORE=store)
    assert (done.code, done.out) == (0, "ordered\n")
    assert noted(shop) == ["order"]


def test_group_33_two_processes_on_one_session(shop: Path) -> None:
    store = str(shop / "store")
    ordering = "run", "shop.yaml", "order", *OPTIONS, "--session", "mine"
    with Running(*ordering, cwd=shop, ORCHESTRATE_STORE=store) as first:
        first.wait_for("Allow it?")
        second = in_process(*ordering, lines="yes\n", ORCHESTRATE_STORE=store)
        assert (second.code, second.out) == (2, "")
        assert re.fullmatch(r"error: session '\w+' is in use by process \d+, since [-\d]+ [:\d]+.*\n", second.err)
        done = first.end("yes\n")
    assert (done.code, noted(shop)) == (0, ["order"])
