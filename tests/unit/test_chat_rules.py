"""Each rule of the Chat Completions API has a body that breaks it alone, and the words it is refused with."""

import copy
from typing import Any

import pytest

from tests.support.chat_rules import faults, house_faults

Body = dict[str, Any]

SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": "What is the weather?"}
OBJECT = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLOSED = {**OBJECT, "additionalProperties": False}


def made(identity: str, name: str = "weather", arguments: str = '{"city": "Paris"}') -> Body:
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


def asks(*identities: str, **fields: Any) -> Body:
    return {"role": "assistant", "content": None, "tool_calls": [made(name) for name in identities], **fields}


def answer(identity: str, content: Any = "sunny") -> Body:
    return {"role": "tool", "tool_call_id": identity, "content": content}


def tool(name: str = "weather", **fields: Any) -> Body:
    return {"type": "function", "function": {"name": name, "parameters": OBJECT, **fields}}


def body(*messages: Any, **fields: Any) -> Body:
    return {"model": "gpt-4o", "messages": [SYSTEM, USER, *messages], **fields}


def with_parameters(parameters: Any, **fields: Any) -> Body:
    return body(tools=[tool(parameters=parameters, **fields)])


def with_property(schema: Any) -> Body:
    return with_parameters({"type": "object", "properties": {"city": schema}})


def answering(layout: Any) -> Body:
    return body(response_format=layout)


def without(whole: Body, name: str) -> Body:
    return {key: value for key, value in whole.items() if key != name}


def strict(parameters: Body) -> Body:
    return with_parameters(parameters, strict=True)


def answering_in(**fields: Any) -> Body:
    return answering({"type": "json_schema", "json_schema": {"name": "weather", **fields}})


CALL = made("call_1")
NESTED = {"type": "object", "properties": {"at": OBJECT}, "required": ["at"], "additionalProperties": False}
ONE_OF = {"city": {"type": "string", "oneOf": [{}]}}

SCALARS: list[tuple[str, Body, str]] = [
    ("unknown parameter", body(top_k=4), "top_k: Unknown parameter"),
    ("deprecated functions", body(functions=[{"name": "a"}]), "functions: Unknown parameter"),
    ("no model", without(body(), "model"), "model: Missing required parameter"),
    ("empty model", body() | {"model": ""}, "model: empty string"),
    ("model no string", body() | {"model": 4}, "model: Invalid type: expected a string, but got an integer"),
    ("temperature too high", body(temperature=2.1), "temperature: value out of range"),
    ("temperature too low", body(temperature=-0.1), "temperature: value out of range"),
    ("temperature no number", body(temperature="1"), "temperature: Invalid type: expected a decimal, but got a string"),
    ("temperature true", body(temperature=True), "temperature: Invalid type: expected a decimal, but got a boolean"),
    ("temperature not a number", body(temperature=float("nan")), "temperature: value out of range"),
    ("top_p too high", body(top_p=1.5), "top_p: value out of range"),
    ("top_p too low", body(top_p=-1), "top_p: value out of range"),
    ("presence penalty", body(presence_penalty=3), "presence_penalty: value out of range"),
    ("frequency penalty", body(frequency_penalty=-3), "frequency_penalty: value out of range"),
    ("n of nothing", body(n=0), "n: value out of range"),
    ("seed a decimal", body(seed=1.5), "seed: Invalid type: expected an integer, but got a decimal"),
    ("seed too large", body(seed=2**63), "seed: value out of range"),
    ("stream no boolean", body(stream=1), "stream: Invalid type: expected a boolean, but got an integer"),
    ("stream_options alone", body(stream_options={"include_usage": True}), "only allowed when 'stream' is enabled"),
    ("stream_options unknown", body(stream=True, stream_options={"usage": True}), "stream_options.usage: Unknown"),
    ("usage no boolean", body(stream=True, stream_options={"include_usage": 1}), "include_usage: Invalid type"),
    ("max_tokens zero", body(max_tokens=0), "max_tokens: value out of range"),
    ("max_completion_tokens text", body(max_completion_tokens="9"), "max_completion_tokens: Invalid type"),
    ("both limits", body(max_tokens=1, max_completion_tokens=1), "at the same time is not supported"),
    ("five stops", body(stop=["a", "b", "c", "d", "e"]), "stop: array too long. Expected maximum length 4"),
    ("stop of numbers", body(stop=[1]), "stop[0]: Invalid type"),
    ("stop a number", body(stop=1), "stop: Invalid type"),
    ("logit_bias too strong", body(logit_bias={"50256": 101}), "logit_bias.50256: value out of range"),
    ("logit_bias a list", body(logit_bias=[]), "logit_bias: Invalid type: expected an object, but got an array"),
    ("logprobs no boolean", body(logprobs=5), "logprobs: Invalid type"),
    ("top_logprobs alone", body(top_logprobs=5), "only allowed when 'logprobs' is enabled"),
    ("top_logprobs too many", body(logprobs=True, top_logprobs=21), "top_logprobs: value out of range"),
    ("effort unknown", body(reasoning_effort="huge"), "reasoning_effort: Invalid value: 'huge'"),
    ("verbosity unknown", body(verbosity="loud"), "verbosity: Invalid value"),
    ("service tier unknown", body(service_tier="gold"), "service_tier: Invalid value"),
    ("cache retention unknown", body(prompt_cache_retention="1h"), "prompt_cache_retention: Invalid value"),
    ("cache options no object", body(prompt_cache_options="on"), "prompt_cache_options: Invalid type"),
    ("cache key no string", body(prompt_cache_key=1), "prompt_cache_key: Invalid type"),
    ("user no string", body(user=None), "user: Invalid type: expected a string, but got null"),
    ("identifier too long", body(safety_identifier="x" * 129), "safety_identifier: string too long"),
    ("store no boolean", body(store="yes"), "store: Invalid type"),
    ("metadata without store", body(metadata={"a": "b"}), "only allowed when 'store' is enabled"),
    ("17 metadata", body(store=True, metadata={str(n): "" for n in range(17)}), "metadata: object too long"),
    ("metadata no string", body(store=True, metadata={"a": 1}), "metadata.a: Invalid type"),
    ("metadata key too long", body(store=True, metadata={"a" * 65: ""}), "metadata key: string too long"),
    ("metadata value too long", body(store=True, metadata={"a": "b" * 513}), "metadata.a: string too long"),
    ("no modality", body(modalities=[]), "modalities: empty array"),
    ("modality unknown", body(modalities=["smell"]), "modalities[0]: Invalid value"),
    ("audio modality alone", body(modalities=["text", "audio"]), "audio: Missing required parameter"),
    ("audio without voice", body(audio={"format": "mp3"}), "audio.voice: Missing required parameter"),
    ("prediction unknown", body(prediction={"type": "guess", "content": "x"}), "prediction.type: Invalid value"),
    ("moderation no object", body(moderation=True), "moderation: Invalid type"),
    ("search options no object", body(web_search_options=True), "web_search_options: Invalid type"),
]

MESSAGES: list[tuple[str, Body, str]] = [
    ("no messages", {"model": "gpt-4o"}, "messages: Missing required parameter"),
    ("empty messages", {"model": "gpt-4o", "messages": []}, "messages: empty array"),
    ("messages no list", {"model": "gpt-4o", "messages": "hi"}, "messages: Invalid type: expected an array"),
    ("message no object", body("hi"), "messages[2]: Invalid type: expected an object"),
    ("too many messages", body(*[USER] * 2047), "messages: array too long. Expected maximum length 2048"),
    ("role unknown", body({"role": "critic", "content": "bad"}), "messages[2].role: Invalid value: 'critic'"),
    ("role function", body({"role": "function", "name": "a", "content": "b"}), "messages[2].role: Invalid value"),
    ("role missing", body({"content": "hi"}), "messages[2].role: Invalid value: None"),
    ("role no string", body({"role": ["user"], "content": "hi"}), "messages[2].role: Invalid value"),
    ("unknown field", body({**USER, "mood": "glad"}), "messages[2].mood: Unknown parameter"),
    ("content missing", body({"role": "user"}), "messages[2].content: Missing required parameter"),
    ("user content null", body({"role": "user", "content": None}), "messages[2].content: Invalid type"),
    ("system content null", body({"role": "system", "content": None}), "messages[2].content: Invalid type"),
    ("content an object", body({"role": "user", "content": {}}), "messages[2].content: Invalid type"),
    ("content no parts", body({"role": "user", "content": []}), "messages[2].content: empty array"),
    ("content too long", body({"role": "user", "content": "x" * 10_485_761}), "messages[2].content: string too long"),
    ("part unknown", body({"role": "user", "content": [{"type": "smell"}]}), "messages[2].content[0].type: Invalid"),
    ("part no object", body({"role": "user", "content": ["hi"]}), "messages[2].content[0]: Invalid type"),
    ("part without text", body({"role": "user", "content": [{"type": "text"}]}), "content[0].text: Missing required"),
    ("part field", body({"role": "user", "content": [{"type": "text", "text": "", "x": 1}]}), "content[0].x: Unknown"),
    (
        "image for the system",
        body({"role": "system", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}),
        "messages[2].content[0].type: Invalid value: 'image_url'",
    ),
    ("name pattern", body({**USER, "name": "Ann Lee"}), "messages[2].name: string does not match pattern"),
    ("name with a line end", body({**USER, "name": "Ann\n"}), "messages[2].name: string does not match pattern"),
    ("name null", body({**USER, "name": None}), "messages[2].name: Invalid type"),
    ("name for a tool", body(asks("a"), {**answer("a"), "name": "weather"}), "messages[3].name: Unknown parameter"),
    ("assistant silent", body({"role": "assistant", "content": None}), "messages[2].content: Invalid value"),
    ("assistant says nothing", body({"role": "assistant"}), "messages[2].content: Invalid value"),
    ("assistant empty", body({"role": "assistant", "content": ""}), "messages[2].content: Invalid value"),
    ("assistant content no text", body({"role": "assistant", "content": 4}), "messages[2].content: Invalid type"),
    ("calls of a user", body({**USER, "tool_calls": [CALL]}), "messages[2].tool_calls: Unknown parameter"),
    ("no calls", body(asks(content="hi")), "messages[2].tool_calls: empty array"),
    ("calls null", body({"role": "assistant", "content": "hi", "tool_calls": None}), "tool_calls: Invalid type"),
    (
        "129 calls",
        body(asks(*map(str, range(129))), *map(answer, map(str, range(129)))),
        "messages[2].tool_calls: array too long",
    ),
]


def asking(call: Any) -> Body:
    return body(asks(tool_calls=[call]), answer("call_1"))


def calling(**function: Any) -> Body:
    return asking({**CALL, "function": {**CALL["function"], **function}})


CALLS: list[tuple[str, Body, str]] = [
    ("call no object", asking("weather"), "messages[2].tool_calls[0]: Invalid type"),
    ("call without id", asking(without(CALL, "id")), "messages[2].tool_calls[0].id: Missing required"),
    ("call with empty id", body(asks(""), answer("")), "messages[2].tool_calls[0].id: empty string"),
    ("call id too long", body(asks("x" * 41), answer("x" * 41)), "tool_calls[0].id: string too long"),
    ("call id no string", asking({**CALL, "id": 1}), "messages[2].tool_calls[0].id: Invalid type"),
    ("call without type", asking(without(CALL, "type")), "messages[2].tool_calls[0].type: Missing required"),
    ("custom call", asking({**CALL, "type": "custom"}), "messages[2].tool_calls[0].type: Invalid value"),
    ("call field", asking({**CALL, "index": 0}), "messages[2].tool_calls[0].index: Unknown parameter"),
    ("call without function", asking(without(CALL, "function")), "tool_calls[0].function: Missing required"),
    ("called field", calling(strict=True), "tool_calls[0].function.strict: Unknown parameter"),
    ("called name pattern", calling(name="get weather"), "tool_calls[0].function.name: string does not match"),
    ("called name empty", calling(name=""), "tool_calls[0].function.name: string does not match"),
    ("called name too long", calling(name="w" * 65), "tool_calls[0].function.name: string does not match"),
    ("arguments an object", calling(arguments={}), "tool_calls[0].function.arguments: Invalid type"),
    ("arguments null", calling(arguments=None), "tool_calls[0].function.arguments: Invalid type"),
    ("id twice in a message", body(asks("a", "a"), answer("a")), "messages[2].tool_calls: Duplicate value for 'id'"),
    (
        "id twice in a conversation",
        body(asks("a"), answer("a"), asks("a"), answer("a")),
        "messages[4].tool_calls: Duplicate value for 'id' of 'a'",
    ),
    ("unanswered at the end", body(asks("a")), "tool_call_ids did not have response messages: a"),
    ("unanswered before a user", body(asks("a"), USER), "messages[2].tool_calls: must be followed by tool messages"),
    ("one of two unanswered", body(asks("a", "b"), answer("a")), "did not have response messages: b"),
    ("answer too late", body(asks("a"), USER, answer("a")), "messages[4].role: messages with role 'tool' must be"),
    ("answer to nothing", body(answer("a")), "messages[2].role: messages with role 'tool' must be a response"),
    ("answer to a text", body({"role": "assistant", "content": "hi"}, answer("a")), "messages[3].role: messages with"),
    ("answered twice", body(asks("a"), answer("a"), answer("a")), "Duplicate value for 'tool_call_id' of 'a'"),
    ("answer to a stranger", body(asks("a"), answer("a"), answer("b")), "messages[4].tool_call_id: 'b' not found"),
    ("answers out of order", body(asks("a", "b"), answer("b"), answer("a")), "'b' is out of call order"),
    ("answer without id", body(asks("a"), {"role": "tool", "content": ""}), "messages[3].tool_call_id: Missing"),
    ("answer null", body(asks("a"), answer("a", None)), "messages[3].content: Invalid type"),
    ("answer a number", body(asks("a"), answer("a", 4)), "messages[3].content: Invalid type"),
    (
        "answer an image",
        body(asks("a"), answer("a", [{"type": "image_url", "image_url": {}}])),
        "messages[3].content[0].type: Invalid value",
    ),
]

TOOLS: list[tuple[str, Body, str]] = [
    ("no tools", body(tools=[]), "tools: empty array"),
    ("tools null", body(tools=None), "tools: Invalid type"),
    (
        "129 tools",
        body(tools=[tool(f"t{n}") for n in range(129)]),
        "tools: array too long. Expected maximum length 128",
    ),
    ("tool no object", body(tools=["weather"]), "tools[0]: Invalid type"),
    ("tool without type", body(tools=[without(tool(), "type")]), "tools[0].type: Missing required"),
    ("tool type unknown", body(tools=[tool() | {"type": "custom"}]), "tools[0].type: Invalid value"),
    ("tool field", body(tools=[tool() | {"handler": "x"}]), "tools[0].handler: Unknown parameter"),
    ("tool without function", body(tools=[{"type": "function"}]), "tools[0].function: Missing required"),
    ("function field", body(tools=[tool(handler="x")]), "tools[0].function.handler: Unknown parameter"),
    ("function without name", body(tools=[{"type": "function", "function": {}}]), "function.name: Missing required"),
    ("function name pattern", body(tools=[tool("a.b")]), "tools[0].function.name: string does not match"),
    ("function name twice", body(tools=[tool(), tool()]), "tools[1].function.name: Duplicate function name 'weather'"),
    ("description too long", body(tools=[tool(description="x" * 1025)]), "function.description: string too long"),
    ("description null", body(tools=[tool(description=None)]), "function.description: Invalid type"),
    ("strict no boolean", body(tools=[tool(strict="yes")]), "tools[0].function.strict: Invalid type"),
    ("parameters a list", with_parameters([]), "tools[0].function.parameters: Invalid type"),
    ("parameters without type", with_parameters({}), "schema must be a JSON Schema of 'type: \"object\"', got None"),
    ("parameters a string", with_parameters({"type": "string"}), "'type: \"object\"', got 'string'"),
    ("no properties", with_parameters({"type": "object"}), "parameters: object schema missing properties"),
    ("properties a list", with_parameters({"type": "object", "properties": []}), "properties: Invalid type"),
    ("choice at the root", with_parameters({**OBJECT, "anyOf": [{}]}), "must not have 'anyOf' at the top level"),
    ("required no list", with_parameters({**OBJECT, "required": "city"}), "required: must be an array of strings"),
    ("type unknown", with_property({"type": "str"}), "properties.city.type: 'str' is not a JSON Schema type"),
    ("schema no object", with_property("string"), "properties.city: Invalid type"),
    ("array without items", with_property({"type": "array"}), "properties.city: array schema missing items"),
    ("maybe an array", with_property({"type": ["array", "null"]}), "properties.city: array schema missing items"),
    ("deep array", with_property({"anyOf": [{"type": "array"}]}), "city.anyOf.0: array schema missing items"),
    ("strict but open", strict(OBJECT), "'additionalProperties' is required to be supplied and to be false"),
    ("strict but optional", strict({**CLOSED, "required": []}), "must include every key in properties"),
    ("strict, one too many", strict({**CLOSED, "required": ["city", "day"]}), "and no other"),
    ("strict inside", strict(NESTED), "properties.at: 'additionalProperties' is required"),
    ("strict choice", strict({**CLOSED, "properties": ONE_OF}), "properties.city: 'oneOf' is not permitted"),
    ("choice without tools", body(tool_choice="auto"), "tool_choice: 'tool_choice' is only allowed when 'tools'"),
    ("parallel without tools", body(parallel_tool_calls=True), "only allowed when 'tools' are specified"),
    ("parallel no boolean", body(tools=[tool()], parallel_tool_calls=None), "parallel_tool_calls: Invalid type"),
    ("choice unknown", body(tools=[tool()], tool_choice="any"), "tool_choice: Invalid value: 'any'"),
    ("choice null", body(tools=[tool()], tool_choice=None), "tool_choice: Invalid type"),
    ("choice nameless", body(tools=[tool()], tool_choice={"type": "function"}), "tool_choice.function: Missing"),
    (
        "choice not offered",
        body(tools=[tool()], tool_choice={"type": "function", "function": {"name": "other"}}),
        "tool_choice.function.name: Tool choice 'other' not found in 'tools'",
    ),
]

FORMATS: list[tuple[str, Body, str]] = [
    ("format no object", answering("json"), "response_format: Invalid type"),
    ("format unknown", answering({"type": "xml"}), "response_format.type: Invalid value: 'xml'"),
    ("format field", answering({"type": "text", "strict": True}), "response_format.strict: Unknown parameter"),
    ("json never mentioned", answering({"type": "json_object"}), "must contain the word 'json'"),
    ("schema missing", answering({"type": "json_schema"}), "response_format.json_schema: Missing required"),
    ("schema nameless", answering({"type": "json_schema", "json_schema": {}}), "json_schema.name: Missing required"),
    ("schema field", answering_in(example=1), "json_schema.example: Unknown parameter"),
    ("schema a string", answering_in(schema={"type": "string"}), "json_schema.schema: schema must be a JSON Schema"),
    ("strict without schema", answering_in(strict=True), "json_schema.schema: Missing required parameter"),
    ("strict schema open", answering_in(strict=True, schema=OBJECT), "'additionalProperties' is required"),
]

BROKEN = [*SCALARS, *MESSAGES, *CALLS, *TOOLS, *FORMATS]

TEXTS = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
VALID: list[tuple[str, Body]] = [
    ("the least", body()),
    (
        "a conversation",
        body(asks("a", "b"), answer("a"), answer("b", ""), {"role": "assistant", "content": "Sun."}, USER),
    ),
    ("words with the call", body(asks("a", content="Let me look."), answer("a"))),
    ("an empty text with the call", body(asks("a", content=""), answer("a"))),
    ("arguments that are no JSON", body(asks(tool_calls=[made("a", arguments="{")]), answer("a"))),
    ("a refusal", body({"role": "assistant", "content": None, "refusal": "No."}, USER)),
    ("parts", body({"role": "user", "content": [*TEXTS, IMAGE]}, asks("a"), answer("a", TEXTS))),
    ("a developer and names", body({"role": "developer", "content": "x", "name": "d"}, {**USER, "name": "ann-1"})),
    ("tools", body(tools=[tool(), tool("b", description="x" * 1024, strict=None)], tool_choice="required")),
    ("a tool without parameters", body(tools=[{"type": "function", "function": {"name": "a"}}])),
    ("a strict tool", strict({**CLOSED, "description": "d"})),
    ("a chosen tool", body(tools=[tool()], tool_choice={"type": "function", "function": {"name": "weather"}})),
    ("an array with items", with_property({"type": "array", "items": {"type": "string"}})),
    ("a free mapping", with_property({"type": "object", "additionalProperties": True})),
    ("128 tools", body(tools=[tool(f"t{n}") for n in range(128)], parallel_tool_calls=False)),
    ("json", answering({"type": "json_object"}) | {"messages": [SYSTEM, {"role": "user", "content": "as JSON"}]}),
    ("a schema", answering_in(schema=CLOSED, strict=True)),
    ("text", answering({"type": "text"})),
    ("a stream", body(stream=True, stream_options={"include_usage": True, "include_obfuscation": False})),
    ("nulls", body(stream=None, temperature=None, stop=None, seed=None, stream_options=None, max_tokens=None)),
    ("scalars", body(temperature=0, top_p=1, seed=-1, n=1, stop=["a"], max_tokens=1, user="u", reasoning_effort="low")),
    ("stored", body(store=True, metadata={"a": "b"}, logprobs=True, top_logprobs=0, logit_bias={"1": -100})),
]


@pytest.mark.parametrize(("broken", "words"), [pytest.param(*case, id=name) for name, *case in BROKEN])
def test_broken_body_is_refused_in_words(broken: Body, words: str) -> None:
    found = faults(broken)
    assert any(words in fault for fault in found), found


@pytest.mark.parametrize("sound", [pytest.param(case, id=name) for name, case in VALID])
def test_sound_body_has_no_fault(sound: Body) -> None:
    before = copy.deepcopy(sound)
    assert faults(sound) == []
    assert sound == before


@pytest.mark.parametrize("nothing", [None, [], "x", 4])
def test_body_that_is_no_object_is_refused(nothing: object) -> None:
    assert faults(nothing)[0].startswith("body: Invalid type: expected an object")


def test_every_fault_is_told_and_begins_with_its_place() -> None:
    found = faults(body({**USER, "mood": 1}, answer("a"), temperature=9, tools=[]))
    assert [fault.partition(":")[0] for fault in found] == [
        "messages[2].mood",
        "temperature",
        "tools",
        "messages[3].role",
    ]


def test_call_order_is_only_asked_for_on_demand() -> None:
    turned = body(asks("a", "b"), answer("b"), answer("a"))
    assert faults(turned, call_order=False) == []
    assert len(faults(turned)) == 1


def test_limit_of_tools_is_a_parameter() -> None:
    two = body(tools=[tool("a"), tool("b")])
    assert faults(two, max_tools=2) == []
    assert "Expected maximum length 1" in faults(two, max_tools=1)[0]


@pytest.mark.parametrize("odd", [None, True, 4, 1.5, "x", [], [None], {}, {"type": None}])
@pytest.mark.parametrize("name", ["model", "messages", "tools", "tool_choice", "response_format", "modalities", "stop"])
def test_no_value_makes_the_rules_fall(name: str, odd: object) -> None:
    for holed in (body() | {name: odd}, body(odd, tools=[odd]), with_property(odd), asking(odd), calling(name=odd)):
        assert all(": " in fault for fault in faults(holed) + house_faults(holed))


HOUSE: list[tuple[str, object, str]] = [
    ("no object", None, "exactly one system message"),
    ("no system message", {"messages": [USER]}, "exactly one system message"),
    ("two system messages", {"messages": [SYSTEM, SYSTEM, USER]}, "exactly one system message"),
    ("system message later", {"messages": [USER, SYSTEM, USER]}, "exactly one system message"),
    ("assistant last", {"messages": [SYSTEM, {"role": "assistant", "content": "hi"}]}, "the last message must be"),
    ("system last", {"messages": [SYSTEM]}, "the last message must be"),
    ("lone surrogate", body({"role": "user", "content": "a\ud800b"}), "messages[2].content: lone surrogate"),
    ("lone surrogate in a key", body(store=True, metadata={"\udfff": "x"}), "metadata: lone surrogate"),
]


@pytest.mark.parametrize(("broken", "words"), [pytest.param(*case, id=name) for name, *case in HOUSE])
def test_broken_promise_is_told(broken: object, words: str) -> None:
    found = house_faults(broken)
    assert any(words in fault for fault in found), found


@pytest.mark.parametrize("last", [USER, {"role": "user", "content": "𝄞 clef"}, {"role": "user", "content": "\\ud800"}])
def test_kept_promises_have_no_fault(last: Body) -> None:
    assert house_faults(body(asks("a"), answer("a"))) == []
    assert house_faults(body(last)) == []
