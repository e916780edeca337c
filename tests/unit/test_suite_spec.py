"""Test files: how they are read, and all that is wrong with one is told at once, each at its place."""

import asyncio
import json
import random
import re
from contextlib import suppress
from pathlib import Path
from textwrap import indent

import pytest
from jsonschema import Draft202012Validator

from orchestrator.diagnostics import Severity
from orchestrator.loader import load
from orchestrator.render.schemas import schema_text
from orchestrator.source import Source
from orchestrator.survey import survey
from orchestrator.testing.outcome import Suite
from orchestrator.testing.reading import cases_of, read_suite
from orchestrator.testing.report import failed
from orchestrator.testing.running import NeedsModel, run_case
from tests.support.generate import ROOT

BOT = """
variables: {shop: Nook, paid: false}
entry: a
agents:
  a:
    model: m
    description: d
    instructions: "{{ shop }}{{ paid }}"
    tools: ["office:look"]
    handoffs: [{to: b, when: w}]
  b: {model: m, description: d, instructions: x, handoffs: [{to: a, when: w}]}
"""
OFFICE = 'def look(title: str) -> str:\n    """Look.\n\n    Args:\n        title: What.\n    """\n    return title\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two agents, which is the working directory."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "bot.yaml").write_text(BOT)
    (tmp_path / "office.py").write_text(OFFICE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(text: str, *, imports: bool = True) -> list[str]:
    """What ``validate`` tells of a test file: the place, the code, and the line from there on."""
    Path("bot.test.yaml").write_text(text)
    found = survey([Path("bot.test.yaml")], imports=imports)
    lines = text.split("\n")
    spans = ((each.code, each.span) for each in found.diagnostics)
    there = ((code, at.line, lines[at.line - 1][at.column - 1 : at.end_column - 1]) for code, at in spans)
    return [f"{line} {code}: {words}".rstrip() for code, line, words in there]


def file_of(turn: str, more: str = "") -> str:
    return (
        f"file: bot.yaml\ntests:\n  t:\n    turns:\n{indent(turn.strip(), '      ')}\n{indent(more.strip(), '    ')}\n"
    )


def suite(text: str) -> Suite:
    read, found = read_suite(Source.parse("bot.test.yaml", text), Path("bot.test.yaml"))
    assert read is not None, found
    return read


# ---- the shape


SOUND = """
- user: Hello
  model:
    - Hi
    - say: Hi
      call: look
      with: {title: null}
    - calls: [look, {call: look, with: {title: x}}]
      agent: a
    - {say: Sorry, finish: refusal}
    - fails: it is down
  approvals: [granted, {verdict: denied, reason: never, tool: look}, {verdict: always, arguments: {title: y}}]
  answers: ["yes"]
  variables: {shop: X}
  expect:
    calls: [look, look: , {look: {title: null}}, {call: look, with: {title: {absent: true}}, result: {equals: null}}]
    includes: [look]
    excludes: []
    reply: {contains: x}
    variables: {paid: null, shop: {any: true}}
    model_calls: 3
- {user: x, model: live}
"""


def test_group_26_what_is_sound_has_no_problems() -> None:
    more = "cases: {one: {n: null}}\ntools: {look: [{result: null}, {error: x}]}\nexpect: {agents: [a]}"
    assert (
        told(
            f"x-anchor: &a [1]\nversion: 1\nnow: 2026-05-21\n{file_of(SOUND, more)}".replace(
                "2026-05-21", '"2026-05-21"'
            )
        )
        == []
    )


def test_the_schema_takes_what_is_sound_and_refuses_what_is_misspelt() -> None:
    validator = Draft202012Validator(json.loads(schema_text("test")))
    data = Source.parse("t", f"x-anchor: 1\n{file_of(SOUND.replace('title: null', 'title: 1'))}").data
    assert [error.message for error in validator.iter_errors(data)] == []
    for wrong, right in [
        ("user: Hello", "usr: Hello"),
        ("reply:", "replly:"),
        ("fails:", "failes:"),
        ("file:", "fil:"),
        ("reply: {contains: x}", "reply: ~"),
        ("model_calls: 3", "model_calls: ~"),
        ("excludes: []", "excludes: ~"),
    ]:
        data = Source.parse("t", file_of(SOUND).replace(wrong, right)).data
        assert not validator.is_valid(data), right


SHAPE = {
    "an unknown key at each level": """
fle: x
file: bot.yaml
tests:
  t:
    turnss: []
    turns:
      - modl: []
        user: x
        model: [{say: x, sya: y}, {calls: [{call: look, wiht: {}}]}]
        approvals: [{verdict: granted, tol: look}]
        expect: {repyl: x, reply: {contians: x}, model_calls: {at_mots: 1}, calls: [{call: look, reslt: x}]}
    tools: {look: {resutl: x}}
    expect: {agnets: []}
=> 2 unknown-key: fle
=> 6 unknown-key: turnss
=> 8 unknown-key: modl
=> 10 unknown-key: sya
=> 10 unknown-key: wiht
=> 11 unknown-key: tol
=> 12 unknown-key: repyl
=> 12 unknown-key: contians
=> 12 unknown-key: at_mots
=> 12 unknown-key: reslt
=> 13 unknown-key: look
=> 14 unknown-key: agnets
""",
    "keys that are missing": """
tests:
  t: {turns: [{model: []}]}
  u: {}
=> 1 missing-key:
=> 3 missing-key: {model: []}
=> 4 missing-key: u
""",
    "no test": """
file: bot.yaml
tests: {}
=> 3 bad-value: {}
""",
    "no turn": """
file: bot.yaml
tests: {t: {turns: []}}
=> 3 bad-value: []
""",
    "replies": """
file: bot.yaml
tests:
  t:
    turns:
      - user: x
        model:
          - {}
          - {call: look, calls: [look]}
          - {with: {a: 1}, say: x}
          - {fails: x, say: y}
          - 3
      - {user: x, model: lives}
      - {user: x, model: 3}
=> 8 bad-value: {}
=> 9 bad-value: {call: look, calls: [look]}
=> 10 bad-value: {with: {a: 1}, say: x}
=> 11 bad-value: {fails: x, say: y}
=> 12 wrong-type: 3
=> 13 bad-value: lives
=> 14 wrong-type: 3
""",
    "replies and verdicts that are none": """
file: bot.yaml
tests:
  t:
    turns:
      - user: x
        model:
          - ~
          - [1]
          - {calls: [3, ~]}
          - {fails: x, finish: stop}
        approvals:
          - ~
          - maybe
          - {verdict: denied, arguments: {title: x}}
          - {verdict: granted, reason: x}
          - {verdict: always, reason: x}
      - {user: x, model: {say: x}}
=> 8 wrong-type: ~
=> 9 wrong-type: [1]
=> 10 wrong-type: 3
=> 10 wrong-type: ~
=> 11 bad-value: {fails: x, finish: stop}
=> 13 wrong-type: ~
=> 14 bad-value: maybe
=> 15 bad-value: {verdict: denied, arguments: {title: x}}
=> 16 bad-value: {verdict: granted, reason: x}
=> 17 bad-value: {verdict: always, reason: x}
=> 18 wrong-type: {say: x}
""",
    "names of tests that are none": """
file: bot.yaml
tests:
  "": {turns: [{user: x}]}
  "\\t ": {turns: [{user: x}]}
  t: {turns: [{user: x}], cases: {"": {}, " ": {}}}
=> 4 bad-value: ""
=> 5 bad-value: "\\t "
=> 6 bad-value: ""
=> 6 bad-value: " "
""",
    "names that are one where tests are run": """
file: bot.yaml
tests:
  a b: {turns: [{user: x}]}
  a  b: {turns: [{user: x}]}
  "a\\nb ": {turns: [{user: x}]}
  c:d: {turns: [{user: x}]}
  c:::d: {turns: [{user: x}]}
  t: {turns: [{user: x}], cases: {French: {}, x y: {}, x  y: {}}}
  t[French]: {turns: [{user: x}]}
  t[Greek]: {turns: [{user: x}]}
=> 5 bad-value: a  b
=> 6 bad-value: "a\\nb "
=> 8 bad-value: c:::d
=> 9 bad-value: x  y
=> 10 bad-value: t[French]
""",
    "expectations": """
file: bot.yaml
tests:
  t:
    turns:
      - user: x
        expect:
          reply: {matches: "("}
          variables: {paid: {}, shop: {any: false}}
          calls: [look: {title: {any: false}}, 3]
          status: fine
          model_calls: -1
          handoffs: 1.5
          tool_calls: {at_most: x}
          includes: [~, call: , look: [x]]
      - {user: x, expect: {handoffs: {}}}
=> 8 bad-value: "("
=> 9 bad-value: {}
=> 9 bad-value: false
=> 10 bad-value: look: {title: {any: false}}
=> 10 wrong-type: 3
=> 11 bad-value: fine
=> 12 bad-value: -1
=> 13 wrong-type: 1.5
=> 14 wrong-type: x
=> 15 wrong-type: ~
=> 15 wrong-type: call
=> 15 unknown-key: look
=> 15 missing-key: look: [x]
=> 16 bad-value: {}
""",
    "values that are none": """
file: bot.yaml
tests:
  t:
    turns:
      - {user: ~, variables: {paid: .inf}}
      - {user: x, expect: {calls: [look: {title: .nan}]}}
=> 6 wrong-type: user
=> 6 bad-value: .inf
=> 7 bad-value: look: {title: .nan}
""",
    "stubbed and real": """
file: bot.yaml
tests:
  t:
    turns: [{user: x}]
    tools: {look: {result: x}}
    real: [look]
=> 7 bad-value: look
""",
}


@pytest.mark.parametrize("name", SHAPE)
def test_group_26_and_27_every_fault_is_told_at_its_place(name: str) -> None:
    text, *expected = re.split(r"^=> ", SHAPE[name], flags=re.MULTILINE)
    assert told(text) == [each.rstrip("\n") for each in expected]


REPLY = "a text that the model says, or a mapping with 'say', 'call', 'calls' or 'fails'"
EXPECTED_CALL = "the name of a tool, a mapping of that name to arguments, or a mapping with 'call'"
MESSAGES = {
    "model: [3]": (
        f"entry 1 of 'model' must be {REPLY}, not the number 3",
        None,
    ),
    "model: many": (
        "'model' is no way to play a model",
        "write a list of replies, {replay: FILE}, or live",
    ),
    "model: {say: x}": ("'model' must be a list of replies, {replay: FILE}, or live, not a mapping", None),
    "approvals: [{verdict: denied, arguments: {title: x}}]": (
        "entry 1 of 'approvals' denies a call, and gives it arguments",
        "leave the arguments out, or write granted",
    ),
    "approvals: [{verdict: granted, reason: x}]": (
        "entry 1 of 'approvals' allows a call, and says why not",
        "leave the reason out, or write denied",
    ),
    "expect: {handoffs: -1}": ("'handoffs' must be at least 0", None),
    "expect: {handoffs: {equals: -1}}": ("'equals' must be at least 0", None),
    "expect: {model_calls: many}": (
        "'model_calls' must be a whole number, or a mapping such as {at_most: 4}, not text",
        None,
    ),
    "expect: {instructions: {}}": (
        "'instructions' says nothing",
        "write the value itself, or equals:, contains:, matches:, any:, absent:, at_most: or at_least:",
    ),
    "expect: {calls: [~]}": (
        f"entry 1 of 'calls' must be {EXPECTED_CALL}, not nothing",
        None,
    ),
}


@pytest.mark.parametrize("turn", MESSAGES)
def test_group_26_and_27_what_is_wrong_is_told_in_words_for_those_who_wrote_it(turn: str) -> None:
    _, found = read_suite(Source.parse("bot.test.yaml", file_of(f"- user: x\n  {turn}")), Path("bot.test.yaml"))
    assert [(each.message, each.hint) for each in found] == [MESSAGES[turn]]


def test_two_tests_of_one_name_are_told_with_both_places() -> None:
    text = "file: bot.yaml\ntests:\n  a::b: {turns: [{user: x}]}\n  a:b: {turns: [{user: y}]}\n"
    _, [found] = read_suite(Source.parse("bot.test.yaml", text), Path("bot.test.yaml"))
    assert (found.span.line, found.related[0].span.line) == (4, 3)
    assert found.message == "this is 'a:b' where tests are run, and another one is, too"
    assert found.hint == "give it another name: several blanks are one there, as are several colons"


# ---- templates, times and files


def test_group_30_templates_are_checked_where_they_stand() -> None:
    turn = """
- user: "{{ x"
  model: ["{% if %}", {call: look, with: {title: "{{ usr }}"}}]
  answers: ["{{ 1 + }}"]
  expect:
    reply: {contains: "{{ n }} {{ nn }}", matches: "{{ a regular expression"}
    calls: [look: {title: "{{ }}"}]
"""
    assert [each.split(":")[0] for each in told(file_of(turn))] == [
        "5 template-syntax",
        "6 template-syntax",
        "7 template-syntax",
        "10 template-syntax",
    ]


def test_group_30_a_name_that_nothing_gives_a_value_is_told() -> None:
    turn = """
- user: "{{ n }} {{ shop }} {{ m }}"
  model:
    - |
      {{ result }} {{ results.look }} {{ user }}
        {{ reslt }} {{ range(3) }}
    - {call: look, with: {title: ["{{ arguments }}"]}}
"""
    more = 'cases: {one: {n: 1}, two: {n: 2}}\ntools: {look: {result: "{{ arguments.title }} {{ n }} {{ k }}"}}'
    assert told(file_of(turn, more)) == [
        "5 undefined-variable: m",
        "9 undefined-variable: reslt",
        "10 undefined-variable: arguments",
        "12 undefined-variable: k",
    ]


def test_times_are_times() -> None:
    text = 'file: bot.yaml\nnow: soon\ntests: {t: {now: "2026-02-30", turns: [{user: x}]}}'
    assert told(text) == ["2 bad-value: soon", '3 bad-value: "2026-02-30"']


def test_group_28_files_are_there_and_inside_the_project(folder: Path) -> None:
    (folder.parent / "outside.yaml").touch()
    turns = "turns: [{user: x, model: {replay: none.jsonl}}, {user: x, model: {replay: office.py}}]"
    assert told(f"file: bto.yaml\ntests: {{t: {{{turns}}}}}") == [
        "1 missing-file: bto.yaml",
        "2 missing-file: none.jsonl",
        "2 bad-value: office.py",
    ]
    assert told("file: ../outside.yaml\ntests: {t: {turns: [{user: x}]}}") == [
        "1 path-outside-project: ../outside.yaml"
    ]
    assert told("file: .\ntests: {t: {turns: [{user: x}]}}") == ["1 missing-file: ."]
    Path("loop.yaml").symlink_to("loop.yaml")
    assert told("file: loop.yaml\ntests: {t: {turns: [{user: x}]}}") == ["1 missing-file: loop.yaml"]


@pytest.mark.parametrize("absolute", [True, False])
def test_group_28_a_recording_that_can_not_be_replayed_is_called_as_the_test_file_is(
    folder: Path, absolute: bool
) -> None:
    (folder / "talk.jsonl").write_text("nothing\n")
    (folder / "tests").mkdir()
    path = Path("tests", "bot.test.yaml")
    text = "file: ../bot.yaml\ntests: {t: {turns: [{user: x, model: {replay: ../tests/../talk.jsonl}}]}}"
    path.write_text(text)
    given = path.resolve() if absolute else path
    _, [found] = read_suite(Source.parse(str(given), text), given)
    name = folder / "talk.jsonl" if absolute else "talk.jsonl"
    assert found.message.startswith(f"this can't be replayed: {name}:1")


# ---- names


NAMES = """
file: bot.yaml
variables: {shopp: x}
real: [lok]
tools: {looks: {handoff: c, variables: {zz: 1}}}
tests:
  t:
    agent: d
    tools: {look: [{variables: {yy: 1}}, {handoff: e}]}
    variables: {v: 1}
    turns:
      - user: hi
        agent: f
        variables: {w: 1}
        model: [{say: x, agent: g}, {call: invented}]
        approvals: [{verdict: granted, tool: h}]
        expect:
          agents: [a, i]
          agent: j
          calls: [invented, k, {look: {title: x}}]
          includes: [l: {m: 1}]
          excludes: [n]
          variables: {o: 1}
    expect: {agents: [b, p]}
"""


@pytest.mark.parametrize("imports", [True, False])
def test_names_that_the_agents_do_not_know_are_told(imports: bool) -> None:
    assert told(NAMES, imports=imports) == [
        "3 undefined-variable: shopp",
        "4 function-not-found: lok",
        "5 function-not-found: looks",
        "5 unknown-agent: c",
        "5 undefined-variable: zz",
        "8 unknown-agent: d",
        "9 undefined-variable: yy",
        "9 unknown-agent: e",
        "10 undefined-variable: v",
        "13 unknown-agent: f",
        "14 undefined-variable: w",
        "15 unknown-agent: g",
        "15 function-not-found: invented",
        "16 function-not-found: h",
        "18 unknown-agent: i",
        "19 unknown-agent: j",
        "20 function-not-found: k",
        "21 function-not-found: l: {m: 1}",
        "22 function-not-found: n",
        "23 undefined-variable: o",
        "24 unknown-agent: p",
    ]


CALLS = """
- user: x
  model:
    - lok
    - call: lok
    - {call: look, with: {title: x, titel: y}}
    - calls: [lok, {call: look, with: {ttle: x}}, transfer_to_bb]
    - {call: transfer_to_b, with: {reason: x}}
"""


@pytest.mark.parametrize("imports", [True, False])
def test_calls_of_the_model_that_no_agent_can_make_are_warnings(imports: bool) -> None:
    Path("bot.test.yaml").write_text(file_of(CALLS))
    found = survey([Path("bot.test.yaml")], imports=imports).diagnostics
    assert {each.severity for each in found} == {Severity.WARNING}
    assert [(each.span.line, each.code, each.message, each.hint) for each in found] == [
        (8, "function-not-found", "no agent has a tool or a handoff named 'lok'", "did you mean 'look'?"),
        (9, "unknown-key", "'look' has no argument 'titel'", "did you mean 'title'?"),
        (10, "function-not-found", "no agent has a tool or a handoff named 'lok'", "did you mean 'look'?"),
        (10, "unknown-key", "'look' has no argument 'ttle'", "did you mean 'title'?"),
        (
            10,
            "function-not-found",
            "no agent has a tool or a handoff named 'transfer_to_bb'",
            "did you mean 'transfer_to_b'?",
        ),
    ]


def warned(text: str) -> list[tuple[int, str, str | None]]:
    """The lines and messages of what ``validate`` warns of in a test file, with the hints."""
    Path("bot.test.yaml").write_text(text)
    found = survey([Path("bot.test.yaml")]).diagnostics
    assert {each.severity for each in found} <= {Severity.WARNING}, found
    return [(each.span.line, each.message, each.hint) for each in found]


EXPECTED = """
- user: x
  model: [{call: look, with: {title: x}}, y]
  expect:
    calls:
      - {look: {titel: {absent: true}}}
    includes:
      - {call: look, with: {title: x, ttle: {absent: true}}, error: false}
"""


def test_group_26_expected_arguments_that_a_tool_does_not_have_are_warnings() -> None:
    hint = "did you mean 'title'?"
    assert warned(file_of(EXPECTED, "expect: {includes: [look: {titl: {absent: true}}]}")) == [
        (9, "'look' has no argument 'titel'", hint),
        (11, "'look' has no argument 'ttle'", hint),
        (12, "'look' has no argument 'titl'", hint),
    ]
    played = "- user: x\n  model: [{call: look, with: {titel: x}}]\n"
    assert warned(file_of(played + "  expect: {calls: [{call: look, with: {titel: x}, error: true}]}")) == []


def test_group_34_arguments_of_an_approval_that_no_tool_has_are_warnings() -> None:
    verdicts = "[{verdict: granted, tool: look, arguments: {titel: x}}, {verdict: always, arguments: {ttle: y}}]"
    assert warned(file_of(f"- user: x\n  approvals: {verdicts}")) == [
        (6, "'look' has no argument 'titel'", "did you mean 'title'?"),
        (6, "no tool has an argument 'ttle'", "did you mean 'title'?"),
    ]
    assert warned(file_of("- {user: x, approvals: [{verdict: granted, arguments: {title: x}}]}")) == []


@pytest.mark.parametrize("key", ["calls", "includes", "excludes"])
@pytest.mark.parametrize("model", ["[]", "[call: transfer_to_b]"])
def test_group_05_a_handoff_among_expected_calls_is_told_as_one(key: str, model: str) -> None:
    Path("bot.test.yaml").write_text(file_of(f"- user: x\n  model: {model}\n  expect: {{{key}: [transfer_to_b]}}"))
    [found] = survey([Path("bot.test.yaml")]).diagnostics
    assert found.message == "'transfer_to_b' is a handoff, and these are calls of tools"
    assert found.hint == "expect a handoff by agents: or handoffs:"


def test_group_26_a_mapping_that_looks_like_a_misspelt_matcher_is_a_warning() -> None:
    expected = "[look: {title: {contians: x}}, look: {title: [{at_least: 1, at_mots: 2}]}]"
    message = "{} is no matcher, so this must be equal to a mapping that has it"
    assert warned(file_of(f"- {{user: x, expect: {{calls: {expected}}}}}")) == [
        (5, message.format("'contians'"), "did you mean 'contains'?"),
        (5, message.format("'at_mots'"), "did you mean 'at_most'?"),
    ]
    plain = "[look: {title: {match: x}}, look: {title: {city: {contians: x}, contians: x}}]"
    played = "[{call: look, with: {title: {match: x, contians: {}}}}]"
    assert warned(file_of(f"- {{user: x, model: {played}, expect: {{calls: {plain}}}}}")) == []


@pytest.mark.parametrize("where", ["turn", "test"])
@pytest.mark.parametrize("key", ["calls", "includes"])
@pytest.mark.parametrize("end", ["error: true", "result: {contains: no tool}"])
def test_a_test_may_be_about_a_model_that_errs(where: str, key: str, end: str) -> None:
    expect = f"expect: {{{key}: [{{call: lok, {end}}}, {{call: look, {end}}}]}}"
    turn = "- user: x\n  model: [call: lok, {call: look, with: {titel: x}}]"
    assert told(file_of(f"{turn}\n  {expect}") if where == "turn" else file_of(turn, expect)) == []
    assert told(file_of(turn, "expect: {calls: [lok, look]}")) == ["6 function-not-found: lok", "6 unknown-key: titel"]


def test_a_comment_silences_a_call_that_is_meant() -> None:
    turn = "- user: x\n  model:\n    - call: lok   # orchestrate: ignore[function-not-found]"
    assert told(file_of(turn)) == []


@pytest.mark.parametrize("lost", ["tools: [3]", "tools: [office:lok]", "handoffs: [3]"])
def test_where_tools_or_handoffs_can_not_be_read_no_call_is_called_unknown(lost: str) -> None:
    key = lost.split(":")[0]
    Path("bot.yaml").write_text(re.sub(rf"    {key}: .*", f"    {lost}", BOT))
    Path("bot.test.yaml").write_text(file_of("- {user: x, model: [call: lok, call: transfer_to_c]}"))
    found = survey([Path("bot.test.yaml")]).diagnostics
    assert {each.span.path for each in found} == {"bot.yaml"}


def test_where_agents_can_not_be_read_no_name_is_called_unknown() -> None:
    Path("bot.yaml").write_text("agents: [\n")
    found = told(file_of("- {user: x, agent: nobody}"))
    assert [each.split(":")[0] for each in found] == ["2 syntax"]


# ---- validate


def test_a_test_file_brings_its_agents_and_each_is_judged_once() -> None:
    Path("bot.test.yaml").write_text(file_of("- user: x"))
    for given in (["bot.test.yaml"], ["."], ["bot.test.yaml", "bot.yaml"]):
        found = survey([Path(each) for each in given])
        assert sorted(found.files) == ["bot.test.yaml", "bot.yaml"]
        assert found.diagnostics == ()


def test_group_37_tests_of_a_root_know_what_its_parts_declare(folder: Path) -> None:
    Path("parts").mkdir()
    Path("parts/c.yaml").write_text(
        "agents: {c: {model: m, description: d, instructions: x, handoffs: [{to: a, when: w}]}}\n"
    )
    Path("bot.yaml").write_text(
        "include: [parts/*.yaml]\n" + BOT.replace("when: w}]", "when: w}, {to: c, when: w}]", 1)
    )
    assert told(file_of("- {user: x, agent: c}")) == []


# ---- cases


def test_a_test_with_cases_is_one_test_for_each() -> None:
    read = suite(
        "file: bot.yaml\ntests: {t: {cases: {one: {n: 1}, two: {}}, turns: [{user: x}]}, u: {turns: [{user: y}]}}"
    )
    assert [(case.name, dict(case.values)) for case in cases_of(read)] == [
        ("t[one]", {"n": 1}),
        ("t[two]", {}),
        ("u", {}),
    ]
    assert read.agents == Path("bot.yaml").resolve()


# ---- whatever stands in a file


VALUES = ("~", "[]", "{}", "3", "x", "'{{ x }}'", "{a: 1}", "true", "-1", "[[1]]", "{any: no}", "{at_most: x}", "live")


@pytest.mark.parametrize("path", sorted((ROOT / "agents").glob("*.test.yaml")), ids=lambda path: path.name)
def test_group_26_no_change_of_a_file_makes_reading_or_running_it_fail(path: Path) -> None:
    chance = random.Random(path.name)
    loaded = load(path.with_name(path.name.replace(".test", "")))
    lines = path.read_text(encoding="utf-8").split("\n")
    keys = [number for number, line in enumerate(lines) if ":" in line and not line.lstrip().startswith("#")]
    for _ in range(60):
        changed = list(lines)
        for number in chance.sample(keys, 2):
            changed[number] = f"{lines[number].split(':')[0]}: {chance.choice(VALUES)}"
        source = Source.parse(path.name, "\n".join(changed))
        read, found = read_suite(source, path)
        assert read is not None or found
        for case in cases_of(read) if read else ():
            with suppress(NeedsModel):
                outcome = asyncio.run(run_case(case, loaded))
                assert failed(outcome, {path.name: source.text}) or not outcome.events
