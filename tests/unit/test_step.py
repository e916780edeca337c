"""What comes next: handoffs, guards, invented calls, limits, ends. Named after conformance groups and rules."""

from typing import Any

import pytest

from orchestrator.agents import Edge
from orchestrator.errors import UsageError
from orchestrator.events import HandedOff, RunFinished, ToolFinished, ToolStarted
from orchestrator.messages import AssistantMessage, ToolMessage, UserMessage
from orchestrator.model import Model, NamedFunction
from orchestrator.tools import End, Handoff, Result, ToolContext
from tests.support.fakes import Session, agent, call, calls, graph, say, to, tool_of

MOVED = "Transferred to {}. Adopt persona immediately."


def look() -> str:
    """Look."""
    return "seen"


def fail() -> str:
    raise RuntimeError("broken")


def verify(context: ToolContext) -> str:
    context.set("verified", True)
    return "verified"


def leave() -> End:
    return End("bye")


def go(target: str) -> Handoff:
    return Handoff(target)


def pair(*tools: Any, **limits: Any) -> Any:
    """Two agents that may hand off to each other; both have the tools."""
    return graph(agent("a", *tools, hands=["b"]), agent("b", *tools, hands=["a"]), **limits)


def trio(*tools: Any, **limits: Any) -> Any:
    """Three agents, each of which may hand off to the others; a has the tools."""
    return graph(
        agent("a", *tools, hands=["b", "c"]), agent("b", hands=["a", "c"]), agent("c", hands=["a", "b"]), **limits
    )


# ---- groups 1, 2, 19: whose model, which instructions


async def test_group_01_after_a_handoff_everything_is_the_new_agents() -> None:
    first, second = Model("small", settings={"temperature": 0.1}), Model("large", settings={"temperature": 0.9})
    agents = graph(
        agent("a", look, hands=["b"], model=first, says="I am A."), agent("b", leave, model=second, says="I am B.")
    )
    session = await Session(agents, calls(to("b")), say("hello")).say()
    one, two = session.model.requests
    assert (one.model, one.system, session.model.offered(0)) == (first, "I am A.", ["look", "transfer_to_b"])
    assert (two.model, two.system, session.model.offered(1)) == (second, "I am B.", ["leave"])
    assert session.state.agent == "b"


async def test_group_02_instructions_are_rendered_for_every_model_call() -> None:
    agents = graph(agent("a", verify, says="verified: {verified}"), variables={"verified": False})
    session = await Session(agents, calls("verify"), say("done")).say()
    assert [request.system for request in session.model.requests] == ["verified: False", "verified: True"]
    assert session.state.messages[0] == UserMessage("hi")


async def test_group_19_labels_never_reach_a_function_name() -> None:
    label = "販売 & Sales. " + "x" * 100
    session = await Session(graph(agent("a", hands=["b"]), agent("b", label=label)), calls(to("b")), say("ok")).say()
    assert session.model.offered(0) == ["transfer_to_b"]
    assert session.answers() == [MOVED.format(label)]


# ---- group 4, 5, 6: tools and handoffs in one reply


@pytest.mark.parametrize("order", [["b", "look"], ["look", "b"], ["look", "b", "look2"]])
async def test_group_04_the_tools_run_and_then_the_conversation_moves(order: list[str]) -> None:
    look2 = tool_of(look, name="look2")
    agents = graph(agent("a", look, look2, hands=["b"]), agent("b"))
    wanted = [to("b") if name == "b" else call(name) for name in order]
    session = await Session(agents, calls(*wanted), say("done")).say()
    expected = {"b": MOVED.format("B"), "look": "seen", "look2": "seen"}
    assert session.answers() == [expected[name] for name in order]
    types = session.types()
    assert types.index("handed_off") > max(i for i, kind in enumerate(types) if kind == "tool_finished")
    assert session.model.requests[1].agent == "b"


async def test_group_05_two_handoffs_to_different_agents() -> None:
    session = await Session(trio(), calls(to("b"), to("c")), say("done")).say()
    assert session.answers() == [MOVED.format("B"), "Not executed: the conversation was handed to B."]
    assert session.state.agent == "b"
    assert session.state.counters.handoffs == 1


async def test_group_05_two_handoffs_to_the_same_agent() -> None:
    session = await Session(trio(), calls(to("b"), to("b")), say("done")).say()
    assert session.answers() == [MOVED.format("B"), "Not executed: the conversation was handed to B."]


async def test_group_05_a_handoff_to_itself_is_refused() -> None:
    session = await Session(trio(), calls(to("a")), say("done")).say()
    assert session.answers() == ["Error: a handoff to 'a' is not allowed. Allowed now: b, c."]
    assert session.state.agent == "a"


async def test_group_05_back_to_the_entry() -> None:
    session = await Session(pair(), calls(to("b")), calls(to("a")), say("done")).say()
    assert session.state.agent == "a"
    assert [event.target for event in session.of(HandedOff)] == ["b", "a"]


async def test_group_05_the_first_handoff_wins_whether_called_or_returned() -> None:
    session = await Session(trio(go), calls(call("go", {"target": "c"}), to("b")), say("done")).say()
    assert session.state.agent == "c"
    session = await Session(trio(go), calls(to("b"), call("go", {"target": "c"})), say("done")).say()
    assert session.state.agent == "b"


async def test_rule_15_a_loser_that_ran_is_not_told_that_it_was_not_executed() -> None:
    session = await Session(trio(go), calls(to("b"), call("go", {"target": "c"})), say("done")).say()
    loser = session.answers()[1]
    assert loser == "The tool ran, but its handoff was not made: the conversation was handed to B."


async def test_rule_15_a_returned_handoff_that_a_limit_stops_is_told_that_it_was_not_made() -> None:
    def promise() -> Result:
        return Result("refund noted", handoff="b")

    session = await Session(pair(promise, handoffs=0), calls("promise")).say()
    assert session.status == "limit"
    assert "refund noted" in session.answers()[0]
    assert "not handed over" in session.answers()[0]


async def test_group_06_a_returned_handoff_outside_the_list_is_refused() -> None:
    session = await Session(pair(go), calls(call("go", {"target": "z"})), say("sorry")).say()
    assert session.answers() == ["Error: a handoff to 'z' is not allowed. Allowed now: b."]
    assert session.state.agent == "a"
    assert session.of(ToolFinished)[0].error


async def test_group_06_a_refused_handoff_keeps_what_the_tool_said_and_set() -> None:
    def move(context: ToolContext) -> Result:
        return Result("noted", handoff="z", variables={"verified": True})

    agents = graph(agent("a", move, hands=["b"]), agent("b"), variables={"verified": False})
    session = await Session(agents, calls("move"), say("sorry")).say()
    assert session.answers()[0].startswith("noted\nError: ")
    assert session.state.variables == {"verified": True}


# ---- groups 7, 8, 9: what models invent


@pytest.mark.parametrize("name", ["lok", "Look", "", "functions.look", "leave", "a b", "ü", "x" * 200])
async def test_group_07_an_unknown_tool_is_answered_with_the_tools_at_hand(name: str) -> None:
    session = await Session(pair(look), calls(call(name)), say("sorry")).say()
    assert "The tools at hand: look, transfer_to_b." in session.answers()[0]
    assert not session.of(ToolStarted)


@pytest.mark.parametrize("name", ["lok", "Look"])
async def test_group_07_the_nearest_name_is_told(name: str) -> None:
    session = await Session(pair(look), calls(call(name)), say("sorry")).say()
    assert "Did you mean 'look'?" in session.answers()[0]


async def test_group_07_a_tool_of_the_previous_agent() -> None:
    agents = graph(agent("a", look, hands=["b"]), agent("b"))
    session = await Session(agents, calls(to("b")), calls("look"), say("sorry")).say()
    assert session.answers()[1] == "Error: there is no tool 'look'. The tools at hand: none."


async def test_group_07_a_tool_named_like_a_handoff_is_an_ordinary_tool() -> None:
    agents = graph(agent("a", tool_of(look, name="transfer_to_moon"), hands=["b"]), agent("b"))
    session = await Session(agents, calls("transfer_to_moon"), say("ok")).say()
    assert session.answers() == ["seen"]


async def test_group_09_ids_are_unique_in_the_session() -> None:
    script = [calls(call("look", identity="x"), call("look", identity="x"), call("look")), say("one")]
    script += [calls(call("look", identity="x"), call("look", identity="call_2")), say("two")]
    session = Session(graph(agent("a", look)), *script)
    await session.say()
    await session.say()
    assert len(set(session.call_ids())) == 5
    assert session.call_ids()[0] == "x"


# ---- rule 2, 23, group 11: how replies end


@pytest.mark.parametrize(
    ("finish", "status"), [("length", "cut"), ("content_filter", "filtered"), ("refusal", "refused")]
)
async def test_rule_02_a_reply_that_did_not_stop_runs_no_call(finish: Any, status: str) -> None:
    session = await Session(pair(look), say("so", call("look"), to("b"), finish=finish)).say()
    assert session.status == status
    assert not session.of(ToolStarted)
    assert session.answers() == [f"Not executed: the run ended ({status})."] * 2
    assert session.state.agent == "a"


@pytest.mark.parametrize("finish", ["length", "content_filter", "refusal"])
@pytest.mark.parametrize("text", ["text", "", None])
async def test_rule_02_a_reply_that_did_not_stop_and_called_nothing(finish: Any, text: str | None) -> None:
    session = await Session(pair(), say(text, finish=finish)).say()
    assert session.state.messages[1:] == ((AssistantMessage("text"),) if text else ())


async def test_group_11_text_beside_calls_is_shown_and_kept() -> None:
    session = await Session(pair(look), say("one moment", call("look")), say("done")).say()
    reply = session.state.messages[1]
    assert isinstance(reply, AssistantMessage)
    assert reply.content == "one moment"
    assert reply.tool_calls[0].name == "look"


async def test_rule_23_one_retry_per_series_of_empty_replies() -> None:
    session = await Session(pair(look), say(""), calls("look"), say(None), say("done")).say()
    assert session.status == "answered"
    assert session.state.counters.model_calls == 4
    session = await Session(pair(look), say(""), say(None), say("never asked")).say()
    assert session.status == "empty"
    assert len(session.model.requests) == 2
    assert session.state.messages == (UserMessage("hi"),)


async def test_rule_23_an_empty_reply_is_not_the_agents_first() -> None:
    agents = graph(agent("a", look, tool_choice="required"))
    session = await Session(agents, say(""), calls("look"), say("done")).say()
    assert [request.tool_choice for request in session.model.requests] == ["required", "required", "auto"]


# ---- group 15, rules 18 to 21: limits and ends


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_group_15_exactly_n_model_calls(limit: int) -> None:
    script = [calls(call("look", f'{{"n": {i}}}')) for i in range(limit)]

    def peek(n: int) -> int:
        return n

    agents = graph(agent("a", tool_of(peek, name="look")), model_calls=limit)
    session = await Session(agents, *script).say()
    assert (session.status, session.state.detail) == ("limit", f"model_calls: {limit}")
    assert len(session.model.requests) == limit
    session = await Session(agents, *script[1:], say("done")).say()
    assert session.status == "answered"


async def test_rule_19_empty_retries_count_as_model_calls() -> None:
    session = await Session(pair(model_calls=1), say("")).say()
    assert session.status == "limit"
    assert session.state.counters.model_calls == 1


async def test_group_15_exactly_n_handoffs() -> None:
    agents = trio(handoffs=2)
    session = await Session(agents, calls(to("b")), calls(to("c")), calls(to("a"))).say()
    assert (session.status, session.state.detail) == ("limit", "handoffs: 2")
    assert session.state.agent == "c"
    assert session.answers()[-1] == "Not executed: the run ended (limit: handoffs: 2)."
    session = await Session(agents, calls(to("b")), calls(to("c")), say("done")).say()
    assert session.status == "answered"


async def test_rule_19_tool_calls_that_do_not_all_fit_start_none() -> None:
    agents = pair(look, tool_calls=3)
    session = await Session(agents, calls("look", "look"), calls("look", "look")).say()
    assert (session.status, session.state.detail) == ("limit", "tool_calls: 3")
    assert len(session.of(ToolStarted)) == 2
    assert session.answers()[2:] == ["Not executed: the run ended (limit: tool_calls: 3)."] * 2
    session = await Session(agents, calls("look", "look"), calls("look", to("b")), say("done")).say()
    assert session.status == "answered"


async def test_rule_19_what_never_runs_does_not_count() -> None:
    session = await Session(pair(look, tool_calls=1), calls("nope", call("look", "x"), "look"), say("done")).say()
    assert session.status == "answered"
    assert session.state.counters.tool_calls == 1


async def test_group_15_tokens() -> None:
    script = [say(None, call("look"), tokens=60), say(None, call("look"), tokens=40), say("never")]
    session = await Session(pair(look, tokens=100), *script).say()
    assert (session.status, session.state.detail) == ("limit", "tokens: 100 of 100")
    session = await Session(pair(look, tokens=101), *script).say()
    assert session.status == "answered"


@pytest.mark.parametrize("repeats", [1, 2, 3])
async def test_rule_20_the_nth_repeat_ends_the_run(repeats: int) -> None:
    session = await Session(pair(look, repeats=repeats), *[calls("look") for _ in range(repeats)]).say()
    assert session.status == "limit"
    assert session.state.detail.startswith("repeats: look")
    assert len(session.of(ToolStarted)) == repeats


async def test_rule_20_repeats_count_in_call_order_within_one_reply() -> None:
    def echo(text: str) -> str:
        return text

    same, other = call("echo", {"text": "x"}), call("echo", {"text": "y"})
    session = await Session(graph(agent("a", echo), repeats=2), calls(same, other, same), say("done")).say()
    assert session.status == "answered"
    session = await Session(graph(agent("a", echo), repeats=2), calls(other, same, same)).say()
    assert session.status == "limit"


async def test_rule_20_handoffs_do_not_reset_and_another_result_does() -> None:
    results = iter(["x", "y", "x"])

    def turn() -> str:
        return next(results)

    script = [calls("look"), calls(to("b")), calls("look")]
    session = await Session(pair(look, repeats=2), *script).say()
    assert session.status == "limit"
    session = await Session(pair(turn, repeats=2), *[calls("turn")] * 3, say("done")).say()
    assert session.status == "answered"


async def test_rule_20_errors_and_invented_names_repeat_too() -> None:
    session = await Session(pair(repeats=3), *[calls("nope")] * 3).say()
    assert session.status == "limit"


async def test_rule_21_ping_pong_the_third_move_is_not_made() -> None:
    session = await Session(pair(), calls(to("b")), calls(to("a")), calls(to("b"))).say()
    assert session.status == "limit"
    assert session.state.detail.startswith("ping-pong")
    assert [event.target for event in session.of(HandedOff)] == ["b", "a"]


async def test_rule_21_a_b_c_a_is_no_ping_pong() -> None:
    script = [calls(to("b")), calls(to("c")), calls(to("a")), calls(to("b")), say("done")]
    session = await Session(trio(), *script).say()
    assert session.status == "answered"


@pytest.mark.parametrize(("tool", "answered"), [("look", True), ("fail", False), ("nope", False), ("late", True)])
async def test_rule_21_only_a_tool_that_worked_resets_it(tool: str, answered: bool) -> None:
    agents = pair(look, fail, tool_of(look, name="late"))
    last = calls(tool, to("b")) if tool == "late" else calls(to("b"))
    before = [] if tool == "late" else [calls(tool)]
    script = [calls(to("b")), calls(to("a")), *before, last, say("done")]
    session = Session(agents, *script)
    await session.say()
    assert session.status == ("answered" if answered else "limit")


async def test_rule_21_a_tool_that_only_hands_off_does_not_reset_it() -> None:
    moves = [calls(call("go", {"target": target})) for target in ("b", "a", "b")]
    session = await Session(pair(go), *moves).say()
    assert session.status == "limit"


async def test_rule_21_a_move_over_an_at_most_edge_clears_the_trail() -> None:
    agents = graph(agent("a", hands=["b"]), agent("b", hands=[Edge("a", at_most=2)]))
    script = [calls(to(target)) for target in ("b", "a", "b", "a", "b")]
    session = await Session(agents, *script, say("done")).say()
    assert session.status == "answered"


async def test_group_15_an_at_most_edge_closes_when_used_up() -> None:
    agents = graph(agent("a", hands=["b"]), agent("b", hands=[Edge("a", at_most=1)]))
    script = [calls(to("b")), calls(to("a")), calls(to("b")), calls(to("a")), say("stuck")]
    session = await Session(agents, *script).say()
    assert session.status == "answered"
    assert session.model.offered(1) == ["transfer_to_a"]
    assert session.model.offered(3) == []
    assert "has been made 1 times in this run" in session.answers()[-1]


async def test_group_15_at_most_counts_per_run() -> None:
    agents = graph(agent("a", hands=[Edge("b", at_most=1)]), agent("b", hands=["a"]))
    script = [calls(to("b")), calls(to("a")), say("one"), calls(to("b")), say("two")]
    session = Session(agents, *script)
    await session.say()
    await session.say()
    assert [event.target for event in session.of(HandedOff)] == ["b", "a", "b"]


async def test_rule_18_the_first_end_in_call_order_gives_the_text() -> None:
    first, second = tool_of(lambda: End("first"), name="first"), tool_of(lambda: End("second"), name="second")
    session = await Session(graph(agent("a", first, second)), calls("second", "first")).say()
    assert (session.status, session.state.detail) == ("ended", "second")
    assert session.answers() == ["second", "first"]


async def test_rule_18_later_waves_do_not_start_and_the_wave_ends() -> None:
    alone = tool_of(look, name="alone", sequential=True)
    session = await Session(pair(look, leave, alone), calls("leave", "look", "alone")).say()
    assert session.status == "ended"
    assert session.answers() == ["bye", "seen", "Not executed: the run ended (ended)."]


async def test_group_05_end_beats_a_handoff() -> None:
    session = await Session(trio(leave, go), calls(to("b"), "leave", call("go", {"target": "c"}))).say()
    assert session.status == "ended"
    assert session.state.agent == "a"
    assert not session.of(HandedOff)
    assert session.answers()[1] == "bye"


@pytest.mark.parametrize("value", [None, 5, {"total": 3}])
async def test_rule_18_an_end_whose_text_is_no_text(value: Any) -> None:
    def stop() -> End:
        return End(value)

    session = await Session(graph(agent("a", stop)), calls("stop"), say("done")).say()
    assert session.status in {"ended", "answered"}


@pytest.mark.parametrize("value", [5, [], None, {"to": "b"}])
async def test_group_06_a_handoff_to_what_is_no_name(value: Any) -> None:
    def move() -> Handoff:
        return Handoff(value)

    session = await Session(pair(move), calls("move"), say("done")).say()
    assert session.status == "answered"
    assert session.state.agent == "a"


@pytest.mark.parametrize(("code", "said"), [(None, "Ended."), (0, "Ended."), ("so long", "so long"), (3, "3")])
@pytest.mark.parametrize("asynchronous", [True, False])
async def test_rule_09_exit_in_a_tool_ends_the_run(code: Any, said: str, asynchronous: bool) -> None:
    def quits() -> None:
        raise SystemExit(code)

    async def aquits() -> None:
        raise SystemExit(code)

    tool = tool_of(aquits if asynchronous else quits, name="quits")
    session = await Session(graph(agent("a", tool)), calls("quits")).say()
    assert (session.status, session.state.detail) == ("ended", said)
    assert session.answers() == [said]


async def test_group_15_counters_start_anew_with_each_run() -> None:
    session = Session(pair(look, model_calls=2), *[calls("look"), say("one"), calls("look"), say("two")])
    await session.say()
    await session.say()
    assert session.status == "answered"
    assert session.of(RunFinished)[-1].used["model_calls"] == 2


# ---- group 21, rule 22: for one turn


def relay() -> Any:
    """a consults b for one turn, b consults c for one turn; b may also hand on to d for good."""
    return graph(
        agent("a", look, hands=[Edge("b", for_one_turn=True)]),
        agent("b", look, leave, hands=[Edge("c", for_one_turn=True), "d", "a"]),
        agent("c", look, hands=["a", "d"]),
        agent("d"),
        model_calls=3,
    )


async def test_group_21_the_next_turn_is_the_callers() -> None:
    session = Session(relay(), calls(to("b")), say("from b"), say("from a"))
    await session.say()
    assert (session.state.agent, session.state.callers) == ("a", ())
    await session.say()
    assert session.model.requests[-1].agent == "a"


async def test_group_21_nested_one_caller_is_popped_per_run() -> None:
    session = Session(relay(), calls(to("b")), calls(to("c")), say("from c"), say("from b"), say("from a"))
    await session.say()
    assert (session.state.agent, session.state.callers) == ("b", ("a",))
    await session.say()
    assert (session.state.agent, session.state.callers) == ("a", ())


async def test_group_21_a_plain_handoff_clears_the_stack() -> None:
    session = await Session(relay(), calls(to("b")), calls(to("d")), say("from d")).say()
    assert (session.state.agent, session.state.callers) == ("d", ())


async def test_rule_22_a_move_to_an_agent_on_the_stack_cuts_back_to_it() -> None:
    session = await Session(relay(), calls(to("b")), calls(to("c")), calls(to("a"))).say()
    assert session.status == "limit"
    assert (session.state.agent, session.state.callers) == ("a", ())


async def test_group_21_a_limit_does_not_pop() -> None:
    session = Session(relay(), calls(to("b")), calls("look"), calls("look"), say("from b"), say("from a"))
    await session.say()
    assert (session.status, session.state.agent, session.state.callers) == ("limit", "b", ("a",))
    await session.say()
    assert (session.status, session.state.agent) == ("answered", "a")


async def test_rule_22_an_end_pops() -> None:
    session = await Session(relay(), calls(to("b")), calls("leave")).say()
    assert (session.status, session.state.agent, session.state.callers) == ("ended", "a", ())


async def test_rule_22_a_chosen_agent_clears_the_stack() -> None:
    session = Session(relay(), calls(to("b")), calls(to("c")), say("from c"), say("from d"), say("from d again"))
    await session.say()
    await session.say(agent="d")
    assert (session.state.agent, session.state.callers) == ("d", ())
    await session.say()
    assert session.state.agent == "d"


async def test_rule_22_an_unknown_agent_is_refused() -> None:
    with pytest.raises(UsageError, match="no agent named 'z'; there are: a, b, c, d"):
        Session(relay()).begin(agent="z")


async def test_group_21_after_a_reload() -> None:
    session = await Session(relay(), calls(to("b")), calls(to("c")), say("from c")).say()
    reloaded = Session.reload(relay(), session.log, say("from b"))
    await reloaded.say()
    assert reloaded.model.requests[-1].agent == "b"
    assert reloaded.state.agent == "a"


# ---- group 21a, rule 14: guards


def guarded() -> Any:
    pay = tool_of(look, name="pay", requires="verified")
    edge = Edge("b", requires="verified")
    return graph(
        agent("a", verify, unverify, pay, go, hands=[edge, "c"]),
        agent("b"),
        agent("c"),
        variables={"verified": False},
    )


def unverify(context: ToolContext) -> str:
    context.set("verified", False)
    return "not verified"


OPEN = ["verify", "unverify", "pay", "go", "transfer_to_b", "transfer_to_c"]
SHUT = ["verify", "unverify", "go", "transfer_to_c"]


async def test_group_21a_offered_in_the_next_model_call_after_the_variable_is_set() -> None:
    session = await Session(guarded(), calls("verify"), calls("pay"), calls("unverify"), say("done")).say()
    assert [session.model.offered(index) for index in range(4)] == [SHUT, OPEN, OPEN, SHUT]
    assert session.answers() == ["verified", "seen", "not verified"]


async def test_group_21a_not_permitted_while_false() -> None:
    session = await Session(guarded(), calls("pay", to("b"), call("go", {"target": "b"})), say("sorry")).say()
    assert session.answers() == [
        f"Error: the tool 'pay' is not permitted now: it requires verified. The tools at hand: {', '.join(SHUT)}.",
        "Error: a handoff to 'b' is not permitted now. Allowed now: c.",
        "Error: a handoff to 'b' is not allowed. Allowed now: c.",
    ]
    assert session.state.agent == "a"


async def test_rule_14_a_guard_must_hold_when_the_reply_arrives() -> None:
    agents = graph(
        agent("a", tool_of(verify, sequential=True), tool_of(look, name="pay", requires="verified")),
        variables={"verified": False},
    )
    session = await Session(agents, calls("verify", "pay"), say("sorry")).say()
    assert session.answers()[1].startswith("Error: the tool 'pay' is not permitted now: it requires verified.")


async def test_rule_14_of_two_calls_in_one_reply_the_second_sees_what_the_first_has_closed() -> None:
    def pay(context: ToolContext) -> str:
        context.set("verified", False)
        return "paid"

    agents = graph(agent("a", tool_of(pay, requires="verified")), variables={"verified": True})
    session = await Session(agents, calls("pay", "pay"), say("done")).say()
    first, second = session.answers()
    assert first == "paid"
    assert second.startswith("Error: the tool 'pay' is not permitted now: it requires verified.")


async def test_rule_14_a_guard_must_hold_again_when_the_wave_starts() -> None:
    agents = graph(
        agent("a", tool_of(unverify, sequential=True), tool_of(look, name="pay", requires="verified")),
        variables={"verified": True},
    )
    session = await Session(agents, calls("unverify", "pay"), say("sorry")).say()
    assert session.answers()[1].startswith("Error: the tool 'pay' is not permitted now: it requires verified.")
    assert len(session.of(ToolStarted)) == 1


async def test_rule_14_a_called_handoff_is_judged_again_at_the_move() -> None:
    session = await Session(guarded(), calls(to("b"), "unverify"), say("sorry")).say(variables={"verified": True})
    assert session.answers() == ["Error: a handoff to 'b' is not permitted now. Allowed now: c.", "not verified"]
    assert session.state.agent == "a"


async def test_rule_14_when_the_winner_falls_the_next_handoff_is_made() -> None:
    script = [calls(to("b"), "unverify", to("c")), say("done")]
    session = await Session(guarded(), *script).say(variables={"verified": True})
    assert session.state.agent == "c"
    assert session.answers()[2] == MOVED.format("C")


async def test_rule_14_a_returned_handoff_sees_its_waves_variables_and_its_own() -> None:
    def enter(context: ToolContext) -> Result:
        return Result(handoff="b", variables={"verified": True})

    agents = guarded()
    a = agents.agents["a"]
    entered = agent("a", enter, *a.tools, hands=a.edges)
    mine = graph(entered, agents.agents["b"], agents.agents["c"], variables={"verified": False})
    session = await Session(mine, calls("enter"), say("done")).say()
    assert session.state.agent == "b"


async def test_rule_14_a_returned_handoff_is_judged_once_when_the_tool_returns() -> None:
    """A later wave that takes the permission away does not take the handoff back."""
    agents = guarded()
    a = agents.agents["a"]
    entered = agent("a", go, tool_of(unverify, sequential=True), hands=a.edges)
    mine = graph(entered, agents.agents["b"], agents.agents["c"], variables={"verified": True})
    session = await Session(mine, calls(call("go", {"target": "b"}), "unverify"), say("done")).say()
    assert session.state.agent == "b"


async def test_rule_14_a_wave_sees_what_earlier_waves_set_and_not_its_own() -> None:
    seen: list[tuple[str, Any]] = []

    def see(label: str, context: ToolContext) -> str:
        seen.append((label, context.variables["step"]))
        context.set("step", label)
        return label

    agents = graph(agent("a", see, tool_of(see, name="alone", sequential=True)), variables={"step": "start"})
    one, two = call("see", {"label": "one"}), call("see", {"label": "two"})
    script = [calls(one, two, call("alone", {"label": "three"}), call("see", {"label": "four"})), say("done")]
    session = await Session(agents, *script).say()
    assert sorted(seen) == [("four", "three"), ("one", "start"), ("three", "two"), ("two", "start")]
    assert session.state.variables == {"step": "four"}


# ---- group 21b, rule 24: tool_choice


async def test_group_21b_required_holds_for_the_first_call_after_a_user_message_or_a_handoff() -> None:
    agents = graph(
        agent("a", look, hands=["b"], tool_choice="required"), agent("b", look, tool_choice=NamedFunction("look"))
    )
    script = [calls("look"), calls(to("b")), calls("look"), say("done"), calls("look"), say("again")]
    session = Session(agents, *script)
    await session.say()
    await session.say()
    named = NamedFunction("look")
    expected = ["required", "auto", named, "auto", named, "auto"]
    assert [request.tool_choice for request in session.model.requests] == expected


async def test_rule_24_required_without_tools_and_a_function_not_offered_are_left_out() -> None:
    hidden = tool_of(look, requires="verified")
    agents = graph(
        agent("a", hidden, tool_choice=NamedFunction("look"), hands=["b"]),
        agent("b", hidden, tool_choice="required"),
        variables={"verified": False},
    )
    session = await Session(agents, calls(to("b")), say("done")).say()
    assert [request.tool_choice for request in session.model.requests] == ["auto", "auto"]
    assert session.model.offered(1) == []


async def test_rule_01_a_handoff_is_answered_only_by_the_move() -> None:
    def unmoved(event: Any, run: Any) -> None:
        if isinstance(event, ToolFinished):
            assert not any(isinstance(message, ToolMessage) for message in run.state.messages)

    await Session(trio(go), calls(call("go", {"target": "b"})), say("done")).say(watch=unmoved)
