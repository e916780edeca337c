"""The floor: the loop on the bare asynchronous client of httpx2."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2

from benchmarks.contenders.driver import main
from benchmarks.contenders.job import Ask, Setup
from benchmarks.contenders.loop import looping

_HEADERS = {"content-type": "application/json", "authorization": "Bearer none"}


@dataclass(frozen=True)
class Bare:
    """A ``Transport`` with httpx2."""

    client: httpx2.AsyncClient
    url: str

    async def whole(self, body: bytes) -> bytes:
        """Give the whole body of the answer."""
        response = await self.client.post(self.url, content=body, headers=_HEADERS)
        response.raise_for_status()
        return response.content

    async def lines(self, body: bytes) -> AsyncIterator[str]:
        """Give the lines of the answer as they come."""
        async with self.client.stream("POST", self.url, content=body, headers=_HEADERS) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                yield line


@asynccontextmanager
async def bare(setup: Setup) -> AsyncIterator[Ask]:
    """Ask with httpx2."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx2.AsyncClient(timeout=None, limits=limits) as client:
        yield looping(Bare(client, f"{setup.url}/chat/completions"), setup)


if __name__ == "__main__":
    main(bare, ["httpx2"])
