"""Takes one sample: a contender at work in a process of its own, or commands from their start to their end.

Time is CPU time, user and system, of the process that is measured: it does not depend on what else runs as much as
the time on the wall does.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from benchmarks import projects
from benchmarks.contenders.job import Job, Setup
from benchmarks.environments import HOMES
from benchmarks.projects import ROOT

Sample = Mapping[str, Any]

PATIENCE = 600.0  # seconds that one process may take


class MeasuringError(Exception):
    """A process did not do what it should."""


@dataclass(frozen=True)
class Bench:
    """What a sample is taken with: the server, a folder for projects, and the CPU seconds that it may take."""

    port: int
    folder: Path
    seconds: float

    python = sys.executable
    orchestrate = str(Path(sys.executable).with_name("orchestrate"))

    @property
    def store(self) -> str:
        """A file for sessions."""
        return str(self.folder / "store" / "sessions.db")

    def take(self, probe: "Probe") -> Sample:
        """Measure it.

        Raises:
            MeasuringError: the work was not done.
        """
        return probe.take(self)

    def url(self, scenario: str) -> str:
        """The base URL of the API in this scenario."""
        return f"http://127.0.0.1:{self.port}/{scenario}/v1"

    def many(self, agents: int) -> str:
        """A file of so many agents."""
        return str(projects.many(self.folder / f"many_{agents}", agents))

    def setup(self, job: Job) -> Setup:
        """The job, with the project that it needs."""
        folder = self.folder if job.tools is None else projects.desk(self.folder / f"desk_{job.tools}", job.tools)
        return Setup(job, self.port, folder, self.seconds)


@dataclass(frozen=True)
class Does:
    """A contender does a job."""

    contender: str
    job: Job

    def take(self, bench: Bench) -> Sample:
        """Measure it.

        Raises:
            MeasuringError: it did not do the job.
        """
        home = HOMES[self.contender]
        command = [str(home.python), "-m", home.module, bench.setup(self.job).told()]
        sample: Sample = json.loads(_started(command, bench.url(self.job.scenario)).output)
        return sample


@dataclass(frozen=True)
class Starts:
    """A command runs from its start to its end, again and again.

    ``says`` must stand in what it prints; ``things`` is how many of what is counted one run treats.
    """

    command: Callable[[Bench], list[str]]
    says: str = ""
    contender: str | None = None
    things: int = 1

    def take(self, bench: Bench) -> Sample:
        """Measure it.

        Raises:
            MeasuringError: it ended with another code than 0, or did not say what it should.
        """
        command, url = self.command(bench), bench.url("stream/20")
        runs = [_started(command, url)]  # to get warm
        while len(runs) < 3 or sum(run.cpu for run in runs[1:]) < bench.seconds:
            runs.append(_started(command, url))
        if any(self.says not in run.output for run in runs):
            raise MeasuringError(f"{' '.join(command)} did not say {self.says!r}")
        cpu, wall = sum(run.cpu for run in runs[1:]), sum(run.wall for run in runs[1:])
        return {"turns": len(runs) - 1, "things": (len(runs) - 1) * self.things, "cpu": cpu, "wall": wall}


Probe = Does | Starts


@dataclass(frozen=True)
class _Run:
    output: str
    cpu: float
    wall: float


@contextmanager
def benching(seconds: float) -> Iterator[Bench]:
    """Start the server, and make a folder, for as long as is measured."""
    with TemporaryDirectory(prefix="bench-") as folder:
        (Path(folder) / "store").mkdir()
        command = [sys.executable, "-m", "benchmarks.server"]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdin
            assert server.stdout
            try:
                yield Bench(int(server.stdout.readline()), Path(folder), seconds)
            finally:
                server.stdin.close()


def _started(command: list[str], url: str) -> _Run:
    """Run a command to its end, and see what it took."""
    with TemporaryFile() as out, TemporaryFile() as err:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=_environ(url), stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
        watch = threading.Timer(PATIENCE, process.kill)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        watch.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        output, errors = out.read().decode(), err.read().decode()
    if process.returncode:
        raise MeasuringError(f"{' '.join(command)[:300]} ended with {process.returncode}:\n{errors[-2000:]}")
    return _Run(output, usage.ru_utime + usage.ru_stime, wall)


def _environ(url: str) -> dict[str, str]:
    """The environment of what is measured: nothing of the caller's that could change the work, and no proxy."""
    dropped = ("OPENAI_", "ORCHESTRATE_", "PYTHON", "COVERAGE")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(dropped) and not name.lower().endswith("_proxy")
    }
    return {**kept, "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none-needed", "NO_COLOR": "1"}
