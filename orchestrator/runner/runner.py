"""The runner: from a graph and a client to runs."""

import asyncio
import contextlib
import os
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from orchestrator.agents import AgentGraph
from orchestrator.closing import resumed, settle
from orchestrator.errors import GraphError, RenderError, UsageError, VariableError
from orchestrator.events import RecordedEvent, RunStarted
from orchestrator.messages import storable
from orchestrator.model_client import ModelClient
from orchestrator.runner.engine import Engine
from orchestrator.runner.hiding import veil_over
from orchestrator.runner.person import Person
from orchestrator.runner.run import Run
from orchestrator.runner.variables import values_for
from orchestrator.runner.world import World
from orchestrator.state import State, apply, variables_now
from orchestrator.templates import compile_expression

_ONLY_SECRETS = "a run that goes on keeps its variables, and can't be given {names}: begin a new turn"


class Runner:
    """Runs an agent graph. It keeps nothing between runs: the caller keeps the state.

    Args:
        graph: the agents.
        client: answers the model calls.
        person: approves calls and answers the questions of tools; None means that nobody is there.
        clock: gives the time in seconds since the epoch.
        environ: where variables with ``env`` are looked up; the process's environment by default.
        hidden: texts that no tool may give away, such as the keys of models, besides the values of secret variables.
            In what a tool or a rule of approval reports, dots stand for them. What the model and the person wrote stays
            as it is: the arguments that are shown are those that are executed.

    Raises:
        GraphError: what a tool or a handoff requires is no expression.
    """

    def __init__(
        self,
        graph: AgentGraph,
        client: ModelClient,
        *,
        person: Person | None = None,
        clock: Callable[[], float] = time.time,
        environ: Mapping[str, str] | None = None,
        hidden: Collection[str] = (),
    ) -> None:
        _check_guards(graph)
        self.graph = graph
        self._world = World(graph, client, person, clock)
        self._environ = os.environ if environ is None else environ
        self._hidden = hidden

    def stream(
        self,
        message: str,
        *,
        state: State | None = None,
        agent: str | None = None,
        variables: Mapping[str, object] | None = None,
        now: datetime | None = None,
    ) -> Run:
        """Begin a user turn. Without a state it begins a session; an unfinished run is settled first.

        The agents may be others than those that the state comes from: ``changed`` says what no longer fits.

        Args:
            message: what the person says.
            state: the session so far.
            agent: who answers; by default who answered last, and the entry agent at first.
            variables: values that this turn sets.
            now: the time that templates see, local where it has no zone; by default that of the clock. Limits and the
                times of events stay with the clock.

        Raises:
            UsageError: there is no such agent, or not any more, or ``now`` is too far away.
            VariableError: a variable is unknown, was never given, or does not fit, be it given or of the session.
        """
        state = State(f"session_{uuid.uuid4().hex[:16]}") if state is None else state
        at = self._world.clock()
        opening: list[RecordedEvent] = settle(state, "interrupted", at=at)
        settled = state
        for event in opening:
            settled = apply(settled, event)
        values = values_for(self.graph, settled.variables, variables or {}, self._environ)
        started = RunStarted(
            run_id=f"run_{settled.runs + 1}",
            at=at,
            message=storable(message),
            agent=self._agent(settled, agent),
            variables=values.recorded,
            config_digest=self.graph.digest,
            # a turn that can't go back to a caller goes back to none
            chosen=agent is not None or not self.graph.agents.keys() >= {*settled.callers},
            now=None if now is None else _seconds(now),
        )
        return self._begin(state, [*opening, started], values.secret)

    def resume(self, state: State, *, secrets: Mapping[str, object] | None = None) -> Run:
        """Go on with an unfinished run. ``once`` calls that had started are answered "not known", the rest runs again.

        The agents may be others than those that it began with, as in ``stream``.

        Args:
            state: the session so far.
            secrets: values of secret variables that the environment does not give; they are never recorded.

        Raises:
            UsageError: the run has finished, or its agent is gone.
            VariableError: a secret variable has no value, or the session's variables do not fit the graph any more.
        """
        if not state.running:
            raise UsageError("there is nothing to resume: the session's last run has finished")
        self._agent(state)
        values = values_for(self.graph, variables_now(state), secrets or {}, self._environ)
        plain = [repr(name) for name in secrets or {} if name in values.recorded]
        if plain:
            raise VariableError(_ONLY_SECRETS.format(names=", ".join(plain)))
        now = self._world.clock()
        opening = resumed(state, at=now, variables=values.recorded, config_digest=self.graph.digest)
        return self._begin(state, opening, values.secret)

    async def run(
        self,
        message: str,
        *,
        state: State | None = None,
        agent: str | None = None,
        variables: Mapping[str, object] | None = None,
        now: datetime | None = None,
    ) -> State:
        """Like ``stream``, for callers who want only the state at the end."""
        async with self.stream(message, state=state, agent=agent, variables=variables, now=now) as run:
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
        now: datetime | None = None,
    ) -> State:
        """Like ``run``, where there is no event loop.

        Raises:
            UsageError: there is one: use ``await runner.run(...)`` there.
        """
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop()
            raise UsageError("run_sync() would block the event loop: use `await runner.run(...)` here")
        return asyncio.run(self.run(message, state=state, agent=agent, variables=variables, now=now))

    def _begin(self, state: State, opening: Sequence[RecordedEvent], secrets: Mapping[str, object]) -> Run:
        world = replace(self._world, secrets=secrets, veil=veil_over(secrets, self._hidden))
        return Run(Engine(world, state, opening))

    def _agent(self, state: State, chosen: str | None = None) -> str:
        """Who answers. The agents may have changed since the session was kept."""
        name = chosen or state.agent or self.graph.entry
        if name in self.graph.agents:
            return name
        wrong = f"the agent {name!r}, whose turn it is, is gone" if chosen is None else f"no agent named {name!r}"
        raise UsageError(f"{wrong}; there are: {', '.join(self.graph.agents)}")


def _seconds(moment: datetime) -> float:
    """A moment in seconds since the epoch, if the local calendar has it: templates see it there."""
    try:
        seconds = moment.timestamp()
        datetime.fromtimestamp(seconds).astimezone()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"now can't be {moment.isoformat()}: it is too far away") from None
    return seconds


def _check_guards(graph: AgentGraph) -> None:
    for agent in graph.agents.values():
        guards = {f"tool {tool.name!r}": tool.requires for tool in agent.tools}
        guards |= {f"handoff to {edge.target!r}": edge.requires for edge in agent.edges}
        for what, text in guards.items():
            try:
                compile_expression(text or "true")
            except RenderError as error:
                raise GraphError(f"agent {agent.name!r}, {what}: {text!r} is no expression: {error}") from None
