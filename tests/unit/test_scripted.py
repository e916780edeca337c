"""The scripted model: which rule gives the reply, what it sees, and what is wrong with a script."""

import json
from collections.abc import Mapping

import pytest

from orchestrator.clients.scripted import ScriptedClient, read_script
from orchestrator.errors import LoadError, ScriptError
from orchestrator.events import TextDelta, ToolAnnounced
from orchestrator.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from orchestrator.model import Model
from orchestrator.model_client import ModelRequest, ModelResponse
from orchestrator.source import Source


async def replies(
    script: str, *messages: Message, agent: str = "triage", variables: Mapping[str, object] | None = None
) -> list[object]:
    asked = ModelRequest(Model("m"), "s", messages, agent=agent, variables=variables or {})
    return [item async for item in ScriptedClient.from_text(script, "test.script.yaml").stream(asked)]


async def reply(
    script: str, *messages: Message, agent: str = "triage", variables: Mapping[str, object] | None = None
) -> ModelResponse:
    last = (await replies(script, *messages, agent=agent, variables=variables))[-1]
    assert isinstance(last, ModelResponse)
    return last


def user(text: str) -> UserMessage:
    return UserMessage(text)


def called(*names: str) -> AssistantMessage:
    return AssistantMessage(None, tuple(ToolCall(f"id_{name}", name, "{}") for name in names))


def answer(name: str, content: str = "ok") -> ToolMessage:
    return ToolMessage(f"id_{name}", content)


# ---- which rule

RULES = """
rules:
  - {agent: sales, user: hello, say: sales hello}
  - {user: hello, say: hello}
  - {user: '^(refund|money back)$', say: refund}
  - {after: look_up, user: hello, say: after look_up and hello}
  - {after: look_up, say: after look_up}
  - {agent: sales, say: sales}
  - {say: anything}
"""
TRIAGE: dict[str, tuple[tuple[Message, ...], str, str]] = {
    "the first that fits": ((user("hello"),), "triage", "hello"),
    "whatever the case": ((user("Well, HELLO there"),), "triage", "hello"),
    "one of its agent": ((user("hello"),), "sales", "sales hello"),
    "anchors": ((user("a refund"),), "triage", "anything"),
    "alternatives": ((user("Money back"),), "triage", "refund"),
    "after a tool": ((user("x"), called("look_up"), answer("look_up")), "triage", "after look_up"),
    "after a tool and what the user said": (
        (user("hello"), called("look_up"), answer("look_up")),
        "triage",
        "after look_up and hello",
    ),
    "after the last of several tools": (
        (user("x"), called("other", "look_up"), answer("other"), answer("look_up")),
        "triage",
        "after look_up",
    ),
    "not after an earlier turn's tool": (
        (user("x"), called("look_up"), answer("look_up"), AssistantMessage("done"), user("y")),
        "triage",
        "anything",
    ),
    "the last user message counts": ((user("hello"), AssistantMessage("hi"), user("bye")), "triage", "anything"),
    "a handoff begins anew": (
        (user("hello"), called("transfer_to_sales"), answer("transfer_to_sales")),
        "sales",
        "sales hello",
    ),
    "a tool and then a handoff": (
        (user("x"), called("look_up", "transfer_to_sales"), answer("look_up"), answer("transfer_to_sales")),
        "sales",
        "sales",
    ),
    "no user message": ((), "triage", "anything"),
}


@pytest.mark.parametrize("case", TRIAGE)
async def test_the_rule_that_replies(case: str) -> None:
    messages, agent, expected = TRIAGE[case]
    assert (await reply(RULES, *messages, agent=agent)).content == expected


async def test_a_refused_handoff_is_a_tool_like_any_other() -> None:
    script = "rules: [{after: transfer_to_b, say: 'refused: {{ result }}'}, {call: [transfer_to_b]}]"
    messages = (user("x"), called("transfer_to_b"), answer("transfer_to_b", "no"))
    assert (await reply(script, *messages, agent="a")).content == "refused: "


# ---- what it says


async def test_what_texts_see() -> None:
    script = """
    rules:
      - user: refund for (?P<item>[\\w ]+) of (\\w+)
        say: "{{ user }}|{{ item }}|{{ groups[0] }}|{{ groups[2] }}|{{ company }}|{{ result }}|{{ 1 + 1 }}"
    """
    said = await reply(script, user("A refund for my boots of ACME!"), variables={"company": "Ajax", "item": "hidden"})
    assert said.content == "A refund for my boots of ACME!|my boots|refund for my boots of ACME|ACME|Ajax||2"


async def test_the_result_is_that_of_the_last_ordinary_tool() -> None:
    script = "rules: [{after: second, say: '{{ result }}'}]"
    messages = (user("x"), called("first", "second"), answer("first", "one"), answer("second", "two"))
    assert (await reply(script, *messages)).content == "two"


async def test_what_the_user_says_is_no_template() -> None:
    said = await reply("rules: [{say: '{{ user }}'}]", user("{{ 7 * 7 }} {% for %}"))
    assert said.content == "{{ 7 * 7 }} {% for %}"


async def test_text_streams_word_by_word_and_loses_nothing() -> None:
    items = await replies('rules: [{say: "  Hello,\\n  you  there.  "}]', user("x"))
    deltas = [item.text for item in items if isinstance(item, TextDelta)]
    assert (len(deltas), "".join(deltas)) == (3, "  Hello,\n  you  there.  ")


async def test_calls_with_rendered_arguments() -> None:
    script = """
    rules:
      - user: (?P<what>\\w+)
        say: Let me see.
        call:
          - look_up
          - name: order
            with: {item: "{{ what }}", price: 5, deep: [{a: "{{ user | upper }}", b: null, c: true}], "{{ key }}": x}
    """
    items = await replies(script, user("boots ö"))
    response = items[-1]
    assert isinstance(response, ModelResponse)
    assert response.content == "Let me see."
    assert [(each.id, each.name) for each in response.tool_calls] == [("", "look_up"), ("", "order")]
    assert [json.loads(each.arguments) for each in response.tool_calls] == [
        {},
        {"item": "boots", "price": 5, "deep": [{"a": "BOOTS Ö", "b": None, "c": True}], "{{ key }}": "x"},
    ]
    assert [item for item in items if isinstance(item, ToolAnnounced)] == [
        ToolAnnounced(index=0, name="look_up"),
        ToolAnnounced(index=1, name="order"),
    ]


# ---- what goes wrong at run time

ERRORS = {
    "no rule": (
        "rules: [{user: hello, say: hi}]",
        (user("bye"),),
        "test.script.yaml has no rule for agent 'triage' when the user says 'bye'; add one to its rules",
    ),
    "no rule after a tool": (
        "rules: [{say: hi}]",
        (user("bye"), called("look_up"), answer("look_up")),
        "test.script.yaml has no rule for agent 'triage' after look_up when the user says 'bye'; add one to its rules",
    ),
    "an unknown variable": (
        "rules: [{say: 'Hi {{ name }}'}]",
        (user("x"),),
        "test.script.yaml: 'Hi {{ name }}' can't be rendered: 'name' has no value here",
    ),
    "an expression that fails": (
        "rules: [{say: '{{ 1 // 0 }}'}]",
        (user("x"),),
        "test.script.yaml: '{{ 1 // 0 }}' can't be rendered: a division by zero",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
async def test_what_goes_wrong(case: str) -> None:
    script, messages, told = ERRORS[case]
    with pytest.raises(ScriptError) as caught:
        await reply(script, *messages)
    assert str(caught.value) == told


async def test_texts_can_not_reach_into_python() -> None:
    with pytest.raises(ScriptError, match="it reaches for what templates may not see or change"):
        await reply("rules: [{say: \"{{ ''.__class__.__mro__ }}\"}]", user("x"))


# ---- what is wrong with a script

BROKEN = {
    "misspelt": ("rules:\n  - sya: hi\n", "2:5 unknown-key: unknown key 'sya' (did you mean 'say'?)"),
    "misspelt in a call": (
        "rules:\n  - call: [{name: f, wiht: {}}]\n",
        "2:22 unknown-key: unknown key 'wiht' (did you mean 'with'?)",
    ),
    "a call without a name": (
        "rules:\n  - call: [{with: {}}, f]\n",
        "2:12 missing-key: entry 1 of 'call' has no 'name' (add name: and the name of the function to call)",
    ),
    "a pattern that is none": (
        "rules:\n  - user: '(a'\n",
        "2:11 bad-value: 'user' is no regular expression: missing ), unterminated subpattern at position 0 (None)",
    ),
    "a template that is none": (
        "rules:\n  - say: |\n      Hi\n      {{ user }\n",
        "4:15 template-syntax: '{{' is closed by '}}', not by a single '}' (write }})",
    ),
    "a template in arguments": (
        "rules:\n  - call: [{name: f, with: {a: ['{% x %}']}}]\n",
        (
            "2:37 template-syntax: there is no tag 'x' (there are: autoescape, block, call, extends, filter, for, "
            "from, if, import, include, macro, print, raw, set, with)"
        ),
    ),
    "rules that are no list": (
        "rules: hello\n",
        "1:8 wrong-type: 'rules' must be a list, not text (write [hello])",
    ),
    "no rules": (
        "version: 1\n",
        "1:1 missing-key: the file has no 'rules' (add rules: and below it a list, such as - say: Hello)",
    ),
    "an empty list of rules": ("rules: []\n", "1:8 bad-value: there is no rule (add one, such as - say: Hello)"),
    "a list": (
        "- say: hi\n",
        (
            "1:1 wrong-type: the file must be a mapping of keys to values, not a list "
            "(write lines such as `key: value`, with a blank behind each ':')"
        ),
    ),
    "no YAML": (
        "rules: [a\n",
        "1:8 syntax: the '[' is never closed (close it with ']', and see that the entries are separated by ',')",
    ),
    "nothing": ("", "1:1 empty-file: there is nothing in the file (write at least one `key: value`)"),
    "too slow": (
        "words_per_second: 0\nrules: [{say: x}]\n",
        "1:19 bad-value: 'words_per_second' must be more than 0 (None)",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.timeout(5)
def test_a_broken_script(case: str) -> None:
    text, told = BROKEN[case]
    found = read_script(Source.parse("test.script.yaml", text)).diagnostics
    assert [f"{d.span.line}:{d.span.column} {d.code}: {d.message} ({d.hint})" for d in found] == [told]
    with pytest.raises(LoadError) as caught:
        ScriptedClient.from_text(text)
    assert len(caught.value.diagnostics) == 1


def test_every_fault_at_once_in_the_order_of_the_text() -> None:
    text = "rules:\n  - say: '{{ a'\n    agnet: b\n  - user: '['\n  - say: '{{ c'\n"
    found = read_script(Source.parse("test.script.yaml", text)).diagnostics
    assert [(each.span.line, each.code) for each in found] == [
        (2, "template-syntax"),
        (3, "unknown-key"),
        (4, "bad-value"),
        (5, "template-syntax"),
    ]
