"""Variables: types, enum, texts from the command line and the environment, and what tools may set. Groups 2 and 35."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from orchestrator.agents import REQUIRED, AgentGraph, Variable
from orchestrator.errors import VariableError
from orchestrator.events import RunStarted, ToolFinished, to_json
from orchestrator.loader import load
from orchestrator.model import Model
from orchestrator.runner import Runner
from orchestrator.runner.variables import values_for
from orchestrator.templates import Instructions
from tests.support.cli import in_process
from tests.support.fakes import FakeModel, Session, call, calls, say

TOOLS = '''
    """Tools that set variables."""

    from typing import Any

    from orchestrator.tools import Result, ToolContext, tool


    def put(name: str, value: Any, context: ToolContext) -> str:
        context.set(name, value)
        return f"{name} is set"


    def put_and_fail(name: str, value: Any, context: ToolContext) -> str:
        context.set(name, value)
        raise ValueError("after all, no")


    def give(name: str, value: Any) -> Result:
        return Result("given", variables={name: value})


    def change(context: ToolContext) -> str:
        context.variables["notes"].append("sneaked in")
        return "changed"


    def use_token(context: ToolContext) -> int:
        return len(context.variables["token"])
'''
FILE = """
    variables:
      name: {type: string, env: OFFICE_NAME}
      count: 1
      plan: {default: basic, enum: [basic, pro]}
      notes: {default: []}
      ratio: {type: number, default: null}
      token: {type: string, env: OFFICE_TOKEN, secret: true}
    agents:
      a:
        model: m
        instructions: "{{ name }} {{ count }} {{ plan }} {{ notes | join('+') }}"
        tools: [tools_of_variables]
"""
TOKEN = "tok-1234567890"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AgentGraph:
    monkeypatch.setenv("OFFICE_NAME", "Ada")
    monkeypatch.setenv("OFFICE_TOKEN", TOKEN)
    (tmp_path / "tools_of_variables.py").write_text(dedent(TOOLS))
    (tmp_path / "bot.yaml").write_text(dedent(FILE))
    return load(tmp_path / "bot.yaml").unwrap()


def using(tool: str, **arguments: Any) -> Any:
    return calls(call(tool, arguments))


# ---- one value


STRING, WHOLE, NUMBER = Variable("v", "string"), Variable("v", "integer"), Variable("v", "number")
FLAG, LIST, OBJECT = Variable("v", "boolean"), Variable("v", "list"), Variable("v", "object")
TEXTS: list[tuple[Variable, str, object]] = [
    (STRING, "", ""),
    (STRING, "42", "42"),
    (STRING, "a=b, 'c'", "a=b, 'c'"),
    (WHOLE, "42", 42),
    (WHOLE, " -7 ", -7),
    (NUMBER, "42", 42),
    (NUMBER, "1e3", 1000.0),
    (NUMBER, "-0.5", -0.5),
    (FLAG, "true", True),
    (FLAG, "false", False),
    (LIST, '["a", 1, null]', ["a", 1, None]),
    (OBJECT, '{"a": {"b": []}}', {"a": {"b": []}}),
    (Variable("v", "integer", None), "null", None),
    (Variable("v", "integer", 1, enum=(1, 2)), "2", 2),
    (Variable("v", "number", 1, enum=(1, 2.5)), "1", 1),
    (Variable("v", "number", 1, enum=(1, 2.5)), "1.0", 1.0),
]
NOTHING: list[tuple[Variable, str]] = [
    *((WHOLE, text) for text in ("", "many", "1.5", "true", "0x10", '"1"', "1 2", "9" * 5000)),
    *((NUMBER, text) for text in ("", "NaN", "Infinity", "-Infinity", "1,5", "false")),
    *((FLAG, text) for text in ("", "yes", "True", "1", "0", "on")),
    *((LIST, text) for text in ("", "a", "{}", '"a"', "[NaN]", "[" * 100_000)),
    *((OBJECT, text) for text in ("", "[]", "a: 1", '{"a": Infinity}')),
    (Variable("v", "string", "a", enum=("a", "b")), "c"),
    (Variable("v", "integer", 1, enum=(1, 2)), "3"),
    (WHOLE, "null"),
    (Variable("v", "boolean", True, enum=(True,)), "1"),
]


def short(value: object) -> str:
    return value.type if isinstance(value, Variable) else str(value)[:20] or "empty"


@pytest.mark.parametrize(("variable", "text", "value"), TEXTS, ids=short)
def test_2_a_text_means_a_value_of_the_type(variable: Variable, text: str, value: object) -> None:
    assert variable.parse(text) == value
    assert type(variable.parse(text)) is type(value)


@pytest.mark.parametrize(("variable", "text"), NOTHING, ids=short)
def test_2_a_text_that_means_no_value_is_refused(variable: Variable, text: str) -> None:
    with pytest.raises(VariableError, match=r"^variable 'v' "):
        variable.parse(text)


@pytest.mark.parametrize(("variable", "text"), NOTHING[:10], ids=short)
def test_35_what_a_secret_was_given_is_not_told(variable: Variable, text: str) -> None:
    with pytest.raises(VariableError) as caught:
        Variable("v", variable.type, secret=True).parse(f"{text} {TOKEN}")
    assert TOKEN not in str(caught.value)
    assert TOKEN not in repr(caught.value.__cause__)


def test_2_a_value_is_taken_as_a_copy() -> None:
    given: dict[str, Any] = {"a": [1]}
    taken = OBJECT.check(given)
    given["a"].append(2)
    assert taken == {"a": [1]}


# ---- the values of a run


def values(*variables: Variable, **parts: Any) -> Any:
    graph = load_one(*variables)
    return values_for(graph, parts.get("known", {}), parts.get("given", {}), parts.get("environ", {}))


def load_one(*variables: Variable) -> AgentGraph:
    from orchestrator.agents import Agent

    return AgentGraph.of(Agent("a", Model("m"), Instructions("x")), variables=variables)


def test_2_given_beats_the_environment_beats_the_default() -> None:
    variable = Variable("v", "integer", 1, env="V")
    assert values(variable).recorded == {"v": 1}
    assert values(variable, environ={"V": "2"}).recorded == {"v": 2}
    assert values(variable, environ={"V": "2"}, given={"v": 3}).recorded == {"v": 3}


def test_2_what_the_session_has_stays_but_for_what_is_given() -> None:
    variable = Variable("v", "integer", 1, env="V")
    assert values(variable, known={"v": 7}, environ={"V": "2"}).recorded == {}
    assert values(variable, known={"v": 7}, given={"v": 3}).recorded == {"v": 3}


def test_35_a_secret_is_looked_up_anew_and_never_recorded() -> None:
    variable = Variable("v", "string", env="V", secret=True)
    found = values(variable, known={"v": "old"}, environ={"V": TOKEN})
    assert (found.recorded, found.secret) == ({}, {"v": TOKEN})
    assert TOKEN not in repr(found)


@pytest.mark.parametrize("environ", [{}, {"V": "many"}])
def test_2_one_that_must_be_given_or_does_not_fit_is_an_error(environ: dict[str, str]) -> None:
    with pytest.raises(VariableError, match="'v'"):
        values(Variable("v", "integer", REQUIRED, env="V"), environ=environ)


def test_2_an_unknown_one_is_an_error() -> None:
    with pytest.raises(VariableError, match="no variable named 'w'; declared: v"):
        values(STRING, given={"v": "", "w": ""})


# ---- in a run


async def test_2_variables_are_recorded_with_the_event_that_set_them(office: AgentGraph) -> None:
    session = await Session(
        office,
        using("put", name="count", value=2),
        using("give", name="notes", value=["x"]),
        using("put_and_fail", name="plan", value="pro"),
        using("change"),
        say("ok"),
    ).say()
    [started] = session.of(RunStarted)
    assert started.variables == {"name": "Ada", "count": 1, "plan": "basic", "notes": [], "ratio": None}
    set_by = [event.variables for event in session.of(ToolFinished)]
    assert set_by == [{"count": 2}, {"notes": ["x"]}, {}, {}]
    assert session.state.variables == {"name": "Ada", "count": 2, "plan": "basic", "notes": ["x"], "ratio": None}
    told = [request.system for request in session.model.requests]
    assert told == ["Ada 1 basic ", "Ada 2 basic ", *["Ada 2 basic x"] * 3]


WRONG = {
    "another type": ("count", "many", "variable 'count' is of type integer, not 'many'"),
    "true is no number": ("count", True, "variable 'count' is of type integer, not True"),
    "not in the enum": ("plan", "gold", "variable 'plan' must be one of 'basic', 'pro', not 'gold'"),
    "null without a null default": ("plan", None, "variable 'plan' is of type string, not None"),
    "undeclared": ("cuont", 1, "no variable named 'cuont'"),
    "secret": ("token", "mine", "variable 'token' is secret"),
}


@pytest.mark.parametrize("tool", ["put", "give"])
@pytest.mark.parametrize("case", WRONG)
async def test_2_a_tool_can_not_set_what_does_not_fit(office: AgentGraph, case: str, tool: str) -> None:
    name, value, told = WRONG[case]
    session = await Session(office, using(tool, name=name, value=value), say("ok")).say()
    [answer] = session.answers()
    assert answer.startswith(f"Error: VariableError: {told}")
    assert [event.variables for event in session.of(ToolFinished)] == [{}]
    assert session.model.requests[1].system == "Ada 1 basic "


async def test_35_a_secret_reaches_tools_and_no_event_or_request(office: AgentGraph) -> None:
    session = Session(office, using("use_token"), say("1"), using("use_token"), say("2"))
    await session.say()
    await session.say()
    assert session.answers() == ["14", "14"]
    assert TOKEN not in "".join(map(to_json, session.events))
    assert TOKEN not in repr(session.model.requests)


def test_2_a_run_does_not_begin_without_what_must_be_given(office: AgentGraph) -> None:
    model = FakeModel([])
    with pytest.raises(VariableError, match="set the environment variable OFFICE_NAME"):
        Runner(office, model, environ={"OFFICE_TOKEN": TOKEN}).stream("hi")
    assert model.requests == []


# ---- --var


ASSIGNMENTS: dict[str, tuple[str, object]] = {
    "string": ("a 'text' = \U0001f680", "a 'text' = \U0001f680"),
    "integer": ("-12", -12),
    "number": ("0.5", 0.5),
    "boolean": ("true", True),
    "list": ('["a", {"b": 1}]', ["a", {"b": 1}]),
    "object": ('{"a": [1, null]}', {"a": [1, None]}),
}


@pytest.mark.parametrize("kind", ASSIGNMENTS)
def test_2_var_for_each_type(tmp_path: Path, kind: str) -> None:
    text, value = ASSIGNMENTS[kind]
    file = tmp_path / "bot.yaml"
    file.write_text(f"variables: {{v: {{type: {kind}}}}}\nagents: {{a: {{instructions: '{{{{ v }}}}', model: m}}}}\n")
    file.with_name("bot.script.yaml").write_text('rules: [{say: "{{ v }}"}]\n')
    assert in_process("run", file, "hi", "--var", f"v={text}").out == f"{value}\n"
