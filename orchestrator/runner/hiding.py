"""Secrets that a tool gives away: they are hidden in what it reports, before anything records or shows it."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from orchestrator.runner.approvals import Ruled
from orchestrator.runner.calls import Asked, Progress
from orchestrator.tools import Outcome
from orchestrator.veil import LONG, Veil, texts_in

T = TypeVar("T")


def veil_over(secrets: Mapping[str, object], hidden: Collection[str]) -> Veil | None:
    """What hides the values of secret variables and further secrets; None where there are none, which costs nothing.

    A text that only looks like a key stays: it may be what the tool is there to give.
    """
    known = {text for text in hidden if len(text) >= LONG}
    words = {text for value in secrets.values() for text in texts_in(value)}
    return Veil(known, words=words, key_like=False) if known or words else None


def veiled(report: T, veil: Veil | None) -> T:
    """What a tool or a rule of approval reports, without secrets."""
    if veil is None:
        return report
    match report:
        case Progress(text):
            return Progress(veil.text(text))  # type: ignore[return-value]  # the same kind of report
        case Asked(question):
            return replace(report, question=veil.text(question))
        case Ruled(rulings):
            return Ruled(veil.values(dict(rulings)))  # type: ignore[return-value]  # the same kind of report
        case Outcome():
            return replace(
                report,
                content=veil.text(report.content),
                variables=veil.values(dict(report.variables)),
                handoff=veil.values(report.handoff),
            )
        case _:
            return report
