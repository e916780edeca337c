"""Orchestrate: a file of agents, loaded and run as ``orchestrate run`` does, less what is shown."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.contenders.driver import main
from benchmarks.contenders.job import Answer, Ask, Object, Setup
from benchmarks.projects import DESK, ROOT
from orchestrator import (
    AgentGraph,
    AssistantMessage,
    Event,
    LiveEvent,
    Message,
    Router,
    Run,
    Runner,
    Session,
    SqliteStore,
    State,
    TextDelta,
    ToolCall,
    ToolMessage,
    UserMessage,
    load,
)


@asynccontextmanager
async def ours(setup: Setup) -> AsyncIterator[Ask]:
    """Ask with Orchestrate."""
    environ = {"OPENAI_BASE_URL": setup.url, "OPENAI_API_KEY": "none-needed"}
    state = State("bench", messages=tuple(map(_message, setup.history))) if setup.job.history else None
    async with AsyncExitStack() as stack:
        runner = Runner(_graph(setup), await stack.enter_async_context(Router(environ)), environ=environ)
        folder = stack.enter_context(TemporaryDirectory(dir=setup.folder))
        store = await stack.enter_async_context(SqliteStore(Path(folder, "sessions.db"))) if setup.job.kept else None

        async def ask(message: str) -> Answer:
            run = runner.stream(message, state=state)
            return await (_followed(run) if store is None else _kept(run, store))

        yield ask


def _graph(setup: Setup) -> AgentGraph:
    file = ROOT / "agents" / "acme.yaml" if setup.job.tools is None else setup.folder / DESK
    graph = load(file).unwrap()
    if setup.job.streamed:
        return graph
    return graph.with_model(replace(graph.agents[graph.entry].model, stream=False))


async def _followed(run: Run) -> Answer:
    chunks = events = 0
    async with run:
        async for event in run:
            chunks, events = chunks + _is_text(event), events + _is_recorded(event)
    return Answer(run.state.reply, chunks, events)


async def _kept(run: Run, store: SqliteStore) -> Answer:
    chunks, session = 0, Session(store)
    async with run:
        async for event in run:
            chunks += _is_text(event)
            if not isinstance(event, LiveEvent):
                await session.keep([event], run.state)
    await session.close()
    return Answer(run.state.reply, chunks, len(session.events))


def _is_text(event: Event) -> bool:
    return isinstance(event, TextDelta)


def _is_recorded(event: Event) -> bool:
    return not isinstance(event, LiveEvent)


def _message(wire: Object) -> Message:
    match wire["role"]:
        case "user":
            return UserMessage(wire["content"])
        case "tool":
            return ToolMessage(wire["tool_call_id"], wire["content"])
        case _:
            calls = [(call["id"], call["function"]) for call in wire.get("tool_calls", ())]
            made = tuple(ToolCall(call_id, called["name"], called["arguments"]) for call_id, called in calls)
            return AssistantMessage(wire["content"], made)


if __name__ == "__main__":
    main(ours, ["orchestrate-agents"])
