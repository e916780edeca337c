"""Sound functions between those that can't be tools."""

import threading

from orchestrator.tools import ToolContext


def look_up(item_id: str) -> str:
    """Look up an item."""
    return item_id


def total(*prices: float, **discounts: float) -> float:
    """Add up prices."""
    return sum(prices) - sum(discounts.values())


def reserve(item_id: str, /, lock: threading.Event) -> None:
    """Reserve an item."""


def ship(context: ToolContext, item_id, address, express=False):  # type: ignore[no-untyped-def]  # the case
    """Ship an item."""


def cancel(item_id: str) -> None: ...
