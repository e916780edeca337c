"""A model that is asked and says nothing: it shows what a real one would get."""

from collections.abc import AsyncIterator

from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse


class CapturingClient:
    """A ``ModelClient`` that keeps the first request and ends the run. Nothing is sent, and no key is needed."""

    def __init__(self) -> None:
        self.request: ModelRequest | None = None

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Keep the request."""
        self.request = self.request or request
        yield ModelResponse(finish="length")  # after an empty reply that is whole, the runner would ask again
