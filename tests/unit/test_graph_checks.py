"""The shape of the handoff graph: who can be reached, who can come back, who is caught. Group 31."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.checks.paths import components, last_components, reached
from orchestrator.diagnostics import Diagnostic
from orchestrator.loader import load
from tests.support.growth import grows_within

TOOLS = 'def look() -> str:\n    """Look."""\n    return "seen"\n'


def agents(*lines: str, head: str = "defaults: {model: m}", entry: str = "a") -> str:
    """A file of agents: each line is ``name: handoff, handoff | more keys``; a word alone is a handoff with a when."""
    text = f"entry: {entry}\n{head}\nagents:\n"
    for line in lines:
        name, _, rest = line.partition(":")
        targets, _, more = rest.partition("|")
        edges = ", ".join(_edge(each.strip()) for each in targets.split(",") if each.strip())
        keys = ["instructions: x", "description: d", f"handoffs: [{edges}]", *([more.strip()] if more else [])]
        text += f"  {name}: {{{', '.join(keys)}}}\n"
    return text


def _edge(target: str) -> str:
    name, _, more = target.partition(" ")
    return f"{{to: {name}, when: asked{', ' + more if more else ''}}}"


def found(tmp_path: Path, text: str) -> tuple[Diagnostic, ...]:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "ears.py").write_text(TOOLS)
    (tmp_path / "bot.yaml").write_text(text)
    return load(tmp_path / "bot.yaml", shown="bot.yaml").diagnostics


def told(tmp_path: Path, *lines: str, **options: str) -> list[str]:
    return [f"{each.span.line}:{each.span.column} {each.code}" for each in found(tmp_path, agents(*lines, **options))]


def one(tmp_path: Path, *lines: str, **options: str) -> Diagnostic:
    [diagnostic] = found(tmp_path, agents(*lines, **options))
    return diagnostic


# ---- graphs that are sound


@pytest.mark.parametrize(
    "lines",
    [
        ["a:"],
        ["a: b", "b: a"],
        ["a: b, c", "b: a", "c: b"],
        ["a: b", "b: c", "c: d", "d: a"],
        ["a: b for_one_turn: true", "b:"],
        ["a: b for_one_turn: true", "b: c for_one_turn: true", "c:"],
        ["a: b", "b: a requires: 'true'"],
    ],
)
def test_group_31_a_sound_graph(tmp_path: Path, lines: list[str]) -> None:
    assert told(tmp_path, *lines) == []


def test_group_31_one_agent_needs_neither_entry_nor_handoffs(tmp_path: Path) -> None:
    assert found(tmp_path, "agents: {only: {instructions: x, model: m}}\n") == ()


def test_group_31_what_the_defaults_give_is_a_way_back(tmp_path: Path) -> None:
    lines = ["a: b, c", "b:", "c:"]
    assert told(tmp_path, *lines, head="defaults: {model: m, handoffs: [a]}") == []
    assert told(
        tmp_path, lines[0], "b:|defaults: false, model: m", "c:", head="defaults: {model: m, handoffs: [a]}"
    ) == ["5:3 no-way-back"]


# ---- unreachable


def test_group_31_an_agent_that_no_handoff_leads_to(tmp_path: Path) -> None:
    fault = one(tmp_path, "a: b", "b: a", "c: a")
    assert (fault.span.line, fault.span.column, fault.span.end_column) == (6, 3, 4)
    assert (fault.code, fault.severity) == ("unreachable-agent", "warning")
    assert fault.message == "no handoffs lead from 'a' to 'c'"
    assert fault.hint == "add 'c' to the handoffs of an agent that can be reached, or leave it out"


def test_group_31_of_what_only_unreachable_agents_lead_to_nothing_is_said(tmp_path: Path) -> None:
    """c leads to d and e, which have no way back: one cause, one diagnostic, at c."""
    assert told(tmp_path, "a: b", "b: a", "e:", "d: e", "c: d") == ["8:3 unreachable-agent"]


def test_group_31_agents_that_lead_to_each_other_only_are_told_together(tmp_path: Path) -> None:
    fault = one(tmp_path, "a:", "d: c", "c: b", "b: d")
    assert (fault.span.line, fault.message) == (5, "no handoffs lead from 'a' to 'd' and 'c' and 'b'")
    fault = one(tmp_path, "a:", "d: c", "c: b", "b: e", "e: d")
    assert fault.message == "no handoffs lead from 'a' to 'd' and 3 others"


def test_group_31_two_causes_are_two_diagnostics(tmp_path: Path) -> None:
    assert told(tmp_path, "a:", "b:", "c: a") == ["5:3 unreachable-agent", "6:3 unreachable-agent"]


# ---- no way back


def test_group_31_an_agent_from_which_the_entry_can_not_be_reached(tmp_path: Path) -> None:
    fault = one(tmp_path, "triage: a", "a: b, triage", "b:", entry="triage")
    assert (fault.span.line, fault.span.column, fault.code, fault.severity) == (6, 3, "no-way-back", "warning")
    assert fault.message == "triage -> a -> b: there is no way back from 'b' to 'triage'"
    assert fault.hint == (
        "add a handoff to 'triage', here or in defaults, or for_one_turn: true to the handoff that leads here"
    )


def test_group_31_only_the_last_of_a_one_way_street_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, "a: b", "b: c", "c: d", "d:") == ["7:3 no-way-back"]


def test_group_31_a_circle_that_never_comes_back_is_told_once(tmp_path: Path) -> None:
    fault = one(tmp_path, "a: b", "b: c", "c: b")
    assert fault.message == "a -> b: there is no way back from 'b' and 'c' to 'a'"


def test_group_31_the_shortest_way_is_told(tmp_path: Path) -> None:
    fault = one(tmp_path, "a: b, c, d", "b: c, a", "c: d, a", "d:")
    assert fault.message == "a -> d: there is no way back from 'd' to 'a'"


def test_group_31_for_one_turn_leads_back_to_the_caller_only(tmp_path: Path) -> None:
    assert told(tmp_path, "a: b", "b: c for_one_turn: true", "c:") == ["6:3 no-way-back"]


# ---- traps


def trapped(tmp_path: Path, *lines: str) -> list[str]:
    head = "defaults: {model: m, tool_choice: required}"
    return [
        f"{each.span.line}:{each.span.column} {each.message}"
        for each in found(tmp_path, agents(*lines, head=head))
        if each.code == "trap"
    ]


def test_group_31_agents_that_must_hand_off_to_each_other_for_ever(tmp_path: Path) -> None:
    head = "defaults: {model: m, tool_choice: required}"
    fault = one(tmp_path, "a: b", "b: a", head=head)
    assert (fault.span.line, fault.span.column, fault.code, fault.severity) == (4, 3, "trap", "warning")
    assert fault.message == (
        "a -> b -> a: each must call a function, and has none but handoffs, so the conversation never ends"
    )
    assert fault.hint == "give one of them a tool, or tool_choice: auto"


def test_group_31_the_way_in_a_trap_is_one_of_handoffs_that_are_there(tmp_path: Path) -> None:
    [text] = trapped(tmp_path, "a: b, c, d", "b: a", "c: d", "d: a")
    names = text.split(" ", 1)[1].split(":")[0].split(" -> ")
    edges = {("a", "b"), ("a", "c"), ("a", "d"), ("b", "a"), ("c", "d"), ("d", "a")}
    assert set(pairwise(names)) <= edges
    assert names[0] == names[-1] == "a"


@pytest.mark.parametrize(
    "lines",
    [
        ["a: b", "b: a | tools: [ears]"],
        ["a: b", "b: a | tool_choice: auto"],
        ["a: b", "b: a, c", "c: a | tool_choice: none"],
        ["a:"],
        ["a: b | tool_choice: {type: function, function: {name: transfer_to_b}}", "b: a | tool_choice: auto"],
    ],
)
def test_group_31_who_can_do_something_else_is_not_trapped(tmp_path: Path, lines: list[str]) -> None:
    assert trapped(tmp_path, *lines) == []


def test_group_31_a_named_handoff_is_a_trap_though_there_are_tools(tmp_path: Path) -> None:
    def names(target: str) -> str:
        return f"tools: [ears], tool_choice: {{type: function, function: {{name: {target}}}}}"

    to_a, to_b = names("transfer_to_a"), names("transfer_to_b")
    assert len(trapped(tmp_path, f"a: b | {to_b}", f"b: a | {to_a}")) == 1
    assert trapped(tmp_path, f"a: b | {to_b}", f"b: a | {names('look')}") == []


# ---- one cause, one diagnostic


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["a: bb", "b: c", "c:"], ["4:56 unknown-agent"]),
        (["a: a"], ["4:56 self-handoff"]),
        (["a: b, b", "b: a"], ["4:78 duplicate-handoff"]),
        (["a: a | tool_choice: required"], ["4:56 self-handoff"]),
        (["a: b | hanoffs: [c]", "b: a", "c: a"], ["4:74 unknown-key"]),
    ],
    ids=["misspelt", "itself", "twice", "itself, forced", "a misspelt key"],
)
def test_group_31_nothing_is_told_that_follows(tmp_path: Path, lines: Sequence[str], expected: list[str]) -> None:
    assert told(tmp_path, *lines) == expected


def test_group_31_an_entry_that_is_no_agent_hides_the_ways(tmp_path: Path) -> None:
    assert told(tmp_path, "a: b", "b:", entry="q") == ["1:8 unknown-agent"]


def test_group_31_a_broken_agent_hides_the_ways(tmp_path: Path) -> None:
    text = agents("a: b", "b: a", "c:").replace("c: {instructions: x", "c: {instructions: 5")
    assert [each.code for each in found(tmp_path, text)] == ["unreachable-agent", "wrong-type"]  # two causes
    text = agents("a: b", "b:").replace("  b: {", "  b: 5  # {")
    assert [each.code for each in found(tmp_path, text)] == ["wrong-type"]


@pytest.mark.parametrize("broken", ["{too: c}", "5", "{to: [c]}", "{to: c, when: x, at_most: many}"])
def test_group_31_a_broken_handoff_hides_the_ways_and_the_traps(tmp_path: Path, broken: str) -> None:
    head = "defaults: {model: m, tool_choice: required}"
    text = agents("a: b", "b: a", "c: a", head=head).replace("asked}]", "asked}, " + broken + "]", 1)
    assert [each.severity for each in found(tmp_path, text)] == ["error"]


@pytest.mark.parametrize("broken", ["5", "{usse: ears}", "eers"])
def test_group_31_a_broken_tool_hides_the_traps(tmp_path: Path, broken: str) -> None:
    head = "defaults: {model: m, tool_choice: required}"
    text = agents(f"a: b | tools: [{broken}]", "b: a", head=head)
    assert [each.severity for each in found(tmp_path, text)] == ["error"]


def test_group_31_a_handoff_to_oneself_says_nothing_of_descriptions(tmp_path: Path) -> None:
    text = "agents:\n  a: {instructions: x, model: m, handoffs: [a]}\n"
    assert [each.code for each in found(tmp_path, text)] == ["self-handoff"]
    text = "agents:\n  a: {instructions: x, model: m, description: d, handoffs: [a]}\n"
    assert [each.code for each in found(tmp_path, text)] == ["self-handoff"]


# ---- messages of what is simply wrong


def test_group_31_a_handoff_to_itself_and_a_handoff_twice(tmp_path: Path) -> None:
    head = "defaults: {model: m, handoffs: [a, a]}"
    faults = found(tmp_path, agents("a: b, a", "b: a, a", "c: b", head=head))
    said = [(each.span.line, each.code, each.message, each.hint) for each in faults]
    assert said == [
        (2, "duplicate-handoff", "an agent that takes the defaults hands off to 'a' twice", "leave one out"),
        (4, "self-handoff", "agent 'a' hands off to itself", "leave it out"),
        (5, "duplicate-handoff", "agent 'b' hands off to 'a' twice", "leave one out"),
        (6, "unreachable-agent", said[3][2], said[3][3]),
    ]


def test_group_31_a_missing_description_is_told_at_the_agent_with_the_handoff(tmp_path: Path) -> None:
    text = """
entry: a
agents:
  a: {instructions: Hand to b., model: m, handoffs: [b]}
  b: {instructions: x, model: m, handoffs: [{to: a, when: x}]}
"""
    [fault] = found(tmp_path, text)
    assert (fault.span.line, fault.span.column, fault.code) == (5, 3, "missing-description")
    assert fault.message == "agent 'b' has no description, and nothing says when to hand off to it"
    assert fault.hint == "add description: to the agent, or when: to the handoff"
    [also] = fault.related
    assert (also.span.line, also.span.column, also.message) == (4, 54, "handed off to here")
    assert found(tmp_path, text.replace("[b]", "[{to: b, when: asked}]")) == ()
    assert [
        each.code for each in found(tmp_path, text.replace("4:", "").replace("  b: {", "  b: {description: 5, "))
    ] == ["wrong-type"]


# ---- many agents

SHAPES: dict[str, Callable[[int], list[str]]] = {
    "chain": lambda n: [f"a{i}: a{i + 1}" for i in range(n - 1)] + [f"a{n - 1}:"],
    "cycle": lambda n: [f"a{i}: a{(i + 1) % n}" for i in range(n)],
    "star": lambda n: ["a0: " + ", ".join(f"a{i}" for i in range(1, n))] + [f"a{i}: a0" for i in range(1, n)],
    "comb": lambda n: (
        [f"a{i}: a{i + 1}, b{i}" for i in range(n // 2 - 1)]
        + [f"a{n // 2 - 1}: a0"]
        + [f"b{i}:" for i in range(n // 2 - 1)]
    ),
    "unknown": lambda n: [f"a{i}: zz{i}" for i in range(n)],
    "alone": lambda n: [f"a{i}:" for i in range(n)],
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("shape", "forced"), [*((shape, "") for shape in SHAPES), ("cycle", ", tool_choice: required")]
)
def test_group_31_a_thousand_agents_take_time_and_words_by_their_number(
    tmp_path: Path, shape: str, forced: str
) -> None:
    """In proportion it would be 4, and 16 if all of it were quadratic; what is said of each is bounded."""

    def check(count: int) -> None:
        faults = found(tmp_path, agents(*SHAPES[shape](count), head=f"defaults: {{model: m{forced}}}", entry="a0"))
        assert all(len(each.message) + len(each.hint or "") < 600 for each in faults)

    assert grows_within(6, check, 250, 1_000)


@pytest.mark.timeout(60)
def test_group_31_two_thousand_agents_in_a_row_are_no_recursion(tmp_path: Path) -> None:
    fault = one(tmp_path, *SHAPES["chain"](2_000), entry="a0")
    assert fault.message == (
        "a0 -> ... -> a1990 -> a1991 -> a1992 -> a1993 -> a1994 -> a1995 -> a1996 -> a1997 -> a1998 -> a1999: "
        "there is no way back from 'a1999' to 'a0'"
    )


# ---- ways through graphs

NODES = "abcdefg"
links = st.dictionaries(st.sampled_from(NODES), st.lists(st.sampled_from(NODES), max_size=4)).map(
    lambda some: {node: some.get(node, []) for node in NODES}
)


@given(links)
def test_components_are_the_nodes_that_reach_each_other(graph: dict[str, list[str]]) -> None:
    reach = {node: set(reached(node, graph)) for node in NODES}
    groups = [set(group) for group in components(graph)]
    assert sorted(node for group in groups for node in group) == list(NODES)
    for group in groups:
        for node in group:
            assert group == {other for other in reach[node] if node in reach[other]}


@given(links)
def test_last_components_are_those_that_nothing_leaves(graph: dict[str, list[str]]) -> None:
    last = {frozenset(group) for group in last_components(graph)}
    for group in components(graph):
        closed = all(follower in group for node in group for follower in graph[node])
        assert (frozenset(group) in last) == closed


@given(links, st.sampled_from(NODES))
def test_each_node_is_reached_on_a_shortest_way(graph: dict[str, list[str]], start: str) -> None:
    before = reached(start, graph)
    assert before[start] == start
    for node in before.keys() - {start}:
        assert node in graph[before[node]]
        assert _distance(start, node, graph) == _distance(start, before[node], graph) + 1


def _distance(start: str, target: str, graph: dict[str, list[str]]) -> int:
    ring, steps = {start}, 0
    while target not in ring:
        ring |= {follower for node in ring for follower in graph[node]}
        steps += 1
    return steps
