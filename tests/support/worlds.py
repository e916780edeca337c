"""A rich run: waves, approvals, a question, an empty reply, invented calls, handoffs called and returned.

It behaves the same however often it is cut and resumed: its person answers by what is asked, not by order.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from orchestrator.agents import AgentGraph, Edge
from orchestrator.events import ModelResponded, RecordedEvent, ToolFinished, ToolStarted
from orchestrator.runner import ApprovalRequest, Question, Verdict
from orchestrator.tools import Result, ToolContext
from tests.support.fakes import FakePerson, Reply, Session, agent, call, calls, graph, say, to, tool_of


class SteadyPerson(FakePerson):
    """Decides by the arguments and answers every question with the same name."""

    async def approve(self, request: ApprovalRequest) -> Verdict | None:
        await asyncio.sleep(0)
        match request.call.arguments:
            case '{"amount": 1}':
                return Verdict("granted")
            case '{"amount": 2}':
                return Verdict("denied", "too much")
            case _:
                return Verdict("granted", arguments='{"amount": 30}')

    async def ask(self, question: Question) -> str | None:
        await asyncio.sleep(0.001)
        return "Ada"


@dataclass
class World:
    """The rich run. ``ran`` holds the ids of the calls whose function was really entered in the last session."""

    ran: Counter[str] = field(default_factory=Counter)

    def enter(self, context: ToolContext) -> None:
        self.ran[context.call_id] += 1

    @cached_property
    def agents(self) -> AgentGraph:
        async def look(context: ToolContext) -> str:
            self.enter(context)
            await asyncio.sleep(0.001)
            return "seen"

        def note(text: str, context: ToolContext) -> str:
            self.enter(context)
            context.set("noted", text)
            return "noted"

        async def charge(amount: int, context: ToolContext) -> str:
            self.enter(context)
            await asyncio.sleep(0.002)
            return f"charged {amount}"

        async def send(context: ToolContext) -> str:
            self.enter(context)
            await asyncio.sleep(0.002)
            context.set("sent", True)
            return "sent"

        def ask_name(context: ToolContext) -> str:
            self.enter(context)
            return f"the name is {context.ask('Who are you?')}"

        async def move(context: ToolContext) -> Result:
            self.enter(context)
            await asyncio.sleep(0.001)
            return Result("moving", handoff="b")

        async def fail(context: ToolContext) -> str:
            self.enter(context)
            raise RuntimeError("broken")

        common = (tool_of(look, effects="read"), tool_of(send), tool_of(send, name="file", sequential=True))
        a = agent(
            "a",
            *common,
            tool_of(note),
            tool_of(charge, effects="keyed", approval="always"),
            tool_of(ask_name, effects="keyed"),
            tool_of(move, effects="read"),
            fail,
            hands=["b", "c"],
            says="noted: {noted}",
        )
        b = agent("b", *common, hands=[Edge("c", for_one_turn=True), Edge("a", at_most=2)])
        return graph(a, b, agent("c", hands=["a", "b"]), variables={"noted": "nothing", "sent": False})

    def replies(self) -> list[Reply]:
        paying = [call("charge", {"amount": amount}) for amount in (1, 2, 3)]
        return [
            calls("look", call("note", {"text": "one"}), "fail"),
            say(""),
            say("paying", *paying, call("send"), call("file"), call("nope"), call("look")),
            calls("ask_name", call("note", {"text": 5})),
            say("moving on", to("c"), call("look"), call("move")),
            calls(to("b")),
            calls("send", to("c")),
            say("all done"),
        ]

    def session(self) -> Session:
        self.ran.clear()
        return Session(self.agents, *self.replies(), person=SteadyPerson())

    def reload(self, log: Sequence[RecordedEvent], *replies: Reply) -> Session:
        """The session after a crash behind this log. Without replies the model goes on where it was."""
        self.ran.clear()
        answered = sum(isinstance(event, ModelResponded) for event in log)
        rest = replies or self.replies()[answered:]
        return Session.reload(self.agents, log, *rest, person=SteadyPerson())


def lost(log: Sequence[RecordedEvent]) -> set[str]:
    """The ids of ``once`` calls that had started and not finished."""
    started = {event.call_id for event in log if isinstance(event, ToolStarted) and event.effects == "once"}
    return started - finished(log)


def finished(log: Sequence[RecordedEvent]) -> set[str]:
    """The ids of calls that have their result."""
    return {event.call_id for event in log if isinstance(event, ToolFinished)}
