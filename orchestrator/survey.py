"""Everything that is wrong with several files and folders, each file judged once, and parts through their roots."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.checks import in_order, silenced
from orchestrator.diagnostics import Diagnostic, Related, Severity, Span
from orchestrator.loader import Examined, examine
from orchestrator.project import called, includes_of, read_file, read_files, root_of
from orchestrator.source import Source
from orchestrator.spec import FileSpec, Reading, read_spec

if TYPE_CHECKING:
    from orchestrator.testing.outcome import Suite

STDIN = "<stdin>"

_SUFFIXES = (".yaml", ".yml")
_SCRIPTS = (".script.yaml", ".script.yml")
_TESTS = (".test.yaml", ".test.yml")
_LOOKED_INTO = 1_000_000  # bytes
_NOT_OURS = {"node_modules", "__pycache__", "venv", "site-packages"}
_SEARCHED = 2_000
"""The most files of a project among which the roots of a part are looked for."""
# what can't be told of a part alone: if nothing else is wrong with a file, it is worth while to look for its roots
_OF_PARTS = {"missing-key", "missing-model", "unknown-agent", "unknown-model", "undefined-variable", "ambiguous-entry"}


@dataclass(frozen=True)
class Survey:
    """What was found.

    ``files`` are the YAML files that were checked, as people call them; ``diagnostics`` stand in the order of the text,
    without those that comments silence; ``texts`` are those of the files that spans point into, by the path in the
    span. A change of one of the ``watched`` files may change what is found.
    """

    files: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    watched: frozenset[Path]


def survey(paths: Sequence[Path], *, imports: bool = True, stdin: str | bytes | None = None) -> Survey:
    """Check files, and all YAML files in folders.

    Args:
        paths: files and folders.
        imports: import tool modules; else they are parsed only, and none of their code runs.
        stdin: a text to be checked as a file of agents that lies in the working directory.
    """
    surveyor = _Surveyor(imports)
    for path in paths:
        surveyor.take(path)
    if stdin is not None:
        surveyor.files[Path.cwd() / STDIN] = read_spec(Source.parse(STDIN, stdin))
    for path in surveyor.roots():
        surveyor.examine(path)
    surveyor.judge_suites()
    found = silenced(surveyor.told(), surveyor.texts, all_checked=imports)
    watched = frozenset(Path(text) for text in surveyor.texts if text != STDIN)
    return Survey(tuple(surveyor.names), tuple(in_order(found)), surveyor.texts, watched)


def roots_of(path: Path) -> tuple[str, ...]:
    """The files in the project that include this one, directly or not, and are included by none."""
    surveyor = _Surveyor(imports=False)
    return tuple(called(root, absolute=False) for root in surveyor.roots_of(path.resolve()))


def yaml_files(folder: Path) -> Iterator[Path]:
    """The YAML files in a folder and below it, without hidden ones and what package managers put there."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _NOT_OURS)
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield Path(place, name)


@dataclass
class _Surveyor:
    """Collects what is found. ``files`` are those of agents that were asked for, by their real paths, in order."""

    imports: bool
    files: dict[Path, Reading[FileSpec]] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    found: list[Diagnostic] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    suites: list["Suite"] = field(default_factory=list)
    _users: dict[str, set[str]] = field(default_factory=dict)
    _tellers: dict[Diagnostic, list[str]] = field(default_factory=dict)
    _judged: dict[Path, Examined] = field(default_factory=dict)
    _read: dict[Path, Reading[FileSpec]] = field(default_factory=dict)
    _searched: dict[Path, Mapping[Path, list[Path]]] = field(default_factory=dict)

    def take(self, path: Path) -> None:
        """Take a file or a folder that is to be checked."""
        for each in yaml_files(path) if path.is_dir() else [path]:
            try:
                self._take_file(each)
            except OSError as error:
                fault = Diagnostic(Span(str(each)), "not-a-file", f"it can't be read: {error.strerror}")
                self.names.setdefault(str(each))
                self.found.append(fault)

    def _take_file(self, path: Path) -> None:
        real = Path(os.path.realpath(path))  # resolve() raises RuntimeError for links in a circle
        if not path.name.endswith((*_SCRIPTS, *_TESTS)):
            self.files.setdefault(real, self.reading(real, str(path)))
        elif str(path) not in self.names:
            source = Source.read(path)
            self._note(str(path), source.text)
            self.found += self._take_suite(source, real) if path.name.endswith(_TESTS) else _script_faults(source)

    def _take_suite(self, source: Source, real: Path) -> Sequence[Diagnostic]:
        """Take a test file, and with it the agents that it names: without them nobody can tell whether it is sound."""
        from orchestrator.testing.reading import read_suite

        suite, found = read_suite(source, real)
        if suite is None:
            return found
        shown = called(suite.agents, absolute=False)
        try:
            self.files.setdefault(suite.agents, self.reading(suite.agents, shown))
        except OSError as error:
            message = f"{shown} can't be read: {error.strerror}"
            return (*found, Diagnostic(source.locate(("file",)), "missing-file", message))
        self.suites.append(suite)
        return found

    def judge_suites(self) -> None:
        """Hold the names in test files against those that their agents have."""
        if not self.suites:
            return
        from orchestrator.testing.checking import Known, name_faults

        for suite in self.suites:
            examined = self._examined(suite.agents, self.files[suite.agents])
            self.found += name_faults(suite, Known.of_project(examined))

    def reading(self, path: Path, shown: str) -> Reading[FileSpec]:
        """What a file says. Each is read once."""
        if path not in self._read:
            self._read[path] = read_file(path, shown)
        return self._read[path]

    def roots(self) -> list[Path]:
        """The files that no other one includes; of those that include each other in a circle, the first."""
        links = self._links(self.files)
        included = {part for parts in links.values() for part in parts}
        roots = [path for path in self.files if path not in included]
        covered = _closure(roots, links)
        for path in self.files:
            if path not in covered:
                roots.append(path)
                covered |= _closure([path], links)
        return roots

    def examine(self, path: Path) -> None:
        """Check a file with all that it includes; a part through its roots."""
        examined = self._examined(path, self.files[path])
        others = self.roots_of(path) if {each.code for each in examined.diagnostics} & _OF_PARTS else []
        if not others:
            self._add(examined)
            return
        for other in others:
            self._add(self._examined(other, self.reading(other, called(other, absolute=False))))
        names = " and ".join(called(other, absolute=False) for other in others)
        span = Span(self.files[path].source.path)
        self.found.append(Diagnostic(span, "part-of", f"this is a part of {names}", None, Severity.NOTE))

    def _examined(self, path: Path, reading: Reading[FileSpec]) -> Examined:
        """A file with all that it includes. Each is examined once."""
        if path not in self._judged:
            self._judged[path] = examine(read_files(path, reading, self.reading), imports=self.imports)
        return self._judged[path]

    def roots_of(self, path: Path) -> list[Path]:
        """The roots in the project that include a file, directly or not."""
        including = self._including(root_of(path))
        above = _closure([path], including) - {path}
        return sorted(root for root in above if root not in including)

    def _including(self, folder: Path) -> Mapping[Path, list[Path]]:
        """Which files of a project include a file. A project is searched once."""
        if folder not in self._searched:
            found = islice(yaml_files(folder), _SEARCHED)
            others = [
                other for other in found if not other.name.endswith((*_SCRIPTS, *_TESTS)) and _includes_something(other)
            ]
            including: dict[Path, list[Path]] = {}
            for path, parts in self._links(other.resolve() for other in others).items():
                for part in parts:
                    including.setdefault(part, []).append(path)
            self._searched[folder] = including
        return self._searched[folder]

    def _links(self, paths: Iterable[Path]) -> dict[Path, set[Path]]:
        """Which files these files, and those that they lead to, include."""
        links: dict[Path, set[Path]] = {}
        waiting = list(paths)[::-1]
        while waiting:
            path = waiting.pop()
            if path not in links:
                links[path] = set(self._includes(path)) - {path}
                waiting += links[path]
        return links

    def _includes(self, path: Path) -> Iterator[Path]:
        reading = self.files.get(path)
        try:
            reading = reading or self.reading(path, called(path, absolute=False))
        except OSError:
            return
        yield from includes_of(path, reading)

    def told(self) -> Iterator[Diagnostic]:
        """What was found. What is wrong with a part in some of the files only that include it says in which."""
        for diagnostic in self.found:
            users, tellers = self._users.get(diagnostic.span.path, set()), self._tellers.get(diagnostic, [])
            some = tellers if len(tellers) < len(users) else []
            also = tuple(Related(Span(root), f"as a part of {root}") for root in some)
            yield replace(diagnostic, related=(*diagnostic.related, *also))

    def _add(self, examined: Examined) -> None:
        self.found += examined.diagnostics
        if examined.project is not None:
            root, *parts = (source.path for source in examined.project.sources)
            for part in parts:
                self._users.setdefault(part, set()).add(root)
            for diagnostic in examined.diagnostics:
                self._tellers.setdefault(diagnostic, []).append(root)
        for shown, text in examined.texts.items():
            self._note(shown, text)

    def _note(self, shown: str, text: str) -> None:
        self.texts[shown] = text
        if shown.endswith(_SUFFIXES) or shown == STDIN:
            self.names.setdefault(shown)


def _closure(roots: Iterable[Path], links: Mapping[Path, Iterable[Path]]) -> set[Path]:
    """What roots lead to, themselves included."""
    waiting, seen = list(roots), set[Path]()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting += links.get(path, ())
    return seen


def _includes_something(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return b"include" in file.read(_LOOKED_INTO)
    except OSError:
        return False


def _script_faults(source: Source) -> Sequence[Diagnostic]:
    from orchestrator.clients.scripted import read_script

    return read_script(source).diagnostics
