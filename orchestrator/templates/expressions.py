"""Guards: expressions over the variables, compiled once, and what can be told of them before they run."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from jinja2 import nodes
from jinja2.environment import TemplateExpression
from jinja2.exceptions import TemplateSyntaxError

from orchestrator.agents import Variable
from orchestrator.errors import RenderError
from orchestrator.templates.budget import begin_budget
from orchestrator.templates.environment import Sandbox
from orchestrator.templates.syntax import explain_syntax
from orchestrator.templates.values import Conditions, combinations, compiled, domain

_sandbox = Sandbox(Path("/"))  # expressions include no files


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> TemplateExpression:
    """Compile what a tool or a handoff requires. Compiled once, however many agents and sessions use it.

    Raises:
        RenderError: it is no expression.
    """
    tree = _tree(text)
    try:
        return compiled(_sandbox, tree)
    except TemplateSyntaxError as error:
        raise _render_error(error, text) from None


def holds(text: str, variables: Mapping[str, object]) -> bool:
    """Whether an expression is true of these variables. What can't be told is false: nothing is allowed by accident."""
    begin_budget()
    try:
        return bool(compile_expression(text)(**variables))
    except Exception:  # noqa: BLE001 - an expression may raise anything
        return False


def names_in(expression: str) -> tuple[tuple[str, int], ...]:
    """Give each use of a variable in an expression, with its column from 1.

    Raises:
        RenderError: it is no expression.
    """
    tree = _tree(expression)
    found = [node for node in (tree, *tree.find_all(nodes.Name)) if isinstance(node, nodes.Name)]
    places = {(node.lineno + 1, node.name) for node in found if node.name not in _sandbox.globals}
    return tuple((name, column) for column, name in sorted(places))


def never_holds(expression: str, variables: Mapping[str, Variable]) -> bool:
    """Whether it is proven that no values of the variables make an expression true. An error counts as not true.

    Variables with an enum and booleans are tried out; of others nothing is assumed.
    """
    try:
        tree, names = _tree(expression), {name for name, _ in names_in(expression)}
    except RenderError:
        return False
    domains = {name: values for name in names & variables.keys() if (values := domain(variables[name])) is not None}
    every = combinations(domains)
    if every is None:
        return False
    begin_budget()
    conditions = Conditions(_sandbox)
    try:
        return not any(True in conditions.outcomes(tree, values) for values in every)
    except RecursionError:
        return False


@lru_cache(maxsize=4096)
def _tree(text: str) -> nodes.Expr:
    try:
        return _sandbox.expression(text)
    except TemplateSyntaxError as error:
        raise _render_error(error, text) from None


def _render_error(error: TemplateSyntaxError, text: str) -> RenderError:
    fault = explain_syntax(error, text, _sandbox.lexer, bare=True)
    return RenderError(fault.message, fault.line, fault.column, fault.hint)
