"""The runner: from a graph and a client to runs."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping

from orchestrator.agents import REQUIRED, AgentGraph
from orchestrator.errors import UsageError, VariableError
from orchestrator.events import RecordedEvent, RunResumed, RunStarted, ToolFinished
from orchestrator.model import ModelClient
from orchestrator.runner.calls import check_variable
from orchestrator.runner.person import Person
from orchestrator.runner.run import Run, World
from orchestrator.state import NOT_KNOWN, State, apply, settle


class Runner:
    """Runs an agent graph. It keeps nothing between runs: the caller keeps the state.

    Args:
        graph: the agents.
        client: answers the model calls.
        person: approves calls and answers the questions of tools; None means that nobody is there.
        clock: gives the time in seconds since the epoch.
    """

    def __init__(
        self,
        graph: AgentGraph,
        client: ModelClient,
        *,
        person: Person | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.graph = graph
        self._world = World(graph, client, person, clock)

    def stream(
        self,
        message: str,
        *,
        state: State | None = None,
        agent: str | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> Run:
        """Begin a user turn. Without a state it begins a session; an unfinished run is settled first.

        Args:
            message: what the person says.
            state: the session so far.
            agent: who answers; by default who answered last, and the entry agent at first.
            variables: values that this turn sets.

        Raises:
            UsageError: there is no such agent.
            VariableError: a variable is unknown, does not fit, or was never given.
        """
        state = State(f"session_{secrets.token_hex(8)}") if state is None else state
        now = self._world.clock()
        opening: list[RecordedEvent] = settle(state, "interrupted", at=now)
        settled = state
        for event in opening:
            settled = apply(settled, event)
        started = RunStarted(
            run_id=f"run_{settled.runs + 1}",
            at=now,
            message=message,
            agent=self._agent(agent or settled.agent or self.graph.entry),
            variables=self._variables(settled, variables or {}),
            config_digest=self.graph.digest,
            chosen=agent is not None,
        )
        return Run(self._world, state, [*opening, started])

    def resume(self, state: State) -> Run:
        """Go on with an unfinished run. ``once`` calls that had started are answered "not known", the rest runs again.

        Raises:
            UsageError: the run has finished, or its agent is gone.
        """
        if not state.running:
            raise UsageError("there is nothing to resume: the session's last run has finished")
        self._agent(state.agent)
        now = self._world.clock()
        opening: list[RecordedEvent] = [RunResumed(run_id=state.run_id, at=now)]
        opening += [
            ToolFinished(run_id=state.run_id, at=now, call_id=slot.call.id, content=NOT_KNOWN, error=True)
            for slot in (state.open.slots if state.open else ())
            if slot.started == "once" and slot.result is None
        ]
        return Run(self._world, state, opening)

    async def run(
        self,
        message: str,
        *,
        state: State | None = None,
        agent: str | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> State:
        """Like ``stream``, for callers who want only the state at the end."""
        async with self.stream(message, state=state, agent=agent, variables=variables) as run:
            async for _ in run:
                pass
            return run.state

    def run_sync(
        self,
        message: str,
        *,
        state: State | None = None,
        agent: str | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> State:
        """Like ``run``, where there is no event loop."""
        return asyncio.run(self.run(message, state=state, agent=agent, variables=variables))

    def _agent(self, name: str) -> str:
        if name not in self.graph.agents:
            raise UsageError(f"no agent named {name!r}; there are: {', '.join(self.graph.agents)}")
        return name

    def _variables(self, state: State, given: Mapping[str, object]) -> dict[str, object]:
        """What this run sets: what is given, and the defaults of variables that the session does not have yet."""
        values = {name: check_variable(self.graph, name, value) for name, value in given.items()}
        for name, variable in self.graph.variables.items():
            if name in values or name in state.variables:
                continue
            if variable.default is REQUIRED:
                raise VariableError(f"variable {name!r} has no default and must be given")
            values[name] = variable.default
        return values
