"""Instructions: a routine as a template."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jinja2 import Template
from jinja2.exceptions import TemplateSyntaxError

from orchestrator.errors import RenderError
from orchestrator.templates.budget import begin_budget
from orchestrator.templates.environment import Sandbox, environment
from orchestrator.templates.failures import failure
from orchestrator.templates.files import read
from orchestrator.templates.syntax import explain_syntax
from orchestrator.templates.tokens import Places


@dataclass(frozen=True)
class Instructions:
    """A routine as a template. ``origin`` is the file that holds it: includes are relative to it.

    Raises:
        RenderError: ``text`` is no template; ``line`` of the error counts within ``text``.
    """

    text: str
    origin: str = "instructions"
    env: Sandbox | None = None

    def __post_init__(self) -> None:
        _ = self._template  # so that a broken template is found where it is made, not where it is used

    def render(self, context: Mapping[str, object]) -> str:
        """The text under these variables.

        Raises:
            RenderError: a variable is not there, an include is missing, or an expression fails.
        """
        begin_budget()
        try:
            return "".join(self._template.root_render_func(self._template.new_context(dict(context))))
        except Exception as error:  # noqa: BLE001 - an expression may raise anything
            raise self._failed(error) from None

    @cached_property
    def _template(self) -> Template:
        env = self._sandbox
        try:
            return env.routine(self.text, self.origin)
        except TemplateSyntaxError as error:
            fault = explain_syntax(error, self.text, env.lexer)
            raise RenderError(fault.message, fault.line, fault.column, fault.hint) from None

    @cached_property
    def _sandbox(self) -> Sandbox:
        return self.env or environment(Path.cwd())

    def _failed(self, error: Exception) -> RenderError:
        """What to say; a failure in an included file names it."""
        found = failure(error)
        if found.template is self._template:
            return RenderError(found.message, Places(self.text).place(found.offset)[0])
        name = found.template.name if found.template else None
        if name is None:
            return RenderError(found.message)
        text = read(Path(name), self._sandbox.root)
        line = Places(text if isinstance(text, str) else "").place(found.offset)[0]
        return RenderError(f"{name}, line {line}: {found.message}")
