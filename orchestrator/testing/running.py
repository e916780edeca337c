"""One test: a conversation is had, turn by turn, and held against what is expected of it."""

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from orchestrator.agents import REQUIRED, AgentGraph
from orchestrator.clients.cassettes import ReplayClient, read_cassette
from orchestrator.errors import OrchestrateError, UsageError, VariableError
from orchestrator.events import LiveEvent, RecordedEvent
from orchestrator.loader import Loaded
from orchestrator.model_client import ModelClient, ModelRequest
from orchestrator.runner import Runner
from orchestrator.spec.suite import ExpectSpec, RecordingSpec, StubSpec, TurnSpec
from orchestrator.state import State
from orchestrator.testing.answering import ListedPerson
from orchestrator.testing.checking import beside
from orchestrator.testing.expecting import Held, ended_badly, judge
from orchestrator.testing.outcome import Case, Failure, Outcome
from orchestrator.testing.places import Broken, Place
from orchestrator.testing.playing import Course, Listener, Player
from orchestrator.testing.scope import Scope, results_in
from orchestrator.testing.seen import seen
from orchestrator.testing.stubs import Stubs

MOST_SECONDS = 60.0
"""How long a test may take: one that never ends fails."""

NOW = "2026-01-01T12:00"
"""The time that templates see where a test says nothing of it."""

_TICK = 0.001  # seconds between two looks at the clock of a test


class NeedsModel(OrchestrateError):  # noqa: N818 - not an error, but a reason to skip
    """A test that only makes sense with a real model. The text says so."""


async def run_case(
    case: Case, loaded: Loaded, *, client: ModelClient | None = None, seconds: float = MOST_SECONDS
) -> Outcome:
    """Have the conversation of a test, and give what came of it.

    No key, no network and nothing of the environment is used; tools that may change something do not run unless the
    test says so.

    Args:
        case: the test.
        loaded: the agents that its file names, which have a graph.
        client: a real model, which answers instead of the replies in the file.
        seconds: how long it may take.

    Raises:
        NeedsModel: it is to be had with a real model only, and there is none.
        LoadError: the agents have errors.
    """
    graph = loaded.unwrap()
    if client is None and any(turn.model == "live" for turn in case.spec.turns.values()):
        raise NeedsModel("its model is live: it runs with --live only")
    began = time.perf_counter()
    conversation = _Conversation(case, graph, client)
    try:
        async with asyncio.timeout(seconds) as bound:
            await conversation.run()
    except Broken as broken:
        conversation.failures.append(broken.failure)
    except TimeoutError:
        if not bound.expired():
            raise
        conversation.failures.append(conversation.too_long(seconds))
    return Outcome(
        case,
        tuple(conversation.failures),
        tuple(conversation.events),
        tuple(conversation.held),
        time.perf_counter() - began,
    )


@dataclass
class _Conversation:
    """A conversation that is had. ``place`` is where it stands in the test file."""

    case: Case
    graph: AgentGraph
    client: ModelClient | None
    events: list[RecordedEvent] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    held: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        suite, spec = self.case.suite, self.case.spec
        self.place = Place(suite.source, ("tests", self.case.test), "conversation")
        self._state = State("test")
        self._scope = Scope.of(suite.path, self.case.values)
        self._course = Course(self.place)
        self._defaults = {
            name: variable.default
            for name, variable in self.graph.variables.items()
            if variable.default is not REQUIRED and not variable.secret
        }
        self._said: dict[str, str] = {}
        self._recordings: dict[str, ReplayClient] = {}
        stubs = Stubs(dict(self._stubs()), self._knowing, self._course)
        self._stubbed = stubs.in_graph(self.graph, frozenset(suite.spec.real) | frozenset(spec.real))
        self._now = datetime.fromisoformat(spec.now or suite.spec.now or self._recorded_now() or NOW)
        ticks = count()
        self._clock = lambda: self._now.timestamp() + next(ticks) * _TICK

    async def run(self) -> None:
        """Have all turns, as long as no rule is broken, and judge them."""
        for index, turn in self.case.spec.turns.items():
            place = Place(self.place.source, (*self.place.location, "turns", index), f"turn {index + 1}")
            before = len(self.events)
            await self._have(index, turn, place)
            if self._course.broken:
                self.failures += self._course.broken
                return
            last = index == max(self.case.spec.turns) and self.case.spec.expect.status is not None
            await self._judge(turn.expect, self.events[before:], place, told=last)
        await self._judge(self.case.spec.expect, self.events, self.place, told=True)

    def too_long(self, seconds: float) -> Failure:
        """What is wrong with a conversation that does not end."""
        return self.place.failure(f"the conversation was not over after {seconds:g} s", span=self.place.key)

    async def _have(self, index: int, turn: TurnSpec, place: Place) -> None:
        """Have one turn."""
        course = self._course
        course.here, course.instructions = place.at("user"), None
        first = index == min(self.case.spec.turns)
        # what is said is known to variables, unless it is made from them
        self._said = {} if "{" in turn.user else {"user": self._knowing().text(turn.user, course.here)}
        values = self._variables(turn, place, first=first)
        self._said = {"user": self._knowing(values).text(turn.user, course.here)}
        person = ListedPerson(
            turn.approvals, turn.answers, place, self._knowing, course, leaves=turn.expect.status == "waiting"
        )
        player, model = self._model(turn, place.at("model", name="model"))
        runner = Runner(self._stubbed, model, person=person, clock=self._clock, environ={})
        chosen = turn.agent or (self.case.spec.agent if first else None)
        await self._stream(runner, chosen, values, place)
        if not course.broken:
            how = self._state.status or "waiting"
            course.broken += player.unused(how) if player else ()
            if self.client is None:  # a real model need not come to what a person would say
                course.broken += person.unused(how)

    async def _stream(self, runner: Runner, agent: str | None, variables: Mapping[str, object], place: Place) -> None:
        try:
            said = self._said["user"]
            run = runner.stream(said, state=self._state, agent=agent, variables=variables, now=self._now)
        except (UsageError, VariableError) as error:
            raise Broken(place.failure(str(error), span=place.at("user").key)) from None
        async with run:
            async for event in run:
                if not isinstance(event, LiveEvent):
                    self.events.append(event)
                    self._state = run.state

    async def _judge(self, expect: ExpectSpec, events: Sequence[RecordedEvent], place: Place, *, told: bool) -> None:
        happened = seen(events, self._state, self.graph, self._course.instructions)
        badly = None if told else ended_badly(expect, happened, self._state.detail, place)
        if badly is not None:
            self.failures.append(badly)
        at = Place(place.source, (*place.location, "expect"), place.name)
        for found in judge(expect, happened, at, self._knowing()):
            await asyncio.sleep(0)  # many expectations may take long, and Ctrl-C and the limit are heard here
            if isinstance(found, Held):
                self.held.append(found.expectation)
            else:
                self.failures.append(found)

    def _model(self, turn: TurnSpec, place: Place) -> tuple[Player | None, ModelClient]:
        """Who answers in a turn: the real model, if there is one; else a recording, or the replies in the file."""
        if self.client is not None:
            return None, Listener(self.client, self._course, place)
        if isinstance(turn.model, RecordingSpec):
            return None, Listener(self._replaying(turn.model.replay), self._course, place.at("replay"))
        replies = {} if turn.model == "live" else turn.model
        player = Player(replies, place, self._for_request, self._course)
        return player, Listener(player, self._course, place)

    def _variables(self, turn: TurnSpec, place: Place, *, first: bool) -> dict[str, object]:
        """The values that a turn sets; the first one also those that the conversation begins with."""
        suite, at = self.case.suite.spec, self.place
        given = [(turn.variables, place)]
        if first:
            given = [(suite.variables, Place(at.source, (), at.name)), (self.case.spec.variables, at), *given]
            self._require({name for variables, _ in given for name in variables})
        values: dict[str, object] = {}
        for variables, holder in given:
            scope = self._knowing(values)
            for name, value in variables.items():
                values[name] = self._fitting(name, scope, value, holder.at("variables", name))
        return values

    def _require(self, given: Collection[str]) -> None:
        """Make sure that each variable has a value when the conversation begins."""
        for name, variable in self.graph.variables.items():
            if variable.default is REQUIRED and name not in given:
                message = f"variable {name!r} has no default: give it a value under variables:"
                raise Broken(self.place.failure(message, span=self.place.key))

    def _fitting(self, name: str, scope: Scope, value: object, place: Place) -> object:
        """A value that a variable takes."""
        variable = self.graph.variables.get(name)
        if variable is None:
            raise Broken(place.failure(f"no variable named {name!r} is declared", span=place.key))
        try:
            return variable.check(scope.value(value, place))
        except VariableError as error:
            raise Broken(place.failure(str(error))) from None

    def _knowing(self, values: Mapping[str, object] | None = None) -> Scope:
        """What templates see at this moment of the conversation, and with these values, which are set next."""
        state = self._state
        told = {name: value for name, value in (values or {}).items() if not self.graph.variables[name].secret}
        names = {**self._defaults, **state.variables, **told}
        return self._scope.knowing({**names, **self._said, **results_in(state.messages)})

    def _for_request(self, request: ModelRequest) -> Scope:
        """What templates in a reply see: what has happened before the model was asked for it."""
        return self._scope.knowing({**request.variables, **self._said, **results_in(request.messages)})

    def _stubs(self) -> Iterator[tuple[str, tuple[Place, Mapping[int, StubSpec]]]]:
        """The stubs of the file, and those of the test, which come first. A test may say that one is real."""
        suite, at = self.case.suite.spec, self.place
        for name, specs in suite.tools.items():
            if name not in self.case.spec.real:
                yield name, (Place(at.source, ("tools", name), f"tools.{name}"), specs)
        for name, specs in self.case.spec.tools.items():
            place = Place(at.source, (*at.location, "tools", name), f"tools.{name}")
            yield name, (place, specs)

    def _replaying(self, file: str) -> ReplayClient:
        """The client of a recording: turns that name the same one go on in it."""
        if file not in self._recordings:
            self._recordings[file] = ReplayClient(read_cassette(self._beside(file)), any_model=True)
        return self._recordings[file]

    def _recorded_now(self) -> str | None:
        """The time that the first recording was made for."""
        models = [turn.model for turn in self.case.spec.turns.values()]
        files = [model.replay for model in models if isinstance(model, RecordingSpec)]
        return read_cassette(self._beside(files[0])).header.now if files else None

    def _beside(self, file: str) -> str:
        return beside(file, self.case.suite.path, self.place.source)
