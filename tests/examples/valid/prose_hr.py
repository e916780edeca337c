"""Tools of a human resources department."""

from typing import Literal

from orchestrator.tools import ToolContext


def leave_balance(context: ToolContext) -> dict[str, int]:
    """Give the days of leave that are left."""
    return {"vacation": 12, "days_for": len(str(context.variables["employee_id"]))}


def request_leave(
    leave_type: Literal["vacation", "sick_leave", "parental_leave"], first_day: str, last_day: str
) -> str:
    """Ask for leave."""
    return f"{leave_type} {first_day} {last_day}"


def find_policy_page(topic: str) -> str:
    """Find the page of the handbook about a topic."""
    return topic


def change_address(street: str, zip_code: str, city: str) -> str:
    """Change the address of the employee."""
    return f"{street} {zip_code} {city}"


def create_letter(kind: str) -> str:
    """Write a letter of employment."""
    return kind
