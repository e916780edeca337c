"""Keys and addresses from the environment, else from the file ``.env`` in the root of a project.

The file is read when a value is first wanted that the environment does not have. What stands in it is in no message.
"""

import io
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from dotenv.parser import parse_stream

LARGEST = 100_000
"""The most bytes that a ``.env`` file may have."""

_MOST_WARNINGS = 5
_URL, _KEY = "OPENAI_BASE_URL", "OPENAI_API_KEY"

Warn = Callable[[str], None]


class Environment(Mapping[str, str]):
    """The environment, with the ``.env`` file of a folder behind it.

    ``OPENAI_BASE_URL`` is taken from the file only when the key that would be sent there comes from it too: a file that
    comes with a project must not lead a person's own key elsewhere.

    Args:
        folder: the root of the project.
        environ: what beats the file; the process's environment by default.
        warn: gets one line for each line of the file that is broken; by default it goes to the log.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None, warn: Warn | None = None) -> None:
        self._path = folder / ".env"
        self._environ = os.environ if environ is None else environ
        self._warn = warn or logging.getLogger("orchestrator.clients").warning

    def __getitem__(self, name: str) -> str:
        if name in self._environ:
            return self._environ[name]
        if name == _URL and _KEY in self._environ:
            raise KeyError(name)
        return self._file[name]

    def __iter__(self) -> Iterator[str]:
        return iter([name for name in {**self._file, **self._environ} if name in self])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __repr__(self) -> str:
        return f"Environment({str(self._path)!r})"

    @cached_property
    def _file(self) -> Mapping[str, str]:
        text = self._read()
        values: dict[str, str] = {}
        broken: list[int] = []
        for line in parse_stream(io.StringIO(text)):
            if line.error or (line.key is not None and line.value is None):
                broken.append(line.original.line)
            elif line.key is not None and line.value is not None:
                values[line.key] = line.value
        for number in broken[:_MOST_WARNINGS]:
            self._warn(f"{self._shown}:{number}: this line is left out: write NAME=value")
        if len(broken) > _MOST_WARNINGS:
            self._warn(f"{self._shown}: {len(broken) - _MOST_WARNINGS:,} more lines are left out")
        return values

    def _read(self) -> str:
        """The text of the file; none where there is none that can be read."""
        try:
            if not self._path.is_file():
                return ""
            if self._path.stat().st_size > LARGEST:
                self._warn(f"{self._shown} is left out: it has more than {LARGEST:,} bytes")
                return ""
            return self._path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            self._warn(f"{self._shown} can't be read: {error.strerror}")
        except UnicodeDecodeError:
            self._warn(f"{self._shown} is left out: it is not UTF-8")
        return ""

    @property
    def _shown(self) -> str:
        return os.path.relpath(self._path)
