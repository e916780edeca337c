"""What the Chat Completions API refuses in a request, written down as a pure function.

Each fault is one sentence that begins with the place: ``messages[3].tool_call_id: ...``. Only function tools are known
here, and only the five roles in use today: a custom tool or a ``function`` message is a fault, since nothing in this
project may send one.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

Check = Callable[[Any, str, list[str]], None]
Object = dict[str, Any]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_KINDS = {
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    str: "a string",
    list: "an array",
    dict: "an object",
}
_SCHEMA_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_ROOT_BANNED = ("oneOf", "anyOf", "allOf", "enum", "const", "not")
_NEEDS = {"stream_options": "stream", "metadata": "store", "top_logprobs": "logprobs"}
_NEED_TOOLS = ("tool_choice", "parallel_tool_calls")
_SAYING = ("content", "tool_calls", "refusal", "audio", "function_call")
_STRICT_BANNED = ("oneOf", "allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas")


def _wrong_type(path: str, expected: str, value: object) -> str:
    return f"{path}: Invalid type: expected {expected}, but got {_KINDS.get(type(value), 'null')} instead."


def _length(noun: str, value: Any, least: int, most: int, path: str, found: list[str]) -> None:
    if len(value) < least:
        found.append(f"{path}: empty {noun}. Expected minimum length {least}.")
    elif len(value) > most:
        found.append(f"{path}: {noun} too long. Expected maximum length {most}, but got length {len(value)} instead.")


def _typed(kind: type, then: Check | None = None) -> Check:
    def check(value: Any, path: str, found: list[str]) -> None:
        if not isinstance(value, kind):
            found.append(_wrong_type(path, _KINDS[kind], value))
        elif then is not None:
            then(value, path, found)

    return check


def _text(least: int = 0, most: int = 10_485_760) -> Check:
    return _typed(str, lambda value, path, found: _length("string", value, least, most, path, found))


def _matches_name(value: str, path: str, found: list[str]) -> None:
    if not _NAME.fullmatch(value):
        found.append(f"{path}: string does not match pattern. Expected a match of '^[a-zA-Z0-9_-]{{1,64}}$'.")


def _number(low: float, high: float, *, whole: bool = False) -> Check:
    def check(value: Any, path: str, found: list[str]) -> None:
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            found.append(_wrong_type(path, "an integer" if whole else "a decimal", value))
        elif not low <= value <= high:
            found.append(f"{path}: value out of range. Expected a value from {low} to {high}, but got {value} instead.")

    return check


def _one_of(*allowed: str) -> Check:
    def check(value: Any, path: str, found: list[str]) -> None:
        if value not in allowed:
            found.append(f"{path}: Invalid value: {value!r}. Supported values are: {', '.join(allowed)}.")

    return check


def _nullable(check: Check) -> Check:
    return lambda value, path, found: None if value is None else check(value, path, found)


def _either(text: Check, other: Check) -> Check:
    return lambda value, path, found: (text if isinstance(value, str) else other)(value, path, found)


def _array(item: Check, least: int = 1, most: int = 2048) -> Check:
    def check(value: list[Any], path: str, found: list[str]) -> None:
        _length("array", value, least, most, path, found)
        for position, element in enumerate(value):
            item(element, f"{path}[{position}]", found)

    return _typed(list, check)


def _object(required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    fields = {**required, **(optional or {})}

    def check(value: Object, path: str, found: list[str]) -> None:
        within = f"{path}." if path else ""
        found.extend(f"{within}{name}: Missing required parameter." for name in required if name not in value)
        for name, content in value.items():
            if name in fields:
                fields[name](content, f"{within}{name}", found)
            else:
                found.append(f"{within}{name}: Unknown parameter.")

    return _typed(dict, check)


def _pick(key: str, shapes: dict[str, Check]) -> Check:
    allowed = _one_of(*shapes)

    def check(value: Object, path: str, found: list[str]) -> None:
        chosen = value.get(key)
        if isinstance(chosen, str) and chosen in shapes:
            shapes[chosen](value, path, found)
        else:
            allowed(chosen, f"{path}.{key}", found)

    return _typed(dict, check)


def _pairs(most: int, key: Check, content: Check) -> Check:
    def check(value: Object, path: str, found: list[str]) -> None:
        _length("object", value, 0, most, path, found)
        for name, item in value.items():
            key(name, f"{path} key", found)
            content(item, f"{path}.{name}", found)

    return _typed(dict, check)


_ANY_OBJECT = _typed(dict)
_FLAG = _typed(bool)
_ID, _IS = _text(1, 40), _text(1)
_NAMED = _typed(str, _matches_name)
_TEXT_PART = _object({"type": _IS, "text": _text()}, {"prompt_cache_breakpoint": _ANY_OBJECT})
_USER_PARTS = {"text": _TEXT_PART}
for _kind in ("image_url", "input_audio", "file"):
    _USER_PARTS[_kind] = _object({"type": _IS, _kind: _ANY_OBJECT}, {"prompt_cache_breakpoint": _ANY_OBJECT})
_ASSISTANT_PARTS = {"text": _TEXT_PART, "refusal": _object({"type": _IS, "refusal": _text()})}


def _parts(shapes: dict[str, Check]) -> Check:
    return _either(_text(), _array(_pick("type", shapes)))


_CALLED = _object({"name": _NAMED, "arguments": _text()})
_CALL = _object({"id": _ID, "type": _one_of("function"), "function": _CALLED})
_ASSISTANT_FIELDS = {
    "content": _nullable(_parts(_ASSISTANT_PARTS)),
    "name": _NAMED,
    "refusal": _nullable(_text()),
    "audio": _nullable(_object({"id": _IS})),
    "function_call": _nullable(_CALLED),
    "tool_calls": _array(_CALL, most=128),
}
_INSTRUCTION = _object({"role": _IS, "content": _parts({"text": _TEXT_PART})}, {"name": _NAMED})
_MESSAGES = {
    "developer": _INSTRUCTION,
    "system": _INSTRUCTION,
    "user": _object({"role": _IS, "content": _parts(_USER_PARTS)}, {"name": _NAMED}),
    "assistant": _object({"role": _IS}, _ASSISTANT_FIELDS),
    "tool": _object({"role": _IS, "content": _parts({"text": _TEXT_PART}), "tool_call_id": _ID}),
}
_STRICT = _nullable(_FLAG)
_FUNCTION = _object({"name": _NAMED}, {"description": _text(0, 1024), "parameters": _ANY_OBJECT, "strict": _STRICT})
_TOOL = _object({"type": _one_of("function"), "function": _FUNCTION})
_CHOICE = _object({"type": _one_of("function"), "function": _object({"name": _NAMED})})
_JSON_SCHEMA = _object({"name": _NAMED}, {"description": _text(), "schema": _ANY_OBJECT, "strict": _STRICT})
_BARE = _object({"type": _IS})
_FORMATS = {"text": _BARE, "json_object": _BARE, "json_schema": _object({"type": _IS, "json_schema": _JSON_SCHEMA})}
_PENALTY = _nullable(_number(-2, 2))
_TOKENS = _nullable(_number(1, 2**31 - 1, whole=True))
_BODY = _object(
    {"model": _text(1), "messages": _array(_pick("role", _MESSAGES))},
    {
        "audio": _nullable(_object({"format": _IS, "voice": _either(_IS, _object({"id": _IS}))})),
        "frequency_penalty": _PENALTY,
        "logit_bias": _nullable(_pairs(2048, _text(1, 16), _number(-100, 100))),
        "logprobs": _nullable(_FLAG),
        "max_completion_tokens": _TOKENS,
        "max_tokens": _TOKENS,
        "metadata": _nullable(_pairs(16, _text(0, 64), _text(0, 512))),
        "modalities": _nullable(_array(_one_of("text", "audio"))),
        "moderation": _nullable(_ANY_OBJECT),
        "n": _nullable(_number(1, 128, whole=True)),
        "parallel_tool_calls": _FLAG,
        "prediction": _nullable(_object({"type": _one_of("content"), "content": _parts({"text": _TEXT_PART})})),
        "presence_penalty": _PENALTY,
        "prompt_cache_key": _nullable(_text()),
        "prompt_cache_options": _ANY_OBJECT,
        "prompt_cache_retention": _nullable(_one_of("in_memory", "24h")),
        "reasoning_effort": _nullable(_one_of("none", "minimal", "low", "medium", "high", "xhigh", "max")),
        "response_format": _pick("type", _FORMATS),
        "safety_identifier": _nullable(_text(0, 128)),
        "seed": _nullable(_number(-(2**63), 2**63 - 1, whole=True)),
        "service_tier": _nullable(_one_of("auto", "default", "flex", "scale", "priority", "fast")),
        "stop": _nullable(_either(_text(), _array(_text(), least=0, most=4))),
        "store": _nullable(_FLAG),
        "stream": _nullable(_FLAG),
        "stream_options": _nullable(_object({}, {"include_usage": _FLAG, "include_obfuscation": _FLAG})),
        "temperature": _nullable(_number(0, 2)),
        "tool_choice": _either(_one_of("none", "auto", "required"), _CHOICE),
        "tools": _array(_TOOL),
        "top_logprobs": _nullable(_number(0, 20, whole=True)),
        "top_p": _nullable(_number(0, 1)),
        "user": _text(),
        "verbosity": _nullable(_one_of("low", "medium", "high")),
        "web_search_options": _ANY_OBJECT,
    },
)


def faults(body: object, *, call_order: bool = True, max_tools: int = 128) -> list[str]:
    """Everything the API would refuse in this request body; an empty list is a request it takes.

    `call_order` also demands the tool messages in the order of their calls, which the API does not.
    """
    if not isinstance(body, dict):
        return [_wrong_type("body", "an object", body)]
    found: list[str] = []
    _BODY(body, "", found)
    _companions(body, found)
    _tools(body, max_tools, found)
    messages = body.get("messages")
    if isinstance(messages, list):
        _contents(messages, found)
        _answers(messages, call_order, found)
    return found


def house_faults(body: object) -> list[str]:
    """What this project promises beyond the API: one system message, first; a last word to answer; sound Unicode."""
    rows = body.get("messages") if isinstance(body, dict) else None
    roles = [row.get("role") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    found = []
    if roles.count("system") != 1 or roles[0] != "system":
        found.append("messages: there must be exactly one system message, and it must be the first.")
    if not roles or roles[-1] not in ("user", "tool"):
        found.append("messages: the last message must be from the user or a tool.")
    if "\\ud" in repr(body):  # the way repr writes every lone surrogate, and quicker than a walk
        found.extend(f"{path or 'body'}: lone surrogate in a string." for path in _surrogates(body, ""))
    return found


def _surrogates(value: object, path: str) -> Iterator[str]:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _surrogates(key, path)
            yield from _surrogates(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _surrogates(item, f"{path}[{position}]")


def _companions(body: Object, found: list[str]) -> None:
    """Parameters that need another one, or exclude it."""
    for name, needed in _NEEDS.items():
        if body.get(name) is not None and body.get(needed) is not True:
            found.append(f"{name}: The '{name}' parameter is only allowed when '{needed}' is enabled.")
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        found.append("max_tokens: Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
    modalities = body.get("modalities")
    if isinstance(modalities, list) and "audio" in modalities and body.get("audio") is None:
        found.append("audio: Missing required parameter: the output modality 'audio' needs it.")
    layout = body.get("response_format")
    wanted = layout.get("json_schema") if isinstance(layout, dict) else None
    if isinstance(wanted, dict):
        _definition(wanted, "schema", "response_format.json_schema", found)
        if wanted.get("strict") is True and "schema" not in wanted:
            found.append("response_format.json_schema.schema: Missing required parameter.")
    if layout == {"type": "json_object"} and "json" not in repr(body.get("messages")).lower():
        found.append("messages: must contain the word 'json' in some form, to use 'response_format' 'json_object'.")


def _tools(body: Object, max_tools: int, found: list[str]) -> None:
    tools = body.get("tools")
    if not isinstance(tools, list):
        found.extend(
            f"{name}: '{name}' is only allowed when 'tools' are specified." for name in _NEED_TOOLS if name in body
        )
        return
    _length("array", tools, 0, max_tools, "tools", found)
    names = []
    for position, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        if isinstance(function, dict):
            name = function.get("name")
            if name in names:
                found.append(f"tools[{position}].function.name: Duplicate function name {name!r}.")
            names.append(name)
            _definition(function, "parameters", f"tools[{position}].function", found)
    choice = body.get("tool_choice")
    chosen = choice.get("function") if isinstance(choice, dict) else None
    if isinstance(chosen, dict) and chosen.get("name") not in names:
        found.append(f"tool_choice.function.name: Tool choice {chosen.get('name')!r} not found in 'tools'.")


def _definition(holder: Object, field: str, path: str, found: list[str]) -> None:
    """The schema of a function's parameters or of an answer: its root first, then every subschema."""
    schema = holder.get(field)
    if not isinstance(schema, dict):
        return
    path = f"{path}.{field}"
    if schema.get("type") != "object":
        found.append(f"{path}: schema must be a JSON Schema of 'type: \"object\"', got {schema.get('type')!r}.")
    elif "properties" not in schema:
        found.append(f"{path}: object schema missing properties.")
    found.extend(f"{path}: schema must not have '{word}' at the top level." for word in _ROOT_BANNED if word in schema)
    _schema(schema, path, holder.get("strict") is True, found)


def _schema(schema: object, path: str, strict: bool, found: list[str]) -> None:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        found.append(_wrong_type(path, "an object", schema))
        return
    named = schema.get("type", [])
    kinds = named if isinstance(named, list) else [named]
    found.extend(f"{path}.type: {kind!r} is not a JSON Schema type." for kind in kinds if kind not in _SCHEMA_TYPES)
    if "array" in kinds and "items" not in schema:
        found.append(f"{path}: array schema missing items.")
    properties = schema.get("properties", {})
    required = schema.get("required", [])
    if not isinstance(properties, dict):
        found.append(_wrong_type(f"{path}.properties", "an object", properties))
    elif not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        found.append(f"{path}.required: must be an array of strings.")
    elif strict:
        if set(required) != set(properties):
            found.append(f"{path}.required: must include every key in properties, and no other.")
        if "object" in kinds and schema.get("additionalProperties") is not False:
            found.append(f"{path}: 'additionalProperties' is required to be supplied and to be false.")
        found.extend(f"{path}: '{word}' is not permitted." for word in _STRICT_BANNED if word in schema)
    for place, inner in _inner(schema):
        _schema(inner, f"{path}.{place}", strict, found)


def _inner(schema: Object) -> Iterator[tuple[str, object]]:
    yield from ((word, schema[word]) for word in ("items", "additionalProperties") if word in schema)
    for word in ("properties", "$defs", "definitions", "anyOf", "oneOf", "allOf"):
        inner = schema.get(word)
        inner = dict(enumerate(inner)) if isinstance(inner, list) else inner
        if isinstance(inner, dict):
            yield from ((f"{word}.{name}", item) for name, item in inner.items())


def _contents(messages: list[object], found: list[str]) -> None:
    """An assistant message says something, refuses, or calls: nothing else stands for an answer."""
    for position, message in enumerate(messages):
        if isinstance(message, dict) and message.get("role") == "assistant" and not any(map(message.get, _SAYING)):
            found.append(
                f"messages[{position}].content: Invalid value: neither a text that is not empty nor 'tool_calls'."
            )


def _call_ids(message: object) -> list[str]:
    calls = message.get("tool_calls") if isinstance(message, dict) and message.get("role") == "assistant" else None
    ids = [call.get("id") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    return [identity for identity in ids if isinstance(identity, str)]


def _answers(messages: list[object], call_order: bool, found: list[str]) -> None:
    """Every call is answered once, directly after the message that makes it; no id is ever used for two calls."""
    used, place = set[str](), ""
    asked, waiting = list[str](), list[str]()
    for position, message in enumerate([*messages, None]):
        if isinstance(message, dict) and message.get("role") == "tool":
            _answer(message.get("tool_call_id"), f"messages[{position}]", asked, waiting, found, call_order)
            continue
        if waiting:
            missing = f"The following tool_call_ids did not have response messages: {', '.join(waiting)}"
            found.append(f"{place}: must be followed by tool messages responding to each 'tool_call_id'. {missing}")
        asked = _call_ids(message)
        waiting = list(dict.fromkeys(asked))
        place = f"messages[{position}].tool_calls"
        found.extend(f"{place}: Duplicate value for 'id' of '{made}'." for made in waiting if made in used)
        if len(waiting) < len(asked):
            found.append(f"{place}: Duplicate value for 'id' inside one message.")
        used.update(asked)


def _answer(identity: Any, path: str, asked: list[str], waiting: list[str], found: list[str], ordered: bool) -> None:
    if not asked:
        found.append(f"{path}.role: messages with role 'tool' must be a response to a preceding 'tool_calls'.")
    elif identity in waiting:
        if ordered and identity != waiting[0]:
            found.append(f"{path}.tool_call_id: '{identity}' is out of call order.")
        waiting.remove(identity)
    elif identity in asked:
        found.append(f"{path}.tool_call_id: Duplicate value for 'tool_call_id' of '{identity}'.")
    elif isinstance(identity, str):
        found.append(f"{path}.tool_call_id: '{identity}' not found in 'tool_calls' of previous message.")
