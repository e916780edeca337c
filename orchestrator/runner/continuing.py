"""A session that goes on with another configuration than the one that it was kept with: what no longer fits."""

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.agents import AgentGraph
from orchestrator.errors import VariableError
from orchestrator.messages import ToolCall
from orchestrator.state import State, variables_now


@dataclass(frozen=True, slots=True)
class Changed:
    """What is different from when the session was kept. Empty but for ``digest`` when all that it needs is still there.

    Args:
        digest: whether the files of agents are others.
        agent: the active agent, where it is gone: nobody answers until another one is named.
        callers: agents that are gone and whose turn would have come after a handoff for one turn. They are passed over.
        calls: open calls whose tool or handoff is gone. Each is answered with an error.
        undeclared: variables that the session holds and the configuration has no more, or only as secret ones. The
            session keeps their values, and nothing can set them.
        unfit: what is wrong with values that do not fit their variables any more, by name. Nothing goes on before
            these are given anew.
    """

    digest: bool
    agent: str | None = None
    callers: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    undeclared: tuple[str, ...] = ()
    unfit: tuple[tuple[str, str], ...] = ()


def changed(graph: AgentGraph, state: State) -> Changed | None:
    """What is different from when the session was kept; None when nothing is, or nothing was said yet."""
    if not state.runs:
        return None
    found = Changed(
        digest=graph.digest != state.config_digest,
        agent=None if state.agent in graph.agents else state.agent,
        callers=tuple(name for name in state.callers if name not in graph.agents),
        calls=tuple(_calls_gone(graph, state)),
        undeclared=tuple(name for name in variables_now(state) if _undeclared(graph, name)),
        unfit=tuple(unfit(graph, state).items()),
    )
    return None if found == Changed(digest=False) else found


def unfit(graph: AgentGraph, state: State) -> dict[str, str]:
    """What is wrong with values of the session that their variables do not take any more, by name."""
    wrong: dict[str, str] = {}
    for name, value in variables_now(state).items():
        try:
            if not _undeclared(graph, name):
                graph.variables[name].check(value)
        except VariableError as error:
            wrong[name] = str(error)
    return wrong


def _undeclared(graph: AgentGraph, name: str) -> bool:
    return name not in graph.variables or graph.variables[name].secret


def _calls_gone(graph: AgentGraph, state: State) -> Iterator[ToolCall]:
    """Calls that were once found good and have no tool now. Before that a model may have invented the name."""
    slots = state.open.slots if state.open else ()
    judged = any(slot.requested or slot.verdict or slot.started for slot in slots)
    agent = graph.agents.get(state.agent)
    known = {*agent.tools_by_name, *agent.edges_by_function} if agent else set()
    for slot in slots:
        if judged and slot.result is None and slot.call.name not in known:
            yield slot.call
