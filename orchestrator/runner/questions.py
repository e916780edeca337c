"""Questions that tools put to the person: one at a time, while the tool's clock stands still."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.errors import NobodyToAsk
from orchestrator.events import QuestionAnswered, QuestionAsked, Stamp
from orchestrator.messages import ToolCall, storable
from orchestrator.runner.acts import Act, Acts, Begin
from orchestrator.runner.calls import Asked, Withdrawn, release
from orchestrator.runner.person import Person, Question


@dataclass(eq=False, slots=True)
class _Entry:
    """A question of a call, and the act that waits for its answer."""

    asker: Act
    call: ToolCall
    agent: str
    asked: Asked
    act: Act | None = None


class Questions:
    """The questions of one run. ``announce`` hands out events; ``pause`` is called when nobody is there now."""

    def __init__(
        self,
        acts: Acts,
        person: Person | None,
        announce: Callable[[Begin], None],
        pause: Callable[[], None],
        now: Callable[[], Stamp],
    ) -> None:
        self._acts = acts
        self._person = person
        self._announce = announce
        self._pause = pause
        self._now = now
        self._ready: deque[_Entry] = deque()
        self._current: _Entry | None = None
        self._away = False

    @property
    def asking(self) -> bool:
        """Whether a person is thinking."""
        return self._current is not None or bool(self._ready)

    def put(self, asker: Act, call: ToolCall, agent: str, asked: Asked) -> None:
        """A tool asks. Its clock stands still until the last of its questions is answered."""
        if self._away:
            self._acts.drop(asker)  # it asks when the run is resumed
            return
        entry = _Entry(asker, call, agent, asked)
        asker.hold()
        asker.on_end.append(lambda: self._forget(entry))
        asked.answer.add_done_callback(
            lambda answer: asker.report_from_thread(Withdrawn(asked)) if answer.cancelled() else None
        )
        event = QuestionAsked(**self._now(), call_id=call.id, question=asked.question)
        self._announce(Begin(event, lambda: self._ready.append(entry)))

    def withdraw(self, asked: Asked) -> None:
        """The tool waits no more for this answer."""
        entries = [*self._ready, *([self._current] if self._current else [])]
        for entry in entries:
            if entry.asked is asked:
                self._forget(entry)
                self._answered(entry, "", refused=True, then=lambda: None)

    def serve(self) -> None:
        """Put the next question to the person, if none is open."""
        if self._current is not None or not self._ready:
            return
        entry = self._current = self._ready.popleft()
        question = Question(entry.agent, entry.call.name, entry.asked.question)

        async def work(act: Act) -> None:
            if self._person is None:
                raise NobodyToAsk("there is no person to ask")
            act.report(await self._person.ask(question))

        def take(act: Act, item: object) -> None:
            self._acts.end(act)
            self._current = None
            self._hear(entry, item)

        entry.act = self._acts.start("question", work, take, lambda error: error)

    def _hear(self, entry: _Entry, item: object) -> None:
        answer = entry.asked.answer
        if item is None:
            self._away = True
            for waiting in (entry, *self._ready):
                self._acts.drop(waiting.asker)
            self._pause()
        elif isinstance(item, BaseException):
            self._answered(entry, "", refused=True, then=lambda: release(answer, item))
        else:
            text = storable(str(item))
            self._answered(entry, text, refused=False, then=lambda: release(answer, text))

    def _answered(self, entry: _Entry, text: str, *, refused: bool, then: Callable[[], None]) -> None:
        def go_on() -> None:
            then()
            entry.asker.go_on()

        event = QuestionAnswered(**self._now(), call_id=entry.call.id, answer=text, refused=refused)
        self._announce(Begin(event, go_on))

    def _forget(self, entry: _Entry) -> None:
        if entry in self._ready:
            self._ready.remove(entry)
        if self._current is entry:
            self._current = None
            if entry.act is not None:
                self._acts.drop(entry.act)
