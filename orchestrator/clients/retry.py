"""Trying again: a call that failed in passing is repeated, after a pause that grows, and not for ever."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace

from orchestrator.errors import ModelError
from orchestrator.events import ModelRestarted, Retrying
from orchestrator.model_client import ModelClient, ModelDelta, ModelRequest, ModelResponse


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long to try.

    Args:
        tries: the most calls, the first included.
        seconds: no call begins later than this after the first failure.
        pause: the longest first pause; each further one may be twice as long. Their length is left to chance, so that
            many clients do not come back all at once.
    """

    tries: int = 4
    seconds: float = 60.0
    pause: float = 1.0


PATIENCE = Patience()


class RetryingClient:
    """A ``ModelClient`` that tries another one again.

    A reply of which something was shown already begins anew once at most, and ``ModelRestarted`` says so first.

    Args:
        chance: gives numbers from 0 to 1, as ``random.random`` does.
    """

    def __init__(
        self, client: ModelClient, patience: Patience = PATIENCE, chance: Callable[[], float] = random.random
    ) -> None:
        self._client = client
        self._patience = patience
        self._chance = chance

    async def aclose(self) -> None:
        """Close the client that is tried."""
        close = getattr(self._client, "aclose", None)
        if close is not None:
            await close()

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Ask until there is a reply.

        Raises:
            ModelError: the last failure, if it is for good or the patience is at its end.
        """
        tries = _Tries(request, self._patience, self._chance)
        while True:
            async with tries.once(self._client) as items:
                async for item in items:
                    yield item
            if tries.retrying is None:
                return
            yield tries.retrying
            await asyncio.sleep(tries.retrying.seconds)
            if tries.shown:
                yield ModelRestarted(model=tries.retrying.model, reason=tries.retrying.reason)


class _Tries:
    """The tries of one call. ``retrying`` is None unless the last one failed, ``shown`` says that it had shown much."""

    def __init__(self, request: ModelRequest, patience: Patience, chance: Callable[[], float]) -> None:
        self.retrying: Retrying | None = None
        self.shown = False
        self._request = request
        self._patience = patience
        self._chance = chance
        self._time = asyncio.get_running_loop().time
        total = request.model.timeouts.total
        self._end = math.inf if total is None else self._time() + total
        self._last = self._end  # when the last try must have begun
        self._failed = 0

    @asynccontextmanager
    async def once(self, client: ModelClient) -> AsyncIterator[AsyncIterator[ModelDelta | ModelResponse]]:
        """One try.

        Raises:
            ModelError: it failed, and there is no further one.
        """
        self.retrying = None
        try:
            async with aclosing(client.stream(self._now())) as items:  # type: ignore[type-var]  # generators
                yield items
        except ModelError as error:
            self.retrying = self._after(error)

    def _now(self) -> ModelRequest:
        """What to ask now: a further try has what is left of the time for the whole call."""
        model = self._request.model
        if not self._failed or model.timeouts.total is None:
            return self._request
        left = replace(model.timeouts, total=self._end - self._time())
        return replace(self._request, model=replace(model, timeouts=left))

    def _after(self, error: ModelError) -> Retrying:
        now = self._time()
        if not self._failed:
            self._last = min(self._end, now + self._patience.seconds)
        asked = error.retry_after or 0.0
        seconds = asked + self._chance() * self._patience.pause * 2**self._failed
        self._failed += 1
        late = now + seconds >= self._last
        if not error.transient or self.shown or late or self._failed == self._patience.tries:
            raise self._final(error, f"it asks to wait {asked:.0f} s" if late and asked else "") from None
        self.shown = error.shown
        return Retrying(model=self._request.model.name, reason=str(error), seconds=seconds, attempt=self._failed + 1)

    def _final(self, error: ModelError, note: str) -> ModelError:
        tried = f"tried {self._failed} times" if self._failed > 1 else ""
        return ModelError(
            "; ".join(filter(None, [str(error), note, tried])),
            kind=error.kind,
            status=error.status,
            transient=error.transient,
            retry_after=error.retry_after,
            shown=error.shown,
        )
