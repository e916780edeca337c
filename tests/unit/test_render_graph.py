"""What is written of a graph: as text for Mermaid and Graphviz, as JSON, and with what happened in it."""

import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations

import pytest

from orchestrator.agents import Agent, AgentGraph, Edge, Variable
from orchestrator.events import Event, HandedOff, ModelResponded, RunFinished, RunStarted, ToolFinished, to_json
from orchestrator.messages import AssistantMessage, ToolCall
from orchestrator.model import Model, NamedFunction, ToolChoice
from orchestrator.render.graph.dot import dot
from orchestrator.render.graph.happened import EventsError, Happened, gone, read_events
from orchestrator.render.graph.identifiers import identifier
from orchestrator.render.graph.mermaid import mermaid
from orchestrator.render.graph.picture import picture_of
from orchestrator.render.graph.problems import problems
from orchestrator.render.graph.report import as_json
from orchestrator.render.graph.texts import clean, wrapped
from orchestrator.templates import Instructions
from orchestrator.tools import Tool
from orchestrator.tools.tool import Options


def agent(
    name: str, *edges: Edge | str, tools: Iterable[Tool] = (), choice: ToolChoice | NamedFunction = "auto"
) -> Agent:
    made = tuple(Edge(edge) if isinstance(edge, str) else edge for edge in edges)
    return Agent(name, Model("m"), Instructions("x"), edges=made, tools=tuple(tools), tool_choice=choice)


def tool(name: str, **options: object) -> Tool:
    def function() -> str:
        return ""

    return Tool.from_function(function, Options(name=name).changed(**options))


def mermaid_of(*agents: Agent, happened: Happened | None = None, tools: bool = False) -> list[str]:
    """The lines of the Mermaid text between the head and the styles."""
    lines = mermaid(picture_of(AgentGraph.of(*agents), tools=tools, happened=happened)).splitlines()
    return [line.strip() for line in lines[3:] if not line.startswith("    classDef")]


SHOP = AgentGraph.of(
    agent(
        "desk",
        Edge("sales", when="they want to buy", requires="verified"),
        Edge("expert", for_one_turn=True),
        tools=[tool("refund", approval="always", requires="verified"), tool("look")],
    ),
    agent("expert"),
    agent("sales", Edge("desk", at_most=2)),
    variables=(Variable("verified", "boolean", default=False),),
)
SHOP_MERMAID = """\
%%{init: {"flowchart": {"curve": "linear"}}}%%
flowchart TD
    start(( )) --> agent_desk
    agent_desk["<b>Desk</b><br>m<br>2 tools, 1 asks first"]
    agent_desk.look(["look"]):::is_tool
    agent_desk.refund(["refund<br>asks first<br>requires: verified"]):::is_asking
    agent_expert["<b>Expert</b><br>m"]
    agent_sales["<b>Sales</b><br>m"]
    agent_desk -.->|"for one turn"| agent_expert
    agent_desk -->|"they want to buy<br>requires: verified"| agent_sales
    agent_desk --- agent_desk.look
    agent_desk --- agent_desk.refund
    agent_sales -->|"at most 2×"| agent_desk
    classDef is_tool fill:#fff,stroke:#999,color:#111
    classDef is_asking fill:#fff,stroke:#c77700,color:#111,stroke-width:2px
"""
SHOP_DOT = r"""digraph agents {
    node [shape=box, style=rounded, fontname="sans-serif"];
    edge [fontname="sans-serif"];
    start [shape=point];
    start -> "agent_desk";
    "agent_desk" [label="Desk\nm\n2 tools, 1 asks first"];
    "agent_desk.look" [label="look", shape=ellipse, style=solid, color="#999999"];
    "agent_desk.refund" [label="refund\nasks first\nrequires: verified", shape=ellipse, style=solid, color="#c77700"];
    "agent_expert" [label="Expert\nm"];
    "agent_sales" [label="Sales\nm"];
    "agent_desk" -> "agent_expert" [label="for one turn", style=dotted];
    "agent_desk" -> "agent_sales" [label="they want to buy\nrequires: verified"];
    "agent_desk" -> "agent_desk.look" [arrowhead=none];
    "agent_desk" -> "agent_desk.refund" [arrowhead=none];
    "agent_sales" -> "agent_desk" [label="at most 2×"];
}
"""


def test_group_32_everything_that_a_node_and_an_edge_show() -> None:
    assert mermaid(picture_of(SHOP, tools=True)) == SHOP_MERMAID
    assert dot(picture_of(SHOP, tools=True)) == SHOP_DOT


def test_the_whole_of_the_json() -> None:
    desk, expert, sales = json.loads(as_json(SHOP))["agents"]
    assert desk == {
        "name": "desk",
        "label": "Desk",
        "description": "",
        "model": "m",
        "tools": [
            {"name": "look", "approval": "never", "requires": None, "effects": "once", "sequential": False},
            {"name": "refund", "approval": "always", "requires": "verified", "effects": "once", "sequential": False},
        ],
        "handoffs": [
            {"to": "expert", "when": "", "requires": None, "at_most": None, "for_one_turn": True},
            {
                "to": "sales",
                "when": "they want to buy",
                "requires": "verified",
                "at_most": None,
                "for_one_turn": False,
            },
        ],
        "problems": [],
    }
    assert (expert["name"], sales["name"]) == ("expert", "sales")
    report = json.loads(as_json(SHOP))
    assert {key: value for key, value in report.items() if key != "agents"} == {
        "version": 1,
        "entry": "desk",
        "variables": ["verified"],
        "happened": None,
    }


def test_group_32_the_order_of_the_file_means_nothing() -> None:
    written = set()
    for order in permutations(SHOP.agents):
        agents = {name: replace(SHOP.agents[name], edges=SHOP.agents[name].edges[::-1]) for name in order}
        turned = replace(SHOP, agents=agents)
        picture = picture_of(turned, tools=True)
        written.add((mermaid(picture), dot(picture), as_json(turned)))
    picture = picture_of(SHOP, tools=True)
    assert written == {(mermaid(picture), dot(picture), as_json(SHOP))}


def test_group_32_a_new_agent_and_a_new_handoff_are_new_lines_only() -> None:
    before = mermaid_of(agent("a", "c"), agent("c", "a"))
    after = mermaid_of(agent("a", "c", "b"), agent("b", "a"), agent("c", "a"))
    assert [line for line in after if line in before] == before
    assert len(after) == len(before) + 3


def test_group_31_what_the_checks_warn_of_is_marked() -> None:
    graph = AgentGraph.of(
        agent("entry", "lost", "trap_a", Edge("helper", for_one_turn=True)),
        agent("lost"),
        agent("helper"),
        agent("trap_a", "trap_b", choice="required"),
        agent("trap_b", "trap_a", choice=NamedFunction("transfer_to_trap_a")),
        agent("island", "entry"),
    )
    assert problems(graph) == {
        "lost": ("no-way-back",),
        "trap_a": ("trap", "no-way-back"),
        "trap_b": ("trap", "no-way-back"),
        "island": ("unreachable-agent",),
    }
    lines = mermaid(picture_of(graph)).splitlines()
    assert '    agent_island["<b>Island</b><br>m<br>! unreachable"]:::is_unreachable_agent' in lines
    assert '    agent_trap_a["<b>Trap A</b><br>m<br>! trap<br>! no way back"]:::is_trap' in lines
    assert '    agent_lost["<b>Lost</b><br>m<br>! no way back"]:::is_no_way_back' in lines
    assert "    classDef is_unreachable_agent fill:#eee,stroke:#999,color:#777,stroke-dasharray:5 5" in lines


def test_a_forced_agent_that_has_a_tool_or_another_way_is_no_trap() -> None:
    with_tool = agent("a", "b", tools=[tool("work")], choice="required")
    assert problems(AgentGraph.of(with_tool, agent("b", "a", choice="required"))) == {}
    other_way = agent("a", "b", "c", choice="required")
    assert problems(AgentGraph.of(other_way, agent("b", "a", choice="required"), agent("c", "a"))) == {}


def test_group_32_names_are_never_raw() -> None:
    names = ["end", "graph", "A", "a b", "_61", "a", "", "a.b", "é", "\ud800"]
    keys = [(name,) for name in names] + [("a", "b"), ("a", "b.c"), ("a", "b", "c")]
    made = [identifier(key) for key in keys]
    assert len(set(made)) == len(made)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.") for name in made)
    assert made[:2] == ["agent_end", "agent_graph"]


def test_group_32_signs_of_the_format_go_as_codes() -> None:
    text = 'the <b>customer</b> says "no" & leaves; or\nC:\\new `quotes` [of] #1 {it}'
    found = mermaid_of(agent("a", Edge("b", when=text)), agent("b", "a"))
    assert found[2] == (
        'agent_a -->|"the #60;b#62;customer#60;/b#62; says #34;no#34; #38; leaves#59; or '
        'C#58;#92;\u2060new #96;quotes#96; #91;of#93; #35;1 #123;it#125;"| agent_b'
    )
    graph = AgentGraph.of(agent("a", Edge("b", when=text)), agent("b", "a"))
    assert r'label="the <b>customer</b> says\n\"no\" &amp; leaves; or C:\\new\n`quotes` [of] #1 {it}"' in dot(
        picture_of(graph)
    )


@pytest.mark.parametrize(
    ("text", "most", "seen"),
    [
        ("two\nlines\tand  blanks ", 60, "two lines and blanks"),
        ("a\x1b[31mred\x07\u202eturned\ud800", 60, "a [31mred turned"),
        ("👩\u200d👧", 60, "👩\u200d👧"),
        ("x" * 100, 10, "xxxxxxxxx…"),
        ("word " * 10, 11, "word word…"),
        (" \n ", 60, ""),
    ],
)
def test_texts_are_made_fit_to_be_seen(text: str, most: int, seen: str) -> None:
    assert clean(text, most) == seen


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two three", ["one two", "three"]),
        ("abcdefghijklmn op", ["abcdefgh", "ijklmn", "op"]),
        ("顧客サービス", ["顧客サー", "ビス"]),
        ("", [""]),
    ],
)
def test_lines_are_counted_in_columns(text: str, lines: list[str]) -> None:
    assert list(wrapped(text, 8)) == lines


def jsonl(*events: Event) -> list[bytes]:
    return [to_json(event).encode() + b"\n" for event in events]


def started(agent: str, run: str = "r1") -> RunStarted:
    return RunStarted(run_id=run, at=0, message="hi", agent=agent)


def handed(target: str, run: str = "r1") -> HandedOff:
    return HandedOff(run_id=run, at=0, target=target)


def answered(run: str = "r1") -> RunFinished:
    return RunFinished(run_id=run, at=0, status="answered")


def called(name: str) -> ModelResponded:
    message = AssistantMessage("", (ToolCall("c1", name, "{}"),))
    return ModelResponded(run_id="r1", at=0, message=message)


REFUSED = ToolFinished(run_id="r1", at=0, call_id="c1", content="Error: not permitted now", error=True)
STORY = jsonl(
    started("a"),
    called("transfer_to_c"),
    REFUSED,
    handed("b"),
    answered(),
    started("b", "r2"),
    handed("a", "r2"),
    handed("b", "r2"),
    answered("r2"),
)


def test_what_happened() -> None:
    happened = read_events([*STORY, b"\n", b"  \n"], "x.jsonl")
    assert happened == Happened((("a", "b"), ("b", "a"), ("a", "b")), {"b": 2}, {("a", "c"): 1})
    assert happened.steps == {("a", "b"): (1, 3), ("b", "a"): (2,)}


def test_what_happened_is_drawn() -> None:
    happened = read_events(STORY, "x.jsonl")
    lines = mermaid_of(agent("a", "b", Edge("c", requires="ok")), agent("b", "a"), agent("c", "a"), happened=happened)
    assert lines == [
        'agent_a["<b>A</b><br>m"]',
        'agent_b["<b>B</b><br>m<br>answered 2×"]:::is_answered',
        'agent_c["<b>C</b><br>m"]',
        'agent_a ==>|"taken 2×: 1, 3"| agent_b',
        'agent_a -->|"requires: ok<br>refused 1×"| agent_c',
        'agent_b ==>|"taken 1×: 2"| agent_a',
        "agent_c --> agent_a",
    ]


def test_what_the_graph_does_not_have_any_more() -> None:
    happened = Happened((("a", "b"), ("a", "old one"), ("b", "a")), {"older": 1}, {("b", "a"): 1, ("a", "made_up"): 2})
    graph = AgentGraph.of(agent("a", "b"), agent("b"))
    assert gone(graph, happened) == [
        "there is no agent 'old one' any more",
        "there is no agent 'older' any more",
        "the handoff from 'b' to 'a' is not allowed any more",
        "'a' was refused a handoff to 'made_up', which is no agent",
    ]
    assert mermaid_of(*graph.agents.values(), happened=happened)[2:] == [
        'agent__6f6c64206f6e65["<b>old one</b><br>! not in the file"]:::is_gone',
        'agent_a ==>|"taken 1×: 1"| agent_b',
        'agent_a -.->|"taken 1×: 2"| agent__6f6c64206f6e65',
        'agent_b -.->|"taken 1×: 3<br>refused 1×"| agent_a',
    ]


def test_a_handoff_that_was_refused_and_never_allowed_has_a_cross() -> None:
    lines = mermaid_of(agent("a", "b"), agent("b", "a"), happened=Happened(refused={("b", "b"): 3}))
    assert lines[-1] == 'agent_b -.-x|"refused 3×"| agent_b'


def test_long_stories_stay_short() -> None:
    happened = Happened((("a", "b"), ("b", "a")) * 50 + (("x", "y"),) * 2)
    assert (
        '"taken 50×: 1, 3, 5, 7, 9, 11, 13, 15, …"'
        in mermaid_of(agent("a", "b"), agent("b", "a"), happened=happened)[4]
    )
    many = Happened(answers={f"gone_{number}": 1 for number in range(100)})
    assert gone(AgentGraph.of(agent("a")), many)[-1] == "and 80 more"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"{not json", "this line is not JSON"),
        (b"\xff\xfe", "this line is not JSON"),
        (b"[" * 100_000, "this line is not JSON"),
        (b"[1]", "this line is not an event; events are what `orchestrate run --format jsonl` prints"),
        (b'{"a": 1}', "this line is not an event; events are what `orchestrate run --format jsonl` prints"),
        (b'{"type": "sunrise"}', "this is not an event of a known kind, or lacks what one has: 'sunrise'"),
        (b'{"type": "handed_off"}', "this is not an event of a known kind, or lacks what one has: 'handed_off'"),
        (b'"' + b"x" * 16_000_000 + b'"', "this line has more than 16 MB"),
    ],
    ids=range(8),
)
def test_a_broken_line_is_named(line: bytes, fault: str) -> None:
    with pytest.raises(EventsError) as caught:
        read_events([*STORY[:2], line], "x.jsonl")
    assert str(caught.value) == f"x.jsonl:3: error: {fault}"


def test_the_end_of_a_run_alone_is_told() -> None:
    with pytest.raises(EventsError, match=r"^x:1: error: nothing before it says which agent has the word"):
        read_events(jsonl(handed("b")), "x")
