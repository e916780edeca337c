"""What came of many runs of a test: how often it passed, and how often each of its expectations held."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from orchestrator.events import FellBack, HandedOff, ModelAsked, RunFinished, RunStarted
from orchestrator.spec.suite import ConversationSpec, ExpectSpec
from orchestrator.testing.live.trials import Trial
from orchestrator.testing.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something went well, and out of how many times."""

    good: int
    of: int

    def __str__(self) -> str:
        return f"{self.good}/{self.of}"

    @property
    def share(self) -> float:
        """The rate as a number up to 1, which it is where nothing could go wrong."""
        return self.good / self.of if self.of else 1.0

    @property
    def full(self) -> bool:
        """Whether all went well."""
        return self.good == self.of


@dataclass(frozen=True, slots=True)
class Tally:
    """The runs of a test.

    Args:
        runs: how many passed, of all.
        errors: why a model gave no answer, by run: no expectation is blamed for these runs.
        expectations: by their paths, in how many of the runs that came to them they held. Rules of testing that were
            broken are behind them; these count for each run.
    """

    runs: Rate
    errors: tuple[str, ...]
    expectations: Mapping[str, Rate]


def tally(trial: Trial) -> Tally:
    """Count what came of the runs of a trial so far."""
    errors = tuple(error for error in map(no_answer, trial.outcomes) if error is not None)
    judged = [outcome for outcome in trial.outcomes if no_answer(outcome) is None]
    passed = sum(not outcome.failures for outcome in judged)
    return Tally(Rate(passed, len(trial.outcomes)), errors, _expectations(trial.case.spec, judged))


def no_answer(outcome: Outcome) -> str | None:
    """Why a run failed because no model answered; None if that is not so.

    A turn also fails where instructions can't be rendered: then no model was being asked.
    """
    if outcome.failures:
        for before, event in pairwise(outcome.events):
            if (
                isinstance(event, RunFinished)
                and event.status == "failed"
                and isinstance(before, ModelAsked | FellBack)
            ):
                return event.detail
    return None


def words(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Count how often each agent was given the word: by the person, or by another agent."""
    return Counter(name for outcome in outcomes for name in speakers(outcome))


def speakers(outcome: Outcome) -> Iterator[str]:
    """Give who had the word in a run, one after the other, anew in each turn."""
    for event in outcome.events:
        match event:
            case RunStarted(agent=name) | HandedOff(target=name):
                yield name
            case _:
                pass


def _expectations(spec: ConversationSpec, judged: Sequence[Outcome]) -> dict[str, Rate]:
    held = Counter(name for outcome in judged for name in outcome.held)
    # one expectation may fail in several ways in one run
    failed = Counter(name for outcome in judged for name in {failure.expectation for failure in outcome.failures})
    written = dict.fromkeys(_written(spec))
    rates = {name: Rate(held[name], held[name] + failed[name]) for name in written}
    rules = sorted(failed.keys() - written)
    return rates | {name: Rate(len(judged) - failed[name], len(judged)) for name in rules}


def _written(spec: ConversationSpec) -> Iterator[str]:
    """The paths of all that a test expects, in its order."""
    for index, turn in spec.turns.items():
        yield from _paths(turn.expect, f"turn {index + 1}")
    yield from _paths(spec.expect, "conversation")


def _paths(expect: ExpectSpec, place: str) -> Iterator[str]:
    for key in ExpectSpec.model_fields:
        if key == "variables":
            yield from (f"{place}: {key}.{name}" for name in expect.variables)
        elif key in expect.model_fields_set:
            yield f"{place}: {key}"
