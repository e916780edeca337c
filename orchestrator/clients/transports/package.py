"""The openai package's asynchronous client as a transport.

The body goes out through its ``post`` and the raw response comes back: its typed ``create`` transforms each request,
and makes objects of each chunk, which costs more than all else. Its retries are off.
"""

from collections.abc import AsyncIterator

import httpx2
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, Omit

from orchestrator.clients.endpoints import OPENAI_URL, Address
from orchestrator.clients.transports import ACCEPT
from orchestrator.clients.transports.general import HttpxAnswer, connected, in_plain_words

_KEPT = "orchestrate.stream"


class ThroughPackage:
    """A ``Transport`` that goes through the package.

    Raises:
        ModelError: the proxy or the certificates that the environment names can't be used.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        client = connected(address)
        client.event_hooks = {"response": [_keep_error]}
        # the whole URL goes with each request, and so does the key
        self._client = AsyncOpenAI(api_key="none", base_url=OPENAI_URL, http_client=client, max_retries=0)
        self._headers: dict[str, str | Omit] = {"Content-Type": "application/json", "Authorization": Omit()}
        self._headers |= {**address.authorization, **dict(address.headers)}

    async def post(self, body: bytes, stream: bool, connect: float | None) -> HttpxAnswer:
        """Send a request."""
        with in_plain_words():
            return HttpxAnswer(await self._response(body, stream, connect))

    async def _response(self, body: bytes, stream: bool, connect: float | None) -> httpx2.Response:
        timeout = httpx2.Timeout(None, connect=connect)
        try:
            return await self._client.post(
                str(self._address.url),
                cast_to=httpx2.Response,
                content=body,
                options={"headers": {"Accept": ACCEPT[stream], **self._headers}, "timeout": timeout},
                stream=True,
                stream_cls=None,
            )
        except APIStatusError as error:
            answer = error.response
            return httpx2.Response(answer.status_code, headers=answer.headers, stream=answer.extensions[_KEPT])
        except APIConnectionError as error:
            if isinstance(error.__cause__, httpx2.HTTPError | httpx2.InvalidURL):
                raise error.__cause__ from None
            raise ConnectionError(str(error)) from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()


async def _keep_error(response: httpx2.Response) -> None:
    """Of an answer with an error status the package reads the whole body, which need not end: keep it from it."""
    if not response.is_success:
        response.extensions[_KEPT] = response.stream
        response.stream = _Nothing()


class _Nothing(httpx2.AsyncByteStream):
    """A body that is empty."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        return
        yield b""
