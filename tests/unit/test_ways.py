"""Which way goes to an address, and that each of them sends the same. Groups 17 and 18."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.clients.endpoints import Address
from orchestrator.clients.failures import Failure
from orchestrator.clients.openai import OpenAIClient
from orchestrator.clients.transports import Transport
from orchestrator.clients.transports.direct import Direct, Target
from orchestrator.clients.transports.general import General
from orchestrator.clients.transports.package import ThroughPackage
from orchestrator.clients.transports.ways import way_to
from orchestrator.errors import ModelError
from orchestrator.messages import UserMessage
from orchestrator.model import Model
from orchestrator.model_client import ModelRequest
from tests.support.wire_server import CERTIFICATE, OK, Asked, Wire, WireServer, answering, identity, take

ROOT = Path(__file__).parents[2]
VARIABLES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@asynccontextmanager
async def closing(transport: Transport) -> AsyncIterator[Transport]:
    try:
        yield transport
    finally:
        await transport.aclose()


async def said(transport: Transport, body: bytes = b"{}", stream: bool = True) -> bytes:
    """What comes in answer."""
    pieces: list[bytes] = []
    await take(transport, pieces, body, stream=stream)
    return b"".join(pieces)


# ---- which way


URLS: dict[str, type] = {
    "http://llm.example/v1": Direct,
    "https://llm.example/v1": Direct,
    "HTTPS://LLM.Example/V1": Direct,
    "http://llm.example": Direct,
    "http://llm.example/v1/": Direct,
    "http://llm.example/v1//": Direct,
    "http://llm.example./v1": Direct,
    "http://my_llm/v1": Direct,
    "http://127.0.0.1:8000/v1": Direct,
    "http://[::1]:8000/v1": Direct,
    "http://[::FFFF:127.0.0.1]/v1": Direct,
    "http://llm.example:0/v1": Direct,
    "http://llm.example:65535/v1": Direct,
    "http://llm.example/api/v1.1/~me/a-b_c": Direct,
    f"http://{'a' * 63}.example/v1": Direct,
    "http://llm.example:65536/v1": General,
    "http://llm.example:/v1": General,
    "http://llm.example:+80/v1": General,
    "http://llm.example:\u0662\u0663/v1": General,
    "http://me:secret@llm.example/v1": General,
    "http://me@llm.example/v1": General,
    "http://llm.example/v1?code=5": General,
    "http://llm.example/v1?": General,
    "http://llm.example/v1#top": General,
    "http://llm.example/v1/../v2": General,
    "http://llm.example/./v1": General,
    "http://llm.example/v1/..": General,
    "http://llm.example/.hidden": General,
    "http://llm.example/a//v1": General,
    "http://llm.example/a%20b": General,
    "http://llm.example/%76%31": General,
    "http://llm.example/a b": General,
    "http://llm.example/v1;a=b": General,
    "http://llm.example\\v1": General,
    "http://llm.example/größe": General,
    "http://größe.example/v1": General,
    "http://llm。example/v1": General,
    "http://[::1%25eth0]/v1": General,
    "http://[fe80]/v1": General,
    "http://[127.0.0.1]/v1": General,
    "http://llm..example/v1": General,
    "http://.llm.example/v1": General,
    "http://./v1": General,
    f"http://{'a' * 64}.example/v1": General,
    "http:///v1": General,
    "http:llm.example/v1": General,
    "http//llm.example/v1": General,
    "//llm.example/v1": General,
    "llm.example/v1": General,
    " http://llm.example/v1": General,
    "http://llm.example/v1\n": General,
    "ftp://llm.example/v1": General,
    "": General,
}


@pytest.mark.parametrize("url", URLS)
def test_which_way_goes_to_a_url(url: str) -> None:
    assert type(way_to(Address(url, "sk-test"))) is URLS[url]


HEADERS: dict[tuple[str, str], type] = {
    ("X-Title", "Bots"): Direct,
    ("X-Title", ""): Direct,
    ("x!#$%&'*+.^`|~", "100 % {} %d \\"): Direct,
    ("Authorization", "Basic x"): Direct,
    ("Content-Type", "text/plain"): Direct,
    ("Accept-Encoding", "identity"): General,
    ("Accept-Encoding", "deflate"): General,
    ("Content-Length", "5"): General,
    ("content-length", "5"): General,
    ("Host", "other.example"): General,
    ("Connection", "close"): General,
    ("Transfer-Encoding", "chunked"): General,
    ("TE", "trailers"): General,
    ("Trailer", "X"): General,
    ("Upgrade", "h2c"): General,
    ("Expect", "100-continue"): General,
    ("X Title", "Bots"): General,
    ("X-Title:", "Bots"): General,
    ("X-Ti\r\ntle", "Bots"): General,
    ("X-Größe", "5"): General,
    ("", "Bots"): General,
    ("X-Title", "a\r\nX-More: b"): General,
    ("X-Title", "a\nb"): General,
    ("X-Title", "a\0b"): General,
    ("X-Title", "a\tb"): General,
    ("X-Title", "Größe"): General,
    ("X-Title", "a\u2028b"): General,
}


@pytest.mark.parametrize("header", HEADERS, ids=repr)
def test_which_way_a_request_with_a_header_goes(header: tuple[str, str]) -> None:
    address = Address("http://llm.example/v1", "sk-test", (("X-First", "1"), header))
    assert type(way_to(address)) is HEADERS[header]


ENVIRONMENTS: dict[str, tuple[str, type]] = {
    "http_proxy": ("http://127.0.0.1:1", General),
    "HTTP_PROXY": ("http://127.0.0.1:1", General),
    "https_proxy": ("http://127.0.0.1:1", General),
    "HTTPS_PROXY": ("", General),
    "all_proxy": ("http://127.0.0.1:1", General),
    "ALL_PROXY": ("", General),
    "no_proxy": ("*", Direct),
    "NO_PROXY": ("llm.example", Direct),
    "FTP_PROXY": ("http://127.0.0.1:1", Direct),
}


@pytest.mark.parametrize("url", ["http://llm.example/v1", "https://llm.example/v1"])
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_which_way_is_taken_where_there_are_proxies(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    value, way = ENVIRONMENTS[name]
    monkeypatch.setenv(name, value)
    assert type(way_to(Address(url, "sk-test"))) is way


def test_azure_is_asked_through_the_package() -> None:
    address = Address("https://mine.openai.azure.com", "key", azure=("deployment", "2024-10-21"))
    assert type(way_to(address)) is ThroughPackage


# ---- the same request


HOSTS = st.one_of(
    st.lists(st.text("aZ09_-.", min_size=1, max_size=6), min_size=1, max_size=3).map(".".join),
    st.ip_addresses().map(lambda address: f"[{address}]" if address.version == 6 else str(address)),
)
PORTS = st.sampled_from(["", ":1", ":80", ":443", ":0080", ":65535"])
PATHS = st.lists(st.text("aZ0._~-", max_size=4).map(lambda part: f"/{part}"), max_size=3).map("".join)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(["http", "https", "HTTP"]), HOSTS, PORTS, PATHS)
def test_group_18_a_plain_url_is_read_as_others_read_it(scheme: str, host: str, port: str, path: str) -> None:
    address = Address(f"{scheme}://{host}{port}{path}", None)
    target = Target.of(address)
    if target is None:
        return
    try:
        url = address.url
    except Failure:
        return  # 999.1.1.1 is a name that nobody has
    assert target.secure == (url.scheme == "https")
    assert target.host.lower() == url.host
    assert target.port == (url.port or (443 if target.secure else 80))
    assert target.authority.encode() == url.netloc
    assert target.path.encode() == url.raw_path


OTHERWISE = {"accept-encoding", "connection"}
"""Headers that say something else on each way: Direct takes no compression, and keeps connections without a word."""

SAME: dict[str, tuple[str, str | None, tuple[tuple[str, str], ...]]] = {
    "a key": ("/v1", "sk-test", ()),
    "no key, no path": ("", None, ()),
    "blank ends": ("/v1//", "sk-test", ()),
    "headers": ("/v1", "sk-test", (("X-Title", "100 %d {}"), ("x-empty", ""), ("X-Title", "twice"))),
    "headers that win": (
        "/v1",
        "sk-test",
        (("authorization", "Basic x"), ("user-agent", "mine"), ("ACCEPT", "*/*"), ("Content-Type", "text/plain")),
    ),
}


def words(asked: Asked) -> dict[str, str]:
    """The headers, each of which came once."""
    found = {name.lower(): value for name, value in asked.headers}
    assert len(found) == len(asked.headers)
    return {name: value for name, value in found.items() if name not in OTHERWISE}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("body", [b"{}", '{"a": "Köln\0"}'.encode(), b"x" * 300_000], ids=["small", "odd", "long"])
@pytest.mark.parametrize("case", SAME)
async def test_group_18_each_way_sends_the_same_request(case: str, body: bytes, stream: bool) -> None:
    path, key, headers = SAME[case]
    async with WireServer(answering(OK, OK)) as server:
        address = Address(server.url.removesuffix("/v1") + path, key, headers)
        async with closing(way_to(address)) as direct, closing(General(address)) as general:
            assert type(direct) is Direct
            assert await said(direct, body, stream) == await said(general, body, stream) == b"Once more"
    first, second = server.asked
    assert (first.method, first.target, words(first)) == (second.method, second.target, words(second))
    assert first.body == second.body == body
    assert first.header("accept-encoding") == "identity"


COOKIE = OK.replace(b"Con", b"Set-Cookie: pinned=5; Path=/\r\nCon", 1)


@pytest.mark.parametrize("way", [way_to, General])
async def test_no_cookie_is_kept(way: Callable[[Address], Transport]) -> None:
    server = WireServer(answering(COOKIE, COOKIE))
    async with server, closing(way(Address(server.url, "sk-test"))) as transport:
        assert [await said(transport) for _ in range(2)] == [b"Once more"] * 2
    assert [asked.header("cookie") for asked in server.asked] == [None, None]


# ---- really


async def relay(wire: Wire) -> None:
    """A proxy: it takes whole addresses, and keeps no connection."""
    asked = await wire.request()
    where = urlsplit(asked.target)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    lines = [f"{asked.method} {where.path} HTTP/1.1", *(f"{name}: {value}" for name, value in asked.headers)]
    writer.write("\r\n".join([*lines, "Via: 1.1 proxy", "", ""]).encode("latin-1") + asked.body)
    await wire.say(await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(9))
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
async def test_group_18_a_proxy_is_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with WireServer(answering(OK, OK)) as server, WireServer(relay) as proxy:
        monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        address = Address(server.url, "sk-test")
        async with closing(way_to(address)) as transport:
            assert await said(transport) == b"Once more"
        assert [asked.header("via") for asked in server.asked] == ["1.1 proxy"]
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        async with closing(way_to(address)) as transport:
            assert await said(transport) == b"Once more"
        assert [asked.header("via") for asked in server.asked] == ["1.1 proxy", None]


async def test_group_17_a_proxy_that_is_not_there_is_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("HTTP_PROXY", nobody)
    async with closing(way_to(Address("http://llm.example/v1", "sk-test"))) as transport:
        with pytest.raises(Failure, match="the connection failed") as caught:
            await said(transport)
    assert caught.value.hint == "does a server listen there, and is the address right? A proxy may be in between"


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
async def test_an_address_of_ipv6() -> None:
    async with WireServer(answering(OK), host="::1") as server:
        transport = way_to(Address(server.url, "sk-test"))
        assert type(transport) is Direct
        assert await said(transport) == b"Once more"
        await transport.aclose()
        assert server.asked[0].header("host") == urlsplit(server.url).netloc


ASK = """
import asyncio, sys
from orchestrator.clients.endpoints import Address
from orchestrator.clients.failures import Failure
from orchestrator.clients.transports.ways import way_to

async def main():
    transport = way_to(Address(sys.argv[1], "sk-test"))
    try:
        print(type(transport).__name__, (await transport.post(b"{}", True, 5)).status)
    except Failure as failure:
        print(type(transport).__name__, failure.what)

asyncio.run(main())
"""


async def printed(url: str, **settings: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **settings}
    program = [sys.executable, "-c", ASK, url]
    process = await asyncio.create_subprocess_exec(*program, env=environment, stdout=asyncio.subprocess.PIPE)
    return (await process.communicate())[0].decode().strip()


async def test_group_17_certificates_that_the_environment_names_are_trusted() -> None:
    async with WireServer(answering(OK), tls=identity()) as server:
        known = printed(server.url, SSL_CERT_FILE=str(CERTIFICATE))
        found = await asyncio.gather(known, printed(server.url))
    assert list(found) == ["Direct 200", "Direct its certificate can't be trusted"]


NOWHERE = {
    "http://127.0.0.1:99999/v1": "this is no web address; is the base_url right?",
    "ftp://127.0.0.1/v1": "this is no web address; is the base_url right?",
    "no address": "this is no web address; is the base_url right?",
    "http://[:]/v1": "is the base_url right?",
    "http://999.1.1.1/v1": "is the",
}


@pytest.mark.parametrize("listened", [False, True], ids=["", "with a log"])
@pytest.mark.parametrize("url", NOWHERE)
async def test_group_17_an_address_that_leads_nowhere(
    url: str, listened: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG if listened else logging.ERROR, "orchestrator.model")
    client = OpenAIClient(Address(url, "sk-test"))
    request = ModelRequest(Model("m"), "s", (UserMessage("hello"),))
    with pytest.raises(ModelError) as caught:
        _ = [item async for item in client.stream(request)]
    await client.aclose()
    assert NOWHERE[url] in str(caught.value)
