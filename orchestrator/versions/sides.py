"""What the two sides of a comparison are: files and folders, of the working tree or of a revision."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.spec import nearest
from orchestrator.versions.git import Revision, read_revision


@dataclass(frozen=True, slots=True)
class Side:
    """A file or a folder. ``shown`` is what people call it; ``path`` is where it really is.

    ``folder`` is where the files of its revision are laid out; None for the working tree.
    """

    path: Path
    shown: str
    revision: Revision | None = None
    folder: Path | None = None

    def inner(self, path: str) -> "Side":
        """A file in this folder, by its path from here."""
        shown = "" if self.shown in {".", "./"} else self.shown
        slash = "/" if shown and not shown.endswith((":", "/")) else ""
        return Side(self.path / path, f"{shown}{slash}{path}", self.revision, self.folder)

    @property
    def called(self) -> str:
        """What the file is called where spans point into it, before ``told``."""
        return self.shown if self.folder is None else str(self.path)

    def told(self, text: str) -> str:
        """A text in which files of the revision are called as people know them: ``main:agents/acme.yaml``."""
        if self.folder is None or self.revision is None:
            return text
        name = self.revision.name
        return text.replace(f"{self.folder}{os.sep}", f"{name}:").replace(str(self.folder), name)


@dataclass
class Checkouts:
    """Revisions that are laid out below a folder, each once, as far as they are asked for."""

    folder: Path
    _revisions: dict[tuple[str, Path], Revision] = field(default_factory=dict)
    _laid_out: dict[tuple[str, str], Path] = field(default_factory=dict)

    def side(self, text: str) -> Side:
        """What a person means by a path, or by a revision and a path: ``main:agents/acme.yaml``.

        Raises:
            UsageError: it is not there.
        """
        if os.path.exists(text):  # noqa: PTH110 - Path.exists() raises for names that are too long
            return Side(Path(text), text)
        name, colon, path = text.partition(":")
        if not colon:
            raise UsageError(f"{text!r} does not exist; of a revision, write REV:PATH, such as main:agents/acme.yaml")
        revision = self.revision(name, Path.cwd())
        at = _from_top(revision, path)
        if at not in revision.files and not revision.has_folder(at):
            raise UsageError(f"there is no {path!r} in the revision {name!r}{_hint(revision, path)}")
        return self.at(revision, at)

    def revision(self, name: str, near: Path) -> Revision:
        """A revision, looked up once."""
        if (name, near) not in self._revisions:
            self._revisions[name, near] = read_revision(name, near)
        return self._revisions[name, near]

    def at(self, revision: Revision, path: str) -> Side:
        """A file or a folder of a revision, by its path from the top. Its project is laid out."""
        project = revision.project_of(path)
        key = (revision.name, project)
        if key not in self._laid_out:
            folder = self.folder / f"{len(self._laid_out):04}"
            folder.mkdir()
            revision.lay_out(project, folder)
            self._laid_out[key] = folder
        folder = self._laid_out[key]
        return Side(folder / path, f"{revision.name}:{'' if path == '.' else path}", revision, folder)


def _from_top(revision: Revision, path: str) -> str:
    """A path of a revision from its top, as git reads it: from the top, but for ``./`` and ``../``."""
    start = Path.cwd() if path.startswith(("./", "../")) or path in {".", ".."} else revision.top
    found = Path(os.path.relpath(os.path.normpath(start / path), revision.top))
    if ".." in found.parts:
        raise UsageError(f"{path!r} leads out of the repository {str(revision.top)!r}")
    return found.as_posix()


def _hint(revision: Revision, path: str) -> str:
    beside = Path(os.path.relpath(Path.cwd(), revision.top), path).as_posix()
    meant = beside if beside in revision.files or revision.has_folder(beside) else nearest(path, revision.files)
    return f"; did you mean '{revision.name}:{meant}'?" if meant else ""
