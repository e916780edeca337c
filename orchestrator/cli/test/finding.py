"""Which tests are meant: test files, all of them in a folder, or one test of a file."""

import ast
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from orchestrator.cli.options import meant

_WORD = re.compile(r"[\w:+.\[\]\\/-]+|[()]")
_JOINING = {"and", "or", "not", "(", ")"}
_BEGIN = (
    "A test file is named like NAME.test.yaml, and says in `file` which agents it is about, and in `tests` what must "
    "happen; docs/testing.md shows how. `orchestrate new NAME` begins a project that has one."
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A test file, by its real path, and one test of it or all. It may be anything that is named like one."""

    path: Path
    test: str | None = None

    @property
    def is_file(self) -> bool:
        """Whether pytest can be told: it begins with no pipe, and with no link to nothing."""
        return os.path.isfile(self.path)  # noqa: PTH113 - raises for no path

    @property
    def argument(self) -> str:
        """How pytest is told."""
        return str(self.path) if self.test is None else f"{self.path}::{self.test}"


def chosen(arguments: Sequence[str]) -> list[Chosen]:
    """Give what the arguments mean, each once; without any, the test files in the working directory and below it.

    Raises:
        click.UsageError: one of them means nothing.
    """
    return list(dict.fromkeys(each for text in arguments or ["."] for each in _chosen(text)))


def is_expression(text: str) -> bool:
    """Whether pytest understands a text behind ``-k``: words, and, or, not, and brackets."""
    words = _WORD.findall(text)
    if "".join(words) != "".join(text.split()):
        return False
    try:
        tree = ast.parse(" ".join(word if word in _JOINING else "True" for word in words), mode="eval")
    except (SyntaxError, MemoryError, RecursionError):
        return False
    return not any(isinstance(node, ast.Call | ast.Tuple) for node in ast.walk(tree))


def _chosen(text: str) -> Iterator[Chosen]:
    path, test = _parted(text)
    if not os.path.lexists(path):
        raise click.UsageError(f"Path {str(path)!r} does not exist.")
    if path.is_dir() and test is None:
        files = [Chosen(_usable(file)) for file in _suites(path)]
        if not files:
            where = "in this folder" if text == "." else f"in the folder {text!r}"
            raise click.UsageError(f"There is no test file {where} or below it. {_BEGIN}")
        yield from files
        return
    _check(path)
    if test is None:
        yield Chosen(_usable(path))
    else:
        yield from _named(path, test)


def _parted(text: str) -> tuple[Path, str | None]:
    """A path, and the name of a test behind two colons. Those in a path that is there do not count."""
    path, colons, test = text.partition("::")
    if not colons or os.path.lexists(text):
        return Path(text), None
    return Path(path), test


def _suites(folder: Path) -> Iterator[Path]:
    from orchestrator.survey import yaml_files
    from orchestrator.testing.plugin import SUFFIXES

    return (path for path in yaml_files(folder) if path.name.endswith(SUFFIXES))


def _check(path: Path) -> None:
    from orchestrator.testing.plugin import SUFFIXES

    if not path.name.endswith(SUFFIXES):
        beside = path.with_name(f"{path.stem}{SUFFIXES[0]}")
        hint = f"did you mean {str(beside)!r}?" if beside.is_file() else "test files are named like NAME.test.yaml."
        raise click.UsageError(f"{str(path)!r} is no test file, by its name: {hint}")


def _named(path: Path, test: str) -> Iterator[Chosen]:
    """A test by its name, with all its cases, or one case. A file that can't be used is taken whole, to tell why."""
    from orchestrator.source import Source
    from orchestrator.spec.suite_names import one_line
    from orchestrator.testing.reading import cases_of, read_suite

    try:
        suite, _ = read_suite(Source.read(path), path)
    except OSError:
        suite = None
    cases = [] if suite is None else list(cases_of(suite))
    named = [case for case in cases if one_line(test) in {one_line(case.test), one_line(case.name)}]
    if cases and not named:
        hint = meant(test, dict.fromkeys(case.test for case in cases), "there are")
        raise click.UsageError(f"{str(path)!r} has no test named {test!r}; {hint}")
    yield from (Chosen(_usable(path), one_line(case.name)) for case in named)
    if not cases:
        yield Chosen(_usable(path))


def _usable(path: Path) -> Path:
    from orchestrator.testing.plugin import SUFFIXES

    real = os.path.realpath(path)  # resolve() raises RuntimeError for links in a circle
    if not os.path.isfile(real) or not real.endswith(SUFFIXES):  # noqa: PTH113 - never raises
        # a link to what nobody would take for a test file goes by its own name
        real = os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118
    if "[" in real or "::" in real:
        raise click.UsageError(f"{str(path)!r} can't be tested: pytest takes no path with '[' or '::' in it.")
    return Path(real)
