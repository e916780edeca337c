"""``compose``: what each agent declares together with the file's defaults, and where each part is written. Group 36."""

from pathlib import Path
from textwrap import dedent

import pytest

from orchestrator.diagnostics import Diagnostic
from orchestrator.loader import load
from orchestrator.project import Declared, Placed, Project, compose, read_files, root_of
from orchestrator.source import Source
from orchestrator.spec import EdgeSpec, ToolSpec, read_spec

TOOLS = """
def look() -> str:
    '''Look.'''
    return "seen"


def listen() -> str:
    '''Listen.'''
    return "heard"
"""
FILE = """
    entry: a
    models: {fast: {model: f}, slow: {model: s}}
    defaults:
      model: fast
      tools:
        - tools.one
        - {use: "tools.two:f", requires: verified}
      handoffs: [a, {to: b, at_most: 3}]
      tool_choice: required
      parallel_tool_calls: false
    agents:
      a:
        instructions: A.
      b:
        instructions: B.
        model: slow
        tools: [{use: "tools.two:f", approval: always}, tools.three]
        handoffs: [{to: a, when: asked}]
        tool_choice: none
        parallel_tool_calls: true
      c:
        instructions: C.
        model: slow
        defaults: false
"""


def project_of(text: str) -> Project:
    reading = read_spec(Source.parse("bot.yaml", dedent(text).lstrip("\n")))
    project, found = compose(read_files(Path("bot.yaml").resolve(), reading))
    assert found == ()
    return project


def tools(agent: Declared) -> list[tuple[str, int]]:
    """Each entry and the line that it is written on."""
    return [(entry.spec.use, entry.at().line) for entry in agent.tools]


def edges(agent: Declared) -> list[tuple[str, int, int]]:
    return [(edge.spec.to, edge.at("to").line, edge.at("to").column) for edge in agent.edges]


# ---- what an agent declares


def test_36_an_agent_that_says_nothing_takes_all_and_knows_where_it_is_written() -> None:
    agent = project_of(FILE).agents["a"]
    assert agent.model is not None
    assert agent.tool_choice is not None
    assert (agent.model.spec, agent.model.at().line, agent.model.at().column) == ("fast", 4, 10)
    assert tools(agent) == [("tools.one", 6), ("tools.two:f", 7)]
    assert edges(agent) == [("b", 8, 22)]  # not to itself
    assert (agent.tool_choice.spec.type, agent.tool_choice.at().line) == ("required", 9)
    assert agent.parallel_tool_calls is False


def test_36_own_scalars_and_own_entries_for_the_same_function_or_target_win() -> None:
    agent = project_of(FILE).agents["b"]
    assert agent.model is not None
    assert agent.tool_choice is not None
    assert (agent.model.spec, agent.model.at().line) == ("slow", 16)
    assert tools(agent) == [("tools.two:f", 17), ("tools.three", 17), ("tools.one", 6)]
    first = agent.tools[0].spec
    assert (first.requires, first.approval) == (None, "always")  # an entry wins as a whole: nothing is merged
    assert edges(agent) == [("a", 18, 21)]
    assert agent.edges[0].spec.when == "asked"
    assert (agent.tool_choice.spec.type, agent.parallel_tool_calls) == ("none", True)


def test_36_defaults_false_takes_nothing() -> None:
    agent = project_of(FILE).agents["c"]
    assert (agent.tools, agent.edges, agent.tool_choice, agent.parallel_tool_calls) == ((), (), None, None)


def test_36_without_defaults_there_is_what_the_agent_says() -> None:
    agent = project_of("agents: {a: {instructions: x, tools: [t], handoffs: [b]}}").agents["a"]
    assert (agent.model, agent.tool_choice, agent.parallel_tool_calls) == (None, None, None)
    assert (tools(agent), edges(agent)) == ([("t", 1)], [("b", 1, 54)])


def test_36_the_file_itself_is_not_changed() -> None:
    project = project_of(FILE)
    assert project.agents["a"].own.spec.tools == {}
    assert list(project.file.spec.defaults.handoffs) == [0, 1]


def test_36_a_broken_entry_is_left_out_and_moves_no_other() -> None:
    project = project_of(FILE.replace("- tools.one", "- {use: 5}"))
    assert tools(project.agents["a"]) == [("tools.two:f", 7)]
    assert project.agents["a"].tools[0].location == ("defaults", "tools", 1)
    assert ("bot.yaml", ("defaults", "tools", 0, "use")) in project.broken


def test_36_a_broken_agent_keeps_its_name() -> None:
    project = project_of("agents: {a: 5, b: {instructions: x, model: m, handoffs: [a]}}")
    assert sorted(project.agents) == ["b"]
    assert sorted(project.names["agents"]) == ["a", "b"]


def test_a_placed_part_points_at_itself_its_inside_and_its_keys() -> None:
    entry: Placed[ToolSpec] | Placed[EdgeSpec] = project_of(FILE).agents["a"].tools[1]
    spans = [entry.at(), entry.at("requires"), entry.at("requires", key=True)]
    assert [(span.line, span.column, span.end_column) for span in spans] == [(7, 7, 47), (7, 38, 46), (7, 28, 36)]
    assert entry.fault("requires", code="c", message="m", hint="h").span == spans[1]


def test_of_a_file_with_nothing_usable_nothing_is_known() -> None:
    project = project_of("- a list\n")
    assert (project.agents, project.models, project.variables) == ({}, {}, {})
    assert project.unknown == {"agents", "models", "variables"}


@pytest.mark.parametrize(
    ("made", "file", "root"),
    [
        (["p/pyproject.toml"], "p/q/agents/x.yaml", "p"),
        (["p/pyproject.toml", "p/q/.git"], "p/q/x.yaml", "p/q"),
        ([], "p/agents/x.yaml", "p"),
        ([], "p/bots/x.yaml", "p/bots"),
    ],
)
def test_the_root_of_a_project(tmp_path: Path, made: list[str], file: str, root: str) -> None:
    for name in [*made, file]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert root_of(tmp_path / file) == tmp_path / root


# ---- what becomes of it, and faults in the defaults


def loaded(tmp_path: Path, text: str) -> tuple[Diagnostic, ...]:
    (tmp_path / "ears.py").write_text(TOOLS)
    file = tmp_path / "bot.yaml"
    file.write_text(dedent(text).lstrip("\n"))
    return load(file).diagnostics


def test_36_an_own_function_beats_the_same_one_of_a_default_module(tmp_path: Path) -> None:
    text = """
        defaults: {model: m, tools: [ears]}
        agents: {a: {instructions: x, tools: [{use: "ears:look", requires: "true", name: peek}]}}
    """
    assert loaded(tmp_path, text) == ()
    [agent] = load(tmp_path / "bot.yaml").unwrap().agents.values()
    assert [(tool.name, tool.requires) for tool in agent.tools] == [("peek", "true"), ("listen", None)]


def test_36_a_default_for_a_function_beats_an_own_module(tmp_path: Path) -> None:
    """A function's entry beats its module's, also where the module is the agent's own: no guard is lost."""
    text = """
        variables: {ready: false}
        defaults: {model: m, tools: [{use: "ears:look", requires: ready}]}
        agents: {a: {instructions: x, tools: [ears]}}
    """
    assert loaded(tmp_path, text) == ()
    [agent] = load(tmp_path / "bot.yaml").unwrap().agents.values()
    assert [(tool.name, tool.requires) for tool in agent.tools] == [("listen", None), ("look", "ready")]


AGENTS = """
agents:
  a:
    instructions: x
    description: d
    handoffs: [{to: b, when: x, for_one_turn: true}, {to: c, when: x, for_one_turn: true}]
  b: {instructions: x, description: d}
  c: {instructions: x, description: d}
entry: a
"""
ALONE = "agents: {a: {instructions: x, model: fast, defaults: false}}\n"
FAULTS = {
    "an unknown agent": ("defaults: {model: m, handoffs: [biling]}\n" + AGENTS, "unknown-agent", "biling"),
    "an unknown model": ("models: {fast: {model: m}}\ndefaults: {model: slow}\n" + AGENTS, "unknown-model", "slow"),
    "a missing function": (
        'defaults: {model: m, tools: ["ears:lok"]}\n' + AGENTS, "function-not-found", '"ears:lok"',
    ),
    "an expression": (
        'defaults: {model: m, tools: [{use: "ears:look", requires: "a b"}]}\n' + AGENTS, "bad-expression", "b",
    ),
    "an expression of a handoff": (
        "defaults: {model: m, handoffs: [{to: a, requires: a b}]}\n" + AGENTS, "bad-expression", "b",
    ),
    "a name for a module": (
        "defaults: {model: m, tools: [{use: ears, description: x}]}\n" + AGENTS, "bad-value", "description",
    ),
    "one target twice": ("defaults: {model: m, handoffs: [a, a]}\n" + AGENTS, "duplicate-handoff", "a"),
    "one name twice": (
        'defaults: {model: m, tools: ["ears:look", {use: "ears:listen", name: look}]}\n' + AGENTS,
        "name-collision", '{use: "ears:listen", name: look}',
    ),
    "a tool choice": (
        "defaults: {model: m, tool_choice: {type: function, function: {name: lok}}}\n" + AGENTS,
        "function-not-found", "lok",
    ),
    "an unknown model, where each agent has its own": (
        "models: {fast: {model: m}}\ndefaults: {model: slow}\nagents: {a: {instructions: x, model: fast}}\n",
        "unknown-model", "slow",
    ),
    "an unknown agent, where nobody takes the defaults": (
        "models: {fast: {model: m}}\ndefaults: {handoffs: [biling]}\n" + ALONE, "unknown-agent", "biling",
    ),
    "a missing function, where nobody takes the defaults": (
        'models: {fast: {model: m}}\ndefaults: {tools: ["ears:lok"]}\n' + ALONE, "function-not-found", '"ears:lok"',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_36_a_fault_in_the_defaults_is_told_once_and_where_it_is_written(tmp_path: Path, case: str) -> None:
    text, code, written = FAULTS[case]
    found = loaded(tmp_path, text)
    lines = text.splitlines()
    places = [(each.code, lines[each.span.line - 1][each.span.column - 1 : each.span.end_column - 1]) for each in found]
    assert places == [(code, written)]
    assert all(lines[each.span.line - 1].startswith("defaults") for each in found)


def test_36_one_handoff_that_everybody_has_is_none_to_oneself(tmp_path: Path) -> None:
    assert loaded(tmp_path, "defaults: {model: m, handoffs: [a, b, c]}\n" + AGENTS) == ()
    graph = load(tmp_path / "bot.yaml").unwrap()
    assert [[edge.target for edge in agent.edges] for agent in graph.agents.values()] == [
        ["b", "c"], ["a", "c"], ["a", "b"],
    ]  # fmt: skip


def test_36_an_own_handoff_to_oneself_is_still_a_fault(tmp_path: Path) -> None:
    text = "defaults: {model: m, handoffs: [a]}\nagents: {a: {instructions: x, description: d, handoffs: [a]}}\n"
    assert [(each.code, each.span.line) for each in loaded(tmp_path, text)] == [("self-handoff", 2)]
