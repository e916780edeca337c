"""Tools of a logistics company."""

from orchestrator.tools import tool


@tool(name="track", effects="read")
def track_shipment(tracking_id: str) -> str:
    """Say where a shipment is."""
    return tracking_id


@tool(effects="read")
def quote_freight(weight_kg: float, from_zip: str, to_zip: str) -> float:
    """Compute what a shipment costs."""
    return weight_kg + len(from_zip) + len(to_zip)


def schedule_pickup(address: str, time_window: str) -> str:
    """Send a van."""
    return f"{address} {time_window}"


def file_complaint(tracking_id: str, text: str) -> str:
    """Write down a complaint."""
    return f"{tracking_id} {text}"
