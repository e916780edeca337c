"""Sessions that nobody keeps: they are gone with the process."""

import builtins
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from orchestrator.events import RecordedEvent
from orchestrator.stores import Summary
from orchestrator.stores.progress import Progress, advance
from orchestrator.stores.rules import HERE, busy, check_id, cut_at, not_locked, taken, unknown


@dataclass
class _Session:
    file: str
    created: float
    progress: Progress
    name: str | None = None
    parent: str | None = None
    forked_at: int | None = None
    events: list[RecordedEvent] = field(default_factory=list)

    def summary(self, session_id: str) -> Summary:
        return Summary(
            session_id,
            self.name,
            self.file,
            self.created,
            self.progress.updated,
            self.progress.events,
            self.progress.runs,
            self.progress.status,
            self.progress.agent,
            self.progress.title,
            self.parent,
            self.forked_at,
        )


class MemoryStore:
    """Keeps sessions for as long as the process lives.

    Args:
        clock: gives the time in seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._sessions: dict[str, _Session] = {}
        self._held: set[str] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def create(self, session_id: str, *, file: str = "", name: str | None = None) -> None:
        """Begin a session. A name that another session has moves here."""
        now = self._clock()
        self._add(session_id, _Session(file, now, Progress(now)))
        await self.rename(session_id, name)

    async def append(self, session_id: str, events: Sequence[RecordedEvent]) -> None:
        """Keep these events. The session is to be locked."""
        session = self._found(session_id)
        if session_id not in self._held:
            raise not_locked(session_id)
        session.progress = advance(session.progress, events)
        session.events += events

    async def events(self, session_id: str, at: int | None = None) -> builtins.list[RecordedEvent]:
        """The first ``at`` events of a session, or all, in order."""
        events = self._found(session_id).events
        return events[: cut_at(session_id, at, len(events))]

    async def summary(self, session_id: str) -> Summary:
        """One session, without its events."""
        return self._found(session_id).summary(session_id)

    async def list(self) -> builtins.list[Summary]:
        """All sessions, the one that was updated last first."""
        summaries = [session.summary(session_id) for session_id, session in reversed(self._sessions.items())]
        return sorted(summaries, key=lambda summary: summary.updated, reverse=True)

    async def rename(self, session_id: str, name: str | None) -> None:
        """Give a session a name, which another session loses if it had it; or take its name away."""
        renamed = self._found(session_id)
        for session in self._sessions.values():
            if name is not None and session.name == name:
                session.name = None
        renamed.name = name

    async def fork(
        self, session_id: str, new_id: str, at: int | None = None, closing: Sequence[RecordedEvent] = ()
    ) -> None:
        """Make a session of the first ``at`` events of another, or of all, and of ``closing`` behind them."""
        parent, now = self._found(session_id), self._clock()
        count = cut_at(session_id, at, len(parent.events))
        events = [*parent.events[:count], *closing]
        progress = replace(advance(Progress(now), events), updated=now)
        self._add(new_id, _Session(parent.file, now, progress, None, session_id, count, events))

    async def delete(self, session_id: str) -> None:
        """Forget a session for good. It is not to be locked by anybody."""
        self._found(session_id)
        if session_id in self._held:
            raise busy(session_id, HERE)
        del self._sessions[session_id]

    @contextlib.asynccontextmanager
    async def lock(self, session_id: str) -> AsyncIterator[None]:
        """Hold a session, so that nobody else appends to it.

        Raises:
            SessionBusy: somebody else holds it.
        """
        self._found(session_id)
        if session_id in self._held:
            raise busy(session_id, HERE)
        self._held.add(session_id)
        try:
            yield
        finally:
            self._held.discard(session_id)

    def _found(self, session_id: str) -> _Session:
        if session_id not in self._sessions:
            raise unknown(session_id)
        return self._sessions[session_id]

    def _add(self, session_id: str, session: _Session) -> None:
        check_id(session_id)
        if session_id in self._sessions:
            raise taken(session_id)
        self._sessions[session_id] = session
