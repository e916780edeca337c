"""The books that the laws are kept by: the session as its events tell it, apart from the code under test."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.agents import Edge
from orchestrator.events import ApprovalGiven, ToolFinished
from orchestrator.messages import AssistantMessage, Message, ToolCall, ToolMessage
from orchestrator.runner import Verdict
from orchestrator.tools import Tool
from tests.support.random_worlds import GUARDS, World


@dataclass
class Entry:
    """A call of the open reply, as the books have it."""

    call: ToolCall
    requested: bool = False
    verdict: ApprovalGiven | None = None
    asking: int = 0
    begun: bool = False
    running: bool = False
    result: ToolFinished | None = None

    @property
    def note(self) -> str:
        """What the model is told of arguments that a person has changed."""
        edit = self.verdict.arguments if self.verdict else None
        return "" if edit is None else f"The person changed the arguments to {edit}.\n"

    @property
    def moving(self) -> bool:
        return self.result is not None and bool(self.result.handoff or self.result.end)

    @property
    def worked(self) -> bool:
        return self.begun and self.result is not None and not self.moving and not self.result.error


@dataclass
class Used:
    """What a run has used, counted by ourselves."""

    model_calls: int = 0
    handoffs: int = 0
    tokens: int = 0
    seconds: float = 0.0
    calls: set[str] = field(default_factory=set)
    empty: int = 0
    same: tuple[str, str, str] = ("", "", "")
    times: int = 0
    trail: list[tuple[str, str]] = field(default_factory=list)
    edges: Counter[tuple[str, str]] = field(default_factory=Counter)


class Books:
    """What is known of a session and of the run that is under way."""

    def __init__(self, world: World) -> None:
        self.world, self.limits = world, world.graph.limits
        self.agent, self.status, self.finish = world.graph.entry, "none", ""
        self.messages: list[Message] = []
        self.turn = self.left_out = 0
        self.failed: set[str] = set()
        self.callers: list[str] = []
        self.values: dict[str, object] = {}
        self.always: set[tuple[str, str]] = set()
        self.open: list[Entry] = []
        self.content: str | None = None
        self.fresh, self.at, self.answered, self.shown = True, 0.0, 0, ""
        self.length, self.pending, self.passed = 0, False, 0.0
        self.used = Used()
        self.entered: Counter[str] = Counter()
        self.inside, self.left, self.reported = set[str](), set[str](), set[str]()
        self.asked = self.requests = 0
        self.said: dict[str, Verdict] = {}
        self.may_cancel = self.may_interrupt = self.may_fail = self.trusting = False
        self.paused_in: set[str] = set()
        self.elsewhere: set[str] = set()  # calls that had started in the session that this one is a fork of
        self.run_id, self.offered = "", dict[str, list[bool]]()
        self.reach: Counter[str] = Counter()
        self.broken: list[str] = []

    # ---- reading the books

    def _entry(self, call_id: str) -> Entry:
        entry = next((one for one in self.open if one.call.id == call_id), None)
        assert entry is not None, f"{call_id} is not open"
        assert entry.result is None, f"{call_id} has its result"
        return entry

    def _edge_of(self, entry: Entry) -> Edge | None:
        return self.world.graph.agents[self.agent].edges_by_function.get(entry.call.name)

    def _tool(self, entry: Entry) -> Tool:
        return self.world.graph.agents[self.agent].tools_by_name[entry.call.name]

    def _guarded(self) -> list[Any]:
        agent = self.world.graph.agents[self.agent]
        return [*agent.tools, *agent.edges]

    def _granted(self) -> set[str]:
        agent = self.world.graph.agents[self.agent]
        return {one.name for one in agent.tools if self._holds(one.requires, self.values)}

    def _holds(self, guard: str | None, values: Any) -> bool:
        return guard is None or GUARDS[guard](values)

    def _may_move(self, edge: Edge, values: Any) -> bool:
        made = self.used.edges[self.agent, edge.target]
        return self._holds(edge.requires, values) and (edge.at_most is None or made < edge.at_most)

    def _needs_verdict(self, entry: Entry) -> bool:
        plan = self.world.plans.get(entry.call.name)
        known = plan is not None and plan.name in self.world.graph.agents[self.agent].tools_by_name
        return bool(known and plan and plan.approval != "never" and not entry.verdict and not entry.result)

    def _before(self, entry: Entry) -> list[Entry]:
        """The calls of earlier waves: a ``sequential`` or guarded one is a wave of its own, handoffs are in none."""
        waves: list[list[Entry]] = [[]]
        for one in self.open:
            if self._edge_of(one):
                continue
            tool = self.world.graph.agents[self.agent].tools_by_name.get(one.call.name)
            if tool and (tool.sequential or tool.requires):
                waves += [[one], []]
            else:
                waves[-1].append(one)
        mine = next(index for index, wave in enumerate(waves) if entry in wave)
        return [one for wave in waves[:mine] for one in wave]

    def _wave_values(self, entry: Entry) -> dict[str, object]:
        return self._now(self._before(entry))

    def _now(self, entries: Sequence[Entry] | None = None) -> dict[str, object]:
        values = dict(self.values)
        for one in self.open if entries is None else entries:
            values |= one.result.variables if one.result else {}
        return values

    def _close(self, answers: dict[str, str]) -> None:
        """The open reply is answered as a whole, in call order."""
        missing = {one.call.id for one in self.open if one.result is None or one.moving}
        assert set(answers) == missing
        if self.open:
            self.messages.append(AssistantMessage(self.content, tuple(one.call for one in self.open)))
        for one in self.open:
            ran = one.result is not None and one.call.id not in missing
            said = f"{one.note}{one.result.content}" if ran and one.result else answers[one.call.id]
            assert said.startswith(one.note), "an edit is not told"
            self.messages.append(ToolMessage(one.call.id, said))
            if one.result and not one.result.handoff:
                this = (one.call.name, one.call.arguments, one.result.content)
                self.used.times = self.used.times + 1 if this == self.used.same else 1
                self.used.same = this
        if any(one.worked for one in self.open):
            self.used.trail = []
        self.finish = "" if self.open else self.finish
        self.values, self.open = self._now(), []
