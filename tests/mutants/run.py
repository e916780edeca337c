"""``make mutants``: plant each fault in a copy of the package, and show which test catches it."""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.catalogue import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
PROPERTY = "tests/unit/test_property.py::test_group_03_random_worlds"
EXAMPLES = os.environ.get("EXAMPLES", "500")
SECONDS = 150  # for one run of the tests
MEMORY = 4 << 30
PYTEST = ("-m", "pytest", "-x", "-q", "--tb=short", "-p", "no:cacheprovider")


@dataclass(frozen=True)
class Caught:
    """How a mutant fared. ``by`` is empty where it survived."""

    name: str
    by: str
    after: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.name:<42} {self.by or 'SURVIVES':<60.60} {self.after:>14} {self.seconds:6.1f} s"


@contextmanager
def planted(mutant: Mutant | None) -> Iterator[Path]:
    """A folder with the package, the fault in it, and the tests."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        place = Path(folder)
        for name in ("orchestrator", "tests"):
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", place)
        if mutant is not None:
            (place / "orchestrator" / mutant.file).write_text(mutant.text(ROOT / "orchestrator"), encoding="utf-8")
        yield place


def run_tests(place: Path, *names: str) -> str | None:
    """The output of tests that failed, None where they passed."""
    environ = {**os.environ, "EXAMPLES": EXAMPLES, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    environ.pop("FUZZ", None)
    try:
        done = subprocess.run(
            [sys.executable, *PYTEST, *names],
            cwd=place,
            env=environ,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        )
    except subprocess.TimeoutExpired:
        return "does not end"
    return None if done.returncode == 0 else done.stdout + done.stderr


def reason(output: str | None) -> str:
    """The law that was broken, as a failed test says it."""
    lines = re.findall(r"^(?:E +(?:AssertionError: )?|    )(.+)", output or "", re.MULTILINE)
    failed = [place for place, line in enumerate(lines) if re.match(r"seed \d+, example", line)]
    before = [one for one in lines[: failed[0]] if one != "AssertionError" and one.strip(" ^")] if failed else []
    return before[-1].strip() if before else ""


def judge(mutant: Mutant) -> Caught:
    """Try a mutant on the property test, then on its unit tests."""
    begun = time.monotonic()
    with planted(mutant) as place:
        output = run_tests(place, PROPERTY)
        by = f"property: {reason(output)}"
        if output is None:
            output = run_tests(place, *(f"tests/unit/{name}.py" for name in mutant.tests.split()))
            failed = re.search(r"^FAILED \S+::(\w+)", output or "", re.MULTILINE)
            by = "" if output is None else failed[1] if failed else "unit"
    found = re.search(r"seed (\d+), example (\d+)", output or "")
    after = f"{found[2]} examples" if found else (output or "")[:12] if output == "does not end" else ""
    return Caught(mutant.name, by, after, time.monotonic() - begun)


def main() -> int:
    """Print the table; 1 if a mutant survives, or if the tests fail without one."""
    begun = time.monotonic()
    chosen = [one for one in MUTANTS if not sys.argv[1:] or any(word in one.name for word in sys.argv[1:])]
    with planted(None) as place:
        output = run_tests(place, PROPERTY)
    if output is not None:
        print(output, "\nthe property test fails without a mutant", sep="\n")
        return 1
    survivors = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        for caught in pool.map(judge, chosen):
            survivors += not caught.by
            print(caught, flush=True)
    print(f"{len(chosen)} mutants, {survivors} survive, {time.monotonic() - begun:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
