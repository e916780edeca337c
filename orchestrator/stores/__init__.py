"""Where sessions are kept: append-only lists of recorded events, behind one protocol."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from orchestrator.errors import OrchestrateError
from orchestrator.events import RecordedEvent, Status


class StoreError(OrchestrateError):
    """A store can't be used, or does not hold what is asked of it. The text is one line for people."""


class SessionBusy(StoreError):  # noqa: N818 - says what is the case
    """Another process, or another part of this one, has the session open."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A session as a list shows it, without its events.

    Args:
        id: names it for good.
        name: what its owner calls it. At most one session of a store has a name; a name can move to another.
        file: the file of agents, relative to the project's root, with ``/``; "" where there is none.
        created: seconds since the epoch.
        updated: the time of the last event; that of ``created`` before the first of its own: a fork's are its parent's.
        events: how many recorded events it has.
        runs: how many user turns.
        status: how the last run ended; ``running`` for one that has not, ``waiting`` for one that waits for a person's
            yes or answer, ``new`` before the first.
        agent: who spoke last.
        title: the first message of the person, cut to 200 characters.
        parent: the session that it was forked from.
        forked_at: how many of the parent's events it took.
    """

    id: str
    name: str | None
    file: str
    created: float
    updated: float
    events: int
    runs: int
    status: Status | Literal["running", "waiting", "new"]
    agent: str
    title: str
    parent: str | None = None
    forked_at: int | None = None


class SessionStore(Protocol):
    """Keeps sessions. Every method raises ``StoreError`` where the store can't be used, or the session is not there."""

    async def create(self, session_id: str, *, file: str = "", name: str | None = None) -> None:
        """Begin a session. A name that another session has moves here."""
        ...

    async def append(self, session_id: str, events: Sequence[RecordedEvent]) -> None:
        """Keep these events, all or none. When this returns they are durable. The session is to be locked."""
        ...

    async def events(self, session_id: str, at: int | None = None) -> list[RecordedEvent]:
        """The first ``at`` events of a session, or all, in order."""
        ...

    async def summary(self, session_id: str) -> Summary:
        """One session, without its events."""
        ...

    async def list(self) -> list[Summary]:
        """All sessions, the one that was updated last first. Events are not read."""
        ...

    async def rename(self, session_id: str, name: str | None) -> None:
        """Give a session a name, which another session loses if it had it; or take its name away."""
        ...

    async def fork(
        self, session_id: str, new_id: str, at: int | None = None, closing: Sequence[RecordedEvent] = ()
    ) -> None:
        """Make a session of the first ``at`` events of another, or of all, and of ``closing`` behind them.

        All of it or nothing. The other one stays as it is.
        """
        ...

    async def delete(self, session_id: str) -> None:
        """Forget a session for good. It is not to be locked by anybody."""
        ...

    def lock(self, session_id: str) -> AbstractAsyncContextManager[None]:
        """Hold a session that is there, so that nobody else appends to it.

        The lock falls when its process ends, however that is.

        Raises:
            SessionBusy: somebody else holds it. The text says who, as far as that is known.
        """
        ...
