"""The model of a turn: it gives the replies that the test file lists, in their order."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field

from orchestrator.clients.scripted import in_words
from orchestrator.diagnostics import Span
from orchestrator.errors import ModelError
from orchestrator.events import TextDelta, ToolAnnounced
from orchestrator.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from orchestrator.model_client import ModelClient, ModelDelta, ModelRequest, ModelResponse
from orchestrator.spec.suite import ReplySpec
from orchestrator.testing.outcome import Failure
from orchestrator.testing.places import Broken, Place
from orchestrator.testing.scope import Scope

_SHOWN = 200  # characters of a message


@dataclass
class Course:
    """How a turn goes. ``here`` is the place in the test file that is played; ``broken`` are the rules that broke.

    ``instructions`` are those of the last request.
    """

    here: Place
    broken: list[Failure] = field(default_factory=list)
    instructions: str | None = None

    def note(self, failure: Failure) -> None:
        """Take note of a broken rule; the same one again tells nothing new."""
        if failure not in self.broken:
            self.broken.append(failure)


@dataclass(frozen=True)
class Listener:
    """A ``ModelClient`` that keeps what the model was told. A request that was not recorded breaks a rule."""

    client: ModelClient
    course: Course
    place: Place

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Ask the other client."""
        self.course.instructions = request.system
        try:
            async with aclosing(self.client.stream(request)) as items:  # type: ignore[type-var]  # generators
                async for item in items:
                    yield item
        except ModelError as error:
            if error.kind == "unrecorded":
                self.course.note(self.place.failure(str(error)))
            raise


class Player:
    """A ``ModelClient`` that gives the replies of a turn, each once.

    Args:
        replies: by their position.
        place: the turn's ``model``.
        scope: gives what templates see, for a request.
        course: where broken rules are noted. After one there is no further reply.
    """

    def __init__(
        self, replies: dict[int, ReplySpec], place: Place, scope: Callable[[ModelRequest], Scope], course: Course
    ) -> None:
        self._left = list(replies.items())[::-1]
        self._silent = False  # whether the last reply was empty
        self._place = place
        self._scope = scope
        self._course = course

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Give the next reply.

        Raises:
            ModelError: the reply is that the model fails, or the test can't go on.
        """
        try:
            response = self._respond(request)
        except Broken as broken:
            self._course.note(broken.failure)
            raise ModelError(broken.failure.message) from None
        for word in in_words(response.content or ""):
            yield TextDelta(text=word)
        for index, call in enumerate(response.tool_calls):
            yield ToolAnnounced(index=index, name=call.name)
        yield response

    def unused(self, how: str) -> list[Failure]:
        """What is wrong with the replies that were never asked for. ``how`` says how the turn ended."""
        if not self._left:
            return []
        count = len(self._left)
        what = "1 reply was" if count == 1 else f"{count} replies were"
        message = f"{what} not asked for: the turn was over before ({how})"
        return [self._place.failure(message, span=self._place.at(self._left[-1][0]).span)]

    @property
    def _span(self) -> Span:
        """Where the replies are listed; where the turn has none, what the person said."""
        written = (
            self._place if self._place.written else Place(self._place.source, (*self._place.location[:-1], "user"), "")
        )
        return written.key

    def _respond(self, request: ModelRequest) -> ModelResponse:
        if self._course.broken:
            raise Broken(self._course.broken[0])
        if not self._left:
            seen = f"  the last message that it saw: {_shown(request.messages[-1])}"
            why = ": the last one was empty, and then the model is asked once more" if self._silent else ""
            message = f"agent {request.agent!r} asks the model, and there is no further reply{why}"
            raise Broken(self._place.failure(message, [seen], span=self._span))
        index, spec = self._left.pop()
        place = self._course.here = self._place.at(index)
        if spec.agent not in {None, request.agent}:
            message = f"agent {request.agent!r} is asked here, not {spec.agent!r}"
            raise Broken(place.at("agent").failure(message))
        scope = self._scope(request)
        if spec.fails is not None:
            raise _failure(scope.text(spec.fails, place.at("fails")))
        content = None if spec.say is None else scope.text(spec.say, _said(place))
        self._silent = not (content or spec.call or spec.calls)
        return ModelResponse(content, tuple(_calls(spec, scope, place)), spec.finish or "stop")


def _failure(reason: str) -> ModelError:
    """Why the model gives no reply. A history that is too long is treated otherwise than all else."""
    return ModelError(reason, kind="context_length") if reason == "context_length" else ModelError(reason)


def _calls(spec: ReplySpec, scope: Scope, place: Place) -> Iterator[ToolCall]:
    written = [(spec.call, spec.arguments, place)] if spec.call is not None else []
    written += [(call.call, call.arguments, place.at("calls", index)) for index, call in spec.calls.items()]
    for name, arguments, at in written:
        values = scope.value(arguments, at.at("with"))
        yield ToolCall("", name, json.dumps(values, ensure_ascii=False))


def _said(place: Place) -> Place:
    """Where the text of a reply stands: at its key, or in the place of the reply."""
    said = place.at("say")
    return said if said.written else place


def _shown(message: Message) -> str:
    match message:
        case UserMessage(content):
            who = "the person said"
        case ToolMessage(_, content):
            who = "a tool gave"
        case AssistantMessage():
            who, content = "it said itself", message.content or ""
    text = " ".join(content.split())
    return f"{who} {text if len(text) <= _SHOWN else text[:_SHOWN] + '…'!r}"
