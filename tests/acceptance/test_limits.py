"""Each of ``limits:``, written in YAML and reached in a run: exact, told, and the conversation goes on. Group 15."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.events import (
    Event,
    HandedOff,
    LiveEvent,
    RunFinished,
    RunStarted,
    ToolFinished,
    ToolStarted,
    from_json,
)
from orchestrator.state import State, fold
from tests.acceptance.conftest import Write
from tests.support.chat_server import ChatServer, Reply, call, say
from tests.support.cli import Done, in_process, orchestrate
from tests.support.fakes import check_transcript

KEY = "sk-of-the-test"
MILL = """
    version: 1
    entry: a
    defaults: {{model: m}}
    limits: {{{limits}}}
    agents:
      a: {{description: The mill, instructions: A., tools: [mill], handoffs: [{edge}]}}
      b: {{description: Bread, instructions: B., handoffs: [a, c]}}
      c: {{description: Cake, instructions: C., handoffs: [a]}}
"""
TOOLS = '''
    """Tools that use things up."""

    import asyncio
    import threading
    import time

    from orchestrator.tools import tool

    _lock = threading.Lock()
    _running = 0


    def grind(grain: int = 0) -> str:
        """Grind a grain."""
        return f"flour {grain}"


    def jam() -> str:
        """Sleep for half a minute."""
        time.sleep(30)
        return "late"


    async def jam_async() -> str:
        """Sleep for half a minute, as a coroutine."""
        await asyncio.sleep(30)
        return "late"


    @tool(timeout=0.2)
    def jam_briefly() -> str:
        """Sleep for longer than it may."""
        time.sleep(30)
        return "late"


    def pour(chars: int) -> str:
        """Give so many characters."""
        return "x" * chars


    def together() -> str:
        """Count how many run at once."""
        global _running
        with _lock:
            _running += 1
            now = _running
        time.sleep(0.1)
        with _lock:
            _running -= 1
        return str(now)


    def fail() -> str:
        """Raise an exception."""
        raise ValueError("no grain")
'''


@pytest.fixture
def mill(write: Write) -> Write:
    """``mill(limits, edge)`` writes the project."""
    write("mill.py", TOOLS)
    return lambda limits, edge: write("mill.yaml", MILL.format(limits=limits, edge=edge or "b"))


@dataclass(frozen=True)
class Told:
    """What a conversation gave: its end, its events, its last state."""

    done: Done
    events: Sequence[Event]
    server: ChatServer

    @property
    def state(self) -> State:
        return fold("session", [event for event in self.events if not isinstance(event, LiveEvent)])

    @property
    def ends(self) -> list[RunFinished]:
        return [event for event in self.events if isinstance(event, RunFinished)]

    @property
    def results(self) -> list[str]:
        return [event.content for event in self.events if isinstance(event, ToolFinished)]

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.events)


def converse(file: Path, *replies: Reply, lines: str = "go\n") -> Told:
    """Each line is a turn. The server must have refused nothing, and the transcript is valid at the end."""
    with ChatServer(replies, key=KEY) as server:
        done = in_process("run", file, "--format", "jsonl", lines=lines, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    told = Told(done, [from_json(line) for line in done.out.splitlines()], server)
    assert server.refused == []
    check_transcript(told.state.messages)
    assert [(end.status, end.used) for end in told.ends][-1] == (told.state.status, told.state.counters.used())
    return told


def grinding(*grains: int) -> Reply:
    return call(*(("grind", {"grain": grain}) for grain in grains))


def to(target: str) -> Reply:
    return call((f"transfer_to_{target}", {}))


# ---- each limit: the last that fits, and the first that does not

CASES: dict[str, tuple[str, list[Reply], str | None, dict[str, int]]] = {
    "model_calls, just enough": (
        "model_calls: 3", [grinding(1), grinding(2), say("ok")], None, {"model_calls": 3, "tool_calls": 2},
    ),
    "model_calls": (
        "model_calls: 2", [grinding(1), grinding(2)], "model_calls: 2", {"model_calls": 2, "tool_calls": 2},
    ),
    "one model call": ("model_calls: 1", [say("ok")], None, {"model_calls": 1}),
    "model_calls, of an empty reply too": ("model_calls: 1", [say("")], "model_calls: 1", {"model_calls": 1}),
    "handoffs, just enough": (
        "handoffs: 2", [to("b"), to("c"), say("ok")], None, {"model_calls": 3, "handoffs": 2},
    ),
    "handoffs": ("handoffs: 2", [to("b"), to("c"), to("a")], "handoffs: 2", {"model_calls": 3, "handoffs": 2}),
    "no handoffs": ("handoffs: 0", [to("b")], "handoffs: 0", {"model_calls": 1, "handoffs": 0}),
    "tool_calls, just enough": (
        "tool_calls: 3", [grinding(1), grinding(2, 3), say("ok")], None, {"model_calls": 3, "tool_calls": 3},
    ),
    "tool_calls: those that do not all fit": (
        "tool_calls: 2", [grinding(1), grinding(2, 3)], "tool_calls: 2", {"model_calls": 2, "tool_calls": 1},
    ),
    "no tool_calls": ("tool_calls: 0", [grinding(1)], "tool_calls: 0", {"model_calls": 1, "tool_calls": 0}),
    "tool_calls: handoffs and calls that never ran do not count": (
        "tool_calls: 0", [call(("grnd", {})), to("b"), say("ok")], None, {"model_calls": 3, "handoffs": 1},
    ),
    "repeats, just enough": (
        "repeats: 3", [grinding(1), grinding(1), say("ok")], None, {"model_calls": 3, "tool_calls": 2},
    ),
    "repeats": (
        "repeats: 3", [grinding(1)] * 3,
        "repeats: grind gave the same result to the same arguments 3 times", {"model_calls": 3, "tool_calls": 3},
    ),
    "repeats: another result between": (
        "repeats: 2", [grinding(1), grinding(2), grinding(1), say("ok")], None, {"model_calls": 4, "tool_calls": 3},
    ),
    "repeats: calls of one reply": (
        "repeats: 2", [grinding(1, 1)],
        "repeats: grind gave the same result to the same arguments 2 times", {"model_calls": 1, "tool_calls": 2},
    ),
    "repeats: the same error": (
        "repeats: 2", [call(("fail", {}))] * 2,
        "repeats: fail gave the same result to the same arguments 2 times", {"model_calls": 2, "tool_calls": 2},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_15_a_limit_is_exact(mill: Write, case: str) -> None:
    limits, replies, reached, used = CASES[case]
    told = converse(mill(limits, ""), *replies)
    [end] = told.ends
    assert (told.done.code, end.status, end.detail) == (
        4 if reached else 0,
        "limit" if reached else "answered",
        reached or "",
    )
    assert {name: end.used[name] for name in used} == used
    assert set(end.used) == {"model_calls", "handoffs", "tool_calls", "tokens", "seconds"}
    assert len(told.server.requests) == len(replies) == used["model_calls"]
    assert told.count(HandedOff) == used.get("handoffs", 0)
    assert told.count(ToolStarted) == used.get("tool_calls", 0)


@pytest.mark.parametrize("case", [case for case in CASES if CASES[case][2]])
def test_15_the_next_user_turn_goes_on_from_there(mill: Write, case: str) -> None:
    limits, replies, *_ = CASES[case]
    told = converse(mill(limits, ""), *replies, say("Here I am."), lines="go\nstill there?\n")
    assert [end.status for end in told.ends] == ["limit", "answered"]
    assert (told.done.code, told.state.reply) == (4, "Here I am.")
    assert (told.ends[1].used["model_calls"], told.ends[1].used["tool_calls"]) == (1, 0)
    before, after = told.server.requests[-2:]
    assert after.body["messages"][: len(before.body["messages"])] == before.body["messages"]
    assert after.body["messages"][0] == before.body["messages"][0]  # the agent that was active
    assert after.body["messages"][-1] == {"role": "user", "content": "still there?"}


def test_15_at_a_limit_every_open_call_is_answered_not_executed(mill: Write) -> None:
    told = converse(mill("tool_calls: 1", ""), call(("grind", {}), ("pour", {"chars": 3}), ("transfer_to_b", {})))
    assert [message.content for message in told.state.messages if message.__class__.__name__ == "ToolMessage"] == [
        "Not executed: the run ended (limit: tool_calls: 1)."
    ] * 3
    assert (told.state.agent, told.count(ToolStarted), told.count(HandedOff)) == ("a", 0, 0)


# ---- tokens and time

TOKENS = {"prompt_tokens": 30, "completion_tokens": 20, "total_tokens": 50}


@pytest.mark.parametrize(("limit", "calls"), [(100, 2), (101, 3), (50, 1), (1, 1)])
def test_15_tokens_as_the_endpoint_counts_them(mill: Write, limit: int, calls: int) -> None:
    replies = [call(("grind", {"grain": number}), usage=TOKENS) for number in range(calls)]
    told = converse(mill(f"tokens: {limit}", ""), *replies, say("next", usage=TOKENS), lines="go\nagain\n")
    first, second = told.ends
    assert (told.done.code, first.detail) == (4, f"tokens: {50 * calls} of {limit}")
    assert (first.used["tokens"], second.used["tokens"], second.status) == (50 * calls, 50, "answered")


def test_15_an_answer_that_uses_up_the_tokens_is_still_an_answer(mill: Write) -> None:
    told = converse(mill("tokens: 10", ""), say("Said and done.", usage=TOKENS))
    assert (told.done.code, told.ends[0].status, told.ends[0].used["tokens"]) == (0, "answered", 50)


SLOW = {
    "a model": [say("late", delay=30)],
    "a plain tool": [call(("jam", {}))],
    "an asynchronous tool": [call(("jam_async", {}), ("grind", {}))],
}


@pytest.mark.parametrize("case", SLOW)
def test_15_seconds_end_the_run_whatever_is_slow(mill: Write, case: str) -> None:
    began = time.monotonic()
    file = mill("seconds: 0.5", "")
    with ChatServer([*SLOW[case], say("Here.")], key=KEY) as server:
        arguments = ("run", file, "--format", "jsonl")
        done = orchestrate(*arguments, lines="go\nagain\n", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    told = Told(done, [from_json(line) for line in done.out.splitlines()], server)
    first, second = told.ends
    assert (done.code, first.status, first.detail) == (4, "limit", "seconds: 0.5")
    assert 0.5 <= first.used["seconds"] < 3
    assert (second.status, told.state.reply, server.refused) == ("answered", "Here.", [])
    assert time.monotonic() - began < 8
    check_transcript(told.state.messages)


def test_15_text_that_was_shown_before_the_seconds_were_over_is_kept(mill: Write) -> None:
    told = converse(mill("seconds: 0.5", ""), say("One two three", chunk_delay=0.2), say("Yes."), lines="go\nyes?\n")
    assert [end.status for end in told.ends] == ["limit", "answered"]
    said = [message for message in told.server.requests[1].body["messages"] if message["role"] == "assistant"]
    assert said[0]["content"].startswith("One")
    assert "three" not in said[0]["content"]


@pytest.mark.parametrize("tool", ["jam", "jam_async", "jam_briefly"])
def test_13_tool_seconds_end_a_tool_and_not_the_run(mill: Write, tool: str) -> None:
    seconds = 0.2 if tool == "jam_briefly" else 0.3
    told = converse(mill("tool_seconds: 0.3", ""), call((tool, {}), ("grind", {})), say("ok"))
    flour, late = told.results
    assert (told.done.code, flour) == (0, "flour 0")
    assert late == f"Error: timed out after {seconds} s; it is not known whether it took effect"
    assert told.ends[0].used["seconds"] < 3


def test_13_the_entrys_timeout_beats_the_decorators(mill: Write) -> None:
    file = mill("tool_seconds: 20", "")
    file.write_text(file.read_text().replace("[mill]", '[{use: "mill:jam_briefly", timeout: 0.1}]'))
    told = converse(file, call(("jam_briefly", {})), say("ok"))
    assert told.results == ["Error: timed out after 0.1 s; it is not known whether it took effect"]


@pytest.mark.parametrize("chars", [0, 100, 101, 1000])
def test_12_result_chars_cut_with_a_note(mill: Write, chars: int) -> None:
    told = converse(mill("result_chars: 100", ""), call(("pour", {"chars": chars})), say("ok"))
    note = f"\n[cut: {chars - 100} of {chars} characters left out]" if chars > 100 else ""
    assert told.results == ["x" * min(chars, 100) + note]
    assert told.server.requests[1].body["messages"][-1]["content"] == told.results[0]


@pytest.mark.parametrize("cap", [1, 2, 8])
def test_14_parallel_tools_are_as_many_as_the_cap_says(mill: Write, cap: int) -> None:
    told = converse(mill(f"parallel_tools: {cap}, repeats: 99", ""), call(*[("together", {})] * 6), say("ok"))
    assert max(map(int, told.results)) == min(cap, 6)
    assert told.ends[0].used["tool_calls"] == 6


def test_15_limits_count_per_run(mill: Write) -> None:
    replies = [reply for number in range(3) for reply in (grinding(number), say("ok"))]
    told = converse(mill("model_calls: 2, tool_calls: 1, handoffs: 0", ""), *replies, lines="1\n2\n3\n")
    assert [end.status for end in told.ends] == ["answered"] * 3
    assert told.count(RunStarted) == 3


# ---- ping-pong, and edges with at_most

BACK_AND_FORTH = ["b", "a", "b", "a"]


def test_15_ping_pong_ends_the_run_at_the_third_move(mill: Write) -> None:
    told = converse(mill("handoffs: 9", ""), *map(to, ["b", "a", "b"]), say("Yes?"), lines="go\nwell?\n")
    first, second = told.ends
    assert (told.done.code, first.status, first.used["handoffs"], second.status) == (4, "limit", 2, "answered")
    assert re.match("ping-pong: a and b ", first.detail)
    assert told.state.agent == "a"


def test_15_a_round_of_three_or_work_between_is_no_ping_pong(mill: Write) -> None:
    told = converse(mill("handoffs: 9", ""), *map(to, ["b", "c", "a", "b", "c", "a"]), say("ok"))
    assert (told.ends[0].status, told.ends[0].used["handoffs"]) == ("answered", 6)
    told = converse(mill("handoffs: 9", ""), to("b"), to("a"), grinding(1), to("b"), to("a"), say("ok"))
    assert (told.ends[0].status, told.ends[0].used["handoffs"]) == ("answered", 4)


def test_15_an_at_most_edge_is_exempt_and_closed_when_used_up(mill: Write) -> None:
    file = mill("handoffs: 9", "{to: b, at_most: 2}")
    moves = [*map(to, BACK_AND_FORTH), to("b"), say("I stay."), to("b"), say("b")]
    told = converse(file, *moves, lines="go\nand now?\n")
    offered = ["transfer_to_b" in str(request.body.get("tools")) for request in told.server.requests]
    assert offered == [True, False, True, False, False, False, True, False]  # b itself has no such edge
    assert told.results == [
        "Error: the handoff to 'b' has been made 2 times in this run, and may not be made again. Allowed now: none."
    ]
    assert [end.used["handoffs"] for end in told.ends] == [4, 1]  # at_most counts per run
    assert told.done.code == 0


def test_15_the_limit_of_handoffs_holds_for_at_most_edges_too(mill: Write) -> None:
    told = converse(mill("handoffs: 3", "{to: b, at_most: 9}"), *map(to, BACK_AND_FORTH))
    assert (told.ends[0].status, told.ends[0].detail) == ("limit", "handoffs: 3")


def test_15_a_limit_is_told_on_one_line(mill: Write) -> None:
    with ChatServer([grinding(1)], key=KEY) as server:
        arguments = ("run", mill("model_calls: 1", ""), "go")
        done = in_process(*arguments, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    assert done == Done(4, "", "→ grind(grain=1)\nthe run ended: limit: model_calls: 1\n")
