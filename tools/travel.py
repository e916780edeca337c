"""What the agents of agents/travel.yaml can do."""

from datetime import date

from orchestrator.tools import tool


@tool(effects="read")
def find_flights(destination: str, day: date) -> list[str]:
    """Find flights on a day.

    Args:
        destination: The city to fly to.
        day: The day of the flight.
    """
    return [
        f"FA{number} to {destination.title()} on {day:%d %B} at {hour}:15" for number, hour in ((114, 9), (118, 17))
    ]


def book_flight(number: str) -> str:
    """Book a flight.

    Args:
        number: Its number, such as FA114.
    """
    return f"{number} is booked."
