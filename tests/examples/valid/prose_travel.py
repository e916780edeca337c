"""Tools of a travel agency."""

from typing import Literal


def search_flights(origin: str, destination: str, departure_date: str, cabin: Literal["economy", "business"]) -> str:
    """Search flights."""
    return f"{origin} {destination} {departure_date} {cabin}"


def book_flight(offer_id: str, passenger_names: list[str]) -> str:
    """Book a flight that search_flights has offered."""
    return f"{offer_id} {passenger_names}"


def search_hotels(city: str, check_in: str, check_out: str, max_price: int = 200) -> str:
    """Search hotels."""
    return f"{city} {check_in} {check_out} {max_price}"


def book_hotel(hotel_id: str, room_type: str) -> str:
    """Book a room."""
    return f"{hotel_id} {room_type}"


def note_request(team: Literal["flights", "hotels", "visa"], text: str) -> str:
    """Write a request down for a team."""
    return f"{team}: {text}"
