"""The runner: renders, asks the model, runs the tools, moves the conversation, until the run is over."""

from orchestrator.runner.approvals import verdict_on
from orchestrator.runner.continuing import Changed, changed
from orchestrator.runner.person import ApprovalRequest, Person, Question, Verdict
from orchestrator.runner.run import Run
from orchestrator.runner.runner import Runner

__all__ = ["ApprovalRequest", "Changed", "Person", "Question", "Run", "Runner", "Verdict", "changed", "verdict_on"]
