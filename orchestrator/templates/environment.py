"""The sandbox: templates can't reach into Python, can't run for ever, and can't fill the memory.

Jinja's own sandbox keeps templates away from Python. What it lacks is a bound: here every turn of a loop, every call
and every text that is made counts against a budget, which a rendering begins with anew. The bounds are the same when
a file is validated and when it runs.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, wraps
from pathlib import Path
from types import CodeType
from typing import Any, NoReturn

from jinja2 import BaseLoader, Environment, StrictUndefined, Template, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2.filters import FILTERS
from jinja2.lexer import TokenStream
from jinja2.parser import Parser
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
from orchestrator.templates.files import Refusal, read, resolved
from orchestrator.templates.names import Names, names_of
from orchestrator.templates.tokens import Places, TooComplex, normal, tokens

_STEPS_PER_FILE = 50
_TOO_DEEP = "brackets, blocks or operators are nested too deeply, one in the other"
_COUNTED, _JOINED, _CHARGED, _WEIGHED = (
    "counted turns",
    "joined text",
    "charged text",
    "weighed value",
)  # filters whose names nobody can write


class _Bounding(NodeTransformer):
    """Puts the counting into a template: where it loops, compares, cuts out, or joins texts with ``~``."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, _COUNTED, [], [], None, None, lineno=node.lineno)
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
        return nodes.Filter(parts, _JOINED, [], [], None, None, lineno=node.lineno)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        return _weighed(node) if isinstance(node.arg, nodes.Slice) else node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        node.expr = _weighed(node.expr)
        for operand in node.ops:
            operand.expr = _weighed(operand.expr)
        return node


def _weighed(node: nodes.Expr) -> nodes.Expr:
    """Pay for the size of what is compared or cut out."""
    if isinstance(node, nodes.Const):
        return node
    return nodes.Filter(node, _WEIGHED, [], [], None, None, lineno=node.lineno)


def _price(node: nodes.For | nodes.Macro | nodes.CallBlock) -> nodes.Node:
    """Pay for the plain text in a body, each time that it is gone through."""
    chars = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
    charge = nodes.Filter(nodes.Const(chars), _CHARGED, [], [], None, None, lineno=node.lineno)
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
        text = read(Path(template), self.root)
        if isinstance(text, Refusal):
            raise TemplateNotFound(template, text.message)
        return text, template, None


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with bounds; included names are relative to the file that includes."""

    intercepted_binops = frozenset({"+", "-", "*", "**", "/", "//", "%"})

    def __init__(self, root: Path) -> None:
        super().__init__(
            loader=_Files(root),
            undefined=StrictUndefined,
            finalize=printed,
            autoescape=False,  # prompts are text, not HTML
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            optimized=False,  # what folds constants would write them into the trees, which serve the analysis too
        )
        self.root = root
        del self.globals["lipsum"]
        del self.filters["urlize"]  # it makes HTML, and takes seconds for a long text
        self.filters = {name: _kept(function) for name, function in self.filters.items()}
        self.filters |= {_COUNTED: counted, _JOINED: joined, _CHARGED: charged, _WEIGHED: weighed}
        tests: Mapping[str, Any] = self.tests
        self.tests = {name: _kept(function) for name, function in tests.items()}
        self._trees = lru_cache(maxsize=4096)(self._read)
        self._found = lru_cache(maxsize=4096)(self._named)
        self._routines = lru_cache(maxsize=4096)(self._made)

    def join_path(self, template: str, parent: str) -> str:
        """The absolute path of an included name. Each include is paid for: it reads the disk."""
        step(_STEPS_PER_FILE)
        path = resolved(template, parent)
        if isinstance(path, Refusal):
            raise TemplateNotFound(template, path.message)
        return str(path)

    def tree(self, text: str) -> nodes.Template:
        """The parsed template. Each text is parsed once; ``lineno`` of its nodes is their offset in ``normal(text)``.

        Raises:
            TemplateSyntaxError: it is no template; ``lineno`` is the offset.
        """
        return self._trees(normal(text))

    def expression(self, text: str) -> nodes.Expr:
        """The parsed expression; ``lineno`` of its nodes is their offset in ``normal(text)``.

        Raises:
            TemplateSyntaxError: it is no expression; ``lineno`` is the offset.
        """
        with _readable():
            parser = Parser(self, text, state="variable")
            tree: nodes.Expr = _Bounding().visit(parser.parse_expression())
        if not parser.stream.eos:
            raise TemplateSyntaxError("chunk after expression", parser.stream.current.lineno)
        tree.set_environment(self)
        return tree

    def names(self, text: str) -> Names:
        """What a template reads, binds and refers to. Found once for each text.

        Raises:
            TemplateSyntaxError: it is no template; ``lineno`` is the offset.
        """
        return self._found(normal(text))

    def routine(self, text: str, origin: str) -> Template:
        """The compiled template of a text in the file ``origin``. Each is compiled once.

        Raises:
            TemplateSyntaxError: it is no template; ``lineno`` is the offset.
        """
        return self._routines(text, origin)

    def handle_exception(self, source: str | None = None) -> NoReturn:
        """Raise what Jinja found with its line, as whoever asks Jinja itself expects."""
        error = sys.exc_info()[1]
        if source is not None and isinstance(error, TemplateSyntaxError):
            error.lineno = Places(source).place(error.lineno)[0]
        super().handle_exception(source)

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        read = tokens(self.lexer, source, state)
        stream = TokenStream(self.lexer.wrap(read, name, filename), name, filename)
        # it must not end where Python has no room left to end it: newer ones tell that on standard error
        stream.read = read  # type: ignore[attr-defined]
        return stream

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:  # noqa: ARG002 - Jinja's
        return self.tree(source)

    def _read(self, source: str) -> nodes.Template:
        with _readable():
            template: nodes.Template = _Bounding().visit(super()._parse(source, None, None))
        template.set_environment(self)
        return template

    def _named(self, source: str) -> Names:
        with _readable():
            return names_of(self.tree(source))

    def _made(self, text: str, origin: str) -> Template:
        code = self.compile(self.tree(text), origin, origin)
        return Template.from_code(self, code, self.make_globals(None))

    def _compile(self, source: str, filename: str) -> CodeType:
        try:
            return super()._compile(source, filename)
        except (RecursionError, SyntaxError, MemoryError, OverflowError):
            raise TooComplex(_TOO_DEEP, 0) from None

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        with _readable():
            return super()._generate(source, name, filename, defer_init)

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
        holder = getattr(__obj, "__self__", None)
        if isinstance(holder, str | list | tuple | dict):
            weighed(holder)
            modest(args, kwargs)
        return sized(super().call(__context, __obj, *args, **kwargs))


@contextmanager
def _readable() -> Iterator[None]:
    """Tell in our words what Jinja's reader runs into. A syntax error goes through."""
    try:
        yield
    except RecursionError:
        raise TooComplex(_TOO_DEEP, 0) from None
    except (ValueError, OverflowError):
        raise TooComplex("a number has too many digits", 0) from None


def _kept(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter with bounds; those that Jinja treats in a way of its own keep the marks that it looks for."""
    bounded = _bounded(function)
    for mark in ("jinja_pass_arg", "jinja_async_variant"):
        if hasattr(function, mark):
            setattr(bounded, mark, getattr(function, mark))
    return bounded


def environment(root: Path) -> Sandbox:
    """The environment of a project: one for all of its templates, so that each file is compiled once."""
    return Sandbox(root.resolve())
