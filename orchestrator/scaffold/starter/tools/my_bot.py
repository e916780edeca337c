"""What the agents of agents/my_bot.yaml can do. It only pretends: put your own systems behind it."""

from orchestrator.tools import tool

_ORDERS = {"1001": "a lantern, which arrives tomorrow", "1002": "a kettle, which is being packed"}


@tool(effects="read")
def find_order(number: str) -> str:
    """Find out what is in an order, and where it is.

    Args:
        number: The number of the order, such as 1001.
    """
    return f"Order {number} is {_ORDERS[number]}." if number in _ORDERS else f"There is no order {number}."


def start_return(number: str, reason: str) -> str:
    """Let the customer send an order back, after they have said that they want to.

    Args:
        number: The number of the order, such as 1001.
        reason: Why they send it back.
    """
    if number not in _ORDERS:
        return f"There is no order {number}."
    return f"Order {number} can be sent back ({reason}): the label is on its way."
