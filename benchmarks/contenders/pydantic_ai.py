"""A peer: the same agents with pydantic-ai, where a handoff is an output of the one agent and a run of the other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from openai import AsyncOpenAI
from pydantic_ai import Agent
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, ToolCallPart, ToolReturnPart, UserPromptPart
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from benchmarks.contenders import acme
from benchmarks.contenders.driver import main
from benchmarks.contenders.job import Answer, Ask, Object, Setup


@asynccontextmanager
async def pydantic_ai(setup: Setup) -> AsyncIterator[Ask]:
    """Ask with pydantic-ai."""
    async with AsyncOpenAI(base_url=setup.url, api_key="none", max_retries=0, timeout=None) as client:
        agents = _agents(setup, OpenAIChatModel(acme.MODEL, provider=OpenAIProvider(openai_client=client)))
        history = [_message(message) for message in setup.history]

        async def ask(message: str) -> Answer:
            if setup.job.streamed:
                return await _streamed(agents[0], message)
            said = await agents[0].run(message, message_history=history)
            for agent in agents[1:]:
                if isinstance(said.output, acme.Agent):
                    said = await agent.run(message_history=said.all_messages())
            return Answer(said.output)

        yield ask


async def _streamed(agent: Any, message: str) -> Answer:
    chunks = 0
    async with agent.run_stream(message) as run:
        async for _ in run.stream_text(delta=True, debounce_by=None):
            chunks += 1
        return Answer(await run.get_output(), chunks)


def _agents(setup: Setup, model: Any) -> list[Any]:
    """The agent that begins, and the one that takes over. Where a handoff is possible, no text can be streamed."""
    if setup.job.tools is not None:
        return [Agent(model, instructions=acme.DESK, tools=setup.tools)]
    return [
        Agent(
            model,
            instructions=agent.instructions,
            tools=[tool for tool in agent.tools if not acme.target_of(tool)],
            output_type=str if setup.job.streamed else [str, *filter(acme.target_of, agent.tools)],
        )
        for agent in (acme.TRIAGE, acme.ISSUES)
    ]


def _message(message: Object) -> Any:
    match message["role"]:
        case "user":
            return ModelRequest([UserPromptPart(message["content"])])
        case "tool":
            return ModelRequest([ToolReturnPart("find_0000", message["content"], message["tool_call_id"])])
        case _ if message["content"] is not None:
            return ModelResponse([TextPart(message["content"])])
        case _:
            calls = [(call["id"], call["function"]) for call in message["tool_calls"]]
            return ModelResponse([ToolCallPart(made["name"], made["arguments"], call_id) for call_id, made in calls])


if __name__ == "__main__":
    main(pydantic_ai, ["pydantic-ai-slim", "openai", "httpx2", "pydantic"])
