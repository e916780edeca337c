"""Secrets that a tool gives away are hidden before anything records or shows them. Group 35."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from orchestrator.agents import AgentGraph, Variable
from orchestrator.events import ApprovalGiven, QuestionAsked, ToolFinished, ToolProgress, to_json
from orchestrator.runner import Question, Runner, Verdict
from orchestrator.tools import End, Handoff, Result, Tool, ToolContext
from orchestrator.veil import HIDDEN, Veil
from tests.support.fakes import FakeModel, FakePerson, Function, Session, agent, call, calls, say, tool_of

TOKEN = 'tok"en/of\\the-office'
KEY = "key-of-the-model"
NESTED = {"pins": ["4711", {"spare": "inner-secret"}], "number": 815_4711}
VARIABLES = (
    Variable("token", "string", secret=True),
    Variable("more", "object", None, secret=True),
    Variable("note", "string", ""),
    Variable("box", "object", None),
)
GIVEN = {"token": TOKEN, "more": NESTED}


def office(*tools: Tool | Function, variables: tuple[Variable, ...] = VARIABLES) -> AgentGraph:
    return AgentGraph.of(agent("a", *tools, hands=["b"]), agent("b"), variables=variables)


async def told(*tools: Tool | Function, person: FakePerson | None = None, wanted: Any = "tell") -> Session:
    """A run in which the model calls ``tell`` and then speaks. No secret stands in any event or request of it."""
    session = Session(office(*tools), calls(wanted), say("done"), person=person)
    session.runner = Runner(office(*tools), session.model, person=person, clock=session.clock, hidden=[KEY, "EMPTY"])
    await session.say(variables=GIVEN)
    kept = "\n".join(map(to_json, session.events)) + repr(session.model.requests)
    for secret in (TOKEN, json.dumps(TOKEN)[1:-1], KEY, "inner-secret", "8154711"):
        assert secret not in kept
    assert not re.search(r"\b4711\b", kept)
    return session


def secret_of(context: ToolContext) -> str:
    token = context.variables["token"]
    assert token == TOKEN
    return TOKEN


@pytest.mark.parametrize("plain", [True, False])
async def test_group_35_the_result_of_a_tool(plain: bool) -> None:
    def tell(context: ToolContext) -> object:
        found = f"<{secret_of(context)}> and {KEY}, inner-secret, 4711 or 8154711, not 47110 EMPTY"
        return found if plain else {"found": found}

    session = await told(tell)
    text = f"<{HIDDEN}> and {HIDDEN}, {HIDDEN}, {HIDDEN} or {HIDDEN}, not 47110 EMPTY"
    assert session.answers() == [text if plain else json.dumps({"found": text}, ensure_ascii=False)]
    assert session.finished() == session.model.results() == session.answers()


async def test_group_35_a_secret_in_json_of_the_tools_own_making() -> None:
    def tell(context: ToolContext) -> str:
        return json.dumps({"token": secret_of(context) + "é"})

    assert (await told(tell)).answers() == ['{"token": "•••\\u00e9"}']


async def test_group_35_the_error_of_a_tool() -> None:
    def tell(context: ToolContext) -> str:
        raise ValueError(f"refused: {secret_of(context)}")

    session = await told(tell)
    assert session.answers() == [f"Error: ValueError: refused: {HIDDEN}"]
    assert session.of(ToolFinished)[0].error


async def test_group_35_the_last_word_of_a_tool_that_exits() -> None:
    async def tell(context: ToolContext) -> None:
        raise SystemExit(f"over: {secret_of(context)}")

    session = Session(office(tell), calls("tell"))
    await session.say(variables=GIVEN)
    assert (session.status, session.state.reply) == ("ended", f"over: {HIDDEN}")
    assert session.finished() == [f"over: {HIDDEN}"]


async def test_group_35_an_end_and_a_handoff() -> None:
    def leave(context: ToolContext) -> End:
        return End(f"bye {secret_of(context)}")

    def tell(context: ToolContext) -> Handoff:
        return Handoff(secret_of(context))

    session = await told(tell, leave)
    assert session.answers() == [f"Error: a handoff to '{HIDDEN}' is not allowed. Allowed now: b."]
    session = Session(office(leave), calls("leave"))
    await session.say(variables=GIVEN)
    assert (session.state.reply, session.state.detail) == (f"bye {HIDDEN}", f"bye {HIDDEN}")


async def test_group_35_a_variable_that_a_tool_sets() -> None:
    def tell(context: ToolContext) -> Result:
        context.set("note", f"it is {secret_of(context)}")
        return Result("set", variables={"box": {"in": [TOKEN, {TOKEN: 1}], "pin": "4711"}})

    session = await told(tell)
    expected = {"note": f"it is {HIDDEN}", "box": {"in": [HIDDEN, {HIDDEN: 1}], "pin": HIDDEN}}
    assert session.of(ToolFinished)[0].variables == expected
    assert session.state.variables == expected


async def test_group_35_the_progress_of_a_tool() -> None:
    def tell(context: ToolContext) -> str:
        context.emit(f"trying {secret_of(context)}")
        return "tried"

    assert [event.text for event in (await told(tell)).of(ToolProgress)] == [f"trying {HIDDEN}"]


async def test_group_35_the_question_of_a_tool_and_not_the_answer_of_the_person() -> None:
    def tell(context: ToolContext) -> str:
        return str(context.ask(f"is {secret_of(context)} yours?") == "yes, it is")

    person = FakePerson(["yes, it is"])
    session = await told(tell, person=person)
    assert person.questions == [Question("a", "tell", f"is {HIDDEN} yours?")]
    assert session.of(QuestionAsked)[0].question == person.questions[0].text
    assert session.answers() == ["True"]


async def test_group_35_a_question_that_is_withdrawn_while_secrets_are_hidden() -> None:
    """What is hidden is another report: the one that the tool waits for must still be found."""

    async def tell(context: ToolContext) -> str:
        try:
            return await asyncio.wait_for(context.ask_async(f"is it {secret_of(context)}?"), 0.02)
        except TimeoutError:
            return "gave up"

    class Slow(FakePerson):
        async def ask(self, question: Question) -> str | None:
            await asyncio.Event().wait()
            return None

    assert (await told(tell, person=Slow())).answers() == ["gave up"]


@pytest.mark.parametrize("raises", [True, False])
async def test_group_35_the_reason_of_an_approval_rule(raises: bool) -> None:
    def rule(arguments: Mapping[str, object], context: ToolContext) -> str:
        if raises:
            raise ValueError(KEY)
        return f"no, {KEY}"

    def tell() -> str:
        return "told"

    session = await told(tool_of(tell, approval=rule))
    reason = session.of(ApprovalGiven)[0].reason
    assert reason == (f"the approval rule raised Error: ValueError: {HIDDEN}" if raises else f"no, {HIDDEN}")


async def test_group_35_a_long_result_is_hidden_before_it_is_cut() -> None:
    def tell(context: ToolContext) -> str:
        return "x" * 8 + secret_of(context)

    agents = office(tell)
    limits = type(agents.limits)(result_chars=12)
    session = Session(AgentGraph(agents.entry, agents.agents, agents.variables, limits), calls("tell"), say("done"))
    await session.say(variables=GIVEN)
    assert session.answers() == ["xxxxxxxx" + HIDDEN]


async def test_group_34_what_the_model_and_the_person_wrote_is_executed_as_it_is_shown() -> None:
    def tell(text: str) -> str:
        return f"told {text}"

    person = FakePerson(verdicts=[Verdict("granted", arguments=json.dumps({"text": "4711"}))])
    wanted = call("tell", {"text": "inner-secret"})
    session = Session(office(tool_of(tell, approval="always")), calls(wanted), say("done"), person=person)
    await session.say(variables=GIVEN)
    assert person.requests[0].call.arguments == wanted.arguments
    assert session.answers() == [f'The person changed the arguments to {{"text": "4711"}}.\ntold {HIDDEN}']


async def test_group_35_without_secrets_a_result_stays_as_it_is_even_if_it_looks_like_a_key() -> None:
    text = "sk-aaaaaaaaaaaaaaaaaaaaaaaaaaaa •••"

    def tell() -> str:
        return text

    assert (await Session(office(tell, variables=()), calls("tell"), say("done")).say()).answers() == [text]
    assert (await told(tell)).answers() == [text]


async def test_group_35_a_resumed_run_hides_what_it_gets_anew() -> None:
    def tell(context: ToolContext) -> str:
        return str(context.variables["token"])

    agents = office(tool_of(tell, approval="always"))
    session = Session(agents, calls("tell"), person=FakePerson(verdicts=[None]))
    await session.say(variables=GIVEN)
    person = FakePerson(verdicts=[Verdict("granted")])
    runner = Runner(agents, FakeModel([say("done")]), person=person, clock=session.clock, environ={})
    async with runner.resume(session.state, secrets={"token": "another-token"}) as run:
        finished = [event async for event in run if isinstance(event, ToolFinished)]
    assert [event.content for event in finished] == [HIDDEN]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the pin 4711!", f"the pin {HIDDEN}!"),
        ("14711 and 4711x", "14711 and 4711x"),
        ("abc", "abc"),
        ("a long-enough-one2", f"a {HIDDEN}2"),
    ],
)
def test_group_35_a_short_secret_is_hidden_where_it_stands_as_a_word(text: str, expected: str) -> None:
    assert Veil(words=["4711", "abc", "long-enough-one"]).text(text) == expected
