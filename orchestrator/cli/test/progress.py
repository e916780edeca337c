"""How far tests against real models have come: a bar on a terminal, else a line for each run."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from orchestrator.render.excerpts import harmless
from orchestrator.render.times import took
from orchestrator.testing.live.rates import no_answer
from orchestrator.testing.outcome import Outcome


@contextmanager
def progress(total: int, err: TextIO) -> Iterator[Callable[[Outcome], None]]:
    """Give what is to hear of each run that is over. The bar is gone at the end of the block."""
    if not err.isatty() or os.environ.get("TERM") == "dumb":
        yield _lines(total, err)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(file=err), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda outcome: bar.update(task, advance=1, description=escape(_told(outcome)))


def _lines(total: int, err: TextIO) -> Callable[[Outcome], None]:
    numbers = count(1)

    def tell(outcome: Outcome) -> None:
        err.write(f"{next(numbers)}/{total}  {_told(outcome)}  {took(outcome.seconds)}\n")
        err.flush()

    return tell


def _told(outcome: Outcome) -> str:
    word = "passed" if not outcome.failures else "error" if no_answer(outcome) is not None else "failed"
    return f"{word:6}  {harmless(outcome.case.name)}"
