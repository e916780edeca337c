"""Chat Completions of one endpoint.

Nothing is tried again here: whether a call is, is for others to say. No redirection is followed, so that a key goes
nowhere but where it belongs; and of an error's body no more is read than a message needs.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from orchestrator.clients.deadline import Deadline
from orchestrator.clients.endpoints import Address
from orchestrator.clients.failures import Failure, broke, of_status, one_line
from orchestrator.clients.logged import Attempt
from orchestrator.clients.transports import Answer
from orchestrator.clients.transports.ways import way_to
from orchestrator.clients.wire import Reply, body_of
from orchestrator.errors import ModelError
from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse

DRAIN_SECONDS = 0.5
ERROR_SECONDS = 1.0
ERROR_BYTES = 65_536  # of an error's body that are read


class OpenAIClient:
    """A ``ModelClient`` for one endpoint. It belongs to the event loop in which it is first used.

    Raises:
        ModelError: the proxy or the certificates that the environment names can't be used.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._transport = way_to(address)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Ask and stream the reply. One task drives it.

        Raises:
            ModelError: see there.
        """
        reply, attempt, shown = Reply(), Attempt(self._address, request), False
        try:
            async with aclosing(self._deltas(request, reply, attempt)) as deltas:
                async for delta in deltas:
                    shown = True
                    yield delta
        except (Failure, ConnectionError) as error:
            if not reply.finished:  # what breaks behind the end of a reply does not matter
                failure = error if isinstance(error, Failure) else broke(begun=reply.begun)
                attempt.failed(failure)
                raise self._told(request, failure, shown) from None
        finally:
            attempt.ended(reply)
        yield reply.response()

    async def _deltas(self, request: ModelRequest, reply: Reply, attempt: Attempt) -> AsyncGenerator[ModelDelta, None]:
        """What can be shown of the reply, until it is complete."""
        async with Deadline(request.model.timeouts) as deadline, self._answer(request, deadline, attempt) as answer:
            while not reply.done:
                deadline.wait(replying=reply.begun)
                piece = await answer.piece()
                deadline.came()
                attempt.came()
                if not piece:
                    break
                for delta in reply.feed(piece):
                    yield delta
            for delta in reply.end():
                yield delta
            await _drain(answer)

    @asynccontextmanager
    async def _answer(self, request: ModelRequest, deadline: Deadline, attempt: Attempt) -> AsyncIterator[Answer]:
        """The beginning of a reply.

        Raises:
            Failure: the answer is an error.
        """
        body = body_of(request)
        attempt.sending(body)
        deadline.wait()
        answer = await self._transport.post(body, request.model.stream, request.model.timeouts.connect)
        deadline.came()
        async with aclosing(answer):
            attempt.answered(answer)
            if not 200 <= answer.status < 300:
                raise of_status(answer.status, answer.headers, await _beginning(answer))
            yield answer

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


async def _beginning(answer: Answer) -> bytes:
    """What comes of an error's body within a second, and no more than a message needs."""
    body = b""
    with contextlib.suppress(TimeoutError, ConnectionError, Failure):
        async with asyncio.timeout(ERROR_SECONDS):
            while len(body) < ERROR_BYTES and (piece := await answer.piece()):
                body += piece
    return body[:ERROR_BYTES]


async def _drain(answer: Answer) -> None:
    """Read to the end, which comes right behind the reply: only then is a connection used again."""
    if answer.complete:
        return
    with contextlib.suppress(TimeoutError, ConnectionError, Failure):
        async with asyncio.timeout(DRAIN_SECONDS):
            while await answer.piece():
                pass
