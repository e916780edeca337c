"""Chat Completions through the openai package's asynchronous client.

The body goes out as ready bytes through the client's ``post``, and the raw response comes back. That bypasses the
typed ``chat.completions.create``: its recursive transform of the request, which costs 150 ms of CPU for a history of
1,000 messages, and its objects for each streamed chunk. What still applies is the client's: authentication, base URL,
headers, connection pool, proxies, time-outs, and the exceptions for error statuses. Its retries are off: whether a
call may be repeated is the runner's to know.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, Omit

from orchestrator.clients.endpoints import Address
from orchestrator.clients.wire import Assembly, body_of, data_lines
from orchestrator.errors import ModelError
from orchestrator.model import ModelDelta, ModelRequest, ModelResponse

# seconds; a reasoning model may be silent for minutes before its first byte
TIMEOUT = httpx2.Timeout(600.0, connect=10.0)
DRAIN_SECONDS = 0.5


class OpenAIClient:
    """A ``ModelClient`` for one endpoint. It belongs to the event loop in which it is first used."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._client = AsyncOpenAI(
            api_key=address.api_key or "none", base_url=address.base_url, max_retries=0, timeout=TIMEOUT
        )
        self._headers: dict[str, str | Omit] = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if address.api_key is None:
            self._headers["Authorization"] = Omit()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Ask and stream the reply.

        Raises:
            ModelError: see there.
        """
        try:
            response = await self._client.post(
                "/chat/completions",
                cast_to=httpx2.Response,
                content=body_of(request),
                options={"headers": self._headers},
                stream=True,
                stream_cls=None,
            )
            try:
                async for item in self._replies(response, request):
                    yield item
            finally:
                await response.aclose()
        except APIStatusError as error:
            raise ModelError(self._told(request, _status(error))) from None
        except (APITimeoutError, httpx2.TimeoutException):
            raise ModelError(self._told(request, "did not answer in time")) from None
        except (APIConnectionError, httpx2.HTTPError) as error:
            cause = error.__cause__ or error
            why = str(cause) or type(cause).__name__
            # the package wraps what happens before the reply begins
            begun = not isinstance(error, APIConnectionError)
            what = (
                f"broke off in the middle of its reply ({why})"
                if begun
                else f"the connection failed ({why}); is the address right?"
            )
            raise ModelError(self._told(request, what)) from None

    async def _replies(
        self, response: httpx2.Response, request: ModelRequest
    ) -> AsyncIterator[ModelDelta | ModelResponse]:
        assembly = Assembly()
        try:
            async for data in _payloads(response):
                for delta in assembly.add(self._chunk(data, request)):
                    yield delta
        except (AttributeError, TypeError, KeyError) as error:
            raise ModelError(self._told(request, f"sent a reply of a shape that is none: {error}")) from None
        if assembly.finish is None:
            raise ModelError(self._told(request, "broke off in the middle of its reply"))
        yield assembly.response()

    def _chunk(self, data: bytes, request: ModelRequest) -> dict[str, Any]:
        try:
            chunk = json.loads(data)
        except ValueError:
            chunk = None
        if not isinstance(chunk, dict):
            shown = data[:80].decode("utf-8", "replace")
            raise ModelError(self._told(request, f"sent what is not a JSON object: {shown!r}"))
        if chunk.get("error"):
            raise ModelError(self._told(request, f"reported an error: {_message(chunk)}"))
        return chunk

    def _told(self, request: ModelRequest, what: str) -> str:
        return f"model {request.model.name!r} at {_shown(self._address.base_url)}: {what}"


async def _payloads(response: httpx2.Response) -> AsyncIterator[bytes]:
    """The JSON objects of a reply: one for each event, or a single one where the endpoint does not stream."""
    if "event-stream" not in response.headers.get("content-type", ""):
        yield await response.aread()
        return
    lines = data_lines(response.aiter_bytes())
    async for data in lines:
        if data == b"[DONE]":
            break
        yield data
    # a connection is used again only when its reply was read to the end, which comes right behind
    with contextlib.suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in lines:
                pass


def _status(error: APIStatusError) -> str:
    hints = {
        401: "; is the key right?",
        403: "; may this key use the model?",
        404: "; do the base_url and the model's name fit?",
        429: "; wait, or raise the account's limit",
    }
    return f"answered {error.status_code}: {_message(error.body) or error.message}{hints.get(error.status_code, '')}"


def _message(body: object) -> str:
    """The message of an error in its many shapes, on one line."""
    while isinstance(body, dict):
        body = body.get("error") or body.get("message") or body.get("detail") or ""
    return " ".join(str(body or "").split())[:300]


def _shown(url: str) -> str:
    """A URL without a name and password."""
    parsed = httpx2.URL(url)
    return str(parsed.copy_with(userinfo=b"", query=None))
