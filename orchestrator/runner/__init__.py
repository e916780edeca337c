"""The runner: renders, asks the model, runs the tools, moves the conversation, until the run is over."""

from orchestrator.runner.person import ApprovalRequest, Person, Question, Verdict
from orchestrator.runner.run import Run
from orchestrator.runner.runner import Runner

__all__ = ["ApprovalRequest", "Person", "Question", "Run", "Runner", "Verdict"]
