"""Who may say yes: rules, "always", the person, nobody; pauses and edits. Rules 16 and 17, design section 3."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from orchestrator.agents import AgentGraph
from orchestrator.errors import UsageError
from orchestrator.events import (
    ApprovalGiven,
    ApprovalRequested,
    Event,
    ModelResponded,
    RunFinished,
    ToolFinished,
    ToolStarted,
    from_json,
    to_json,
)
from orchestrator.messages import AssistantMessage
from orchestrator.runner import Run, Verdict, verdict_on
from orchestrator.state import State, fold
from orchestrator.tools import Approval, End, Handoff, ToolContext
from tests.support.fakes import (
    ALWAYS,
    HANG,
    NO,
    YES,
    FakeClock,
    FakePerson,
    Session,
    agent,
    call,
    calls,
    graph,
    recorded,
    say,
    to,
    tool_of,
)


def pay(amount: int) -> str:
    return f"paid {amount}"


def ship() -> str:
    return "shipped"


def shop(approval: Approval = "always", **limits: Any) -> AgentGraph:
    """pay needs an approval, ship needs none; b has pay too."""
    paying = tool_of(pay, approval=approval)
    return graph(agent("a", paying, ship, hands=["b"]), agent("b", paying), **limits)


def amount(euros: int) -> Any:
    return call("pay", {"amount": euros})


def verdicts(session: Session) -> list[tuple[str, str]]:
    return [(event.verdict, event.by) for event in session.of(ApprovalGiven)]


async def asked(approval: Approval, *given: Any, wanted: int = 1) -> tuple[Session, FakePerson]:
    """A run in which the model wants to pay so often."""
    person = FakePerson(verdicts=given)
    replies = [calls(*[amount(euros + 1) for euros in range(wanted)]), say("done")]
    return await Session(shop(approval), *replies, person=person).say(), person


async def test_rule_16_a_yes_lets_the_call_run() -> None:
    session, person = await asked("always", YES)
    assert session.answers() == ["paid 1"]
    assert verdicts(session) == [("granted", "person")]
    assert person.requests[0].call.arguments == '{"amount": 1}'


async def test_group_34_the_reason_of_a_denial_reaches_the_model() -> None:
    session, _ = await asked("always", Verdict("denied", "too much"))
    assert session.answers() == ["Error: the person denied this call: too much. It was not made."]
    assert not session.of(ToolStarted)


async def test_group_34_nobody_there_denies_at_once() -> None:
    session = await Session(shop(), calls(amount(1)), say("sorry")).say()
    assert verdicts(session) == [("denied", "policy")]
    assert "nobody is there to approve it" in session.answers()[0]


async def test_rule_16_all_are_requested_before_the_first_is_asked() -> None:
    session, _ = await asked("always", YES, NO, YES, wanted=3)
    kinds = [kind for kind in session.types() if kind.startswith("approval") or kind == "tool_started"]
    assert kinds == ["approval_requested"] * 3 + ["approval_given"] * 3 + ["tool_started"] * 2


async def test_rule_16_no_tool_runs_before_every_approval_is_settled() -> None:
    person = FakePerson(verdicts=[NO])
    session = await Session(shop(), calls("ship", amount(1), to("b")), say("done"), person=person).say()
    types = session.types()
    assert types.index("tool_started") > types.index("approval_given")
    assert [event.call_id for event in session.of(ToolStarted)] == session.call_ids()[:1]
    assert session.state.agent == "b"


async def test_rule_16_always_settles_those_already_requested_and_later_ones() -> None:
    person = FakePerson(verdicts=[ALWAYS])
    script = [calls(amount(1), amount(2)), calls(amount(3)), say("done")]
    session = await Session(shop(), *script, person=person).say()
    assert verdicts(session) == [("always", "person"), ("granted", "always"), ("granted", "always")]
    assert len(session.of(ApprovalRequested)) == 2
    assert session.answers() == ["paid 1", "paid 2", "paid 3"]


async def test_group_34_always_is_scoped_to_tool_and_agent_and_outlives_the_run() -> None:
    person = FakePerson(verdicts=[ALWAYS, NO])
    script = [calls(amount(1)), say("one"), calls(amount(2)), calls(to("b")), calls(amount(3)), say("two")]
    session = Session(shop(), *script, person=person)
    await session.say()
    await session.say()
    assert verdicts(session) == [("always", "person"), ("granted", "always"), ("denied", "person")]
    assert [request.agent for request in person.requests] == ["a", "b"]


@pytest.mark.parametrize(("euros", "expected"), [(1, "granted"), (50, "asked"), (100, "denied")])
async def test_rule_16_a_rule_runs_asks_or_refuses(euros: int, expected: str) -> None:
    def rule(arguments: Mapping[str, object], context: ToolContext) -> bool | str:
        value = arguments["amount"]
        assert isinstance(value, int)
        return "never so much" if value >= 100 else value >= 50

    person = FakePerson(verdicts=[YES])
    session = await Session(shop(rule), calls(amount(euros)), say("done"), person=person).say()
    given = session.of(ApprovalGiven)[0]
    assert given.by == ("person" if expected == "asked" else "rule")
    assert len(person.requests) == (expected == "asked")
    if expected == "denied":
        assert session.answers() == ["Error: a rule denied this call: never so much. It was not made."]


async def test_rule_16_an_asynchronous_rule_is_awaited() -> None:
    async def rule(arguments: Mapping[str, object], context: ToolContext) -> str:
        await asyncio.sleep(0)
        return "no"

    approval: Any = rule
    session, _ = await asked(approval)
    assert verdicts(session) == [("denied", "rule")]


def raising(error: BaseException) -> Any:
    def rule(arguments: Mapping[str, object], context: ToolContext) -> bool:
        raise error

    return rule


@pytest.mark.parametrize("value", [RuntimeError("broken"), asyncio.CancelledError(), StopIteration()])
async def test_rule_16_a_rule_that_raises_refuses(value: BaseException) -> None:
    async with asyncio.timeout(2):
        session, _ = await asked(raising(value))
    assert verdicts(session) == [("denied", "rule")]


def test_rule_16_a_rule_that_exits_refuses_and_kills_nothing() -> None:
    session, _ = asyncio.run(asked(raising(SystemExit(3))))
    assert verdicts(session) == [("denied", "rule")]


async def test_rule_16_a_rule_that_gives_nonsense_refuses() -> None:
    approval: Any = lambda arguments, context: 5  # noqa: E731
    session, _ = await asked(approval)
    assert "it must give true, false or a text" in session.answers()[0]


async def test_rule_16_a_rule_that_hangs_refuses() -> None:
    stop = threading.Event()
    approval: Any = lambda arguments, context: stop.wait()  # noqa: E731
    session = await Session(shop(approval, tool_seconds=0.02), calls(amount(1)), say("sorry")).say()
    stop.set()
    assert "did not answer in 0.02 s" in session.answers()[0]


async def test_rule_16_a_rule_that_asks_is_not_left_waiting() -> None:
    """Nobody hears the question of a rule; its thread must not wait for ever."""
    ended = threading.Event()

    def rule(arguments: Mapping[str, object], context: ToolContext) -> bool:
        try:
            return context.ask("really?") != "yes"
        finally:
            ended.set()

    person = FakePerson(answers=["yes"], verdicts=[NO])
    await Session(shop(rule, tool_seconds=0.05), calls(amount(1)), say("done"), person=person).say()
    assert await asyncio.to_thread(ended.wait, 0.2)


async def test_rule_16_always_skips_the_question_and_never_a_rules_refusal() -> None:
    rulings: list[bool | str] = [True, True, "closed now", False]
    approval: Any = lambda arguments, context: rulings.pop(0)  # noqa: E731
    person = FakePerson(verdicts=[ALWAYS])
    script = [calls(amount(euros)) for euros in (1, 2, 3, 4)]
    session = await Session(shop(approval), *script, say("done"), person=person).say()
    assert verdicts(session) == [("always", "person"), ("granted", "always"), ("denied", "rule"), ("granted", "rule")]
    assert rulings == []


async def test_rule_16_a_rule_sees_the_checked_arguments_and_the_variables() -> None:
    seen: list[object] = []

    def rule(arguments: Mapping[str, object], context: ToolContext) -> bool:
        seen.extend([arguments, context.variables, context.agent, context.call_id])
        return False

    agents = graph(agent("a", tool_of(pay, approval=rule)), variables={"vip": True})
    session = await Session(agents, calls(call("pay", '{"amount": "7"}')), say("done")).say()
    assert seen == [{"amount": 7}, {"vip": True}, "a", session.call_ids()[0]]


async def test_rule_04_edited_arguments_are_executed_and_stand_in_the_transcript() -> None:
    session, _ = await asked("always", Verdict("granted", arguments='{"amount": 7}'))
    assert session.answers() == ['The person changed the arguments to {"amount": 7}.\npaid 7']
    assert session.finished() == ["paid 7"]
    reply = session.state.messages[1]
    assert isinstance(reply, AssistantMessage)
    assert reply.tool_calls[0].arguments == '{"amount": 7}'
    assert session.model.results() == session.answers()


async def test_rule_04_edited_arguments_are_checked_again() -> None:
    session, _ = await asked("always", Verdict("granted", arguments='{"amount": "many"}'))
    assert session.answers()[0].startswith(
        'The person changed the arguments to {"amount": "many"}.\nError: \'amount\': '
    )
    assert not session.of(ToolStarted)


@pytest.mark.parametrize("arguments", ['{"amount": 1}', ' {"amount":1}\n', None])
async def test_group_34_arguments_that_say_the_same_are_no_edit(arguments: str | None) -> None:
    session, person = await asked("always", Verdict("granted", arguments=arguments))
    assert session.answers() == ["paid 1"]
    assert session.of(ApprovalGiven)[0].arguments is None
    reply = session.state.messages[1]
    assert isinstance(reply, AssistantMessage)
    assert reply.tool_calls[0].arguments == person.requests[0].call.arguments == '{"amount": 1}'


@pytest.mark.parametrize(
    "arguments", ['{"amount": 1.0}', '{"amount": true}', '{"amount": 1, "amount": 1}', "[", "[" * 9999]
)
async def test_group_34_arguments_that_only_look_the_same_are_an_edit(arguments: str) -> None:
    session, _ = await asked("always", Verdict("granted", arguments=arguments))
    assert session.of(ApprovalGiven)[0].arguments == arguments
    assert session.answers()[0].startswith(f"The person changed the arguments to {arguments}.\n")


async def test_group_34_what_a_policy_edits_is_not_said_to_be_the_persons() -> None:
    session, _ = await asked("always", Verdict("granted", arguments='{"amount": 7}', by="policy"))
    assert session.answers() == ['A policy changed the arguments to {"amount": 7}.\npaid 7']


async def test_group_34_an_edit_is_told_where_the_tool_hands_off_or_ends() -> None:
    def go(where: str) -> Handoff:
        return Handoff(where)

    def leave(text: str) -> End:
        return End(text)

    agents = graph(
        agent("a", tool_of(go, approval="always"), tool_of(leave, approval="always"), hands=["b"]), agent("b")
    )
    edit = Verdict("granted", arguments='{"where": "b"}')
    script = [calls(call("go", {"where": "c"})), say("done")]
    session = await Session(agents, *script, person=FakePerson(verdicts=[edit])).say()
    told = 'The person changed the arguments to {"where": "b"}.\nTransferred to B. Adopt persona immediately.'
    assert session.answers() == [told]
    edit = Verdict("granted", arguments='{"text": "bye"}')
    session = await Session(agents, calls(call("leave", {"text": "go!"})), person=FakePerson(verdicts=[edit])).say()
    assert session.answers() == ['The person changed the arguments to {"text": "bye"}.\nbye']
    assert session.state.reply == "bye"


async def test_rule_16_bad_arguments_and_guards_come_before_any_question() -> None:
    agents = graph(
        agent("a", tool_of(pay, approval="always"), tool_of(ship, approval="always", requires="open")),
        variables={"open": False},
    )
    session = await Session(agents, calls(call("pay", "{}"), "ship"), say("sorry")).say()
    assert not session.of(ApprovalRequested)
    assert all(answer.startswith("Error: ") for answer in session.answers())


async def test_rule_19_a_limit_comes_before_any_question() -> None:
    session = await Session(shop(tool_calls=1), calls(amount(1), amount(2))).say()
    assert session.status == "limit"
    assert not session.of(ApprovalRequested)


# ---- pause and resume


async def test_rule_17_none_pauses_the_run_and_resume_asks_again() -> None:
    agents = shop()
    session = await Session(agents, calls("ship", amount(1), amount(2)), person=FakePerson(verdicts=[YES, None])).say()
    assert session.status is None
    assert not session.of(RunFinished)
    assert session.state.running
    person = FakePerson(verdicts=[NO])
    later = Session.reload(agents, session.log, say("done"), person=person)
    await later.resume()
    assert later.answers() == ["shipped", "paid 1", "Error: the person denied this call. It was not made."]
    assert [request.call.arguments for request in person.requests] == ['{"amount": 2}']
    assert len(later.of(ApprovalRequested)) == 2


async def test_rule_13_a_night_before_an_answer_does_not_count() -> None:
    clock = FakeClock()
    person = FakePerson(verdicts=[YES], clock=clock, seconds=30_000)
    session = await Session(
        shop(seconds=10), calls(amount(1), seconds=2), say("done", seconds=3), person=person, clock=clock
    ).say()
    assert session.status == "answered"
    assert session.state.counters.seconds == 5


async def test_rule_13_a_pause_does_not_count() -> None:
    agents = shop(seconds=10)
    session = await Session(agents, calls(amount(1), seconds=2), person=FakePerson(verdicts=[None])).say()
    later = Session.reload(agents, session.log, say("done", seconds=3), person=FakePerson(verdicts=[YES]))
    later.clock.advance(30_000)
    await later.resume()
    assert (later.status, later.state.counters.seconds) == ("answered", 5)


async def test_rule_11_a_new_message_after_a_pause_settles_it_first() -> None:
    agents = shop()
    session = await Session(agents, calls(amount(1)), person=FakePerson(verdicts=[None])).say()
    later = Session.reload(agents, session.log, say("done"))
    await later.say("never mind")
    assert later.answers() == ["Not executed: the run ended (interrupted)."]
    assert [event.status for event in later.of(RunFinished)] == ["interrupted", "answered"]


async def test_rule_17_a_finished_run_cannot_be_resumed() -> None:
    session = await Session(shop(), say("done")).say()
    with pytest.raises(UsageError, match="nothing to resume"):
        session.runner.resume(session.state)


async def test_rule_16_always_holds_after_a_crash_right_behind_it() -> None:
    """Killed between the "always" and what it settles: the person is not asked again."""
    agents = shop()
    person = FakePerson(verdicts=[ALWAYS])
    session = await Session(agents, calls(amount(1), amount(2)), say("done"), person=person).say()
    cut = session.types().index("approval_given") + 1
    nobody = FakePerson(verdicts=[NO])
    later = Session.reload(agents, session.log[:cut], say("done"), person=nobody)
    await later.resume()
    assert nobody.requests == []
    assert later.answers() == ["paid 1", "paid 2"]


async def test_rule_16_a_crash_between_two_requests_asks_each_once() -> None:
    agents = shop()
    session = await Session(agents, calls(amount(1), amount(2)), person=FakePerson(verdicts=[None])).say()
    cut = session.types().index("approval_requested") + 1
    person = FakePerson(verdicts=[YES, YES])
    later = Session.reload(agents, session.log[:cut], say("done"), person=person)
    await later.resume()
    assert later.answers() == ["paid 1", "paid 2"]
    assert len(later.of(ApprovalRequested)) == 2


async def test_group_33_a_pause_survives_the_store_and_all_that_wait_are_asked_again() -> None:
    agents = shop()
    wanted = calls(amount(1), amount(2), amount(3))
    session = await Session(agents, wanted, person=FakePerson(verdicts=[YES, None])).say()
    stored = recorded(from_json(to_json(event)) for event in session.log)
    person = FakePerson(verdicts=[None])
    again = Session.reload(agents, stored, person=person)
    await again.resume()
    assert (again.state.running, again.state.waiting) == (True, True)
    assert [request.call.arguments for request in person.requests] == ['{"amount": 2}']
    person = FakePerson(verdicts=[NO, YES])
    last = Session.reload(agents, again.log, say("done"), person=person)
    await last.resume()
    assert [request.call.arguments for request in person.requests] == ['{"amount": 2}', '{"amount": 3}']
    assert last.answers() == ["paid 1", "Error: the person denied this call. It was not made.", "paid 3"]


async def test_group_33_a_question_that_was_put_off_is_put_again() -> None:
    def name(context: ToolContext) -> str:
        return context.ask("who?")

    agents = graph(agent("a", tool_of(name, effects="keyed")))
    session = await Session(agents, calls("name"), person=FakePerson([None])).say()
    assert (session.state.running, session.state.waiting) == (True, True)
    stored = recorded(from_json(to_json(event)) for event in session.log)
    later = Session.reload(agents, stored, say("done"), person=FakePerson(["Ada"]))
    assert (await later.resume()).answers() == ["Ada"]


# ---- a verdict while nothing runs


async def paused(*wanted: Any) -> Session:
    """A run that waits for a yes to each of these calls."""
    return await Session(shop(), calls(*wanted), person=FakePerson(verdicts=[None])).say()


async def later(session: Session, *verdicts: tuple[str, Verdict]) -> Session:
    """The session after these verdicts were recorded; then it goes on, and nobody is to be asked any more."""
    log = session.log
    for call_id, verdict in verdicts:
        log += verdict_on(fold("session", log), call_id, verdict, at=99_999.0)
    again = Session.reload(shop(), log, say("done"), person=FakePerson())
    return await again.resume()


async def test_group_33_a_verdict_can_be_recorded_while_nothing_runs() -> None:
    session = await paused(amount(1), amount(2), "ship")
    one, two, _ = session.call_ids()
    edit = Verdict("granted", arguments='{"amount": 5}')
    again = await later(session, (two, Verdict("denied", "too much")), (one, edit))
    told = 'The person changed the arguments to {"amount": 5}.\npaid 5'
    assert again.answers() == [told, "Error: the person denied this call: too much. It was not made.", "shipped"]
    assert again.state.counters.seconds == 0


async def test_group_33_always_settles_the_others_that_wait_while_nothing_runs() -> None:
    session = await paused(amount(1), amount(2))
    assert (await later(session, (session.call_ids()[0], ALWAYS))).answers() == ["paid 1", "paid 2"]


async def test_group_33_a_verdict_on_a_call_that_does_not_wait_is_refused() -> None:
    session = await paused("ship", amount(1), amount(2))
    with pytest.raises(UsageError) as error:
        verdict_on(session.state, "call_1", YES, at=1.0)
    expected = "the call 'call_1' does not wait for an approval; those that do: call_2 (pay), call_3 (pay)"
    assert str(error.value) == expected


async def test_group_33_a_verdict_can_be_given_once() -> None:
    session = await paused(amount(1))
    given = verdict_on(session.state, "call_1", NO, at=1.0)
    with pytest.raises(UsageError, match="'call_1' does not wait for an approval; none does"):
        verdict_on(fold("session", [*session.log, *given]), "call_1", YES, at=2.0)
    with pytest.raises(UsageError, match="none does"):
        verdict_on(State("empty"), "call_1", YES, at=1.0)


# ---- a person's own faults, and cancelling while a person thinks


@pytest.mark.parametrize("error", [OSError("no terminal"), asyncio.CancelledError()])
async def test_group_34_an_exception_in_the_person_denies(error: BaseException) -> None:
    async with asyncio.timeout(2):
        session, _ = await asked("always", error)
    assert verdicts(session) == [("denied", "policy")]


async def test_group_16_cancel_while_the_person_thinks() -> None:
    session = Session(shop(), calls("ship", amount(1)), person=FakePerson(verdicts=[HANG]))
    await session.say(watch=cancel_at(ApprovalRequested))
    assert session.status == "cancelled"
    assert session.answers() == ["Not executed: the run ended (cancelled)."] * 2


def cancel_at(kind: type[Event]) -> Callable[[Event, Run], None]:
    def watch(event: Event, run: Run) -> None:
        if isinstance(event, kind):
            asyncio.get_running_loop().call_later(0.01, run.cancel)

    return watch


async def test_group_03_the_log_of_an_approval_is_complete() -> None:
    session, _ = await asked("always", YES)
    kinds = [ModelResponded, ApprovalRequested, ApprovalGiven, ToolStarted, ToolFinished]
    assert [type(event) for event in session.log][2:7] == kinds


@pytest.mark.parametrize("answer", [True, "granted", object()])
async def test_rule_16_what_is_no_verdict_is_a_no(answer: object) -> None:
    session, _ = await asked("always", answer)
    assert session.answers()[0].startswith("Error: this call was denied: the front end gave ")
    assert session.of(ToolStarted) == []


def test_rule_16_a_verdict_says_one_of_three_words() -> None:
    word: Any = "yes"
    with pytest.raises(ValueError, match="'granted', 'always' or 'denied', not 'yes'"):
        Verdict(word)


async def test_rule_16_a_rule_that_asks_is_told_how_rules_ask() -> None:
    def rule(arguments: Mapping[str, object], context: ToolContext) -> bool:
        return bool(context.ask("may I?"))

    session, _ = await asked(rule, YES)
    assert "a rule of approval asks by giving true" in session.answers()[0]
