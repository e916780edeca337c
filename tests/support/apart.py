"""Programs that each run in a process of their own, which begins with the modules that they need.

A process that has imported them, and done nothing else, is forked for each program: that takes a hundredth of the time
in which one starts, and what the program uses up is all that is counted for its process.
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

ROOT = Path(__file__).parents[2]
_SECONDS = 30


@dataclass(frozen=True)
class Ended:
    """How a program ended, and what it wrote to its two output streams."""

    code: int
    out: str


class Apart:
    """Runs programs, each in a process of its own. It ends with its block."""

    def __init__(self, *modules: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.apart", *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, program: str, folder: Path) -> Ended:
        """Run a program in a folder to its end; half a minute is the most that it may take."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps([program, str(folder)]), file=self._process.stdin, flush=True)
        return Ended(*json.loads(self._process.stdout.readline()))


def main() -> None:
    """Run the programs that standard input gives, one a line."""
    for module in sys.argv[1:]:
        __import__(module)
    for line in sys.stdin:
        program, folder = json.loads(line)
        reading, writing = os.pipe()
        process = os.fork()
        if not process:
            _be(program, folder, writing)
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as output:
            text = output.read()
        _, status = os.waitpid(process, 0)
        print(json.dumps([os.waitstatus_to_exitcode(status), text]), flush=True)


def _be(program: str, folder: str, writing: int) -> NoReturn:
    """Be the process of a program."""
    code = os.EX_SOFTWARE
    try:
        signal.alarm(_SECONDS)  # nobody handles its signal, which ends the process
        os.chdir(folder)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(writing, stream.fileno())
        exec(program, {"__name__": "__main__"})
        code = os.EX_OK
    except BaseException:  # noqa: BLE001 - whatever it is, it ends here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
