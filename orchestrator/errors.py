"""Every exception that Orchestrate raises on purpose.

OrchestrateError
├── LoadError          a file can't be used; carries the diagnostics
├── GraphError         a graph built in code does not hold together
├── VariableError      a variable is unknown, missing, or its value does not fit
├── UsageError         a call or command line that makes no sense (an agent that is not there, say)
├── RenderError        a template can't be compiled or rendered
├── ModelError         a model gave no answer: which model, which endpoint, what it said, what to try
├── StoreError         a store of sessions can't be used, or does not hold what is asked of it (``orchestrator.stores``)
│   └── SessionBusy    somebody else has the session open
├── NobodyToAsk        a tool asked a question, and there is no person to answer it
└── ScriptError        a scripted model has no rule for what happened
"""

from collections.abc import Sequence
from typing import Literal

from orchestrator.diagnostics import Diagnostic

ModelFailure = Literal[
    "unreachable", "timeout", "refused", "broken", "context_length", "unauthorized", "rate_limited", "unrecorded"
]


class OrchestrateError(Exception):
    """The root: catch it to catch whatever Orchestrate raises on purpose."""


class LoadError(OrchestrateError):
    """A file can't be used. ``diagnostics`` holds every problem that was found, not only the first."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(f"{d.span.path}:{d.span.line}:{d.span.column}: {d.message}" for d in diagnostics))


class GraphError(OrchestrateError):
    """A graph built in code does not hold together."""


class VariableError(OrchestrateError):
    """A variable is unknown, missing, or its value does not fit its type or enum."""


class UsageError(OrchestrateError):
    """A call or command line that makes no sense."""


class RenderError(OrchestrateError):
    """A template can't be compiled or rendered.

    ``line`` and ``column`` count within it, where they are known; ``hint`` says what to write instead.
    """

    def __init__(
        self, message: str, line: int | None = None, column: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.hint = hint


class ModelError(OrchestrateError):
    """A model gave no answer. The text is one line: which model, which endpoint, what it said, what to try.

    Args:
        message: the line.
        kind: what went wrong. ``broken``: an answer that can't be used, or a fault of the endpoint's own.
        status: the HTTP status, if one came.
        transient: whether the same call may well work when it is tried again.
        retry_after: the seconds that the endpoint asks to wait first.
        shown: whether anything of the reply had been shown, a piece of its text or the name of a call.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: ModelFailure = "refused",
        status: int | None = None,
        transient: bool = False,
        retry_after: float | None = None,
        shown: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind: ModelFailure = kind
        self.status = status
        self.transient = transient
        self.retry_after = retry_after
        self.shown = shown


class ScriptError(ModelError):
    """A scripted model has no rule for what happened, or a rule that can't be rendered."""


class NobodyToAsk(OrchestrateError):  # noqa: N818 - says what is the case, as StopIteration does
    """A tool asked a question, and there is no person to answer it."""
