"""A tool whose own decorator requires what is no expression, and one that is sound."""

from orchestrator.tools import tool


@tool(requires="verified and")
def broken_guard() -> str:
    """Broken guard."""
    return "ran"


@tool(requires="verified")
def sound() -> str:
    """Sound."""
    return "ran"
