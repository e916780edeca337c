"""What people see of tests against real models: rates, who had the word, and what it took."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path

import click

from orchestrator.project import called
from orchestrator.render.diagnostics import counted
from orchestrator.render.excerpts import harmless
from orchestrator.render.graph.reached import Reached
from orchestrator.render.sessions import table
from orchestrator.render.times import took
from orchestrator.render.usage import summary as spent
from orchestrator.testing.live.rates import Rate, Tally, no_answer, tally, words
from orchestrator.testing.live.trials import Trial
from orchestrator.testing.outcome import Outcome
from orchestrator.testing.report import failed
from orchestrator.usage import account, prices_of

_MOST_ERRORS = 3  # of a test that are named


@dataclass(frozen=True, slots=True)
class Page:
    """How to write: the share of its runs that a test must pass, colours, details, and the columns of a line."""

    least: float
    color: bool
    verbose: bool
    width: int

    def lines(self, trials: Sequence[Trial]) -> Iterator[str]:
        """Give the rates by file, failures of one run of each test, and then each file of agents."""
        begun = [trial for trial in trials if trial.outcomes]
        for index, (file, group) in enumerate(groupby(begun, key=lambda trial: trial.case.suite.source.path)):
            yield from ("",) * bool(index)
            yield harmless(file)
            yield from chain.from_iterable(self._rates(trial.case.name, tally(trial)) for trial in group)
        yield from chain.from_iterable(map(self._failed, begun))
        for agents in dict.fromkeys(trial.case.suite.agents for trial in begun):
            yield from self._agents(agents, [trial for trial in begun if trial.case.suite.agents == agents])

    def summary(self, trials: Sequence[Trial], seconds: float, *, interrupted: bool) -> str:
        """Give one line of counts: ``3 of 4 tests passed, 37 of 40 runs, 1 error in 52.3 s``."""
        tallies = [tally(trial) for trial in trials if trial.outcomes]
        good = sum(self._enough(counts.runs) for counts in tallies)
        passed, runs = sum(counts.runs.good for counts in tallies), sum(counts.runs.of for counts in tallies)
        errors = sum(len(counts.errors) for counts in tallies)
        parts = [f"{good} of {counted(len(tallies), 'test')} passed", f"{passed} of {counted(runs, 'run')}"]
        parts += [counted(errors, "error")] * bool(errors) + ["interrupted"] * interrupted
        fine = good == len(tallies) and not interrupted
        return self._style(f"{', '.join(parts)} in {took(seconds)}", "green" if fine else "red", bold=True)

    def _rates(self, name: str, counts: Tally) -> Iterator[str]:
        """A test, and those of its expectations that did not always hold; all of them, where details are wanted."""
        yield f"  {self._rate(counts.runs)}  {harmless(name)}"
        for expectation, rate in counts.expectations.items():
            if self.verbose or not rate.full:
                yield f"         {self._rate(rate)}  {harmless(expectation)}"
        for error in list(dict.fromkeys(counts.errors))[:_MOST_ERRORS]:
            times = counts.errors.count(error)
            yield f"         {self._style('error', 'red')}{f' {times}×' if times > 1 else ''}: {harmless(error)}"

    def _rate(self, rate: Rate) -> str:
        color = "green" if rate.full else "yellow" if self._enough(rate) else "red"
        return self._style(f"{rate!s:>7}", color)

    def _enough(self, rate: Rate) -> bool:
        return rate.share >= self.least

    def _failed(self, trial: Trial) -> Iterator[str]:
        """The first run in which an expectation failed: in full, or each failure in a line."""
        bad = ((n, run) for n, run in enumerate(trial.outcomes, 1) if run.failures and no_answer(run) is None)
        number, outcome = next(bad, (0, None))
        if outcome is None:
            return
        yield ""
        heading = f"FAILED {harmless(trial.case.suite.source.path)}: {harmless(trial.case.name)} (run {number})"
        yield self._style(heading, "red", bold=True)
        yield from self._in_full(trial, outcome) if self.verbose else self._in_short(outcome)

    def _in_full(self, trial: Trial, outcome: Outcome) -> Iterator[str]:
        source = trial.case.suite.source
        texts = {**trial.loaded.texts, source.path: source.text}
        yield failed(outcome, texts, color=self.color, width=self.width)

    def _in_short(self, outcome: Outcome) -> Iterator[str]:
        for failure in outcome.failures:
            span = failure.span
            place = f"{harmless(span.path)}:{span.line}:{span.column}"
            yield f"{place}: {failure.expectation}: {harmless(failure.message)}"

    def _agents(self, path: Path, trials: Sequence[Trial]) -> Iterator[str]:
        """How often each agent of a file had the word and was asked for, whom it handed off to, and what all took."""
        graph = trials[0].loaded.unwrap()
        outcomes = [outcome for trial in trials for outcome in trial.outcomes]
        events = [event for outcome in outcomes for event in outcome.events]
        reached, spoken = Reached.of(events), words(outcomes)
        rows = [
            (name, f"{spoken[name]:,}", f"{reached.agents.get(name, 0):,}", _targets(name, reached))
            for name in graph.agents
        ]
        headings = (called(path, absolute=False), "had the word", "requests", "handed off to")
        yield ""
        yield from table(headings, rows, self.width)
        told = spent(account(events, prices_of(graph)))
        yield from ("", *told) if told else ()

    def _style(self, text: str, color: str, *, bold: bool = False) -> str:
        return click.style(text, fg=color, bold=bold or None) if self.color else text


def _targets(agent: str, reached: Reached) -> str:
    return ", ".join(f"{target} {times:,}×" for (source, target), times in reached.edges.items() if source == agent)
