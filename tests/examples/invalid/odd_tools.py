"""What can't be a tool, or collides with another."""

CONSTANT = 5


def any_number(*numbers: int) -> int:
    """Any number."""
    return sum(numbers)


def nameless(number: int, /) -> int:
    """Nameless."""
    return number


def transfer_to_triage() -> str:
    """Transfer to triage."""
    return "not a handoff"


def look_up_item(search_query: str) -> str:
    """Look up item."""
    return search_query
