"""One client for each endpoint and each file that models answer from, made when it is first asked."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from orchestrator.clients.cassettes import replay_client
from orchestrator.clients.endpoints import Address, address_of
from orchestrator.clients.json_tools import JsonToolsClient
from orchestrator.clients.openai import OpenAIClient
from orchestrator.clients.retry import PATIENCE, Patience, RetryingClient
from orchestrator.clients.scripted import ScriptedClient
from orchestrator.errors import LoadError, ModelError
from orchestrator.model import Model
from orchestrator.model_client import ModelClient, ModelDelta, ModelRequest, ModelResponse


class Router:
    """A ``ModelClient`` that passes each request to the client of its endpoint. Close it, or use it in ``async with``.

    Args:
        environ: where keys and URLs are looked up; the process's environment by default.
        patience: how often and how long a call is tried again.
    """

    def __init__(self, environ: Mapping[str, str] | None = None, patience: Patience = PATIENCE) -> None:
        self._environ = os.environ if environ is None else environ
        self._patience = patience
        # connections belong to an event loop, and run_sync makes a loop for each run
        self._clients: dict[asyncio.AbstractEventLoop, _Clients] = {}
        self._addresses: dict[tuple[object, ...], Address] = {}  # what they hold is read once
        self._files: dict[tuple[str, str], ModelClient] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections that were made in this event loop."""
        clients = self._clients.get(asyncio.get_running_loop())
        if clients is not None:
            await clients.aclose()

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Pass the request on.

        Raises:
            ModelError: see there.
        """
        return self._client(request.model).stream(request)

    def _client(self, model: Model) -> ModelClient:
        if model.provider in {"script", "replay"}:
            return self._of_file(model.provider, model.file or "")
        clients = self._of_loop(asyncio.get_running_loop()).clients
        where = (model.provider, model.endpoint, model.model, *model.headers.items())
        address = self._addresses.get(where)
        if address is None:
            address = self._addresses[where] = address_of(model, self._environ)
        if address not in clients:
            clients[address] = JsonToolsClient(RetryingClient(OpenAIClient(address), self._patience))
        return clients[address]

    def _of_loop(self, loop: asyncio.AbstractEventLoop) -> "_Clients":
        if loop not in self._clients:
            self._clients[loop] = _Clients(lambda: self._clients.pop(loop, None))
        return self._clients[loop]

    def _of_file(self, provider: str, path: str) -> ModelClient:
        key = (provider, path)
        if key not in self._files:
            self._files[key] = replay_client(path) if provider == "replay" else _scripted(Path(path))
        return self._files[key]


class _Clients:
    """The clients of one event loop, by address. They are closed when it ends, at the latest."""

    def __init__(self, forget: Callable[[], object]) -> None:
        self.clients: dict[Address, JsonToolsClient] = {}
        self._lease = self._until_closed(forget)
        with contextlib.suppress(StopIteration):
            self._lease.__anext__().send(None)  # an event loop that ends closes the generators that began in it

    async def aclose(self) -> None:
        """Close them."""
        await self._lease.aclose()

    async def _until_closed(self, forget: Callable[[], object]) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            forget()
            for client in self.clients.values():
                await client.aclose()


def _scripted(path: Path) -> ScriptedClient:
    try:
        return ScriptedClient.from_file(path)
    except OSError as error:
        raise ModelError(f"the script {path.name} can't be read: {error.strerror}") from None
    except LoadError as error:
        raise ModelError(f"the script {path.name} has errors, the first: {error.diagnostics[0].message}") from None
