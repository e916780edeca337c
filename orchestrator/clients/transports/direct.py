"""Plain HTTP/1.1 to a plain address: no proxy in between, nothing in the URL but a host, a port and a path.

A general client takes several times as long for a call as the parser and the socket do, and more than the rest of a
run. This one sends one kind of request, in ready bytes, and hands on what the parser finds. Whatever else there is in
the world of addresses is for ``general``.
"""

import asyncio
import re
import ssl
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv6Address
from typing import Self

from orchestrator.clients.endpoints import Address
from orchestrator.clients.failures import unconnected
from orchestrator.clients.transports import ACCEPT, HEADERS
from orchestrator.clients.transports.connection import Connection, DirectAnswer

KEEP_SECONDS = 30.0  # a connection that nobody has used for so long is not used again
ROUNDS = 4  # of the event loop, until it has seen all that has happened to a connection with TLS

_PLAIN = re.compile(r"(?ai)(https?)://([\w.-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?((?:/[\w~-][\w.~-]*)*)/*")
_NAME = re.compile(r"(?a)[\w!#$%&'*+.^`|~-]+")
_OURS = {
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


@dataclass(frozen=True, slots=True)
class Target:
    """A plain address, taken apart. ``authority`` is what goes into the header Host."""

    secure: bool
    host: str
    port: int
    authority: str
    path: str

    @classmethod
    def of(cls, address: Address) -> Self | None:
        """Take an address apart; None where it is not plain."""
        plain = _PLAIN.fullmatch(address.base_url)
        if plain is None or address.azure or not all(map(_fits, address.headers)):
            return None
        scheme, host, digits, path = plain.groups()
        usual = 443 if scheme.lower() == "https" else 80
        port = int(digits or usual)
        if port > 65_535 or not _names(host.strip("[]"), six=host.startswith("[")):
            return None
        authority = host if port == usual else f"{host}:{port}"
        return cls(usual == 443, host.strip("[]"), port, authority.lower(), f"{path}/chat/completions")


def _names(host: str, *, six: bool) -> bool:
    """Whether this can be the name of a host, or its address of the sixth version."""
    if not six:
        return all(0 < len(label) < 64 for label in host.removesuffix(".").split("."))
    try:
        return bool(IPv6Address(host))
    except ValueError:
        return False


def _fits(header: tuple[str, str]) -> bool:
    """Whether a header may go along as it is, and changes nothing about how requests and answers are framed."""
    name, value = header
    return bool(_NAME.fullmatch(name)) and name.lower() not in _OURS and value.isascii() and value.isprintable()


class Direct:
    """A ``Transport`` to a plain address; over TLS where ``trust`` says whom to trust."""

    def __init__(self, address: Address, target: Target, trust: ssl.SSLContext | None) -> None:
        self._target = target
        self._trust = trust
        self._heads = {stream: _head(address, target, accept) for stream, accept in ACCEPT.items()}
        self._idle: list[Connection] = []
        self._closed = False

    async def post(self, body: bytes, stream: bool, connect: float | None) -> DirectAnswer:
        """Send a request."""
        connection = await self._kept() or await self._opened(connect)
        return await connection.ask(self._heads[stream] % len(body), body)

    async def aclose(self) -> None:
        """Close the connections; those that are in use are closed when their answers are."""
        self._closed = True
        while self._idle:
            self._idle.pop().abort()
        await asyncio.sleep(0)  # sockets are closed when the loop comes round

    def _keep(self, connection: Connection) -> None:
        if self._closed:
            connection.abort()
        else:
            self._idle.append(connection)

    async def _kept(self) -> Connection | None:
        """The connection that was used last, of those that are still open."""
        now = asyncio.get_running_loop().time()
        while self._idle and self._idle[0].since < now - KEEP_SECONDS:
            self._idle.pop(0).abort()
        if self._idle and self._idle[-1].since < now - 1:  # a server may have hung up, and the loop not have looked
            for _ in range(ROUNDS):
                await asyncio.sleep(0)
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                return connection
        return None

    async def _opened(self, connect: float | None) -> Connection:
        loop, target = asyncio.get_running_loop(), self._target
        connection = Connection(loop, self._keep)
        dial = partial(loop.create_connection, lambda: connection, target.host, target.port, ssl=self._trust)
        try:
            async with asyncio.timeout(connect):
                # a host may have several addresses, some of which lead nowhere; uvloop tries one after the other
                await (dial(happy_eyeballs_delay=0.25) if isinstance(loop, asyncio.BaseEventLoop) else dial())
        except OSError as error:  # running out of time is one, too
            raise unconnected(error) from None
        return connection


def _head(address: Address, target: Target, accept: str) -> bytes:
    """The head of each request, with a place for the length of its body."""
    headers = {"host": ("Host", target.authority), "accept-encoding": ("Accept-Encoding", "identity")}
    for name, value in [*HEADERS.items(), ("Accept", accept), *address.authorization.items(), *address.headers]:
        headers[name.lower()] = (name, value)
    lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.values())]
    return "\r\n".join(lines).replace("%", "%%").encode("ascii") + b"\r\nContent-Length: %d\r\n\r\n"
