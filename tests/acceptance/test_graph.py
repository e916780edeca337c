"""``orchestrate graph`` draws agents and handoffs, as text and as pictures."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.render.graph.report import GraphReport
from tests.acceptance.conftest import Write
from tests.support.cli import COMMAND, ROOT, Done, environment, in_process, on_terminal, orchestrate

ACME_MERMAID = """\
%%{init: {"flowchart": {"curve": "linear"}}}%%
flowchart TD
    start(( )) --> agent_triage
    agent_triage["<b>Triage</b><br>fast<br>1 tool"]
    agent_issues_and_repairs["<b>Issues and Repairs</b><br>careful<br>2 tools"]
    agent_sales["<b>Sales</b><br>careful<br>1 tool"]
    agent_triage -->|"something is broken, or the customer wants their money back"| agent_issues_and_repairs
    agent_triage -->|"the customer wants to buy something"| agent_sales
    agent_issues_and_repairs -->|"the customer asks for something else"| agent_triage
    agent_sales -->|"the customer asks for something else"| agent_triage
"""
ACME_DOT = """digraph agents {
    node [shape=box, style=rounded, fontname="sans-serif"];
    edge [fontname="sans-serif"];
    start [shape=point];
    start -> "agent_triage";
    "agent_triage" [label="Triage\\nfast\\n1 tool"];
    "agent_issues_and_repairs" [label="Issues and Repairs\\ncareful\\n2 tools"];
    "agent_sales" [label="Sales\\ncareful\\n1 tool"];
    "agent_triage" -> "agent_issues_and_repairs" \
[label="something is broken, or the\\ncustomer wants their money\\nback"];
    "agent_triage" -> "agent_sales" [label="the customer wants to buy\\nsomething"];
    "agent_issues_and_repairs" -> "agent_triage" [label="the customer asks for\\nsomething else"];
    "agent_sales" -> "agent_triage" [label="the customer asks for\\nsomething else"];
}
"""
ACME_TEXT = """\
┌────────────────────┐
│      > Triage      │            4
│        fast        │◄┬───────────────────────╮
│       1 tool       │ │                       │
└──────────┬─────────┘ │                       │
           │           │                       │
           │           │                       │
           ├───────────┼3──────────╮           │
          1│           │           │           │
           │           │           │2          │
           ▼           │           ▼           │
┌────────────────────┐ │┌────────────────────┐ │
│ Issues and Repairs │ ││       Sales        │ │
│      careful       ├─╯│      careful       ├─╯
│      2 tools       │  │       1 tool       │
└────────────────────┘  └────────────────────┘

1 Triage → Issues and Repairs: something is broken, or the customer wants their money back
2 Triage → Sales: the customer wants to buy something
3 Issues and Repairs → Triage: the customer asks for something else
4 Sales → Triage: the customer asks for something else
"""
ACME = ROOT / "agents/acme.yaml"
INSTALL = "drawing needs the package mermaidx: pip install mermaidx"


@pytest.fixture
def without_mermaidx(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the package were not installed."""
    monkeypatch.setitem(sys.modules, "mermaidx", None)


@pytest.fixture
def story(tmp_path: Path) -> Path:
    """What ``run --format jsonl`` prints of a session."""
    file = tmp_path / "session.jsonl"
    done = in_process("run", ACME, "I want a refund for my anvil", "--format", "jsonl")
    file.write_text(done.out, encoding="utf-8")
    return file


def test_group_32_acme_in_a_pipe_is_mermaid() -> None:
    assert orchestrate("graph", "agents/acme.yaml") == Done(0, ACME_MERMAID, "")


@pytest.mark.parametrize(
    ("form", "drawn"),
    [("mermaid", ACME_MERMAID), ("dot", ACME_DOT), ("text", ACME_TEXT)],
    ids=["mermaid", "dot", "text"],
)
def test_group_32_acme_in_each_form_of_text(form: str, drawn: str, tmp_path: Path) -> None:
    assert in_process("graph", "--format", form, ACME) == Done(0, drawn, "")
    suffix = {"mermaid": ".mmd", "dot": ".DOT", "text": ".txt"}[form]
    assert in_process("graph", ACME, "-o", tmp_path / f"acme{suffix}") == Done(0, "", "")
    assert (tmp_path / f"acme{suffix}").read_text(encoding="utf-8") == drawn


def test_a_terminal_gets_the_drawing() -> None:
    assert on_terminal("graph", ACME) == (0, ACME_TEXT)


def test_a_narrow_terminal_gets_what_fits() -> None:
    code, shown = on_terminal("graph", ACME, COLUMNS="30")
    assert code == 0
    assert shown.startswith("> Triage, fast, 1 tool\n")


def test_pictures_go_to_standard_output_or_to_a_file(tmp_path: Path) -> None:
    done = in_process("graph", ACME, "--format", "svg")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("<svg ")
    assert in_process("graph", ACME, "-o", tmp_path / "acme.svg") == Done(0, "", "")
    assert (tmp_path / "acme.svg").read_text(encoding="utf-8") == done.out
    assert in_process("graph", ACME, "-o", tmp_path / "acme.png") == Done(0, "", "")
    assert (tmp_path / "acme.png").read_bytes().startswith(b"\x89PNG")


def test_a_png_in_a_pipe() -> None:
    command = [COMMAND, "graph", str(ACME), "--format", "png"]
    done = subprocess.run(command, env=environment({}), capture_output=True, timeout=50, check=True)
    assert done.stdout.startswith(b"\x89PNG")
    assert done.stderr == b""


def test_a_png_is_nothing_for_a_terminal() -> None:
    told = "error: a PNG is nothing for a terminal: write it to a file with -o FILE.png\n"
    assert on_terminal("graph", ACME, "--format", "png") == (2, told)


def test_markdown_gets_a_fence(tmp_path: Path) -> None:
    assert in_process("graph", ACME, "-o", tmp_path / "acme.md").code == 0
    assert (tmp_path / "acme.md").read_text(encoding="utf-8") == f"```mermaid\n{ACME_MERMAID}```\n"


def test_the_format_wins_over_the_suffix(tmp_path: Path) -> None:
    assert in_process("graph", ACME, "--format", "dot", "-o", tmp_path / "acme.gv") == Done(0, "", "")
    assert (tmp_path / "acme.gv").read_text(encoding="utf-8") == ACME_DOT


def test_an_unknown_suffix_is_wrong_usage(tmp_path: Path) -> None:
    file = tmp_path / "acme.gif"
    known = ".mmd, .md, .dot, .json, .txt, .svg, .png"
    told = f"error: -o {file}: no format has this suffix; known are {known}, or add --format\n"
    assert in_process("graph", ACME, "-o", file) == Done(2, "", told)


def test_a_file_that_can_not_be_written(tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "acme.mmd"
    assert in_process("graph", ACME, "-o", file) == Done(
        2, "", f"error: {file} can't be written: No such file or directory\n"
    )


@pytest.mark.usefixtures("without_mermaidx")
@pytest.mark.parametrize("arguments", [("--format", "text"), ("--format", "svg"), ("-o", "acme.png")], ids=" ".join)
def test_without_the_extra_a_drawing_says_how_to_get_it(arguments: tuple[str, str]) -> None:
    assert in_process("graph", ACME, *arguments) == Done(2, "", f"error: {INSTALL}\n")


@pytest.mark.usefixtures("without_mermaidx")
def test_without_the_extra_text_is_as_ever() -> None:
    assert in_process("graph", ACME) == Done(0, ACME_MERMAID, "")
    assert in_process("graph", ACME, "--format", "dot") == Done(0, ACME_DOT, "")


@pytest.mark.usefixtures("without_mermaidx")
def test_a_terminal_without_the_extra_gets_mermaid_and_a_line() -> None:
    assert on_terminal("graph", ACME) == (0, f"{INSTALL}\n{ACME_MERMAID}")


def test_the_json_has_what_the_file_says() -> None:
    report = json.loads(in_process("graph", ROOT / "agents/bank.yaml", "--format", "json").out)
    assert (report["version"], report["entry"]) == (1, "welcome")
    assert report["variables"] == ["approve_above", "bank", "verified"]
    assert [agent["name"] for agent in report["agents"]] == ["welcome", "payments"]
    transfer = {
        "name": "transfer_money",
        "approval": "rule",
        "requires": "verified",
        "effects": "once",
        "sequential": True,
    }
    assert report["agents"][1]["tools"][1] == transfer


def test_the_json_of_the_page_is_what_is_printed() -> None:
    page = (ROOT / "docs/graph.md").read_text(encoding="utf-8")
    shown = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert [GraphReport.model_validate_json(text, strict=True).model_dump(mode="json") for text in shown] == [
        json.loads(text) for text in shown
    ]
    assert len(shown) == 1


ODD = """
    entry: end
    agents:
      end:
        label: 'The "end" [of] #1'
        instructions: x
        model: m
        handoffs:
          - {to: graph, when: "the <b>customer</b> says \\"no\\"; or `quotes`"}
          - {to: subgraph, when: x}
      graph: {label: "Two\\nlines", description: d, instructions: x, model: m, handoffs: [{to: end, when: x}]}
      subgraph: {label: 顧客 — Zoë, instructions: x, model: m, handoffs: [{to: end, when: x}]}
"""
ODD_MERMAID = """\
%%{init: {"flowchart": {"curve": "linear"}}}%%
flowchart TD
    start(( )) --> agent_end
    agent_end["<b>The #34;end#34; #91;of#93; #35;1</b><br>m"]
    agent_graph["<b>Two lines</b><br>m"]
    agent_subgraph["<b>顧客 — Zoë</b><br>m"]
    agent_end -->|"the #60;b#62;customer#60;/b#62; says #34;no#34;#59; or #96;quotes#96;"| agent_graph
    agent_end -->|"x"| agent_subgraph
    agent_graph -->|"x"| agent_end
    agent_subgraph -->|"x"| agent_end
"""


def test_group_32_texts_with_signs_of_the_format(write: Write) -> None:
    assert in_process("graph", write("odd.yaml", ODD)).out == ODD_MERMAID


def test_group_32_the_order_of_keys_means_nothing(write: Write) -> None:
    agents = [
        "  b: {description: d, instructions: x, model: m, handoffs: [{to: a, when: y}]}\n",
        "  a: {instructions: x, handoffs: [{when: x, to: b}, c], model: m}\n",
        "  c: {model: m, instructions: x, description: d, handoffs: [a]}\n",
    ]
    turned = [agents[1].replace("[{when: x, to: b}, c]", "[c, {to: b, when: x}]"), agents[2], agents[0]]
    one = write("one.yaml", f"entry: a\nagents:\n{''.join(agents)}")
    other = write("other.yaml", f"agents:\n{''.join(turned)}limits: {{model_calls: 3}}\nentry: a\n")
    for form in ("mermaid", "dot", "json", "text"):
        assert in_process("graph", one, "--format", form).out == in_process("graph", other, "--format", form).out


def test_the_tools_of_each_agent(write: Write) -> None:
    drawn = in_process("graph", ROOT / "agents/bank.yaml", "--tools").out
    assert (
        '    agent_payments.transfer_money(["transfer_money<br>asks first<br>requires: verified"]):::is_asking\n'
        in drawn
    )
    assert "    agent_payments --- agent_payments.transfer_money\n" in drawn


def test_what_happened_is_shown(story: Path) -> None:
    done = in_process("graph", ACME, "--events", story)
    assert (done.code, done.err) == (0, "")
    assert 'agent_triage ==>|"something is broken, or the customer wants their money back<br>taken 1×: 1"|' in done.out
    assert '<br>2 tools<br>answered 1×"]:::is_answered' in done.out
    assert in_process("graph", ACME, "--events", "-", lines=story.read_text(encoding="utf-8")) == done
    report = json.loads(in_process("graph", ACME, "--events", story, "--format", "json").out)
    assert report["happened"] == {
        "path": [{"source": "triage", "to": "issues_and_repairs"}],
        "answers": [{"agent": "issues_and_repairs", "times": 1}],
        "refused": [],
    }


def test_what_the_file_does_not_have_any_more_is_told(story: Path, write: Write) -> None:
    file = write("new.yaml", "agents: {triage: {instructions: x, model: m}}\n")
    done = in_process("graph", file, "--events", story)
    assert done.code == 0
    assert done.err == f"{story}: there is no agent 'issues_and_repairs' any more\n"
    assert re.search(r'agent_triage -\.->\|"taken 1×: 1"\| agent_issues_and_repairs\n', done.out)


def test_a_broken_line_of_events_ends_with_1(story: Path) -> None:
    with story.open("a", encoding="utf-8") as file:
        file.write("Traceback (most recent call last):\n")
    number = len(story.read_text(encoding="utf-8").splitlines())
    assert in_process("graph", ACME, "--events", story) == Done(
        1, "", f"{story}:{number}: error: this line is not JSON\n"
    )


def test_what_is_wrong_goes_to_standard_error(write: Write) -> None:
    file = write("broken.yaml", "agents: {a: {instructions: x, model: m, handoffs: [b]}}\n")
    done = in_process("graph", file)
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[0] == f"{file}:1:52: error[unknown-agent]: no agent named 'b'"


def test_warnings_are_counted_on_standard_error(write: Write) -> None:
    file = write("bot.yaml", "agents: {a: {instructions: x, model: m}}\ndescription: Call us # 24/7\n")
    done = in_process("graph", file)
    assert (done.code, done.out.splitlines()[1]) == (0, "flowchart TD")
    assert done.err == f"{file}: 1 warning; see: orchestrate validate {file}\n"


def test_what_tool_modules_print_is_no_part_of_the_graph(write: Write) -> None:
    write("noisy.py", 'print("loaded")\n\n\ndef work() -> str:\n    """Work."""\n    return ""\n')
    done = in_process("graph", write("bot.yaml", "agents: {a: {instructions: x, model: m, tools: [noisy]}}\n"))
    assert (done.code, done.out.splitlines()[1], done.err) == (0, "flowchart TD", "loaded\n")
