"""The agents of the crash test: they do all that can be cut short, and say what they do before and after they do it.

Each call has a number that no other call of its tool has in a conversation, and does the same whenever it is made.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Protocol

from orchestrator.agents import AgentGraph
from orchestrator.clients.scripted import ScriptedClient
from orchestrator.tools import Approval, Effects, Handoff, Tool, ToolContext
from tests.support.fakes import agent, graph, tool_of

Does = Callable[[str, int, ToolContext], Awaitable[object]]

SCRIPT = ScriptedClient.from_text(
    r"""
version: 1
rules:
  - {agent: office, user: '^ask (\d+)', call: [{name: pay, with: {n: "{{ groups[1]|int + 5 }}"}}]}
  - {agent: office, user: '^ask', after: pay, say: The office has paid it.}
  - {agent: office, user: '^move (\d+)', after: pay, call: [{name: look, with: {n: "{{ groups[1] }}"}}]}
  - {agent: office, user: '^move', after: look, say: The office has looked at it.}
  - {agent: office, call: [transfer_to_desk]}

  - agent: desk
    user: ^errand (\d+)
    say: Let me do all of that.
    call:
      - {name: look, with: {n: "{{ groups[1] }}"}}
      - {name: pay, with: {n: "{{ groups[1] }}"}}
      - {name: file, with: {n: "{{ groups[1] }}"}}
      - {name: stamp, with: {n: "{{ groups[1] }}"}}
      - {name: pay, with: {n: "{{ groups[1]|int + 1 }}"}}
  - {agent: desk, user: '^errand', after: pay, say: All of it is done.}

  - agent: desk
    user: ^order (\d+)
    call:
      - {name: order, with: {n: "{{ groups[1] }}"}}
      - {name: order, with: {n: "{{ groups[1]|int + 1 }}"}}
      - {name: order, with: {n: "{{ groups[1]|int + 2 }}"}}
  - {agent: desk, user: '^order', after: order, say: It is ordered.}

  - {agent: desk, user: '^refund (\d+)', call: [{name: note, with: {n: "{{ groups[1] }}"}}]}
  - agent: desk
    user: ^refund (\d+)
    after: note
    call:
      - {name: refund, with: {n: "{{ groups[1] }}"}}
      - {name: refund, with: {n: "{{ groups[1]|int + 1 }}"}}
  - {agent: desk, user: '^refund', after: refund, say: The money is on its way.}

  - agent: desk
    user: ^ask (\d+)
    call:
      - {name: ask, with: {n: "{{ groups[1] }}"}}
      - {name: ask, with: {n: "{{ groups[1]|int + 1 }}"}}
      - {name: pay, with: {n: "{{ groups[1] }}"}}
  - {agent: desk, user: '^ask', after: pay, call: [transfer_to_office]}

  - agent: desk
    user: ^move (\d+)
    call:
      - {name: move, with: {n: "{{ groups[1] }}"}}
      - {name: pay, with: {n: "{{ groups[1] }}"}}

  - {agent: desk, say: Nothing is to be done here.}
"""
)


class Moment(Protocol):
    """Notes what is about to be done. It may be the last that its process does."""

    def __call__(self, kind: str, /, **facts: object) -> None: ...


def agents(moment: Moment) -> AgentGraph:
    """Two agents and all sorts of tools, each of which says what it does before and after it has done it."""

    async def say(name: str, n: int, context: ToolContext) -> object:
        return f"{name} {n} is done"

    async def note(name: str, n: int, context: ToolContext) -> object:
        context.set("ok", True)
        return await say(name, n, context)

    async def ask(name: str, n: int, context: ToolContext) -> object:
        return f"It is {await context.ask_async(f'what is {n}?')}"

    async def move(name: str, n: int, context: ToolContext) -> object:
        return Handoff("office")

    def made(
        name: str, effects: Effects, does: Does = say, *, approval: Approval = "never", guard: str | None = None
    ) -> Tool:
        async def work(n: int, context: ToolContext) -> object:
            with _doing(moment, name, n, context):
                await asyncio.sleep(n % 3 / 1000)
                return await does(name, n, context)

        sequential = name == "stamp"
        return tool_of(work, name=name, effects=effects, approval=approval, requires=guard, sequential=sequential)

    def file(n: int, context: ToolContext) -> str:
        with _doing(moment, "file", n, context):
            time.sleep(0.001)
            return f"file {n} is done"

    look, pay = made("look", "read"), made("pay", "once")
    desk = agent(
        "desk",
        *(look, pay, tool_of(file, effects="keyed"), made("stamp", "once"), made("note", "keyed", note)),
        *(made("ask", "keyed", ask), made("move", "read", move), made("order", "once", approval="always")),
        made("refund", "once", approval=_even, guard="ok"),
        hands=["office"],
    )
    return graph(desk, agent("office", look, pay, hands=["desk"]), variables={"ok": False})


@contextlib.contextmanager
def _doing(moment: Moment, name: str, n: int, context: ToolContext) -> Iterator[None]:
    facts = {"tool": name, "n": n, "call": context.call_id, "key": context.idempotency_key}
    moment("entering", **facts)
    yield
    moment("leaving", **facts)


def _even(arguments: Mapping[str, object], context: ToolContext) -> bool:
    """A rule of approval: an even number needs a yes."""
    return int(str(arguments["n"])) % 2 == 0
