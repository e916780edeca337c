"""The files that a test run is to write: made sure of before anything runs, and told where they fail all the same."""

import os
from collections.abc import Iterable
from pathlib import Path

from orchestrator.cli.options import fail
from orchestrator.cli.streams import cause


def all_different(wanted: Iterable[tuple[str, Path]]) -> None:
    """End the process with 2 where two options name one file: the second would replace what the first has written."""
    writers: dict[str, str] = {}
    for option, file in wanted:
        real = os.path.realpath(file)
        if real in writers and (file.is_file() or not file.exists()):  # a device takes all of them
            both = f"{writers[real]} and {option}" if writers[real] != option else f"{option}, twice,"
            fail(f"{both} would write to one file, {str(file)!r}: give each a file of its own")
        writers.setdefault(real, option)


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
    in_the_way = next((each for each in file.parents if os.path.lexists(each) and not each.is_dir()), None)
    why = cause(error) if in_the_way is None else f"{str(in_the_way)!r} is no folder"
    return f"{option}: {str(file)!r} can't be written: {why}"
