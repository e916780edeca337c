"""What to write instead: the words of other tools, what a missing key needs, and the right shape of a value."""

import re
from collections.abc import Callable, Container, Mapping, Sequence

from orchestrator.spec.draft import Location

_SYNONYMS: Mapping[str, Sequence[str]] = {
    # a word of other tools: the keys that it stands for, wherever one of them may stand
    "action": ("use", "call"),
    "actions": ("tools",),
    "agent": ("to",),
    "agent_name": ("to",),
    "agents": ("handoffs",),
    "api_base": ("base_url",),
    "args": ("with",),
    "arguments": ("with",),
    "api_type": ("provider",),
    "azure_deployment": ("deployment",),
    "azure_endpoint": ("base_url",),
    "backend": ("provider",),
    "begin": ("entry",),
    "calls": ("call",),
    "cassette": ("file",),
    "choices": ("enum",),
    "condition": ("when", "requires"),
    "cost": ("price",),
    "default_agent": ("entry",),
    "default_headers": ("headers",),
    "display_name": ("label",),
    "effort": ("reasoning_effort",),
    "endpoint": ("base_url",),
    "engine": ("model",),
    "entry_agent": ("entry",),
    "entry_point": ("entry",),
    "entrypoint": ("entry",),
    "environment": ("env",),
    "function": ("use", "tools"),
    "functions": ("tools", "call"),
    "extra_headers": ("headers",),
    "handoff": ("handoffs",),
    "handoff_to": ("to", "handoffs"),
    "if": ("when", "requires"),
    "import": ("include",),
    "imports": ("include",),
    "includes": ("include",),
    "initial_agent": ("entry",),
    "inputs": ("variables",),
    "instruction": ("instructions",),
    "key": ("api_key",),
    "llm": ("model",),
    "llms": ("models",),
    "main": ("entry",),
    "max_calls": ("model_calls",),
    "max_handoffs": ("handoffs",),
    "max_iterations": ("model_calls",),
    "max_output_tokens": ("max_completion_tokens", "tokens"),
    "max_retries": ("repeats",),
    "max_seconds": ("timeout", "seconds"),
    "max_steps": ("model_calls",),
    "max_time": ("seconds",),
    "max_tokens": ("max_completion_tokens", "tokens"),
    "max_tool_calls": ("tool_calls",),
    "max_turns": ("model_calls",),
    "model_name": ("model",),
    "max_history": ("history",),
    "module": ("use",),
    "models: api": ("provider",),
    "models: kind": ("provider",),
    "models: name": ("model",),
    "models: path": ("file",),
    "models: type": ("provider",),
    "name": ("to",),
    "options": ("enum",),
    "parameters": ("variables", "with"),
    "params": ("variables", "with"),
    "path": ("use",),
    "pricing": ("price",),
    "prompt": ("instructions",),
    "reasoning": ("reasoning_effort",),
    "reply": ("say",),
    "request_timeout": ("timeout",),
    "response": ("say",),
    "root": ("entry",),
    "root_agent": ("entry",),
    "rules: function": ("name",),
    "rules: tool": ("name",),
    "script": ("file",),
    "start": ("entry",),
    "start_agent": ("entry",),
    "starting_agent": ("entry",),
    "streaming": ("stream",),
    "sub_agents": ("handoffs",),
    "subagents": ("handoffs",),
    "system": ("instructions",),
    "system_message": ("instructions",),
    "system_prompt": ("instructions",),
    "target": ("to",),
    "text": ("say",),
    "title": ("label",),
    "tokens": ("max_completion_tokens",),
    "tool": ("use", "tools"),
    "tool_name": ("name",),
    "transfer": ("handoffs",),
    "transfer_to": ("to", "handoffs"),
    "transfers": ("handoffs",),
    "turns": ("model_calls",),
    "url": ("base_url",),
    "value": ("default",),
    "values": ("enum",),
    "vars": ("variables",),
}
_LONGEST = 60
_BOUND = "the bound on a run is limits: {model_calls: 20}, at the top of the file"
_ELSEWHERE: Mapping[str, str] = {
    # where none of these keys can stand
    "name": "the name is the key above, as in agents: {NAME: ...}; what people read is label: in an agent",
    "id": "the name is the key above, as in agents: {NAME: ...}",
    "max_iterations": _BOUND,
    "max_steps": _BOUND,
    "max_turns": _BOUND,
    "max_tokens": "it is max_completion_tokens, in a model",
    "required": "a variable without default: must be given",
}
_REQUEST_FIELDS = frozenset(
    {
        # of the API, or of servers that speak like it, which are no keys of a model
        "audio",
        "best_of",
        "chat_template_kwargs",
        "frequency_penalty",
        "grammar",
        "guided_json",
        "keep_alive",
        "logit_bias",
        "logprobs",
        "metadata",
        "min_p",
        "modalities",
        "num_ctx",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "provider_options",
        "repetition_penalty",
        "safety_identifier",
        "service_tier",
        "stop",
        "store",
        "thinking",
        "top_k",
        "top_logprobs",
        "user",
        "verbosity",
        "web_search_options",
    }
)
_MISSING: Mapping[str, str] = {
    "api_key": "add api_key: {env: NAME}",
    "api_version": 'add api_version: and the version of the API, such as "2024-10-21"',
    "base_url": "add base_url: and the address of the resource, such as https://NAME.openai.azure.com",
    "deployment": "add deployment: and its name",
    "env": "add env: and the name of an environment variable",
    "file": "add file: and a path, relative to this file",
    "input": "add input: and the price of a million tokens",
    "instructions": "add instructions: | and the routine below it",
    "max_tokens": "add max_tokens: and a number, such as 8000",
    "model": "add model: and its name in the API, such as gpt-4o",
    "name": "add name: and the name of the function to call",
    "output": "add output: and the price of a million tokens",
    "rules": "add rules: and below it a list, such as - say: Hello",
    "to": "add to: and the name of the agent that takes over",
    "type": "add type: function, or write auto, none or required",
    "use": "add use: with a module, or with module:function",
}
_OF_MODELS: Mapping[str, str] = {
    "api_key": "write {env: NAME}, or none for a server that takes no key",
    "base_url": "such as https://llm.example/v1, or {env: LLM_URL}",
    "extra_body": "such as {top_k: 40}",
    "headers": "such as {X-Team: support}",
    "history": "such as {max_tokens: 8000}",
    "price": "such as {input: 0.15, output: 0.6}",
    "response_format": "such as {type: json_object}",
    "timeout": "such as 90, or {first: 300, total: 600}",
}
_PROSE = frozenset({"description", "instructions", "say", "when"})


def synonyms_of(location: Location, here: Container[str]) -> list[str]:
    """The keys that a word of other tools stands for at this place, of those that may stand ``here``."""
    key = str(location[-1]).lower().replace("-", "_")
    return [each for each in _SYNONYMS.get(f"{location[0]}: {key}") or _SYNONYMS.get(key, ()) if each in here]


def elsewhere(key: str) -> str | None:
    """What to do with a word of other tools that no key here stands for."""
    if key in _REQUEST_FIELDS:
        return f"in a model, write extra_body: {{{key}: ...}}: what stands there goes into the request as it is"
    return _ELSEWHERE.get(key.lower())


def to_add(key: str, description: str | None) -> str | None:
    """What to write for a missing key."""
    return _MISSING.get(key, description)


def shape(location: Location) -> str | None:
    """What may stand at a place where more is allowed than one kind of value, in words."""
    match location:
        case (*_, "tools", int()):
            return "a text, or a mapping with 'use'"
        case (*_, "handoffs", int()):
            return "the name of an agent, or a mapping with 'to'"
        case (*_, "call", int()):
            return "the name of a function, or a mapping with 'name'"
        case ("variables", _):
            return "a default (text, number, true, false or null), or a mapping of keys to values"
        case ("models", _, "base_url"):
            return "a text, or a mapping with 'env'"
        case ("models", _, "headers", _):
            return "a text, or a mapping with 'env'"
        case ("models", _, "api_key"):
            return "a mapping with 'env', or none"
        case ("models", _, "timeout"):
            return "a number of seconds, or a mapping of keys to values"
        case _:
            return None


def rewritten(location: Location, wanted: str, value: object) -> str | None:
    """The value in the shape that is wanted here, in one line. ``wanted`` is ``text``, ``list`` or ``mapping``."""
    match wanted, value:
        case "text", bool() | int() | float():
            return "put it in quotes to make it a text"
        case "text", list() | dict() if location[-1] in _PROSE:
            return f"if it is a text, write {location[-1]}: | and indent the text below it"
        case "text", [str() as only] if isinstance(location[-1], str):
            return f"write {location[-1]}: {_short(only)}"
        case "list", str():
            return f"write [{value}]" if len(value) <= _LONGEST and "\n" not in value else "write it as a list"
        case "list", dict():
            return _as_list(str(location[-1]), value)
        case "mapping", _:
            return next((hint for make in _MAPPINGS if (hint := make(location, value))), _example(location))
        case _:
            return None


def _as_list(key: str, value: Mapping[object, object]) -> str | None:
    """People write one entry without its dash, or the names as keys."""
    lead = {"handoffs": "to", "tools": "use"}.get(key)
    if lead is None or not value:
        return f"write {key}: []" if not value else None
    first = _short(value.get(lead, next(iter(value), "NAME")))
    rest = ", ..." if lead not in value or len(value) > 1 else ""
    return f"write a list: {key}: [{{{lead}: {first}{rest}}}]"


def _names_as_keys(location: Location, value: object) -> str | None:
    if len(location) != 1 or not isinstance(value, list):
        return None
    first = value[0] if value else None
    named = first.get("name", "NAME") if isinstance(first, Mapping) else first
    return f"the names are the keys: {location[0]}: {{{_short(named)}: ...}}"


def _agent_of_text(location: Location, value: object) -> str | None:
    if len(location) == 2 and location[0] == "agents" and isinstance(value, str):
        return f"write {location[1]}: and below it instructions: | with the routine"
    return None


def _model_of_text(location: Location, value: object) -> str | None:
    if len(location) == 2 and location[0] == "models" and isinstance(value, str):
        return f"write {location[1]}: {{model: {_short(value)}}}"
    return None


def _default_of_list(location: Location, value: object) -> str | None:
    if len(location) == 2 and location[0] == "variables" and isinstance(value, list):
        return f"write {location[1]}: {{default: [...]}}"
    return None


def _example(location: Location) -> str | None:
    match location:
        case (*_, "tools", int()):
            return "such as tools.acme:refund, or {use: tools.acme:refund, approval: always}"
        case (*_, "handoffs", int()):
            return "such as sales, or {to: sales, when: the customer wants to buy}"
        case (*_, "call", int()):
            return "such as refund, or {name: refund, with: {order: 7}}"
        case (*_, "rules", int()):
            return "such as {user: hello, say: Hello}"
        case ("models", _, "headers", _):
            return "such as X-Team: support, or {env: TEAM}"
        case ("models", _, str(key)):
            return _OF_MODELS.get(key)
        case _:
            return None


_MAPPINGS: Sequence[Callable[[Location, object], str | None]] = (
    _names_as_keys,
    _agent_of_text,
    _model_of_text,
    _default_of_list,
)


def _short(value: object) -> str:
    return value if isinstance(value, str) and re.fullmatch(r"[\w.:/-]{1,60}", value) else "NAME"
