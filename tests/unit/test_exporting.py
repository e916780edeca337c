"""From a session to a test: what is written is read as what it was, and the test passes."""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.agents import AgentGraph
from orchestrator.errors import UsageError
from orchestrator.events import (
    ApprovalGiven,
    ApprovalRequested,
    ModelAsked,
    ModelResponded,
    RecordedEvent,
    RunFinished,
    RunStarted,
    Status,
    ToolFinished,
    from_json,
    to_json,
)
from orchestrator.loader import Loaded
from orchestrator.messages import AssistantMessage, ToolCall
from orchestrator.source import Source
from orchestrator.spec import read_as
from orchestrator.templates import Instructions, environment
from orchestrator.testing.exporting import as_test, literally
from orchestrator.testing.outcome import Case, Outcome, Suite
from orchestrator.testing.reading import SHAPE
from orchestrator.testing.running import run_case
from orchestrator.testing.writing import entries
from orchestrator.tools import ToolContext
from tests.support.fakes import FakePerson, Session, agent, call, calls, graph, recorded, say, tool_of
from tests.support.random_worlds import World
from tests.support.stories import NOON, answered, refund
from tests.support.virtual_time import run_virtually
from tests.support.worlds import World as RichWorld
from tests.unit.test_property import Life

WORLDS = 100
# what readers of YAML, old and new, take for something else, and what templates do
ODD = [
    "no", "on", "0777", "1:30", "2024-05-21", "1e3", "1_000", "~", "null", "", "-", "- a", "a: b", "a #b", "#x", "=",
    "<<", "{{ x }}", "{% if %}", "{# x #}", "{{", "}}", "{", "[a", "a]", "a,b", "'", '"', "\\", "|", ">-", "!x", "&a",
    "*a", "%a", "@a", "`a", "?", "? x", ": x", "---", "...", "a\nb", "a\n", "a\n\n", "\na", "  a\n b", "a \nb", "\ta",
    "a\tb", "\r", "a\r\nb", "\x00", "\x7f", "\x85", "\u2028", "\ufeff", "\xa0", "🎉", "x" * 200, "a word " * 40 + "end",
    " lead " + "w " * 90,
]  # fmt: skip
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from(ODD),
    st.lists(st.sampled_from(ODD), max_size=4).map("".join),
    st.lists(st.sampled_from(ODD), max_size=4).map("\n".join),
)
NAMES = TEXTS.filter(lambda text: len(text) < 300)
SCALARS = st.one_of(TEXTS, st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none())
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


async def played(text: str, agents: AgentGraph) -> Outcome:
    """What comes of the one test in a test file."""
    source = Source.parse("it.test.yaml", text)
    reading = read_as(SHAPE, source)
    assert reading.diagnostics == ()
    assert reading.spec is not None
    suite = Suite(Path("it.test.yaml"), source, reading.spec, Path("agents.yaml"))
    (name,) = reading.spec.tests
    return await run_case(Case(suite, name), Loaded(agents, (), {}))


def written(log: Sequence[RecordedEvent]) -> str:
    return as_test("s1", log, name="it", file="agents.yaml", path="it.test.yaml")


def turns_in(text: str) -> Any:
    return yaml.safe_load(text)["tests"]["it"]["turns"]


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
def test_group_38_what_is_written_is_read_as_it_was_by_any_reader(data: dict[str, Any]) -> None:
    text = "".join(f"{line}\n" for line in entries(data))
    read = Source.parse("", text)
    assert read.diagnostics == ()
    assert [repr(read.data), repr(yaml.safe_load(text))] == [repr(data)] * 2  # true is not 1, and 1 is not 1.0


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_group_39_a_text_that_looks_like_a_template_renders_to_itself(text: str) -> None:
    assert Instructions(literally(text), "", environment(Path("/"))).render({}) == text


def test_group_03_the_tests_of_random_sessions_pass() -> None:
    """Also of those that were cut, resumed, paused and approved in the meantime, with other models and denials."""
    seen = Counter[str]()
    for seed in range(WORLDS):
        world = World(seed)

        async def live(world: World = world) -> list[RecordedEvent]:
            life = Life(world)
            await life.play()
            return recorded(from_json(to_json(event)) for event in life.log)

        log = run_virtually(live())
        try:
            text = written(log)
        except UsageError:
            seen["none"] += 1
            continue
        outcome = run_virtually(played(text, world.graph))
        assert outcome.failures == (), f"seed {seed}"
        seen["tests"] += 1
        seen["cut short"] += "The session went on" in text
        for key in ("approvals:", "fails:", "finish:", "handoff:", "end: true", "status: limit"):
            seen[key] += key in text
    assert seen["tests"] > WORLDS / 3
    assert all(seen.values()), seen


async def test_a_rich_run_becomes_a_test() -> None:
    """Waves, approvals, a question, an empty reply, invented calls, handoffs called and returned."""
    world = RichWorld()
    held = await world.session().say("please")
    assert (await played(written(held.log), world.agents)).failures == ()


def shop() -> AgentGraph:
    def pay(amount: int) -> str:
        return f"paid {amount}"

    return graph(agent("desk", tool_of(pay, approval="always")))


ASKED = ModelAsked(run_id="run_2", at=NOON, agent="desk", model="m")


def replied(*wanted: tuple[str, str]) -> ModelResponded:
    made = tuple(ToolCall(f"call_{number}", *each) for number, each in enumerate(wanted, 1))
    return ModelResponded(run_id="run_2", at=NOON, message=AssistantMessage(None, made))


def requested(number: int) -> ApprovalRequested:
    return ApprovalRequested(run_id="run_2", at=NOON, call_id=f"call_{number}")


def allowed(number: int, verdict: Literal["granted", "always", "denied"]) -> ApprovalGiven:
    return ApprovalGiven(run_id="run_2", at=NOON - number, call_id=f"call_{number}", verdict=verdict, by="person")


def ended(status: Status = "answered", detail: str = "") -> RunFinished:
    return RunFinished(run_id="run_2", at=NOON, status=status, detail=detail)


WHOLE = """\
# A session as a test: what the model replied and what tools gave is written down here, so it asks no model and runs no
# tool. Run it with: orchestrate test it.test.yaml
version: 1
file: agents.yaml
tests:
  it:
    description: What happened in s1.
    now: NOW
    tools:
      look_up_item:
        result: |-
          item_1
          item_2
          item_3
          item_4
          item_5
          item_6
          item_7
          item_8
          item_9
          item_10
          item_11
          item_12
      execute_refund: {error: the account is closed}
    turns:
      - user: |-
          I want a refund
          for my boots
        model:
          - call: transfer_to_issues_and_repairs
          - fails: model 'careful' answered 503
          - say: Let me **find** that.
            calls:
              - call: look_up_item
                with: {search_query: boots}
              - call: execute_refund
                with: {item_id: item_7, reason: too small}
          - say: |-
              # Sorry

              It is closed.
        approvals:
          - verdict: granted
            tool: execute_refund
            arguments: {item_id: item_7, reason: does not fit}
        expect:
          agents: [triage, issues_and_repairs]
          calls:
            - look_up_item: {search_query: boots}
            - call: execute_refund
              with: {item_id: item_7, reason: does not fit}
              error: true
          reply: {contains: "# Sorry"}
          status: answered
      - user: Oh {{ "{" }}{ no }}?
        model:
          - say: Hi.
        expect:
          agents: [triage]
          calls: []
          reply: Hi.
          status: answered
"""


def test_the_whole_file() -> None:
    """An edited call, a model and a tool that fail, texts of many lines, and what looks like a template."""
    now = time.strftime("%Y-%m-%dT%H:%M", time.localtime(NOON))
    assert written([*refund(), *answered("Oh {{ no }}?", run=2)]) == WHOLE.replace("NOW", now)


@pytest.mark.parametrize("messages", [["Pay"], ["Pay", "Forget it"]])
async def test_a_turn_that_waits_for_a_yes_is_the_end_or_goes_on(messages: list[str]) -> None:
    """Whoever says something else instead of an answer leaves the call undone."""
    held = Session(shop(), calls(call("pay", {"amount": 5})), say("Then not."), person=FakePerson(verdicts=[None]))
    for message in messages:
        await held.say(message)
    text = written(recorded(held.log))
    assert turns_in(text)[0]["expect"] == {"agents": ["desk"], "status": "waiting"}
    assert (await played(text, shop())).failures == ()


async def test_data_stays_data_where_the_model_reads_the_same() -> None:
    gave = [{"paid": 5, "to": ["a", None]}, "null", '{"a":1}', "007", "7", "", "{{ x }}"]

    def pay(number: int) -> object:
        return gave[number]

    agents = graph(agent("desk", tool_of(pay, effects="read")))
    wanted = [call("pay", {"number": number}) for number in range(len(gave))]
    text = written(recorded((await Session(agents, calls(*wanted), say("done")).say("Pay")).log))
    outcome = await played(text, agents)
    stubs = yaml.safe_load(text)["tests"]["it"]["tools"]["pay"]
    assert [stub["result"] for stub in stubs] == [*gave[:4], 7, "", '{{ "{" }}{ x }}']
    assert outcome.failures == ()
    contents = [event.content for event in outcome.events if isinstance(event, ToolFinished)]
    assert contents == ['{"paid": 5, "to": ["a", null]}', *gave[1:]]


async def test_what_could_pass_for_a_matcher_is_expected_as_it_is() -> None:
    def note(what: dict[str, object], context: ToolContext) -> str:
        context.set("noted", what)
        return "noted"

    agents = graph(agent("desk", tool_of(note)), variables={"noted": {}})
    held = await Session(agents, calls(call("note", {"what": {"any": True}})), say("done")).say("Note it")
    outcome = await played(written(recorded(held.log)), agents)
    assert outcome.failures == ()
    assert {"turn 1: calls", "turn 1: variables.noted"} <= {*outcome.held}


LARGE = '{"a": ' + "1" * 2000 + "}"
WAITING: list[RecordedEvent] = [replied(("pay", "{}"), ("fee", "{}")), requested(1), requested(2)]
LATER = "turn 2 can't be played again, as "


UNPLAYABLE: list[tuple[list[RecordedEvent], str]] = [
    ([], "it is not finished"),
    ([ended("cancelled")], "it was cancelled"),
    ([ended("interrupted")], "it was interrupted"),
    ([ended("context_length")], "the conversation was too long for the model"),
    ([ended("limit", "tokens: 900 of 800")], "it reached the limit of tokens"),
    ([ended("limit", "model_calls: 1")], "it reached a limit, towards which a request counted that was lost"),
    ([replied(("look", "[1]")), ended()], "the arguments of a call of look are no JSON object"),
    ([replied(("look", '{"a": 1, "a": 2}')), ended()], "the arguments of a call of look are no JSON object"),
    ([replied(("look", "1" * 2000)), ended()], "the arguments of a call of look are no JSON object"),
    ([replied(("look", LARGE)), ended()], "YAML can't hold something that is in it"),
    ([replied(("", "{}")), ended()], "the model called a function without a name"),
    (
        [*WAITING, allowed(2, "granted")],
        "a call was left waiting while those behind it were approved",
    ),
    (
        [*WAITING, allowed(2, "always"), allowed(1, "denied"), ended("limit")],
        "calls were approved in another order than they were made in",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("events", "why"), UNPLAYABLE)
def test_a_test_ends_before_what_can_not_be_played_again(events: list[RecordedEvent], why: str) -> None:
    begun: list[RecordedEvent] = [RunStarted(run_id="run_2", at=NOON, message="More", agent="desk"), ASKED]
    text = written([*answered(), *begun, *events])
    assert len(turns_in(text)) == 1
    assert text.endswith(f"# The session went on, which is not in this test: {LATER}{why}.\n")
    with pytest.raises(UsageError) as refused:
        written([*begun, *events])
    assert str(refused.value) == f"this session can't be made a test: turn 1 can't be played again, as {why}"


def test_a_session_in_which_nothing_was_said() -> None:
    with pytest.raises(UsageError, match="nothing was said in it"):
        written([])
