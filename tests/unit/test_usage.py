"""What model calls took: tokens for each turn, agent and model, and money where there is a price."""

import pytest

from orchestrator.errors import ModelError
from orchestrator.events import ModelAsked, ModelResponded, RunStarted
from orchestrator.messages import AssistantMessage, Usage
from orchestrator.model import Model, Price
from orchestrator.model_client import ModelResponse
from orchestrator.render.usage import summary, table
from orchestrator.usage import Account, Place, Spent, account, cost, prices_of
from tests.support.fakes import Session, Turn, agent, breaks, graph, say, to

FAST = Price(input=0.5, output=2.0, cached=0.1)
CAREFUL = Price(input=5.0, output=20.0)


def turn(number: int, *calls: tuple[str, str, Usage | None]) -> list[RunStarted | ModelAsked | ModelResponded]:
    """A user turn with calls: who asked which model, and the usage that it told; with None there was no reply."""
    run = f"run_{number}"
    events: list[RunStarted | ModelAsked | ModelResponded] = [RunStarted(run_id=run, at=0, message="hi", agent="a")]
    for name, model, usage in calls:
        events.append(ModelAsked(run_id=run, at=0, agent=name, model=model))
        if usage is not None:
            events.append(ModelResponded(run_id=run, at=0, message=AssistantMessage("hello"), usage=usage))
    return events


TWO_TURNS = [
    *turn(1, ("triage", "fast", Usage(1000, 20, 400)), ("sales", "careful", Usage(2000, 300))),
    *turn(2, ("sales", "careful", Usage(3000, 40)), ("sales", "careful", Usage(500, 5))),
]


def test_tokens_are_kept_for_each_turn_agent_and_model() -> None:
    spent = account(TWO_TURNS, {})
    assert spent == Account(
        turns=2,
        entries={
            Place(1, "triage", "fast"): Spent(1, 1, Usage(1000, 20, 400)),
            Place(1, "sales", "careful"): Spent(1, 1, Usage(2000, 300)),
            Place(2, "sales", "careful"): Spent(2, 2, Usage(3500, 45)),
        },
        unpriced=("fast", "careful"),
    )
    assert spent.by(lambda place: place.turn)[1].usage == Usage(3000, 320, 400)
    assert spent.by(lambda place: place.agent)["sales"].usage == Usage(5500, 345)
    assert spent.by(lambda place: place.model)["fast"].usage == Usage(1000, 20, 400)
    assert spent.total == Spent(4, 4, Usage(6500, 365, 400))


COSTS = {
    "input and output": (Usage(1_000_000, 500_000), CAREFUL, 15.0),
    "cached input has its own price": (Usage(1_000_000, 0, 400_000), FAST, 0.34),
    "or that of input": (Usage(1_000_000, 0, 400_000), CAREFUL, 5.0),
    "more cached than there was": (Usage(1_000_000, 0, 9_000_000), FAST, 0.1),
    "a local model": (Usage(1_000_000, 1_000_000), Price(0, 0), 0.0),
}


@pytest.mark.parametrize("case", COSTS)
def test_what_tokens_cost(case: str) -> None:
    usage, price, expected = COSTS[case]
    assert cost(usage, price) == pytest.approx(expected)


def test_a_model_without_a_price_is_named_and_never_free() -> None:
    spent = account(TWO_TURNS, {"fast": FAST})
    assert spent.entries[Place(1, "triage", "fast")].cost == pytest.approx(0.00038)
    assert spent.entries[Place(1, "sales", "careful")].cost is None
    assert spent.total.cost == pytest.approx(0.00038)
    assert spent.unpriced == ("careful",)


def test_a_call_that_told_no_usage_has_no_cost() -> None:
    spent = account(turn(1, ("a", "fast", Usage()), ("a", "fast", None)), {"fast": FAST})
    assert spent == Account(1, {Place(1, "a", "fast"): Spent(calls=2)})


async def test_a_session_is_told_whole_with_the_model_that_fell_back() -> None:
    careful = Model("big-model", "careful", price=CAREFUL)
    fast = Model("small-model", "fast", fallback=(careful,), price=FAST)
    pair = graph(agent("a", hands=["b"], model=fast), agent("b", model=careful))
    down = ModelError("model 'fast' can't be reached", kind="unreachable")
    move = Turn(ModelResponse(None, (to("b"),), usage=Usage(100, 10)))
    session = await Session(pair, breaks(down), move, say("hello", tokens=50)).say()
    spent = account(session.events, prices_of(pair))
    assert spent.entries == {
        Place(1, "a", "fast"): Spent(calls=1),
        Place(1, "a", "careful"): Spent(1, 1, Usage(100, 10), 0.0007),
        Place(1, "b", "careful"): Spent(1, 1, Usage(50, 0), 0.00025),
    }
    assert spent.total.usage == session.state.usage


def test_prices_are_those_of_all_models_that_may_answer() -> None:
    other = Model("m", "careful", price=CAREFUL)
    one = agent("a", model=Model("m", "fast", price=FAST, fallback=(other,)))
    assert prices_of(graph(one, agent("b", model=Model("m", "free")))) == {"fast": FAST, "careful": CAREFUL}


# ---- for people


def lines(*texts: str) -> list[str]:
    return list(texts)


SUMMARIES = {
    "one model": (
        account(turn(1, ("a", "m", Usage(1204, 96))), {}),
        lines("1 turn, 1 model call, 1,204 tokens in, 96 out"),
    ),
    "a price": (
        account(turn(1, ("a", "m", Usage(1204, 96, 1000))), {"m": FAST}),
        lines("1 turn, 1 model call, 1,204 tokens in (1,000 cached), 96 out, cost 0.00039"),
    ),
    "several models": (
        account(TWO_TURNS, {"fast": FAST, "careful": CAREFUL}),
        lines(
            "2 turns, 4 model calls, 6,500 tokens in (400 cached), 365 out, cost 0.035",
            "  fast: 1 call, 1,000 tokens in (400 cached), 20 out, cost 0.00038",
            "  careful: 3 calls, 5,500 tokens in, 345 out, cost 0.034",
        ),
    ),
    "one price of two": (
        account(TWO_TURNS, {"careful": CAREFUL}),
        lines(
            "2 turns, 4 model calls, 6,500 tokens in (400 cached), 365 out, cost 0.034; no price is known for 'fast'",
            "  fast: 1 call, 1,000 tokens in (400 cached), 20 out",
            "  careful: 3 calls, 5,500 tokens in, 345 out, cost 0.034",
        ),
    ),
    "some replies told nothing": (
        account(turn(1, ("a", "m", Usage(1, 1)), ("a", "m", Usage()), ("a", "m", None)), {}),
        lines("1 turn, 3 model calls, 1 token in, 1 out; 2 of 3 model calls told no usage"),
    ),
    "no reply told anything": (account(turn(1, ("a", "m", Usage())), {}), []),
    "nothing was said": (account([], {}), []),
    "much money": (
        account(turn(1, ("a", "m", Usage(1_000_000_000, 0))), {"m": CAREFUL}),
        lines("1 turn, 1 model call, 1,000,000,000 tokens in, 0 out, cost 5,000.00"),
    ),
    "no money": (
        account(turn(1, ("a", "m", Usage(5, 5))), {"m": Price(0, 0)}),
        lines("1 turn, 1 model call, 5 tokens in, 5 out, cost 0"),
    ),
}


@pytest.mark.parametrize("case", SUMMARIES)
def test_the_line_at_the_end(case: str) -> None:
    spent, expected = SUMMARIES[case]
    assert summary(spent) == expected


TABLES = {
    "all there is": (
        account(TWO_TURNS, {"fast": FAST, "careful": CAREFUL}),
        """
turn  agent   model    calls  tokens in  cached  tokens out     cost
1     triage  fast         1      1,000     400          20  0.00038
1     sales   careful      1      2,000       0         300    0.016
2     sales   careful      2      3,500       0          45    0.018
all   triage               1      1,000     400          20  0.00038
all   sales                3      5,500       0         345    0.034
all           fast         1      1,000     400          20  0.00038
all           careful      3      5,500       0         345    0.034
all                        4      6,500     400         365    0.035
""",
    ),
    "one agent, one model, no price": (
        account([*turn(1, ("a", "m", Usage(10, 2))), *turn(2, ("a", "m", Usage(30, 4)))], {}),
        """
turn  agent  model  calls  tokens in  tokens out
1     a      m          1         10           2
2     a      m          1         30           4
all                     2         40           6
""",
    ),
    "what nobody told": (
        account(
            [*turn(1, ("a", "m", Usage())), *turn(2, ("a", "n", Usage(1, 2)), ("a", "o", Usage(3, 4)))], {"n": FAST}
        ),
        """
turn  agent  model  calls  tokens in  tokens out       cost
1     a      m          1          ?           ?          ?
2     a      n          1          1           2  0.0000045
2     a      o          1          3           4          ?
all          m          1          ?           ?          ?
all          n          1          1           2  0.0000045
all          o          1          3           4          ?
all                     3          4           6  0.0000045
1 of 3 model calls told no usage
no price is known for 'o'
""",
    ),
    "nothing": (account(turn(1), {}), "\nno model was asked\n"),
}


@pytest.mark.parametrize("case", TABLES)
def test_the_table(case: str) -> None:
    spent, expected = TABLES[case]
    assert table(spent) == expected.strip("\n").splitlines()


def test_the_name_of_a_model_does_not_steer_the_terminal() -> None:
    spent = account(turn(1, ("a", "m\x1b[2J", Usage(1, 1)), ("a", "n", Usage(1, 1))), {"n": FAST})
    assert not any("\x1b" in line for line in [*summary(spent), *table(spent)])
