"""One client for each endpoint, made when it is first asked."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Self
from weakref import WeakKeyDictionary

from orchestrator.clients.endpoints import address_of
from orchestrator.clients.openai import OpenAIClient
from orchestrator.model import Endpoint, ModelDelta, ModelRequest, ModelResponse


class Router:
    """A ``ModelClient`` that passes each request to the client of its endpoint. Close it, or use it in ``async with``.

    Args:
        environ: where keys and URLs are looked up; the process's environment by default.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        # connections belong to an event loop, and run_sync makes a loop for each run
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Endpoint, OpenAIClient]] = WeakKeyDictionary()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections that were made in this event loop."""
        for client in self._clients.pop(asyncio.get_running_loop(), {}).values():
            await client.aclose()

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Pass the request on.

        Raises:
            ModelError: see there.
        """
        async with aclosing(self._client(request.model.endpoint).stream(request)) as replies:  # type: ignore[type-var]  # generators
            async for item in replies:
                yield item

    def _client(self, endpoint: Endpoint) -> OpenAIClient:
        clients = self._clients.setdefault(asyncio.get_running_loop(), {})
        if endpoint not in clients:
            clients[endpoint] = OpenAIClient(address_of(endpoint, self._environ))
        return clients[endpoint]
