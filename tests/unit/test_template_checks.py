"""Templates where they belong and where they do not, guards, and variables that nothing uses."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from orchestrator.diagnostics import Diagnostic, Severity
from orchestrator.loader import load
from tests.support.growth import grows_within

TOOLS = '''
from orchestrator.tools import ToolContext, tool


def plain() -> str:
    """Read nothing."""
    return "idle"


def taker(context: ToolContext) -> str:
    """Read a variable by its name."""
    return str(context.variables["taken"])


@tool(requires="ready")
def guarded() -> str:
    """Run when it is ready."""
    return ""


def rule(arguments: dict[str, object], context: ToolContext) -> bool:
    """Ask always."""
    return bool(context.variables)
'''


def found(tmp_path: Path, text: str, parts: Mapping[str, str] | None = None) -> tuple[Diagnostic, ...]:
    for name, content in {"ears.py": TOOLS, **(parts or {})}.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "bot.yaml").write_text(dedent(text).lstrip("\n"))
    return load(tmp_path / "bot.yaml", shown="bot.yaml").diagnostics


def told(tmp_path: Path, text: str, **parts: str) -> list[str]:
    """What is told, by its line and the words that it points at."""
    named = {f"{name}.md": content for name, content in parts.items()}
    lines = {"bot.yaml": dedent(text).lstrip("\n").splitlines()}
    places = []
    for each in found(tmp_path, text, named):
        span = each.span
        line = lines.get(span.path, named.get(Path(span.path).name, "").splitlines())[span.line - 1]
        places.append(f"{span.line} {each.code}: {line[span.column - 1 : span.end_column - 1]}")
    return places


# ---- templates in plain fields

ALL = """
x-free: "{{ anything }} {% at all %} ${HERE}"
version: 1
description: "{{ d }}"
entry: a
packages: ["{{ p }}"]
variables:
  one: "{{ v }}"
  two: {type: list, description: "{{ v }}", default: ["x{{ v }}", {k: ["${V}"]}]}
  three: {type: string, enum: ["{{ v }}"], env: "${V}", default: null}
models:
  m: {model: "{{ m }}", base_url: "https://${HOST}/v1", api_key: "${KEY}", reasoning_effort: "{{ r }}", seed: "{{ s }}"}
  n: {model: x, base_url: {env: "${URL}", default: "{{ u }}"}, api_key: {env: "{{ k }}"}}
limits: {model_calls: "{{ n }}"}
agents:
  a:
    label: "{{ l }}"
    description: "{% if x %}"
    model: n
    instructions: "{{ one }} {{ two }} {{ three }} ${not} a template"
    tool_choice: "{{ t }}"
    parallel_tool_calls: "{{ p }}"
    tools:
      - "{{ t }}"
      - {use: "tools.{{ t }}"}
      - {use: "ears:plain", name: "n_{{ t }}", description: "{{ t }}", timeout: "{{ t }}", approval: "{{ t }}"}
    handoffs:
      - "{{ h }}"
      - {to: "${H}", when: "{{ h }}", at_most: "{{ h }}", requires: "one == '{{'"}
"""


def test_a_template_in_any_field_of_text_is_told_once_and_nothing_that_follows(tmp_path: Path) -> None:
    faults = found(tmp_path, ALL)
    assert {each.code for each in faults} == {"template-in-plain-field"}
    lines = ALL.lstrip("\n").splitlines()
    quoted = [
        (number, text)
        for number, line in enumerate(lines, start=1)
        for text in line.split('"')[1::2]
        if any(sign in text for sign in ("{{", "{%", "${")) and number not in {1, 19} and "one ==" not in text
    ]
    pointed = [
        (each.span.line, lines[each.span.line - 1][each.span.column : each.span.end_column - 2]) for each in faults
    ]
    assert pointed == quoted


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('variables: {v: "{{ x }}"}', "'{{' does nothing here: 'v' is a plain text",
         "a variable's value is never rendered; to take it from the environment, write env: NAME"),
        ('models: {v: {model: m, api_key: "${K}"}}', "'${' does nothing here: 'api_key' is a plain text",
         "to take it from the environment, write {env: NAME}"),
        ('models: {v: {model: m, base_url: "https://${K}/"}}', "'${' does nothing here: 'base_url' is a plain text",
         "to take it from the environment, write {env: NAME}"),
        ('description: "{% if x %}"', "'{%' does nothing here: 'description' is a plain text",
         "only instructions are a template: write the text itself"),
        ('defaults: {handoffs: ["{{ x }}"]}', "'{{' does nothing here: this is a plain text",
         "only instructions are a template: write the text itself"),
        ('defaults: {model: "{{ x }}"}', "'{{' does nothing here: 'model' is a plain text",
         "only instructions are a template: write the name itself"),
    ],
)  # fmt: skip
def test_the_message_says_what_to_write(tmp_path: Path, text: str, message: str, hint: str) -> None:
    faults = found(tmp_path, f"agents: {{a: {{instructions: x, model: v}}}}\n{text}\n")
    [fault] = [each for each in faults if each.code == "template-in-plain-field"]
    assert (fault.message, fault.hint, fault.severity) == (message, hint, "error")


def test_what_an_anchor_brings_is_told_where_it_is_written(tmp_path: Path) -> None:
    text = """
        x-text: &text "{{ one }}"
        variables: {one: 1}
        agents: {a: {instructions: *text, description: *text, model: m}}
    """
    [fault] = found(tmp_path, text)
    assert (fault.code, fault.span.line, fault.span.column) == ("template-in-plain-field", 1, 15)
    assert [(also.span.line, also.message) for also in fault.related] == [(3, "used here")]


@pytest.mark.parametrize("text", ["100 % {of} it", "{ { x } }", "$x $(x)", "{#anchor}", "}} %}"])
def test_other_braces_are_text(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, f"agents: {{a: {{instructions: x, model: m, description: '{text}'}}}}\n") == ()


def test_many_templates_in_plain_fields_take_time_by_their_number(tmp_path: Path) -> None:
    def check(count: int) -> None:
        text = "variables:\n" + "".join(f"  v{number}: '{{{{ x }}}}'\n" for number in range(count))
        assert len(found(tmp_path, text + "agents: {a: {instructions: x, model: m}}\n")) >= count

    assert grows_within(2.5, check, 1_000, 2_000)


# ---- paths and single braces


@pytest.mark.parametrize("text", ["prompts/triage.md", "triage.txt", "../x.j2", "~/notes.markdown"])
def test_instructions_that_are_only_a_path(tmp_path: Path, text: str) -> None:
    [fault] = found(tmp_path, f"agents: {{a: {{instructions: {text}, model: m}}}}\n")
    assert (fault.code, fault.severity, fault.span.column) == ("path-as-text", "warning", 28)
    assert fault.message == f"the instructions are the text {text!r}, not what stands in a file of this name"
    assert fault.hint == f"""write: instructions: '{{% include "{text}" %}}'"""


@pytest.mark.parametrize("text", ["Read notes.md", "Answer from handbook.txt", "Be brief.", "See x.md.", "v1.2"])
def test_instructions_that_only_end_like_a_path(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, f"agents: {{a: {{instructions: {text}, model: m}}}}\n") == ()


def test_group_39_a_variable_in_single_braces(tmp_path: Path) -> None:
    text = """
        variables: {who: Ann}
        agents:
          a:
            model: m
            instructions: |
              Dear {who}, dear ${who}, dear { who }: {{ who }}
                {whom} { who: 1 } {{'{who}'}} {% raw %}{who}{% endraw %} x{who}
              {% include "part.md" %}
    """
    assert told(tmp_path, text, part="Bye,\n {who}\n") == [
        "2 single-brace: {who}",
        "6 single-brace: {who}",
        "6 single-brace: ${who}",
        "6 single-brace: { who }",
        "7 single-brace: {who}",
    ]
    fault = found(tmp_path, text, {"part.md": ""})[0]
    assert fault.message == "'{who}' stays as it is: a variable stands in double braces"
    assert (fault.hint, fault.severity) == ("write {{ who }}", "warning")


# ---- guards

GUARDS = """
    variables:
      ready: false
      amount: 1
      kind: {{default: a, enum: [a, b]}}
      token: {{type: string, secret: true, env: TOKEN}}
    agents:
      a:
        model: m
        instructions: "{{{{ ready }}}} {{{{ amount }}}} {{{{ kind }}}}"
        tools: [{{use: "ears:taker", requires: {}}}]
"""


@pytest.mark.parametrize(
    "text",
    ["ready", "not ready", "amount > 3 and kind == 'b'", "kind in ['a', 'c']", "'true'", "(amount or 0) | abs > 1"],
)
def test_group_21a_a_guard_that_is_sound(tmp_path: Path, text: str) -> None:
    assert [each for each in told(tmp_path, GUARDS.format(f'"{text}"')) if "unused" not in each] == []


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("ready and", "bad-expression", ""),
        ("{{ ready }}", "bad-expression", "{{ ready }}"),
        ("redy", "undefined-variable", "redy"),
        ("ready and redy.x", "undefined-variable", "redy"),
        ("now > 1", "undefined-variable", "now"),
        ("token == 'x'", "secret-in-template", "token"),
        ("kind == 'c'", "dead-requires", "\"kind == 'c'\""),
        ("false", "dead-requires", '"false"'),
    ],
)
def test_group_21a_a_guard_that_is_not(tmp_path: Path, text: str, code: str, words: str) -> None:
    faults = [each for each in told(tmp_path, GUARDS.format(f'"{text}"')) if "unused" not in each]
    assert faults == [f"10 {code}: {words}"]


def test_group_21a_the_guard_of_a_decorator_is_told_at_the_entry(tmp_path: Path) -> None:
    text = "agents: {a: {model: m, instructions: x, tools: [ears]}}\nvariables: {redy: true, taken: 1}\n"
    faults = [each for each in found(tmp_path, text.replace("[ears]", '["ears:guarded"]')) if each.severity == "error"]
    assert [(each.code, each.span.line, each.span.column) for each in faults] == [("undefined-variable", 1, 49)]
    assert faults[0].message == "tool 'guarded' requires it: no variable named 'ready'"
    assert faults[0].hint == "did you mean 'redy'?"


# ---- variables that nothing uses


def unused(tmp_path: Path, keys: str, instructions: str = "x", **parts: str) -> list[tuple[str, Severity]]:
    """The variables that are called unused in a file of one agent with these keys."""
    agent = f"{{model: m, instructions: {instructions!r}{keys}}}"
    text = f"variables: {{taken: 1, ready: false, spare: 2}}\nagents: {{a: {agent}}}\n"
    faults = found(tmp_path, text, {f"{name}.md": each for name, each in parts.items()})
    return [(each.message.split("'")[1], each.severity) for each in faults if each.code == "unused-variable"]


ALL_UNUSED = [(name, Severity.WARNING) for name in ("taken", "ready", "spare")]


def test_a_variable_that_nothing_uses(tmp_path: Path) -> None:
    assert unused(tmp_path, "") == ALL_UNUSED
    assert (
        unused(tmp_path, ", tools: ['ears:plain']") == ALL_UNUSED
    )  # its module has the text "taken", but it sees nothing
    fault = found(tmp_path, "variables: {idle: 1}\nagents: {a: {model: m, instructions: x}}\n")[0]
    assert (fault.message, fault.hint) == ("nothing uses the variable 'idle'", "leave it out")
    assert (fault.span.line, fault.span.column, fault.span.end_column) == (1, 13, 17)


@pytest.mark.parametrize(
    ("keys", "instructions", "used"),
    [
        ("", "{{ ready }}", "ready"),
        ("", '{% include "part.md" %}', "spare"),
        (", tools: [{use: 'ears:plain', requires: ready}]", "x", "ready"),
        (", tools: ['ears:guarded']", "x", "ready"),
        (", handoffs: [{to: a, when: x, requires: ready}]", "x", "ready"),
    ],
    ids=["instructions", "an include", "a tool", "a decorator", "a handoff"],
)
def test_a_variable_that_is_used_in_one_place_only(tmp_path: Path, keys: str, instructions: str, used: str) -> None:
    left = [(name, severity) for name, severity in ALL_UNUSED if name != used]
    assert unused(tmp_path, keys, instructions, part="{% if spare %}yes{% endif %}") == left


def test_a_tool_that_takes_a_context_may_use_any_and_uses_what_it_names(tmp_path: Path) -> None:
    left = unused(tmp_path, ", tools: ['ears:taker']")
    assert left == [("spare", Severity.NOTE)]  # the others are texts in its module


def test_a_rule_of_approval_may_use_any(tmp_path: Path) -> None:
    left = unused(tmp_path, ", tools: [{use: 'ears:plain', approval: 'ears:rule'}]")
    assert left == [(name, Severity.NOTE) for name, _ in ALL_UNUSED]


@pytest.mark.parametrize(
    ("keys", "instructions"),
    [
        (", tools: ['ears:gone']", "x"),
        (", tools: [5]", "x"),
        (", tools: [{use: 'ears:plain', requires: [ready]}]", "x"),
        (", tools: [{use: 'ears:plain', requires: 'ready and'}]", "x"),
        (", handoffs: [{to: a, requires: 5}]", "x"),
        ("", "{% if %}"),
        ("", '{% include "gone.md" %}'),
        ("", "{{ redy }}"),
    ],
)
def test_what_could_not_be_read_or_is_misspelt_may_use_any(tmp_path: Path, keys: str, instructions: str) -> None:
    assert unused(tmp_path, keys, instructions) == []
