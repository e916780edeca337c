"""What a summary says of a session's events, kept up to date event by event, so that a list reads none of them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from orchestrator.events import (
    ApprovalGiven,
    ApprovalRequested,
    HandedOff,
    ModelAsked,
    ModelResponded,
    QuestionAnswered,
    QuestionAsked,
    RecordedEvent,
    RunFinished,
    RunResumed,
    RunStarted,
    Status,
    ToolFinished,
)

TITLE_CHARS = 200
"""The most characters of a title."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a session is.

    ``approvals`` and ``questions`` are the calls, by their ids, for which a person is to say yes or to answer; a call
    stands once for each of its questions. The other fields are those of ``Summary``.
    """

    updated: float
    events: int = 0
    runs: int = 0
    status: Status | Literal["running", "waiting", "new"] = "new"
    agent: str = ""
    title: str = ""
    approvals: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


def advance(progress: Progress, events: Iterable[RecordedEvent]) -> Progress:
    """Give the progress after these events."""
    for event in events:
        progress = _after(progress, event)
    return progress


def _after(progress: Progress, event: RecordedEvent) -> Progress:
    progress = _waiting(_told(progress, event), event)
    if isinstance(event, RunFinished):
        status: Status | Literal["running", "waiting"] = event.status
    else:
        status = "waiting" if progress.approvals or progress.questions else "running"
    return replace(progress, events=progress.events + 1, updated=event.at, status=status)


def _told(progress: Progress, event: RecordedEvent) -> Progress:
    match event:
        case RunStarted(agent=agent, message=message):
            title = progress.title if progress.runs else message[:TITLE_CHARS]
            return replace(progress, runs=progress.runs + 1, agent=agent, title=title)
        case ModelAsked(agent=agent) | HandedOff(target=agent):
            return replace(progress, agent=agent)
        case _:
            return progress


def _waiting(progress: Progress, event: RecordedEvent) -> Progress:
    approvals, questions = progress.approvals, progress.questions
    match event:
        case ApprovalRequested(call_id=call):
            approvals = (*_without(approvals, call), call)
        case ApprovalGiven(call_id=call):
            approvals = _without(approvals, call)
        case QuestionAsked(call_id=call):
            questions = (*questions, call)
        case QuestionAnswered(call_id=call) if call in questions:
            first = questions.index(call)
            questions = (*questions[:first], *questions[first + 1 :])
        case ToolFinished(call_id=call):
            approvals, questions = _without(approvals, call), _without(questions, call)
        case RunResumed():  # a call that is resumed begins anew, and asks anew
            questions = ()
        case RunStarted() | ModelResponded() | HandedOff() | RunFinished():
            approvals, questions = (), ()
        case _:
            return progress
    return replace(progress, approvals=approvals, questions=questions)


def _without(calls: tuple[str, ...], call: str) -> tuple[str, ...]:
    return tuple(each for each in calls if each != call)
