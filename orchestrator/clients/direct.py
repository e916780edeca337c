"""Plain HTTP/1.1 to a plain address: no proxy in between, nothing in the URL but a host, a port and a path.

A general client takes several times as long for a call as the parser and the socket do, and more than the rest of a
run. This one sends one kind of request, in ready bytes, and hands on what the parser finds. Whatever else there is in
the world of addresses is for ``general``.
"""

import asyncio
import re
import ssl
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

from httptools.parser.errors import HttpParserError, HttpParserUpgrade
from httptools.parser.parser import HttpResponseParser

from orchestrator.clients.connections import BROKEN_COMPRESSION, unconnected
from orchestrator.clients.endpoints import Address
from orchestrator.clients.failures import Failure
from orchestrator.clients.gunzip import Gunzip
from orchestrator.clients.transports import ACCEPT, HEADERS

KEEP_SECONDS = 30.0  # a connection that nobody has used for so long is not used again
ROUNDS = 4  # of the event loop, until it has seen all that has happened to a connection with TLS
MOST_AROUND = 256 * 1024  # bytes of an answer before, between and behind the pieces of its body
MOST_AHEAD = 1024 * 1024  # bytes of a body that are read before somebody takes them

_PLAIN = re.compile(r"(?ai)(https?)://([\w.-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?((?:/[\w~-][\w.~-]*)*)/*")
_NAME = re.compile(r"(?a)[\w!#$%&'*+.^`|~-]+")
_FRAMING = {"connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"}


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
        scheme, host, port, path = plain.groups()
        secure = scheme.lower() == "https"
        number = int(port or (443 if secure else 80))
        if number > 65_535 or not all(0 < len(label) < 64 for label in host.strip("[]").removesuffix(".").split(".")):
            return None
        authority = f"{host}:{port}" if port else host
        return cls(secure, host.strip("[]"), number, authority.lower(), f"{path}/chat/completions")


def _fits(header: tuple[str, str]) -> bool:
    """Whether a header may go along as it is, and changes nothing about how requests are framed."""
    name, value = header
    return bool(_NAME.fullmatch(name)) and name.lower() not in _FRAMING and value.isascii() and value.isprintable()


class Direct:
    """A ``Transport`` to a plain address; over TLS where ``trust`` says whom to trust."""

    def __init__(self, address: Address, target: Target, trust: ssl.SSLContext | None) -> None:
        self._target = target
        self._trust = trust
        self._heads = {stream: _head(address, target, accept) for stream, accept in ACCEPT.items()}
        self._idle: list[_Connection] = []
        self._closed = False

    async def post(self, body: bytes, stream: bool, connect: float | None) -> "_Answer":
        """Send a request."""
        connection = await self._kept() or await self._opened(connect)
        return await connection.ask(self._heads[stream] % len(body), body)

    async def aclose(self) -> None:
        """Close the connections; those that are in use are closed when their answers are."""
        self._closed = True
        while self._idle:
            self._idle.pop().abort()
        await asyncio.sleep(0)  # sockets are closed when the loop comes round

    def _keep(self, connection: "_Connection") -> None:
        if self._closed:
            connection.abort()
        else:
            self._idle.append(connection)

    async def _kept(self) -> "_Connection | None":
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

    async def _opened(self, connect: float | None) -> "_Connection":
        loop, target = asyncio.get_running_loop(), self._target
        connection = _Connection(loop, self._keep)
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


class _Connection(asyncio.Protocol):
    """One connection, on which one request at a time is under way. ``since`` is when the last one was over."""

    def __init__(self, loop: asyncio.AbstractEventLoop, keep: Callable[["_Connection"], None]) -> None:
        self.since = 0.0
        self._loop = loop
        self._keep = keep
        self._transport: asyncio.Transport | None = None
        self._answer: _Answer | None = None

    @property
    def open(self) -> bool:
        """Whether neither side has hung up, as far as the loop has seen."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, head: bytes, body: bytes) -> "_Answer":
        """Send a request and wait until its answer begins.

        Raises:
            ConnectionError: the connection breaks before that.
        """
        if self._transport is None or not self.open:
            raise ConnectionError("the endpoint has hung up")
        self._answer = answer = _Answer(self, self._loop)
        try:
            self._transport.writelines([head, body])
            await answer.begun()
        except BaseException:
            self.abort()
            raise
        return answer

    def done(self) -> None:
        """The answer is complete: the connection is free."""
        self._answer = None
        self.since = self._loop.time()
        if self._transport is None or not self.open:
            return
        if self._transport.get_write_buffer_size():  # it was answered before all of it was sent
            self.abort()
        else:
            self._transport.resume_reading()
            self._keep(self)

    def read_on(self, go_on: bool) -> None:
        """Read from the socket, or leave it to the endpoint to wait."""
        if self._transport is not None:
            (self._transport.resume_reading if go_on else self._transport.pause_reading)()

    def abort(self) -> None:
        """Close it now."""
        if self._transport is not None:
            self._transport.abort()

    # ---- what the event loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection has come about."""
        self._transport = transport  # type: ignore[assignment]  # of a stream it is an asyncio.Transport

    def data_received(self, data: bytes) -> None:
        """Something has come."""
        if self._answer is None:
            self.abort()  # nobody has asked
        else:
            self._answer.feed(data)

    def eof_received(self) -> None:
        """Nothing more will come, and the connection closes."""
        if self._answer is not None:
            self._answer.ended()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed, or broken."""
        if self._answer is not None:
            self._answer.ended(broken=exc is not None)


class _Answer:
    """An ``Answer`` on a connection. The methods with ``on_`` are called by the parser."""

    def __init__(self, connection: _Connection, loop: asyncio.AbstractEventLoop) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.complete = False
        self._connection = connection
        self._loop = loop
        self._parser = HttpResponseParser(self)
        # what other clients take, too
        self._parser.set_dangerous_leniencies(
            lenient_chunked_length=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._pieces: list[bytes] = []
        self._gunzip = Gunzip()
        self._around = 0  # bytes that came since the last of the body
        self._ahead = 0  # bytes of the body that nobody has taken
        self._until_close = False  # the body has no end but that of the connection
        self._over = False  # nothing more will come
        self._reusable = False
        self._waiter: asyncio.Future[None] | None = None

    # ---- for who asked

    async def begun(self) -> None:
        """Wait for the status and the headers.

        Raises:
            ConnectionError: the connection broke before them.
        """
        while not self.status:
            await self._more()

    async def piece(self) -> bytes:
        """All of the body that has come since the last time, ``b""`` at its end."""
        encoding = self.headers.get("content-encoding", "").lower()
        return await (self._taken() if encoding in {"", "identity"} else self._unpacked(encoding))

    async def aclose(self) -> None:
        """Leave the connection to the next request, if this one is over."""
        if self.complete and self._reusable:
            self._reusable = False
            self._connection.done()
        else:
            self._connection.abort()

    async def _unpacked(self, encoding: str) -> bytes:
        """The same of a body that is compressed, though we have not asked for it."""
        try:
            while not (plain := self._gunzip.take()):
                if not (packed := await self._taken()):
                    return b""
                if encoding not in {"gzip", "x-gzip"}:
                    what = f"sent a reply in a compression that was not asked for: {encoding}"
                    raise Failure(what, transient=False)
                self._gunzip.give(packed)
        except zlib.error:
            raise Failure(BROKEN_COMPRESSION) from None
        return plain

    async def _taken(self) -> bytes:
        while not self._pieces:
            if self.complete:
                return b""
            await self._more()
        piece = b"".join(self._pieces)
        self._pieces.clear()
        if self._ahead > MOST_AHEAD:
            self._connection.read_on(True)
        self._ahead = 0
        return piece

    async def _more(self) -> None:
        """Wait until something comes."""
        if self._over:
            raise ConnectionError("the connection broke before the end")
        self._waiter = self._loop.create_future()
        await self._waiter

    # ---- for the connection

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        self._around += len(data)
        try:
            self._parser.feed_data(data)
            fine = self._around <= MOST_AROUND
        except (HttpParserError, HttpParserUpgrade):
            fine = False
        if not fine:
            self.ended(broken=True)
            self._connection.abort()
        self._wake()

    def ended(self, *, broken: bool = False) -> None:
        """Nothing more will come. Without a length that is how a body ends."""
        self.complete = self.complete or (self._until_close and not broken)
        self._over = True
        self._reusable = False
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ---- for the parser

    def on_message_begin(self) -> None:
        """An answer begins. Behind the one that was asked for there is none."""
        self._reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or what comes in its form behind a body."""
        if not self.status:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The body begins, unless this only says that the answer will come."""
        status = self._parser.get_status_code()
        if self.status:
            return
        if status < 200:
            self.headers.clear()
        else:
            self.status = status
            self._reusable = self._parser.should_keep_alive()
            chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
            self._until_close = not chunked and "content-length" not in self.headers

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        if not self.complete:
            self._around = 0
            self._pieces.append(piece)
            self._ahead += len(piece)
            if self._ahead > MOST_AHEAD:
                self._connection.read_on(False)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        self.complete = self.complete or bool(self.status)
