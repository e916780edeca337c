"""Comments that silence warnings and notes: where they count, what they can't silence, and when they are of no use."""

from pathlib import Path
from textwrap import dedent

import pytest

from orchestrator.checks import silenced
from orchestrator.diagnostics import Diagnostic, Severity, Span
from orchestrator.loader import load
from tests.support.growth import grows_within


def at(line: int, code: str, severity: Severity = Severity.WARNING, path: str = "f") -> Diagnostic:
    return Diagnostic(Span(path, line, 1, line, 2), code, "m", None, severity)


def left(text: str, *found: Diagnostic, all_checked: bool = True) -> list[str]:
    """What is left of what was found in a text, as ``line:column code``."""
    kept = silenced(found, {"f": text}, all_checked=all_checked)
    return [f"{each.span.line}:{each.span.column} {each.code}" for each in kept]


def told(tmp_path: Path, text: str, **others: str) -> list[str]:
    """What is told of a file of agents."""
    for name, content in others.items():
        (tmp_path / f"{name}.md").write_text(content)
    (tmp_path / "bot.yaml").write_bytes(dedent(text).lstrip("\n").encode())
    found = load(tmp_path / "bot.yaml", shown="bot.yaml")
    assert all(each.span.path in found.texts for each in found.diagnostics)
    return [
        f"{Path(each.span.path).name}:{each.span.line}:{each.span.column} {each.code}" for each in found.diagnostics
    ]


# ---- where a comment counts


@pytest.mark.parametrize(
    "comment",
    [
        "# orchestrate: ignore[a]",
        "#orchestrate:ignore[a]",
        "#   orchestrate:   ignore[ a ]",
        "# orchestrate: ignore[a,b]",
        "# orchestrate: ignore[b, a]",
        "# why not # orchestrate: ignore[a] since it is so",
        "# orchestrate: ignore[b] # orchestrate: ignore[a]",
    ],
)
def test_a_comment_silences_on_its_line(comment: str) -> None:
    text = f"x: 1  {comment}\ny: 2\n"
    assert left(text, at(1, "a"), at(1, "b"), all_checked=False) == ([] if "b" in comment else ["1:1 b"])
    assert left(text, at(2, "a"), all_checked=False) == ["2:1 a"]


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.NOTE])
def test_warnings_and_notes_are_silenced(severity: Severity) -> None:
    assert left("x  # orchestrate: ignore[a]\n", at(1, "a", severity)) == []


def test_errors_are_not_silenced_and_then_no_comment_is_called_unused() -> None:
    text = "x  # orchestrate: ignore[a, b]\n"
    assert left(text, at(1, "a", Severity.ERROR)) == ["1:1 a"]
    assert left(text, at(1, "a", Severity.ERROR), at(1, "b")) == ["1:1 a"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_an_editor(end: str) -> None:
    lines = ["one", "two: |  # orchestrate: ignore[a]", "  three", "  four  # orchestrate: ignore[b]", "five"]
    text = end.join(lines)
    found = [at(line, code) for line in range(1, 6) for code in "ab"]
    assert left(text, *found) == ["1:1 a", "1:1 b", "2:1 b", "3:1 b", "5:1 a", "5:1 b"]


def test_other_separators_of_lines_are_characters() -> None:
    assert left("x: a\x0bb\u2028c\x85d  # orchestrate: ignore[a]\n", at(1, "a")) == []


HEADERS = ["|", ">", "|-", ">+", "|2", "|-2", "| ", "&anchor |", "!!str >-"]


@pytest.mark.parametrize("header", HEADERS)
def test_a_comment_behind_the_key_of_a_block_counts_for_all_of_it(header: str) -> None:
    comment = "# orchestrate: ignore[a]"
    lines = [
        "k: 1", "agents:", f"  instructions: {header}  {comment}", "    first", "", "      deeper", "    | a | row |",
        "      in a row ->", "    last  ", "  other: 2", "x: 3",
    ]  # fmt: skip
    found = [at(line, "a") for line in range(1, len(lines) + 1)]
    assert left("\n".join(lines), *found) == ["1:1 a", "2:1 a", "10:1 a", "11:1 a"]


@pytest.mark.parametrize("before", ["key: a|", "key: 'x' # ->", "key: a >", "- a|"])
def test_what_only_looks_like_the_beginning_of_a_block_is_none(before: str) -> None:
    text = f"{before}  # orchestrate: ignore[a]\n  more\n"
    assert left(text, at(2, "a"), all_checked=False) == ["2:1 a"]


def test_a_comment_inside_of_a_block_counts_for_its_line_only() -> None:
    text = "k: |\n  one\n  two {# orchestrate: ignore[a] #}\n    three\n"
    assert left(text, *(at(line, "a") for line in range(1, 5))) == ["1:1 a", "2:1 a", "4:1 a"]


def test_a_comment_in_another_file_counts_for_nothing() -> None:
    kept = silenced([at(1, "a", path="g")], {"f": "x  # orchestrate: ignore[a]\n", "g": "x\n"}, all_checked=False)
    assert [each.span.path for each in kept] == ["g"]


# ---- comments that are of no use


def test_each_code_that_silences_nothing_is_told_at_its_place() -> None:
    text = "x: 1  # orchestrate: ignore[one, two,three]\ny: |  # orchestrate: ignore[four]\n  z\n"
    kept = silenced([at(1, "two"), at(3, "four")], {"f": text})
    assert [(each.code, each.span) for each in kept] == [
        ("unused-ignore", Span("f", 1, 29, 1, 32)),
        ("unused-ignore", Span("f", 1, 38, 1, 43)),
    ]
    assert kept[0].message == "there is no 'one' here to be silenced"
    assert kept[0].hint == "leave it out; only warnings and notes can be silenced, on their own line"
    assert kept[0].severity is Severity.WARNING


def test_a_comment_that_names_nothing_silences_nothing() -> None:
    assert left("x  # orchestrate: ignore[]\ny  # orchestrate: ignore\n", at(1, "a"), at(2, "a")) == ["1:1 a", "2:1 a"]


def test_where_not_all_was_checked_no_comment_is_called_unused() -> None:
    assert left("x  # orchestrate: ignore[a]\n", all_checked=False) == []


# ---- in files of agents


def test_in_a_file_of_agents(tmp_path: Path) -> None:
    text = """
        variables:
          who: Ann
          idle: 1  # orchestrate: ignore[unused-variable]
        agents:
          a:
            model: m
            instructions: |  # orchestrate: ignore[single-brace]
              Dear {{ who }}, or {who},

                {who}
    """
    assert told(tmp_path, text) == []
    assert told(tmp_path, text.replace("idle: 1  ", "idle: 1\n          ")) == [
        "bot.yaml:3:3 unused-variable", "bot.yaml:4:25 unused-ignore",
    ]  # fmt: skip
    assert told(tmp_path, text.replace("ignore[single-brace]", "ignore[single-braces]")) == [
        "bot.yaml:7:44 unused-ignore", "bot.yaml:8:26 single-brace", "bot.yaml:10:9 single-brace",
    ]  # fmt: skip


def test_in_a_file_with_line_breaks_of_windows(tmp_path: Path) -> None:
    text = "variables: {who: x}  # orchestrate: ignore[unused-variable]\nagents: {a: {model: m, instructions: y}}\n"
    assert told(tmp_path, text.replace("\n", "\r\n")) == []


def test_in_an_included_text_the_comment_is_one_of_jinja(tmp_path: Path) -> None:
    text = """
        variables: {who: Ann}
        agents: {a: {model: m, instructions: '{{ who }} {% include "part.md" %}'}}
    """
    part = "Dear {who}, {# orchestrate: ignore[single-brace] #}\n{who}\n"
    assert told(tmp_path, text, part=part) == ["part.md:2:1 single-brace"]
    assert told(tmp_path, text, part=part.replace("single-brace", "trap")) == [
        "part.md:1:6 single-brace", "part.md:1:36 unused-ignore", "part.md:2:1 single-brace",
    ]  # fmt: skip


def test_what_an_alias_brings_is_silenced_at_its_anchor(tmp_path: Path) -> None:
    text = """
        x-text: &text |  # orchestrate: ignore[single-brace]
          Dear {who}
        variables: {who: Ann}
        entry: a
        agents:
          a: {model: m, instructions: *text, description: "d", handoffs: [{to: b, when: x}]}
          b: {model: m, instructions: "{{ who }}", description: d, handoffs: [{to: a, when: x}]}
    """
    assert told(tmp_path, text) == []


@pytest.mark.timeout(30)
def test_many_warnings_below_many_lines_take_time_by_their_number() -> None:
    def silence(count: int) -> None:
        text = "top:  # orchestrate: ignore[b]\n" + "  - line\n" * count
        found = [at(line, "a") for line in range(2, count + 2)]
        assert len(silenced(found, {"f": text})) == count + 1

    assert grows_within(6, silence, 2_000, 8_000)
