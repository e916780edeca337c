"""The files that a test run is to write: made sure of before anything runs, and told where they fail all the same."""

import os
from pathlib import Path

from orchestrator.cli.options import fail


def make_room(option: str, file: Path | None) -> None:
    """Make the folder of a file, if one is wanted, and end the process with 2 where the file can't be written.

    A file that is there keeps what it holds, and none is made.
    """
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = not os.path.lexists(file)
        file.open("ab").close()
        if new:
            file.unlink()
    except OSError as error:
        fail(unwritten(option, file, error))


def unwritten(option: str, file: Path, error: OSError) -> str:
    """Say why a file was not written."""
    return f"{option}: {str(file)!r} can't be written: {error.strerror}"
