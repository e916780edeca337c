"""Tools of a shop."""

from orchestrator.tools import End


def find_order(order_number: str, email: str) -> dict[str, str]:
    """Find an order by its number and the customer's e-mail address."""
    return {"order_number": order_number, "email": email, "order_status": "shipped"}


def order_status(order_number: str) -> str:
    """Say where a parcel is."""
    return f"{order_number} is on its way"


def return_item(item_id: str, return_reason: str, keep_box: bool = False) -> str:
    """Start the return of an item."""
    return f"{item_id}: {return_reason}, {keep_box}"


def issue_voucher(customer_id: str, amount_in_cents: int) -> str:
    """Give the customer a voucher."""
    return f"{customer_id}: {amount_in_cents}"


def hand_to_human(summary: str) -> End:
    """Fetch a colleague."""
    return End(summary)
