"""The files that templates include: inside one folder, regular, of a modest size, and UTF-8."""

import stat
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 1_000_000
"""The size of an included file. No model reads more."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file can't be included."""

    code: str
    message: str


def resolved(name: str, parent: str) -> Path | Refusal:
    """The absolute path that a name means in the file ``parent``, with its symbolic links followed."""
    try:
        return (Path(parent).parent / name).resolve()
    except (OSError, RuntimeError, ValueError):  # a ring of links, a name that no file can have
        return Refusal("missing-include", f"there can't be a file {_shown(name)}")


def read(path: Path, root: Path) -> str | Refusal:
    """The text of a file inside ``root``. ``path`` is one that ``resolved`` gave."""
    shown = _shown(str(path.relative_to(root) if path.is_relative_to(root) else path))
    if not path.is_relative_to(root):
        return Refusal("path-outside-project", f"{shown} lies outside the project {str(root)!r}")
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            return Refusal("missing-include", f"{shown} is a folder, not a file")
        if not stat.S_ISREG(status.st_mode):
            return Refusal("missing-include", f"{shown} is not a regular file")
        if status.st_size > MAX_BYTES:
            return Refusal("too-expensive", f"the file {shown} is larger than {MAX_BYTES:,} bytes")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return Refusal("missing-include", f"there is no file {shown}")
    except UnicodeDecodeError:
        return Refusal("missing-include", f"the file {shown} is not UTF-8 text")
    except (OSError, ValueError):
        return Refusal("missing-include", f"the file {shown} can't be read")


def _shown(name: str) -> str:
    return repr(name if len(name) <= 100 else f"{name[:99]}…")
