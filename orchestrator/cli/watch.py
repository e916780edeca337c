"""``orchestrate validate --watch``: check again whenever a file that matters is saved.

Each check is a process of its own, so that tool modules are imported anew. It tells which files it has read; any other
file of the project counts by its suffix, for a part, a template or a module that was missing may be just what is saved.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NoReturn

import click

_SUFFIXES = (".yaml", ".yml", ".py", ".md", ".txt", ".j2", ".jinja", ".jinja2")
_NOT_OURS = {"node_modules", "__pycache__", "venv", "site-packages"}
_MOST_FOLDERS = 2_000
_TICK = 100  # milliseconds


def watch_paths(paths: Sequence[Path], arguments: Sequence[str]) -> NoReturn:
    """Run ``orchestrate validate`` with these arguments, and again after each change, until Ctrl-C.

    ``paths`` are the files and folders that the arguments name now.
    """
    try:
        import watchfiles  # noqa: F401 - it is an extra, and told before the first check
    except ImportError:
        raise click.UsageError("--watch needs watchfiles: pip install watchfiles") from None
    given = [path.absolute() for path in paths]
    watched = set(given)
    while True:
        with contextlib.suppress(FileNotFoundError):  # a folder went before it was watched: look again
            _check_and_wait(given, watched, arguments)


def _check_and_wait(given: Sequence[Path], watched: set[Path], arguments: Sequence[str]) -> None:
    """Check once, and wait for a change since the check began. What it has read is added to ``watched``."""
    from watchfiles import Change, DefaultFilter, watch

    ordinary = DefaultFilter()

    def matters(change: Change, path: str) -> bool:
        likely = path.endswith(_SUFFIXES) or Path(path).is_dir()
        return Path(path) in watched or (likely and ordinary(change, path))

    # a tree is not handed over as one: it may hold a virtual environment
    places = dict.fromkeys(map(str, islice(_folders(given), _MOST_FOLDERS)))
    changes = watch(*places, watch_filter=matters, recursive=False, rust_timeout=_TICK, yield_on_timeout=True)
    next(changes)  # now it watches
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        click.clear()
    watched |= _check(arguments)
    click.echo(f"{datetime.now().astimezone():%H:%M:%S} checked; watching for changes, Ctrl-C ends")
    while not next(changes):
        pass


def _check(arguments: Sequence[str]) -> set[Path]:
    """Check once. Gives the files that were read, none when it did not come so far."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "watched.json")
        # -P: what lies in the working directory must not stand in for what the command itself imports
        # -B: a new module cache in a watched folder would look like a change
        command = [sys.executable, "-PB", "-m", "orchestrator", "validate", "--tell-watched", str(told), *arguments]
        subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
        return set(map(Path, json.loads(told.read_text(encoding="utf-8")))) if told.exists() else set()


def _folders(given: Sequence[Path]) -> Iterator[Path]:
    """The folders to watch: those of what was given first, then all of its projects."""
    from orchestrator.project import root_of

    for path in given:
        yield next(folder for folder in (*path.parents, path) if folder.is_dir())
        yield from _tree(path)
    for root in {root_of(path / "any.yaml" if path.is_dir() else path) for path in given}:
        yield from _tree(root)


def _tree(folder: Path) -> Iterator[Path]:
    """A folder and those below it, without hidden ones and what package managers put there."""
    for place, below, _ in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".") and name not in _NOT_OURS]
        yield Path(place)
