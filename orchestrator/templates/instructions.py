"""Instructions: a routine as a template."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jinja2 import Environment, Template, TemplateError
from jinja2.exceptions import TemplateSyntaxError

from orchestrator.errors import RenderError
from orchestrator.templates.budget import begin_budget
from orchestrator.templates.environment import environment


@dataclass(frozen=True)
class Instructions:
    """A routine as a template. ``origin`` is the file that holds it: includes are relative to it.

    Raises:
        RenderError: ``text`` is no template; ``line`` of the error counts within ``text``.
    """

    text: str
    origin: str = "instructions"
    env: Environment | None = None

    def __post_init__(self) -> None:
        _ = self._template  # so that a broken template is found where it is made, not where it is used

    @cached_property
    def _template(self) -> Template:
        env = self.env or environment(Path.cwd())
        try:
            code = env.compile(self.text, name=self.origin, filename=self.origin)
        except TemplateSyntaxError as error:
            raise RenderError(error.message or "is no template", error.lineno) from None
        return Template.from_code(env, code, env.make_globals(None))

    def render(self, context: Mapping[str, object]) -> str:
        """The text under these variables.

        Raises:
            RenderError: a variable is not there, an include is missing, or an expression fails.
        """
        begin_budget()
        try:
            return self._template.render(context)
        except TemplateError as error:
            raise RenderError(error.message or type(error).__name__) from None
        except Exception as error:  # noqa: BLE001 - an expression may raise anything
            raise RenderError(f"{type(error).__name__}: {error}") from None
