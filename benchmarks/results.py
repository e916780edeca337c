"""Takes the samples of all rows, round by round, and keeps them as they are: tables are made of what is kept."""

import json
import os
import platform
import subprocess
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.environments import OURS
from benchmarks.measuring import Bench, Sample
from benchmarks.projects import ROOT
from benchmarks.rows import Row

FOLDER = ROOT / "benchmarks" / "results"

_OURS = ("orchestrate-agents", "openai", "httptools", "httpx2", "pydantic", "click", "jinja2", "pyyaml")


@dataclass(frozen=True)
class Results:
    """What one run of the benchmarks gave.

    Args:
        about: the machine, the commit and the date.
        versions: the packages of each contender.
        rounds: the samples of each round, by row and contender.
    """

    about: Mapping[str, Any]
    versions: Mapping[str, Mapping[str, str]]
    rounds: tuple[Mapping[str, Mapping[str, Sample]], ...]

    def samples(self, row: str) -> list[Mapping[str, Sample]]:
        """The samples of a row, by contender, in each round."""
        return [samples[row] for samples in self.rounds if row in samples]

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Read what was kept."""
        read = json.loads(path.read_text(encoding="utf-8"))
        return cls(read["about"], read["versions"], tuple(read["rounds"]))

    def write(self, path: Path) -> None:
        """Keep it, with a line for each row of each round."""
        rounds = ",\n".join(
            "{\n" + ",\n".join(f"{json.dumps(row)}: {json.dumps(samples)}" for row, samples in each.items()) + "\n}"
            for each in self.rounds
        )
        head = f'"about": {json.dumps(self.about, indent=1)},\n"versions": {json.dumps(self.versions, indent=1)}'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{{\n{head},\n"rounds": [\n{rounds}\n]\n}}\n', encoding="utf-8")


def measure(
    rows: Iterable[Row], bench: Bench, rounds: int, present: Collection[str], tell: Callable[[str], None]
) -> Results:
    """Take the samples of all rows, in so many rounds. Who comes first in a row changes from round to round.

    What several rows need is taken once in a round.

    Args:
        present: the contenders that can be measured.
        tell: is told what is measured next.

    Raises:
        MeasuringError: somebody did not do the work.
    """
    versions: dict[str, Mapping[str, str]] = {}
    taken: list[dict[str, dict[str, Sample]]] = []
    for number in range(rounds):
        take = cache(bench.take)
        taken.append({})
        for row in rows:
            tell(f"round {number + 1} of {rounds}: {row.name}")
            probes = {name: probe for name, probe in row.probes.items() if probe.contender in {None, *present}}
            samples = {name: take(probes[name]) for name in _turned([*probes], number)}
            taken[-1][row.name] = {name: _short(samples[name]) for name in probes}
            told = {probes[name].contender: sample.get("versions") for name, sample in samples.items()}
            versions |= {name: packages for name, packages in told.items() if name and packages}
    return Results(_about(), _versions(versions), tuple(taken))


def _turned(names: list[str], number: int) -> list[str]:
    """The names in an order of their own in each round."""
    place = number % len(names)
    return names[place:] + names[:place]


def _short(sample: Sample) -> Sample:
    """A sample as it is kept: to the microsecond, and without what is kept for all of them."""
    kept = {name: value for name, value in sample.items() if name != "versions"}
    return {name: _short(value) if isinstance(value, dict) else round(value, 6) for name, value in kept.items()}


def _versions(known: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    """The packages of each contender: ours are those of the command, whatever was measured."""
    ours = {"python": platform.python_version(), **{name: version(name) for name in _OURS}}
    return {OURS: ours, **{name: packages for name, packages in known.items() if name != OURS}}


def _about() -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _git("describe", "--always", "--abbrev=12", "--dirty=+"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")
