"""Everything that a tool module may need: ``@tool``, the context, and what a tool may return.

A plain function is a tool; nothing here has to be imported for that.
"""

from orchestrator.tools.arguments import BadArguments
from orchestrator.tools.context import Hooks, ToolContext
from orchestrator.tools.docstrings import documentation_in
from orchestrator.tools.inputs import tools_ask_the_person
from orchestrator.tools.results import End, Handoff, Outcome, Result, describe
from orchestrator.tools.schema import FunctionSchema
from orchestrator.tools.signature import UnsupportedParameter, code_of, nameless
from orchestrator.tools.threads import in_thread
from orchestrator.tools.tool import Approval, ApprovalRule, Effects, Options, Tool, tool

__all__ = [
    "Approval",
    "ApprovalRule",
    "BadArguments",
    "Effects",
    "End",
    "FunctionSchema",
    "Handoff",
    "Hooks",
    "Options",
    "Outcome",
    "Result",
    "Tool",
    "ToolContext",
    "UnsupportedParameter",
    "code_of",
    "describe",
    "documentation_in",
    "in_thread",
    "nameless",
    "tool",
    "tools_ask_the_person",
]
