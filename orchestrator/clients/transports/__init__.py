"""What carries a request to an endpoint and brings back what it answers: the seam below a client."""

from collections.abc import Mapping
from typing import Protocol

ACCEPT = {True: "text/event-stream", False: "application/json"}
"""The type of content that is wanted: of a stream, and of a whole reply."""

HEADERS = {"Content-Type": "application/json", "User-Agent": "orchestrate-agents"}
"""What goes along with each request, unless the model's own headers say otherwise."""


class Answer(Protocol):
    """An answer that has begun."""

    @property
    def status(self) -> int:
        """The status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by their names in lower case."""
        ...

    @property
    def complete(self) -> bool:
        """Whether all of the body has come, and been taken or not."""
        ...

    async def piece(self) -> bytes:
        """The next piece of the body, ``b""`` at its end.

        Raises:
            Failure: the body can't be read.
            ConnectionError: the connection broke before the end.
        """
        ...

    async def aclose(self) -> None:
        """Want no more of it. A connection is used again if all of the body has come."""
        ...


class Transport(Protocol):
    """Carries requests to one endpoint, over connections that it keeps."""

    async def post(self, body: bytes, stream: bool, connect: float | None) -> Answer:
        """Send a request, and give the answer as soon as it begins, whatever its status. Who gets it closes it.

        Args:
            body: the request.
            stream: whether the reply is to come as a stream of events.
            connect: how many seconds the connection may take to come about.

        Raises:
            Failure: no connection comes about.
            ConnectionError: the connection broke before an answer began.
        """
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...
