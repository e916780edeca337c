"""The text of a module: read once and parsed, never run."""

import ast
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.util import decode_source
from pathlib import Path
from types import CodeType

from orchestrator.diagnostics import Span

MAX_BYTES = 250_000
"""The most of a module that is read."""

_DEF = re.compile(r"(?:async\s+)?def\s+")

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class Text:
    """A module's text. ``path`` is what people know it by.

    ``error`` says why there is no ``tree``; with neither, the text is nested more deeply than a tree can be.
    """

    path: str
    text: str
    tree: ast.Module | None
    error: Exception | None = None

    @cached_property
    def words(self) -> frozenset[str]:
        """The constant texts that could be names, and the names of keyword arguments."""
        return frozenset(_words(self.tree)) if self.tree else frozenset()

    def definition(self, code: CodeType) -> Span | None:
        """Where the function with this code is defined."""
        node = self._definitions.get((code.co_firstlineno, code.co_name))
        return self.name_of(node) if node else None

    def name_of(self, node: FunctionNode) -> Span:
        """The name of a function where it is defined; of a lambda, the whole."""
        if not isinstance(node, ast.Lambda):
            start = _DEF.match(self._line(node.lineno), self._column(node.lineno, node.col_offset))
            column = start.end() + 1 if start else 1
            return Span(self.path, node.lineno, column, node.lineno, column + len(node.name))
        return self.span(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)

    def span(self, line: int, start: int | None, end_line: int | None, end: int | None) -> Span:
        """A place by lines from 1 and columns as Python counts them: bytes of UTF-8, from 0."""
        column = self._column(line, start or 0) + 1
        if end is None or end_line is None or end_line < line:
            return Span(self.path, line, column, line, column + 1)
        return Span(self.path, line, column, end_line, self._column(end_line, end) + 1)

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def _definitions(self) -> Mapping[tuple[int, str], FunctionNode]:
        """Functions by the line on which Python says that they begin, that of the first decorator, and name."""
        found: dict[tuple[int, str], FunctionNode] = {}
        for node in ast.walk(self.tree) if self.tree else ():
            if isinstance(node, ast.Lambda):
                found.setdefault((node.lineno, "<lambda>"), node)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[min([node.lineno, *(each.lineno for each in node.decorator_list)]), node.name] = node
        return found

    def _line(self, number: int) -> str:
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    def _column(self, line: int, offset: int) -> int:
        return len(self._line(line).encode("utf-8", "replace")[:offset].decode("utf-8", "ignore"))


class Texts:
    """The texts of modules, each read once."""

    def __init__(self) -> None:
        self.shown: dict[str, str] = {}
        self._known: dict[Path, Text | None] = {}

    def read(self, file: Path) -> Text | None:
        """Read a module; None when it is not a file, can't be opened, or is larger than ``MAX_BYTES``."""
        if file not in self._known:
            self._known[file] = text = _read(file)
            if text is not None:
                self.shown[text.path] = text.text
        return self._known[file]


def shown(file: Path) -> str:
    """What people know a file by: below the working directory the way from there, else the whole path."""
    here = Path.cwd()
    return os.path.relpath(file, here) if file.is_relative_to(here) else str(file)


def _read(file: Path) -> Text | None:
    try:
        if not file.is_file() or file.stat().st_size > MAX_BYTES:
            return None
        data = file.read_bytes()
    except OSError:
        return None
    try:
        text = decode_source(data)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        text = data.decode("utf-8", "replace")
    try:
        tree = _parsed(data, file)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Text(shown(file), text, None, error.with_traceback(None))
    return Text(shown(file), text, tree)


def _parsed(data: bytes, file: Path) -> ast.Module | None:
    """The tree of a module that compiles; None where it is nested more deeply than a tree can be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(data, str(file), "exec", dont_inherit=True)  # some faults of syntax show only here
        with suppress(RecursionError, MemoryError):
            return ast.parse(data, str(file))
    return None


def _words(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if text.isidentifier():
                yield text
            case ast.keyword(arg=str(name)):
                yield name
            case _:
                pass
