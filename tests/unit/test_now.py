"""The time that templates see, given by the caller: recorded, kept, and nobody else's time. Groups 2, 12 and 33."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from orchestrator.agents import AgentGraph
from orchestrator.errors import UsageError
from orchestrator.events import RunStarted, from_json
from orchestrator.runner import Runner
from orchestrator.state import State
from orchestrator.templates import Instructions
from tests.support.fakes import FakeClock, FakeModel, Session, agent, calls, graph, say, to

WHEN = datetime(2026, 5, 21, 9, 30, tzinfo=UTC)
TELLS = Instructions("It is {{ now.timestamp() | int }}.")


def look() -> str:
    return "seen"


def clocks(**limits: Any) -> AgentGraph:
    """Two agents who are told the time."""
    a, b = agent("a", look, hands=["b"]), agent("b")
    return graph(replace(a, instructions=TELLS), replace(b, instructions=TELLS), **limits)


def told(session: Session) -> list[str]:
    return [request.system for request in session.model.requests]


async def test_every_call_of_the_run_sees_the_time_that_was_given() -> None:
    session = Session(clocks(), calls("look"), calls(to("b")), say("done"))
    await session.say(now=WHEN)
    assert told(session) == ["It is 1779355800."] * 3


async def test_without_it_templates_see_the_start_of_the_run() -> None:
    session = Session(clocks(), calls("look", seconds=5), say("done"), clock=FakeClock(1000))
    await session.say()
    assert told(session) == ["It is 1000."] * 2
    assert [event.now for event in session.of(RunStarted)] == [None]


async def test_it_holds_for_one_run() -> None:
    session = Session(clocks(), say("one"), say("two"), clock=FakeClock(1000))
    await session.say(now=WHEN)
    await session.say()
    assert told(session) == ["It is 1779355800.", "It is 1000."]


async def test_times_of_events_and_limits_stay_with_the_clock() -> None:
    session = Session(clocks(seconds=60), calls("look", seconds=5), say("done"), clock=FakeClock(1000))
    await session.say(now=WHEN)
    assert session.status == "answered"
    assert {event.at for event in session.log} == {1000, 1005}
    assert session.state.counters.seconds == 5


async def test_group_33_a_run_that_is_resumed_renders_what_it_rendered_before() -> None:
    session = Session(clocks(), calls("look"), say("done"))
    await session.say(now=WHEN)
    asked = [index for index, event in enumerate(session.log) if event.type == "model_asked"]
    later = Session.reload(clocks(), session.log[: asked[1]], say("done"), clock=FakeClock(9e8))
    await later.resume()
    assert told(later) == told(session)[1:]


@pytest.mark.parametrize(
    "moment",
    [WHEN, datetime(2026, 5, 21, 18, 30, tzinfo=timezone(timedelta(hours=9))), WHEN.astimezone().replace(tzinfo=None)],
    ids=["UTC", "another zone", "local"],
)
async def test_a_moment_is_one_in_every_zone(moment: datetime) -> None:
    model = FakeModel([say("done")])
    state = await Runner(clocks(), model).run("hi", now=moment)
    assert (model.requests[0].system, state.now) == ("It is 1779355800.", 1779355800.0)


def test_a_moment_that_the_calendar_does_not_have() -> None:
    moment = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
    with pytest.raises(UsageError, match=r"now can't be 0001-01-01T00:00:00\+14:00: it is too far away"):
        Runner(clocks(), FakeModel([])).stream("hi", now=moment)


def test_a_log_from_before_has_no_such_field() -> None:
    line = {"run_id": "run_1", "at": 1.0, "message": "hi", "agent": "a", "type": "run_started"}
    event = from_json(json.dumps(line))
    assert isinstance(event, RunStarted)
    assert event.now is None
    assert State("s").now is None
