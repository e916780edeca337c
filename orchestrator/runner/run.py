"""One run: an async iterator over its events."""

from types import TracebackType
from typing import Self

from orchestrator.events import Event
from orchestrator.runner.engine import Engine
from orchestrator.state import State


class Run:
    """Iterate over it for the events; leave its ``async with`` block, or iterate to the end, and nothing is left over.

    It only holds the engine's stream of events, so that a run that is dropped half-way is closed by the event loop.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._events = engine.events()

    @property
    def state(self) -> State:
        """The fold of the recorded events that were handed out."""
        return self._engine.state

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await self._events.__anext__()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop at once and yield nothing more. The run stays unfinished, and can be resumed."""
        await self._events.aclose()

    def cancel(self) -> None:
        """Wind up: results that are in are kept, the run is settled, and the stream yields its closing events."""
        self._engine.cancel()
