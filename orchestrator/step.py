"""What to do next: ``next_step(graph, state)``, a pure function. The runner does what it says and nothing else.

The rules are numbered as the comments name them: a reply's calls are judged when it arrives and again when their wave
starts; approvals come before any tool runs; the handoff comes after the batch.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.agents import HANDOFF, Agent, AgentGraph, Edge
from orchestrator.events import Status
from orchestrator.history import sent, to_leave_out, tokens_of
from orchestrator.messages import ToolMessage
from orchestrator.model import Model, NamedFunction, ToolChoice
from orchestrator.state import NOT_EXECUTED, Slot, State, merge, told, variables_now
from orchestrator.templates import holds
from orchestrator.tools import BadArguments, FunctionSchema, Outcome, Tool

Variables = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AskModel:
    """Ask this model for the active agent, offering these functions."""

    agent: Agent
    model: Model
    functions: tuple[FunctionSchema, ...]
    tool_choice: ToolChoice | NamedFunction


@dataclass(frozen=True, slots=True)
class Trim:
    """Leave out this many of the oldest messages from now on; about so many tokens of them are still sent."""

    messages: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Fall:
    """Ask this model instead: the one before it has failed for good."""

    model: Model


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer these calls with errors, by call id. They never run."""

    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AskApproval:
    """Settle the approval of these calls, before any call of the reply runs."""

    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class CallTools:
    """Run the next wave. It sees ``variables``, which earlier waves have set."""

    slots: tuple[Slot, ...]
    variables: Variables


@dataclass(frozen=True, slots=True)
class Transfer:
    """Move the conversation over this edge, and answer what is still open."""

    edge: Edge
    answers: tuple[ToolMessage, ...]


@dataclass(frozen=True, slots=True)
class Finish:
    """End the run."""

    status: Status
    detail: str = ""


Step = AskModel | Trim | Answer | AskApproval | CallTools | Transfer | Finish

_FINISHES: Mapping[str, Status] = {"length": "cut", "content_filter": "filtered", "refusal": "refused"}


def next_step(graph: AgentGraph, state: State) -> Step:
    """The next step of a run that is under way."""
    if state.finish is not None and state.finish != "stop":
        return Finish(_FINISHES[state.finish])
    if state.open is not None:
        return _with_calls(graph, state, state.open.slots)
    if state.finish == "stop" and state.counters.empty == 0:
        return Finish("answered")
    if state.finish == "stop" and state.counters.empty > 1:
        return Finish("empty", "the model replied with nothing, twice")
    reached = _limit_reached(graph, state)
    if reached:
        return Finish("limit", reached)
    return _trim(graph, state) or _ask_model(graph, state)


def after_failure(graph: AgentGraph, state: State, kind: str | None, detail: str) -> Trim | Fall | Finish:
    """What to do when a model has failed for good: send it less, ask the next one, or end the run.

    A request that is too long is sent once more with half of its history, where the model says that it may be cut.
    """
    model = _model(graph, state)
    if kind == "context_length" and model.history is not None and not state.counters.cut:
        half = tokens_of(sent(state.messages, state.left_out, state.turn)) // 2
        trimmed = _trimmed(state, half)
        if trimmed is not None:
            return trimmed
    rest = [each for each in _chain(graph, state) if each.name not in state.failed | {model.name}]
    if rest and kind != "unrecorded":  # a replay that has left its cassette does not go on with another model
        return Fall(rest[0])
    return Finish("context_length" if kind == "context_length" else "failed", detail)


def permitted(tool: Tool, variables: Variables) -> bool:
    """Whether what a tool requires is true now."""
    return tool.requires is None or holds(tool.requires, variables)


def permitted_edges(graph: AgentGraph, state: State, variables: Variables) -> tuple[Edge, ...]:
    """The handoffs that the active agent may make now."""
    agent = graph.agents[state.agent]
    return tuple(edge for edge in agent.edges if _edge_fault(state, edge, variables) is None)


def judge_handoff(graph: AgentGraph, state: State, outcome: Outcome, variables: Variables) -> Outcome:
    """A tool returned a handoff: keep it if the agent may make it, else an error that names the targets.

    Judged once, when the tool returns, with the variables of its wave and its own.
    """
    if outcome.handoff is None:
        return outcome
    permitted = permitted_edges(graph, state, {**variables, **outcome.variables})
    if outcome.handoff in {edge.target for edge in permitted}:
        return outcome
    said = f"{outcome.content}\n" if outcome.content else ""
    refusal = _no_handoff(outcome.handoff, permitted)
    return Outcome(said + refusal, error=True, variables=outcome.variables)


def _ask_model(graph: AgentGraph, state: State) -> AskModel:
    agent = graph.agents[state.agent]
    tools = [tool.schema for tool in agent.tools if permitted(tool, state.variables)]
    edges = permitted_edges(graph, state, state.variables)
    functions = (*tools, *(graph.handoff_schemas[agent.name, edge.target] for edge in edges))
    return AskModel(agent, _model(graph, state), functions, _tool_choice(agent, functions, fresh=state.fresh))


def _chain(graph: AgentGraph, state: State) -> tuple[Model, ...]:
    """The models of the active agent: its own, then those that it falls back to."""
    model = graph.agents[state.agent].model
    return (model, *model.fallback)


def _model(graph: AgentGraph, state: State) -> Model:
    """Who is asked: the first that has not failed in this run. The next user turn begins with the first again."""
    chain = _chain(graph, state)
    return next((model for model in chain if model.name not in state.failed), chain[0])


def _trim(graph: AgentGraph, state: State) -> Trim | None:
    """What to leave out before this model is asked, where its history is bounded and longer than that."""
    most = _model(graph, state).history
    return None if most is None else _trimmed(state, most)


def _trimmed(state: State, most: int) -> Trim | None:
    left_out = to_leave_out(state.messages, state.left_out, state.turn, most)
    if left_out == state.left_out:
        return None
    return Trim(left_out, tokens_of(sent(state.messages, left_out, state.turn)))


def _tool_choice(agent: Agent, functions: Sequence[FunctionSchema], *, fresh: bool) -> ToolChoice | NamedFunction:
    """What forces a call holds for the first call only, or the agent could never answer; and the API refuses to
    force what is not offered."""
    choice = agent.tool_choice
    if isinstance(choice, NamedFunction):
        return choice if fresh and choice.name in {function.name for function in functions} else "auto"
    if choice == "required":
        return choice if fresh and functions else "auto"
    return choice


def _limit_reached(graph: AgentGraph, state: State) -> str | None:
    limits, counters = graph.limits, state.counters
    if counters.same.times >= limits.repeats:
        return f"repeats: {counters.same.name} gave the same result to the same arguments {counters.same.times} times"
    if counters.model_calls >= limits.model_calls:
        return f"model_calls: {limits.model_calls}"
    if limits.tokens is not None and counters.tokens >= limits.tokens:
        return f"tokens: {counters.tokens} of {limits.tokens}"
    if limits.seconds is not None and counters.seconds >= limits.seconds:
        return f"seconds: {limits.seconds:g}"
    return None


def _with_calls(graph: AgentGraph, state: State, slots: tuple[Slot, ...]) -> Step:
    agent = graph.agents[state.agent]
    if not any(slot.started for slot in slots):
        judged = _judge_reply(graph, state, agent, slots)
        if judged:
            return judged
    done: list[Slot] = []
    for wave in _waves(agent, slots):
        if any(slot.result is None for slot in wave):
            return _wave(graph, state, agent, wave, done)
        done.extend(wave)
    ended = _ended(done)
    return ended or _move(graph, state, agent, slots)


def _judge_reply(graph: AgentGraph, state: State, agent: Agent, slots: Sequence[Slot]) -> Step | None:
    """Before anything of a reply runs: what can't be called, what does not fit the limit, what needs a yes."""
    variables = variables_now(state)
    pending = [slot for slot in slots if slot.result is None]
    errors = _errors(graph, state, agent, pending, variables)
    if errors:
        return Answer(errors)
    calls = [slot for slot in pending if slot.call.name in agent.tools_by_name]
    limit = graph.limits.tool_calls
    if calls and state.counters.tool_calls + len(calls) > limit:
        return Finish("limit", f"tool_calls: {limit}")
    return _approvals(agent, calls)


def _approvals(agent: Agent, slots: Sequence[Slot]) -> AskApproval | None:
    unapproved = tuple(s for s in slots if s.verdict is None and agent.tools_by_name[s.call.name].approval != "never")
    return AskApproval(unapproved) if unapproved else None


def _waves(agent: Agent, slots: Sequence[Slot]) -> Iterator[list[Slot]]:
    """The calls that are no handoffs, in the waves in which they run.

    A ``sequential`` tool is a wave of its own, and so is one that requires something: else two calls in one reply could
    both pass a guard that the first of them closes.

    It depends on the reply alone and not on what has run, so that a resumed run has the waves of an uncrashed one.
    """
    wave: list[Slot] = []
    for slot in slots:
        if slot.call.name in agent.edges_by_function:
            continue
        tool = agent.tools_by_name.get(slot.call.name)
        # what a guard lets through depends on what has run: it is judged when all before it has ended
        alone = tool is not None and (tool.sequential or tool.requires is not None)
        if alone and wave:
            yield wave
            wave = []
        wave.append(slot)
        if alone:
            yield wave
            wave = []
    if wave:
        yield wave


def _wave(graph: AgentGraph, state: State, agent: Agent, wave: Sequence[Slot], done: Sequence[Slot]) -> Step:
    """Run what is left of a wave. Calls under way end even if one of them ends the run; a new wave does not start."""
    ended = _ended(done)
    if ended:
        return ended
    variables = merge(state.variables, done)
    left = tuple(slot for slot in wave if slot.result is None)
    # after a crash the configuration may be another one: a tool may be gone, or need an approval that it did not need
    unjudged = [slot for slot in left if not slot.started or slot.call.name not in agent.tools_by_name]
    errors = _errors(graph, state, agent, unjudged, variables)
    if errors:
        return Answer(errors)
    return _approvals(agent, unjudged) or CallTools(left, variables)


def _ended(done: Sequence[Slot]) -> Finish | None:
    ends = [slot.result for slot in done if slot.result and slot.result.end]
    return Finish("ended", ends[0].content) if ends else None


def _move(graph: AgentGraph, state: State, agent: Agent, slots: Sequence[Slot]) -> Step:
    """Every ordinary call has its result: the first handoff in call order is made."""
    called = [slot for slot in slots if slot.result is None]
    variables = variables_now(state)
    errors = _errors(graph, state, agent, called, variables) | _gone(graph, state, agent, slots, variables)
    if errors:
        return Answer(errors)
    winner = next(slot for slot in slots if not slot.answered)
    edge = _edge_of(agent, winner)
    reached = _move_limit(graph, state, agent, edge, slots)
    if reached:
        return Finish("limit", reached)
    label = graph.agents[edge.target].label
    answers = tuple(
        ToolMessage(slot.call.id, told(slot, _move_answer(slot, label, won=slot is winner)))
        for slot in slots
        if not slot.answered
    )
    return Transfer(edge, answers)


def _gone(graph: AgentGraph, state: State, agent: Agent, slots: Sequence[Slot], variables: Variables) -> dict[str, str]:
    """Handoffs that tools returned before a crash, and that the configuration does not have any more."""
    targets = {edge.target for edge in agent.edges}
    returned = [(s.call.id, s.result.handoff) for s in slots if s.result and s.result.handoff]
    permitted = permitted_edges(graph, state, variables)
    return {call_id: _no_handoff(target, permitted) for call_id, target in returned if target not in targets}


def _edge_of(agent: Agent, slot: Slot) -> Edge:
    if slot.result is None:
        return agent.edges_by_function[slot.call.name]
    return next(edge for edge in agent.edges if edge.target == slot.result.handoff)


def _move_limit(graph: AgentGraph, state: State, agent: Agent, edge: Edge, slots: Sequence[Slot]) -> str | None:
    if state.counters.handoffs >= graph.limits.handoffs:
        return f"handoffs: {graph.limits.handoffs}"
    there, back = (agent.name, edge.target), (edge.target, agent.name)
    worked = any(slot.worked for slot in slots)
    if edge.at_most is None and not worked and state.counters.trail[-2:] == (there, back):
        return f"ping-pong: {agent.name} and {edge.target} hand off to each other and do nothing else"
    return None


def _move_answer(slot: Slot, label: str, *, won: bool) -> str:
    said = f"{slot.result.content}\n" if slot.result and slot.result.content else ""
    if won:
        return f"{said}Transferred to {label}. Adopt persona immediately."
    if slot.result is None:
        return NOT_EXECUTED.format(reason=f"the conversation was handed to {label}")
    return f"{said}The tool ran, but its handoff was not made: the conversation was handed to {label}."


def _errors(
    graph: AgentGraph, state: State, agent: Agent, slots: Sequence[Slot], variables: Variables
) -> dict[str, str]:
    found = ((slot.call.id, _error(graph, state, agent, slot, variables)) for slot in slots)
    return {call_id: error for call_id, error in found if error is not None}


def _error(graph: AgentGraph, state: State, agent: Agent, slot: Slot, variables: Variables) -> str | None:
    """Why this call must not run, as the model gets to read it; None when it may."""
    name = slot.call.name
    edge = agent.edges_by_function.get(name)
    if edge is not None:
        fault = _edge_fault(state, edge, variables)
        return f"Error: {fault}. {_targets(permitted_edges(graph, state, variables))}" if fault else None
    tool = agent.tools_by_name.get(name)
    if tool is None or not permitted(tool, variables):
        return _no_tool(graph, state, agent, name, variables)
    if slot.verdict is not None and slot.verdict.verdict not in {"granted", "always"}:
        who = {"rule": "a rule denied this call", "person": "the person denied this call"}
        why = f": {slot.verdict.reason}" if slot.verdict.reason else ""
        return f"Error: {who.get(slot.verdict.by, 'this call was denied')}{why}. It was not made."
    try:
        tool.check(slot.call.arguments)
    except BadArguments as error:
        return str(error)
    return None


def _edge_fault(state: State, edge: Edge, variables: Variables) -> str | None:
    if edge.requires is not None and not holds(edge.requires, variables):
        return f"a handoff to {edge.target!r} is not permitted now"
    made = state.counters.edges.get((state.agent, edge.target), 0)
    if edge.at_most is not None and made >= edge.at_most:
        return f"the handoff to {edge.target!r} has been made {made} times in this run, and may not be made again"
    return None


def _no_tool(graph: AgentGraph, state: State, agent: Agent, name: str, variables: Variables) -> str:
    edges = permitted_edges(graph, state, variables)
    known = name in agent.tools_by_name
    if name.startswith(HANDOFF) and not known:
        return _no_handoff(name.removeprefix(HANDOFF), edges)
    at_hand = [t.name for t in agent.tools if permitted(t, variables)] + [edge.function_name for edge in edges]
    offer = f"The tools at hand: {', '.join(at_hand) or 'none'}."
    if known:
        return (
            f"Error: the tool {name!r} is not permitted now: it requires {agent.tools_by_name[name].requires}. {offer}"
        )
    close = difflib.get_close_matches(name, at_hand, n=1)
    nearest = f" Did you mean {close[0]!r}?" if close else ""
    return f"Error: there is no tool {name!r}.{nearest} {offer}"


def _no_handoff(target: str, permitted: Sequence[Edge]) -> str:
    return f"Error: a handoff to {target!r} is not allowed. {_targets(permitted)}"


def _targets(permitted: Sequence[Edge]) -> str:
    return f"Allowed now: {', '.join(edge.target for edge in permitted) or 'none'}."
