"""The shape of a file of agents: each fault in our own words, at its place, and nothing that merely follows."""

import pytest

from orchestrator.source import Source
from orchestrator.spec import EndpointSpec, nearest, read_spec

pytestmark = pytest.mark.timeout(5)

AGENT = "agents:\n  a:\n    instructions: x\n    model: m\n"


def told(text: str) -> list[str]:
    found = sorted(read_spec(Source.parse("file.yaml", text)).diagnostics, key=lambda each: each.span)
    return [f"{d.span.line}:{d.span.column} {d.code}: {d.message}" + (f" ({d.hint})" if d.hint else "") for d in found]


# ---- keys (conformance 27)

MEANT = {
    "at the top": ("agnets: {}\n", "1:1", "agnets", "agents"),
    "in a variable": ("variables: {v: {typ: string}}\n", "1:17", "typ", "type"),
    "in a model": ("models: {f: {model: m, temprature: 1}}\n", "1:24", "temprature", "temperature"),
    "in a base_url": ("models: {f: {model: m, base_url: {env: X, defualt: y}}}\n", "1:43", "defualt", "default"),
    "in an agent": (f"{AGENT}    toolz: []\n", "5:5", "toolz", "tools"),
    "in an entry of tools": (f"{AGENT}    tools: [{{use: t, usse: t}}]\n", "5:22", "usse", "use"),
    "in an entry of handoffs": (f"{AGENT}    handoffs: [{{to: b, wen: x}}]\n", "5:24", "wen", "when"),
}


@pytest.mark.parametrize("case", MEANT)
def test_did_you_mean(case: str) -> None:
    text, place, key, meant = MEANT[case]
    assert told(text) == [f"{place} unknown-key: unknown key {key!r} (did you mean {meant!r}?)"]


def test_a_misspelt_key_is_not_missing_as_well() -> None:
    assert told("agents: {a: {instrutions: x, model: m}}\n") == [
        "1:14 unknown-key: unknown key 'instrutions' (did you mean 'instructions'?)"
    ]


def test_but_another_missing_key_is() -> None:
    assert told("agents: {a: {modle: x}}\n") == [
        "1:10 missing-key: agent 'a' has no 'instructions' (add instructions: | and the routine below it)",
        "1:14 unknown-key: unknown key 'modle' (did you mean 'model'?)",
    ]


LEVELS = {
    "entry in an agent": (f"{AGENT}    entry: a\n", "entry", "at the top of the file"),
    "top_p at the top": (f"top_p: 1\n{AGENT}", "top_p", "in a model"),
    "enum in an agent": (f"{AGENT}    enum: [a]\n", "enum", "in a variable"),
    "when in an agent": (f"{AGENT}    when: x\n", "when", "in an entry of 'handoffs'"),
    "instructions at the top": (f"instructions: x\n{AGENT}", "instructions", "in an agent"),
}


@pytest.mark.parametrize("case", LEVELS)
def test_a_right_key_at_the_wrong_level(case: str) -> None:
    text, key, level = LEVELS[case]
    [fault] = told(text)
    assert fault.split(" ", 1)[1] == f"unknown-key: unknown key {key!r} (it belongs {level})"


def test_a_key_that_is_nothing_of_ours() -> None:
    [fault] = told("variables: {v: {colour: red}}\n")
    assert fault.startswith(
        "1:17 unknown-key: unknown key 'colour' (the keys here are: type, default, description, enum"
    )


def test_keys_with_x_are_free_at_the_top_only() -> None:
    assert told(f"x-anything: [1, null, {{a: b}}]\n{AGENT}") == []
    assert len(told(f"{AGENT}    x-anything: 1\n")) == 1


# ---- values

TYPES = {
    "text": (
        f"{AGENT}    label: 5\n",
        "5:12 wrong-type: 'label' must be text, not the number 5 (put it in quotes to make it a text)",
    ),
    "true for a text": (
        f"{AGENT}    description: true\n",
        "5:18 wrong-type: 'description' must be text, not true (put it in quotes to make it a text)",
    ),
    "a list for a text": ("entry: [a]\n", "1:8 wrong-type: 'entry' must be text, not a list (write entry: a)"),
    "a text for a list": (
        f"{AGENT}    tools: tools.acme\n",
        "5:12 wrong-type: 'tools' must be a list, not text (write [tools.acme])",
    ),
    "a mapping for a list": (
        f"{AGENT}    handoffs: {{to: b}}\n",
        "5:15 wrong-type: 'handoffs' must be a list, not a mapping (write a list: handoffs: [{to: b}])",
    ),
    "an empty mapping for a list": (
        f"{AGENT}    tools: {{}}\n",
        "5:12 wrong-type: 'tools' must be a list, not a mapping (write tools: [])",
    ),
    "a list for an agent": (
        "agents: {a: []}\n",
        "1:13 wrong-type: agent 'a' must be a mapping of keys to values, not a list",
    ),
    "a text for a model": (
        "models: {f: gpt}\n",
        "1:13 wrong-type: model 'f' must be a mapping of keys to values, not text (write f: {model: gpt})",
    ),
    "a list for a variable": (
        "variables: {v: [a]}\n",
        (
            "1:16 wrong-type: variable 'v' must be a default (text, number, true, false or null), "
            "or a mapping of keys to values, not a list (write v: {default: [...]})"
        ),
    ),
    "a text for a section": ("agents: a\n", "1:9 wrong-type: 'agents' must be a mapping of names to values, not text"),
    "a number in an entry": (
        f"{AGENT}    handoffs: [b, 3]\n",
        (
            "5:19 wrong-type: entry 2 of 'handoffs' must be the name of an agent, or a mapping with 'to', "
            "not the number 3 (such as sales, or {to: sales, when: the customer wants to buy})"
        ),
    ),
    "a text for a number": (
        "models: {f: {model: m, temperature: hot}}\n",
        "1:37 wrong-type: 'temperature' must be a number, not text",
    ),
    "a number in quotes": (
        'models: {f: {model: m, temperature: "1"}}\n',
        "1:37 wrong-type: 'temperature' must be a number, not text",
    ),
    "a fraction for a whole number": (
        "models: {f: {model: m, seed: 1.5}}\n",
        "1:30 wrong-type: 'seed' must be a whole number, not the number 1.5",
    ),
    "true for a number": (
        "models: {f: {model: m, seed: true}}\n",
        "1:30 wrong-type: 'seed' must be a whole number, not true",
    ),
    "a list for an enum that is a text": (
        "variables: {v: {enum: a}}\n",
        "1:23 wrong-type: 'enum' must be a list, not text (write [a])",
    ),
    "a key in the file": (
        "models: {f: {model: m, api_key: [x]}}\n",
        (
            "1:33 wrong-type: 'api_key' must be a mapping with 'env', or none, not a list "
            "(write {env: NAME}, or none for a server that takes no key)"
        ),
    ),
}


@pytest.mark.parametrize("case", TYPES)
def test_wrong_types(case: str) -> None:
    text, expected = TYPES[case]
    assert told(text) == [expected]


VALUES = {
    "too much": ("models: {f: {model: m, temperature: 3}}\n", "1:37 bad-value: 'temperature' must be at most 2"),
    "too little": ("models: {f: {model: m, top_p: -0.5}}\n", "1:31 bad-value: 'top_p' must be at least 0"),
    "not finite": (
        "models: {f: {model: m, temperature: .inf}}\n",
        "1:37 bad-value: 'temperature' must be a finite number, neither .inf nor .nan",
    ),
    "no number": (
        "models: {f: {model: m, temperature: .nan}}\n",
        "1:37 bad-value: 'temperature' must be a finite number, neither .inf nor .nan",
    ),
    "another version": ("version: 2\n", "1:10 bad-value: 'version' must be 1"),
    "an unknown type": (
        "variables: {v: {type: text}}\n",
        "1:23 bad-value: 'type' must be 'string', 'integer', 'number', 'boolean', 'list' or 'object'",
    ),
    "no instructions": (
        'agents: {a: {instructions: "", model: m}}\n',
        "1:28 bad-value: 'instructions' must not be empty",
    ),
    "an empty enum": ("variables: {v: {enum: []}}\n", "1:23 bad-value: 'enum' must not be empty"),
}


@pytest.mark.parametrize("case", VALUES)
def test_bad_values(case: str) -> None:
    text, expected = VALUES[case]
    assert told(text) == [expected]


EMPTY = {
    "a section": ("agents:\n", "1:1 wrong-type: 'agents' has no value"),
    "an agent": ("agents:\n  a:\n", "2:3 wrong-type: 'a' has no value"),
    "a text": (f"{AGENT}    label:\n", "5:5 wrong-type: 'label' has no value"),
    "a text that must be there": (
        "agents: {a: {instructions: ~, model: m}}\n",
        "1:14 wrong-type: 'instructions' has no value",
    ),
    "an entry": (f"{AGENT}    tools: [t, null]\n", "5:16 wrong-type: this entry has no value"),
    "the only entry": (f"{AGENT}    tools:\n      -\n", "6:8 wrong-type: this entry has no value"),
    "in an entry": (f"{AGENT}    handoffs: [{{to: b, when: }}]\n", "5:24 wrong-type: 'when' has no value"),
    "in a variable": ("variables: {v: {description: null}}\n", "1:17 wrong-type: 'description' has no value"),
    "in a model": ("models: {f: {model: m, temperature: }}\n", "1:24 wrong-type: 'temperature' has no value"),
}


@pytest.mark.parametrize("case", EMPTY)
def test_keys_without_a_value(case: str) -> None:
    text, expected = EMPTY[case]
    [fault] = told(text)
    assert fault.partition(" (")[0] == expected


@pytest.mark.parametrize("variable", ["~", "{default: ~}", "{enum: [a, null]}", "{type: string, default: null}"])
def test_null_is_a_value_of_variables(variable: str) -> None:
    assert told(f"variables: {{v: {variable}}}\n") == []


NAMES = {
    "capitals": ("Sales", "lower-case letters, digits and underscores, beginning with a letter"),
    "a hyphen": ("after-sales", "lower-case letters, digits and underscores, beginning with a letter"),
    "a digit first": ("2nd", "lower-case letters, digits and underscores, beginning with a letter"),
    "an umlaut": ("verkäufer", "lower-case letters, digits and underscores, beginning with a letter"),
    "a line break behind": ('"sales\\n"', "lower-case letters, digits and underscores, beginning with a letter"),
    "too long": ("a" * 52, "at most 51 characters"),
}


@pytest.mark.parametrize("case", NAMES)
def test_bad_names(case: str) -> None:
    name, hint = NAMES[case]
    shown = name.strip('"').replace("\\n", "\n")
    shown = shown if len(shown) <= 40 else f"{shown[:39]}…"
    assert told(f"agents: {{{name}: {{instructions: x, model: m}}}}\n") == [
        f"1:10 bad-name: {shown!r} can't be a name ({hint})"
    ]


# ---- what stays


def test_a_broken_part_hides_no_other() -> None:
    agents = "  a: []\n  b: {instructions: x, model: 7, tools: [t, 3, u]}\n  c: {instructions: x, model: m}\n"
    text = f"entry: 5\nagents:\n{agents}"
    reading = read_spec(Source.parse("file.yaml", text))
    assert reading.spec is not None
    assert list(reading.spec.agents) == ["b", "c"]
    assert [(index, tool.use) for index, tool in reading.spec.agents["b"].tools.items()] == [(0, "t"), (2, "u")]
    assert reading.names["agents"] == {"a", "b", "c"}
    assert [each.span.line for each in sorted(reading.diagnostics, key=lambda each: each.span)] == [1, 3, 4, 4]


def test_shorthands_are_made_whole() -> None:
    text = f"variables: {{v: 5, w: null}}\n{AGENT}    tools: [t]\n    handoffs: [b]\n"
    spec = read_spec(Source.parse("file.yaml", text)).spec
    assert spec is not None
    assert (spec.variables["v"].default, spec.variables["w"].default) == (5, None)
    assert (spec.agents["a"].tools[0].use, spec.agents["a"].handoffs[0].to) == ("t", "b")


ENDPOINTS = {
    "a URL": ("base_url: https://a/v1", (None, "https://a/v1"), None),
    "a URL from the environment": ("base_url: {env: U}", ("U", None), None),
    "with a default": ("base_url: {env: U, default: https://a}", ("U", "https://a"), None),
    "a key": ("api_key: {env: K}", None, "K"),
    "no key": ("api_key: none", None, ""),
}


@pytest.mark.parametrize("case", ENDPOINTS)
def test_endpoints(case: str) -> None:
    text, url, key = ENDPOINTS[case]
    reading = read_spec(Source.parse("file.yaml", f"models:\n  f:\n    model: m\n    {text}\n"))
    assert reading.diagnostics == ()
    assert reading.spec is not None
    model = reading.spec.models["f"]
    assert isinstance(model, EndpointSpec)
    assert (model.base_url and (model.base_url.env, model.base_url.default)) == url
    assert (model.api_key and (model.api_key.env or "")) == key


def test_a_key_written_into_the_file_is_refused_and_not_repeated() -> None:
    [fault] = told("models: {f: {model: m, api_key: sk-abcdefghijklmnop}}\n")
    assert fault.startswith("1:33 ")
    assert "sk-abc" not in fault


def test_settings_are_those_that_were_given() -> None:
    spec = read_spec(Source.parse("f", "models: {f: {model: m, temperature: 0, seed: 3, api_key: {env: K}}}")).spec
    assert spec is not None
    model = spec.models["f"]
    assert isinstance(model, EndpointSpec)
    assert model.settings == {"temperature": 0, "seed": 3}


@pytest.mark.parametrize(("word", "meant"), [("biling", "billing"), ("billing", "billing"), ("zzz", None), ("", None)])
def test_nearest(word: str, meant: str | None) -> None:
    assert nearest(word, ["billing", "sales"]) == meant
