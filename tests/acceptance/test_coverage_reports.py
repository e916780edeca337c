"""The files that tell coverage: for programs, for viewers of coverage, and to look at."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.diagnostics import Span
from orchestrator.render.coverage.items import Coverage, Item, Kind
from orchestrator.render.coverage.lcov import as_lcov
from orchestrator.render.coverage.report import CoverageReport
from orchestrator.testing.coverage import Reached, covered, draw, picture_fault, report_fault, write_report
from tests.support.cli import Done, in_process, orchestrate
from tests.support.fakes import agent, graph

DESK = """\
defaults: {model: m, handoffs: [desk], tools: [tools.shop]}
entry: desk
agents:
  desk: {instructions: Say hello., handoffs: [sales]}
  sales:
    instructions: Sell.
"""
TOOLS = '''\
def sell() -> str:
    """Sell something."""
    return "sold"


def look() -> str:
    """Look for something."""
    return "found"
'''
HIT = Reached({"desk": 4}, {("desk", "look"): 3}, {("desk", "sales"): 1})
LCOV = """\
TN:
SF:agents/desk.yaml
BRDA:1,0,0,0
BRDA:1,0,1,3
BRDA:1,0,2,0
BRDA:1,0,3,0
BRDA:1,0,4,0
BRDA:4,0,0,4
BRDA:4,0,1,1
BRF:7
BRH:3
DA:1,3
DA:4,4
DA:5,0
LF:3
LH:2
end_of_record
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real path of a file of agents, in a project that is the working directory."""
    for name, text in {"agents/desk.yaml": DESK, "tools/shop.py": TOOLS, "pyproject.toml": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path.resolve() / "agents" / "desk.yaml"


# ---- LCOV


@pytest.mark.parametrize("name", ["coverage.lcov", "coverage.info", "COVERAGE.INFO"])
def test_the_whole_of_the_lcov(desk: Path, name: str) -> None:
    write_report(Path(name), covered({desk: HIT}))
    assert Path(name).read_text(encoding="utf-8") == LCOV


def test_lcov_without_a_line_of_several_items_has_no_branches(desk: Path) -> None:
    desk.write_text("agents:\n  a:\n    model: m\n    instructions: Hi.\n", encoding="utf-8")
    expected = "TN:\nSF:agents/desk.yaml\nDA:2,0\nLF:1\nLH:0\nend_of_record\n"
    assert as_lcov(covered({desk: Reached()})) == expected


def test_a_part_of_two_files_is_one_record_in_which_hits_are_added(desk: Path) -> None:
    part = "agents:\n  a:\n    model: m\n    instructions: Hi.\n"
    desk.with_name("part.yaml").write_text(part, encoding="utf-8")
    roots = [desk.with_name(name) for name in ("one.yaml", "two.yaml")]
    for root in roots:
        root.write_text("include: [part.yaml]\n", encoding="utf-8")
    coverages = covered(dict(zip(roots, [Reached({"a": 1}), Reached({"a": 2})], strict=True)))
    assert [coverage.file for coverage in coverages] == ["agents/one.yaml", "agents/two.yaml"]
    assert as_lcov(coverages) == "TN:\nSF:agents/part.yaml\nDA:2,3\nLF:1\nLH:1\nend_of_record\n"


ITEMS = st.lists(
    st.builds(
        Item,
        st.sampled_from(["agent", "tool", "handoff"]),
        st.sampled_from("ab"),
        st.sampled_from("xyz"),
        st.builds(Span, st.sampled_from(["a.yaml", "b.yaml"]), st.integers(1, 6)),
        st.integers(0, 3),
    ),
    max_size=30,
)


@given(ITEMS)
def test_lcov_says_what_the_items_say_and_is_what_genhtml_takes(items: list[Item]) -> None:
    """It refuses sums that are wrong, and lines and their branches that contradict each other."""
    records = list(parsed(as_lcov([Coverage("a.yaml", graph(agent("a")), Reached(), tuple(items))])))
    assert [record.file for record in records] == sorted({item.span.path for item in items})
    for record in records:
        assert record.sums.get("LF") == len(record.lines)
        assert record.sums.get("LH") == sum(hits > 0 for hits in record.lines.values())
        taken = list(itertools.chain.from_iterable(record.branches.values()))
        assert record.sums.get("BRF", 0) == len(taken)
        assert record.sums.get("BRH", 0) == sum(hits not in {"-", "0"} for hits in taken)
        for line, hits in record.lines.items():
            there = merged(item for item in items if (item.span.path, item.span.line) == (record.file, line))
            assert (hits > 0) == any(there.values())
            assert len(record.branches.get(line, ["one"])) == len(there)
        for line, branches in record.branches.items():
            assert ("-" in branches) == (record.lines[line] == 0)
            assert len(set(branches)) == 1 or "-" not in branches


def merged(items: Iterator[Item]) -> Mapping[tuple[Kind, str, str], int]:
    hits: dict[tuple[Kind, str, str], int] = {}
    for item in items:
        key = item.kind, item.agent, item.name
        hits[key] = hits.get(key, 0) + item.hits
    return hits


@dataclass
class Record:
    """A record of a tracefile."""

    file: str
    lines: dict[int, int] = field(default_factory=dict)
    branches: dict[int, list[str]] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=dict)


def parsed(tracefile: str) -> Iterator[Record]:
    """The records of a tracefile. Anything in it that the format does not know is an error."""
    record = Record("")
    for line in tracefile.splitlines():
        kind, _, value = line.partition(":")
        match kind:
            case "TN":
                assert value == ""
            case "SF":
                record = Record(value)
            case "DA":
                number, hits = map(int, value.split(","))
                assert number not in record.lines
                record.lines[number] = hits
            case "BRDA":
                at, block, branch, taken = value.split(",")
                branches = record.branches.setdefault(int(at), [])
                assert (block, branch) == ("0", str(len(branches)))
                branches.append(taken)
            case "LF" | "LH" | "BRF" | "BRH":
                record.sums[kind] = int(value)
            case _:
                assert line == "end_of_record"
                yield record


# ---- JSON


def test_the_json_has_all_items_with_their_places(desk: Path) -> None:
    write_report(Path("coverage.json"), covered({desk: HIT}))
    text = Path("coverage.json").read_text(encoding="utf-8")
    CoverageReport.model_validate_json(text, strict=True)
    report = json.loads(text)
    assert report["version"] == 1
    assert report["covered"] == {
        "agents": {"hit": 1, "total": 2, "percent": 50},
        "tools": {"hit": 1, "total": 4, "percent": 25},
        "handoffs": {"hit": 1, "total": 2, "percent": 50},
        "all": {"hit": 3, "total": 8, "percent": 37},
    }
    [file] = report["files"]
    assert (file["file"], file["covered"]) == ("agents/desk.yaml", report["covered"])
    assert file["items"][0] == {
        "path": "agents/desk.yaml",
        "line": 4,
        "column": 3,
        "end_line": 4,
        "end_column": 7,
        "kind": "agent",
        "agent": "desk",
        "name": "desk",
        "hits": 4,
    }
    assert len(file["items"]) == 8


def test_the_json_of_no_file_at_all_is_complete(tmp_path: Path) -> None:
    write_report(tmp_path / "coverage.json", [])
    report = CoverageReport.model_validate_json((tmp_path / "coverage.json").read_text(encoding="utf-8"))
    assert (report.covered.all.percent, report.files) == (100, ())


# ---- pictures


@pytest.mark.parametrize(
    ("name", "begins"),
    [("c.png", b"\x89PNG"), ("c.mmd", b"%%{init"), ("c.dot", b"digraph"), ("C.DOT", b"digraph")],
)
def test_pictures_of_each_form(desk: Path, name: str, begins: bytes) -> None:
    assert draw(Path(name), covered({desk: HIT})) == [Path(name)]
    assert Path(name).read_bytes().startswith(begins)


def test_the_drawing_says_what_was_reached_and_draws_the_rest_in_red(desk: Path) -> None:
    draw(Path("c.svg"), covered({desk: HIT}))
    drawn = Path("c.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert "reached 4×" in drawn
    assert "! not reached" in drawn
    assert "#c00" in drawn.lower()


def test_several_files_get_a_picture_each(desk: Path) -> None:
    other = desk.parent.parent / "other"
    other.mkdir()
    paths = [desk.with_name("a-2.yaml"), desk.with_name("a.yaml"), other / "a.yaml"]
    for path in paths:
        path.write_text("agents: {a: {model: m, instructions: Hi.}}\n", encoding="utf-8")
    written = draw(Path("c.mmd"), covered(dict.fromkeys(paths, Reached())))
    assert written == [Path("c-a-2.mmd"), Path("c-a.mmd"), Path("c-a-3.mmd")]
    assert all(path.exists() for path in written)


# ---- from a test to the reports

TESTS = """\
file: desk.yaml
tests:
  buying:
    tools: {look: {result: found}}
    turns:
      - user: I want to buy something
        model:
          - call: look
          - call: transfer_to_sales
          - What would you like?
  talking:
    turns:
      - user: Hello
        model: [Hello.]
"""
TOLD = """\
file              agents  tools  handoffs  coverage
agents/desk.yaml  2/2     1/4    1/2       50 %

not reached in agents/desk.yaml:
  agents/desk.yaml:1:48: tool sell of desk
  agents/desk.yaml:1:48: tool sell of sales
  agents/desk.yaml:1:48: tool look of sales
  agents/desk.yaml:1:33: handoff sales -> desk
"""


@pytest.mark.parametrize(
    ("processes", "test"), [([], in_process), (["-n", "2"], partial(orchestrate, cwd=Path()))], ids=["one", "several"]
)
def test_tests_tell_what_they_reached_in_one_process_or_in_several(
    desk: Path, processes: list[str], test: Callable[..., Done]
) -> None:
    """A stub counts as the tool."""
    desk.with_name("desk.test.yaml").write_text(TESTS, encoding="utf-8")
    wanted = ["--cov-report", "c.json", "--cov-report", "c.lcov", "--graph", "c.mmd", "--cov-fail-under", "50"]
    done = test("test", *processes, *wanted)
    assert (done.code, TOLD in done.out) == (0, True), done
    hits = [item["hits"] for item in json.loads(Path("c.json").read_text(encoding="utf-8"))["files"][0]["items"]]
    assert hits == [3, 0, 1, 1, 1, 0, 0, 0]
    assert "DA:5,1\n" in Path("c.lcov").read_text(encoding="utf-8")
    assert "reached 3×" in Path("c.mmd").read_text(encoding="utf-8")


def test_tests_that_reach_too_little_fail(desk: Path) -> None:
    desk.with_name("desk.test.yaml").write_text(TESTS, encoding="utf-8")
    done = in_process("test", "--cov-fail-under", "51")
    assert done.code == 5
    assert "coverage is 50 %, and should be at least 51 %" in done.out + done.err


# ---- names


def test_a_name_that_no_form_has_is_told_before_anything_is_run() -> None:
    expected = "cov.xml: no form has this suffix; known are .json, .lcov, .info"
    assert report_fault(Path("cov.xml")) == expected
    assert picture_fault(Path("cov.gif")) == "cov.gif: no form has this suffix; known are .svg, .png, .mmd, .dot"
    assert [report_fault(Path("a.lcov")), picture_fault(Path("a.PNG"))] == [None, None]
