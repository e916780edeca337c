"""Where sessions are kept."""

from collections.abc import Mapping
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.project import root_of
from orchestrator.stores.database import FOLDER

FILE = "sessions.db"
"""The file of a store, in its folder."""

VARIABLE = "ORCHESTRATE_STORE"
"""The environment variable that names a store."""


def store_path(file: Path | None, named: str | None, environ: Mapping[str, str]) -> Path:
    """Give the file of the store: the one that is ``named``, else that of the environment, else that of the project.

    Args:
        file: the file of agents; without one it is the project at or above the working directory.
        named: what ``--store`` says: a file, or a folder.
        environ: where ``ORCHESTRATE_STORE`` is looked up; one that is empty says nothing.

    Raises:
        UsageError: what is named is no file and no folder.
    """
    if named is not None:
        return _named("--store", named)
    if environ.get(VARIABLE):
        return _named(VARIABLE, environ[VARIABLE])
    return (_root_here() if file is None else root_of(file)) / FOLDER / FILE


def _named(who: str, text: str) -> Path:
    if "://" in text:
        raise UsageError(f"{who}: {text!r} can't be a store: only files can, so far; name a file or a folder")
    if not text or "\0" in text:
        raise UsageError(f"{who}: {text!r} can't be a store: name a file or a folder")
    path = Path(text)
    return path / FILE if path.is_dir() or text.endswith(("/", "\\")) else path


def _root_here() -> Path:
    """The nearest folder at or above the working directory that has sessions, else the root of the project there."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FOLDER).is_dir():
            return folder
    return root_of(here / FILE)
