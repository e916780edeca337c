"""What is said of verdicts and of what a run took, whatever the look of the transcript."""

from collections.abc import Mapping

from orchestrator.events import ApprovalGiven, RunFinished
from orchestrator.render.times import took

_BY: Mapping[str, str] = {
    "rule": "by the tool's rule",
    "always": "as it was always allowed",
    "person": "by the person",
    "policy": "without asking",
}


def verdict(event: ApprovalGiven) -> str:
    """Give who decided on a call and how: ``denied by the person: too expensive``."""
    if event.verdict == "denied":
        return f"denied {_BY[event.by]}{': ' + event.reason if event.reason else ''}"
    always = ", from now on always for this tool and agent" if event.verdict == "always" else ""
    return f"allowed {_BY[event.by]}{always}"


def used(event: RunFinished) -> list[str]:
    """Give what a run took: ``3 model calls``, ``1.2 s``."""
    counts = [
        f"{count:,.0f} {name.replace('_', ' ').removesuffix('s' * (count == 1))}"
        for name, count in event.used.items()
        if count and name != "seconds"
    ]
    return [*counts, took(event.used["seconds"])] if "seconds" in event.used else counts
