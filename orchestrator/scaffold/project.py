"""A new project: a copy of the folder ``starter`` under another name."""

import keyword
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from orchestrator.errors import UsageError
from orchestrator.render.schemas import schema_text

_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_-]{0,48}[A-Za-z0-9])?")
_SCHEMAS = ("agents", "script", "test")


def create(folder: Path) -> tuple[str, ...]:
    """Make a project in a folder that is not there yet, or has nothing but ``.git`` in it.

    Its files have the name of the folder. Gives their paths in it. If it fails, nothing is left behind.

    Raises:
        UsageError: the folder has a name that does not do, or holds something.
        OSError: it can't be written.
    """
    real = Path(os.path.realpath(folder))
    name = _named(real)
    _check(folder, real)
    made = dict(_texts(name))
    staged = (real if real.exists() else real.parent) / f".{name}.{os.getpid()}.new"
    try:
        _write(staged, made)
        if real.exists():
            _move(staged, real)
        else:
            staged.rename(real)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return tuple(made)


def module_of(name: str) -> str:
    """Give the name that the files of a project have: it can be imported."""
    return name.lower().replace("-", "_")


def _named(folder: Path) -> str:
    """The name of a folder, which its files are to have as well."""
    name = folder.name
    if folder.suffix in {".yaml", ".yml"}:
        raise UsageError(f"{name!r} is the name of a file; to add an agent to one, name the agent: --agent NAME")
    if not _NAME.fullmatch(name):
        hint = "begin with a letter, and use at most 50 letters, digits, '-' and '_'"
        raise UsageError(f"{name!r} can't be the name of a project: {hint}")
    if keyword.iskeyword(module_of(name)):
        raise UsageError(f"{name!r} can't be the name of a project: it is a word of Python's, and names a module, too")
    return name


def _check(folder: Path, real: Path) -> None:
    if not real.parent.is_dir():
        raise UsageError(f"there is no folder {str(folder.parent)!r}")
    if not real.exists():
        return
    if not real.is_dir():
        raise UsageError(f"{str(folder)!r} is there already, and is no folder")
    found = sorted(each.name for each in real.iterdir() if each.name != ".git")
    if found:
        raise UsageError(f"the folder {str(folder)!r} is not empty: {found[0]!r} is in it; choose another name")


def _texts(name: str) -> Iterator[tuple[str, str]]:
    """The files of a project by their paths. The name stands in them as it is, as a module, and as a title."""
    module = module_of(name)
    words = {"my_bot": module, "my-bot": name, "My Bot": module.replace("_", " ").title()}
    for path, text in _starter(files("orchestrator").joinpath("scaffold", "starter"), PurePosixPath()):
        yield _renamed(path, words), _renamed(text, words)
    for schema in _SCHEMAS:
        yield f"schemas/{schema}.schema.json", schema_text(schema)


def _starter(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[str, str]]:
    for each in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if each.is_file():
            yield str(path / each.name), each.read_text(encoding="utf-8")
        elif each.name != "__pycache__":
            yield from _starter(each, path / each.name)


def _renamed(text: str, words: Mapping[str, str]) -> str:
    return re.sub("|".join(words), lambda found: words[found[0]], text)


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    for path, text in texts.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")


def _move(staged: Path, folder: Path) -> None:
    """Move all that is in a folder into another one, or nothing of it."""
    moved: list[Path] = []
    try:
        for each in sorted(staged.iterdir()):
            if os.path.lexists(folder / each.name):
                raise FileExistsError(0, "somebody else writes into it")
            moved.append(each.rename(folder / each.name))
    except BaseException:
        for each in moved:
            each.rename(staged / each.name)
        raise
