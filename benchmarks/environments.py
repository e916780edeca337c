"""Who is measured, and in which environment each lives: ours and the floors in this one, peers in their own."""

import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.projects import ROOT

OURS, BARE, SEED = "orchestrate", "httpx2", "seed"
AIOHTTP, AGENTS, PYDANTIC = "aiohttp", "openai-agents", "pydantic-ai"
FOLDING = "folding"
PEERS = (AGENTS, PYDANTIC)


@dataclass(frozen=True)
class Home:
    """The module of a contender, and the packages that it needs; none where it lives in this environment."""

    module: str
    packages: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where its environment is."""
        return ROOT / f".venv-bench-{self.module.rsplit('.', 1)[-1]}"

    @property
    def python(self) -> Path:
        """The interpreter that runs it."""
        return self.folder / "bin" / "python" if self.packages else Path(sys.executable)


HOMES: Mapping[str, Home] = {
    OURS: Home("benchmarks.contenders.ours"),
    BARE: Home("benchmarks.contenders.bare"),
    SEED: Home("benchmarks.contenders.seed"),
    FOLDING: Home("benchmarks.contenders.folding"),
    AIOHTTP: Home("benchmarks.contenders.aiohttp_floor", ("aiohttp",)),
    AGENTS: Home("benchmarks.contenders.openai_agents", ("openai-agents",)),
    PYDANTIC: Home("benchmarks.contenders.pydantic_ai", ("pydantic-ai-slim[openai]",)),
}


def here(*, peers: bool) -> frozenset[str]:
    """The contenders whose environments are there; peers only if they are wanted."""
    return frozenset(name for name, home in HOMES.items() if home.python.exists() and (peers or name not in PEERS))


def install() -> None:
    """Make the environments that are missing.

    Raises:
        subprocess.CalledProcessError: a package can't be installed.
    """
    for home in HOMES.values():
        if not home.python.exists():
            venv.create(home.folder, with_pip=True)
            pip = [str(home.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, *home.packages], check=True)
