"""The calls that a run makes: what goes into them, what they report, and what becomes of what they raise."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from orchestrator.agents import AgentGraph
from orchestrator.errors import ModelError, VariableError
from orchestrator.history import sent
from orchestrator.messages import ToolCall, storable
from orchestrator.model_client import ModelClient, ModelRequest, ModelResponse
from orchestrator.runner.acts import Act
from orchestrator.state import State
from orchestrator.step import AskModel, permitted_edges
from orchestrator.tools import Hooks, Outcome, Tool, ToolContext, describe

log = logging.getLogger("orchestrator.runner")


@dataclass(frozen=True, slots=True)
class Failed:
    """A model call failed for good. ``detail`` is one line, ``kind`` what went wrong, as in ``ModelError``."""

    detail: str
    kind: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A tool asks the person; ``answer`` is what it waits for."""

    question: str
    answer: "Future[str]"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A tool waits no more for the answer to its question."""

    asked: Asked


@dataclass(frozen=True, slots=True)
class Progress:
    """A tool tells how far it is."""

    text: str


def request_for(graph: AgentGraph, state: State, step: AskModel) -> ModelRequest:
    """The request of a model call, with the instructions rendered from the current variables.

    Raises:
        OrchestrateError: the instructions can't be rendered.
    """
    agent = step.agent
    edges = permitted_edges(graph, state, state.variables)
    context = {
        **state.variables,
        "agent": _described(graph, agent.name),
        "handoffs": [_described(graph, edge.target) for edge in edges],
        "now": datetime.fromtimestamp(state.started_at if state.now is None else state.now).astimezone(),
    }
    return ModelRequest(
        model=step.model,
        system=agent.instructions.render(context),
        messages=sent(state.messages, state.left_out, state.turn),
        functions=step.functions,
        tool_choice=step.tool_choice,
        parallel_tool_calls=agent.parallel_tool_calls,
        agent=agent.name,
        variables=state.variables,
    )


def _described(graph: AgentGraph, name: str) -> Mapping[str, str]:
    agent = graph.agents[name]
    return {"name": agent.name, "label": agent.label, "description": agent.description}


async def ask_model(client: ModelClient, request: ModelRequest, act: Act) -> None:
    """Report every delta, then the response.

    Raises:
        ModelError: see there; also when the stream ends without a response.
    """
    stream = client.stream(request)
    try:
        async for item in stream:
            act.report(item)
            if isinstance(item, ModelResponse):
                return
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()
    raise ModelError(f"model {request.model.name!r} ended its reply without finishing it")


def broken_model(request: ModelRequest, error: BaseException) -> Failed:
    """A model call that raised: a model's failure is told as it is, a client's bug goes to the log as well."""
    if isinstance(error, ModelError):
        return Failed(str(error), error.kind)
    log.error("the client of model %r has a bug", request.model.name, exc_info=error)
    return Failed(f"model {request.model.name!r}: {describe(error)}")


async def call_tool(tool: Tool, call: ToolCall, context: ToolContext, act: Act) -> None:
    """Report the outcome of a call."""
    act.report(await tool.call(call.arguments, context))


def broken_tool(tool: Tool, error: BaseException) -> Outcome:
    """A call that even its tool could not catch: ``exit()`` ends the run, anything else is an error result."""
    if isinstance(error, SystemExit):
        said = "Ended." if error.code in {None, 0} else str(error.code)
        return Outcome(said, end=True)
    if isinstance(error, asyncio.CancelledError):
        return Outcome("Error: the tool cancelled itself", error=True)
    log.warning("tool %s broke", tool.name, exc_info=error)
    return Outcome(describe(error), error=True)


def context_for(
    graph: AgentGraph, state: State, call: ToolCall, variables: Mapping[str, object], act: Act
) -> ToolContext:
    """The context of one call. What the tool asks and tells is reported by ``act``, from whatever thread it comes."""

    def ask(question: str) -> "Future[str]":
        answer: Future[str] = Future()
        act.ask_from_thread(Asked(storable(question), answer), answer)
        return answer

    context = ToolContext(
        variables=variables,
        agent=state.agent,
        session_id=state.session_id,
        run_id=state.run_id,
        call_id=call.id,
        hooks=Hooks(
            check=lambda name, value: check_variable(graph, name, value),
            emit=lambda text: act.report_from_thread(Progress(storable(text))),
            ask=ask,
        ),
    )
    act.on_end.append(context.stop)
    return context


def check_variable(graph: AgentGraph, name: str, value: object) -> object:
    """The value that a variable takes, if the graph declares it and it may be set to this.

    Raises:
        VariableError: it may not.
    """
    variable = graph.variables.get(name)
    if variable is None:
        raise VariableError(f"no variable named {name!r}; declared: {', '.join(graph.variables) or 'none'}")
    if variable.secret:
        raise VariableError(f"variable {name!r} is secret: it comes from outside, and is never set or recorded")
    return variable.check(value)


def mint(calls: Sequence[ToolCall], taken: frozenset[str]) -> tuple[ToolCall, ...]:
    """Give an id to each call that has none, or one that the session has had already: ``call_1``, ``call_2``, …"""
    new: set[str] = set()
    numbers = count(len(taken) + 1)
    minted: list[ToolCall] = []
    for call in calls:
        call_id = storable(call.id)
        while not call_id or call_id in taken or call_id in new:
            call_id = f"call_{next(numbers)}"
        new.add(call_id)
        minted.append(ToolCall(call_id, storable(call.name), storable(call.arguments)))
    return tuple(minted)


def cut(text: str, limit: int) -> str:
    """The text, or its beginning with a note that says how much is missing."""
    text = storable(text)
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[cut: {len(text) - limit} of {len(text)} characters left out]"


def release(answer: "Future[str]", value: str | BaseException) -> None:
    """Let a waiting tool go on, with an answer or an exception; nothing happens if it waits no more."""
    with contextlib.suppress(Exception):
        if isinstance(value, BaseException):
            answer.set_exception(value)
        else:
            answer.set_result(value)
