"""``orchestrate test --live``: have the conversations of test files with the models that the agents name."""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import click
import pytest

from orchestrator.cli.colors import colored
from orchestrator.cli.options import fail, model_of
from orchestrator.cli.test import nothing
from orchestrator.cli.test.progress import progress
from orchestrator.cli.test.reporter import Look, Reporter, summary, told
from orchestrator.cli.test.running import Selection, run
from orchestrator.cli.test.writing import unwritten
from orchestrator.clients.dotenv import Environment
from orchestrator.clients.endpoints import missing_key
from orchestrator.clients.router import Router
from orchestrator.loader import Loaded
from orchestrator.project import root_of
from orchestrator.testing.collecting import Conversation
from orchestrator.testing.live.page import Page
from orchestrator.testing.live.rates import tally
from orchestrator.testing.live.report import as_json
from orchestrator.testing.live.trials import Trial, have
from orchestrator.testing.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: how often, how many at once, of which model, the share that must pass, and where to write."""

    repeat: int
    jobs: int
    model: str | None
    rate: float
    report: Path | None
    verbose: bool


class _Collecting(Reporter):
    """Takes the conversations that pytest has found, and lets it run none of them."""

    def __init__(self, look: Look, root: Path) -> None:
        super().__init__(look, root)
        self.found: list[Conversation] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run nothing: conversations with real models go side by side, in one event loop."""
        self.found = [item for item in session.items if isinstance(item, Conversation)]
        return True


def tested(selection: Selection, asked: Asked, out: TextIO) -> int:
    """Have the conversations, tell what came of them, and give the exit code.

    Where a file can't be used, no model is asked.
    """
    look = Look(out, colored(out), asked.verbose)
    begun = time.monotonic()
    collecting = _Collecting(look, selection.root)
    code = run(selection, collecting, look.columns)
    results = collecting.results
    if results.anything:
        look.write([*told(results, look, selection.root), "", summary(results, look, time.monotonic() - begun)])
        _tell_unwritten(look)
        return 130 if results.interrupted else 1
    if not collecting.found:
        return nothing(selection, code)
    trials, routers = _trials(collecting.found, asked.model)
    interrupted = _have(trials, routers, asked)
    page = Page(asked.rate, look.color, asked.verbose, look.columns)
    look.write([*page.lines(trials), "", page.summary(trials, time.monotonic() - begun, interrupted=interrupted)])
    written = _report(trials, asked, interrupted=interrupted)
    _tell_unwritten(look)
    if interrupted:
        return 130
    if any(tally(trial).runs.share < asked.rate for trial in trials):
        return 5
    return 0 if written and not look.unwritten else 2


def _tell_unwritten(look: Look) -> None:
    for fault in look.unwritten:
        click.echo(f"error: {fault}", err=True)


def _trials(found: Sequence[Conversation], model: str | None) -> tuple[list[Trial], Sequence[Router]]:
    """The tests with who answers in them. A key that is missing ends the process, before anybody is asked."""
    agents: dict[Path, Loaded] = {}
    routers: dict[Path, Router] = {}
    for item in found:
        path = item.case.suite.agents
        if path not in agents:
            environ = Environment(root_of(path), warn=lambda line: click.echo(line, err=True))
            agents[path], routers[path] = _answered(item.loaded, model, environ), Router(environ)
    trials = [Trial(item.case, agents[item.case.suite.agents], routers[item.case.suite.agents]) for item in found]
    return trials, list(routers.values())


def _answered(loaded: Loaded, name: str | None, environ: Mapping[str, str]) -> Loaded:
    """The agents, with one model for all if one is named, and with a key for each of their models."""
    if name is not None:
        loaded = replace(loaded, graph=loaded.unwrap().with_model(model_of(loaded, name)))
    missing = missing_key([agent.model for agent in loaded.unwrap().agents.values()], environ)
    if missing is not None:
        fail(f"{missing} is not set, and --live needs it")
    return loaded


def _have(trials: Sequence[Trial], routers: Sequence[Router], asked: Asked) -> bool:
    """Have all conversations, and give whether somebody has pressed Ctrl-C."""
    try:
        with progress(asked.repeat * len(trials), sys.stderr) as tell:
            asyncio.run(_connected(trials, routers, asked, tell))
    except KeyboardInterrupt:
        return True
    return False


async def _connected(
    trials: Sequence[Trial], routers: Sequence[Router], asked: Asked, tell: Callable[[Outcome], None]
) -> None:
    async with AsyncExitStack() as stack:
        for router in routers:
            await stack.enter_async_context(router)
        await have(trials, repeat=asked.repeat, jobs=asked.jobs, told=tell)


def _report(trials: Sequence[Trial], asked: Asked, *, interrupted: bool) -> bool:
    """Write the report that is asked for. Gives False, and tells why, if it can't be written."""
    if asked.report is None:
        return True
    text = as_json(trials, repeat=asked.repeat, model=asked.model, interrupted=interrupted)
    try:
        asked.report.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        click.echo(f"error: {unwritten('--json', asked.report, error)}", err=True)
        return False
    return True
