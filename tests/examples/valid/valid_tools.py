"""A tool that takes variables by their names."""

from orchestrator.tools import ToolContext


def open_door(context: ToolContext) -> bool:
    """Open the door."""
    return context.variables["pin"] == context.variables["token"]
