"""Guards: what can be told of an expression before it runs (group 21a)."""

import pytest

from orchestrator.agents import Variable
from orchestrator.errors import RenderError
from orchestrator.templates import compile_expression, holds, names_in, never_holds

VARIABLES = {
    variable.name: variable
    for variable in (
        Variable("verified", type="boolean", default=False),
        Variable("asked", type="boolean", default=None),
        Variable("plan", default="basic", enum=("basic", "pro")),
        Variable("level", type="integer", default=1, enum=(1, 2, 3)),
        Variable("amount", type="number", default=0),
        Variable("name"),
        Variable("token", type="boolean", secret=True),
    )
}

NEVER = [
    "false",
    "not true",
    "1 == 2",
    "plan == 'gold'",
    "plan == 'gold' and amount > 3",
    "amount > 3 and plan == 'gold'",
    "verified and not verified",
    "level > 3",
    "level > 3 or plan is number",
    "not (plan == 'basic' or plan == 'pro')",
    "plan == 'pro' and plan == 'basic'",
    "plan + 1",
    "verified and plan.nothing",
    "none",
    "''",
    "asked is string",
    "1 / 0",
    "plan in ['gold', 'silver']",
]
MAYBE = [
    "true",
    "verified",
    "not verified",
    "plan == 'pro'",
    "plan == 'pro' or amount / 0",
    "amount > 3 and amount < 2",
    "name",
    "name == 'x' and plan == 'pro'",
    "asked is none",
    "asked",
    "level == 3 and verified and plan != 'pro'",
    "token",
    "not token",
    "unknown_name",
    "plan == 'gold' or amount > 3",
    "range(level) | list | length == 3",
]


@pytest.mark.parametrize("expression", NEVER)
def test_group_31_an_expression_that_never_holds(expression: str) -> None:
    assert never_holds(expression, VARIABLES)


@pytest.mark.parametrize("expression", MAYBE)
def test_group_31_nothing_is_claimed_that_is_not_proven(expression: str) -> None:
    assert not never_holds(expression, VARIABLES)


def test_group_31_what_never_holds_does_not_hold() -> None:
    for expression in NEVER:
        values = {"verified": True, "asked": True, "plan": "pro", "level": 3, "amount": 9, "name": "x", "token": True}
        assert not holds(expression, values)


def test_group_31_too_many_combinations_are_not_tried() -> None:
    many = {f"v{i}": Variable(f"v{i}", default=1, type="integer", enum=tuple(range(11))) for i in range(3)}
    assert not never_holds("v0 + v1 + v2 > 100", many)
    assert never_holds("v0 + v1 > 100", many)


NAMES = {
    "verified": (("verified", 1),),
    "verified and amount < limit": (("verified", 1), ("amount", 14), ("limit", 23)),
    "x in [y, x] and z.x": (("x", 1), ("y", 7), ("x", 10), ("z", 17)),
    "range(3) | list": (),
    "order['x'] is defined": (("order", 1),),
    "true and none": (),
}


@pytest.mark.parametrize("expression", NAMES)
def test_group_21a_the_names_of_an_expression_and_their_columns(expression: str) -> None:
    assert names_in(expression) == NAMES[expression]


BROKEN = {
    "verified and": "something is missing after 'and'",
    "": "there is no expression",
    "{{ verified }}": "an expression is written without {{ }}",
    "verified = true": "'=' does not compare",
    "verified && amount": "'and' is written as a word",
    "verified || amount": "'or' is written as a word",
    "!verified": "'not' is written as a word",
    "(verified": "something is missing after 'verified'",
    "verified)": "')' closes nothing",
    "verified amount": "'amount' can't follow 'verified'",
    "verified | no_such_filter": "there is no filter 'no_such_filter'",
    "verified is no_such_test": "there is no test 'no_such_test'",
    "'verified": "the quote ' is never closed",
    "(" * 10_000: "brackets, blocks or operators are nested too deeply, one in the other",
    "not " * 10_000 + "x": "brackets, blocks or operators are nested too deeply, one in the other",
    "9" * 10_000: "a number has too many digits",
}


@pytest.mark.parametrize("expression", BROKEN, ids=lambda text: text[:30])
def test_group_30_a_broken_expression_in_our_words(expression: str) -> None:
    with pytest.raises(RenderError) as caught:
        compile_expression(expression)
    assert str(caught.value) == BROKEN[expression]
    assert not never_holds(expression, VARIABLES)
