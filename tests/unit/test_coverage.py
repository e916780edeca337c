"""What tests reach of a graph, and how much of it that is."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import click
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.agents import Edge
from orchestrator.diagnostics import Span
from orchestrator.render.coverage.items import Coverage, Item, Tally, tally
from orchestrator.render.coverage.table import MOST_MISSED
from orchestrator.render.graph.dot import dot
from orchestrator.render.graph.mermaid import mermaid
from orchestrator.render.graph.picture import picture_of
from orchestrator.render.graph.reached import marked
from orchestrator.testing.coverage import Reached, as_lines, covered, shortfall
from orchestrator.tools import Handoff
from tests.support.fakes import NO, FakePerson, Session, agent, call, calls, graph, say, to, tool_of

SHOP = """\
entry: desk
include: [parts/*.yaml]
defaults:
  model: m
  tools:
    - tools.shop
  handoffs: [desk]
agents:
  desk:
    instructions: Say hello.
    handoffs:
      - to: sales
        when: they want to buy
"""
SALES = """\
agents:
  sales:
    instructions: Sell.
    tools:
      - description: Sell it.
        use: tools.shop:sell
"""
TOOLS = '''\
def sell() -> str:
    """Sell something."""
    return "sold"


def look() -> str:
    """Look for something."""
    return "found"
'''


def shop(folder: Path) -> Path:
    """A project of two files and a module of tools. Gives the path of its root file."""
    files = {"agents.yaml": SHOP, "parts/sales.yaml": SALES, "tools/shop.py": TOOLS, "pyproject.toml": ""}
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "agents.yaml"


def look() -> str:
    return "seen"


def fail() -> str:
    raise ValueError("no")


# ---- what events reach


async def test_agents_count_by_requests_and_tools_by_calls_that_ran() -> None:
    desk = agent("desk", look, fail)
    session = await Session(graph(desk), calls("look", "fail"), calls("look"), say("done")).say()
    assert Reached.of(session.log) == Reached({"desk": 3}, {("desk", "look"): 2, ("desk", "fail"): 1})


async def test_a_call_that_never_ran_reaches_nothing() -> None:
    asking, closed = tool_of(look, approval="always"), tool_of(look, name="closed", requires="no")
    agents = graph(agent("desk", asking, closed, fail), variables={"no": False})
    wanted = calls("look", "closed", "invented", call("fail", '{"x": 1}'))
    session = await Session(agents, wanted, say("done"), person=FakePerson(verdicts=[NO])).say()
    assert Reached.of(session.log) == Reached({"desk": 2})


async def test_handoffs_count_whether_they_are_called_or_come_from_a_tool() -> None:
    def escalate() -> Handoff:
        return Handoff("boss")

    agents = graph(agent("desk", hands=["sales"]), agent("sales", escalate, hands=["boss"]), agent("boss"))
    session = await Session(agents, calls(to("sales")), calls("escalate"), say("done")).say()
    reached = Reached.of(session.log)
    assert reached.edges == {("desk", "sales"): 1, ("sales", "boss"): 1}
    assert reached.tools == {("sales", "escalate"): 1}


async def test_what_an_agent_does_counts_for_it_alone() -> None:
    agents = graph(agent("desk", look, hands=["sales"]), agent("sales", look))
    session = await Session(agents, calls(to("sales")), calls("look"), say("done")).say()
    assert Reached.of(session.log).tools == {("sales", "look"): 1}


async def test_a_refused_handoff_is_none_and_neither_is_the_way_back_after_one_turn() -> None:
    agents = graph(agent("desk", hands=[Edge("expert", for_one_turn=True)]), agent("expert"))
    session = await Session(agents, calls(to("expert")), calls(to("desk")), say("yes"), say("hello")).say()
    await session.say()
    reached = Reached.of(session.log)
    assert reached.edges == {("desk", "expert"): 1}
    assert reached.agents == {"desk": 2, "expert": 2}


def test_no_events_reach_nothing() -> None:
    assert Reached.of([]) == Reached()


COUNTS = st.dictionaries(st.text(), st.integers(1, 9))
PAIRS = st.dictionaries(st.tuples(st.text(), st.text()), st.integers(1, 9))
REACHED = st.builds(Reached, COUNTS, PAIRS, PAIRS)


@given(REACHED)
def test_what_was_reached_goes_through_json(reached: Reached) -> None:
    assert Reached.from_json(reached.as_json()) == reached


@given(REACHED, REACHED)
def test_what_two_tests_reached_is_added(one: Reached, two: Reached) -> None:
    both = one + two
    assert both == two + one
    assert one + Reached() == one
    assert Counter(both.agents) == Counter(one.agents) + Counter(two.agents)
    assert both.edges.keys() == one.edges.keys() | two.edges.keys()


# ---- what there is to reach


def test_each_agent_tool_and_handoff_is_an_item_at_its_place(tmp_path: Path) -> None:
    """Those of ``defaults``, of a module and of a part too; an own entry beats the default."""
    reached = Reached({"desk": 2}, {("desk", "look"): 1, ("sales", "sell"): 3}, {("desk", "sales"): 1})
    [coverage] = covered({shop(tmp_path): reached})
    found = [
        (item.told, Path(item.span.path).name, item.span.line, item.span.column, item.hits) for item in coverage.items
    ]
    assert found == [
        ("agent desk", "agents.yaml", 9, 3, 2),
        ("tool sell of desk", "agents.yaml", 6, 7, 0),
        ("tool look of desk", "agents.yaml", 6, 7, 1),
        ("handoff desk -> sales", "agents.yaml", 12, 13, 1),
        ("agent sales", "sales.yaml", 2, 3, 0),
        ("tool sell of sales", "sales.yaml", 6, 14, 3),
        ("tool look of sales", "agents.yaml", 6, 7, 0),
        ("handoff sales -> desk", "agents.yaml", 7, 14, 0),
    ]


def test_a_file_that_is_broken_or_gone_is_left_out(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("agents: {a: {instructions: Hi., model: m, handoffs: [nobody]}}", encoding="utf-8")
    torn = tmp_path / "torn.yaml"
    torn.write_text("agents: [", encoding="utf-8")
    assert covered({broken: Reached(), torn: Reached(), tmp_path / "gone.yaml": Reached()}) == []


# ---- how much that is


def coverage_of(hits: Mapping[str, int], file: str = "agents/shop.yaml") -> Coverage:
    """Coverage of agents by these names."""
    items = tuple(
        Item("agent", name, name, Span(file, line, 3), hit) for line, (name, hit) in enumerate(hits.items(), 1)
    )
    return Coverage(file, graph(agent("a")), Reached(), items)


def test_a_share_is_rounded_down_so_that_only_all_is_100_percent() -> None:
    assert [Tally(299, 300).percent, Tally(300, 300).percent, Tally(0, 3).percent, Tally(0, 0).percent] == [
        99,
        100,
        0,
        100,
    ]


def test_too_little_is_told() -> None:
    two_thirds = [coverage_of({"a": 1, "b": 0, "c": 2})]
    assert shortfall(two_thirds, 66) is None
    assert shortfall(two_thirds, 67) == "coverage is 66 %, and should be at least 67 %"
    assert shortfall([], 100) is None


@given(st.lists(st.tuples(st.sampled_from(["agent", "tool", "handoff"]), st.integers(0, 2))))
def test_the_kinds_add_up(drawn: list[tuple[str, int]]) -> None:
    items = [Item(kind, "a", "b", Span("f"), hits) for kind, hits in drawn]  # type: ignore[arg-type]  # drawn from the kinds
    kinds = [tally(items, "agent"), tally(items, "tool"), tally(items, "handoff")]
    assert tally(items) == Tally(sum(kind.hit for kind in kinds), sum(kind.total for kind in kinds))


# ---- the table


def test_the_whole_of_a_table(tmp_path: Path) -> None:
    root = shop(tmp_path)
    [coverage] = covered({root: Reached({"desk": 1}, {("desk", "look"): 1}, {("desk", "sales"): 1})})
    first = Coverage("shop.yaml", coverage.graph, coverage.reached, coverage.items)
    spans = [str(item.span.path) for item in coverage.items]
    lines = "\n".join(as_lines([first, coverage_of({"a": 1}, "one.yaml")]))
    assert (
        lines.replace(spans[0], "shop.yaml").replace(spans[4], "parts/sales.yaml")
        == """\
file       agents  tools  handoffs  coverage
shop.yaml  1/2     1/4    1/2       37 %
one.yaml   1/1                      100 %
total      2/3     1/4    1/2       44 %

not reached in shop.yaml:
  shop.yaml:6:7: tool sell of desk
  parts/sales.yaml:2:3: agent sales
  parts/sales.yaml:6:14: tool sell of sales
  shop.yaml:6:7: tool look of sales
  shop.yaml:7:14: handoff sales -> desk"""
    )


def test_when_all_was_reached_the_table_is_two_lines() -> None:
    assert as_lines([coverage_of({"a": 1, "b": 2})]) == [
        "file              agents  coverage",
        "agents/shop.yaml  2/2     100 %",
    ]
    assert as_lines([]) == []


def test_colors_tell_what_is_complete_and_change_nothing_else() -> None:
    both = [coverage_of({"a": 1}, "a.yaml"), coverage_of({"a": 0}, "b.yaml")]
    colored = as_lines(both, color=True)
    assert [click.unstyle(line) for line in colored] == as_lines(both)
    assert colored[1] == click.style("a.yaml  1/1     100 %", fg="green")
    assert colored[2] == click.style("b.yaml  0/1     0 %", fg="yellow")


def test_a_long_list_of_what_was_not_reached_is_cut() -> None:
    lines = as_lines([coverage_of({f"agent_{number}": 0 for number in range(MOST_MISSED + 7)})])
    assert lines[-2:] == [
        f"  agents/shop.yaml:{MOST_MISSED}:3: agent agent_{MOST_MISSED - 1}",
        "and 7 more; --cov-report FILE.json names all of them",
    ]


# ---- the picture

PICTURED = graph(agent("desk", look, tool_of(fail, approval="always"), hands=["sales"]), agent("sales", hands=["desk"]))
HIT = Reached({"desk": 2}, {("desk", "look"): 3}, {("desk", "sales"): 1})
MERMAID = """\
%%{init: {"flowchart": {"curve": "linear"}}}%%
flowchart TD
    start(( )) --> agent_desk
    agent_desk["<b>Desk</b><br>model-of-desk<br>2 tools, 1 asks first<br>reached 2×"]:::is_reached
    agent_desk.fail(["fail<br>asks first<br>! not reached"]):::is_unreached
    agent_desk.look(["look<br>reached 3×"]):::is_reached
    agent_sales["<b>Sales</b><br>model-of-sales<br>! not reached"]:::is_unreached
    agent_desk ==>|"reached 1×"| agent_sales
    agent_desk --- agent_desk.fail
    agent_desk --- agent_desk.look
    agent_sales -.->|"not reached"| agent_desk
    classDef is_reached fill:#dff5e1,stroke:#2e7d32,color:#111
    classDef is_unreached fill:#fff,stroke:#c00,color:#c00,stroke-dasharray:5 5
    linkStyle 4 stroke:#c00,color:#c00
"""
REACHED_LOOK = 'style="rounded,filled", fillcolor="#dff5e1", color="#2e7d32"'
UNREACHED_LOOK = 'style="rounded,dashed", color="#cc0000", fontcolor="#cc0000"'
DOT = f"""\
    "agent_desk" [label="Desk\\nmodel-of-desk\\n2 tools, 1 asks first\\nreached 2×", {REACHED_LOOK}];
    "agent_desk.fail" [label="fail\\nasks first\\n! not reached", shape=ellipse, {UNREACHED_LOOK}];
    "agent_desk.look" [label="look\\nreached 3×", shape=ellipse, {REACHED_LOOK}];
    "agent_sales" [label="Sales\\nmodel-of-sales\\n! not reached", {UNREACHED_LOOK}];
    "agent_desk" -> "agent_sales" [label="reached 1×", penwidth=3];
    "agent_desk" -> "agent_desk.fail" [arrowhead=none];
    "agent_desk" -> "agent_desk.look" [arrowhead=none];
    "agent_sales" -> "agent_desk" [label="not reached", style=dashed, color="#cc0000", fontcolor="#cc0000"];
}}
"""


def test_group_32_the_whole_of_a_picture_of_what_was_reached() -> None:
    picture = marked(picture_of(PICTURED, tools=True), HIT)
    assert mermaid(picture) == MERMAID
    assert dot(picture).endswith(DOT)


def test_a_picture_on_which_all_was_reached_has_no_red() -> None:
    all_of_it = HIT + Reached({"sales": 1}, {("desk", "fail"): 1}, {("sales", "desk"): 1})
    assert "#c00" not in mermaid(marked(picture_of(PICTURED, tools=True), all_of_it))
