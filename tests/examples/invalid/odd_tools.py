"""What can't be a tool, or collides with another."""

CONSTANT = 5


def any_number(*numbers: int) -> int:
    return sum(numbers)


def nameless(number: int, /) -> int:
    return number


def transfer_to_triage() -> str:
    return "not a handoff"


def look_up_item(search_query: str) -> str:
    return search_query
