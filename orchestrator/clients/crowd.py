"""As many transports to an endpoint as there are calls under way."""

from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.clients.endpoints import Address
from orchestrator.clients.transports import CROWD, Direct, Transport, connected


class Transports:
    """As many transports to an endpoint as the calls that are under way need, each used again when it is free.

    Raises:
        ModelError: the proxy or the certificates that the environment names can't be used.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._users: dict[Transport, int] = {self._made(): 0}
        self._last = next(iter(self._users))

    async def aclose(self) -> None:
        """Close all connections."""
        for transport in self._users:
            await transport.aclose()

    @contextmanager
    def one(self) -> Iterator[Transport]:
        """One that has room for one more call."""
        if self._users[self._last] >= CROWD:
            free = (transport for transport, users in self._users.items() if users < CROWD)
            self._last = next(free, None) or self._made()
        transport = self._last
        self._users[transport] = self._users.get(transport, 0) + 1
        try:
            yield transport
        finally:
            self._users[transport] -= 1

    def _made(self) -> Transport:
        client = connected(self._address)
        if self._address.azure is None:
            return Direct(self._address, client)
        from orchestrator.clients.package import ThroughPackage  # noqa: PLC0415 - it takes 0.4 s, and few need it

        return ThroughPackage(self._address, client)
