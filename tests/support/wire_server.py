"""A server on the loopback that sends exactly the bytes it is told, in the pieces it is told.

It runs in the event loop of the test, on bare sockets. On the loopback what is sent is there at once. So each piece is
read by itself if the loop comes round in between, and what a test does to a connection without awaiting anything
happens behind the back of the client.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from orchestrator.clients.transports import Answer, Transport

CERTIFICATE = Path(__file__).parent / "certificates" / "certificate.pem"

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nOnce more"
SECONDS = 5.0  # longer than anything takes that is asked here

_MOST = 65_536  # bytes that are read or sent at once
_SECONDS = 2.0


@dataclass(frozen=True)
class Asked:
    """A request as it came: the names of the headers are as they were written, and in their order."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The only header of this name, or None."""
        values = [value for each, value in self.headers if each.lower() == name]
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None


class Wire:
    """One connection, as the server has it. ``sent`` counts the bytes that the client's side has taken."""

    def __init__(self, end: socket.socket, trusted: ssl.SSLContext | None) -> None:
        self.asked: list[Asked] = []
        self.sent = 0
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._veil = _Veil(trusted) if trusted else None
        self._unread = bytearray()

    async def open(self) -> None:
        """Shake hands, where that is the custom."""
        while self._veil and not self._veil.shaken():
            await self._flush(self._veil)
            self._veil.take(await self._came())
        if self._veil:
            await self._flush(self._veil)

    async def request(self) -> Asked:
        """The next request.

        Raises:
            EOFError: the client has hung up.
        """
        head = await self.head()
        start, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = start.split(" ")
        pairs = (line.partition(":") for line in lines)
        headers = tuple((name, value.removeprefix(" ")) for name, _, value in pairs)
        length = int({name.lower(): value for name, value in headers}.get("content-length", "0"))
        while len(self._unread) < length:
            self._unread += await self._read()
        body = bytes(self._unread[:length])
        del self._unread[:length]
        self.asked.append(Asked(method, target, headers, body))
        return self.asked[-1]

    async def head(self) -> bytes:
        """The head of the next request, whose body stays where it is.

        Raises:
            EOFError: the client has hung up.
        """
        while b"\r\n\r\n" not in self._unread:
            self._unread += await self._read()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        return bytes(head)

    async def say(self, *pieces: bytes) -> None:
        """Send this; the client reads each piece by itself."""
        for piece in pieces:
            if self._veil:
                self._veil.say(piece)
                await self._flush(self._veil)
            else:
                await self._push(piece)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def say_goodbye(self) -> None:
        """Say that nothing more comes, as TLS has it."""
        if self._veil:
            self._veil.say_goodbye()
            await self._flush(self._veil)

    def blurt(self, piece: bytes) -> None:
        """Send a little without awaiting anything."""
        self._end.send(piece)

    def hang_up(self) -> None:
        """Close the connection, if it is open, without awaiting anything."""
        if self._end.fileno() != -1:
            self._loop.remove_reader(self._end)
            self._end.close()

    def reset(self) -> None:
        """Break the connection without awaiting anything."""
        self._end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.hang_up()

    async def gone(self) -> None:
        """Wait until the client hangs up, and read what it says until then."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                await self._came()

    async def _read(self) -> bytes:
        if self._veil is None:
            return await self._came()
        while not (plain := self._veil.heard()):
            self._veil.take(await self._came())
        return plain

    async def _came(self) -> bytes:
        data = await self._loop.sock_recv(self._end, _MOST)
        if not data:
            raise EOFError("the client has hung up")
        return data

    async def _flush(self, veil: "_Veil") -> None:
        await self._push(veil.given())

    async def _push(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            part = left[:_MOST]
            await self._loop.sock_sendall(self._end, part)
            self.sent += len(part)
            left = left[_MOST:]


class _Veil:
    """TLS, which turns what is said into what is sent."""

    def __init__(self, trusted: ssl.SSLContext) -> None:
        self._came, self._goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = trusted.wrap_bio(self._came, self._goes, server_side=True)

    def shaken(self) -> bool:
        """Whether hands are shaken."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
            return True
        return False

    def take(self, data: bytes) -> None:
        """Take what has come."""
        self._came.write(data)

    def heard(self) -> bytes:
        """What was said in it."""
        with contextlib.suppress(ssl.SSLWantReadError):
            return self._tls.read(_MOST)
        return b""

    def say(self, piece: bytes) -> None:
        """Say this."""
        self._tls.write(piece)

    def say_goodbye(self) -> None:
        """Say that nothing more comes."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()

    def given(self) -> bytes:
        """What is to be sent for it."""
        return self._goes.read()


def identity() -> ssl.SSLContext:
    """What a server needs for TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_name("key.pem"))
    return context


def trust() -> ssl.SSLContext:
    """What a client needs to trust it."""
    return ssl.create_default_context(cafile=CERTIFICATE)


Script = Callable[[Wire], Awaitable[None]]


class WireServer:
    """The server, from ``__aenter__`` to ``__aexit__``. ``script`` is what it does on each connection.

    A script ends, without a fault of its own, when the client hangs up on it; at its end the server hangs up. What
    else it raises is raised at the end of the block.
    """

    def __init__(
        self, script: Script, *, host: str = "127.0.0.1", name: str = "", tls: ssl.SSLContext | None = None
    ) -> None:
        self.wires: list[Wire] = []
        self.url = ""
        self._script = script
        self._host = host
        self._name = name or (f"[{host}]" if ":" in host else host)
        self._tls = tls
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._listening = socket.create_server((self._host, 0), family=family, backlog=512)
        self._listening.setblocking(False)
        scheme = "https" if self._tls else "http"
        self.url = f"{scheme}://{self._name}:{self._listening.getsockname()[1]}/v1"
        self._accepting = asyncio.create_task(self._accept())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, reason: BaseException | None, trace: TracebackType | None
    ) -> None:
        open_now = [self._accepting, *(task for task in self._tasks if not task.done())]
        for task in open_now:
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)
        self._listening.close()
        for task in self._tasks:
            if kind is None and not task.cancelled():
                task.result()

    async def quiet(self) -> None:
        """Wait until the client has hung up on all connections.

        Raises:
            TimeoutError: it does not.
        """
        async with asyncio.timeout(_SECONDS):
            await asyncio.wait(self._tasks)

    @property
    def asked(self) -> list[Asked]:
        """All requests, by their connections."""
        return [asked for wire in self.wires for asked in wire.asked]

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            end, _ = await loop.sock_accept(self._listening)
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.wires.append(Wire(end, self._tls))
            self._tasks.append(asyncio.create_task(self._serve(self.wires[-1])))

    async def _serve(self, wire: Wire) -> None:
        try:
            await wire.open()
            await self._script(wire)
        except (EOFError, OSError):
            pass
        finally:
            wire.hang_up()


async def take(transport: Transport, pieces: list[bytes], body: bytes = b"{}", *, stream: bool = True) -> Answer:
    """Ask, and put the pieces of the answer into the list."""
    async with asyncio.timeout(SECONDS), aclosing(await transport.post(body, stream, SECONDS)) as answer:
        while piece := await answer.piece():
            pieces.append(piece)
        assert answer.complete
        return answer


def answering(*answers: bytes | tuple[bytes, ...], hanging_up: bool = False) -> Script:
    """Answer the requests in turn, on whatever connection they come. A tuple is an answer in pieces."""
    waiting = list(answers)

    async def script(wire: Wire) -> None:
        while waiting:
            await wire.request()
            answer = waiting.pop(0)
            await wire.say(*([answer] if isinstance(answer, bytes) else answer))
            if hanging_up:
                return
        await wire.gone()

    return script
