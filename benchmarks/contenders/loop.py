"""The article's loop, asynchronous and with nothing but JSON: the floor, on whatever sends bytes."""

import json
from collections.abc import AsyncIterator
from typing import Any, Protocol

from benchmarks.contenders.acme import MODEL, Agent, agent_of, called
from benchmarks.contenders.job import Answer, Ask, Setup


class Transport(Protocol):
    """Sends the body of a request."""

    async def whole(self, body: bytes) -> bytes:
        """Give the whole body of the answer."""
        ...

    def lines(self, body: bytes) -> AsyncIterator[str]:
        """Give the lines of the answer as they come."""
        ...


def looping(transport: Transport, setup: Setup) -> Ask:
    """Hold turns by way of this transport."""
    agent, history, streamed = agent_of(setup), setup.history, setup.job.streamed

    async def ask(message: str) -> Answer:
        messages: list[dict[str, Any]] = [*map(dict, history), {"role": "user", "content": message}]
        return await (_stream if streamed else _turn)(transport, agent, messages)

    return ask


async def _turn(transport: Transport, agent: Agent, messages: list[dict[str, Any]]) -> Answer:
    while True:
        reply = json.loads(await transport.whole(_body(agent, messages)))
        message = reply["choices"][0]["message"]
        messages.append(message)
        if not message.get("tool_calls"):
            return Answer(message["content"])
        agent = _made(agent, messages)


async def _stream(transport: Transport, agent: Agent, messages: list[dict[str, Any]]) -> Answer:
    chunks = 0
    while True:
        message: dict[str, Any] = {"role": "assistant", "content": ""}
        async for line in transport.lines(_body(agent, messages, stream=True)):
            if line.startswith("data: {"):
                chunks += _add(message, json.loads(line[6:]))
        messages.append(message)
        if "tool_calls" not in message:
            return Answer(message["content"], chunks)
        agent = _made(agent, messages)


def _body(agent: Agent, messages: list[dict[str, Any]], *, stream: bool = False) -> bytes:
    system = {"role": "system", "content": agent.instructions}
    body = {"model": MODEL, "messages": [system, *messages], "tools": agent.schemas}
    return json.dumps({**body, "stream": True} if stream else body).encode()


def _made(agent: Agent, messages: list[dict[str, Any]]) -> Agent:
    """Make the calls of the last reply, and answer them. Gives the agent that goes on."""
    for call in messages[-1]["tool_calls"]:
        content, agent = called(agent, call)
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": content})
    return agent


def _add(message: dict[str, Any], chunk: dict[str, Any]) -> int:
    """Add a chunk to the reply in the making. Gives 1 if there is text in it."""
    for choice in chunk["choices"]:
        delta = choice["delta"]
        for call in delta.get("tool_calls", ()):
            _add_call(message.setdefault("tool_calls", []), call)
        if delta.get("content"):
            message["content"] += delta["content"]
            return 1
    return 0


def _add_call(calls: list[dict[str, Any]], part: dict[str, Any]) -> None:
    if part["index"] == len(calls):
        calls.append({"id": part["id"], "type": "function", "function": {"name": "", "arguments": ""}})
    for name, text in part["function"].items():
        calls[part["index"]]["function"][name] += text
