"""Functions with names and descriptions that the API does not take, and one with sound ones."""

from orchestrator.tools import tool


def größe(item: str) -> str:
    """Give the size of an item."""
    return item


def a_name_that_is_too_long_for_the_api_since_it_has_more_than_sixty_four_characters(item: str) -> str:
    """Give the size of an item."""
    return item


@tool(description="It gives the size, " * 60)
def talkative(item: str) -> str:
    return item


def sound(item: str) -> str:
    """Give the size of an item."""
    return item
