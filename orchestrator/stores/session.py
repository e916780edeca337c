"""A session that this process holds: loaded, locked, and kept event by event."""

import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack

from orchestrator.closing import forked
from orchestrator.events import RecordedEvent, RunStarted
from orchestrator.state import State, fold
from orchestrator.stores import SessionStore


class Session:
    """A session and the store that keeps it. It is not in the store before its first event.

    Args:
        store: where it is kept.
        file: the file of agents, relative to the project's root.
        name: what its owner calls it.
    """

    def __init__(self, store: SessionStore, *, file: str = "", name: str | None = None) -> None:
        self.id = new_id()
        self.name = name
        self.file = file
        self.events: list[RecordedEvent] = []
        self.state = State(self.id)
        self._store = store
        self._held = AsyncExitStack()
        self._created = False

    @classmethod
    async def load(cls, store: SessionStore, session_id: str) -> "Session":
        """Hold a session that the store has.

        Raises:
            SessionBusy: somebody else holds it.
            StoreError: there is none with this id, or it can't be read.
        """
        summary = await store.summary(session_id)
        session = cls(store, file=summary.file, name=summary.name)
        session.id = session_id
        await session._held.enter_async_context(store.lock(session_id))
        session._created = True
        try:
            session.events = await store.events(session_id)
        except BaseException:
            await session.close()
            raise
        session.state = fold(session_id, session.events)
        return session

    async def keep(self, events: Sequence[RecordedEvent], state: State) -> None:
        """Keep what happened, and the state that it led to. When this returns it is durable.

        Raises:
            StoreError: it can't be kept; nothing of it is.
        """
        if not self._created:
            await self._store.create(self.id, file=self.file, name=self.name)
            await self._held.enter_async_context(self._store.lock(self.id))
            self._created = True
        await self._store.append(self.id, events)
        self.events.extend(events)
        self.state = state

    async def fork(self, at: int | None = None) -> "Session":
        """Go on in a copy of the first ``at`` events, or of all. It takes the name over; this session stays, let go."""
        if not self.events[:at]:
            copy = Session(self._store, file=self.file, name=self.name)
        else:
            copy_id = new_id()
            await fork(self._store, self.id, copy_id, at)
            await self._store.rename(copy_id, self.name)
            copy = await Session.load(self._store, copy_id)
        await self.close()
        return copy

    async def close(self) -> None:
        """Let it go."""
        await self._held.aclose()


async def fork(store: SessionStore, session_id: str, new: str, at: int | None = None) -> None:
    """Copy the first ``at`` events of a session, or all. What was under way there is told to be unknown in the copy.

    Raises:
        StoreError: there is no such session, or it has fewer events.
    """
    state = fold(new, await store.events(session_id, at))
    await store.fork(session_id, new, at, forked(state, at=state.at))


def new_id() -> str:
    """An id that no other session has."""
    return f"session_{uuid.uuid4().hex[:16]}"


def turn_began(events: Sequence[RecordedEvent]) -> int:
    """The place of the event with which the last user turn began: how many events there were before it; 0 if none."""
    places = (place for place in range(len(events) - 1, -1, -1) if isinstance(events[place], RunStarted))
    return next(places, 0)
