"""Cassettes: what was recorded is had again, nothing else is, and no secret is in it. Groups 17, 20 and 35."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents import AgentGraph
from orchestrator.cassette import Header
from orchestrator.clients.cassettes import RecordingClient, ReplayClient, read_cassette
from orchestrator.clients.router import Router
from orchestrator.errors import ModelError, ModelFailure, UsageError
from orchestrator.events import (
    Event,
    FellBack,
    ModelRestarted,
    Retrying,
    RunFinished,
    TextDelta,
    ToolAnnounced,
    to_json,
)
from orchestrator.messages import AssistantMessage, ToolCall, ToolMessage, Usage, UserMessage
from orchestrator.model import Model, NamedFunction
from orchestrator.model_client import ModelClient, ModelDelta, ModelRequest, ModelResponse
from orchestrator.runner import Runner
from orchestrator.state import State
from orchestrator.tools import FunctionSchema
from orchestrator.veil import HIDDEN, Veil
from tests.support.fakes import FakeClock, FakeModel, Turn, agent, breaks, calls, graph, hangs, say, to

KEY = "sk-aVeryLongKeyThatNobodyMaySee0123"
TOKEN = 'crm"token\\with signs'
SECRET_PIECES = ("VeryLongKey", "signs", "KeyThatNobody")

Item = ModelDelta | ModelResponse

FIND = FunctionSchema("find", "Find something.", {"type": "object", "properties": {"what": {"type": "string"}}})
SELL = FunctionSchema("sell", "Sell it.", {"type": "object", "properties": {}})
ASKED = ModelRequest(
    Model("gpt", "fast", settings={"temperature": 0.2}),
    "Be brief.",
    (UserMessage("hello"), AssistantMessage(None, (ToolCall("c1", "find", "{}"),)), ToolMessage("c1", "a needle")),
    (FIND, SELL),
    agent="desk",
)


async def items(client: ModelClient, request: ModelRequest = ASKED) -> list[Item]:
    return [item async for item in client.stream(request)]


async def failure(client: ModelClient, request: ModelRequest = ASKED) -> ModelError:
    with pytest.raises(ModelError) as raised:
        await items(client, request)
    return raised.value


async def record(path: Path, *turns: Turn, request: ModelRequest = ASKED) -> None:
    """Ask the same once for each reply."""
    client = RecordingClient(FakeModel(turns), path)
    for _ in turns:
        await items(client, request)


def replaying(path: Path, *secrets: str) -> ReplayClient:
    return ReplayClient(read_cassette(path), secrets=secrets)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written(path).splitlines()]


def written(path: Path) -> str:
    """The text of the cassette, if there is one."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def write(path: Path, text: str | bytes) -> None:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cassette.jsonl"


# ---- what is recorded is had again


async def test_a_reply_comes_again_piece_by_piece(path: Path) -> None:
    turn = replace(say("Let me see", ToolCall("c2", "find", '{"what": 1}')), ends=None)
    response = ModelResponse("Let me see", (ToolCall("c2", "find", '{"what": 1}'),), "length", Usage(7, 5, 3))
    turn = replace(turn, ends=response)
    await record(path, turn)
    assert await items(replaying(path)) == [*turn.deltas, response]


async def test_group_17_what_was_tried_again_is_one_call_and_is_seen_again(path: Path) -> None:
    deltas: tuple[ModelDelta, ...] = (
        TextDelta(text="Hel"),
        Retrying(model="fast", reason="broke off", seconds=2.5, attempt=2),
        ModelRestarted(model="fast", reason="broke off"),
        TextDelta(text="Hello"),
    )
    await record(path, Turn(ModelResponse("Hello"), deltas))
    assert len(lines(path)) == 2
    assert await items(replaying(path)) == [*deltas, ModelResponse("Hello")]


@pytest.mark.parametrize("kind", ["timeout", "context_length", "rate_limited"])
async def test_group_17_a_failure_comes_again(path: Path, kind: ModelFailure) -> None:
    error = ModelError("model 'fast' is down", kind=kind, status=503, shown=True)
    client = RecordingClient(FakeModel([breaks(error, "Hel")]), path)
    assert await failure(client) is error
    again = await failure(replaying(path))
    assert (str(again), again.kind, again.status, again.shown) == (str(error), kind, 503, True)
    assert lines(path)[1]["deltas"] == [{"text": "Hel", "type": "text_delta"}]


async def test_the_same_request_is_answered_in_the_order_of_the_recording_and_then_no_more(path: Path) -> None:
    await record(path, say("one"), say("two"))
    client = replaying(path)
    assert [(await items(client))[-1], (await items(client))[-1]] == [ModelResponse("one"), ModelResponse("two")]
    assert str(await failure(client)) == (
        f"model 'fast': the cassette {path} has no further reply to this request: it was recorded less often"
    )


@given(
    text=st.text(st.characters(blacklist_categories=())),
    cuts=st.lists(st.integers(0, 50)),
    arguments=st.text(),
    usage=st.integers(0, 9),
)
async def test_group_20_any_reply_comes_again(
    tmp_path_factory: pytest.TempPathFactory, text: str, cuts: list[int], arguments: str, usage: int
) -> None:
    """Whatever it says and however it is cut; a lone surrogate becomes a question mark, as it does in events."""
    ends = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    pieces = [text[start:end] for start, end in pairwise(ends)]
    words: list[ModelDelta] = [TextDelta(text=piece) for piece in pieces]
    deltas = (*words, ToolAnnounced(index=0, name="find"))
    response = ModelResponse(text, (ToolCall("", "find", arguments),), usage=Usage(usage))
    request = replace(ASKED, system=text, messages=(UserMessage(text), AssistantMessage(text)))
    path = tmp_path_factory.mktemp("any") / "c.jsonl"
    await record(path, Turn(response, deltas), request=request)
    *seen, end = await items(replaying(path), request)
    assert end == replace(response, content=text.encode("utf-8", "replace").decode())
    said = [delta.text for delta in seen if isinstance(delta, TextDelta)]
    assert said == [piece.encode("utf-8", "replace").decode() for piece in pieces]


async def test_a_conversation_comes_again_event_by_event(path: Path) -> None:
    def look(what: str) -> str:
        return f"seen: {what}"

    agents = graph(
        agent("front", hands=["back"], says="The front."),
        agent("back", look, model=Model("big", "big", fallback=(Model("small", "small"),))),
    )
    replies = [
        calls(to("back", "c1")),
        breaks(ModelError("model 'big' is down", kind="unreachable"), "I"),
        say("Let me look.", ToolCall("", "look", '{"what": "boots"}')),
        say("Found it."),
        say("Anything else?"),
    ]
    first = await conversation(agents, RecordingClient(FakeModel(replies), path))
    assert [event.from_model for event in first if isinstance(event, FellBack)] == ["big"]
    assert [event.status for event in first if isinstance(event, RunFinished)] == ["answered", "answered"]
    assert list(map(to_json, await conversation(agents, replaying(path)))) == list(map(to_json, first))


async def conversation(agents: AgentGraph, client: ModelClient) -> list[Event]:
    """Two turns, at a time that stands still."""
    runner = Runner(agents, client, clock=FakeClock())
    state: State | None = None
    events: list[Event] = []
    for text in ("boots?", "thanks"):
        async with runner.stream(text, state=state) as run:
            events += [event async for event in run]
            state = run.state
    return events


# ---- what is not recorded


async def test_a_call_that_is_broken_off_leaves_no_line(path: Path) -> None:
    client = RecordingClient(FakeModel([hangs("Hel"), say("Hello")]), path)
    async with aclosing(client.stream(ASKED)) as stream:  # type: ignore[type-var]  # a generator
        assert await anext(stream) == TextDelta(text="Hel")
    assert lines(path) == []
    await items(client)
    assert [line["type"] for line in lines(path)] == ["cassette", "call"]


async def test_the_line_is_there_when_the_response_is(path: Path) -> None:
    """The runner closes the stream at the response: what is written after it would never be."""
    async with aclosing(RecordingClient(FakeModel([say("Hello")]), path).stream(ASKED)) as stream:  # type: ignore[type-var]
        while not isinstance(await anext(stream), ModelResponse):
            assert lines(path) == []
        assert len(lines(path)) == 2


async def test_a_file_that_is_there_is_not_touched(path: Path) -> None:
    write(path, "mine")
    with pytest.raises(UsageError, match=r"is there already: record to another file, or remove it first$"):
        RecordingClient(FakeModel([]), path)
    link = path.with_name("link")
    link.symlink_to("nowhere")
    with pytest.raises(UsageError, match="is there already"):
        RecordingClient(FakeModel([]), link)
    assert written(path) == "mine"


def test_where_nothing_can_be_written_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        RecordingClient(FakeModel([]), tmp_path / "nowhere" / "c.jsonl")


async def test_a_cassette_that_can_t_be_written_fails_the_call(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    client = RecordingClient(FakeModel([say("Hello")]), folder / "c.jsonl")
    folder.rmdir()
    assert str(await failure(client)) == (
        f"the cassette {folder / 'c.jsonl'} can't be written: No such file or directory"
    )


# ---- what is not on the cassette

SYSTEM = "You are the clerk of a small shop which sells needles, thread, buttons and more."
NEAREST = {
    "a message": (
        replace(ASKED, messages=(UserMessage("hello"), *ASKED.messages[1:2], ToolMessage("c1", "a pin"))),
        'messages[2].content: recorded "a needle", now "a pin"',
    ),
    "one message more": (
        replace(ASKED, messages=(*ASKED.messages, UserMessage("And?"))),
        'messages[3]: not recorded, now {"role": "user", "content": "And?"}',
    ),
    "one message less": (
        replace(ASKED, messages=ASKED.messages[:2]),
        'messages[2]: recorded {"role": "tool", "tool_call_id": "c1", "content": "a needle"…, now nothing',
    ),
    "arguments of a call": (
        replace(
            ASKED,
            messages=(
                ASKED.messages[0],
                AssistantMessage(None, (ToolCall("c1", "find", '{"a":1}'),)),
                ASKED.messages[2],
            ),
        ),
        'messages[1].tool_calls[0].function.arguments: recorded "{}", now "{\\"a\\":1}"',
    ),
    "a description": (
        replace(ASKED, functions=(FunctionSchema("find", "Find it.", FIND.parameters), SELL)),
        'functions.find.description: recorded "Find something.", now "Find it."',
    ),
    "a function more, before the others": (
        replace(ASKED, functions=(FunctionSchema("buy", "", {}), FIND, SELL)),
        'functions.buy: not recorded, now {"name": "buy", "parameters": {}}',
    ),
    "a function less": (
        replace(ASKED, functions=(FIND,)),
        'functions.sell: recorded {"name": "sell", "description": "Sell it.", "parameters": {"…, now nothing',
    ),
    "the order of functions": (
        replace(ASKED, functions=(SELL, FIND)),
        (
            'functions[0].name: recorded "find", now "sell"; functions[0].description: recorded "Find something.", '
            'now "Sell it."; functions[0].parameters.properties.what: recorded {"type": "string"}, now nothing; '
            "and 3 more"
        ),
    ),
    "a setting": (
        replace(ASKED, model=Model("gpt", "fast", settings={"temperature": 0.5})),
        "settings.temperature: recorded 0.2, now 0.5",
    ),
    "a number that is a truth": (
        replace(ASKED, model=Model("gpt", "fast", settings={"temperature": 0.2, "seed": True})),
        "settings.seed: not recorded, now true",
    ),
    "the model": (
        replace(ASKED, model=Model("llama", "fast", settings={"temperature": 0.2})),
        'model: recorded "gpt", now "llama"',
    ),
    "the choice of a tool": (
        replace(ASKED, tool_choice=NamedFunction("find")),
        'tool_choice: recorded "auto", now {"function": "find"}',
    ),
    "calls at once": (replace(ASKED, parallel_tool_calls=False), "parallel_tool_calls: recorded null, now false"),
    "far inside a long text": (
        replace(ASKED, system=f"{SYSTEM}\n{SYSTEM}\x9b"),
        'system: recorded "Be brief.", now "You are the clerk of a small shop which sells needles, threa…"',
    ),
    "several": (
        replace(ASKED, agent="shop", system="Be long.", parallel_tool_calls=True, tool_choice="none"),
        (
            'agent: recorded "desk", now "shop"; system: recorded "Be brief.", now "Be long."; '
            'tool_choice: recorded "auto", now "none"; and 1 more'
        ),
    ),
}


@pytest.mark.parametrize("case", NEAREST)
async def test_a_request_that_was_not_recorded_is_compared_with_the_nearest(path: Path, case: str) -> None:
    request, difference = NEAREST[case]
    await record(path, say("one"))
    expected = f"model 'fast': the cassette {path} has no reply to this request. Nearest is line 2: {difference}"
    assert str(await failure(replaying(path), request)) == expected


async def test_a_difference_is_shown_where_it_begins_in_one_line(path: Path) -> None:
    long = f"{SYSTEM}\n{SYSTEM}\x9b"
    await record(path, say("one"), request=replace(ASKED, system=long))
    told = str(await failure(replaying(path), replace(ASKED, system=long.replace("\nYou are", "\nYou\u2028were"))))
    assert told.endswith(
        'system: recorded "…s and more.\\nYou are the clerk of a small shop which sells ne…", '
        'now "…s and more.\\nYou\\u2028were the clerk of a small shop which sells n…"'
    )
    assert told.isprintable()


async def test_the_nearest_is_that_with_the_fewest_differences(path: Path) -> None:
    client = RecordingClient(FakeModel([say("1"), say("2"), say("3")]), path)
    for text in ("Be brief.", "Be kind.", "Be long."):
        await items(client, replace(ASKED, system=text, agent=text))
    told = str(await failure(replaying(path), replace(ASKED, system="Be kind!", agent="Be kind.")))
    assert told.endswith('Nearest is line 3: system: recorded "Be kind.", now "Be kind!"')


# ---- secrets (group 35)


def telling(secret: str) -> tuple[ModelRequest, Turn]:
    """A call with the secret wherever one can be."""
    request = ModelRequest(
        Model("gpt", "fast", settings={"extra_body": {"hint": [f"a {secret}"]}}),
        f"The key is {secret}.",
        (
            UserMessage(f"take {secret}!"),
            AssistantMessage(f"I take {secret}", (ToolCall("c1", "find", json.dumps({"what": secret})),)),
            ToolMessage("c1", f"Bearer {secret} and {json.dumps(secret)}"),
        ),
        (FunctionSchema("find", f"Find {secret}.", {"properties": {"what": {"default": secret}}}),),
    )
    middle = len(secret) // 2
    deltas: list[ModelDelta] = [
        TextDelta(text="It is "),
        TextDelta(text=secret[:middle]),
        ToolAnnounced(index=0, name="find"),
        TextDelta(text=f"{secret[middle:]}."),
        Retrying(model="fast", reason=f"refused {secret}", seconds=0, attempt=2),
        ModelRestarted(model="fast", reason=f"refused {secret}"),
        *(TextDelta(text=char) for char in secret),
    ]
    return request, Turn(ModelResponse(secret, (ToolCall("c2", "find", json.dumps({"what": secret})),)), tuple(deltas))


@pytest.mark.parametrize("secret", [KEY, TOKEN])
async def test_group_35_no_secret_is_in_a_cassette_wherever_it_stood(path: Path, secret: str) -> None:
    request, turn = telling(secret)
    error = ModelError(f"refused {secret}", kind="unauthorized")
    client = RecordingClient(FakeModel([turn, breaks(error, secret[:9], secret[9:])]), path, secrets=[TOKEN])
    await items(client, request)
    await failure(client, request)
    assert [piece for piece in SECRET_PIECES if piece in written(path)] == []
    assert [piece["text"] for piece in lines(path)[1]["deltas"] if "text" in piece] == [f"It is {HIDDEN}.", HIDDEN]
    seen = await items(replaying(path, TOKEN), request)
    assert seen[-1] == ModelResponse(HIDDEN, (ToolCall("c2", "find", f'{{"what": "{HIDDEN}"}}'),))


async def test_group_35_a_difference_shows_no_secret(path: Path) -> None:
    request, turn = telling(TOKEN)
    await items(RecordingClient(FakeModel([turn]), path, secrets=[TOKEN]), request)
    other = replace(request, system=f"Now it is {TOKEN} and {KEY}")
    told = str(await failure(replaying(path, TOKEN), other))
    assert told.endswith(f'system: recorded "The key is {HIDDEN}.", now "Now it is {HIDDEN} and {HIDDEN}"')


async def test_group_35_nothing_of_the_endpoint_is_in_a_cassette(path: Path) -> None:
    await record(path, say("one"))
    assert set(lines(path)[1]["request"]) == {
        *("agent", "model", "settings", "system", "messages", "functions", "tool_choice", "parallel_tool_calls")
    }


@given(st.lists(st.sampled_from([KEY, TOKEN, "Bearer ", "sk-", "abcdefgh", " ", '"', "x", HIDDEN])).map("".join))
def test_group_35_a_text_that_was_veiled_stays_as_it_is(text: str) -> None:
    veil = Veil([TOKEN, "abcdefgh", f"{KEY}.tail-of-it"])
    once = veil.text(text)
    assert veil.text(once) == once
    assert "abcdefgh" not in once
    assert TOKEN not in once
    assert f" {KEY}" not in once


def test_group_35_a_secret_that_only_begins_like_a_key_goes_whole() -> None:
    assert Veil([f"{KEY}.tail-of-it"]).text(f"<{KEY}.tail-of-it>") == f"<{HIDDEN}>"


def test_a_short_word_is_no_secret() -> None:
    assert Veil(["EMPTY", ""]).text("EMPTY of all") == "EMPTY of all"


# ---- cassettes that are none


def broken(change: Callable[[list[Any]], object]) -> Callable[[bytes], bytes]:
    """The cassette with its lines changed."""

    def apply(raw: bytes) -> bytes:
        data = [json.loads(line) for line in raw.splitlines()]
        change(data)
        return b"".join(json.dumps(line).encode() + b"\n" for line in data)

    return apply


IS = "a cassette is what `orchestrate run --record FILE` writes"
BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", f": the file is empty; {IS}"),
    "blank": (lambda _: b"\n \n", f": the file is empty; {IS}"),
    "not JSON": (lambda _: b"hello\n", f":1: this is no cassette; {IS}"),
    "not UTF-8": (lambda _: b"\xff\xfe\n", f":1: this is no cassette; {IS}"),
    "very deep": (lambda _: b"[" * 100_000, f":1: this is no cassette; {IS}"),
    "events": (lambda _: b'{"type":"run_started"}\n', f":1: this is no cassette; {IS}"),
    "no header": (lambda raw: raw.split(b"\n", 1)[1], f":1: this is no cassette; {IS}"),
    "another version": (
        broken(lambda lines: lines[0].update(version=2)),
        ":1: a cassette of version 2; only version 1 is known here: record it anew",
    ),
    "no version": (
        broken(lambda lines: lines[0].pop("version")),
        ":1: a cassette of no version; only version 1 is known here: record it anew",
    ),
    "a foreign key in the header": (broken(lambda lines: lines[0].update(nwo=1)), ":1: 'nwo' is no key of a cassette"),
    "a time that is none": (
        broken(lambda lines: lines[0].update(now="noon")),
        ":1: 'now' is not as a cassette has it: a time such as 2026-05-21T09:30:00",
    ),
    "a header alone": (lambda raw: raw.split(b"\n")[0] + b"\n", ": no model call is recorded here"),
    "two headers": (
        broken(lambda lines: lines.insert(1, lines[0])),
        ":2: a second cassette begins here; keep each in a file of its own",
    ),
    "cut": (lambda raw: raw[:-50], ":3: this line breaks off, as the recording did; remove it"),
    "a line in the middle that is no JSON": (
        lambda raw: raw.replace(b'{"sha256', b"{sha256", 1),
        ":2: this line is no JSON",
    ),
    "a line that is a list": (
        broken(lambda lines: lines.insert(2, [])),
        ":3: this line is of no kind that a cassette has",
    ),
    "a line of another kind": (
        broken(lambda lines: lines[2].update(type="tool")),
        ":3: this line is of no kind that a cassette has",
    ),
    "a key that is missing": (broken(lambda lines: lines[2].pop("end")), ":3: 'end' is missing"),
    "a foreign key": (broken(lambda lines: lines[1].update(reply=1)), ":2: 'reply' is no key of a cassette"),
    "a wrong value": (
        broken(lambda lines: lines[1]["end"].update(finish="tired")),
        ":2: 'end' is not as a cassette has it",
    ),
    "a number as a text": (
        broken(lambda lines: lines[1]["deltas"][0].update(text=5)),
        ":2: 'deltas' is not as a cassette has it",
    ),
    "another request": (
        broken(lambda lines: lines[1]["request"].update(system="Be long.")),
        ":2: the request was changed after it was recorded: its sha256 is another; record anew",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_broken_cassette_is_told_with_its_line(path: Path, case: str) -> None:
    change, message = BROKEN[case]
    await record(path, say("one"), say("two"))
    write(path, change(written(path).encode()))
    with pytest.raises(UsageError) as raised:
        read_cassette(path)
    assert str(raised.value) == f"{path}{message}"


async def test_a_reply_may_be_edited(path: Path) -> None:
    """Only the request is found by its digest: whoever wants another answer in a test writes one."""
    await record(path, say("one"))
    write(path, written(path).replace('"one"', '"uno"').replace("\n", "\r\n"))
    assert await items(replaying(path)) == [TextDelta(text="uno"), ModelResponse("uno")]


def test_a_cassette_without_end_is_not_read_to_its_end(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(UsageError, match=r"has more than 64 MB: record a shorter conversation$"):
        read_cassette(path)


@pytest.mark.parametrize("name", ["nowhere.jsonl", ".", "a\0b", "n" * 300])
def test_a_file_that_can_t_be_read_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"can't be read|is no path"):
        read_cassette(tmp_path / name)


def test_the_header_says_what_a_replay_shares(path: Path) -> None:
    assert Header(now="2026-05-21T09:30:00", model="fast").version == 1


# ---- a model that answers from a cassette


async def test_a_model_of_a_file_answers_whichever_model_was_recorded(path: Path) -> None:
    await record(path, say("one"))
    model = Model("old", "old", provider="replay", file=str(path))
    router = Router({})
    assert (await items(router, replace(ASKED, model=model)))[-1] == ModelResponse("one")
    told = str(await failure(router, replace(ASKED, model=model, system="Be long.")))
    assert told.startswith("model 'old': the cassette ")
    assert told.endswith('Nearest is line 2: system: recorded "Be brief.", now "Be long."')


async def test_a_model_of_a_broken_file_fails(path: Path) -> None:
    write(path, "hello")
    model = Model("old", "old", provider="replay", file=str(path))
    assert str(await failure(Router({}), replace(ASKED, model=model))) == f"{path}:1: this is no cassette; {IS}"


class Owner:
    """A client that wants to be closed."""

    closed = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closed += 1

    async def stream(self, request: ModelRequest) -> AsyncIterator[Item]:
        yield ModelResponse("one")


async def test_the_recorded_client_is_closed(path: Path) -> None:
    owner = Owner()
    async with RecordingClient(owner, path) as client:
        await items(client)
    async with RecordingClient(FakeModel([say("one")]), path.with_name("other")) as client:
        await items(client)
    assert owner.closed == 1
