"""HTTP/1.1 on one connection: one request at a time, and what the parser finds in what comes back."""

import asyncio
import zlib
from collections.abc import Callable

from httptools.parser.errors import HttpParserError, HttpParserUpgrade
from httptools.parser.parser import HttpResponseParser

from orchestrator.clients.failures import BROKEN_COMPRESSION, Failure
from orchestrator.clients.transports.gunzip import Gunzip

MOST_AROUND = 256 * 1024  # bytes of an answer before, between and behind the pieces of its body
MOST_AHEAD = 1024 * 1024  # bytes of a body that are read before somebody takes them

_COMPRESSIONS = {"br", "compress", "dcb", "dcz", "deflate", "gzip", "x-compress", "x-gzip", "zstd"}


class Connection(asyncio.Protocol):
    """One connection, on which one request at a time is under way. ``since`` is when the last one was over."""

    def __init__(self, loop: asyncio.AbstractEventLoop, keep: Callable[["Connection"], None]) -> None:
        self.since = 0.0
        self._loop = loop
        self._keep = keep
        self._transport: asyncio.Transport | None = None
        self._answer: DirectAnswer | None = None

    @property
    def open(self) -> bool:
        """Whether neither side has hung up, as far as the loop has seen."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, head: bytes, body: bytes) -> "DirectAnswer":
        """Send a request and wait until its answer begins.

        Raises:
            ConnectionError: the connection breaks before that.
        """
        if self._transport is None or not self.open:
            raise ConnectionError("the endpoint has hung up")
        self._answer = answer = DirectAnswer(self, self._loop)
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


class DirectAnswer:
    """An ``Answer`` on a connection. The methods with ``on_`` are called by the parser."""

    def __init__(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> None:
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
        self._compressed: list[str] = []  # how the body is, one way upon the other
        self._gunzip: Gunzip | None = None
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
        return await (self._unpacked() if self._compressed else self._taken())

    async def aclose(self) -> None:
        """Leave the connection to the next request, if this one is over."""
        if self.complete and self._reusable:
            self._reusable = False
            self._connection.done()
        else:
            self._connection.abort()

    async def _unpacked(self) -> bytes:
        """The same of a body that is compressed, though we have not asked for it."""
        self._gunzip = gunzip = self._gunzip or Gunzip()
        try:
            while not (plain := gunzip.take()):
                if not (packed := await self._taken()):
                    return b""
                if self._compressed not in (["gzip"], ["x-gzip"]):
                    what = f"sent a reply in a compression that was not asked for: {', '.join(self._compressed)}"
                    raise Failure(what, transient=False)
                gunzip.give(packed)
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
            encodings = [each.strip() for each in self.headers.get("content-encoding", "").lower().split(",")]
            self._compressed = [] if _COMPRESSIONS.isdisjoint(encodings) else encodings

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
