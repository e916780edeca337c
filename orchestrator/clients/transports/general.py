"""Any way to any address: through proxies, with names and passwords, in all alphabets. It is httpx2 that knows them."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from orchestrator.clients.endpoints import Address
from orchestrator.clients.failures import BROKEN_COMPRESSION, Failure, no_address, unconnected
from orchestrator.clients.transports import ACCEPT, HEADERS
from orchestrator.clients.transports.proxies import proxied
from orchestrator.errors import ModelError

_LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=16, keepalive_expiry=30.0)


class General:
    """A ``Transport`` on httpx2.

    Raises:
        ModelError: the proxy or the certificates that the environment names can't be used.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._client = connected(address)

    async def post(self, body: bytes, stream: bool, connect: float | None) -> "HttpxAnswer":
        """Send a request."""
        address = self._address
        with in_plain_words():
            request = self._client.build_request(
                "POST",
                address.url,
                headers={**HEADERS, "Accept": ACCEPT[stream], **address.authorization},
                content=body,
                timeout=httpx2.Timeout(None, connect=connect),
            )
            request.headers.update(dict(address.headers))
            return HttpxAnswer(await self._client.send(request, stream=True))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class HttpxAnswer:
    """An ``Answer`` of httpx2."""

    def __init__(self, response: httpx2.Response) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.complete = False
        self._response = response
        self._pieces = response.aiter_bytes()

    async def piece(self) -> bytes:
        """The next piece of the body, as it comes."""
        with in_plain_words():
            async for piece in self._pieces:
                if piece:
                    return piece
        self.complete = True
        return b""

    async def aclose(self) -> None:
        """Close it."""
        async with aclosing(self._response), aclosing(self._pieces):
            pass


@contextmanager
def in_plain_words() -> Iterator[None]:
    """Tell what httpx2 raises as what a ``Transport`` raises."""
    try:
        yield
    except httpx2.ConnectTimeout:
        raise unconnected(TimeoutError()) from None
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL):
        raise no_address() from None
    except httpx2.ProxyError:
        what = "the proxy in between refused"
        raise Failure(what, "is HTTPS_PROXY or HTTP_PROXY right?", "unreachable") from None
    except httpx2.ConnectError as error:
        failure = unconnected(error)
        if proxied():
            failure.hint += " A proxy may be in between"
        raise failure from None
    except httpx2.DecodingError:
        raise Failure(BROKEN_COMPRESSION) from None
    except httpx2.HTTPError as error:
        raise ConnectionError(str(error)) from None


def connected(address: Address) -> httpx2.AsyncClient:
    """A client with connections of its own.

    Raises:
        ModelError: the proxy or the certificates that the environment names can't be used.
    """
    try:
        # on no way is a cookie kept
        cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        return httpx2.AsyncClient(timeout=None, limits=_LIMITS, verify=certificates(address), cookies=cookies)
    except (ValueError, ImportError, httpx2.InvalidURL):
        what = "the environment names a proxy that can't be used; are HTTPS_PROXY, HTTP_PROXY and ALL_PROXY right?"
        raise ModelError(f"no way to {address.shown}: {what}", kind="unreachable") from None


def certificates(address: Address) -> ssl.SSLContext:
    """Whom to trust.

    Raises:
        ModelError: the certificates that the environment names can't be used.
    """
    try:
        return _certificates()
    except OSError:
        what = "the environment names certificates that can't be read; are SSL_CERT_FILE and SSL_CERT_DIR right?"
        raise ModelError(f"no way to {address.shown}: {what}", kind="unreachable") from None


@cache
def _certificates() -> ssl.SSLContext:
    """Reading them takes as long as many calls, so all clients share them."""
    return httpx2.create_ssl_context()
