"""What to write instead: words of other tools, missing keys, other shapes, values that can't be; all of it in time."""

from collections.abc import Callable

import pytest

from orchestrator.clients.scripted import read_script
from orchestrator.source import Source
from orchestrator.spec import nearest, read_spec
from tests.support.growth import grows_within, seconds

AGENT = "agents:\n  a:\n    instructions: x\n    model: m\n"


def told(text: str) -> list[str]:
    found = sorted(read_spec(Source.parse("file.yaml", text)).diagnostics, key=lambda each: each.span)
    return [f"{d.span.line}:{d.span.column} {d.code}: {d.message}" + (f" ({d.hint})" if d.hint else "") for d in found]


# ---- keys of other tools (conformance 27)

SYNONYMS = [
    ("agents: {{a: {{{}: x, model: m}}}}", "prompt system system_prompt instruction", "instructions"),
    ("agents: {{a: {{instructions: x, model: m, {}: []}}}}", "functions function", "tools"),
    (
        "agents: {{a: {{instructions: x, model: m, {}: []}}}}",
        "handoff transfer_to sub_agents sub-agents subagents agents",
        "handoffs",
    ),
    ("agents: {{a: {{instructions: x, {}: m}}}}", "llm model_name engine", "model"),
    ("agents: {{a: {{instructions: x, model: m, handoffs: [{{{}: b}}]}}}}", "agent name target", "to"),
    ("agents: {{a: {{instructions: x, model: m, tools: [{{{}: b}}]}}}}", "function module", "use"),
    ("models: {{m: {{model: x, {}: http://x}}}}", "api_base url endpoint", "base_url"),
    ("models: {{m: {{model: x, {}: 5}}}}", "max_tokens", "max_completion_tokens"),
    ("models: {{m: {{{}: x}}}}", "name llm", "model"),
    ("{}: a", "start entrypoint root main", "entry"),
    ("{}: {{}}", "vars parameters inputs", "variables"),
    ("limits: {{{}: 3}}", "max_turns max_iterations", "model_calls"),
    ("variables: {{v: {{{}: 3}}}}", "value", "default"),
    ("variables: {{v: {{{}: [3]}}}}", "choices options values", "enum"),
]


@pytest.mark.parametrize(
    ("text", "word", "meant"), [(text, word, meant) for text, words, meant in SYNONYMS for word in words.split()]
)
def test_group_27_a_word_of_other_tools_is_told_once_with_ours(text: str, word: str, meant: str) -> None:
    [fault] = told(text.format(word))
    assert fault.split(" ", 1)[1] == f"unknown-key: unknown key {word!r} (did you mean {meant!r}?)"


ELSEWHERE = {
    "two meanings": (
        f"{AGENT}    handoffs: [{{to: b, if: x}}]\n",
        "5:24 unknown-key: unknown key 'if' (did you mean 'when' or 'requires'?)",
    ),
    "one of the two": (
        f"{AGENT}    tools: [{{use: b, if: x}}]\n",
        "5:22 unknown-key: unknown key 'if' (did you mean 'requires'?)",
    ),
    "the name of an agent": (
        f"{AGENT}    name: b\n",
        (
            "5:5 unknown-key: unknown key 'name' "
            "(the name is the key above, as in agents: {NAME: ...}; what people read is label: in an agent)"
        ),
    ),
    "a bound in an agent": (
        f"{AGENT}    max_turns: 5\n",
        (
            "5:5 unknown-key: unknown key 'max_turns' "
            "(the bound on a run is limits: {model_calls: 20}, at the top of the file)"
        ),
    ),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_group_27_a_word_without_a_key_here_gets_a_sentence(case: str) -> None:
    text, expected = ELSEWHERE[case]
    assert told(text) == [expected]


def test_group_27_an_unrelated_key_hides_no_missing_one() -> None:
    found = told("agents: {a: {colour: red, model: m}}\n")
    assert (
        found[0] == "1:10 missing-key: agent 'a' has no 'instructions' (add instructions: | and the routine below it)"
    )
    assert found[1].startswith("1:14 unknown-key: unknown key 'colour' (the keys here are: label, description")


MISSING = {
    "to": (f"{AGENT}    handoffs: [{{when: x}}]\n", "add to: and the name of the agent that takes over"),
    "use": (f"{AGENT}    tools: [{{name: x}}]\n", "add use: with a module, or with module:function"),
    "model": ("models: {m: {seed: 1}}\n", "add model: and its name in the API, such as gpt-4o"),
    "env": ("models: {m: {model: x, api_key: {}}}\n", "add env: and the name of an environment variable"),
}


@pytest.mark.parametrize("key", MISSING)
def test_group_27_the_hint_of_a_missing_key_says_what_to_write(key: str) -> None:
    text, hint = MISSING[key]
    [fault] = told(text)
    assert f"has no {key!r} ({hint})" in fault


# ---- shapes

SHAPES = {
    "targets as keys": (
        f"{AGENT}    handoffs: {{sales: {{when: x}}}}\n",
        "5:15 wrong-type: 'handoffs' must be a list, not a mapping (write a list: handoffs: [{to: sales, ...}])",
    ),
    "one handoff": (
        f"{AGENT}    handoffs: {{to: sales, when: x}}\n",
        "5:15 wrong-type: 'handoffs' must be a list, not a mapping (write a list: handoffs: [{to: sales, ...}])",
    ),
    "modules as keys": (
        f"{AGENT}    tools: {{tools.acme: {{approval: always}}}}\n",
        "5:12 wrong-type: 'tools' must be a list, not a mapping (write a list: tools: [{use: tools.acme, ...}])",
    ),
    "agents as a list": (
        "agents:\n  - name: triage\n    instructions: x\n",
        (
            "2:3 wrong-type: 'agents' must be a mapping of names to values, not a list "
            "(the names are the keys: agents: {triage: ...})"
        ),
    ),
    "variables as a list": (
        "variables: [company]\n",
        (
            "1:12 wrong-type: 'variables' must be a mapping of names to values, not a list "
            "(the names are the keys: variables: {company: ...})"
        ),
    ),
    "prose as a list": (
        "agents:\n  a:\n    model: m\n    instructions:\n      - one\n      - two\n",
        (
            "5:7 wrong-type: 'instructions' must be text, not a list "
            "(if it is a text, write instructions: | and indent the text below it)"
        ),
    ),
    "prose as a mapping": (
        "agents:\n  a:\n    model: m\n    instructions:\n      Rules: be brief\n",
        (
            "5:7 wrong-type: 'instructions' must be text, not a mapping "
            "(if it is a text, write instructions: | and indent the text below it)"
        ),
    ),
    "an agent that is a text": (
        "agents: {a: Be brief}\n",
        (
            "1:13 wrong-type: agent 'a' must be a mapping of keys to values, not text "
            "(write a: and below it instructions: | with the routine)"
        ),
    ),
    "a number as a tool": (
        f"{AGENT}    tools: [3]\n",
        (
            "5:13 wrong-type: entry 1 of 'tools' must be a text, or a mapping with 'use', not the number 3 "
            "(such as tools.acme:refund, or {use: tools.acme:refund, approval: always})"
        ),
    ),
    "a list as a URL": (
        "models: {m: {model: x, base_url: [y], api_key: none}}\n",
        (
            "1:34 wrong-type: 'base_url' must be a text, or a mapping with 'env', not a list "
            "(such as https://llm.example/v1, or {env: LLM_URL})"
        ),
    ),
    "a list in an enum": (
        "variables: {v: {enum: [a, [b]]}}\n",
        "1:27 wrong-type: entry 2 of 'enum' must be text, a number, true, false or null, not a list",
    ),
    "a key that is joined": (
        "version:1\n",
        (
            "1:1 wrong-type: the file must be a mapping of keys to values, not text "
            "(write lines such as `key: value`, with a blank behind each ':')"
        ),
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_group_26_a_wrong_shape_is_told_with_the_right_one(case: str) -> None:
    text, expected = SHAPES[case]
    assert told(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "agents: !include more.yaml\n",
        "agents: !Agents {}\n",
        f"{AGENT}    label: !upper x\n",
        "agents: {a: !Agent {name: x}}\n",
        "agents: {a: {model: m, instructions: !file x.md}}\n",
        "variables: {v: !env X}\n",
    ],
)
def test_group_26_nothing_follows_from_an_unknown_tag(text: str) -> None:
    reading = read_spec(Source.parse("file.yaml", text))
    assert [each.code for each in reading.diagnostics] == ["unknown-tag"]
    assert reading.broken


def test_group_26_a_fault_in_an_alias_is_told_once_at_its_anchor_with_its_use() -> None:
    text = f"x-entry: &entry {{use: 3}}\n{AGENT}    tools: [*entry, t, *entry]\n"
    [fault] = read_spec(Source.parse("file.yaml", text)).diagnostics
    assert (fault.span.line, fault.span.column) == (1, 23)
    assert [(each.span.line, each.span.column, each.message) for each in fault.related] == [(6, 13, "used here")]


# ---- values

ENVIRONMENT = (
    "bad-value: 'env' must be the name of an environment variable: letters, digits and _, not beginning with a digit"
)
URL = "bad-value: 'base_url' must be a URL with http:// or https:// and a host (such as https://llm.example/v1)"
SECRET = (
    "literal-secret: a key never stands in a file "
    "(write api_key: {env: NAME}, and put the key into that environment variable)"
)
FINITE = "must be a finite number, neither .inf nor .nan"
VALUES = {
    "seconds without end": ("limits: {tool_seconds: .inf}", f"1:24 bad-value: 'tool_seconds' {FINITE}"),
    "no seconds": ("limits: {seconds: .nan}", f"1:19 bad-value: 'seconds' {FINITE}"),
    "a timeout of 0": (f"{AGENT}    tools: [{{use: t, timeout: 0}}]", "5:31 bad-value: 'timeout' must be more than 0"),
    "a default without end": ("variables: {v: -.inf}", f"1:16 bad-value: the default of variable 'v' {FINITE}"),
    "a default inside": (
        "variables: {v: {default: [1, .nan]}}",
        f"1:26 bad-value: the default of variable 'v' {FINITE}",
    ),
    "an empty model": ("agents: {a: {instructions: x, model: ''}}", "1:38 bad-value: 'model' must not be empty"),
    "a blank model": ("models: {m: {model: ' '}}", "1:21 bad-value: 'model' must not be empty"),
    "an environment variable with a blank": ("variables: {v: {env: A B}}", f"1:22 {ENVIRONMENT}"),
    "one with a digit first": ("models: {m: {model: x, api_key: {env: 2X}}}", f"1:39 {ENVIRONMENT}"),
    "one with a hyphen": ("models: {m: {model: x, base_url: {env: a-b}}}", f"1:40 {ENVIRONMENT}"),
    "a URL without a scheme": ("models: {m: {model: x, base_url: localhost}}", f"1:34 {URL}"),
    "a URL of another scheme": ("models: {m: {model: x, base_url: 'ftp://x'}}", f"1:34 {URL}"),
    "a URL without a host": ("models: {m: {model: x, base_url: 'https://'}}", f"1:34 {URL}"),
    "a URL with a wrong port": ("models: {m: {model: x, base_url: 'http://a:b'}}", f"1:34 {URL}"),
    "a default that is no URL": ("models: {m: {model: x, base_url: {env: A, default: b}}}", f"1:52 {URL}"),
    "a password in a URL": (
        "models: {m: {model: x, base_url: 'https://u:hunter2@x'}}",
        (
            "1:34 literal-secret: 'base_url' has a name or a password in it "
            "(write the URL without it, and the key as api_key: {env: NAME})"
        ),
    ),
    "a key": ("models: {m: {model: x, api_key: sk-abcdefghijklmnopqrstuvwxyz}}", f"1:33 {SECRET}"),
    "a key as a model": ("models: {m: {model: sk-abcdefghijklmnopqrstuvwxyz}}", f"1:21 {SECRET}"),
    "a key in a URL": ("models: {m: {model: x, base_url: 'http://x?k=sk-abcdefghijklmnopqrstu'}}", f"1:34 {SECRET}"),
    "a key as a variable's name": (
        "models: {m: {model: x, api_key: {env: sk-abcdefghijklmnopqrstu}}}",
        f"1:39 {SECRET}",
    ),
    "a token": ("models: {m: {model: x, reasoning_effort: Bearer abc}}", f"1:42 {SECRET}"),
}


@pytest.mark.parametrize("case", VALUES)
def test_group_26_a_value_that_cannot_be(case: str) -> None:
    text, expected = VALUES[case]
    assert told(text) == [expected]
    assert not any(secret in expected for secret in ("hunter2", "sk-abc"))


def test_group_35_a_key_is_found_below_an_unknown_key_too() -> None:
    found = told("models: {m: {model: x, metadata: {Authorization: Bearer abc}}}")
    assert [each.split(":")[1].split()[1] for each in found] == ["unknown-key", "literal-secret"]


def test_includes_are_kept_by_position() -> None:
    reading = read_spec(Source.parse("file.yaml", "include: [a.yaml, '', 3, b/*.yaml]\n"))
    assert reading.spec is not None
    assert reading.spec.include == {0: "a.yaml", 3: "b/*.yaml"}
    assert [each.message for each in reading.diagnostics] == [
        "entry 2 of 'include' must not be empty",
        "entry 3 of 'include' must be text, not the number 3",
    ]


# ---- scripts

REPLY = "add say: and a text, or call: and a list of functions"
FIRST = "put it before that one, or give it a condition that the other has not"
RULES = {
    "no rules": ("rules: []\n", ["1:8 there is no rule (add one, such as - say: Hello)"]),
    "a rule without a reply": (
        "rules:\n  - user: x\n  - call: []\n",
        [
            f"2:5 entry 1 of 'rules' neither says nor calls anything ({REPLY})",
            f"3:5 entry 2 of 'rules' neither says nor calls anything ({REPLY})",
        ],
    ),
    "a rule behind one that always fits": (
        "rules:\n  - say: x\n  - {user: y, say: z}\n  - {after: f, say: z}\n  - {agent: a, after: f, say: w}\n",
        [
            f"3:5 entry 2 of 'rules' is never used: entry 1 fits first ({FIRST})",
            f"5:5 entry 4 of 'rules' is never used: entry 3 fits first ({FIRST})",
        ],
    ),
    "rules in their order": (
        "rules:\n  - {user: y, say: z}\n  - {agent: a, say: z}\n  - {agent: a, after: f, say: w}\n  - say: x\n",
        [],
    ),
}


@pytest.mark.parametrize("case", RULES)
def test_rules_of_a_script(case: str) -> None:
    text, expected = RULES[case]
    found = read_script(Source.parse("a.script.yaml", text)).diagnostics
    assert [f"{d.span.line}:{d.span.column} {d.message} ({d.hint})" for d in found] == expected


def test_a_rule_that_could_not_be_read_makes_no_other_useless() -> None:
    found = read_script(Source.parse("a.script.yaml", "rules:\n  - {agnet: a, say: x}\n  - say: y\n")).diagnostics
    assert [each.code for each in found] == ["unknown-key"]


# ---- speed

LARGE: dict[str, Callable[[int], str]] = {
    "unknown keys": lambda count: AGENT + "".join(f"    instructionz_{i}: x\n" for i in range(count)),
    "misspelt keys": lambda count: _agents(count, "{instrutions: x, model: m}"),
    "bad names": lambda count: _agents(count, "{instructions: x, model: m}", "A"),
    "wrong types": lambda count: _agents(count, "{instructions: 5, model: m}"),
    "missing keys": lambda count: _agents(count, "{model: m}"),
    "entries without a value": lambda count: AGENT + "    tools:\n" + "      -\n" * count,
    "nothing wrong": lambda count: _agents(count, "{instructions: x, model: m, handoffs: [a1]}"),
}


def _agents(count: int, written: str, letter: str = "a") -> str:
    return "agents:\n" + "".join(f"  {letter}{i}: {written}\n" for i in range(count))


@pytest.mark.parametrize("case", LARGE)
def test_group_31_a_file_of_four_times_the_size_takes_about_four_times_as_long(case: str) -> None:
    sources = {count: Source.parse("file.yaml", LARGE[case](count)) for count in (400, 1_600)}
    assert grows_within(5.25, lambda count: read_spec(sources[count]), 400, 1_600)


def test_group_31_guessing_among_thousands_of_names_takes_no_time() -> None:
    names = [f"agent_{i}" for i in range(4_000)]
    assert seconds(lambda count: [nearest(f"agnet_{i}", names) for i in range(count)], 4_000) < 2


@pytest.mark.parametrize("count", [10, 1_000])
@pytest.mark.parametrize("word", ["biling", "billling", "blilling", "bilking", "Billing"])
def test_group_27_one_wrong_letter_is_forgiven_however_many_names_there_are(word: str, count: int) -> None:
    assert nearest(word, ["billing", *(f"other_{i}" for i in range(count))]) == "billing"
