"""The tools of the shop in bot.yaml."""

from orchestrator.tools import ToolContext, tool


@tool(effects="read")
def look(title: str, shelf: int = 1) -> str:
    """Look for a book.

    Args:
        title: The book's title.
        shelf: Where to look.
    """
    return f"{title} is on shelf {shelf}"


@tool(approval="always")
def pay(amount: int) -> str:
    """Take money from the customer.

    Args:
        amount: How much.
    """
    raise AssertionError("money has been taken in a test")


@tool(effects="read")
def who(context: ToolContext) -> str:
    """Ask the customer for a name."""
    return f"the customer is {context.ask('Your name?')}"


@tool
def wrap(title: str) -> str:
    """Wrap a book.

    Args:
        title: The book's title.
    """
    raise AssertionError("a book has been wrapped in a test")
