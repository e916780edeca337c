"""What every store holds to, and the words for it."""

import re

from orchestrator.stores import SessionBusy, StoreError

HERE = "another part of this process"
"""Who has a session, where it is the process itself."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_SHOWN = 100


def check_id(session_id: str) -> None:
    """Take only ids that are names of files on every system.

    Raises:
        StoreError: it is none.
    """
    if not _ID.fullmatch(session_id):
        raise StoreError(
            f"{_short(session_id)} can't be the id of a session: write up to 100 letters, digits, '-' and '_'"
        )


def unknown(session_id: str) -> StoreError:
    """Say that a session is not there."""
    return StoreError(f"there is no session {_short(session_id)}")


def taken(session_id: str) -> StoreError:
    """Say that there is a session of this id already."""
    return StoreError(f"there is a session {session_id!r} already: take another id")


def busy(session_id: str, holder: str) -> SessionBusy:
    """Say that a session is in use, and by whom."""
    return SessionBusy(f"session {session_id!r} is in use by {holder}: end it there, or go on with a fork of it")


def not_locked(session_id: str) -> StoreError:
    """Say that a writer did not lock the session, which is a fault of the program."""
    return StoreError(f"session {session_id!r} is not locked by whoever appends to it: this is a bug in the program")


def overtaken(session_id: str) -> StoreError:
    """Say that somebody else has written."""
    return StoreError(f"session {session_id!r} was changed by another process meanwhile: continue it anew")


def cut_at(session_id: str, at: int | None, count: int) -> int:
    """Give how many of ``count`` events a fork takes.

    Raises:
        StoreError: there are not so many.
    """
    if at is None:
        return count
    if not 0 <= at <= count:
        raise StoreError(f"session {session_id!r} has {count} events, and can't be forked at {at}")
    return at


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
