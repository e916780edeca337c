"""The front of a conversation: where turns come from, and where events and notes are shown."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal

from orchestrator.agents import AgentGraph
from orchestrator.cli.conversation.readers import Editor, Reader
from orchestrator.cli.conversation.screen import Document, Screen
from orchestrator.events import Event, LiveEvent, RecordedEvent
from orchestrator.render.conversation import TextView, View, note
from orchestrator.render.usage import summary, table
from orchestrator.state import State
from orchestrator.usage import account, prices_of

UsageTold = Literal["line", "table"] | None

TICK_SECONDS = 0.1


@dataclass(frozen=True)
class Front:
    """Where turns come from, what shows the events, and what to tell of the usage at the end.

    Args:
        view: shows events.
        reader: gives turns, answers and verdicts.
        interactive: whether a person sits there, who sees prompts and may give commands.
        usage: what to tell of the usage at the end.
    """

    view: View
    reader: Reader
    interactive: bool
    usage: UsageTold = None
    log: list[RecordedEvent] = field(default_factory=list)

    def recall(self, events: Iterable[RecordedEvent], state: State) -> None:
        """Take note of what happened before in a session that goes on: names of calls, and what was said last."""
        view = self.view
        if isinstance(view, TextView | Screen):
            view.recall(slot.call for slot in (state.open.slots if state.open else ()))
        elif isinstance(view, Document):
            view.recall(events)

    def show(self, event: Event) -> None:
        """Show an event, and keep it for the end if it is more than a glimpse."""
        self.view(event)
        if not isinstance(event, LiveEvent):
            self.log.append(event)

    @contextlib.asynccontextmanager
    async def live(self) -> AsyncIterator[None]:
        """While this lasts, what moves on the screen moves; at its end the screen is clean."""
        view = self.view
        if not isinstance(view, Screen):
            yield
            return
        ticking = asyncio.create_task(_tick(view))
        try:
            with view.printing_above(), self._unseen():
                yield
        finally:
            ticking.cancel()
            view.close()

    def _unseen(self) -> AbstractContextManager[None]:
        """Keep what is typed ahead from being shown in the midst of what moves."""
        return self.reader.unseen() if isinstance(self.reader, Editor) else contextlib.nullcontext()

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """While this lasts nothing moves on the screen: the person is asked something."""
        if isinstance(self.view, Screen):
            with self.view.waiting_for_person():
                yield
        else:
            yield

    def tell_usage(self, graph: AgentGraph) -> None:
        """Say what the conversation took, if anybody wants to know."""
        if self.usage is not None:
            spent = account(self.log, prices_of(graph))
            note(table(spent) if self.usage == "table" else summary(spent), sys.stderr)

    def tell(self, text: str) -> None:
        """Say something that is not part of the answer."""
        sys.stderr.write(text)
        sys.stderr.flush()


async def _tick(view: Screen) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        view.tick()
