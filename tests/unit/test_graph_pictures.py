"""What mermaidx draws: every example and nasty graphs, read back from the SVG."""

import os
import re
import struct
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest

from orchestrator.agents import Agent, AgentGraph, Edge
from orchestrator.loader import load
from orchestrator.model import Model
from orchestrator.render.graph import drawing
from orchestrator.render.graph.happened import Happened
from orchestrator.render.graph.mermaid import mermaid
from orchestrator.render.graph.picture import Picture, picture_of
from orchestrator.render.graph.texts import clean
from orchestrator.templates import Instructions
from tests.support.cli import ROOT

EXAMPLES = [
    path for path in sorted((ROOT / "agents").glob("*.yaml")) if not path.name.endswith((".script.yaml", ".test.yaml"))
]
SVG = "{http://www.w3.org/2000/svg}"
HTML = "{http://www.w3.org/1999/xhtml}"
NASTY = [
    'say "no"',
    "a [b] {c} (d) |e|",
    "Two\nlines",
    "end",
    "subgraph graph style class default click",
    "1. first",
    "- item",
    "**bold** _it_ ~~s~~ `code`",
    "#35; #quot; &amp; &lt; ;",
    "a --> b -.-> c ==> d --- e",
    "%% comment %%{init: {}}%%",
    "<b>x</b><script>alert(1)</script><br>",
    "😀 👩\u200d👧 🇩🇪",
    "顧客サービス部門のとても長い名前のエージェントです",
    "שלום עולם مرحبا",
    "$$x^2$$ fa:fa-car @{ shape: circle }",
    "http://x.example www.example.com me@example.com [x](y)",
    "C:\\new \\n \\",
    "word " * 80,
    "x" * 300,
    "direction LR",
    "ﬂ°°35¶ß \u202e\x07\ud800",
]
RESERVED = [("end", "graph"), ("subgraph", "style"), ("click", "class"), ("default", "direction"), ("href", "call")]
SOME = [NASTY[start : start + len(RESERVED)] for start in range(0, len(NASTY), len(RESERVED))]


@dataclass(frozen=True)
class Rectangle:
    """A box or a label of an SVG: its text, and where it is."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Rectangle") -> bool:
        return min(self.right, other.right) - max(self.left, other.left) > 1 and (
            min(self.bottom, other.bottom) - max(self.top, other.top) > 1
        )


def rectangles(svg: str) -> list[Rectangle]:
    """The boxes of a flowchart and the labels of its arrows that say something."""
    found = _rectangles(ET.fromstring(svg), 0, 0)
    return [each for each in found if each.text]


def _rectangles(element: ET.Element, x: float, y: float) -> Iterator[Rectangle]:
    moved = re.match(r"translate\(\s*([-\d.e]+)[ ,]+([-\d.e]+)\s*\)", element.get("transform", ""))
    if moved:
        x, y = x + float(moved[1]), y + float(moved[2])
    kinds = element.get("class", "").split()
    if "node" in kinds or "edgeLabel" in kinds:
        text = _text(element)
        left, top, width, height = _extent(element)
        yield Rectangle(text, x + left, y + top, x + left + width, y + top + height)
        return
    for child in element:
        yield from _rectangles(child, x, y)


def _extent(element: ET.Element) -> tuple[float, float, float, float]:
    """The extent of a box is that of its shape; of a label, that of its text."""
    shape = next((child for child in element if child.tag == f"{SVG}rect" and child.get("width")), None)
    if shape is not None:
        return (*(float(shape.get(name, 0)) for name in ("x", "y", "width", "height")),)  # type: ignore[return-value]  # four
    inner = next(element.iter(f"{SVG}foreignObject"), None)
    width, height = (0.0, 0.0) if inner is None else (float(inner.get("width", 0)), float(inner.get("height", 0)))
    return -width / 2, -height / 2, width, height


def _text(element: ET.Element) -> str:
    """A label, its lines apart, without the sign that keeps characters apart."""
    for end in element.iter(f"{HTML}br"):
        end.tail = f"\n{end.tail or ''}"
    return "".join(element.itertext()).strip().replace("\u2060", "")


def letters(text: str) -> str:
    return re.sub(r"\s", "", text)


def nasty(*texts: str) -> AgentGraph:
    """A round of agents, with names that Mermaid reserves, and each of these texts wherever one may stand."""
    agents = []
    for number, text in enumerate(texts):
        (front, back), (following, _) = RESERVED[number], RESERVED[(number + 1) % len(texts)]
        forth, on = Edge(back, when=text, requires=text), Edge(following, when=text, for_one_turn=True)
        agents.append(Agent(front, Model(text), Instructions("x"), text, edges=(forth,)))
        agents.append(Agent(back, Model("m"), Instructions("x"), text, edges=(on,)))
    return AgentGraph.of(*agents)


def many(count: int) -> Picture:
    """Agents, each of which hands off to five others, and none back."""
    instructions = Instructions("x")
    parents = [(number - 1) // 5 for number in range(count)]
    edges: list[list[Edge]] = [[] for _ in range(count)]
    for number in range(1, count):
        edges[parents[number]].append(Edge(f"agent_{number}", when=f"it is about {number}"))
    agents = (Agent(f"agent_{n}", Model("m"), instructions, edges=tuple(edges[n])) for n in range(count))
    return picture_of(AgentGraph.of(*agents))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("tools", [False, True], ids=["agents", "tools"])
def test_no_boxes_overlap_in_the_examples(path: Path, tools: bool) -> None:
    graph = load(path).unwrap()
    happened = Happened((("triage", "sales"), ("sales", "triage")), {"triage": 1}) if path.stem == "acme" else None
    picture = picture_of(graph, tools=tools, happened=happened)
    drawn = rectangles(drawing.svg(picture))
    titles = [each.text.split("\n")[0] for each in drawn]
    assert {box.lines[0] for box in picture.boxes} <= set(titles)
    assert [(a.text, b.text) for a, b in combinations(drawn, 2) if a.overlaps(b)] == []


@pytest.mark.parametrize("texts", SOME, ids=range(len(SOME)))
def test_group_32_nasty_texts_are_drawn_as_they_are(texts: list[str]) -> None:
    drawn = [letters(each.text) for each in rectangles(drawing.svg(picture_of(nasty(*texts))))]
    expected = [each for text in texts for each in labels(letters(clean(text, 60)), letters(clean(text, 120)))]
    assert sorted(drawn) == sorted(expected)


def labels(label: str, when: str) -> list[str]:
    """What stands in the boxes and at the arrows of a text."""
    return [f"{label}{label}", f"{label}m", f"{when}requires:{when}", f"{when}foroneturn"]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_group_32_nasty_texts_on_a_terminal(text: str) -> None:
    drawn = drawing.text(picture_of(nasty(text)), 100)
    assert drawn.startswith("┌")
    label = clean(text, 60)
    assert drawn.splitlines()[-1].startswith(f"2 {label} → {label}: ")
    assert not [char for char in drawn if not char.isprintable() and char not in "\n\u200d\u2060"]


@pytest.mark.parametrize("count", [1, 25])
def test_few_and_many_agents(count: int) -> None:
    drawn = [each.text.split("\n")[0] for each in rectangles(drawing.svg(many(count)))]
    assert {f"Agent {number}" for number in range(count)} <= set(drawn)


@pytest.mark.skipif(not os.environ.get("SOAK"), reason="it takes some minutes; set SOAK=1")
@pytest.mark.timeout(600)
def test_group_32_three_hundred_agents() -> None:
    drawn = [each.text.split("\n")[0] for each in rectangles(drawing.svg(many(300)))]
    assert {f"Agent {number}" for number in range(300)} <= set(drawn)


def test_a_picture_that_would_never_end_is_refused() -> None:
    with pytest.raises(drawing.DrawingError, match=r"^2001 boxes and arrows are too many for a picture"):
        drawing.svg(many(1001))


@pytest.fixture(scope="module")
def acme() -> tuple[Picture, str]:
    """A picture, and how it is drawn."""
    picture = picture_of(load(ROOT / "agents/acme.yaml").unwrap())
    return picture, drawing.svg(picture)


def test_the_same_picture_has_the_same_bytes(acme: tuple[Picture, str]) -> None:
    picture, drawn = acme
    assert drawing.svg(picture) == drawn


def test_a_png_is_twice_as_large_as_its_svg(acme: tuple[Picture, str]) -> None:
    picture, drawn = acme
    image = drawing.png(picture)
    found = re.search(r'viewBox="\S+ \S+ ([\d.]+) ([\d.]+)"', drawn)
    assert found is not None
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", image[16:24])
    assert width == round(float(found[1]) * 2)
    assert height == pytest.approx(float(found[2]) * 2, abs=2)


def test_the_drawing_for_a_terminal_takes_the_room_there_is() -> None:
    picture = picture_of(load(ROOT / "agents/acme.yaml").unwrap())
    wide, narrow = drawing.text(picture, 80), drawing.text(picture, 30)
    assert max(map(len, wide.split("\n\n")[0].split("\n"))) <= 80
    assert narrow.splitlines()[:3] == [
        "> Triage, fast, 1 tool",
        "Issues and Repairs, careful, 2 tools",
        "Sales, careful, 1 tool",
    ]
    assert wide.split("\n\n")[1] == narrow.split("\n\n")[1]


def test_three_hundred_agents_on_a_terminal_are_a_list() -> None:
    drawn = drawing.text(many(300), 80)
    assert drawn.startswith("> Agent 0, m\nAgent 1, m, ! no way back\n")
    assert len(drawn.splitlines()) == 300 + 1 + 299


def test_a_narrow_terminal_lists_the_tools_too() -> None:
    picture = picture_of(load(ROOT / "agents/acme.yaml").unwrap(), tools=True)
    assert drawing.text(picture, 20).startswith("> Triage, fast, 1 tool\n  escalate_to_human\nIssues and Repairs, ")


def test_an_agent_alone_has_nothing_below_it() -> None:
    assert drawing.text(many(1)).splitlines()[-1].startswith("└")


def test_a_tangle_on_a_terminal_is_a_list() -> None:
    names = [f"agent_{number}" for number in range(6)]
    agents = (
        Agent(name, Model("m"), Instructions("x"), edges=tuple(Edge(other) for other in names if other != name))
        for name in names
    )
    assert drawing.text(picture_of(AgentGraph.of(*agents))).startswith("> Agent 0, m\nAgent 1, m\n")


def test_mermaid_of_a_thousand_agents_has_a_line_for_each() -> None:
    lines = mermaid(many(1000)).splitlines()
    assert len([line for line in lines if line.startswith("    agent_") and "-->" not in line]) == 1000
    assert len([line for line in lines if "-->|" in line]) == 999
