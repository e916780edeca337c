"""The seam to the person: who approves calls and answers the questions of tools."""

from dataclasses import dataclass
from typing import Literal, Protocol

from orchestrator.messages import ToolCall


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """A call that waits for a yes. ``call.arguments`` are what will be executed."""

    agent: str
    call: ToolCall


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to an approval request. ``reason`` reaches the model; ``arguments`` replace the call's, as JSON text.

    ``always`` also grants later calls of this tool by this agent. ``by`` is ``policy`` where no human was asked.
    """

    verdict: Literal["granted", "always", "denied"]
    reason: str = ""
    arguments: str | None = None
    by: Literal["person", "policy"] = "person"

    def __post_init__(self) -> None:
        # whatever is not plainly a yes must not run
        if self.verdict not in {"granted", "always", "denied"}:
            raise ValueError(f"a verdict is 'granted', 'always' or 'denied', not {self.verdict!r}")


@dataclass(frozen=True, slots=True)
class Question:
    """What a tool wants to know."""

    agent: str
    tool: str
    text: str


class Person(Protocol):
    """Answers for the person. None pauses the run: it can be resumed later."""

    async def approve(self, request: ApprovalRequest) -> Verdict | None:
        """Whether a call may run."""
        ...

    async def ask(self, question: Question) -> str | None:
        """The answer to a tool's question.

        Raises:
            NobodyToAsk: nobody can answer; the tool gets the exception.
        """
        ...
