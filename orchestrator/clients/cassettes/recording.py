"""Recording: a client that writes down what another one is asked and replies."""

import os
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from pathlib import Path
from types import TracebackType
from typing import Self

from orchestrator.cassette import Call, Failed, Header, Replied, adapter, asked, digest
from orchestrator.errors import ModelError, UsageError
from orchestrator.events import ModelRestarted, TextDelta
from orchestrator.messages import encode
from orchestrator.model_client import ModelClient, ModelDelta, ModelRequest, ModelResponse
from orchestrator.veil import Veil


class _UnwrittenError(ModelError):
    """A line could not be written: the call itself had come to its end."""


class RecordingClient:
    """A ``ModelClient`` that passes requests on, and writes a line for each call that has come to its end.

    The file is made with the first line, so a conversation without a call leaves none. A call that is cancelled leaves
    no line.

    Args:
        client: answers.
        path: the cassette, which must not be there yet.
        header: what a replay must share with this recording.
        secrets: texts that are hidden in what is written, as is whatever looks like a key.

    Raises:
        UsageError: there is a file already, or none can be made there.
    """

    def __init__(
        self,
        client: ModelClient,
        path: str | Path,
        *,
        header: Header = Header(),  # noqa: B008 - frozen
        secrets: Collection[str] = (),
    ) -> None:
        self._client = client
        self._path = Path(path)
        self._header = header
        self._veil = Veil(secrets)
        self._begun = False
        _check(self._path)

    async def __aenter__(self) -> Self:
        if isinstance(self._client, AbstractAsyncContextManager):
            await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(self._client, AbstractAsyncContextManager):
            await self._client.__aexit__(kind, error, traceback)

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Pass the request on, and write the call down before its end is handed over.

        Raises:
            ModelError: that of the client, or the cassette can't be written.
        """
        deltas: list[ModelDelta] = []
        try:
            async with aclosing(self._client.stream(request)) as items:  # type: ignore[type-var]  # generators
                async for item in items:
                    self._take(request, deltas, item)
                    yield item
        except _UnwrittenError:
            raise
        except ModelError as error:
            failed = Failed(message=str(error), kind=error.kind, status=error.status, shown=error.shown)
            self._keep(request, deltas, failed)
            raise

    def _take(self, request: ModelRequest, deltas: list[ModelDelta], item: ModelDelta | ModelResponse) -> None:
        """Keep a delta for the line, or write the line: nobody asks for more once the response was handed over."""
        if isinstance(item, ModelResponse):
            self._keep(request, deltas, _replied(item))
        else:
            deltas.append(item)

    def _keep(self, request: ModelRequest, deltas: Sequence[ModelDelta], end: Replied | Failed) -> None:
        call = Call(sha256="", request=asked(request), deltas=self._veiled(deltas), end=end)
        line = self._veil.values(adapter().dump_python(call, mode="json"))
        line["sha256"] = digest(line["request"])  # of what is written, and of what a replay sees
        try:
            self._append(encode(line))
        except OSError as error:
            raise _UnwrittenError(f"the cassette {self._path} can't be written: {error.strerror}") from None

    def _append(self, line: bytes) -> None:
        lines = [line] if self._begun else [encode(adapter().dump_python(self._header, mode="json")), line]
        with self._path.open("ab" if self._begun else "xb") as file:
            self._begun = True
            file.write(b"".join(each + b"\n" for each in lines))

    def _veiled(self, deltas: Sequence[ModelDelta]) -> tuple[ModelDelta, ...]:
        """The deltas, also without a secret that is cut in pieces."""
        return tuple(delta for reply in _replies(deltas) for delta in self._veiled_reply(reply))

    def _veiled_reply(self, reply: Sequence[ModelDelta]) -> Sequence[ModelDelta]:
        """The same deltas; where their text holds a secret, all of it is one piece."""
        said = "".join(delta.text for delta in reply if isinstance(delta, TextDelta))
        clean = self._veil.text(said)
        if clean == said:
            return reply
        first = next(index for index, delta in enumerate(reply) if isinstance(delta, TextDelta))
        rest = [delta for delta in reply[first:] if not isinstance(delta, TextDelta)]
        return [*reply[:first], TextDelta(text=clean), *rest]


def _replies(deltas: Sequence[ModelDelta]) -> list[list[ModelDelta]]:
    """The deltas, parted where a reply begins anew."""
    replies: list[list[ModelDelta]] = [[]]
    for delta in deltas:
        if isinstance(delta, ModelRestarted):
            replies.append([])
        replies[-1].append(delta)
    return replies


def _replied(response: ModelResponse) -> Replied:
    return Replied(
        content=response.content, tool_calls=response.tool_calls, finish=response.finish, usage=response.usage
    )


def _check(path: Path) -> None:
    """See that a file can be made here, before anything is paid for."""
    folder = path.parent
    if os.path.lexists(path):
        raise UsageError(f"{path} is there already: record to another file, or remove it first")
    if not folder.is_dir():
        raise UsageError(f"{path} can't be written: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{path} can't be written: nothing may be written in {folder}")
