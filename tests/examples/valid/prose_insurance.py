"""Tools of an insurance."""

from typing import TypedDict

from orchestrator.tools import ToolContext


class Damage(TypedDict):
    """What was damaged."""

    what: str
    estimated_cost: int


def find_policy(policy_number: str, context: ToolContext) -> str:
    """Find a policy."""
    context.set("policy_number", policy_number)
    return policy_number


def open_claim(policy_number: str, date_of_loss: str, damages: list[Damage]) -> str:
    """Open a claim."""
    return f"{policy_number} {date_of_loss} {len(damages)}"


def add_photo(claim_id: str, file_name: str) -> str:
    """Add a photo to a claim."""
    return f"{claim_id} {file_name}"


def claim_status(claim_id: str) -> str:
    """Say how far a claim is."""
    return claim_id


def quote_premium(product: str, birth_year: int) -> int:
    """Compute the yearly premium."""
    return len(product) + birth_year
