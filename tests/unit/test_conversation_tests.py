"""Conversation tests: what holds, what does not, what is shown of it, and that a test touches nothing."""

import asyncio
import re
import time
from datetime import datetime
from functools import cache
from pathlib import Path
from textwrap import indent

import click
import pytest

from orchestrator.cassette import Header
from orchestrator.clients.cassettes import RecordingClient
from orchestrator.loader import Loaded, load
from orchestrator.runner import Runner
from orchestrator.source import Source
from orchestrator.spec.suite import ExpectSpec, MatcherSpec
from orchestrator.testing.outcome import Outcome
from orchestrator.testing.reading import cases_of, read_suite
from orchestrator.testing.report import failed
from orchestrator.testing.running import NeedsModel, run_case
from tests.support.fakes import FakeModel, say
from tests.support.generate import ROOT

FOLDER = ROOT / "tests" / "examples" / "conversations"


@cache
def shop() -> Loaded:
    return load(FOLDER / "bot.yaml")


def outcomes(text: str) -> list[Outcome]:
    """What came of all tests in a file."""
    suite, found = read_suite(Source.parse("bot.test.yaml", text), FOLDER / "bot.test.yaml")
    assert suite is not None, found

    async def run() -> list[Outcome]:
        return [await run_case(case, shop()) for case in cases_of(suite)]

    return asyncio.run(run())


def had(text: str) -> str:
    """What people see of the test in a file, which fails."""
    [outcome] = outcomes(text)
    return failed(outcome, {"bot.test.yaml": text})


def holds(text: str) -> Outcome:
    """The outcome of the only test in a file, which passes."""
    [outcome] = outcomes(text)
    assert outcome.failures == (), failed(outcome, {"bot.test.yaml": text})
    return outcome


def broken(text: str) -> list[str]:
    """What is wrong with the only test in a file, a message each."""
    [outcome] = outcomes(text)
    return [f"{failure.expectation}: {failure.message}" for failure in outcome.failures]


def of(turns: str, more: str = "") -> str:
    """A file with one test."""
    return f"file: bot.yaml\ntests:\n  it works:\n    turns:\n{indent(turns, '      ')}\n{indent(more, '    ')}\n"


def written(name: str) -> list[tuple[str, str, str]]:
    """The examples in a document: their title, the test file, and what is shown."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    return re.findall(r"^## ([^\n]+)\n\n```yaml\n(.+?)```\n\n```text\n(.+?)\n```$", text, re.MULTILINE | re.DOTALL)


# ---- what is shown of a test that fails


@pytest.mark.parametrize(("text", "shown"), [pytest.param(*rest, id=title) for title, *rest in written("failing.md")])
def test_all_that_people_see_of_a_test_that_fails(text: str, shown: str) -> None:
    assert had(text) == shown


def test_every_kind_of_expectation_fails_in_an_example() -> None:
    shown = "\n".join(each[2] for each in written("failing.md"))
    for key in ExpectSpec.model_fields:
        assert re.search(rf": (turn \d|conversation): {key}\b", shown), key
    for key in MatcherSpec.model_fields:
        assert f"{key}: " in "\n".join(each[1] for each in written("failing.md")), key


def test_colors_change_nothing_but_the_looks() -> None:
    for _, text, shown in written("failing.md"):
        [outcome] = outcomes(text)
        colored = failed(outcome, {"bot.test.yaml": text}, color=True)
        assert click.unstyle(colored) == shown
        assert "\x1b[31m" in colored


def test_what_models_and_tools_say_can_not_steer_a_terminal() -> None:
    [outcome] = outcomes(of('- {user: "a\\e[2Jb", model: ["x\\e]0;y"], expect: {reply: "\\e[1mz"}}'))
    assert "\x1b" not in failed(outcome, {})


def test_a_long_conversation_is_cut_to_its_end() -> None:
    lines = "\n".join(f"  line {number}" for number in range(50))
    turns = "\n".join(f"- user: turn {number}\n  model:\n    - |\n{indent(lines, '    ')}" for number in range(12))
    [outcome] = outcomes(of(turns, "expect: {model_calls: 1}"))
    shown = failed(outcome, {}, width=40).splitlines()
    assert len(shown) < 70
    assert max(map(len, shown[3:])) <= 40
    assert "  you: turn 11" in shown
    assert "  you: turn 1" not in shown


# ---- what holds


ALL = """
- user: A book about {{ topic }}, please
  agent: desk
  variables: {shop: "The {{ topic }} Lantern", basket: ["{{ number }}"]}
  model:
    - {say: Let me see., call: transfer_to_books, agent: desk}
    - calls: [{call: look, with: {title: "{{ topic }}", shelf: "{{ number }}"}}, {call: look, with: {title: Emma}}]
      agent: books
    - "{{ results.look }}. {{ result }}!"
  expect:
    agents: [desk, books]
    agent: books
    calls: [{look: {title: "{{ topic }}", shelf: {at_least: 3, at_most: 3}}}, look]
    includes: [{call: look, with: {title: Emma}, result: {matches: "^Emma .* [0-9]{1}$"}, error: false}]
    excludes: [pay, who]
    reply: {contains: "EMMA IS ON SHELF 1!", matches: "^Emma"}
    instructions: You sell books.
    variables:
      shop: The ponds Lantern
      paid: false
      basket: {equals: [3], contains: 3}
      note: {absent: true}
    status: answered
    model_calls: 3
    handoffs: {equals: 1}
    tool_calls: {at_least: 2, at_most: 2}
- user: Thanks
  model: [You are welcome.]
"""


def test_all_that_can_be_expected_holds() -> None:
    text = of(ALL, "cases: {one: {topic: ponds, number: 3}}\nexpect: {agents: [desk, books], model_calls: 4}")
    outcome = holds(text)
    assert outcome.case.name == "it works[one]"
    assert set(outcome.held) == {
        *(f"turn 1: {key}" for key in ExpectSpec.model_fields if key != "variables"),
        *(f"turn 1: variables.{name}" for name in ("shop", "paid", "basket", "note")),
        "conversation: agents",
        "conversation: model_calls",
    }
    assert outcome.seconds > 0
    assert [event.type for event in outcome.events].count("run_started") == 2


def test_each_case_is_a_test_of_its_own_with_its_own_stubs() -> None:
    text = of(
        "- user: x\n  model: [{call: wrap, with: {title: '{{ title }}'}}, '{{ result }}']\n"
        "  expect: {reply: '{{ told }}'}",
        "cases: {a: {title: A, told: A in paper}, b: {title: B, told: B in paper}, c: {title: C, told: other}}\n"
        "tools: {wrap: [{result: '{{ arguments.title }} in paper'}, {error: only one}]}",
    )
    assert [(each.case.name, len(each.failures)) for each in outcomes(text)] == [
        ("it works[a]", 0),
        ("it works[b]", 0),
        ("it works[c]", 1),
    ]


def test_a_failed_expectation_does_not_keep_later_turns_from_being_judged() -> None:
    turns = "- {user: a, model: [b], expect: {reply: c}}\n- {user: d, model: [e], expect: {reply: f, status: answered}}"
    text = of(turns, "expect: {model_calls: 2}")
    assert broken(text) == ["turn 1: reply: the reply is 'b', not 'c'", "turn 2: reply: the reply is 'e', not 'f'"]
    assert outcomes(text)[0].held == ("turn 2: status", "conversation: model_calls")


# ---- nothing real happens


def test_group_35_a_test_sees_nothing_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", "from outside")
    (tmp_path / "bot.yaml").write_text(
        "variables: {shop: {default: by default, env: SHOP}}\n"
        "agents: {a: {model: m, instructions: '{{ shop }} {{ now.isoformat()[:16] }}'}}\n"
    )
    turn = "{user: x, model: [y], expect: {instructions: %s}}"
    text = f"file: bot.yaml\nnow: 2031-02-03T04:05\ntests: {{t: {{turns: [{turn}]}}}}"
    [outcome] = run_in(tmp_path, text % "by default 2031-02-03T04:05")
    assert outcome.failures == ()
    [outcome] = run_in(tmp_path, (text % "by default 2026-01-01T12:00").replace("now: 2031-02-03T04:05\n", ""))
    assert outcome.failures == ()


def run_in(folder: Path, text: str) -> list[Outcome]:
    """The outcomes of a test file in a folder."""
    suite, found = read_suite(Source.parse("bot.test.yaml", text), folder / "bot.test.yaml")
    assert suite is not None, found
    loaded = load(suite.agents)

    async def run() -> list[Outcome]:
        return [await run_case(case, loaded) for case in cases_of(suite)]

    return asyncio.run(run())


def test_a_tool_that_may_change_something_runs_only_when_it_is_listed_as_real() -> None:
    turn = "- user: x\n  model: [{call: wrap, with: {title: Emma}}, Done.]\n"
    assert broken(of(turn)) == [
        "turn 1: model: wrap may change something (effects: once): stub it under tools:, or list it under real:"
    ]
    expected = turn + "  expect: {calls: [{call: wrap, error: true, result: {contains: a book has been wrapped}}]}"
    holds(of(expected, "real: [wrap]"))


def test_a_stub_is_guarded_and_checked_as_its_tool_is() -> None:
    stub = "tools: {pay: {result: {paid: '{{ arguments.amount }}', by: '{{ shop }}'}, variables: {paid: true}}}"
    turn = """
- user: I pay
  model:
    - {call: pay, with: {amount: much}}
    - {call: pay, with: {amount: 3}}
    - "{{ result }}"
  approvals: [{verdict: granted, arguments: {amount: 5}}]
  expect:
    calls:
      - {call: pay, with: {amount: much}, error: true}
      - {call: pay, with: {amount: 5}, error: false}
    reply: {contains: '{"paid": 5, "by": "The Paper Lantern"}'}
    variables: {paid: true}
"""
    holds(of(turn, stub))


def test_a_stub_fails_hands_off_and_ends() -> None:
    turn = """
- user: x
  model: [{call: look, with: {title: a}}, {call: look, with: {title: a}}, "{{ user }}"]
  expect: {agents: [desk, books], calls: [{call: look, result: "Error: no paper", error: true}, look]}
- user: y
  model: [{call: look, with: {title: b}}]
  expect: {status: ended, reply: bye}
"""
    holds(of(turn, "tools: {look: [{error: no paper}, {handoff: books}, {end: true, result: bye}]}"))


def test_one_stub_serves_every_call_and_a_list_of_one_serves_one() -> None:
    turn = "- {user: x, model: [{call: look, with: {title: a}}, {call: look, with: {title: b}}, y]}"
    stub = "{result: '{{ arguments.title }}'}"
    holds(of(turn, f"tools: {{look: {stub}}}"))
    assert broken(of(turn, f"tools: {{look: [{stub}]}}")) == [
        "tools.look: look is called once more than the one time that it is stubbed for"
    ]


def test_stubs_of_a_test_come_before_those_of_the_file() -> None:
    turns = "- {user: x, model: [{call: wrap, with: {title: a}}, '{{ result }}'], expect: {reply: %s}}"
    text = "tools: {wrap: {result: of the file}}\n" + of(turns % "of the test", "tools: {wrap: {result: of the test}}")
    holds(text)
    holds("tools: {wrap: {result: of the file}}\n" + of(turns % "of the file"))


# ---- the person


def test_group_34_verdicts_are_given_in_order_and_always_settles_the_rest() -> None:
    turn = """
- user: x
  model:
    - calls: [{call: pay, with: {amount: 1}}, {call: pay, with: {amount: 2}}]
    - {call: pay, with: {amount: 3}}
    - done
  approvals: [{verdict: denied, reason: too much, tool: pay}, always]
  expect:
    calls:
      - {call: pay, error: true, result: {contains: too much}}
      - {call: pay, with: {amount: 2}, error: false}
      - {call: pay, with: {amount: 3}, error: false}
"""
    holds(of(turn, "tools: {pay: {result: paid}}"))


def test_a_person_who_leaves_makes_the_turn_wait() -> None:
    turns = """
- user: x
  model: [{call: who}, {call: pay, with: {amount: 1}}]
  answers: [Ada]
  expect: {status: waiting, calls: [{call: who, result: the customer is Ada}, {call: pay, result: {absent: true}}]}
- user: y
  model: [z]
"""
    holds(of(turns, "tools: {pay: {result: paid}}"))


# ---- the model


def test_a_model_that_fails_gives_the_word_to_its_fallback(tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text(
        "models: {one: {model: m, fallback: [two]}, two: {model: n}}\nagents: {a: {model: one, instructions: x}}\n"
    )
    text = "file: bot.yaml\ntests: {t: {turns: [{user: x, model: [{fails: down}, hello], expect: {reply: hello}}]}}"
    [outcome] = run_in(tmp_path, text)
    assert outcome.failures == ()


def test_group_13_a_request_that_is_too_long_ends_the_turn_so() -> None:
    holds(of("- {user: x, model: [fails: context_length], expect: {status: context_length}}"))
    holds(of("- {user: x, model: [fails: overloaded], expect: {status: failed}}"))


def test_that_an_empty_reply_is_asked_for_again_is_told() -> None:
    [message] = broken(of('- {user: x, model: [""], expect: {status: empty}}'))
    assert message.endswith("no further reply: the last one was empty, and then the model is asked once more")
    holds(of('- {user: x, model: ["", ""], expect: {status: empty}}'))


@pytest.mark.parametrize("value", ["1", "2.5", "true", "[1, a]", "{a: 1}", "null", "'1'", "a b"])
@pytest.mark.parametrize("key", ["equals", "contains"])
def test_a_reply_is_compared_as_the_text_that_it_is(key: str, value: str) -> None:
    turn = f"- {{user: x, model: ['{{{{ v }}}}'], expect: {{reply: {{{key}: '{{{{ v }}}}'}}}}}}"
    [outcome] = outcomes(of(turn, f"cases: {{one: {{v: {value}}}}}"))
    assert outcome.failures == ()


def test_a_number_that_a_reply_must_be_is_its_text() -> None:
    holds(of("- {user: x, model: ['42'], expect: {reply: {equals: 42}}}"))
    assert broken(of("- {user: x, model: ['42'], expect: {reply: {equals: 43}}}")) == [
        "turn 1: reply: the reply is '42', not '43'"
    ]


def test_a_live_test_needs_a_model_and_takes_it() -> None:
    text = of("- {user: x, model: live, expect: {reply: from the client}}\n- {user: y, model: [not asked for]}")
    suite, _ = read_suite(Source.parse("bot.test.yaml", text), FOLDER / "bot.test.yaml")
    assert suite is not None
    [case] = cases_of(suite)
    with pytest.raises(NeedsModel, match="--live"):
        asyncio.run(run_case(case, shop()))
    outcome = asyncio.run(run_case(case, shop(), client=FakeModel([say("from the client"), say("again")])))
    assert outcome.failures == ()
    assert outcome.held == ("turn 1: reply",)


def test_a_recording_is_played_and_what_it_lacks_is_told(tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text("agents: {a: {model: m, instructions: 'It is {{ now.year }}.'}}\n")
    header = Header(now="2030-01-01T00:00")
    client = RecordingClient(FakeModel([say("one")]), tmp_path / "talk.jsonl", header=header)
    graph = load(tmp_path / "bot.yaml").unwrap()
    asyncio.run(Runner(graph, client).run("first", now=datetime.fromisoformat("2030-01-01T00:00")))
    text = "file: bot.yaml\ntests: {t: {turns: [{user: %s, model: {replay: talk.jsonl}, expect: {reply: one}}]}}"
    [outcome] = run_in(tmp_path, text % "first")
    assert outcome.failures == ()
    [outcome] = run_in(tmp_path, text % "second")
    [failure] = outcome.failures
    assert (failure.expectation, failure.span.line, failure.span.column) == ("turn 1: model", 2, 52)
    assert "has no reply to this request" in failure.message


def test_a_recording_is_called_by_the_path_from_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bot.yaml").write_text("agents: {a: {model: m, instructions: x}}\n")
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "tests").mkdir()
    client = RecordingClient(FakeModel([say("one")]), tmp_path / "talk.jsonl")
    asyncio.run(Runner(load(tmp_path / "bot.yaml").unwrap(), client).run("first"))
    monkeypatch.chdir(tmp_path)
    replayed = "model: {replay: ../tests/../talk.jsonl}"
    text = f"file: ../bot.yaml\ntests: {{t: {{turns: [{{user: second, {replayed}}}]}}}}"
    [outcome] = run_in(tmp_path / "tests", text)
    [failure] = outcome.failures
    assert failure.message.startswith("model 'm': the cassette talk.jsonl has no reply to this request.")


def test_a_test_that_never_ends_fails(tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text("agents: {a: {model: m, instructions: x, tools: ['slow:wait']}}\n")
    (tmp_path / "slow.py").write_text(
        "import asyncio\nfrom orchestrator.tools import tool\n\n"
        '@tool(effects="read")\nasync def wait() -> None:\n    """Wait."""\n    await asyncio.sleep(1000)\n'
    )
    text = "file: bot.yaml\ntests: {t: {turns: [{user: x, model: [{call: wait}, y]}]}}"
    suite, _ = read_suite(Source.parse("bot.test.yaml", text), tmp_path / "bot.test.yaml")
    assert suite is not None
    [case] = cases_of(suite)

    async def run() -> Outcome:
        outcome = await run_case(case, load(suite.agents), seconds=0.2)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return outcome

    outcome = asyncio.run(run())
    assert [failure.message for failure in outcome.failures] == ["the conversation was not over after 0.2 s"]


def test_a_variable_without_a_default_must_be_given(tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text(
        "variables: {id: {type: string}}\nagents: {a: {model: m, instructions: '{{ id }}'}}\n"
    )
    [outcome] = run_in(tmp_path, "file: bot.yaml\ntests: {t: {turns: [{user: x, model: [y]}]}}")
    assert [failure.message for failure in outcome.failures] == [
        "variable 'id' has no default: give it a value under variables:"
    ]


# ---- variables


def test_what_is_said_first_is_made_from_the_variables_that_the_conversation_begins_with() -> None:
    test = """
variables: {note: of the file}
file: bot.yaml
tests:
  it works:
    cases: {one: {topic: ponds}}
    variables: {note: "{{ note }} and the test"}
    turns:
      - user: "{{ shop }}, {{ topic }}, {{ note }}"
        variables: {note: "{{ note }} and the turn"}
        model: ["{{ user }}"]
        expect: {reply: "The Paper Lantern, ponds, of the file and the test and the turn"}
      - user: "{{ shop }} by {{ note }}"
        variables: {shop: "{{ shop }} at night", note: "{{ result | default('nobody') }}"}
        model: ["{{ user }}"]
        expect: {reply: The Paper Lantern at night by nobody, variables: {shop: The Paper Lantern at night}}
"""
    holds(test)


def test_the_names_of_a_case_come_before_variables() -> None:
    turn = "- {user: '{{ shop }}', model: ['{{ user }} of {{ shop }}'], expect: {reply: Mine of Mine}}"
    holds(of(turn, "cases: {one: {shop: Mine}}"))


def test_variables_are_made_from_what_is_said_where_that_is_not_made_from_them() -> None:
    holds(
        of("- {user: Good day, variables: {note: '{{ user }}!'}, model: [x], expect: {variables: {note: Good day!}}}")
    )
    circle = "- {user: '{{ note }}', variables: {note: '{{ user }}!'}, model: [x]}"
    assert broken(of(circle)) == ["turn 1: the template can't be rendered: 'user' has no value here"]


def test_group_35_secret_variables_are_for_tools_alone(tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text(
        "variables: {token: {type: string, default: by default, secret: true}}\n"
        "agents: {a: {model: m, instructions: x}}\n"
    )
    text = "file: bot.yaml\ntests: {t: {%sturns: [{user: 'It is {{ token }}', model: [y]}]}}"
    for given in ("", "variables: {token: abc}, "):
        [outcome] = run_in(tmp_path, text % given)
        assert [each.message for each in outcome.failures] == [
            "the template can't be rendered: 'token' has no value here"
        ]


def test_a_variable_that_must_be_given_is_told_before_a_template_misses_it(tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text(
        "variables: {id: {type: string}, note: ''}\nagents: {a: {model: m, instructions: '{{ id }}{{ note }}'}}\n"
    )
    text = "file: bot.yaml\ntests: {t: {variables: {note: '{{ id }}'}, turns: [{user: '{{ id }}', model: [y]}]}}"
    [outcome] = run_in(tmp_path, text)
    assert [failure.message for failure in outcome.failures] == [
        "variable 'id' has no default: give it a value under variables:"
    ]


# ---- what takes long


def test_expressions_that_take_ages_end_at_the_limit_of_the_test() -> None:
    ages = "matches: '^(a|aa)+$'"
    turn = f"- {{user: x, model: [{'a' * 78}b], expect: {{reply: {{{ages}}}}}}}\n"
    suite, _ = read_suite(Source.parse("bot.test.yaml", of(turn * 40)), FOLDER / "bot.test.yaml")
    assert suite is not None
    [case] = cases_of(suite)
    began = time.process_time()
    outcome = asyncio.run(run_case(case, shop(), seconds=1))
    assert time.process_time() - began < 10
    assert outcome.failures[0].message.startswith("the reply takes too long to match: ")
    assert outcome.failures[-1].message == "the conversation was not over after 1 s"


def test_group_21_for_one_turn_and_who_answers_next(tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text(
        "entry: a\nagents:\n  a: {model: m, description: d, instructions: x, handoffs: [{to: b, for_one_turn: true}]}\n"
        "  b: {model: m, description: d, instructions: y}\n"
    )
    turn = "{user: x, model: [{call: transfer_to_b}, hi], expect: {agents: [a, b], agent: a}}"
    [outcome] = run_in(tmp_path, f"file: bot.yaml\ntests: {{t: {{turns: [{turn}, {turn}]}}}}")
    assert outcome.failures == ()


def test_1000_conversations_take_seconds() -> None:
    tests = "".join(
        f"""
  test {number}:
    turns:
      - user: A book about {number}, please
        model:
          - call: transfer_to_books
          - call: look
            with: {{title: "{number}"}}
          - "Here: {{{{ result }}}}"
        expect: {{agents: [desk, books], calls: [{{look: {{title: "{number}"}}}}], reply: {{contains: shelf}}}}
"""
        for number in range(1000)
    )
    text = f"file: bot.yaml\ntools: {{look: {{result: on the shelf}}}}\ntests:{tests}"
    shop()
    began = time.process_time()  # that of this process: the machine may have other things to do
    found = outcomes(text)
    assert time.process_time() - began < 10
    assert [outcome.failures for outcome in found] == [()] * 1000
    assert len(repr(found[0])) < 10_000  # asyncio prints it, whether or not anybody looks at it
