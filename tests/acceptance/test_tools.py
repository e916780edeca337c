"""``orchestrate tools``, and tools that hang, print and ask, through the real command."""

import json
import subprocess
import sys
import time
from pathlib import Path

from orchestrator.clients.wire import body_of
from orchestrator.loader import load
from orchestrator.runner import Runner
from tests.acceptance.conftest import Write
from tests.support.cli import Running, in_process, orchestrate
from tests.support.fakes import FakeModel, say

HELPERS = '''
    """Tools."""

    import enum
    from typing import Literal

    from orchestrator.tools import ToolContext, tool


    class Color(enum.Enum):
        RED = "red"
        BLUE = "blue"


    def find(query: str, color: Color, limit: int = 3) -> str:
        """Find things.

        More about it.

        Args:
            query: What to find.
            color: Of which color.
            limit: How many at most.
        """
        return query


    def careful(arguments: object, context: ToolContext) -> bool:
        return True


    @tool(approval="always")
    def pay(amounts: list[float], how: Literal["card", "cash"], note: str | None = None) -> None:
        """Pay."""


    def look(context: ToolContext) -> None: ...
'''
BOT = """
    entry: front
    variables: {verified: false}
    models: {plain: {model: m}, strict: {model: m, strict: true}}
    agents:
      front:
        label: The Front
        description: Anything else
        instructions: Be brief.
        model: plain
        tools: ["helpers:find", {use: "helpers:pay", requires: verified}]
        handoffs: [back, idle]
      back:
        description: What is kept in the back
        instructions: Be brief.
        model: strict
        tools:
          - helpers:look  # orchestrate: ignore[missing-docstring]
          - {use: "helpers:pay", approval: "helpers:careful"}
        handoffs: [{to: front, when: all is done}]
      idle:  # orchestrate: ignore[no-way-back]
        description: Nothing
        instructions: Be brief.
        model: plain
"""


def project(write: Write) -> Path:
    write("helpers.py", HELPERS)
    return write("bot.yaml", BOT)


TABLE = """
The Front

  tool                                                  what it is for   approval   requires   defined in
 ────────────────────────────────────────────────────────────────────────────────────────────────────────────
  find(query: string, color: Color, limit: integer =    Find things.     never                 helpers.py:14
  3)
  pay(amounts: list of number, how: "card" | "cash",    Pay.             always     verified   helpers.py:31
  note: string | null = null)

Back

  tool                                                  what it is for   approval   requires   defined in
 ────────────────────────────────────────────────────────────────────────────────────────────────────────────
  look()                                                                 never                 helpers.py:36
  pay(amounts: list of number, how: "card" | "cash",    Pay.             careful               helpers.py:31
  note: string | null = null)

 Idle: no tools
"""


def test_group_22_the_table_in_full(write: Write, tmp_path: Path) -> None:
    done = in_process("tools", project(write), cwd=tmp_path, COLUMNS="110")
    assert (done.code, done.err) == (0, "")
    assert [line.rstrip() for line in done.out.strip("\n").splitlines()] == TABLE.strip("\n").splitlines()


def test_group_22_a_narrow_table_loses_nothing(write: Write, tmp_path: Path) -> None:
    done = orchestrate("tools", project(write), cwd=tmp_path)
    assert max(map(len, done.out.splitlines())) <= 80
    assert "…" not in done.out


async def test_group_22_json_is_what_a_request_carries(write: Write, tmp_path: Path) -> None:
    file = project(write)
    done = in_process("tools", file, "--json", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    shown = json.loads(done.out)
    graph = load(file).unwrap()
    assert list(shown) == ["front", "back", "idle"]
    for name, functions in shown.items():
        model = FakeModel([say("done")])
        await Runner(graph, model).run("hi", agent=name, variables={"verified": True})
        assert model.faults == []
        assert json.loads(body_of(model.requests[0])).get("tools", []) == functions


def test_group_29_tools_of_a_broken_file(write: Write, tmp_path: Path) -> None:
    write("helpers.py", "def find(*args): ...\n")
    file = write("bot.yaml", "agents: {a: {instructions: Be brief., model: m, tools: [helpers]}}\n")
    done = in_process("tools", file, cwd=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert "unsupported-parameter" in done.err
    assert "'*args' takes any number of arguments" in done.err


def test_group_13_a_hanging_tool_ends_in_time(bot: Path) -> None:
    told = "Error: timed out after 0.3 s; it is not known whether it took effect"
    with Running("run", bot, "use hang_briefly") as running:
        running.wait_for("→ hang_briefly()\n")
        started = time.monotonic()
        done = running.left()
    assert time.monotonic() - started < 0.3 + 1
    assert (done.code, done.out) == (0, f"result: {told}\n")
    assert done.err.endswith(f"not from a model.\n→ hang_briefly()\n✗ hang_briefly: {told}\n")


def test_group_13_what_a_tool_prints_is_no_answer(bot: Path) -> None:
    done = orchestrate("run", bot, "use chatter")
    assert (done.code, done.out) == (0, "result: quiet\n")
    assert "printed by a tool\n" in done.err


def test_group_23_plain_input_takes_the_next_line(bot: Path) -> None:
    done = orchestrate("run", bot, lines="use old_question\n41\nuse question\nAnn\nhello\n")
    assert (done.code, done.out) == (0, "result: heard 41\nresult: heard Ann\nfront heard hello\n")


def test_group_23_plain_input_with_nobody_there(bot: Path) -> None:
    done = in_process("run", bot, "use old_question")
    assert done.code == 0
    assert done.out.startswith("result: Error: NobodyToAsk: ")


def test_group_22_a_tool_module_imports_neither_openai_nor_the_runner() -> None:
    dear = ("openai", "httpx", "orchestrator.runner")
    code = f"import sys, orchestrator.tools; print([name for name in {dear} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
