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
    calls: [look, {look: {title: null}}, {call: look, with: {title: {absent: true}}, result: {equals: null}}]
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
        # and
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
        "16 function-not-found: h",
        "18 unknown-agent: i",
        "19 unknown-agent: j",
        "20 function-not-found: k",
        "21 function-not-found: l: {m: 1}",
        "22 function-not-found: n",
        "23 undefined-variable: o",
        "24 unknown-agent: p",
    ]


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
