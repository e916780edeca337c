"""Files of agents compared, one by one or folder by folder."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from os.path import exists, isdir, relpath
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestrator.diagnostics import Diagnostic, Severity
from orchestrator.diff import Change, Configuration, FileDiff, Kind, Subject, compare
from orchestrator.errors import UsageError
from orchestrator.loader import examine
from orchestrator.project import read_file, read_files
from orchestrator.survey import roots_of
from orchestrator.versions.git import top_of
from orchestrator.versions.roots import roots_in
from orchestrator.versions.sides import Checkouts, Side

_FILE = Subject("file")


_Pair = tuple[Side | None, Side | None]


def compare_paths(old: str, new: str) -> tuple[FileDiff, ...]:
    """Compare two files, or all files of two folders. Each may be of a revision: ``main:agents/acme.yaml``.

    Raises:
        UsageError: there is no such file, or one is a file and the other a folder.
    """
    with _checkouts() as checkouts:
        return tuple(map(_compared, _paired(checkouts.side(old), checkouts.side(new))))


def compare_revision(revision: str, paths: Sequence[str]) -> tuple[FileDiff, ...]:
    """Compare files and folders of the working tree, or all of it, with a revision.

    Raises:
        UsageError: there is no such revision, or a path is neither here nor there.
    """
    with _checkouts() as checkouts:
        pairs = [_sides(checkouts, revision, path) for path in paths or [relpath(top_of(Path.cwd()))]]
        return tuple(_compared(each) for old, new in pairs for each in _paired(old, new))


@contextmanager
def _checkouts() -> Iterator[Checkouts]:
    # what a module that hangs still holds on some systems is left to them
    with TemporaryDirectory(prefix="orchestrate-", ignore_cleanup_errors=True) as folder:
        yield Checkouts(Path(folder).resolve())


def _sides(checkouts: Checkouts, name: str, path: str) -> _Pair:
    """A path as the revision has it, and as it is now."""
    real = Path(path).resolve()
    near = next(folder for folder in (real, *real.parents) if isdir(folder))  # noqa: PTH112 - as below
    revision = checkouts.revision(name, near)
    at = real.relative_to(revision.top).as_posix()
    there = at in revision.files or revision.has_folder(at)
    old = checkouts.at(revision, at) if there else None
    new = Side(Path(path), path) if exists(path) else None  # noqa: PTH110 - Path raises for names that are too long
    if old is None and new is None:
        raise UsageError(f"there is no {path!r}, neither here nor in {name!r}")
    return old, new


def _paired(old: Side | None, new: Side | None) -> Iterator[_Pair]:
    """The files of two sides, each with its partner where it has one; those of folders by their paths."""
    folders = {side.path.is_dir() for side in (old, new) if side}
    if len(folders) > 1:
        raise UsageError("one is a file and the other a folder: compare files with files, and folders with folders")
    if folders == {False}:
        yield old, new
        return
    olds, news = _files_of(old), _files_of(new)
    if not olds and not news:
        names = " or ".join(repr(side.shown) for side in (old, new) if side)
        raise UsageError(f"there are no files of agents in {names}")
    for path in sorted(olds.keys() | news.keys()):
        yield olds.get(path), news.get(path)


def _files_of(side: Side | None) -> dict[str, Side]:
    if side is None:
        return {}
    paths = [path.relative_to(side.path).as_posix() for path in roots_in(side.path)]
    return {path: side.inner(path) for path in paths}


def _compared(pair: _Pair) -> FileDiff:
    old, new = pair
    names = (old.shown if old else None, new.shown if new else None)
    if old is None or new is None:
        kind = Kind.FILE_ADDED if old is None else Kind.FILE_REMOVED
        return FileDiff(*names, (Change(kind, _FILE),))
    before, after = _configuration(old), _configuration(new)
    if isinstance(before, Configuration) and isinstance(after, Configuration):
        changes = compare(before, after)
    elif _same(old, new):
        changes = ()
    else:
        changes = tuple(each for each in (before, after) if isinstance(each, Change))
    return FileDiff(*names, tuple(_named(change, old, new) for change in changes))


def _same(old: Side, new: Side) -> bool:
    """Whether a file that can't be loaded says the same on both sides: nothing of it was changed."""
    return old.path.is_file() and new.path.is_file() and old.path.read_bytes() == new.path.read_bytes()


def _configuration(side: Side) -> Configuration | Change:
    """What a file says with all that it includes, or why nobody can tell."""
    try:
        reading = read_file(side.path, side.called)
    except OSError as error:
        return Change(Kind.NOT_LOADED, _FILE, note=f"{side.shown} can't be read: {error.strerror}")
    examined = examine(read_files(side.path.resolve(), reading))
    errors = [each for each in examined.diagnostics if each.severity is Severity.ERROR]
    if examined.project is None or errors:
        return Change(Kind.NOT_LOADED, _FILE, note=side.told(_fault(side, errors)), where=errors[0].span)
    return Configuration(examined.project, examined.resolution)


def _fault(side: Side, errors: Sequence[Diagnostic]) -> str:
    count = "an error" if len(errors) == 1 else f"{len(errors)} errors, the first"
    told = f"{side.shown} has {count}: {errors[0].message}"
    others = roots_of(side.path) if side.folder is None else ()
    roots = [root for root in others if Path(root).resolve() != side.path.resolve()]
    return f"{told}; it is a part of {' and '.join(roots)}: compare that" if roots else told


def _named(change: Change, old: Side, new: Side) -> Change:
    """The change with its place in a file as people know it."""
    if change.where is None:
        return change
    return replace(change, where=replace(change.where, path=new.told(old.told(change.where.path))))
