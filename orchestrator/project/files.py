"""A file of agents and all that it includes, each real file read once."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.diagnostics import Diagnostic
from orchestrator.project.parts import Placed
from orchestrator.source import Source
from orchestrator.spec import FileSpec, Reading, nearest, read_spec

MAX_FILES = 1_000
"""The most files of one project."""

OTHER_KINDS = (".test.yaml", ".test.yml", ".script.yaml", ".script.yml")
"""How the names of YAML files end that are no files of agents."""

_MAGIC = frozenset("*?[")
_SHOWN = 80
_MOST_PARTS = 40
_MOST_STARS = 2  # each one more multiplies the time of the search by the depth of the folders


@dataclass(frozen=True)
class File:
    """A file of a project: its real path, and what it says."""

    path: Path
    reading: Reading[FileSpec]


@dataclass(frozen=True)
class Files:
    """A root and its parts, in the order in which they were met.

    ``complete`` is False when one of them could not be found or read: then nobody can tell which names there are.
    """

    root: File
    parts: tuple[File, ...]
    folder: Path
    diagnostics: tuple[Diagnostic, ...]
    complete: bool

    @property
    def all(self) -> tuple[File, ...]:
        """The root and its parts."""
        return self.root, *self.parts


Read = Callable[[Path, str], Reading[FileSpec]]


def read_file(path: Path, shown: str) -> Reading[FileSpec]:
    """Read one file, which messages call ``shown``. Raises OSError when it can't be opened."""
    return read_spec(Source.read(path, shown))


def read_files(path: Path, root: Reading[FileSpec], read: Read = read_file) -> Files:
    """Read all that a file includes. ``path`` is its real one, ``root`` what it says; ``read`` reads the others."""
    reader = _Reader(root_of(path), Path(root.source.path).is_absolute(), read)
    reader.run(File(path, root))
    first, *parts = reader.files.values()
    return Files(first, tuple(parts), reader.folder, tuple(reader.found), reader.complete)


def called(path: Path, *, absolute: bool) -> str:
    """What people call a file: its path from the working directory, or the whole of it."""
    return str(path) if absolute else os.path.relpath(path)


def root_of(path: Path) -> Path:
    """The project root of a YAML file: the nearest folder at or above it with ``pyproject.toml`` or ``.git``.

    Where there is none it is the file's own folder, or its parent when that is named ``agents``.
    """
    folder = Path(os.path.realpath(path)).parent
    for candidate in (folder, *folder.parents):
        if (candidate / "pyproject.toml").exists() or (candidate / ".git").exists():
            return candidate
    return folder.parent if folder.name == "agents" else folder


def includes_of(path: Path, reading: Reading[FileSpec]) -> Iterator[Path]:
    """The real paths of the files that a file includes, as far as they are there."""
    for _, entry in _entries(path, reading):
        if not isinstance(entry, _Missing):
            yield from (match.resolve() for match in entry)


@dataclass(frozen=True, slots=True)
class _Missing:
    """Why an entry of ``include`` leads nowhere."""

    message: str
    hint: str
    code: str = "include-missing"


@dataclass
class _Reader:
    """Reads one file after the other, depth first; ``chain`` leads from the root to the one that is read now."""

    folder: Path
    absolute: bool
    read: Read
    files: dict[Path, File] = field(default_factory=dict)
    found: list[Diagnostic] = field(default_factory=list)
    complete: bool = True

    def run(self, root: File) -> None:
        """Take a file, and then what it includes."""
        self._add(root)
        chain = [root.path]
        waiting = [self._included(root)]
        while waiting:
            step = next(waiting[-1], None)
            if step is None:
                waiting.pop()
                chain.pop()
                continue
            entry, included = step
            if included in chain:
                self._tell_cycle(entry, [*chain[chain.index(included) :], included])
            elif included not in self.files and (file := self._read(entry, included)):
                self._add(file)
                chain.append(included)
                waiting.append(self._included(file))

    def _add(self, file: File) -> None:
        self.files[file.path] = file
        self.complete = self.complete and file.reading.spec is not None

    def _read(self, entry: Placed[str], path: Path) -> File | None:
        shown = called(path, absolute=self.absolute)
        if len(self.files) >= MAX_FILES:
            self._miss(entry, _Missing(f"the project has more than {MAX_FILES:,} files", "include fewer", "too-large"))
            return None
        try:
            return File(path, self.read(path, shown))
        except OSError as error:
            self._miss(entry, _Missing(f"{shown!r} can't be read: {error.strerror}", "see who may read it"))
            return None

    def _miss(self, entry: Placed[str], missing: "_Missing") -> None:
        self.complete = False
        self.found.append(entry.fault(code=missing.code, message=missing.message, hint=missing.hint))

    def _included(self, file: File) -> Iterator[tuple[Placed[str], Path]]:
        """Each real file that a file includes, with the entry that says so. What leads nowhere is told."""
        for entry, matches in _entries(file.path, file.reading, self.folder):
            if isinstance(matches, _Missing):
                self._miss(entry, matches)
                continue
            for match in matches:
                real = match.resolve()
                if real.is_relative_to(self.folder):
                    yield entry, real
                else:
                    self._miss(entry, _outside(f"{entry.spec!r} is a link that leads", self.folder))

    def _tell_cycle(self, entry: Placed[str], chain: Iterable[Path]) -> None:
        names = " -> ".join(called(path, absolute=self.absolute) for path in chain)
        message = f"the files include each other in a circle: {names}"
        self.found.append(entry.fault(code="include-cycle", message=message, hint="leave out one of these includes"))


def _entries(
    path: Path, reading: Reading[FileSpec], folder: Path | None = None
) -> Iterator[tuple[Placed[str], list[Path] | _Missing]]:
    for index, text in (reading.spec.include if reading.spec else {}).items():
        try:
            found = _matches(path, text, folder or root_of(path))
        except (OSError, ValueError) as error:  # a name that no file can have
            found = _Missing(
                f"{text[:_SHOWN]!r} can't be the path of a file: {_why(error)}", "write the path of a file"
            )
        yield Placed(text, reading.source, ("include", index)), found


def _matches(path: Path, text: str, folder: Path) -> list[Path] | _Missing:
    """The files that an entry stands for, sorted; a glob never matches the file itself, tests or scripts."""
    target = path.parent / text
    parts = Path(text).parts
    first = next((index for index, part in enumerate(parts) if _MAGIC & set(part)), len(parts))
    base = Path(os.path.normpath(path.parent.joinpath(*parts[:first])))
    if not base.is_relative_to(folder):
        return _outside(f"{text!r} leads", folder)
    if first == len(parts) or target.is_file():
        return _why_not(path, target, text) or [target]
    pattern = _pattern(parts[first:])
    if isinstance(pattern, _Missing):
        return pattern
    found = _globbed(base, pattern)
    matches = sorted(match for match in found if match.resolve() != path)
    return matches or _Missing(
        f"no file matches {text[:_SHOWN]!r}", f"paths are relative to {path.parent.name or '/'}/"
    )


def _pattern(parts: Sequence[str]) -> "str | _Missing":
    """The pattern for the parts of a path from its first sign of a glob on: ``**/**`` says no more than ``**``."""
    if any("**" in part and part != "**" for part in parts):
        return _Missing("'**' stands alone between two slashes", "write **/*.yaml for the files in all folders")
    kept = [part for part, before in zip(parts, ("", *parts), strict=False) if not part == before == "**"]
    if len(kept) > _MOST_PARTS or kept.count("**") > _MOST_STARS:
        return _Missing("the pattern has too many parts", "name the folders, with few stars")
    return "/".join(kept)


def _globbed(base: Path, pattern: str) -> Iterator[Path]:
    for match in base.glob(pattern):
        hidden = any(part.startswith(".") for part in match.relative_to(base).parts)
        if match.is_file() and not hidden and _is_ours(match.name):
            yield match


def _is_ours(name: str) -> bool:
    return not name.endswith(OTHER_KINDS)


def _why_not(path: Path, target: Path, text: str) -> _Missing | None:
    if text.endswith(OTHER_KINDS):
        return _Missing(f"{text!r} is no file of agents, by its name", "include files of agents only", "bad-value")
    if target.is_dir():
        return _Missing(f"{text!r} is a folder", f"write {text.rstrip('/')}/*.yaml for the files in it")
    if not target.exists():
        others = target.parent.glob("*.y*ml") if target.parent.is_dir() else ()
        beside = [each.name for each in others if each.is_file() and each.resolve() != path and _is_ours(each.name)]
        meant = nearest(target.name, sorted(beside))
        hint = f"did you mean {str(Path(text).with_name(meant))!r}?" if meant else "paths are relative to this file"
        return _Missing(f"there is no file {text[:_SHOWN]!r}", hint)
    return None


def _outside(what: str, folder: Path) -> _Missing:
    message = f"{what} out of the project, which is {str(folder)!r}"
    return _Missing(message, "include files from inside the project", "path-outside-project")


def _why(error: OSError | ValueError) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else "it has characters that no path has"
