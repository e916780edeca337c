"""Chat Completions over HTTP, as OpenAI speaks it and everything that follows it.

The body goes out as ready bytes, and the reply is put together here from the raw bytes that come back: objects for each
chunk, as typed clients make them, cost more than all the rest. A call is asked once: whether it is tried again is for
others to say. No redirection is followed, so that a key goes nowhere but where it belongs.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

import httpx2

from orchestrator.clients.endpoints import Address
from orchestrator.clients.failures import Failure, failure_of, of_status, one_line
from orchestrator.clients.wire import Reply, body_of
from orchestrator.errors import ModelError
from orchestrator.model import ModelDelta, ModelRequest, ModelResponse, Timeouts

T = TypeVar("T")

DRAIN_SECONDS = 0.5
ERROR_SECONDS = 1.0
ERROR_BYTES = 65_536  # of an error's body that are read
_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=30.0)


class OpenAIClient:
    """A ``ModelClient`` for one endpoint. It belongs to the event loop in which it is first used.

    Raises:
        ModelError: the proxy that the environment names can't be used.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        try:
            self._client = httpx2.AsyncClient(timeout=None, limits=_LIMITS)
        except (ValueError, ImportError, httpx2.InvalidURL):
            what = "the environment names a proxy that can't be used; are HTTPS_PROXY, HTTP_PROXY and ALL_PROXY right?"
            raise ModelError(f"no way to {address.shown}: {what}", kind="unreachable") from None
        self._headers = httpx2.Headers({"Content-Type": "application/json", "User-Agent": "orchestrate"})
        self._headers.update(address.authorization)
        self._headers.update(address.headers)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Ask and stream the reply.

        Raises:
            ModelError: see there.
        """
        reply, shown = Reply(), False
        try:
            async with aclosing(self._deltas(request, reply)) as deltas:
                async for delta in deltas:
                    shown = True
                    yield delta
        except (Failure, httpx2.HTTPError, httpx2.InvalidURL) as error:
            if not reply.finished:  # what breaks behind the end of a reply does not matter
                raise self._told(request, failure_of(error, begun=reply.begun), shown) from None
        yield reply.response()

    async def _deltas(self, request: ModelRequest, reply: Reply) -> AsyncGenerator[ModelDelta, None]:
        """What can be shown of the reply, until it is complete."""
        deadline = _Deadline(request.model.timeouts)
        async with self._answer(request, deadline) as pieces:
            while not reply.done and (piece := await deadline.piece(pieces)):
                for delta in reply.feed(piece):
                    yield delta
            for delta in reply.end():
                yield delta
            await _drain(pieces)

    @asynccontextmanager
    async def _answer(self, request: ModelRequest, deadline: "_Deadline") -> AsyncIterator[AsyncGenerator[bytes, None]]:
        """The body of the answer, in pieces as they come."""
        response = await deadline.within(self._send(request))
        try:
            if not response.is_success:
                raise await self._refusal(response)
            async with aclosing(response.aiter_bytes()) as pieces:
                yield pieces
        finally:
            await response.aclose()

    async def _send(self, request: ModelRequest) -> httpx2.Response:
        model = request.model
        accept = "text/event-stream" if model.stream else "application/json"
        sent = self._client.build_request(
            "POST",
            self._address.url,
            content=body_of(request),
            headers={"Accept": accept, **self._headers},
            timeout=httpx2.Timeout(None, connect=model.timeouts.connect),
        )
        return await self._client.send(sent, stream=True)

    async def _refusal(self, response: httpx2.Response) -> Failure:
        """What an answer with an error status says; if its body does not come soon, as much as came."""
        body = bytearray()
        with contextlib.suppress(TimeoutError, httpx2.HTTPError):
            async with asyncio.timeout(ERROR_SECONDS), aclosing(response.aiter_bytes()) as pieces:
                while len(body) < ERROR_BYTES and (piece := await anext(pieces, b"")):
                    body += piece
        return of_status(response.status_code, response.headers, bytes(body[:ERROR_BYTES]))

    def _told(self, request: ModelRequest, failure: Failure, shown: bool) -> ModelError:
        said = one_line(self._address.hide(failure.what))
        return ModelError(
            f"model {request.model.name!r} at {self._address.shown}: {said}{failure.hint and f'; {failure.hint}'}",
            kind=failure.kind,
            status=failure.status,
            transient=failure.transient,
            retry_after=failure.retry_after,
            shown=shown,
        )


class _Deadline:
    """When to wait no longer: for the first byte of a reply, between two pieces of it, and altogether."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._time = asyncio.get_running_loop().time
        self._end = self._time() + _finite(timeouts.total)
        self._until = self._time() + _finite(timeouts.first)
        self._between = _finite(timeouts.between)
        self._replying = False

    async def piece(self, pieces: AsyncIterator[bytes]) -> bytes:
        """The next piece of the body, empty at its end."""
        piece = await self.within(anext(pieces, b""))
        self._replying = True
        self._until = self._time() + self._between
        return piece

    async def within(self, step: Awaitable[T]) -> T:
        """What comes of the step, if it comes in time.

        Raises:
            Failure: it does not.
        """
        try:
            async with asyncio.timeout_at(min(self._until, self._end)):
                return await step
        except TimeoutError:
            raise self._late() from None

    def _late(self) -> Failure:
        limits = self._timeouts
        if self._time() >= self._end:
            return Failure(f"did not finish within {limits.total:g} s", "", "timeout", transient=False)
        if self._replying:
            return Failure(f"fell silent for {limits.between:g} s in the middle of its reply", "", "timeout")
        return Failure(f"did not begin to answer within {limits.first:g} s", "", "timeout")


def _finite(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """Read to the end, which comes right behind the reply: only then is a connection used again."""
    with contextlib.suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in pieces:
                pass
