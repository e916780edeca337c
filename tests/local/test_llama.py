"""A real endpoint: llama.cpp's server with a model of 135 million parameters. It is asked for forms, not for wisdom."""

import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from orchestrator.agents import AgentGraph, Limits
from orchestrator.clients.capturing import CapturingClient
from orchestrator.clients.router import Router
from orchestrator.clients.scripted import ScriptedClient
from orchestrator.events import ModelResponded, TextDelta
from orchestrator.loader import load
from orchestrator.messages import AssistantMessage, UserMessage
from orchestrator.model import Endpoint, Model
from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse
from orchestrator.runner import Runner
from orchestrator.state import State
from tests.support.cli import ROOT, orchestrate
from tests.support.fakes import FakePerson, check_transcript

pytestmark = pytest.mark.timeout(600)

SETTINGS: Mapping[str, object] = {"temperature": 0, "seed": 1, "max_completion_tokens": 60}
SENTENCES = {
    "I want a refund for my rocket boots, they are broken.": "transfer_to_issues_and_repairs",
    "I would like to buy a trap for roadrunners.": "transfer_to_sales",
    "This is terrible! Let me talk to a human.": "escalate_to_human",
}


@pytest.fixture
def model(base_url: str) -> Model:
    return Model("smollm2", "local", Endpoint(base_url, ""), SETTINGS)


@pytest.fixture
async def router() -> AsyncIterator[Router]:
    async with Router() as client:
        yield client


def acme(model: Model | None = None) -> AgentGraph:
    """The ACME agents, all with this model."""
    graph = load(ROOT / "agents/acme.yaml").unwrap()
    if model is None:
        return graph
    return replace(graph, agents={name: replace(agent, model=model) for name, agent in graph.agents.items()})


async def first_request(graph: AgentGraph, said: str) -> ModelRequest:
    """What the entry agent's model would be asked."""
    capturing = CapturingClient()
    await Runner(graph, capturing).run(said)
    assert capturing.request is not None
    return capturing.request


async def answer(router: Router, request: ModelRequest) -> tuple[list[ModelDelta], ModelResponse]:
    """Ask, and tell on the terminal what came and how long it took."""
    begun = time.monotonic()
    *deltas, response = [item async for item in router.stream(request)]
    assert isinstance(response, ModelResponse)
    took, usage = time.monotonic() - begun, response.usage
    print(f"\n  {took:.1f} s, {usage.input_tokens} tokens in, {usage.output_tokens} out, {len(deltas)} deltas")
    print(f"  {response.content!r} {[(call.name, call.arguments) for call in response.tool_calls]}")
    return [delta for delta in deltas if not isinstance(delta, ModelResponse)], response


async def test_a_plain_answer_streams(router: Router, model: Model) -> None:
    request = ModelRequest(model, "Be brief.", (UserMessage("What is the capital of France?"),))
    deltas, response = await answer(router, request)
    assert len(deltas) > 3
    assert "".join(delta.text for delta in deltas if isinstance(delta, TextDelta)) == response.content
    assert response.usage.output_tokens > 3
    whole = (await answer(router, replace(request, model=replace(model, stream=False))))[1]
    assert whole.content


async def test_a_request_with_tools_is_accepted(router: Router, model: Model) -> None:
    """Accepted, not understood: the template of this model has no place for tools, and the server leaves them out."""
    request = await first_request(acme(model), "I want a refund.")
    assert len(request.functions) == 3
    _, response = await answer(router, request)
    assert response.content or response.tool_calls


def test_the_command_talks_to_it(base_url: str, tmp_path: Path) -> None:
    """A file with the three lines that name the model."""
    file = tmp_path / "bot.yaml"
    local = f"{{model: smollm2, base_url: '{base_url}', api_key: none, tool_calls: json, temperature: 0}}"
    helper = "{model: local, instructions: Be brief.}"
    file.write_text(f"version: 1\nmodels: {{local: {local}}}\nagents: {{helper: {helper}}}\n")
    done = orchestrate("run", str(file), "What is the capital of France?")
    print(f"\n  {done}")
    assert done.code == 0
    assert done.out.strip()


async def whole_conversation() -> State:
    """Played by the script: all three agents, handoffs, tools, a question to the person, a text with a call."""
    client = ScriptedClient.from_file(ROOT / "agents/acme.script.yaml")
    runner = Runner(acme(), client, person=FakePerson(["yes"]))
    state = await runner.run("I want a refund for my rocket boots")
    for said in ("I would like to buy something", "How much is it?", "Yes, I take it"):
        state = await runner.run(said, state=state)
    return state


@pytest.mark.parametrize("tool_calls", ["native", "json"])
async def test_the_history_of_a_whole_conversation_is_accepted(
    router: Router, model: Model, tool_calls: Literal["native", "json"]
) -> None:
    state = await whole_conversation()
    called = [call.name for m in state.messages if isinstance(m, AssistantMessage) for call in m.tool_calls]
    assert {"look_up_item", "execute_refund", "execute_order", "transfer_to_sales"} <= set(called)
    graph = replace(acme(replace(model, tool_calls=tool_calls)), limits=Limits(model_calls=2))
    run = Runner(graph, router).stream("Thank you. What did I order?", state=state)
    async with run:
        events = [event async for event in run]
    replies = [event.message for event in events if isinstance(event, ModelResponded)]
    print(f"\n  {len(state.messages)} messages of history; {run.state.status}; {replies}")
    assert replies
    assert run.state.status != "failed"
    check_transcript(run.state.messages)


@pytest.mark.parametrize("said", SENTENCES)
async def test_without_native_calls_every_reply_is_a_text_or_a_call(router: Router, model: Model, said: str) -> None:
    """Where it leads is told, not asserted: a model of this size guesses."""
    request = await first_request(acme(replace(model, tool_calls="json")), said)
    _, response = await answer(router, request)
    right = [call.name for call in response.tool_calls] == [SENTENCES[said]]
    print(f"  {said} {'rightly' if right else 'wrongly'} routed")
    assert bool(response.content) != bool(response.tool_calls)
    assert "{" not in (response.content or "")


async def test_without_native_calls_a_forced_call_is_made_with_fitting_arguments(router: Router, model: Model) -> None:
    graph = acme(replace(model, tool_calls="json"))
    sales = await first_request(replace(graph, entry="sales"), "Yes, I order the Dehydrated Boulder for 4999.")
    request = replace(sales, tool_choice="required")
    _, response = await answer(router, request)
    (call,) = response.tool_calls
    tool = graph.agents["sales"].tools_by_name.get(call.name)
    if tool is None:
        assert (call.name, json.loads(call.arguments)) == ("transfer_to_triage", {})
    else:
        assert tool.schema.parameters["required"] == [*json.loads(call.arguments)]


async def test_a_schema_that_the_server_can_not_take_is_left_out(router: Router, model: Model) -> None:
    request = await first_request(acme(replace(model, tool_calls="json")), "Hello!")
    strange = replace(request.functions[0], parameters={"type": "object", "properties": {"a": {"type": "strange"}}})
    _, response = await answer(router, replace(request, functions=(strange,)))
    assert response.content or response.tool_calls
