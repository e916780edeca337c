"""A session that goes on with another configuration: what is said of it, and that nothing breaks. Group 33."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.agents import AgentGraph, Edge, Variable
from orchestrator.errors import UsageError, VariableError
from orchestrator.events import ApprovalRequested, Event, ModelResponded, RunFinished, ToolFinished, ToolStarted
from orchestrator.messages import ToolCall
from orchestrator.runner import Changed, Run, Runner, changed
from orchestrator.state import State, fold
from orchestrator.tools import Handoff, ToolContext
from tests.support.fakes import ALWAYS, FakeModel, FakePerson, Session, agent, call, calls, graph, say, to, tool_of

# on the loop, where they end in the order of their calls: threads end in any


async def pay(amount: int = 1) -> str:
    return f"paid {amount}"


async def ship() -> str:
    return "shipped"


async def keep(context: ToolContext) -> str:
    context.set("stage", 2)
    return "kept"


ASKS = tool_of(pay, approval="always")


def declared(*variables: Variable, tools: Sequence[Any] = (keep, ASKS)) -> AgentGraph:
    return AgentGraph.of(agent("a", *tools, hands=["b"]), agent("b"), variables=variables)


async def paused(agents: AgentGraph, *wanted: Any) -> Session:
    """A run that waits for a yes to ``pay``, and then is left."""
    return await Session(agents, calls(*wanted, "pay"), person=FakePerson(verdicts=[None])).say()


async def stopped(session: Session, at: type[Event]) -> Session:
    """The session as it was killed right behind its first event of this type."""
    await session.say()
    cut = next(place for place, event in enumerate(session.log, 1) if isinstance(event, at))
    session.events = [*session.log[:cut]]
    return session


def found(agents: AgentGraph, session: Session) -> Changed | None:
    return changed(agents, fold("session", session.log))


# ---- what is said


async def test_group_33_the_same_configuration_has_not_changed() -> None:
    session = await paused(declared(Variable("stage", "integer", 1)), "keep", to("b"))
    assert found(declared(Variable("stage", "integer", 1)), session) is None
    assert changed(declared(), State("session")) is None


async def test_group_33_another_digest_alone_is_told() -> None:
    session = await Session(replace(declared(), digest="one"), say("done")).say()
    assert found(replace(declared(), digest="one"), session) is None
    assert found(replace(declared(), digest="two"), session) == Changed(digest=True)


async def test_group_33_what_is_gone_is_named() -> None:
    agents = AgentGraph.of(
        agent("a", hands=[Edge("b", for_one_turn=True)]), agent("b", ASKS, ship), variables=(Variable("x", default=""),)
    )
    script = calls(to("b")), calls("pay", "ship")
    session = await Session(agents, *script, person=FakePerson(verdicts=[None])).say(variables={"x": "kept"})
    _, first, second = session.call_ids()
    expected = Changed(digest=False, callers=("a",), calls=(ToolCall(first, "pay", "{}"),), undeclared=("x",))
    assert found(graph(agent("b", ship)), session) == expected
    gone = Changed(
        digest=False,
        agent="b",
        callers=("a",),
        calls=tuple(ToolCall(*c, "{}") for c in ((first, "pay"), (second, "ship"))),
    )
    assert found(AgentGraph.of(agent("c"), variables=(Variable("x", default=""),)), session) == gone


async def test_group_33_a_name_that_the_model_invented_is_not_gone() -> None:
    session = await stopped(Session(declared(), calls("nope", "keep"), say("done")), ModelResponded)
    assert fold("session", session.log).open
    assert found(declared(), session) is None


async def test_group_33_values_that_do_not_fit_any_more_are_named_also_those_just_set() -> None:
    agents = declared(Variable("stage", "integer", 1), Variable("plan", "string", "gold"))
    session = await Session(agents, calls("keep"), say("done")).say()
    now = declared(Variable("stage", "string", "first"), Variable("plan", "string", "pro", enum=("basic", "pro")))
    expected = (
        ("stage", "variable 'stage' is of type string, not 2"),
        ("plan", "variable 'plan' must be one of 'basic', 'pro', not 'gold'"),
    )
    assert found(now, session) == Changed(digest=False, unfit=expected)
    cut = await stopped(
        Session(agents, calls("keep", "pay"), say("done"), person=FakePerson(verdicts=[ALWAYS])), ToolFinished
    )
    assert cut.log[-1].type == "tool_finished"
    assert found(now, cut) == Changed(digest=False, unfit=expected)


async def test_group_33_a_value_whose_variable_is_secret_now_counts_as_gone() -> None:
    session = await Session(declared(Variable("token", "string", "old")), say("done")).say()
    secret = Variable("token", "integer", 7, secret=True)
    assert found(declared(secret), session) == Changed(digest=False, undeclared=("token",))


# ---- an agent that is gone


async def test_group_33_nobody_answers_for_an_agent_that_is_gone() -> None:
    session = await Session(declared(), calls(to("b")), say("I am b")).say()
    later = Session.reload(graph(agent("a"), agent("c")), session.log, say("I am a"))
    with pytest.raises(UsageError, match=r"^the agent 'b', whose turn it is, is gone; there are: a, c$"):
        later.begin()
    await later.say(agent="a")
    assert (later.status, later.state.reply) == ("answered", "I am a")


async def test_group_33_a_run_of_an_agent_that_is_gone_is_not_resumed_but_another_agent_goes_on() -> None:
    agents = graph(agent("a", hands=["b"]), agent("b", ASKS))
    script = calls(to("b")), calls("pay")
    session = await Session(agents, *script, person=FakePerson(verdicts=[None])).say()
    later = Session.reload(graph(agent("a")), session.log, say("I am a"))
    with pytest.raises(UsageError, match="the agent 'b', whose turn it is, is gone; there are: a"):
        later.runner.resume(later.state)
    await later.say(agent="a")
    assert [event.status for event in later.of(RunFinished)] == ["interrupted", "answered"]
    assert later.answers()[-1] == "Not executed: the run ended (interrupted)."


def onward(*names: str) -> AgentGraph:
    """Agents that hand to the next for one turn; only these are there."""
    all_of_them = {"a": "b", "b": "c", "c": ""}
    edges = {name: [Edge(to_, for_one_turn=True)] if to_ in names else [] for name, to_ in all_of_them.items()}
    return graph(*(agent(name, ASKS, hands=edges[name]) for name in names))


async def test_group_33_a_turn_does_not_go_back_to_a_caller_that_is_gone() -> None:
    script = calls(to("b")), calls(to("c")), say("cut off", finish="length")
    session = await Session(onward("a", "b", "c"), *script).say()
    assert (session.state.agent, session.state.callers) == ("c", ("a", "b"))
    later = Session.reload(onward("a", "c"), session.log, say("I am c"), say("still c"))
    await later.say()
    assert (later.state.agent, later.state.callers) == ("c", ())
    await later.say()
    assert later.state.reply == "still c"


async def test_group_33_a_caller_that_goes_while_its_run_is_under_way_has_to_be_replaced_by_name() -> None:
    script = calls(to("b")), calls("pay")
    session = await Session(onward("a", "b"), *script, person=FakePerson(verdicts=[None])).say()
    later = Session.reload(onward("b"), session.log, say("done"), say("more"), person=FakePerson(verdicts=[ALWAYS]))
    assert (await later.resume()).status == "answered"
    assert found(onward("b"), later) == Changed(digest=False, agent="a")
    with pytest.raises(UsageError, match="the agent 'a', whose turn it is, is gone; there are: b"):
        later.begin()
    assert (await later.say(agent="b")).state.reply == "more"


# ---- calls whose tool is gone, or is another one


@pytest.mark.parametrize("effects", ["read", "keyed"])
async def test_group_33_an_open_call_whose_tool_is_gone_is_answered_with_an_error(effects: Any) -> None:
    agents = graph(agent("a", tool_of(ship, effects=effects)))
    session = await stopped(Session(agents, calls("ship"), say("done")), ToolStarted)
    later = Session.reload(graph(agent("a", pay)), session.log, say("done"))
    assert found(graph(agent("a", pay)), session) == Changed(digest=False, calls=(ToolCall("call_1", "ship", "{}"),))
    await later.resume()
    assert later.answers() == ["Error: there is no tool 'ship'. The tools at hand: pay."]


async def test_group_33_a_call_that_waits_for_a_yes_and_whose_tool_is_gone_is_not_asked_for() -> None:
    session = await paused(declared())
    nobody = FakePerson()
    later = Session.reload(declared(tools=[keep]), session.log, say("done"), person=nobody)
    await later.resume()
    assert later.answers() == ["Error: there is no tool 'pay'. The tools at hand: keep, transfer_to_b."]
    assert nobody.requests == []


async def test_group_33_a_handoff_that_is_gone_is_refused() -> None:
    session = await paused(declared(), to("b"))
    now = graph(agent("a", ASKS), agent("b"))
    assert found(now, session) == Changed(digest=False, calls=(ToolCall("call_1", "transfer_to_b", "{}"),))
    later = Session.reload(now, session.log, say("done"), person=FakePerson(verdicts=[ALWAYS]))
    await later.resume()
    assert later.answers() == ["Error: a handoff to 'b' is not allowed. Allowed now: none.", "paid 1"]


async def test_group_33_a_target_that_is_gone_is_refused_though_the_tool_has_run() -> None:
    def go() -> Handoff:
        return Handoff("b")

    session = await stopped(
        Session(graph(agent("a", go, hands=["b"]), agent("b")), calls("go"), say("ok")), ToolFinished
    )
    later = Session.reload(graph(agent("a", go)), session.log, say("done"))
    await later.resume()
    assert (later.answers(), later.state.agent) == (["Error: a handoff to 'b' is not allowed. Allowed now: none."], "a")


async def test_group_34_a_tool_that_needs_an_approval_now_does_not_run_without_one() -> None:
    """The approvals of the reply had been settled, and its first call had run, when the file was changed."""
    before = graph(agent("a", tool_of(ship, sequential=True), pay))
    session = await stopped(Session(before, calls("ship", "pay"), say("done")), ToolFinished)
    person = FakePerson(verdicts=[ALWAYS])
    now = graph(agent("a", tool_of(ship, sequential=True), ASKS))
    later = Session.reload(now, session.log, say("done"), person=person)
    await later.resume()
    assert len(later.of(ApprovalRequested)) == len(person.requests) == 1
    assert later.answers() == ["shipped", "paid 1"]


async def test_group_34_a_call_that_had_begun_goes_on_though_its_tool_needs_an_approval_now() -> None:
    before = graph(agent("a", tool_of(pay, effects="keyed")))
    session = await stopped(Session(before, calls("pay"), say("done")), ToolStarted)
    person = FakePerson()
    now = graph(agent("a", tool_of(pay, effects="keyed", approval="always")))
    later = Session.reload(now, session.log, say("done"), person=person)
    await later.resume()
    assert (later.answers(), person.requests) == (["paid 1"], [])


# ---- variables that are gone, new or others


async def test_group_33_a_variable_that_is_declared_no_more_is_kept_and_harmless() -> None:
    seen: list[object] = []

    def look(context: ToolContext) -> str:
        seen.append(dict(context.variables))
        return "seen"

    session = await Session(declared(Variable("stage", "integer", 1)), say("done")).say()
    later = Session.reload(graph(agent("a", look)), session.log, calls("look"), say("done"))
    await later.say()
    assert (seen, later.state.variables) == ([{"stage": 1}], {"stage": 1})


async def test_group_33_a_value_that_does_not_fit_must_be_given_anew() -> None:
    session = await Session(declared(Variable("stage", "integer", 1)), say("done")).say()
    later = Session.reload(declared(Variable("stage", "boolean", default=False)), session.log, say("on"))
    expected = "variable 'stage' is of type boolean, not 1, which the session has kept: give it a value that fits"
    with pytest.raises(VariableError) as error:
        later.begin()
    assert str(error.value) == expected
    await later.say(variables={"stage": True})
    assert later.state.variables == {"stage": True}


async def test_group_33_a_run_is_not_resumed_with_values_that_do_not_fit() -> None:
    session = await paused(declared(Variable("stage", "integer", 1)))
    now = declared(Variable("stage", "boolean", default=False))
    later = Session.reload(now, session.log, say("on"))
    with pytest.raises(VariableError, match="'stage' is of type boolean, not 1, which the session has kept"):
        later.runner.resume(later.state)
    await later.say(variables={"stage": False})
    assert [event.status for event in later.of(RunFinished)] == ["interrupted", "answered"]


async def test_group_33_a_variable_that_is_new_is_set_as_the_run_goes_on() -> None:
    session = await paused(declared())
    now = AgentGraph.of(agent("a", keep, ASKS, says="stage {stage}"), variables=(Variable("stage", "integer", 1),))
    later = Session.reload(now, session.log, say("on"), person=FakePerson(verdicts=[ALWAYS]))
    await later.resume()
    assert (later.status, later.model.requests[0].system) == ("answered", "stage 1")
    assert later.state.variables == {"stage": 1}


async def test_group_33_a_new_variable_without_a_value_must_be_given_in_a_new_turn() -> None:
    session = await paused(declared())
    later = Session.reload(declared(Variable("stage", "integer")), session.log, say("on"))
    with pytest.raises(VariableError, match="'stage' has no default"):
        later.runner.resume(later.state)
    assert (await later.say(variables={"stage": 3})).state.variables == {"stage": 3}


async def test_group_33_a_run_that_went_on_with_another_configuration_has_that_one() -> None:
    session = await paused(replace(declared(), digest="one"))
    later = Session.reload(replace(declared(), digest="two"), session.log, person=FakePerson(verdicts=[None]))
    assert found(replace(declared(), digest="two"), session) == Changed(digest=True)
    await later.resume()
    assert found(replace(declared(), digest="two"), later) is None


async def test_group_35_a_resumed_run_takes_secrets_and_nothing_else() -> None:
    agents = declared(Variable("stage", "integer", 1), Variable("token", "string", None, secret=True))
    session = await paused(agents)
    runner = Runner(agents, FakeModel([say("done")]), environ={})
    with pytest.raises(VariableError, match="keeps its variables, and can't be given 'stage'"):
        runner.resume(session.state, secrets={"stage": 2})
    run: Run = runner.resume(session.state, secrets={"token": "a-secret-token"})
    async with run:
        events = [event async for event in run]
    assert events[-1].type == "run_finished"


async def test_group_33_a_call_is_not_lost_when_another_agent_takes_over_an_unfinished_run() -> None:
    session = await paused(declared(Variable("stage", "integer", 1)), call("keep"))
    later = Session.reload(graph(agent("c")), session.log, say("hello"))
    await later.say(agent="c")
    assert later.answers() == ["Not executed: the run ended (interrupted)."] * 2
    assert later.state.agent == "c"
