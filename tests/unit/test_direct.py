"""HTTP of our own: whatever an endpoint sends, cut wherever it may be, and whenever it hangs up. Groups 17 and 20."""

import asyncio
import contextlib
import functools
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import ParamSpec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.clients.endpoints import Address
from orchestrator.clients.failures import Failure
from orchestrator.clients.transports.connection import MOST_AHEAD
from orchestrator.clients.transports.direct import KEEP_SECONDS, Direct, Target
from tests.support.wire_server import OK, SECONDS, Script, Wire, WireServer, answering, identity, take, trust

P = ParamSpec("P")

BOUND = 2 * 1024 * 1024  # bytes that an endpoint may send in vain, those on their way included

IN_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = IN_CHUNKS + b"4\r\nOnce\r\n5\r\n more\r\n0\r\n\r\n"
NOTHING_YET = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Encoding: br\r\n\r\n"


@asynccontextmanager
async def direct(url: str, trust: ssl.SSLContext | None = None) -> AsyncIterator[Direct]:
    address = Address(url, "sk-test")
    target = Target.of(address)
    assert target is not None
    transport = Direct(address, target, trust)
    try:
        yield transport
    finally:
        await transport.aclose()


@asynccontextmanager
async def talking(script: Script, *, tls: bool = False) -> AsyncIterator[tuple[WireServer, Direct]]:
    """A server that does this, and a transport to it."""
    context = identity() if tls else None
    async with WireServer(script, tls=context) as server, direct(server.url, trust() if tls else None) as transport:
        yield server, transport


async def asked(transport: Direct, body: bytes = b"{}") -> tuple[int, bytes]:
    """The status and the body of the answer."""
    pieces: list[bytes] = []
    answer = await take(transport, pieces, body)
    return answer.status, b"".join(pieces)


async def answered(script: Script, times: int = 1) -> tuple[list[tuple[int, bytes]], int]:
    """The answers to so many requests, one after the other, and how many connections they took."""
    async with talking(script) as (server, transport):
        answers = [await asked(transport) for _ in range(times)]
        return answers, len(server.wires)


class Later(asyncio.SelectorEventLoop):
    """A loop whose clock can be put forward: as if the loop had stood still for so long."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


def later(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Later)
    loop.ahead += seconds


def with_time(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run a test in such a loop."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def main() -> None:
            await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=Later) as runner:
            runner.run(main())

    return run


# ---- bodies

KEPT: dict[str, tuple[bytes, int, bytes]] = {
    "a length": (OK, 200, b"Once more"),
    "odd case": (OK.replace(b"Content-Length: ", b"cONTENT-lENGTH:\t "), 200, b"Once more"),
    "no reason": (OK.replace(b" OK", b""), 200, b"Once more"),
    "chunks": (CHUNKED, 200, b"Once more"),
    "chunks of odd sizes": (CHUNKED.replace(b"4\r\nOnce", b"0000A\r\nOnce upon "), 200, b"Once upon  more"),
    "extensions": (CHUNKED.replace(b"5\r\n", b'5;a;b=c;d="e; f"\r\n'), 200, b"Once more"),
    "blanks behind sizes": (CHUNKED.replace(b"5\r\n", b"5  \r\n"), 200, b"Once more"),
    "a length besides the chunks": (CHUNKED.replace(b"Tr", b"Content-Length: 9\r\nTr", 1), 200, b"Once more"),
    "chunks besides a length": (CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 9\r\n\r\n", 1), 200, b"Once more"),
    "trailers": (CHUNKED[:-2] + b"X-Sum: 1\r\nContent-Encoding: br\r\n\r\n", 200, b"Once more"),
    "bare line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 9\n\nOnce more", 200, b"Once more"),
    "news before it": (NOTHING_YET + OK, 200, b"Once more"),
    "nothing": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    "an error": (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", 503, b""),
    "an old server": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
}
"""Answers behind which the connection can be used again."""

CLOSED: dict[str, tuple[bytes, int, bytes]] = {
    "no length": (b"HTTP/1.1 200 OK\r\n\r\nOnce more", 200, b"Once more"),
    "no length, from an old server": (b"HTTP/1.0 200 OK\r\n\r\nOnce more", 200, b"Once more"),
    "a length, from an old server": (OK.replace(b"1.1", b"1.0"), 200, b"Once more"),
    "a length, and an announcement": (OK.replace(b"Con", b"Connection: close\r\nCon", 1), 200, b"Once more"),
    "chunks, and an announcement": (CHUNKED.replace(b"Tr", b"Connection: close\r\nTr", 1), 200, b"Once more"),
    "an offer of HTTP/2": (b"HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nok", 200, b"ok"),
}
"""Answers behind which the server hangs up."""


def cuts(answer: bytes) -> list[bytes | tuple[bytes, ...]]:
    """The answer as a whole, byte by byte, and cut in two at each place."""
    single = tuple(answer[place : place + 1] for place in range(len(answer)))
    return [answer, single, *((answer[:place], answer[place:]) for place in range(1, len(answer)))]


@pytest.mark.parametrize("case", [*KEPT, *CLOSED])
async def test_group_20_an_answer_cut_anywhere(case: str) -> None:
    answer, status, body = {**KEPT, **CLOSED}[case]
    ways = cuts(answer)
    answers, connections = await answered(answering(*ways, hanging_up=case in CLOSED), len(ways))
    assert answers == [(status, body)] * len(ways)
    assert connections == (1 if case in KEPT else len(ways))


@pytest.mark.parametrize("case", ["a length", "chunks", "trailers", "news before it"])
async def test_group_17_an_answer_that_breaks_off_anywhere(case: str) -> None:
    whole, _, body = KEPT[case]
    answers = [whole[:place] for place in range(len(whole))]
    async with talking(answering(*answers, hanging_up=True)) as (_, transport):
        for _ in answers:
            pieces: list[bytes] = []
            with pytest.raises(ConnectionError):
                await take(transport, pieces)
            assert body.startswith(b"".join(pieces))


BROKEN = {
    "nothing": b"",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00",
    "a page": b"<html>Welcome</html>",
    "a change of protocol": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello",
    "a change without a protocol": b"HTTP/1.1 101 Switching\r\n\r\nhello",
    "no status": b"HTTP/1.1 0 OK\r\n\r\n",
    "two lengths": OK.replace(b"Con", b"Content-Length: 7\r\nCon", 1),
    "a length below zero": OK.replace(b"9", b"-9"),
    "a length without end": OK.replace(b"9", b"9" * 40),
    "a chunk below zero": CHUNKED.replace(b"4\r\n", b"-4\r\n"),
    "a chunk without end": CHUNKED.replace(b"4\r\n", b"f" * 40 + b"\r\n"),
    "a header without a colon": OK.replace(b"Con", b"Note\r\nCon", 1),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_group_17_what_is_no_answer_is_a_broken_connection(case: str) -> None:
    async with talking(answering(BROKEN[case], OK, hanging_up=True)) as (_, transport):
        with pytest.raises(ConnectionError):
            await asked(transport)
        assert await asked(transport) == (200, b"Once more")


async def test_the_headers_of_an_answer_are_those_before_its_body() -> None:
    answer = NOTHING_YET + CHUNKED[:-2].replace(b"Tr", b"X-Request-ID: \xe9 5\r\nTr", 1) + b"x-request-id: 6\r\n\r\n"
    async with talking(answering(answer + NOTHING_YET)) as (_, transport):
        came = await take(transport, [])
    assert came.headers == {"x-request-id": "é 5", "transfer-encoding": "chunked"}


# ---- connections


async def test_a_connection_is_used_again() -> None:
    assert await answered(answering(*[OK, CHUNKED] * 5), 10) == ([(200, b"Once more")] * 10, 1)


MORE = {"half an answer": b"HTTP", "another answer": OK, "something else": b"?", "news": NOTHING_YET}


@pytest.mark.parametrize("first", [OK, CHUNKED], ids=["a length", "chunks"])
@pytest.mark.parametrize("case", MORE)
async def test_group_17_what_comes_behind_an_answer_answers_nothing(case: str, first: bytes) -> None:
    assert await answered(answering(first + MORE[case], OK), 2) == ([(200, b"Once more")] * 2, 2)


def hang_up_with_a_word(wire: Wire) -> None:
    wire.blurt(OK.replace(b"200 OK", b"408 Too Late"))
    wire.hang_up()


UNASKED: dict[str, Callable[[Wire], None]] = {
    "it hangs up": Wire.hang_up,
    "it breaks the connection": Wire.reset,
    "it says something": lambda wire: wire.blurt(b"HTTP/1.1 200 OK\r\n"),
    "it hangs up with a word": hang_up_with_a_word,
}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("seconds", [0, 1.5, KEEP_SECONDS + 1], ids=["seen", "unseen", "late"])
@pytest.mark.parametrize("case", UNASKED)
@with_time
async def test_group_17_what_a_server_does_while_nobody_asks(case: str, seconds: float, tls: bool) -> None:
    async with talking(answering(OK, OK), tls=tls) as (server, transport):
        await asked(transport)
        UNASKED[case](server.wires[0])
        if seconds:  # the loop stands still for so long, and sees nothing of it
            later(seconds)
        else:
            await asyncio.sleep(0.01)
        assert await asked(transport) == (200, b"Once more")
        assert len(server.wires) == 2


async def come_round(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("case", UNASKED)
async def test_group_17_what_a_server_does_just_before_it_is_asked(case: str, tls: bool) -> None:
    """Nobody can know of it yet. What follows is a failure at most, and does no harm to the connections to come."""
    for rounds in range(5):
        async with talking(answering(OK, OK, OK), tls=tls) as (server, transport):
            await asked(transport)
            UNASKED[case](server.wires[0])
            await come_round(rounds)
            with contextlib.suppress(ConnectionError):
                await asked(transport)
            await asyncio.sleep(0.005)
            assert await asked(transport) == (200, b"Once more")


@with_time
async def test_a_connection_that_nobody_has_used_for_long_is_closed() -> None:
    async with talking(answering(OK, OK, OK)) as (server, transport):
        await asked(transport)
        later(KEEP_SECONDS - 1)
        await asked(transport)
        assert len(server.wires) == 1
        later(KEEP_SECONDS + 1)
        await asked(transport)
        assert len(server.wires) == 2
        async with asyncio.timeout(SECONDS):
            await server.wires[0].gone()


async def hang_up_at_once(wire: Wire) -> None:
    wire.hang_up()


async def break_at_once(wire: Wire) -> None:
    wire.reset()


async def break_in_the_middle(wire: Wire) -> None:
    await wire.request()
    await wire.say(OK[:-4])
    wire.reset()


async def break_what_has_no_length(wire: Wire) -> None:
    await wire.request()
    await wire.say(CLOSED["no length"][0])
    wire.reset()


@pytest.mark.parametrize("script", [hang_up_at_once, break_at_once, break_in_the_middle, break_what_has_no_length])
async def test_group_17_a_server_that_hangs_up(script: Script) -> None:
    async with talking(script) as (server, transport):
        for _ in range(3):
            with pytest.raises(ConnectionError):
                await asked(transport)
        assert len(server.wires) == 3


@pytest.mark.parametrize("answer", [b"", OK[:10], OK[:-4]], ids=["nothing yet", "a beginning", "half of it"])
async def test_group_16_a_cancelled_request_takes_its_connection_with_it(answer: bytes) -> None:
    said = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.request()
        if len(server.wires) == 2:
            await wire.say(OK)
        else:
            await wire.say(answer)
            said.set()
        await wire.gone()

    async with WireServer(script) as server:
        async with direct(server.url) as transport:
            asking = asyncio.create_task(asked(transport))
            await said.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert await asked(transport) == (200, b"Once more")
        await server.quiet()


@with_time
async def test_group_16_a_request_that_is_cancelled_at_its_first_step_leaves_nothing_open() -> None:
    async with WireServer(answering(OK, OK)) as server:
        async with direct(server.url) as transport:
            await asked(transport)
            later(2)
            asking = asyncio.create_task(asked(transport))
            await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        await server.quiet()


async def test_many_at_once_get_each_their_own() -> None:
    async def echo(wire: Wire) -> None:
        while True:
            body = (await wire.request()).body
            await asyncio.sleep(len(body) % 7 / 1000)
            await wire.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body)

    async with WireServer(echo) as server:
        async with direct(server.url) as transport:
            bodies = [b"%d" % number * number for number in range(60)]
            for _ in range(2):
                found = await asyncio.gather(*(asked(transport, body) for body in bodies))
                assert found == [(200, body) for body in bodies]
            assert len(server.wires) == 60
        await server.quiet()


async def test_what_was_not_read_to_its_end_is_not_used_again() -> None:
    async with talking(answering(OK[:-1], OK)) as (server, transport):
        answer = await transport.post(b"{}", True, SECONDS)
        assert (await answer.piece(), answer.complete) == (b"Once mor", False)
        await answer.aclose()
        assert await asked(transport) == (200, b"Once more")
        assert len(server.wires) == 2


async def test_group_16_no_connection_outlives_its_transport() -> None:
    async with WireServer(answering(OK, OK[:-1], OK)) as server:
        async with direct(server.url) as transport:
            complete, half, untouched = [await transport.post(b"{}", True, SECONDS) for _ in range(3)]
            assert await complete.piece() == b"Once more"
            assert await half.piece() == b"Once mor"
        for answer in (complete, half, untouched):
            await answer.aclose()
        await server.quiet()


async def test_group_17_an_answer_before_all_is_sent_leaves_no_request_behind() -> None:
    """The rest of a request that was refused half way must not stand before the next one."""

    async def refuse(wire: Wire) -> None:
        await wire.head()
        await wire.say(OK.replace(b"200 OK", b"413 Too Large"))
        await asyncio.sleep(SECONDS)

    async with talking(refuse) as (server, transport):
        for _ in range(2):
            assert await asked(transport, bytes(16 * BOUND)) == (413, b"Once more")
        assert len(server.wires) == 2


# ---- bounds

ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "a status": (b"HTTP/1.1 200 ", b"x" * 4096),
    "a header": (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 4096),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n" * 700),
    "news": (b"", NOTHING_YET * 50),
    "a size": (IN_CHUNKS, b"0" * 4096),
    "an extension": (IN_CHUNKS + b"5;", b"x" * 4096),
    "trailers": (CHUNKED[:-2], b"X: 1\r\n" * 700),
    "line ends": (b"", b"\r\n" * 2048),
    "what follows what was compressed": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"Once more"),
        b"x" * 4096,
    ),
}


@pytest.mark.parametrize("case", ENDLESS)
async def test_group_17_what_never_ends_is_ended(case: str) -> None:
    begin, repeat = ENDLESS[case]

    async def script(wire: Wire) -> None:
        await wire.request()
        await wire.say(begin)
        while wire.sent < 4 * BOUND:
            await wire.say(repeat)

    async with talking(script) as (server, transport):
        with pytest.raises((ConnectionError, Failure)):
            await asked(transport)
        assert server.wires[0].sent < BOUND


async def test_group_17_a_little_that_was_compressed_is_not_unpacked_into_much_at_once() -> None:
    packed = gzip.compress(bytes(16 * BOUND), 1)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    pieces: list[bytes] = []
    async with talking(answering((head, packed))) as (_, transport):
        await take(transport, pieces)
    assert sum(map(len, pieces)) == 16 * BOUND
    assert max(map(len, pieces)) <= 2 * BOUND


async def standstill(wire: Wire) -> int:
    """How much is sent when no more goes."""
    sent = -1
    while sent < wire.sent:
        sent = wire.sent
        await asyncio.sleep(0.1)
    return sent


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_a_server_waits_for_who_takes_nothing(tls: bool) -> None:
    length = 16 * BOUND

    async def pour(wire: Wire) -> None:
        await wire.request()
        await wire.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length, bytes(length))
        await wire.gone()

    async with talking(pour, tls=tls) as (server, transport), asyncio.timeout(SECONDS):
        answer = await transport.post(b"{}", True, SECONDS)
        assert await standstill(server.wires[0]) < length / 2
        taken = 0
        while piece := await answer.piece():
            taken += len(piece)
        assert (taken, answer.complete) == (length, True)
        await answer.aclose()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("end", [b"", b"?"], ids=["it hangs up", "it talks nonsense"])
async def test_group_17_what_nobody_took_is_there_though_the_connection_broke(end: bytes, tls: bool) -> None:
    much = bytes(MOST_AHEAD + 1)
    answer = IN_CHUNKS + b"%x\r\n" % len(much) + much + b"\r\n" + end
    async with talking(answering(answer, hanging_up=True), tls=tls) as (server, transport):
        came = await transport.post(b"{}", True, SECONDS)
        await asyncio.sleep(0.05)
        pieces = b""
        while len(pieces) < len(much):
            pieces += await came.piece()
        assert pieces == much
        with pytest.raises(ConnectionError):
            await came.piece()
        await came.aclose()
        await server.quiet()


async def test_a_connection_goes_on_behind_what_nobody_took() -> None:
    """All of the answer has come, and so much of it that the server is made to wait."""
    length = MOST_AHEAD + 1
    much = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + bytes(length)
    async with talking(answering(much, OK)) as (_, transport):
        answer = await transport.post(b"{}", True, SECONDS)
        await asyncio.sleep(0.05)
        assert answer.complete
        await answer.aclose()
        assert await asked(transport) == (200, b"Once more")


# ---- compression


def compressed(encoding: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n"
    return head % (encoding, len(body)) + body


@pytest.mark.parametrize("encoding", [b"gzip", b"GZip", b"x-gzip", b"identity", b"Identity", b"", b"none", b"utf-8"])
async def test_group_20_a_compression_that_nobody_has_asked_for(encoding: bytes) -> None:
    body = gzip.compress(b"Once more") if b"ip" in encoding.lower() else b"Once more"
    ways = cuts(compressed(encoding, body))
    assert await answered(answering(*ways), len(ways)) == ([(200, b"Once more")] * len(ways), 1)


async def test_nothing_at_all_is_compressed_as_you_like() -> None:
    assert await answered(answering(compressed(b"gzip", b""), compressed(b"br", b"")), 2) == ([(200, b"")] * 2, 1)


UNREADABLE = {
    "no compression": (b"gzip", b"Once more", "compression is broken"),
    "a wrong sum": (b"gzip", gzip.compress(b"Once more")[:-8] + bytes(8), "compression is broken"),
    "several parts": (b"gzip", gzip.compress(b"Once ") + gzip.compress(b"more"), "compression is broken"),
    "another one": (b"br", b"Once more", "not asked for: br"),
    "two of them": (b"gzip, br", b"Once more", "not asked for: gzip, br"),
    "deflate": (b"deflate", zlib.compress(b"Once more"), "not asked for: deflate"),
}


@pytest.mark.parametrize("case", UNREADABLE)
async def test_group_17_a_compression_that_can_not_be_read(case: str) -> None:
    encoding, body, told = UNREADABLE[case]
    with pytest.raises(Failure) as caught:
        await answered(answering(compressed(encoding, body)))
    assert told in caught.value.what


# ---- TLS


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_requests_over_one_connection_with_tls(name: str) -> None:
    answers = [answer for answer, *_ in KEPT.values()]
    async with WireServer(answering(*answers), name=name, tls=identity()) as server:
        async with direct(server.url, trust()) as transport:
            for _, status, body in KEPT.values():
                assert await asked(transport) == (status, body)
        await server.quiet()
        assert len(server.wires) == 1


@pytest.mark.parametrize("politely", [True, False])
@pytest.mark.parametrize("case", ["a length", "a length, and an announcement", "no length"])
async def test_group_17_a_server_that_closes_tls(case: str, politely: bool) -> None:
    answer, status, body = {**KEPT, **CLOSED}[case]

    async def script(wire: Wire) -> None:
        await wire.request()
        await wire.say(answer)
        if politely:
            await wire.say_goodbye()

    async with WireServer(script, tls=identity()) as server, direct(server.url, trust()) as transport:
        for connections in (1, 2):
            assert await asked(transport) == (status, body)
            await asyncio.sleep(0.01)
            assert len(server.wires) == connections


UNTRUSTED = {
    "nobody knows it": ("127.0.0.1", True, "its certificate can't be trusted"),
    "it is another's": ("127.1", False, "its certificate can't be trusted"),  # the same host by a shorter name
}


@pytest.mark.parametrize("case", UNTRUSTED)
async def test_group_17_a_certificate_that_is_not_trusted(case: str, caplog: pytest.LogCaptureFixture) -> None:
    name, strange, told = UNTRUSTED[case]
    context = ssl.create_default_context() if strange else trust()
    async with WireServer(answering(OK), name=name, tls=identity()) as server:
        async with direct(server.url, context) as transport:
            with pytest.raises(Failure, match=told) as caught:
                await asked(transport)
        assert (caught.value.kind, caught.value.transient) == ("unreachable", False)
        assert server.asked == []
    assert caplog.text == ""


async def speak_plainly(wire: Wire) -> None:
    await wire.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await wire.gone()


async def be_silent(wire: Wire) -> None:
    await wire.gone()


NO_TLS: dict[str, tuple[Script, str]] = {
    "it speaks plainly": (speak_plainly, "it does not speak TLS"),
    "it hangs up": (hang_up_at_once, "the connection failed"),
    "it is silent": (be_silent, "the connection did not come about in time"),
}


@pytest.mark.parametrize("case", NO_TLS)
async def test_group_17_a_server_that_speaks_no_tls(case: str, caplog: pytest.LogCaptureFixture) -> None:
    script, told = NO_TLS[case]
    async with WireServer(script) as server, direct(server.url.replace("http", "https", 1), trust()) as transport:
        with pytest.raises(Failure, match=told):
            await transport.post(b"{}", True, 0.2)
        await server.quiet()
    assert caplog.text == ""


# ---- any answer

TOKENS = st.text("abcXYZ019-_!", min_size=1, max_size=6)
NAMES = TOKENS.map(lambda name: f"X-{name}")
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f"))
NEWS = st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", NOTHING_YET])


@st.composite
def chunks(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A body in chunks, and what it says."""
    pieces = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=4))
    extensions = st.sampled_from([b"", b";a", b";a=b", b';a="b;c"'])
    written = b"".join(b"%x%b\r\n%b\r\n" % (len(piece), draw(extensions), piece) for piece in pieces)
    trailers = b"".join(f"{name}: 1\r\n".encode() for name in draw(st.lists(NAMES, max_size=2)))
    return written + b"0" + draw(extensions) + b"\r\n" + trailers + b"\r\n", b"".join(pieces)


@st.composite
def right_answers(draw: st.DrawFn) -> tuple[bytes, int, bytes, dict[str, str]]:
    """An answer, its status, its body, and its headers beside those that frame it."""
    status = draw(st.integers(200, 599).filter(lambda number: number not in {204, 304}))
    headers = draw(st.dictionaries(NAMES.map(str.lower), VALUES, max_size=3))
    lines = [f"HTTP/1.1 {status} {draw(TOKENS)}", *(f"{name}: {value}" for name, value in headers.items())]
    written = body = draw(st.binary(max_size=100))
    framing = draw(st.sampled_from(["length", "chunks", "end"]))
    if framing == "length":
        lines.append(f"Content-Length: {len(body)}")
    elif framing == "chunks":
        lines.append("Transfer-Encoding: Chunked")
        written, body = draw(chunks())
    return draw(NEWS) + "\r\n".join([*lines, "", ""]).encode("latin-1") + written, status, body, headers


def cut(data: bytes, places: list[int]) -> tuple[bytes, ...]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return tuple(data[begin:end] for begin, end in pairwise(edges) if begin < end)


PLACES = st.lists(st.integers(0, 1000), max_size=6)


@settings(max_examples=60, deadline=None)
@given(right_answers(), PLACES)
async def test_group_20_any_answer_cut_anywhere(
    answer: tuple[bytes, int, bytes, dict[str, str]], at: list[int]
) -> None:
    data, status, body, headers = answer
    pieces: list[bytes] = []
    async with talking(answering(cut(data, at), hanging_up=True)) as (_, transport):
        came = await take(transport, pieces)
    assert (came.status, b"".join(pieces)) == (status, body)
    assert headers.items() <= came.headers.items()


@st.composite
def wrong_answers(draw: st.DrawFn) -> bytes:
    """An answer in which something is missing, or too much, or other."""
    data = draw(right_answers())[0]
    for _ in range(draw(st.integers(1, 3))):
        start, end = sorted([draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))])
        end = min(end, start + draw(st.integers(0, 8)))
        odd = st.one_of(
            st.binary(max_size=4), st.sampled_from([b"\r", b"\n", b"\r\n\r\n", b"\0", b" ", b":", b"fffff"])
        )
        data = data[:start] + draw(odd) + data[end:]
    return data


@settings(max_examples=80, deadline=None)
@given(wrong_answers(), PLACES)
async def test_group_17_whatever_comes_is_an_answer_or_a_failure(data: bytes, at: list[int]) -> None:
    async with talking(answering(cut(data, at), hanging_up=True)) as (_, transport):
        with contextlib.suppress(Failure, ConnectionError):
            await asked(transport)
