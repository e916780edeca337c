"""Models without tool calls: what they are asked, what their replies mean, and that no cut of a reply matters."""

import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.clients.endpoints import Address
from orchestrator.clients.json_tools import JsonToolsClient, in_words, reply_form
from orchestrator.clients.openai import OpenAIClient
from orchestrator.errors import ModelError, ModelFailure
from orchestrator.events import Finish, ModelResponded, ModelRestarted, Retrying, TextDelta, ToolAnnounced
from orchestrator.messages import AssistantMessage, Message, ToolCall, ToolMessage, Usage, UserMessage
from orchestrator.model import Model, NamedFunction, ToolChoice
from orchestrator.model_client import ModelClient, ModelDelta, ModelRequest, ModelResponse
from orchestrator.runner import Runner
from orchestrator.tools import FunctionSchema
from tests.support.chat_server import ChatServer, say
from tests.support.fakes import FakeModel, Turn, agent, breaks, check_run, graph, recorded

WEATHER = FunctionSchema(
    "weather",
    "Tells the weather.",
    {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
LEAVE = FunctionSchema("leave", "Ends it.", {"type": "object", "properties": {}, "additionalProperties": False})
COLOGNE = ToolCall("", "weather", '{"city": "Köln"}')
SAY = {
    "type": "object",
    "properties": {"say": {"type": "string"}},
    "required": ["say"],
    "additionalProperties": False,
}


def request(*messages: Message, **fields: Any) -> ModelRequest:
    model = fields.pop("model", Model("m", tool_calls="json"))
    return ModelRequest(model, "Be brief.", messages or (UserMessage("hi"),), (WEATHER, LEAVE), **fields)


def replying(*pieces: str, finish: Finish = "stop") -> FakeModel:
    """A model that says this, cut so."""
    deltas = tuple(TextDelta(text=piece) for piece in pieces)
    return FakeModel([Turn(ModelResponse("".join(pieces) or None, (), finish, Usage(1, 2)), deltas)])


async def items_of(client: ModelClient, asked: ModelRequest | None = None) -> list[ModelDelta | ModelResponse]:
    return [item async for item in JsonToolsClient(client).stream(asked or request())]


async def reply_to(*pieces: str, finish: Finish = "stop") -> ModelResponse:
    """What a reply means. Its deltas must be its text and announce its call, whatever it is."""
    *deltas, response = await items_of(replying(*pieces, finish=finish))
    assert isinstance(response, ModelResponse)
    texts = [delta.text for delta in deltas if isinstance(delta, TextDelta)]
    assert "" not in texts
    assert "".join(texts) == (response.content or "")
    announced = [delta.name for delta in deltas if isinstance(delta, ToolAnnounced)]
    assert announced == [call.name for call in response.tool_calls]
    assert (response.finish, response.usage) == (finish, Usage(1, 2))
    return response


async def meaning(*pieces: str) -> tuple[str | None, tuple[ToolCall, ...]]:
    response = await reply_to(*pieces)
    return response.content, response.tool_calls


# ---- what a reply means

TEXTS: dict[str, tuple[str, str | None]] = {
    "the form": ('{"say": "Hello."}', "Hello."),
    "with blanks": ('\n {\n  "say" :\n "Hello." }\n', "Hello."),
    "escapes": (r'{"say": "a\"b\\c\n\u00e9\ud83d\ude00\/"}', 'a"b\\c\né😀/'),
    "half a pair": (r'{"say": "\ud83d!\ud83d\ud83d\ude00"}', "\ud83d!\ud83d😀"),
    "no such escape": (r'{"say": "\(x\) \u12 C:\dir"}', r"\(x\) \u12 C:\dir"),
    "a raw line break": ('{"say": "one\ntwo"}', "one\ntwo"),
    "quotes inside": ('{"say": "He said "yes" to me."}', 'He said "yes" to me.'),
    "braces inside": ('{"say": "{} {\\"call\\": \\"leave\\"}"}', '{} {"call": "leave"}'),
    "empty": ('{"say": ""}', None),
    "cut": ('{"say": "Hel', "Hel"),
    "cut in an escape": (r'{"say": "Hel\u00', "Hel"),
    "cut before the end": ('{"say": "Hel"', "Hel"),
    "single quotes": ("{'say': 'Hello.'}", "Hello."),
    "a fence": ('```json\n{"say": "Hello."}\n```', "Hello."),
    "a list": ('[{"say": "Hello."}]', "Hello."),
    "words before": ('Sure:\n\n{"say": "Hello."}', "Sure:\nHello."),
    "words behind": ('{"say": "Hello."}\n\nUser: Thanks!', "Hello."),
    "plain": ("Hello, I am a bot. ", "Hello, I am a bot. "),
    "plain with code": ("Write `{x}` or ```{y: 1}``` [", "Write `{x}` or ```{y: 1}``` ["),
    "another object": ('{"answer": "Hello."}', '{"answer": "Hello."}'),
    "a name that is no function": ('It is {"name": "Bob", "age": 3}.', 'It is {"name": "Bob", "age": 3}.'),
    "say what is no text": ('{"say": {"a": 1}}', '{"say": {"a": 1}}'),
    "a brace alone": ("{", "{"),
    "a key alone": ('```{"sa', '```{"sa'),
    "a broken text": ("{'say': 'it's'}", "{'say': 'it's'}"),
    "nothing": ("", None),
    "a later object": ('I can {"do": 1} and {"say": "this"}', 'I can {"do": 1} and\nthis'),
}


@pytest.mark.parametrize("case", TEXTS)
async def test_a_text(case: str) -> None:
    written, text = TEXTS[case]
    assert await meaning(written) == await meaning(*written) == (text, ())


CALLS: dict[str, tuple[str, str, str]] = {
    "the form": ('{"call": "weather", "arguments": {"city": "Köln"}}', "weather", '{"city": "Köln"}'),
    "without arguments": ('{"call": "leave"}', "leave", "{}"),
    "null": ('{"call": "leave", "arguments": null}', "leave", "null"),
    "a fence": ('```json\n{"call": "leave", "arguments": {}}\n```', "leave", "{}"),
    "a list": ('[{"call": "leave", "arguments": {}}, {"call": "leave"}]', "leave", "{}"),
    "single quotes": (
        "{'call': 'weather', 'arguments': {'city': 'a\\'b \"c\"', 'on': True, 'x': None}}",
        "weather",
        '{"city": "a\'b \\"c\\"", "on": true, "x": null}',
    ),
    "arguments as a text": ('{"call": "weather", "arguments": "{\\"city\\": 1}"}', "weather", '{"city": 1}'),
    "as other models are used to": ('{"name": "weather", "parameters": {"city": 1}}', "weather", '{"city": 1}'),
    "invented": ('{"call": "fly", "arguments": {"to": "x"}}', "fly", '{"to": "x"}'),
    "without a name": ('{"call": "", "arguments": {}}', "", "{}"),
    "words behind": ('{"call": "leave", "arguments": {}}\nResult of leave: {"call": "fly"}', "leave", "{}"),
    "a key twice": ('{"call": "leave", "arguments": {"a": 1, "a": 2}}', "leave", '{"a": 1, "a": 2}'),
    "cut": ('{"call": "weather", "arguments": {"city": "Kö', "weather", '{"city": "Kö'),
    "cut before the arguments": ('{"call": "leave", "arguments": ', "leave", "{"),
    "cut behind the name": ('{"call": "leave"', "leave", "{"),
    "something between": ('{"call": "leave", "why": "x", "arguments": {}}', "leave", ', "why": "x", "arguments": {}}'),
    "deep": (f'{{"call": "leave", "arguments": {"[" * 100_000}', "leave", "[" * 100_000),
}


@pytest.mark.parametrize("case", CALLS)
async def test_a_call(case: str) -> None:
    """Conformance 7 and 8: what the runner then says of names and arguments is the same for all models."""
    written, name, arguments = CALLS[case]
    cut = [written[at : at + 7] for at in range(0, len(written), 7)]
    assert await meaning(written) == await meaning(*cut) == (None, (ToolCall("", name, arguments),))


@pytest.mark.parametrize("between", ["}\n", "}", ", ", "} "])
async def test_a_text_and_a_call(between: str) -> None:
    """Conformance 11."""
    brace = "" if "," in between else "{"
    written = f'{{"say": "Let me look."{between}{brace}"call": "weather", "arguments": {{"city": "Köln"}}}}'
    assert await meaning(written) == await meaning(*written) == ("Let me look.", (COLOGNE,))


async def test_words_and_a_call() -> None:
    written = 'Let me look.\n```json\n{"call": "weather", "arguments": {"city": "Köln"}}\n```'
    assert await meaning(written) == await meaning(*written) == ("Let me look.", (COLOGNE,))


async def test_what_it_makes_up_behind_its_words_calls_nothing() -> None:
    """A conversation that a model goes on with alone is no call."""
    assert await meaning('{"say": "Hi."}\nUser: Go.\n{"call": "leave", "arguments": {}}') == ("Hi.", ())


# ---- how a reply comes


async def test_group_20_text_streams_as_it_comes() -> None:
    pieces = ['{"s', 'ay": "', "One", " two\\", "n\\ud83d\\u", 'de00 "', "th", "ree", '"', "}"]
    *deltas, _ = await items_of(replying(*pieces))
    assert deltas == [TextDelta(text=text) for text in ("One", " two", "\n", "😀 ", '"th', "ree")]


async def test_plain_text_streams_too() -> None:
    *deltas, _ = await items_of(replying("Hel", "lo, ", "{x} you", "."))
    assert deltas == [TextDelta(text=text) for text in ("Hel", "lo,", " {x} you", ".")]


async def test_a_call_is_announced_as_soon_as_its_name_is_known() -> None:
    model = FakeModel([Turn(None, (TextDelta(text='{"call": "wea'), TextDelta(text='ther", "ar')))])
    items: AsyncIterator[Any] = JsonToolsClient(model).stream(request())
    assert await anext(items) == ToolAnnounced(index=0, name="weather")
    await items.aclose()  # type: ignore[attr-defined]  # a generator
    assert model.closed == 1


async def test_group_20_a_reply_in_one_piece_means_the_same() -> None:
    whole = ModelResponse('{"say": "Hello."}')
    assert (await items_of(FakeModel([Turn(whole)])))[-1] == ModelResponse("Hello.")


async def test_a_reply_that_begins_anew_is_read_anew() -> None:
    restarted = ModelRestarted(model="m", reason="it broke off")
    retrying = Retrying(model="m", reason="it broke off", seconds=1, attempt=2)
    first = (TextDelta(text='{"say": "Hel'), retrying, restarted, TextDelta(text='{"say": "Hi."}'))
    items = await items_of(FakeModel([Turn(ModelResponse('{"say": "Hi."}'), first)]))
    assert items == [TextDelta(text="Hel"), retrying, restarted, TextDelta(text="Hi."), ModelResponse("Hi.")]


@pytest.mark.parametrize("finish", ["length", "content_filter", "refusal"])
async def test_group_10_why_it_stopped_is_kept(finish: Finish) -> None:
    assert (await reply_to("I can't.", finish=finish)).content == "I can't."


WORDS = st.text(st.sampled_from("{}[]\"'\\ \n`:,sayclnmeudwthr0123456789dé😀\ud83d\ude00"), max_size=30)
OBJECTS = st.one_of(
    st.text().map(lambda text: json.dumps({"say": text})),
    st.text().map(lambda text: json.dumps({"say": text}, ensure_ascii=False)),
    WORDS.map(lambda text: f'{{"say": "{text}"}}'),
    WORDS.map(lambda text: f'{{"call": "weather", "arguments": {{"city": "{text}"}}}}'),
    WORDS.map(lambda text: f"{{'name': 'leave', 'parameters': {text}}}"),
    st.dictionaries(st.sampled_from(["say", "call", "name", "arguments"]), WORDS).map(repr),
)
REPLIES = st.lists(st.one_of(WORDS, OBJECTS, st.sampled_from(["```json\n", "\n```", " " * 120, "[", "{"])), max_size=4)


@given(REPLIES.map("".join), st.lists(st.integers(0, 200)))
async def test_group_20_no_cut_of_a_reply_matters(written: str, cuts: list[int]) -> None:
    places = sorted({0, len(written), *(cut for cut in cuts if cut < len(written))})
    pieces = [written[start:end] for start, end in pairwise(places)]
    assert await reply_to(*pieces) == await reply_to(written) == await reply_to(*written)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.booleans(), st.integers(1, 5))
async def test_any_text_comes_through(text: str, plain: bool, size: int) -> None:
    written = json.dumps({"say": text}, ensure_ascii=plain)
    pieces = [written[at : at + size] for at in range(0, len(written), size)]
    assert await meaning(*pieces) == (text or None, ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON), st.booleans(), st.integers(1, 9))
async def test_any_arguments_come_through(arguments: dict[str, object], plain: bool, size: int) -> None:
    written = json.dumps({"call": "weather", "arguments": arguments}, ensure_ascii=plain)
    pieces = [written[at : at + size] for at in range(0, len(written), size)]
    content, calls = await meaning(*pieces)
    assert (content, [json.loads(call.arguments) for call in calls]) == (None, [arguments])


HOSTILE = ["{" * 100_000, '{"' * 50_000, " " * 100_000, "`" * 100_000, '{"say": "' + '\\"' * 50_000]
HOSTILE += ['{"say": "' + '" ' * 50_000, "{'call': 'leave', 'arguments': " + "'\\'" * 50_000, "[ " * 50_000]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("written", HOSTILE, ids=lambda written: written[:12])
async def test_no_reply_takes_for_ever(written: str) -> None:
    whole = await reply_to(written)
    assert await reply_to(*(written[at : at + 50] for at in range(0, len(written), 50))) == whole


# ---- what such a model is asked


def test_the_instructions_tell_of_the_functions() -> None:
    asked = in_words(request(parallel_tool_calls=True))
    assert (asked.functions, asked.tool_choice, asked.parallel_tool_calls) == ((), "auto", None)
    assert asked.system == (
        "Be brief.\n\n"
        "You can call the functions below. To call one, reply with its name and arguments as a JSON object:\n"
        '{"call": "NAME", "arguments": {}}\n'
        "The next message then tells you its result. Where no function is needed, reply with what you want to say:\n"
        '{"say": "TEXT"}\n'
        "Reply with one such object and nothing else.\n\n"
        "Functions:\n"
        "- weather: Tells the weather.\n"
        '  arguments: {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], '
        '"additionalProperties": false}\n'
        "- leave: Ends it."
    )


def calls(function: FunctionSchema) -> dict[str, object]:
    """The form of a call of this function."""
    name = {"type": "string", "enum": [function.name]}
    return {
        "type": "object",
        "properties": {"call": name, "arguments": dict(function.parameters)},
        "required": ["call", "arguments"],
        "additionalProperties": False,
    }


CHOICES: dict[str, tuple[ToolChoice | NamedFunction, list[dict[str, object]], bool]] = {
    "auto": ("auto", [SAY, calls(WEATHER), calls(LEAVE)], False),
    "required": ("required", [calls(WEATHER), calls(LEAVE)], True),
    "a function": (NamedFunction("leave"), [calls(LEAVE)], True),
}


@pytest.mark.parametrize("case", CHOICES)
def test_the_choice_of_tools_is_in_the_form(case: str) -> None:
    """Conformance 21b."""
    choice, forms, must = CHOICES[case]
    asked = request(tool_choice=choice)
    assert reply_form(asked) == {
        "type": "json_schema",
        "json_schema": {"name": "reply", "schema": {"anyOf": forms}},
    }
    assert ("Now you must call" in in_words(asked).system) == must
    assert ("- weather" in in_words(asked).system) == (calls(WEATHER) in forms)


def test_strict_is_asked_for_where_the_model_says_so() -> None:
    form = reply_form(request(model=Model("m", tool_calls="json", strict=True)))
    assert form is not None
    assert isinstance(form["json_schema"], dict)
    assert form["json_schema"]["strict"] is True


@pytest.mark.parametrize("nothing", [{"tool_choice": "none"}, {"functions": ()}])
def test_where_nothing_can_be_called_nothing_speaks_of_it(nothing: dict[str, Any]) -> None:
    given = ModelRequest(
        Model("m", tool_calls="json"),
        "Be brief.",
        (UserMessage("a"), AssistantMessage("b"), UserMessage("c")),
        **{"functions": (WEATHER,), **nothing},
    )
    assert reply_form(given) is None
    assert in_words(given).system == "Be brief."
    assert in_words(given).messages == given.messages


def test_definitions_of_functions_do_not_meet() -> None:
    def paints(kind: str) -> FunctionSchema:
        schema = {
            "type": "object",
            "properties": {"of": {"$ref": "#/$defs/Colour"}, "more": {"items": {"$ref": "#/$defs/Colour"}}},
            "$defs": {"Colour": {"type": kind}},
        }
        return FunctionSchema(f"paint_{kind}", "", schema)

    form = reply_form(ModelRequest(Model("m"), "", (), (paints("string"), paints("integer"))))
    assert form is not None
    schema: Any = form["json_schema"]
    arguments = [option["properties"]["arguments"] for option in schema["schema"]["anyOf"][1:]]
    assert [inner["properties"]["of"] for inner in arguments] == [
        {"$ref": "#/$defs/f0_Colour"},
        {"$ref": "#/$defs/f1_Colour"},
    ]
    assert arguments[1]["properties"]["more"] == {"items": {"$ref": "#/$defs/f1_Colour"}}
    assert all("$defs" not in inner for inner in arguments)
    assert schema["schema"]["$defs"] == {"f0_Colour": {"type": "string"}, "f1_Colour": {"type": "integer"}}


def plain(*messages: Message) -> list[tuple[str, str | None]]:
    """The messages that a model without tool calls gets, by role."""
    roles = {UserMessage: "user", AssistantMessage: "assistant"}
    return [(roles[type(message)], message.content) for message in in_words(request(*messages)).messages]


def test_history_is_what_it_would_have_said() -> None:
    history = (
        UserMessage("Weather?"),
        AssistantMessage("Let me look.", (ToolCall("1", "weather", '{"city": "Köln"}'), ToolCall("2", "leave", "{oh"))),
        ToolMessage("1", "rain"),
        ToolMessage("2", "Error: no JSON"),
        AssistantMessage("Rain."),
        UserMessage("Thanks."),
        UserMessage("Bye."),
    )
    assert plain(*history) == [
        ("user", "Weather?"),
        (
            "assistant",
            """{"say": "Let me look."}
{"call": "weather", "arguments": {"city": "Köln"}}
{"call": "leave", "arguments": "{oh"}""",
        ),
        ("user", "Result of weather: rain\n\nResult of leave: Error: no JSON"),
        ("assistant", '{"say": "Rain."}'),
        ("user", "Thanks.\n\nBye."),
    ]


def test_the_user_is_first_where_the_beginning_is_left_out() -> None:
    assert [role for role, _ in plain(AssistantMessage("Hi."), UserMessage("Hello."))] == ["user", "assistant", "user"]


MESSAGES = st.lists(
    st.sampled_from(
        [UserMessage("u"), AssistantMessage("a"), AssistantMessage(None, (COLOGNE,)), ToolMessage("", "result")]
    ),
    min_size=1,
)


@given(MESSAGES)
def test_the_roles_always_take_turns(messages: list[Message]) -> None:
    roles = [role for role, _ in plain(*messages)]
    assert roles == [("user", "assistant")[number % 2] for number in range(len(roles))]


# ---- against an endpoint


def forms_asked(model: FakeModel) -> list[bool]:
    """Whether each request asked for a form of the reply."""
    return ["response_format" in asked.model.settings for asked in model.requests]


def refusal(kind: ModelFailure = "refused", status: int = 400, *, shown: bool = False) -> Turn:
    return breaks(ModelError("m: no", kind=kind, status=status, shown=shown))


HELLO = Turn(ModelResponse("Hello."))


async def test_group_18_an_endpoint_gets_no_word_of_tools_and_may_refuse_the_form() -> None:
    """The server has OpenAI's own rules, which take no union."""
    with ChatServer([say('{"call": "weather", "arguments": {"city": "Köln"}}')]) as server:
        client = JsonToolsClient(OpenAIClient(Address(server.url, "sk-test")))
        asked = request(tool_choice="required", parallel_tool_calls=True)
        *_, response = [item async for item in client.stream(asked)]
        await client.aclose()
    assert isinstance(response, ModelResponse)
    assert response.tool_calls == (COLOGNE,)
    formed, plainly = (each.body for each in server.requests)
    assert formed.pop("response_format") == reply_form(asked)
    assert formed == plainly
    assert plainly.keys() == {"model", "messages", "stream", "stream_options"}


async def test_an_endpoint_that_refuses_a_form_is_asked_for_it_only_once() -> None:
    model = FakeModel([refusal(), HELLO, HELLO, HELLO])
    client = JsonToolsClient(model)
    for choice in ("auto", "auto", "required"):
        assert [item async for item in client.stream(request(tool_choice=choice))][-1] == ModelResponse("Hello.")
    assert forms_asked(model) == [True, False, False, True]


async def test_what_has_another_reason_fails_with_it_and_the_form_is_asked_for_again() -> None:
    model = FakeModel([refusal(), refusal(), HELLO])
    client = JsonToolsClient(model)
    with pytest.raises(ModelError, match="m: no"):
        await anext(aiter(client.stream(request())))
    assert [item async for item in client.stream(request())][-1] == ModelResponse("Hello.")
    assert forms_asked(model) == [True, False, True]


@pytest.mark.parametrize(
    "failure",
    [
        refusal("unauthorized", 401),
        refusal("refused", 404),
        refusal("rate_limited", 429),
        refusal("broken", 503),
        refusal("context_length", 400),
        refusal(shown=True),
    ],
    ids=repr,
)
async def test_other_failures_are_not_asked_again(failure: Turn) -> None:
    model = FakeModel([failure])
    with pytest.raises(ModelError):
        await items_of(model)
    assert forms_asked(model) == [True]


async def test_a_form_of_the_models_own_stands() -> None:
    own = Model("m", tool_calls="json", settings={"response_format": {"type": "json_object"}})
    model = FakeModel([refusal()])
    with pytest.raises(ModelError):
        await items_of(model, request(model=own))
    assert [asked.model for asked in model.requests] == [own]


async def test_models_that_can_call_tools_are_asked_as_ever() -> None:
    model = FakeModel([Turn(ModelResponse('{"say": "as it is"}'))])
    asked = request(model=Model("m"))
    assert await items_of(model, asked) == [ModelResponse('{"say": "as it is"}')]
    assert model.requests == [asked]


# ---- a whole conversation


def weather(city: str) -> str:
    """Tell the weather."""
    return f"rain in {city}"


async def test_the_runner_sees_nothing_special() -> None:
    """Conformance 1, 3, 4 and 7: handoffs, tools and mistakes go as with any model."""
    written = [
        '{"call": "transfer_to_back", "arguments": {}}',
        '{"call": "wether", "arguments": {"city": "Köln"}}',
        '{"call": "weather", "arguments": {"town": "Köln"}}',
        '{"call": "weather", "arguments": {"city": "Köln"}}',
        '{"say": "Rain."}',
    ]
    model = Model("m", tool_calls="json", settings={"response_format": {"type": "json_object"}})
    agents = graph(agent("front", hands=["back"], model=model), agent("back", weather, model=model))
    fake = FakeModel([Turn(ModelResponse(text), (TextDelta(text=text),)) for text in written])
    run = Runner(agents, JsonToolsClient(fake)).stream("How is the weather?")
    async with run:
        events = [event async for event in run]
    assert (run.state.status, run.state.agent) == ("answered", "back")
    check_run(run, recorded(events))
    replies = [event.message for event in events if isinstance(event, ModelResponded)]
    assert [call.name for reply in replies for call in reply.tool_calls] == [
        "transfer_to_back",
        "wether",
        "weather",
        "weather",
    ]
    assert replies[-1] == AssistantMessage("Rain.")
    assert fake.faults == []
    said = [message.content for message in fake.requests[-1].messages if isinstance(message, UserMessage)]
    assert said[1] == "Result of transfer_to_back: Transferred to Back. Adopt persona immediately."
    assert "Did you mean 'weather'?" in (said[2] or "")
    assert said[-1] == "Result of weather: rain in Köln"
