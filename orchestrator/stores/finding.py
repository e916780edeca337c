"""Sessions by what people call them: a name, an id, or the beginning of an id."""

from collections.abc import Sequence

from orchestrator.stores import StoreError, Summary

ID = "session_"
_MOST_TOLD = 5


def find(sessions: Sequence[Summary], called: str) -> Summary | None:
    """Give the session of that name or id, or the only one whose id begins so, with or without ``session_``.

    Raises:
        StoreError: several ids begin so.
    """
    exact = [each for each in sessions if called in {each.name, each.id}]
    if exact:
        return next((each for each in exact if each.name == called), exact[0])
    begun = [each for each in sessions if called and each.id.startswith((called, ID + called))]
    if len(begun) > 1:
        told = ", ".join(each.id for each in begun[:_MOST_TOLD])
        raise StoreError(
            f"{called!r} begins the ids of {len(begun)} sessions: {told}{', …' if begun[_MOST_TOLD:] else ''}"
        )
    return begun[0] if begun else None
