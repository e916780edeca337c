"""Trying again: how often, after which pause, and that nobody is shown a text twice (conformance 17)."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from orchestrator.clients.failures import of_status
from orchestrator.clients.retry import Patience, RetryingClient
from orchestrator.errors import ModelError, ModelFailure
from orchestrator.events import ModelRestarted, Retrying, TextDelta
from orchestrator.messages import UserMessage
from orchestrator.model import Model, Timeouts
from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse
from tests.support.virtual_time import run_virtually

Item = ModelDelta | ModelResponse
HEY, DONE = TextDelta(text="Hey"), ModelResponse("Hey")


def failure(text: str = "overloaded", **fields: Any) -> ModelError:
    return ModelError(text, **{"kind": "broken", "status": 503, "transient": True, **fields})


@dataclass
class Flaky:
    """Gives each try what is planned for it: a failure, items before a failure, or a reply. It is a ``ModelClient``."""

    tries: Iterable[Sequence[Item | ModelError]]
    seconds: float = 0.0
    requests: list[ModelRequest] = field(default_factory=list)
    begun: list[float] = field(default_factory=list)
    open: int = 0

    async def stream(self, request: ModelRequest) -> AsyncIterator[Item]:
        self.requests.append(request)
        self.begun.append(asyncio.get_running_loop().time())
        self.open += 1
        try:
            await asyncio.sleep(self.seconds)
            for item in list(self.tries)[len(self.requests) - 1]:
                if isinstance(item, ModelError):
                    raise item
                yield item
        finally:
            self.open -= 1


@dataclass
class Told:
    """What came of a call."""

    items: list[Item]
    error: ModelError | None

    @property
    def pauses(self) -> list[float]:
        return [item.seconds for item in self.items if isinstance(item, Retrying)]


def ask(client: Flaky, chance: float = 1.0, total: float | None = None, **patience: Any) -> Told:
    async def main() -> Told:
        items: list[Item] = []
        retrying = RetryingClient(client, Patience(**patience), lambda: chance)
        request = ModelRequest(Model("m", timeouts=Timeouts(total=total)), "s", (UserMessage("hi"),))
        try:
            async for item in retrying.stream(request):
                items.append(item)  # noqa: PERF401 - what comes before a failure counts
        except ModelError as error:
            return Told(items, error)
        return Told(items, None)

    told = run_virtually(main())
    assert client.open == 0
    return told


def test_what_goes_well_is_passed_on() -> None:
    assert ask(Flaky([[HEY, DONE]])) == Told([HEY, DONE], None)


def test_group_17_a_failure_in_passing_is_tried_again_and_said_before_the_pause() -> None:
    client = Flaky([[failure("overloaded")], [HEY, DONE]])
    told = ask(client, chance=0.5)
    retrying = Retrying(model="m", reason="overloaded", seconds=0.5, attempt=2)
    assert told == Told([retrying, HEY, DONE], None)
    assert client.begun == [0.0, 0.5]


def test_group_17_the_pauses_grow_and_the_tries_are_numbered() -> None:
    client = Flaky([[failure()]] * 9)
    told = ask(client)
    assert client.begun == [0.0, 1.0, 3.0, 7.0]
    assert [item.attempt for item in told.items if isinstance(item, Retrying)] == [2, 3, 4]
    assert str(told.error) == "overloaded; tried 4 times"


@pytest.mark.parametrize("chance", [0.0, 0.3, 0.999])
def test_the_pauses_are_left_to_chance(chance: float) -> None:
    assert ask(Flaky([[failure()]] * 9), chance).pauses == [chance, 2 * chance, 4 * chance]


def test_group_17_the_final_failure_keeps_what_is_known_of_it() -> None:
    told = ask(Flaky([[failure()], [failure("too many", kind="rate_limited", status=429, retry_after=1.0)]]), tries=2)
    assert told.error is not None
    assert (told.error.kind, told.error.status, told.error.retry_after) == ("rate_limited", 429, 1.0)
    assert (told.error.transient, told.error.shown) == (True, False)
    assert str(told.error) == "too many; tried 2 times"


def test_group_17_what_is_for_good_is_not_tried_again() -> None:
    client = Flaky([[failure("no", kind="refused", status=400, transient=False)], [DONE]])
    told = ask(client)
    assert (told.items, str(told.error), len(client.requests)) == ([], "no", 1)


def test_what_is_for_good_ends_it_later_too() -> None:
    told = ask(Flaky([[failure()], [failure("no", transient=False)], [DONE]]))
    assert (told.pauses, str(told.error)) == ([1.0], "no; tried 2 times")


def test_group_17_retry_after_is_waited_for() -> None:
    client = Flaky([[failure(retry_after=20.0)], [failure(retry_after=0.0)], [DONE]])
    assert ask(client).pauses == [21.0, 2.0]
    assert client.begun == [0.0, 21.0, 23.0]


def test_group_17_who_asks_for_too_long_is_not_waited_for() -> None:
    told = ask(Flaky([[failure("limit", retry_after=3600.0)], [DONE]]))
    assert (told.items, str(told.error)) == ([], "limit; it asks to wait 3600 s")


def test_no_try_begins_later_than_the_patience_lasts_after_the_first_failure() -> None:
    client = Flaky([[failure()]] * 9, seconds=30.0)
    told = ask(client)
    assert client.begun == [0.0, 31.0, 63.0]  # the first failed at 30, and a fourth would begin at 97
    assert str(told.error) == "overloaded; tried 3 times"


def test_the_time_for_the_whole_call_is_shared_by_its_tries() -> None:
    client = Flaky([[failure()], [failure()], [DONE]], seconds=2.0)
    assert ask(client, total=10.0).error is None
    assert [request.model.timeouts.total for request in client.requests] == [10.0, 7.0, 3.0]
    assert client.requests[0].model.timeouts.first == client.requests[2].model.timeouts.first


def test_no_try_begins_behind_the_end_of_the_whole_time() -> None:
    client = Flaky([[failure()]] * 9, seconds=2.0)
    told = ask(client, total=5.0)
    assert client.begun == [0.0, 3.0]
    assert str(told.error) == "overloaded; tried 2 times"


def test_group_17_a_shown_text_is_void_before_it_comes_again() -> None:
    client = Flaky([[HEY, failure("reset", shown=True)], [HEY, DONE]])
    told = ask(client)
    retrying = Retrying(model="m", reason="reset", seconds=1.0, attempt=2)
    assert told == Told([HEY, retrying, ModelRestarted(model="m", reason="reset"), HEY, DONE], None)


def test_group_17_a_shown_text_begins_anew_only_once() -> None:
    seconds: list[list[Item | ModelError]] = [
        [HEY, failure("reset", shown=True)],
        [failure("reset")],
    ]
    for second in seconds:
        client = Flaky([[HEY, failure("reset", shown=True)], second, [HEY, DONE]])
        told = ask(client)
        assert [type(item) for item in told.items].count(ModelRestarted) == 1
        assert (str(told.error), len(client.requests)) == ("reset; tried 2 times", 2)


def test_a_text_may_begin_anew_after_tries_that_showed_nothing() -> None:
    client = Flaky([[failure()], [HEY, failure("reset", shown=True)], [HEY, DONE]])
    told = ask(client)
    kinds = [Retrying, TextDelta, Retrying, ModelRestarted, TextDelta, ModelResponse]
    assert [type(item) for item in told.items] == kinds
    assert told.error is None


def test_group_16_cancelling_during_the_pause_ends_at_once() -> None:
    client = Flaky([[failure(retry_after=50.0)], [DONE]])

    async def main() -> float:
        request = ModelRequest(Model("m"), "s", (UserMessage("hi"),))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3), aclosing(RetryingClient(client).stream(request)) as items:  # type: ignore[type-var]  # generators
                _ = [item async for item in items]
        assert len(asyncio.all_tasks()) == 1
        return asyncio.get_running_loop().time()

    assert run_virtually(main()) == 3.0
    assert len(client.requests) == 1


def test_closing_early_closes_what_is_tried() -> None:
    client = Flaky([[HEY, HEY, DONE]])

    async def main() -> int:
        request = ModelRequest(Model("m"), "s", (UserMessage("hi"),))
        async with aclosing(RetryingClient(client).stream(request)) as items:  # type: ignore[type-var]  # generators
            assert await anext(items) == HEY
            assert client.open == 1
        return client.open

    assert run_virtually(main()) == 0


def test_other_exceptions_are_bugs_and_go_on() -> None:
    class Buggy:
        async def stream(self, request: ModelRequest) -> AsyncIterator[Item]:
            yield HEY
            raise RuntimeError("a bug")

    async def main() -> None:
        request = ModelRequest(Model("m"), "s", (UserMessage("hi"),))
        with pytest.raises(RuntimeError, match="a bug"):
            _ = [item async for item in RetryingClient(Buggy()).stream(request)]

    run_virtually(main())


# ---- what is worth another try, and how long an endpoint asks to wait

LATER = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
ASKED: dict[str, tuple[dict[str, str], tuple[float, float] | None]] = {
    "seconds": ({"retry-after": "7"}, (7, 7)),
    "parts of a second": ({"retry-after": "0.5"}, (0.5, 0.5)),
    "milliseconds win": ({"retry-after-ms": "250", "retry-after": "9"}, (0.25, 0.25)),
    "a time": ({"retry-after": LATER}, (2400, 3600)),
    "a time gone by": ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, (0, 0)),
    "for ever": ({"retry-after": "999999999999"}, (86_400, 86_400)),
    "a negative number": ({"retry-after": "-5"}, None),
    "infinity": ({"retry-after": "inf"}, None),
    "words": ({"retry-after": "soon"}, None),
    "nothing": ({}, None),
}


@pytest.mark.parametrize("case", ASKED)
def test_group_17_how_long_an_endpoint_asks_to_wait(case: str) -> None:
    headers, expected = ASKED[case]
    seconds = of_status(429, headers, b"").retry_after
    if expected is None:
        assert seconds is None
    else:
        assert seconds is not None
        assert expected[0] <= seconds <= expected[1]


KINDS: dict[int, tuple[ModelFailure, bool]] = {
    400: ("refused", False),
    401: ("unauthorized", False),
    403: ("unauthorized", False),
    404: ("refused", False),
    408: ("timeout", True),
    409: ("refused", True),
    413: ("context_length", False),
    422: ("refused", False),
    429: ("rate_limited", True),
    500: ("broken", True),
    503: ("broken", True),
    504: ("timeout", True),
    529: ("broken", True),
}


@pytest.mark.parametrize("status", KINDS)
def test_group_17_which_statuses_are_tried_again(status: int) -> None:
    failure = of_status(status, {}, b"no")
    assert (failure.kind, failure.transient, failure.status) == (*KINDS[status], status)
