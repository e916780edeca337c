"""Everything that a tool module may need: ``@tool``, the context, and what a tool may return.

A plain function is a tool; nothing here has to be imported for that.
"""

from orchestrator.tools.context import Hooks, ToolContext
from orchestrator.tools.results import End, Handoff, Outcome, Result
from orchestrator.tools.schema import BadArguments, FunctionSchema, UnsupportedParameter
from orchestrator.tools.threads import in_thread
from orchestrator.tools.tool import Approval, ApprovalRule, Effects, Guard, Tool, tool

__all__ = [
    "Approval",
    "ApprovalRule",
    "BadArguments",
    "Effects",
    "End",
    "FunctionSchema",
    "Guard",
    "Handoff",
    "Hooks",
    "Outcome",
    "Result",
    "Tool",
    "ToolContext",
    "UnsupportedParameter",
    "in_thread",
    "tool",
]
