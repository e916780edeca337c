"""``orchestrate graph`` draws the handoffs as text."""

import pytest

from orchestrator.agents import Agent, AgentGraph, Edge
from orchestrator.model import Model
from orchestrator.render.graph import dot, mermaid
from orchestrator.templates import Instructions
from tests.acceptance.conftest import Write
from tests.support.cli import ROOT, Done, in_process, orchestrate

ACME_MERMAID = """\
flowchart TD
    start((start))
    start --> agent_triage
    agent_triage["Triage"]
    agent_sales["Sales"]
    agent_issues_and_repairs["Issues and Repairs"]
    agent_triage -- "the customer wants to buy something" --> agent_sales
    agent_triage -- "something is broken, or the customer wants their money back" --> agent_issues_and_repairs
    agent_sales -- "the customer asks for something else" --> agent_triage
    agent_issues_and_repairs -- "the customer asks for something else" --> agent_triage
"""
ACME_DOT = """\
digraph agents {
    node [shape=box, style=rounded];
    "" [shape=point];
    "" -> "triage";
    "triage" [label="Triage"];
    "sales" [label="Sales"];
    "issues_and_repairs" [label="Issues and Repairs"];
    "triage" -> "sales" [label="the customer wants to buy something"];
    "triage" -> "issues_and_repairs" [label="something is broken, or the customer wants their money back"];
    "sales" -> "triage" [label="the customer asks for something else"];
    "issues_and_repairs" -> "triage" [label="the customer asks for something else"];
}
"""


def test_acme_as_mermaid() -> None:
    assert orchestrate("graph", "agents/acme.yaml") == Done(0, ACME_MERMAID, "")


def test_acme_as_dot() -> None:
    assert in_process("graph", "--format", "dot", ROOT / "agents/acme.yaml") == Done(0, ACME_DOT, "")


ODD = """
    entry: end
    agents:
      end:
        label: 'The "end" [of] #1 {it}'
        instructions: x
        model: m
        handoffs:
          - to: graph
            when: |
              the <b>customer</b> says "no" & leaves; or
              C:\\new `quotes`
          - subgraph
      graph: {label: "Two\\nlines", instructions: x, model: m, handoffs: [end]}
      subgraph: {label: 顧客 — Zoë, instructions: x, model: m, handoffs: [{to: end, when: ""}]}
"""
ODD_MERMAID = """\
flowchart TD
    start((start))
    start --> agent_end
    agent_end["The #34;end#34; [of] #35;1 {it}"]
    agent_graph["Two<br>lines"]
    agent_subgraph["顧客 — Zoë"]
    agent_end -- "the #60;b#62;customer#60;/b#62; says #34;no#34; #38; leaves#59; or<br>C:#92;new #96;quotes#96;" --> \
agent_graph
    agent_end --> agent_subgraph
    agent_graph --> agent_end
    agent_subgraph --> agent_end
"""
ODD_DOT = r"""digraph agents {
    node [shape=box, style=rounded];
    "" [shape=point];
    "" -> "end";
    "end" [label="The \"end\" [of] #1 {it}"];
    "graph" [label="Two\nlines"];
    "subgraph" [label="顧客 — Zoë"];
    "end" -> "graph" [label="the <b>customer</b> says \"no\" & leaves; or\nC:\\new `quotes`"];
    "end" -> "subgraph";
    "graph" -> "end";
    "subgraph" -> "end";
}
"""


@pytest.mark.parametrize(("form", "drawn"), [("mermaid", ODD_MERMAID), ("dot", ODD_DOT)])
def test_texts_with_signs_of_the_format(write: Write, form: str, drawn: str) -> None:
    assert in_process("graph", write("odd.yaml", ODD), "--format", form) == Done(0, drawn, "")


def test_a_graph_built_in_code() -> None:
    def agent(name: str, *edges: Edge) -> Agent:
        return Agent(name, Model("m"), Instructions("x"), edges=edges)

    graph = AgentGraph.of(agent("a", Edge("b", when="needed")), agent("b"))
    assert mermaid(graph).splitlines()[1:] == [
        "    start((start))",
        "    start --> agent_a",
        '    agent_a["A"]',
        '    agent_b["B"]',
        '    agent_a -- "needed" --> agent_b',
    ]
    assert '"a" -> "b" [label="needed"];' in dot(graph)


def test_what_is_wrong_goes_to_standard_error(write: Write) -> None:
    file = write("broken.yaml", "agents: {a: {instructions: x, model: m, handoffs: [b]}}\n")
    done = in_process("graph", file)
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[0] == f"{file}:1:52: error[unknown-agent]: no agent named 'b'"
    assert done.err.splitlines()[-1] == "1 file: 1 error"


def test_warnings_are_counted_on_standard_error(write: Write) -> None:
    file = write("bot.yaml", "agents: {a: {instructions: x, model: m}}\ndescription: Call us # 24/7\n")
    done = in_process("graph", file)
    assert (done.code, done.out.splitlines()[0]) == (0, "flowchart TD")
    assert done.err == f"{file}: 1 file: 1 warning; see: orchestrate validate {file}\n"
