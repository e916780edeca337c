"""The tools of the ACME agents. They only pretend: nothing is sold and nobody is paid."""

from typing import Literal

from orchestrator.tools import End, ToolContext, tool


@tool(effects="read")
def look_up_item(search_query: str) -> str:
    """Find the id of an item in the customer's orders.

    Args:
        search_query: A description of the item, or words of its name.
    """
    return f"item_{sum(map(ord, search_query.lower())):06}"


@tool(sequential=True)
def execute_order(product: str, price: int, context: ToolContext) -> str:
    """Place an order, after the customer has confirmed it.

    Args:
        product: The name of the product.
        price: The price in dollars.
    """
    answer = context.ask(f"Order {product} for ${price}? (yes/no)")
    if answer.strip().lower() not in {"y", "yes"}:
        return "The customer did not confirm: nothing was ordered."
    return f"Ordered {product} for ${price}."


@tool(sequential=True)
def execute_refund(item_id: str, context: ToolContext, reason: str = "not provided") -> Literal["success"]:
    """Pay the price of an item back to the customer.

    Args:
        item_id: The id that look_up_item gave.
        reason: Why the customer wants the money back.
    """
    context.set("refunded", True)
    context.emit(f"refunding {item_id}: {reason}")
    return "success"


def escalate_to_human(summary: str) -> End:
    """Call this only if explicitly asked to, or if the customer is upset.

    Args:
        summary: What a human colleague must know.
    """
    return End(f"A human colleague takes over. They have been told: {summary}")
