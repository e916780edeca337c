"""The sandbox: templates can't reach into Python, can't run for ever, and can't fill the memory.

Jinja's own sandbox keeps templates away from Python. What it lacks is a bound: here every turn of a loop, every call
and every text that is made counts against a budget, which a rendering begins with anew. The bounds are the same when
a file is validated and when it runs.
"""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound, nodes
from jinja2.filters import FILTERS
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from orchestrator.templates.budget import (
    charged,
    counted,
    joined,
    modest,
    printed,
    refuse_growth,
    refuse_widths,
    sized,
    step,
    weighed,
)


class _Bounding(NodeTransformer):
    """Puts the counting into a template: into its loops, and where ``~`` joins texts."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "_counted", [], [], None, None, lineno=node.lineno)
        node.body.insert(0, _price(node))
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        node.body.insert(0, _price(node))
        return node

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        node.body.insert(0, _price(node))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(parts, "_joined", [], [], None, None, lineno=node.lineno)


def _price(node: nodes.For | nodes.Macro | nodes.CallBlock) -> nodes.Node:
    """Pay for the plain text in a body, each time that it is gone through."""
    chars = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
    charge = nodes.Filter(nodes.Const(chars), "_charged", [], [], None, None, lineno=node.lineno)
    return nodes.ExprStmt(charge, lineno=node.lineno)


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter, test or method whose arguments and result are bounded."""

    first = 2 if hasattr(function, "jinja_pass_arg") else 1  # what is filtered may be any number

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        step()
        if function is FILTERS["format"]:
            refuse_widths(str(args[0]), args[1:], kwargs)
        else:
            modest(args[first:], kwargs)
        for value in args[:first]:
            weighed(value)
        return sized(function(*args, **kwargs))

    return call


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


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with bounds; included names are relative to the file that includes."""

    intercepted_binops = frozenset({"+", "-", "*", "**", "/", "//", "%"})

    def __init__(self, **options: Any) -> None:
        super().__init__(finalize=printed, **options)
        del self.globals["lipsum"]
        self.filters = {name: _kept(function) for name, function in self.filters.items()}
        self.filters |= {"_counted": counted, "_joined": joined, "_charged": charged}

    def join_path(self, template: str, parent: str) -> str:
        """The absolute path of an included name."""
        return str((Path(parent).parent / template).resolve())

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template: nodes.Template = _Bounding().visit(super()._parse(source, name, filename))
        template.set_environment(self)
        return template

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute what an operator makes, if it is not too large."""
        step()
        if operator in {"*", "**"}:
            refuse_growth(operator, left, right)
        if operator == "%" and isinstance(left, str):
            refuse_widths(left, right)
        return sized(super().call_binop(context, operator, left, right))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Jinja's safe ``str.format``, with its widths bounded."""
        wrapper = super().wrap_str_format(value)
        if wrapper is None:
            return None
        text = value.__self__

        def format_text(*args: Any, **kwargs: Any) -> str:
            refuse_widths(text, args, kwargs)
            return wrapper(*args, **kwargs)

        return format_text

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805, PYI063 - Jinja's
        """Call a function, a method or a macro."""
        step()
        if isinstance(getattr(__obj, "__self__", None), str | list | tuple):
            modest(args, kwargs)
        return sized(super().call(__context, __obj, *args, **kwargs))


def _kept(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter with bounds; those that Jinja treats in a way of its own keep the marks that it looks for."""
    bounded = _bounded(function)
    for mark in ("jinja_pass_arg", "jinja_async_variant"):
        if hasattr(function, mark):
            setattr(bounded, mark, getattr(function, mark))
    return bounded


def environment(root: Path) -> Sandbox:
    """The environment of a project: one for all of its templates, so that each file is compiled once."""
    return Sandbox(
        loader=_Files(root.resolve()),
        undefined=StrictUndefined,
        autoescape=False,  # prompts are text, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
