"""A peer: the same agents with openai-agents, by way of Chat Completions and with its tracing off."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from openai import AsyncOpenAI

from benchmarks.contenders import acme
from benchmarks.contenders.driver import main
from benchmarks.contenders.job import Answer, Ask, Object, Setup

agents: Any = import_module("agents")  # by name: for a type checker it is the folder of the examples


@asynccontextmanager
async def openai_agents(setup: Setup) -> AsyncIterator[Ask]:
    """Ask with openai-agents."""
    agents.set_tracing_disabled(True)
    async with AsyncOpenAI(base_url=setup.url, api_key="none", max_retries=0, timeout=None) as client:
        agent = _agent(setup, agents.OpenAIChatCompletionsModel(acme.MODEL, client))
        history = [item for message in setup.history for item in _items(message)]

        async def ask(message: str) -> Answer:
            said = [*history, {"role": "user", "content": message}]
            if not setup.job.streamed:
                return Answer((await agents.Runner.run(agent, said)).final_output)
            run, chunks = agents.Runner.run_streamed(agent, said), 0
            async for event in run.stream_events():
                if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                    chunks += 1
            return Answer(run.final_output, chunks)

        yield ask


def _agent(setup: Setup, model: Any) -> Any:
    if setup.job.tools is not None:
        tools = [*map(agents.function_tool, setup.tools)]
        return agents.Agent(name="desk", instructions=acme.DESK, model=model, tools=tools)
    made = {
        agent.name: agents.Agent(
            name=agent.name,
            instructions=agent.instructions,
            model=model,
            tools=[agents.function_tool(tool) for tool in agent.tools if not acme.target_of(tool)],
        )
        for agent in (acme.TRIAGE, acme.SALES, acme.ISSUES)
    }
    for agent in (acme.TRIAGE, acme.SALES, acme.ISSUES):
        targets = filter(None, map(acme.target_of, agent.tools))
        made[agent.name].handoffs = [made[target.name] for target in targets]
    return made[acme.TRIAGE.name]


def _items(message: Object) -> Iterator[Object]:
    """A message in the words of the Responses API, which this package speaks inside."""
    if message["role"] == "tool":
        yield {"type": "function_call_output", "call_id": message["tool_call_id"], "output": message["content"]}
        return
    if message["content"] is not None:
        yield {"role": message["role"], "content": message["content"]}
    for call in message.get("tool_calls", ()):
        yield {"type": "function_call", "call_id": call["id"], **call["function"]}


if __name__ == "__main__":
    main(openai_agents, ["openai-agents", "openai", "httpx2"])
