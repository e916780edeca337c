"""Expressions over variables that take few values: what they are for each combination."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from math import prod

from jinja2 import Template, nodes
from jinja2.environment import TemplateExpression
from jinja2.exceptions import TemplateSyntaxError

from orchestrator.agents import Variable
from orchestrator.templates.budget import TooExpensive
from orchestrator.templates.environment import Sandbox

MOST_COMBINATIONS = 1_000

Values = Mapping[str, object]
Outcome = bool | None
"""What a condition may come to: true, false, or None for an error."""

_ANY: frozenset[Outcome] = frozenset({True, False, None})


def domain(variable: Variable) -> tuple[object, ...] | None:
    """All values that a variable may take; None when they are too many to know, or secret."""
    if variable.secret:
        return None
    values = variable.enum or ((True, False) if variable.type == "boolean" else ())
    if not values:
        return None
    return (*values, None) if variable.default is None and None not in values else values


def combinations(domains: Mapping[str, tuple[object, ...]]) -> list[dict[str, object]] | None:
    """Every combination of the values of some names; None when they are more than ``MOST_COMBINATIONS``."""
    if prod(map(len, domains.values())) > MOST_COMBINATIONS:
        return None
    return [dict(zip(domains, values, strict=True)) for values in product(*domains.values())]


def compiled(env: Sandbox, expression: nodes.Expr) -> TemplateExpression:
    """Compile a part of a tree.

    Raises:
        TemplateSyntaxError: it uses a filter that does not exist, or is too deep.
    """
    body: list[nodes.Node] = [nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)]
    code = env.compile(nodes.Template(body, lineno=1), "expression", "expression")
    return TemplateExpression(Template.from_code(env, code, env.make_globals(None)), undefined_to_none=False)


class Conditions:
    """Conditions, of which each part is compiled once."""

    def __init__(self, env: Sandbox) -> None:
        self._env = env
        self._compiled: dict[nodes.Expr, Callable[..., object] | None] = {}

    def outcomes(self, node: nodes.Expr, values: Values) -> frozenset[Outcome]:
        """All that a condition may come to, where names without a value may be anything."""
        match node:
            case nodes.Not():
                return frozenset(None if each is None else not each for each in self.outcomes(node.node, values))
            case nodes.And():
                return frozenset(self._joined(node, values, goes_on=True))
            case nodes.Or():
                return frozenset(self._joined(node, values, goes_on=False))
            case _:
                return self._part(node, values)

    def _joined(self, node: nodes.And | nodes.Or, values: Values, *, goes_on: bool) -> Iterator[Outcome]:
        for left in self.outcomes(node.left, values):
            if left is goes_on:
                yield from self.outcomes(node.right, values)
            else:
                yield left

    def _part(self, node: nodes.Expr, values: Values) -> frozenset[Outcome]:
        if node not in self._compiled:
            self._compiled[node] = self._made(node)
        evaluate = self._compiled[node]
        if evaluate is None or not _names(node) <= values.keys() | self._env.globals.keys():
            return _ANY
        try:
            return frozenset({bool(evaluate(**values))})
        except TooExpensive:  # all combinations share a budget, so that another one may be to blame
            return _ANY
        except Exception:  # noqa: BLE001 - an expression may raise anything
            return frozenset({None})

    def _made(self, node: nodes.Expr) -> Callable[..., object] | None:
        try:
            return compiled(self._env, node)
        except TemplateSyntaxError:
            return None


def _names(node: nodes.Expr) -> set[str]:
    every: Iterable[nodes.Node] = (node, *node.find_all(nodes.Name))
    return {each.name for each in every if isinstance(each, nodes.Name)}
