"""Another floor: the loop on aiohttp, which keeps many connections at little cost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from benchmarks.contenders.driver import main
from benchmarks.contenders.job import Ask, Setup
from benchmarks.contenders.loop import looping


@dataclass(frozen=True)
class Aiohttp:
    """A ``Transport`` with aiohttp."""

    session: aiohttp.ClientSession
    url: str

    async def whole(self, body: bytes) -> bytes:
        """Give the whole body of the answer."""
        async with self.session.post(self.url, data=body) as response:
            response.raise_for_status()
            return bytes(await response.read())

    async def lines(self, body: bytes) -> AsyncIterator[str]:
        """Give the lines of the answer as they come."""
        async with self.session.post(self.url, data=body) as response:
            response.raise_for_status()
            async for line in response.content:
                yield line.decode()


@asynccontextmanager
async def aiohttp_floor(setup: Setup) -> AsyncIterator[Ask]:
    """Ask with aiohttp."""
    headers = {"content-type": "application/json", "authorization": "Bearer none"}
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:
        yield looping(Aiohttp(session, f"{setup.url}/chat/completions"), setup)


if __name__ == "__main__":
    main(aiohttp_floor, ["aiohttp"])
