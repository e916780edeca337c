"""Guards: expressions over the variables, compiled once."""

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import StrictUndefined
from jinja2.environment import TemplateExpression
from jinja2.exceptions import TemplateSyntaxError

from orchestrator.errors import RenderError
from orchestrator.templates.budget import begin_budget
from orchestrator.templates.environment import Sandbox

_sandbox = Sandbox(undefined=StrictUndefined)


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> TemplateExpression:
    """Compile what a tool or a handoff requires. Compiled once, however many agents and sessions use it.

    Raises:
        RenderError: it is no expression.
    """
    try:
        return _sandbox.compile_expression(text, undefined_to_none=False)
    except TemplateSyntaxError as error:
        raise RenderError(error.message or "is no expression") from None


def holds(text: str, variables: Mapping[str, object]) -> bool:
    """Whether an expression is true of these variables. What can't be told is false: nothing is allowed by accident."""
    begin_budget()
    try:
        return bool(compile_expression(text)(**variables))
    except Exception:  # noqa: BLE001 - an expression may raise anything
        return False
