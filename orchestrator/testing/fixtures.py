"""What tests in Python use: a model that replies from a list, and whole conversations, in the words of test files."""

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from orchestrator.agents import AgentGraph
from orchestrator.diagnostics import Diagnostic, Severity
from orchestrator.errors import LoadError, UsageError
from orchestrator.events import RecordedEvent
from orchestrator.loader import Loaded, load
from orchestrator.messages import UserMessage
from orchestrator.model_client import ModelClient, ModelRequest
from orchestrator.source import Source
from orchestrator.spec import read_as
from orchestrator.state import State, fold
from orchestrator.testing.checking import Known, name_faults
from orchestrator.testing.loops import run_alone
from orchestrator.testing.outcome import Case, Outcome, Suite
from orchestrator.testing.places import Place
from orchestrator.testing.playing import Course, Player
from orchestrator.testing.reading import SHAPE
from orchestrator.testing.report import failed
from orchestrator.testing.running import run_case
from orchestrator.testing.scope import Scope, results_in
from orchestrator.testing.seen import Made, Seen, seen
from orchestrator.testing.writing import entries

_TEST = "conversation"
_SHOWN = "<conversation>"

Reply = str | Mapping[str, object]
Turn = Mapping[str, object]


class ScriptedModel(Protocol):
    """Makes a model that replies from a list."""

    def __call__(self, *replies: Reply) -> ModelClient:
        """Give a client for one conversation.

        Args:
            replies: in order, as under ``model`` in a test file: a text, or a mapping with ``say``, ``call`` and
                ``with``, ``calls``, ``finish`` or ``fails``.

        Raises:
            LoadError: one of them is no reply.
        """
        ...


class RunConversation(Protocol):
    """Has a conversation, as one in a test file."""

    def __call__(
        self,
        agents: AgentGraph | str | Path,
        *turns: Turn,
        agent: str | None = None,
        variables: Mapping[str, object] | None = None,
        tools: Mapping[str, object] | None = None,
        real: Sequence[str] = (),
        now: str | None = None,
    ) -> "Conversed":
        """Have the turns, one after the other, and give what came of them.

        Args:
            agents: a graph, or the path of a file of agents.
            turns: as in a test file: ``{"user": ..., "model": [...], "expect": {...}}``.
            agent: who answers first.
            variables: those that it begins with.
            tools: what tools give instead of running, by name.
            real: tools that run though they may change something.
            now: the time that templates see.

        Raises:
            AssertionError: an expectation did not hold, or a rule of testing was broken.
            LoadError: the file of agents, or what the turns say, is at fault.
            OSError: the file can't be opened.
        """
        ...


@dataclass(frozen=True)
class Conversed:
    """What came of a conversation."""

    outcome: Outcome
    graph: AgentGraph

    @property
    def events(self) -> tuple[RecordedEvent, ...]:
        """What happened, over all turns."""
        return self.outcome.events

    @cached_property
    def state(self) -> State:
        """The session at its end."""
        return fold(_TEST, self.events)

    @property
    def reply(self) -> str | None:
        """The last text that the person got."""
        return self._seen.reply

    @property
    def agents(self) -> tuple[str, ...]:
        """Who had the word, one after the other."""
        return self._seen.agents

    @property
    def calls(self) -> tuple[Made, ...]:
        """The calls of tools, in the order in which the model made them."""
        return self._seen.calls

    @cached_property
    def _seen(self) -> Seen:
        return seen(self.events, self.state, self.graph, None)


def scripted_model(*replies: Reply) -> ModelClient:
    """Make a model that replies from a list. See ``ScriptedModel``."""
    suite = _suite({"turns": [{"user": "", "model": list(replies)}]}, Path.cwd())
    [turn] = suite.spec.tests[_TEST].turns.values()
    assert isinstance(turn.model, dict)
    place = Place(suite.source, ("tests", _TEST, "turns", 0, "model"), "model")
    return Player(turn.model, place, lambda request: _scope(suite, request), Course(place))


def run_conversation(
    agents: AgentGraph | str | Path,
    *turns: Turn,
    agent: str | None = None,
    variables: Mapping[str, object] | None = None,
    tools: Mapping[str, object] | None = None,
    real: Sequence[str] = (),
    now: str | None = None,
) -> Conversed:
    """Have a conversation. See ``RunConversation``."""
    __tracebackhide__ = True  # pytest shows the line of the test
    loaded = Loaded(agents, (), {}) if isinstance(agents, AgentGraph) else load(agents)
    graph = loaded.unwrap()
    folder = Path.cwd() if isinstance(agents, AgentGraph) else Path(agents).resolve().parent
    said = {"agent": agent, "variables": variables, "tools": tools, "real": list(real), "now": now}
    suite = _suite({**{key: value for key, value in said.items() if value}, "turns": list(turns)}, folder)
    _stop_at(name_faults(suite, Known.of_graph(graph)))
    outcome = _had(Case(suite, _TEST), loaded)
    if outcome.failures:
        raise AssertionError(failed(outcome, {suite.source.path: suite.source.text}))
    return Conversed(outcome, graph)


def _suite(test: Mapping[str, object], folder: Path) -> Suite:
    """A test file with one test, which nobody has written."""
    try:
        plain = json.loads(json.dumps({"file": "-", "tests": {_TEST: test}}, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        raise UsageError("a conversation is made of texts, numbers, booleans, None, lists and mappings") from None
    reading = read_as(SHAPE, Source.parse(_SHOWN, "\n".join(entries(plain))))
    _stop_at(reading.diagnostics)
    if reading.spec is None:
        raise AssertionError("what is at fault has a diagnostic")
    return Suite(folder / _SHOWN, reading.source, reading.spec, folder)


def _stop_at(found: Sequence[Diagnostic]) -> None:
    errors = [diagnostic for diagnostic in found if diagnostic.severity is Severity.ERROR]
    if errors:
        raise LoadError(errors)


def _had(case: Case, loaded: Loaded) -> Outcome:
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop()
        raise UsageError("run_conversation() would block the event loop: use it in a test that is not async")
    return run_alone(lambda: run_case(case, loaded))


def _scope(suite: Suite, request: ModelRequest) -> Scope:
    """What templates see in the replies of a model that is used by itself."""
    user = next((m.content for m in reversed(request.messages) if isinstance(m, UserMessage)), "")
    return Scope.of(suite.path, {**request.variables, "user": user, **results_in(request.messages)})
