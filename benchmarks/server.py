"""A small, fast Chat Completions server on the loopback, in a process of its own: ``python -m benchmarks.server``.

The path of a request names the scenario: ``/acme/200/v1/chat/completions`` waits 200 ms before each reply of the ACME
conversation; ``stream/2000`` sends a reply of 2,000 chunks at once, ``paced/500`` one of 500 chunks, each by itself;
``hold/0`` answers nobody before a second has passed in which no request came. ``GET /stats`` tells what was asked so
far, and the CPU time of the server, so that it can be seen that it held nobody up. It prints its port, and ends with
its standard input.
"""

import asyncio
import itertools
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.replies import CALL_ID, Reply, UnfitError, reply_to, streamed, whole

QUIET_SECONDS = 1.0  # without a new request: then all that are held get their answer
PACE_SECONDS = 0.001  # between the chunks of a reply that is paced
CONNECTIONS = 4096


@dataclass
class Stats:
    """What was asked so far. ``held`` is the most requests that waited at once."""

    calls: int = 0
    bytes: int = 0
    messages: int = 0
    tools: int = 0
    chunks: int = 0
    held: int = 0

    def told(self) -> dict[str, float]:
        """The counts, and the CPU seconds of this process."""
        return {**asdict(self), "cpu": time.process_time()}


@dataclass
class Desk:
    """What all connections share."""

    stats: Stats = field(default_factory=Stats)
    ids: Iterator[int] = field(default_factory=itertools.count)
    held: list[Callable[[], None]] = field(default_factory=list)
    quiet: asyncio.TimerHandle | None = None

    def hold(self, answer: Callable[[], None]) -> None:
        """Answer when it has been quiet for a while."""
        self.held.append(answer)
        self.stats.held = max(self.stats.held, len(self.held))
        if self.quiet:
            self.quiet.cancel()
        self.quiet = asyncio.get_running_loop().call_later(QUIET_SECONDS, self._release)

    def _release(self) -> None:
        held, self.held = self.held, []
        for answer in held:
            answer()


class Connection(asyncio.Protocol):
    """One connection, kept alive: a request, its reply, the next request."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._data = bytearray()
        self._needed = 0  # bytes without which there is no use in looking at them

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._data += data
        while len(self._data) >= self._needed and (end := self._data.find(b"\r\n\r\n") + 4) > 3:
            head = bytes(self._data[:end])
            self._needed = end + _length(head)
            if len(self._data) < self._needed:
                return
            body = bytes(self._data[end : self._needed])
            del self._data[: self._needed]
            self._needed = 0
            self._answer(head.split(b" ", 2)[1].decode(), body)

    def _answer(self, path: str, body: bytes) -> None:
        if path == "/stats":
            self._write(_answered("200 OK", json.dumps(self._desk.stats.told()).encode()))
            return
        try:
            self._complete(path, body)
        except (UnfitError, ValueError, KeyError) as error:
            told = {"error": {"message": f"unfit: {error}", "type": "invalid_request_error"}}
            self._write(_answered("400 Bad Request", json.dumps(told).encode()))

    def _complete(self, path: str, body: bytes) -> None:
        _, scenario, number, *rest = path.split("/")
        if rest != ["v1", "chat", "completions"]:
            raise UnfitError(f"no page {path}")
        asked: dict[str, Any] = json.loads(body)
        reply = reply_to(scenario, int(number), asked)
        self._count(body, asked, reply)
        self._send(scenario, int(number), self._pieces(reply, bool(asked.get("stream"))))

    def _count(self, body: bytes, asked: dict[str, Any], reply: Reply) -> None:
        stats = self._desk.stats
        stats.calls += 1
        stats.bytes += len(body)
        stats.messages += len(asked["messages"])
        stats.tools += len(asked.get("tools", ()))
        stats.chunks += len(reply.pieces) if asked.get("stream") else 0

    def _pieces(self, reply: Reply, stream: bool) -> list[bytes]:
        """The answer, head and body, in the pieces in which it could be written."""
        call_id = b"call_%016d" % next(self._desk.ids)
        if not stream:
            return [_answered("200 OK", whole(reply).replace(CALL_ID, call_id))]
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        events = [each.replace(CALL_ID, call_id) if reply.call else each for each in streamed(reply)]
        return [head, *(b"%x\r\n%b\r\n" % (len(each), each) for each in events), b"0\r\n\r\n"]

    def _send(self, scenario: str, number: int, pieces: list[bytes]) -> None:
        later = asyncio.get_running_loop().call_later
        match scenario:
            case "hold":
                self._desk.hold(lambda: self._write(b"".join(pieces)))
            case "paced":
                for place, piece in enumerate(pieces):
                    later(place * PACE_SECONDS, self._write, piece)
            case "acme" | "desk" if number:
                later(number / 1000, self._write, b"".join(pieces))
            case _:
                self._write(b"".join(pieces))

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)


def _length(head: bytes) -> int:
    """How long the body is."""
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def _answered(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def allow_connections() -> None:
    """Let this process have as many connections as the largest job needs, if the system does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS if hard == resource.RLIM_INFINITY else min(CONNECTIONS, hard)
    with suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


async def serve() -> None:
    """Serve until standard input ends."""
    allow_connections()
    loop = asyncio.get_running_loop()
    desk, ended = Desk(), asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    server = await loop.create_server(lambda: Connection(desk), "127.0.0.1", 0, backlog=CONNECTIONS)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await ended.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
