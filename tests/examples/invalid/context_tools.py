"""A tool that takes the context, and names one variable."""

from orchestrator import ToolContext


def find_orders(context: ToolContext) -> str:
    """Find the orders of the customer."""
    return f"{context.variables['customer']} has no orders."
