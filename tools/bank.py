"""The tools of the bank. They only pretend: no money is moved."""

from collections.abc import Mapping

from orchestrator.tools import ToolContext, tool

_BIRTHDAYS = {"1042": "1949-09-17"}


@tool(effects="read")
def verify_customer(customer_number: str, date_of_birth: str, context: ToolContext) -> str:
    """Check who the customer is. Only this opens what is about money.

    Args:
        customer_number: The number on the customer's card.
        date_of_birth: As year-month-day, such as 1980-12-31.
    """
    known = _BIRTHDAYS.get(customer_number) == date_of_birth
    context.set("verified", known)
    return "The customer is who they say." if known else "The number and the date of birth do not belong together."


@tool(effects="read")
def account_balance() -> int:
    """Give the customer's balance in dollars."""
    return 7300


@tool(sequential=True)
def transfer_money(amount: int, recipient: str, context: ToolContext) -> str:
    """Send money from the customer's account.

    Args:
        amount: How many dollars.
        recipient: Who gets them.
    """
    context.emit(f"sending ${amount} to {recipient}")
    return f"Sent ${amount} to {recipient}."


def large_amount(arguments: Mapping[str, object], context: ToolContext) -> bool | str:
    """Say whether a transfer needs a person's yes; refuse one that is no transfer at all."""
    amount, bound = arguments["amount"], context.variables["approve_above"]
    if not isinstance(amount, int) or amount <= 0:
        return "only amounts above zero can be sent"
    return not isinstance(bound, int) or amount > bound
