"""What carries a request to an endpoint and brings back the raw response.

The requests are ready bytes, and so are the replies: the typed client of the openai package makes objects of both, and
its import alone takes longer than a conversation's first answer. Azure is asked through it, everybody else directly.
"""

import ssl
from functools import cache
from typing import Protocol

import httpx2

from orchestrator.clients.endpoints import Address
from orchestrator.errors import ModelError

CROWD = 16
"""So many calls share a pool of connections: each call makes httpx look at all connections of its pool."""

_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=CROWD, keepalive_expiry=30.0)
_HEADERS = {"Content-Type": "application/json", "User-Agent": "orchestrate-agents"}
ACCEPT = {True: "text/event-stream", False: "application/json"}
"""The type of content that is wanted: of a stream, and of a whole reply."""


class Transport(Protocol):
    """Carries requests to one endpoint, over a pool of connections."""

    async def post(self, body: bytes, stream: bool, connect: float | None) -> httpx2.Response:
        """Send a request, and give the response as soon as it begins, whatever its status. Who gets it closes it.

        Args:
            body: the request.
            stream: whether the reply is to come as a stream of events.
            connect: how many seconds the connection may take to come about.

        Raises:
            httpx2.HTTPError: the connection fails.
            httpx2.InvalidURL: the address is none.
        """
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class Direct:
    """A ``Transport`` over plain HTTP."""

    def __init__(self, address: Address, client: httpx2.AsyncClient) -> None:
        self._address = address
        self._client = client
        # put together once: to have the client build each request takes as long as a tenth of sending it
        self._headers = {stream: httpx2.Headers(client.headers) for stream in ACCEPT}
        for stream, headers in self._headers.items():
            headers.update({"Accept": ACCEPT[stream], **_HEADERS})
            headers.update({**address.authorization, **dict(address.headers)})

    async def post(self, body: bytes, stream: bool, connect: float | None) -> httpx2.Response:
        """Send a request."""
        request = httpx2.Request(
            "POST",
            self._address.url,
            headers=self._headers[stream],
            content=body,
            extensions={"timeout": httpx2.Timeout(None, connect=connect).as_dict()},
        )
        return await self._client.send(request, stream=True)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def connected(address: Address) -> httpx2.AsyncClient:
    """A client with a pool of connections of its own.

    Raises:
        ModelError: the proxy or the certificates that the environment names can't be used.
    """
    try:
        return httpx2.AsyncClient(timeout=None, limits=_LIMITS, verify=_certificates())
    except (ValueError, ImportError, httpx2.InvalidURL):
        what = "the environment names a proxy that can't be used; are HTTPS_PROXY, HTTP_PROXY and ALL_PROXY right?"
        raise ModelError(f"no way to {address.shown}: {what}", kind="unreachable") from None
    except OSError:
        what = "the environment names certificates that can't be read; are SSL_CERT_FILE and SSL_CERT_DIR right?"
        raise ModelError(f"no way to {address.shown}: {what}", kind="unreachable") from None


@cache
def _certificates() -> ssl.SSLContext:
    """Whom to trust. Reading it takes as long as many calls, so all clients share it."""
    return httpx2.create_ssl_context()
