"""Chat Completions through the openai package's asynchronous client.

The body goes out as ready bytes through the client's ``post``, and the raw response comes back: the typed
``chat.completions.create`` transforms each request, and makes objects for each chunk, which costs more than all else.
Its retries are off: whether a call is tried again is for others to say. No redirection is followed, so that a key goes
nowhere but where it belongs; and of an error's body no more is read than a message needs.
"""

import asyncio
import contextlib
import math
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing, asynccontextmanager
from contextvars import ContextVar
from functools import cache
from typing import TypeVar

import httpx2
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, Omit

from orchestrator.clients.connections import failure_of
from orchestrator.clients.endpoints import OPENAI_URL, Address
from orchestrator.clients.failures import Failure, one_line
from orchestrator.clients.logged import Attempt
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
        ModelError: the proxy or the certificates that the environment names can't be used.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        try:
            client = httpx2.AsyncClient(
                timeout=None, limits=_LIMITS, verify=_certificates(), event_hooks={"response": [_bound_error]}
            )
        except (ValueError, ImportError, httpx2.InvalidURL):
            what = "the environment names a proxy that can't be used; are HTTPS_PROXY, HTTP_PROXY and ALL_PROXY right?"
            raise ModelError(f"no way to {address.shown}: {what}", kind="unreachable") from None
        except OSError:
            what = "the environment names certificates that can't be read; are SSL_CERT_FILE and SSL_CERT_DIR right?"
            raise ModelError(f"no way to {address.shown}: {what}", kind="unreachable") from None
        # the whole URL goes with each request, and so does the key
        self._client = AsyncOpenAI(api_key="none", base_url=OPENAI_URL, http_client=client, max_retries=0)
        self._headers: dict[str, str | Omit] = {"Content-Type": "application/json", "Authorization": Omit()}
        self._headers |= {**address.authorization, **dict(address.headers)}

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Ask and stream the reply.

        Raises:
            ModelError: see there.
        """
        reply, attempt, shown = Reply(), Attempt(self._address, request), False
        try:
            async with aclosing(self._deltas(request, reply, attempt)) as deltas:
                async for delta in deltas:
                    shown = True
                    yield delta
        except (Failure, APIStatusError, APIConnectionError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            if not reply.finished:  # what breaks behind the end of a reply does not matter
                failure = failure_of(error, begun=reply.begun)
                attempt.failed(error, failure)
                raise self._told(request, failure, shown) from None
        finally:
            attempt.ended(reply)
        yield reply.response()

    async def _deltas(self, request: ModelRequest, reply: Reply, attempt: Attempt) -> AsyncGenerator[ModelDelta, None]:
        """What can be shown of the reply, until it is complete."""
        deadline = _Deadline(request.model.timeouts)
        _waited_for.set(deadline)
        async with self._answer(request, deadline, attempt) as pieces:
            while not reply.done and (piece := await deadline.within(anext(pieces, b""), replying=reply.begun)):
                attempt.came()
                for delta in reply.feed(piece):
                    yield delta
            for delta in reply.end():
                yield delta
            await _drain(pieces)

    @asynccontextmanager
    async def _answer(
        self, request: ModelRequest, deadline: "_Deadline", attempt: Attempt
    ) -> AsyncIterator[AsyncGenerator[bytes, None]]:
        """The body of the answer, in pieces as they come."""
        try:
            body = body_of(request)
            attempt.sending(body)
            response = await deadline.within(self._send(request, body))
            attempt.answered(response)
            try:
                async with aclosing(response.aiter_bytes()) as pieces:
                    yield pieces
            finally:
                await response.aclose()
        finally:
            deadline.close()

    async def _send(self, request: ModelRequest, body: bytes) -> httpx2.Response:
        model = request.model
        accept = "text/event-stream" if model.stream else "application/json"
        return await self._client.post(
            str(self._address.url),
            cast_to=httpx2.Response,
            content=body,
            options={
                "headers": {"Accept": accept, **self._headers},
                "timeout": httpx2.Timeout(None, connect=model.timeouts.connect),
            },
            stream=True,
            stream_cls=None,
        )

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
    """When to wait no longer: for the first byte of a reply, between two pieces of it, and altogether.

    A reply has thousands of pieces, most of which are there at once. So there is one timer, which looks when it rings
    whether the wait is too long; ``asyncio.timeout`` for each piece costs more than all else that a piece costs here.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._first, self._end = now + _finite(timeouts.first), now + _finite(timeouts.total)
        self._between = _finite(timeouts.between)
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: asyncio.Task[object] | None = None
        self._rang = False

    def close(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()

    def give(self, seconds: float) -> None:
        """Wait so much longer for what has begun to come."""
        self._due = min(self._loop.time() + seconds, self._end)

    async def within(self, step: Awaitable[T], *, replying: bool = False) -> T:
        """What comes of the step, if it comes in time.

        Raises:
            Failure: it does not.
        """
        self._due = min(self._loop.time() + self._between if replying else self._first, self._end)
        self._waiting = task = asyncio.current_task()
        cancelling = task.cancelling() if task else 0
        if self._timer is None or self._timer.when() > self._due:
            self._wind()
        try:
            return await step
        except asyncio.CancelledError:
            if self._rang and task and task.uncancel() <= cancelling:
                raise self._late(replying) from None
            raise
        finally:
            self._waiting = None

    def _wind(self) -> None:
        self.close()
        self._timer = self._loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiting is None:
            return  # the next wait winds it again
        if self._loop.time() < self._due:
            self._wind()
        else:
            self._rang = True
            self._waiting.cancel()

    def _late(self, replying: bool) -> Failure:
        limits = self._timeouts
        if self._loop.time() >= self._end:
            return Failure(f"did not finish within {limits.total:g} s", "", "timeout", transient=False)
        if replying:
            return Failure(f"fell silent for {limits.between:g} s in the middle of its reply", "", "timeout")
        return Failure(f"did not begin to answer within {limits.first:g} s", "", "timeout")


_waited_for: ContextVar[_Deadline] = ContextVar("deadline")


async def _bound_error(response: httpx2.Response) -> None:
    """Of an answer with an error status the package reads the whole body: give it the beginning, if it comes soon."""
    if not response.is_success and isinstance(response.stream, httpx2.AsyncByteStream):
        _waited_for.get().give(2 * ERROR_SECONDS)
        response.stream = _Beginning(response.stream)


class _Beginning(httpx2.AsyncByteStream):
    """What comes of a stream within a second, and no more than a message needs."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = ERROR_BYTES
        pieces = aiter(self._stream)
        with contextlib.suppress(TimeoutError, httpx2.HTTPError):
            end = asyncio.get_running_loop().time() + ERROR_SECONDS
            while left > 0:
                async with asyncio.timeout_at(end):
                    piece = await anext(pieces, b"")
                if not piece:
                    break
                yield piece[:left]
                left -= len(piece)

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()


@cache
def _certificates() -> ssl.SSLContext:
    """Whom to trust. Reading it takes as long as many calls, so all clients share it."""
    return httpx2.create_ssl_context()


def _finite(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """Read to the end, which comes right behind the reply: only then is a connection used again."""
    with contextlib.suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in pieces:
                pass
