"""A conversation under way: its session, its runner, and with what the next turn begins."""

from collections.abc import Callable, Mapping
from datetime import datetime

from orchestrator.agents import Agent, AgentGraph
from orchestrator.cli.conversation.front import Front
from orchestrator.cli.conversation.interrupts import Interrupts
from orchestrator.cli.conversation.opening import Opening
from orchestrator.cli.event_log import EventLog
from orchestrator.events import Event, LiveEvent, RunStarted
from orchestrator.model import Model
from orchestrator.runner import Run, Runner
from orchestrator.state import State
from orchestrator.stores.session import Session, turn_began


class Chat:
    """A conversation under way.

    ``agent`` and ``variables`` are for the next turn: who answers it, where it is not who answered last, and what it
    sets. ``models`` are those that may be asked instead, by alias; None where none may.
    """

    def __init__(
        self,
        runner_for: Callable[[AgentGraph], Runner],
        graph: AgentGraph,
        session: Session,
        front: Front,
        opening: Opening,
        interrupts: Interrupts,
        models: Mapping[str, Model] | None = None,
    ) -> None:
        self.runner = runner_for(graph)
        self.session = session
        self.front = front
        self.agent = opening.agent
        self.variables: dict[str, object] = dict(opening.variables)
        self.interrupts = interrupts
        self._log = EventLog()
        self._now: datetime | None = opening.now
        self._runner_for = runner_for
        self.models = models

    @property
    def graph(self) -> AgentGraph:
        """The agents."""
        return self.runner.graph

    @property
    def next_agent(self) -> Agent:
        """Who answers the next turn."""
        name = self.agent or self.state.agent
        return self.graph.agents.get(name) or self.graph.agents[self.graph.entry]

    @property
    def state(self) -> State:
        """The session as it stands."""
        return self.session.state

    async def say(self, text: str) -> State:
        """Hold one turn, and give the state after it.

        Raises:
            UsageError: there is no such agent.
            VariableError: a variable that must be given was not.
            StoreError: what happened can't be kept.
        """
        run = self.runner.stream(text, state=self.state, agent=self.agent, variables=self.variables, now=self._now)
        self.agent = None
        self.variables = self._secret()
        return await self._follow(run)

    async def resume(self) -> State:
        """Go on with the turn that is unfinished, and give the state after it. Raises what ``say`` does."""
        return await self._follow(self.runner.resume(self.state, secrets=self._secret()))

    async def undo(self) -> str:
        """Take the last turn back, by going on in a copy without it. Gives what the person had said; "" if nothing."""
        place = turn_began(self.session.events)
        begun = self.session.events[place] if self.session.events else None
        if not isinstance(begun, RunStarted):
            return ""
        await self.fork(place)
        self.agent = begun.agent if begun.chosen else None
        self.variables = {**begun.variables, **self._secret()}
        return begun.message

    async def fork(self, at: int | None = None) -> None:
        """Go on in a copy of the first ``at`` events, or of all. The session itself stays as it is."""
        self.session = await self.session.fork(at)

    def use_model(self, model: Model) -> None:
        """Ask this model for every agent from the next turn on."""
        self.runner = self._runner_for(self.graph.with_model(model))

    def _secret(self) -> dict[str, object]:
        """A session keeps its variables, but never the secret ones: each turn is given them anew."""
        return {name: value for name, value in self.variables.items() if self.graph.variables[name].secret}

    async def _follow(self, run: Run) -> State:
        """Keep and show one run: an event is kept before it is shown, and before what it announces begins."""
        with self.interrupts.reach(run.cancel):
            async with self.front.live(), run:
                async for event in run:
                    await self._take(event, run.state)
        return self.state

    async def _take(self, event: Event, state: State) -> None:
        if not isinstance(event, LiveEvent):
            await self.session.keep([event], state)
        self.front.show(event)
        self._log(event, self.session.id)
