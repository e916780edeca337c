"""Conversations with real models: several at once, and each of them several times."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.loader import Loaded
from orchestrator.model_client import ModelClient
from orchestrator.testing.outcome import Case, Outcome
from orchestrator.testing.running import run_case

MOST_SECONDS = 600.0
"""How long one conversation may take: models are slow, and are asked again where they are busy."""


@dataclass(frozen=True)
class Trial:
    """A test, the agents that it is about, and who answers for their models. ``outcomes`` are those so far."""

    case: Case
    loaded: Loaded
    client: ModelClient
    outcomes: list[Outcome] = field(default_factory=list)


async def have(
    trials: Sequence[Trial], *, repeat: int, jobs: int, told: Callable[[Outcome], None], seconds: float = MOST_SECONDS
) -> None:
    """Have the conversation of each trial so many times, at most ``jobs`` of them at once.

    All have begun once before the first begins again: what is there when somebody stops it says something of each. It
    gives nothing: the result of a main task is printed, unasked, by asyncio's own handler of signals.

    Args:
        trials: their outcomes are added to them.
        repeat: how often.
        jobs: the most conversations at one time.
        told: hears of each that is over.
        seconds: how long one may take.
    """
    due = iter([trial for _ in range(repeat) for trial in trials])
    async with asyncio.TaskGroup() as group:
        for _ in range(min(jobs, repeat * len(trials))):
            group.create_task(_work(due, told, seconds))


async def _work(due: Iterator[Trial], told: Callable[[Outcome], None], seconds: float) -> None:
    """Have one conversation after the other, as long as some are due."""
    for trial in due:
        outcome = await run_case(trial.case, trial.loaded, client=trial.client, seconds=seconds)
        trial.outcomes.append(outcome)
        told(outcome)
