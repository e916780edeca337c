"""A module whose functions are all private."""


def _look_up(item_id: str) -> str:
    """Look up an item."""
    return item_id
