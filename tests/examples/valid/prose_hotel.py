"""Tools of a hotel."""

from enum import Enum


class Department(Enum):
    """Who does something."""

    HOUSEKEEPING = "housekeeping"
    KITCHEN = "kitchen"
    SPA = "spa"


def room_service(room_number: int, dishes: list[str]) -> str:
    """Order dishes to a room."""
    return f"{room_number} {dishes}"


def request(department: Department, room_number: int, text: str) -> str:
    """Ask a department for something."""
    return f"{department} {room_number} {text}"


def book_treatment(treatment: str, starts_at: str) -> str:
    """Book a treatment in the spa."""
    return f"{treatment} {starts_at}"


def late_check_out(room_number: int) -> bool:
    """Whether the guest may stay until 14:00."""
    return room_number > 0
