"""Replaying: a client that answers from a cassette, without a model, a key or a network."""

from collections import deque
from collections.abc import AsyncIterator, Collection
from pathlib import Path

from orchestrator.cassette import Call, Failed, Object, Replied, asked, digest
from orchestrator.clients.cassettes.differences import differences, told
from orchestrator.clients.cassettes.reading import Cassette, read_cassette
from orchestrator.errors import ModelError, UsageError
from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse
from orchestrator.veil import Veil


class ReplayClient:
    """A ``ModelClient`` that answers a request as it was answered when the cassette was recorded.

    A request that was recorded several times gets its replies in their order, each once.

    Args:
        cassette: the recorded calls.
        secrets: texts that were hidden when they were recorded. What looks like a key always was.
        any_model: whether the model's name and its settings count for nothing.
    """

    def __init__(self, cassette: Cassette, *, secrets: Collection[str] = (), any_model: bool = False) -> None:
        self._cassette = cassette
        self._veil = Veil(secrets)
        self._ignored = {"model", "settings"} if any_model else set()
        self._left: dict[str, deque[Call]] = {}
        for _, call in cassette.calls:
            self._left.setdefault(digest(self._counted(call.request.data)), deque()).append(call)

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Answer as recorded, without pauses.

        Raises:
            ModelError: the recorded failure, or there is no reply to this request; with the nearest that has one.
        """
        call = self._take(request)
        for delta in call.deltas:
            yield delta
        match call.end:
            case Failed() as failed:
                raise ModelError(failed.message, kind=failed.kind, status=failed.status, shown=failed.shown)
            case Replied() as replied:
                yield ModelResponse(replied.content, replied.tool_calls, replied.finish, replied.usage)

    def _take(self, request: ModelRequest) -> Call:
        counted = self._counted(self._veil.values(asked(request).data))
        left = self._left.get(digest(counted))
        if left:
            return left.popleft()
        cassette = f"model {request.model.name!r}: the cassette {self._cassette.path}"
        if left is not None:
            raise ModelError(
                f"{cassette} has no further reply to this request: it was recorded less often", kind="unrecorded"
            )
        number, places = min(
            ((number, differences(self._counted(call.request.data), counted)) for number, call in self._cassette.calls),
            key=lambda found: len(found[1]),
        )
        raise ModelError(
            f"{cassette} has no reply to this request. Nearest is line {number}: {told(places)}", kind="unrecorded"
        )

    def _counted(self, request: Object) -> Object:
        return {key: value for key, value in request.items() if key not in self._ignored}


def replay_client(path: str | Path) -> ReplayClient:
    """The client of a model that answers from a cassette, whichever model was recorded.

    Raises:
        ModelError: the cassette can't be read, or is broken.
    """
    try:
        return ReplayClient(read_cassette(path), any_model=True)
    except UsageError as error:
        raise ModelError(str(error), kind="broken") from None
