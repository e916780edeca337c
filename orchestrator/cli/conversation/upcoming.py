"""The request that a model would get next. Nothing is sent, no tool runs, and no key is needed."""

from dataclasses import replace

from orchestrator.agents import AgentGraph
from orchestrator.cli.conversation.opening import Opening
from orchestrator.clients.capturing import CapturingClient
from orchestrator.errors import RenderError
from orchestrator.model_client import ModelRequest
from orchestrator.runner import Runner
from orchestrator.state import State


async def next_request(graph: AgentGraph, opening: Opening, state: State | None = None) -> ModelRequest:
    """Give the runner's own next request. Without a message in the opening, nothing is said in it.

    Raises:
        UsageError: there is no such agent.
        VariableError: a variable that must be given was not.
        RenderError: the instructions can't be rendered.
    """
    client = CapturingClient()
    # secret variables reach tools only, and no tool runs: they need no value here
    seen = replace(graph, variables={name: each for name, each in graph.variables.items() if not each.secret})
    given = {name: value for name, value in opening.variables.items() if name in seen.variables}
    after = await Runner(seen, client).run(
        opening.message or "", state=state, agent=opening.agent, variables=given, now=opening.now
    )
    if client.request is None:
        raise RenderError(after.detail)
    if opening.message is not None:
        return client.request
    return replace(client.request, messages=client.request.messages[:-1])
