"""Times, and lengths of time, as people read them."""

import math
from datetime import datetime

_MINUTE = 60
_HOUR = 3600


def took(seconds: float) -> str:
    """Give a length of time: ``12 ms``, ``3.4 s``, ``2 min 5 s``, ``3 h 2 min``."""
    if not math.isfinite(seconds):
        return "for ever"
    if round(seconds, 3) < 1:
        return f"{seconds * 1000:.0f} ms"
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR:,} h {whole % _HOUR // _MINUTE} min"


def day_and_time(at: float) -> str:
    """Give a time as ``2026-05-21 09:30:00``."""
    return _formatted(at, "%Y-%m-%d %H:%M:%S")


def day(at: float) -> str:
    """Give a time as ``2026-05-21``."""
    return _formatted(at, "%Y-%m-%d")


def time_of_day(at: float) -> str:
    """Give a time as ``09:30:00``."""
    return _formatted(at, "%H:%M:%S")


def _formatted(at: float, form: str) -> str:
    """A time on the local clock, as far as the calendar has it."""
    try:
        return f"{datetime.fromtimestamp(at).astimezone():{form}}"
    except (ValueError, OverflowError, OSError):
        return "?"
