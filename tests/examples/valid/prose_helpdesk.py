"""Tools of an IT helpdesk."""

from typing import Literal

from orchestrator.tools import ToolContext


def open_ticket(title: str, queue: Literal["network", "hardware", "accounts"], priority: int = 3) -> str:
    """Open a ticket in a queue."""
    return f"{title} {queue} {priority}"


def ping_host(host_name: str) -> bool:
    """Whether a machine answers."""
    return host_name != ""


def reset_password(user_name: str, context: ToolContext) -> str:
    """Send a link with which a password can be set."""
    context.set("last_reset", user_name)
    return user_name


def unlock_account(user_name: str) -> str:
    """Unlock an account."""
    return user_name
