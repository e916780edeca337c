"""Files of a git revision, laid out in a folder. Git is asked through its command."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from orchestrator.errors import UsageError

MAX_FILES = 100_000
MAX_BYTES = 1_000_000_000
"""The most of a project that is laid out."""

_SECONDS = 120
_IN_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")  # of another command


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of a repository.

    ``name`` is what the person calls it; ``files`` has the size of each of its files, by the path from ``top``, which
    is the folder of the working tree.
    """

    name: str
    commit: str
    top: Path
    files: Mapping[str, int]

    def has_folder(self, path: str) -> bool:
        """Whether there is a folder, by its path from the top."""
        return path == "." or any(file.startswith(f"{path}/") for file in self.files)

    def project_of(self, path: str) -> str:
        """The folder of the project that a file or a folder belongs to, from the top."""
        places = (PurePosixPath(path), *PurePosixPath(path).parents)
        return next((str(place) for place in places if str(place / "pyproject.toml") in self.files), ".")

    def lay_out(self, project: str, folder: Path) -> None:
        """Write the files of a project into a folder, each at its path from the top.

        Raises:
            UsageError: they are too many, or git can't write them.
        """
        within = "" if project == "." else f"{project}/"
        sizes = [size for file, size in self.files.items() if file.startswith(within)]
        if len(sizes) > MAX_FILES or sum(sizes) > MAX_BYTES:
            most = f"more than {MAX_FILES:,} files or {MAX_BYTES // 1_000_000:,} MB"
            raise UsageError(f"the project has {most} in {self.name!r}: check it out and compare folders")
        # the end of the project, for whatever looks for it; and nobody's repository, so that no hook finds it
        (folder / ".git").mkdir(exist_ok=True)
        index = {"GIT_INDEX_FILE": str(folder / ".git" / "index")}
        prefix = [] if project == "." else [f"--prefix={within}"]
        _git(self.top, "read-tree", *prefix, f"{self.commit}:{within}", **index)
        _git(self.top, "checkout-index", "--all", "--force", f"--prefix={folder}/", **index)


def read_revision(name: str, near: Path) -> Revision:
    """Look up a revision in the repository of a folder.

    Raises:
        UsageError: there is no git, no repository, or no such revision in it.
    """
    top = top_of(near)
    commit = _commit(top, name)
    listed = _git(top, "ls-tree", "-r", "-l", "-z", "--full-tree", commit)
    return Revision(name, commit, top, dict(_entries(listed)))


def top_of(near: Path) -> Path:
    """The folder of the working tree that a folder is in.

    Raises:
        UsageError: there is no git, or no repository.
    """
    try:
        return Path(_git(near, "rev-parse", "--show-toplevel").rstrip("\n")).resolve()
    except _GitError as error:
        if "dubious ownership" in error.said:
            hint = "to trust it: git config --global --add safe.directory FOLDER"
            raise UsageError(
                f"git refuses the repository of {str(near)!r}: it belongs to another user; {hint}"
            ) from None
        raise UsageError(f"{str(near)!r} is in no git repository, or in one without a working tree") from None


class _GitError(UsageError):
    """Git has refused. ``said`` is what it wrote."""

    def __init__(self, command: str, said: str) -> None:
        lines = said.strip().splitlines()
        super().__init__(f"git {command} failed: {lines[-1] if lines else 'it does not say why'}")
        self.said = said


def _commit(top: Path, name: str) -> str:
    if name.strip() and (commit := _resolved(top, name)):
        return commit
    hint = "see: git log --oneline --all"
    if name.strip() and _resolved(top, f"origin/{name}"):
        hint = f"did you mean 'origin/{name}'?"
    elif _git(top, "rev-parse", "--is-shallow-repository").strip() == "true":
        hint = "the clone is shallow: git fetch --unshallow (in GitHub Actions: fetch-depth: 0)"
    raise UsageError(f"there is no revision {name!r} in the repository {str(top)!r}; {hint}")


def _resolved(top: Path, name: str) -> str | None:
    try:
        return _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
    except _GitError:
        return None


def _entries(listed: str) -> Sequence[tuple[str, int]]:
    """The files that ``git ls-tree`` lists, with their sizes; a submodule has none, and is not there."""
    found = []
    for entry in filter(None, listed.split("\0")):
        about, _, path = entry.partition("\t")
        size = about.split()[-1]
        if size != "-":
            found.append((path, int(size)))
    return found


def _git(near: Path, command: str, *arguments: str, **settings: str) -> str:
    """Run git in a folder and give what it prints.

    Raises:
        UsageError: there is no git, it takes too long, or it refuses.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _IN_HOOKS}
    env = {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", **settings}
    try:
        done = subprocess.run(
            ["git", "-C", str(near), command, *arguments],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise UsageError("git is not installed, or not on the PATH: revisions can't be read without it") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"git {command} did not end within {_SECONDS} s") from None
    if done.returncode:
        raise _GitError(command, done.stderr.decode("utf-8", "replace"))
    return done.stdout.decode("utf-8", "surrogateescape")
