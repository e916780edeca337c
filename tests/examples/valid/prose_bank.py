"""Tools of a bank."""

from orchestrator.tools import ToolContext


def check_identity(card_number: str, pin: str, context: ToolContext) -> bool:
    """Check who the customer is."""
    context.set("is_verified", pin == "0000")
    return card_number != "" and pin == "0000"


def account_balance(account_id: str) -> int:
    """Give a balance in cents."""
    return len(account_id)


def list_transactions(account_id: str, from_date: str, to_date: str) -> list[dict[str, str]]:
    """List transactions between two days."""
    return [{"account_id": account_id, "from_date": from_date, "to_date": to_date}]


def transfer_money(from_account: str, to_account: str, amount_cents: int, note: str = "") -> str:
    """Move money between two accounts."""
    return f"{from_account} {to_account} {amount_cents} {note}"


def block_card(card_number: str) -> str:
    """Block a card."""
    return card_number
