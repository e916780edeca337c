"""What came of tests against real models as one JSON object, for programs of any kind."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.events import adapter
from orchestrator.testing.live.rates import no_answer, speakers, tally
from orchestrator.testing.live.trials import Trial
from orchestrator.testing.outcome import Failure, Outcome
from orchestrator.usage import Spent, account, prices_of


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class SpentReport(_Part):
    """What the requests to models took."""

    calls: int = Field(description="How many there were.", ge=0)
    told: int = Field(description="For how many of them the usage was told.", ge=0)
    input_tokens: int = Field(description="Tokens that the models read.", ge=0)
    cached_tokens: int = Field(description="Those of them that were cached.", ge=0)
    output_tokens: int = Field(description="Tokens that the models wrote.", ge=0)
    cost: float | None = Field(description="What they cost, as far as prices are known.")


class FailureReport(_Part):
    """An expectation that did not hold, or a rule of testing that was broken."""

    expectation: str = Field(description="Its path in the test, such as `turn 1: calls`.")
    message: str = Field(description="What is wrong.")
    difference: tuple[str, ...] = Field(description="Lines: `-` what was expected, `+` what was.")
    path: str = Field(description="The test file.")
    line: int = Field(description="Where it is written.", ge=1)
    column: int = Field(description="Where it is written.", ge=1)


class RunReport(_Part):
    """One run of a test."""

    result: Literal["passed", "failed", "error"] = Field(description="error: a model gave no answer.")
    error: str | None = Field(description="Why no model answered.")
    seconds: float = Field(description="How long it took.", ge=0)
    agents: tuple[str, ...] = Field(description="Who had the word, one after the other, anew in each turn.")
    held: tuple[str, ...] = Field(description="The expectations that held.")
    failures: tuple[FailureReport, ...] = Field(description="All that did not.")
    spent: SpentReport = Field(description="What it took.")
    events: tuple[dict[str, Any], ...] = Field(description="What happened, as `run --format jsonl` tells it.")


class ExpectationReport(_Part):
    """An expectation over all runs."""

    expectation: str = Field(description="Its path in the test.")
    held: int = Field(description="In how many runs it held.", ge=0)
    judged: int = Field(description="How many runs came to it.", ge=0)


class CaseReport(_Part):
    """A test."""

    file: str = Field(description="The test file.")
    name: str = Field(description="The test; a case stands in brackets.")
    passed: int = Field(description="How many runs passed.", ge=0)
    errors: int = Field(description="In how many runs a model gave no answer.", ge=0)
    expectations: tuple[ExpectationReport, ...] = Field(description="Its expectations, in its order.")
    runs: tuple[RunReport, ...] = Field(description="Its runs, in the order in which they ended.")


class LiveReport(_Part):
    """What `orchestrate test --live --json FILE` writes."""

    version: Literal[1] = Field(description="Version of this format. Keys may be added without a new one.")
    interrupted: bool = Field(description="Whether somebody stopped it, so that runs are missing.")
    repeat: int = Field(description="How often each test was to be run.", ge=1)
    model: str | None = Field(description="The model that was named for every agent.")
    tests: tuple[CaseReport, ...] = Field(description="The tests, in the order of the files.")


def as_json(trials: Sequence[Trial], *, repeat: int, model: str | None, interrupted: bool) -> str:
    """Give everything that came of these trials."""
    tests = tuple(map(_case, trials))
    report = LiveReport(version=1, interrupted=interrupted, repeat=repeat, model=model, tests=tests)
    return report.model_dump_json(indent=2) + "\n"


def _case(trial: Trial) -> CaseReport:
    counts = tally(trial)
    return CaseReport(
        file=trial.case.suite.source.path,
        name=trial.case.name,
        passed=counts.runs.good,
        errors=len(counts.errors),
        expectations=tuple(
            ExpectationReport(expectation=name, held=rate.good, judged=rate.of)
            for name, rate in counts.expectations.items()
        ),
        runs=tuple(_runs(trial)),
    )


def _runs(trial: Trial) -> Iterator[RunReport]:
    prices = prices_of(trial.loaded.unwrap())
    for outcome in trial.outcomes:
        error = no_answer(outcome)
        yield RunReport(
            result="error" if error is not None else "failed" if outcome.failures else "passed",
            error=error,
            seconds=round(outcome.seconds, 3),
            agents=tuple(speakers(outcome)),
            held=outcome.held,
            failures=tuple(map(_failure, outcome.failures)),
            spent=_spent(account(outcome.events, prices).total),
            events=tuple(_events(outcome)),
        )


def _failure(failure: Failure) -> FailureReport:
    span = failure.span
    return FailureReport(
        expectation=failure.expectation,
        message=failure.message,
        difference=failure.difference,
        path=span.path,
        line=span.line,
        column=span.column,
    )


def _spent(spent: Spent) -> SpentReport:
    usage = spent.usage
    return SpentReport(
        calls=spent.calls,
        told=spent.told,
        input_tokens=usage.input_tokens,
        cached_tokens=usage.cached_tokens,
        output_tokens=usage.output_tokens,
        cost=spent.cost,
    )


def _events(outcome: Outcome) -> Iterator[Mapping[str, Any]]:
    return (adapter().dump_python(event, mode="json") for event in outcome.events)
