"""Jinja for instructions: sandboxed, strict, with includes that stay inside the project."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from jinja2 import BaseLoader, Environment, StrictUndefined, Template, TemplateError, TemplateNotFound
from jinja2.environment import TemplateExpression
from jinja2.exceptions import TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from orchestrator.errors import RenderError


class _Files(BaseLoader):
    """Loads included templates by their absolute path, from inside one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:  # noqa: ARG002 - Jinja's
        """Read a file; Jinja asks by the absolute path that ``join_path`` gave."""
        path = Path(template)
        if not path.resolve().is_relative_to(self.root):
            raise TemplateNotFound(template, f"{path.name!r} lies outside the project {str(self.root)!r}")
        try:
            return path.read_text(encoding="utf-8"), template, None
        except OSError as error:
            raise TemplateNotFound(template, f"can't read {template!r}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise TemplateNotFound(template, f"{template!r} is not UTF-8") from None


class _Environment(ImmutableSandboxedEnvironment):
    """Included names are relative to the file that includes."""

    def join_path(self, template: str, parent: str) -> str:
        """The absolute path of an included name."""
        return str((Path(parent).parent / template).resolve())


def environment(root: Path) -> Environment:
    """The environment of a project: one for all of its templates, so that each file is compiled once."""
    return _Environment(
        loader=_Files(root.resolve()),
        undefined=StrictUndefined,
        autoescape=False,  # prompts are text, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


_expressions = _Environment(undefined=StrictUndefined)


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> TemplateExpression:
    """Compile what a tool or a handoff requires. Compiled once, however many agents and sessions use it.

    Raises:
        RenderError: it is no expression.
    """
    try:
        return _expressions.compile_expression(text, undefined_to_none=False)
    except TemplateSyntaxError as error:
        raise RenderError(error.message or "is no expression") from None


def holds(text: str, variables: Mapping[str, object]) -> bool:
    """Whether an expression is true of these variables. What can't be told is false: nothing is allowed by accident."""
    try:
        return bool(compile_expression(text)(**variables))
    except Exception:  # noqa: BLE001 - an expression may raise anything
        return False


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
        try:
            return self._template.render(context)
        except TemplateError as error:
            raise RenderError(error.message or type(error).__name__) from None
        except Exception as error:  # noqa: BLE001 - an expression may raise anything
            raise RenderError(f"{type(error).__name__}: {error}") from None
