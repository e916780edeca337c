"""YAML text -> data and positions: conformance groups 26 and 38, and texts that want to do harm."""

import math
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.diagnostics import Severity, Span
from orchestrator.source import Source
from orchestrator.source.composer import compose
from orchestrator.source.encoding import decode
from orchestrator.source.positions import Positions


def parse(text: str | bytes) -> Source:
    return Source.parse("a.yaml", text)


def faults(text: str | bytes) -> list[tuple[str, int, int]]:
    return [(each.code, each.span.line, each.span.column) for each in parse(text).diagnostics]


def shown(source: Source, span: Span) -> str:
    """Give the text that a span covers, counted in the lines that people see."""
    lines = source.lines[span.line - 1 : span.end_line]
    lines = (*lines[:-1], lines[-1][: span.end_column - 1])
    return "\n".join((lines[0][span.column - 1 :], *lines[1:]))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("nULL", "nULL"),
        ("true", True),
        ("FALSE", False),
        ("y", "y"),
        ("N", "N"),
        ("0", 0),
        ("-17", -17),
        ("+3", 3),
        ("0x1F", 31),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1.5", -1.5),
        ("1.e+3", 1000.0),
        ("6.0e-3", 0.006),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1.2.3", "1.2.3"),
        ("08:30", "08:30"),
        ("-", "-"),
        ("12 monkeys", "12 monkeys"),
        ("'no'", "no"),
        ('"0777"', "0777"),
        ("!!str 1", "1"),
        ("!!str", ""),
        ("!!int '3'", 3),
        ("!!float 3", 3.0),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("|\n  no\n", "no\n"),
    ],
)
def test_group_38_scalars_are_read_by_the_core_schema_of_yaml_1_2(written: str, value: object) -> None:
    text = f"a: {written}\n" if written != "-" else 'a: "-"\n'
    source = parse(text)
    assert source.diagnostics == ()
    assert source.data == {"a": value}
    assert isinstance(source.data, dict)
    assert type(source.data["a"]) is type(value)


def test_group_38_nan_is_a_number() -> None:
    data = parse("a: .nan").data
    assert isinstance(data, dict)
    assert math.isnan(data["a"])


AMBIGUOUS = [
    ("no", "no", 'quote it: "no", or write false'),
    ("On", "On", 'quote it: "On", or write true'),
    ("YES", "YES", 'quote it: "YES", or write true'),
    ("off", "off", 'quote it: "off", or write false'),
    ("0777", 777, 'quote it: "0777", or write 777 for the number'),
    ("0123456", 123456, 'quote it: "0123456", or write 123456 for the number'),
    ("089", 89, 'quote it: "089", or write 89 for the number'),
    ("1:30", "1:30", 'quote it: "1:30"'),
    ("190:20:30", "190:20:30", 'quote it: "190:20:30"'),
    ("2024-05-21", "2024-05-21", 'quote it: "2024-05-21"'),
    ("2024-05-21 10:00:00", "2024-05-21 10:00:00", 'quote it: "2024-05-21 10:00:00"'),
    ("2024-05-21T10:00:00Z", "2024-05-21T10:00:00Z", 'quote it: "2024-05-21T10:00:00Z"'),
    ("1e3", 1000.0, 'quote it: "1e3", or write 1000 for the number'),
    ("1e300", 1e300, 'quote it: "1e300", or write 1.0e+300 for the number'),
    ("1e999", math.inf, 'quote it: "1e999"'),
    (".5e3", 500.0, 'quote it: ".5e3", or write 500.0 for the number'),
    ("0o17", 15, 'quote it: "0o17", or write 15 for the number'),
    ("1_000", "1_000", 'quote it: "1_000", or write 1000 for the number'),
    ("0b101", "0b101", 'quote it: "0b101", or write 5 for the number'),
    ("-0x1F", "-0x1F", 'quote it: "-0x1F", or write -31 for the number'),
    ("=", "=", 'quote it: "="'),
]


@pytest.mark.parametrize(("written", "value", "hint"), AMBIGUOUS)
def test_group_38_what_yaml_1_1_reads_differently_is_ambiguous(written: str, value: object, hint: str) -> None:
    source = parse(f"a:\n  - {written}\n")
    (fault,) = source.diagnostics
    assert (fault.code, fault.severity, fault.hint) == ("ambiguous-scalar", Severity.ERROR, hint)
    assert shown(source, fault.span) == written
    assert source.data == {"a": [value]}


@pytest.mark.parametrize("place", ["{}: x", "a: {}", "a: [1, {}]", "a: {{b: {}}}", "a: {{{}: 1}}", "- {}", "a: &x {}"])
@pytest.mark.parametrize("written", ["no", "on", "1e3", "0777"])
def test_group_38_ambiguous_scalars_are_found_everywhere_and_told_once(place: str, written: str) -> None:
    text = place.format(written)
    assert faults(text) == [("ambiguous-scalar", 1, text.index(written) + 1)]


@pytest.mark.parametrize("number", ["1" * 5000, "-" + "9" * 5000, "0x" + "f" * 5000, "1." + "5" * 5000])
def test_group_38_a_number_without_end_is_too_large(number: str) -> None:
    assert faults(f"a: {number}") == [("too-large", 1, 4)]


FAULTS = [
    # text, code, line, column, what the message says
    ("", "empty-file", 1, 1, "nothing in the file"),
    ("# only\n\n# comments\n", "empty-file", 1, 1, "nothing in the file"),
    ("---\n", "empty-file", 1, 1, "nothing in the file"),
    ("a: 1\n---\nb: 2\n", "several-documents", 2, 1, "second document"),
    ("a: 1\n...\n---\nb: 2\n", "several-documents", 3, 1, "second document"),
    ("a: 1\n...\nb: 2\n", "several-documents", 3, 1, "second document"),
    ("a:\n\tb: 1\n", "tab", 2, 1, "a tab"),
    ("a:\n  b: 1\n\tc: 2\n", "tab", 3, 1, "a tab"),
    ("a:\n  b: 1\n \tc: 2\n", "tab", 3, 2, "a tab"),
    ("a: |\n\tx\n", "tab", 2, 1, "a tab"),
    ("-\ta: 1\n", "tab", 1, 2, "a tab"),
    ("a: !!python/object:os.system {}\n", "unknown-tag", 1, 4, "'!!python/object:os.system'"),
    ("a: &x !mine b\n", "unknown-tag", 1, 7, "'!mine'"),
    ("a: ! b\n", "unknown-tag", 1, 4, "'!'"),
    ("a: !e!x b\n", "unknown-tag", 1, 4, "a tag"),
    ("%TAG ! tag:x,2000:\n---\na: 1\n", "unknown-tag", 1, 1, "declared"),
    ("a: !!int x\n", "wrong-type", 1, 4, "'!!int'"),
    ("a: !!float true\n", "wrong-type", 1, 4, "'!!float'"),
    ("a: !!str {}\n", "wrong-type", 1, 4, "'!!str'"),
    ("1: x\n", "wrong-type", 1, 1, "'1'"),
    ("a: 1\ntrue: x\n", "wrong-type", 2, 1, "'true'"),
    ("null: x\n", "wrong-type", 1, 1, "'null'"),
    ("? [a]\n: x\n", "wrong-type", 1, 3, "a list"),
    ("a: {{ company }}\n", "syntax", 1, 4, "'{{'"),
    ("<<: x\n", "wrong-type", 1, 5, "merged"),
    ("a: &a [1]\nb:\n  <<: *a\n", "wrong-type", 1, 8, "merged"),
    ("a: &a 1\nb:\n  <<: [*a]\n", "wrong-type", 3, 8, "merged"),
    ("a: *x\n", "syntax", 1, 4, "'x'"),
    ("*x : 1\n", "syntax", 1, 1, "'x'"),
    ("a: &a [*a]\n", "syntax", 1, 8, "inside"),
    ("a: &a {<<: *a}\n", "syntax", 1, 12, "inside"),
    ("a: b: c\n", "syntax", 1, 5, "':'"),
    ("a: b\n  c: d\n", "syntax", 2, 3, "continues the text above"),
    ("agents\n  b: d\n", "syntax", 1, 1, "without a ':'"),
    ("a: - b\n", "syntax", 1, 4, "list"),
    ("a: ? b\n", "syntax", 1, 4, "'? '"),
    ("a: @b\n", "syntax", 1, 4, "'@'"),
    ("a: `b`\n", "syntax", 1, 4, "'`'"),
    ("a: %b\n", "syntax", 1, 4, "'%'"),
    ("a: 1\nbcd\ne: 2\n", "syntax", 2, 1, "without a ':'"),
    ("a: 'x\nb: 1\n", "syntax", 1, 4, "never closed"),
    ('a: "x\nb: 1\n', "syntax", 1, 4, "never closed"),
    ("a: 'it's'\n", "syntax", 1, 8, "quotes end"),
    ('a: "x" y\n', "syntax", 1, 8, "quotes end"),
    ("a: [1, 2\n", "syntax", 1, 4, "'[' is never closed"),
    ("a: [1,\nb: c\nd: e\n", "syntax", 1, 4, "'[' is never closed"),
    ("a: {b: c\n", "syntax", 1, 4, "'{' is never closed"),
    ('a: [1, "x" "y"]\n', "syntax", 1, 12, "missing"),
    ("a: ]\n", "syntax", 1, 4, "']'"),
    ("a:\n  b: 1\n c: 2\n", "syntax", 3, 2, "indentation"),
    (" a: 1\nb: 2\n", "syntax", 2, 1, "does not belong"),
    ("a:\n- b\nc\n", "syntax", 3, 1, "':'"),
    ("a:\n  - b\n  c: d\n", "syntax", 3, 3, "entries of a list"),
    ("a:\n  b: c\n  - d\n", "syntax", 3, 3, "list entry"),
    ('a: "\\q"\n', "syntax", 1, 5, "backslash"),
    ("a: |x\n  b\n", "syntax", 1, 5, "block text"),
    ("a: &\n", "syntax", 1, 4, "'&'"),
    ("%YAML 2.0\n---\na: 1\n", "syntax", 1, 1, "'%'"),
    ("a: |\n  x\u2028y\nb: c\n", "syntax", 2, 4, "U+2028"),
    ("a: \x01\n", "encoding", 1, 4, "U+0001"),
    ("a: b\nc: \ud800\n", "encoding", 2, 4, "U+D800"),
    (b"a: \xff\n", "encoding", 1, 4, "0xff"),
    ("ä: 'ö'\nb: ".encode() + b"\xe4\n", "encoding", 2, 4, "0xe4"),
    ("a: b".encode("utf-16"), "encoding", 1, 1, "UTF-16"),
    ("a: b".encode("utf-32"), "encoding", 1, 1, "UTF-32"),
    ("a: " + "[" * 101, "too-deep", 1, 103, "100 levels"),
]


@pytest.mark.parametrize(("text", "code", "line", "column", "words"), FAULTS)
def test_group_26_a_fault_has_its_code_and_place(
    text: str | bytes, code: str, line: int, column: int, words: str
) -> None:
    (fault,) = parse(text).diagnostics
    assert (fault.code, fault.span.line, fault.span.column) == (code, line, column)
    assert words in fault.message
    assert fault.hint
    assert fault.severity is Severity.ERROR


@pytest.mark.parametrize(("text", "code", "line", "column", "words"), FAULTS)
def test_group_26_a_fault_is_not_hidden_where_there_is_no_libyaml(
    text: str | bytes, code: str, line: int, column: int, words: str
) -> None:
    decoded, fault = decode("a.yaml", text)
    first = fault or compose(Positions("a.yaml", decoded), yaml.SafeLoader).diagnostics[0]
    assert first.span.line == line
    assert first.code == code or {first.code, code} <= {"syntax", "tab", "unknown-tag"}


def test_group_26_a_duplicate_key_shows_the_first_and_hides_nothing() -> None:
    source = parse("a:\n  b: 1\n  'b': no\n  c: *x\n1: 2\na: 3\n")
    assert [(each.code, each.span.line, each.span.column) for each in source.diagnostics] == [
        ("duplicate-key", 3, 3),
        ("ambiguous-scalar", 3, 8),
        ("syntax", 4, 6),
        ("wrong-type", 5, 1),
        ("duplicate-key", 6, 1),
    ]
    others = [related.span for each in source.diagnostics for related in each.related]
    assert [(span.line, span.column) for span in others] == [(2, 3), (1, 1)]
    assert source.data == {"a": {"b": 1, "c": None}}
    assert source.readable


def test_group_26_a_syntax_error_keeps_what_was_found_before_it() -> None:
    source = parse("a: no\nb: [\n")
    assert [each.code for each in source.diagnostics] == ["ambiguous-scalar", "syntax"]
    assert (source.data, source.readable) == (None, False)


def test_group_26_the_first_of_several_documents_is_the_data() -> None:
    assert parse("a: 1\n---\nb: 2\n").data == {"a": 1}


def test_group_26_an_alias_of_nothing_names_the_nearest_anchor() -> None:
    (fault,) = parse("a: &common 1\nb: *comon\n").diagnostics
    assert fault.hint == "did you mean '*common'?"


def test_group_26_a_list_or_a_text_at_the_root_is_data() -> None:
    assert parse("- 1\n- b\n").data == [1, "b"]
    assert parse("hello\n").data == "hello"


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("a: Call us # 24/7\n", 12),
        ("a:\n  - Call us # 24/7\n", 13),
        ("a: [Call us #1\n  , b]\n", 13),
        ("a: two\n  lines # here\n", 9),
    ],
)
def test_group_26_prose_that_a_comment_cuts_off_is_a_warning(text: str, column: int) -> None:
    (fault,) = parse(text).diagnostics
    assert (fault.code, fault.severity, fault.span.column) == ("text-cut", Severity.WARNING, column)


@pytest.mark.parametrize(
    "text",
    [
        "a: fast # a word alone\n",
        "a: 'in quotes' # fine\n",
        "a: ACME Inc.      # set apart\n",
        "a: what it is # orchestrate: ignore[text-cut]\n",
        "a: C# and F#\n",
        "a: two words\n# a line of its own\n",
        "a: |\n  some text # inside\n",
        "two words: 1 # one\n",
    ],
)
def test_group_26_other_comments_are_no_warning(text: str) -> None:
    assert faults(text) == []


TEXT = textwrap.dedent("""\
    # a comment
    agents:
      triage: &triage
        tools: [a, 'b c', "d"]
        when:
      sales:
        <<: *triage
        other: *triage
        prose: |
          One

          Two
    """)


@pytest.mark.parametrize(
    ("location", "value", "key"),
    [
        (("agents", "triage", "tools"), "[a, 'b c', \"d\"]", "tools"),
        (("agents", "triage", "tools", 1), "'b c'", "'b c'"),
        (("agents", "triage", "when"), "", "when"),
        (("agents", "triage"), "tools: [a, 'b c', \"d\"]\n    when:", "triage"),
        (("agents", "sales", "tools", 0), "a", "a"),
        (("agents", "sales", "prose"), "|\n      One\n\n      Two", "prose"),
        (("agents", "sales", "other", "tools", 2), '"d"', '"d"'),
        (("agents", "triage", "tools", 3), "[a, 'b c', \"d\"]", "tools"),
        (("agents", "triage", "tools", -1), "[a, 'b c', \"d\"]", "tools"),
        (("agents", "triage", "tools", "x"), "[a, 'b c', \"d\"]", "tools"),
        (("agents", "triage", "nothing", "x"), "tools: [a, 'b c', \"d\"]\n    when:", "triage"),
        ((), TEXT, TEXT),
        (("nothing",), TEXT, TEXT),
    ],
)
def test_group_26_values_and_keys_are_located(location: tuple[str | int, ...], value: str, key: str) -> None:
    source = parse(TEXT)
    assert source.diagnostics == ()
    assert shown(source, source.locate(location)) == value
    assert shown(source, source.locate(location, key=True)) == key


def test_group_26_uses_are_the_aliases_on_the_way() -> None:
    source = parse(TEXT)
    assert source.uses(("agents", "triage", "tools")) == ()
    assert source.uses(("agents", "sales", "tools", 1)) == (Span("a.yaml", 7, 9, 7, 16),)
    assert source.uses(("agents", "sales", "other", "tools")) == (Span("a.yaml", 8, 12, 8, 19),)


def test_group_26_merge_keys_let_what_is_written_and_what_comes_first_win() -> None:
    source = parse(
        "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\n"
        "c: {<<: [*a, *b], z: 3}\nd: {z: 4, <<: *b}\ne: &e {<<: *b}\nf: {<<: *e}\n"
    )
    assert source.diagnostics == ()
    assert isinstance(source.data, dict)
    assert [source.data[name] for name in "cdf"] == [{"x": 1, "y": 1, "z": 3}, {"y": 2, "z": 4}, {"y": 2, "z": 2}]
    assert [(span.line, span.column) for span in source.uses(("c", "y"))] == [(3, 10)]
    assert [(span.line, span.column) for span in source.uses(("f", "z"))] == [(6, 9), (5, 12)]
    assert parse('a: {"<<": b}').data == {"a": {"<<": "b"}}


def test_group_26_an_anchor_can_be_named_again() -> None:
    assert parse("a: &x 1\nb: *x\nc: &x 2\nd: *x\n").data == {"a": 1, "b": 1, "c": 2, "d": 2}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("encoded", [True, False])
def test_group_26_positions_count_code_points_whatever_the_line_ends(end: str, mark: str, encoded: bool) -> None:
    text = mark + end.join(["ä: 'ö 日本 😀' # 😀", "größe: {日本: 😀, e\u0301: no}", "c: |", "  日本", "  x", ""])
    source = parse(text.encode() if encoded else text)
    assert [(each.code, each.span) for each in source.diagnostics] == [
        ("ambiguous-scalar", Span("a.yaml", 2, 20, 2, 22)),
    ]
    assert source.locate(("ä",)) == Span("a.yaml", 1, 4, 1, 12)
    assert source.locate(("größe", "日本")) == Span("a.yaml", 2, 13, 2, 14)
    assert source.inside(("c",), 2) == Span("a.yaml", 5, 3, 5, 4)
    assert len(source.lines) == 6


def test_group_26_line_breaks_that_only_yaml_1_1_knows_are_no_lines() -> None:
    source = parse("a: 'x\x85y'\nb: 'x\u2028y'\nc: no\n")
    assert [(each.code, each.span.line) for each in source.diagnostics] == [("ambiguous-scalar", 3)]
    assert source.locate(("b",)) == Span("a.yaml", 2, 4, 2, 9)
    assert len(source.lines) == 4


@pytest.mark.parametrize(
    ("text", "line", "column", "place", "rest"),
    [
        ("a: |\n  one\n  two\n", 1, 1, (2, 3), "one"),
        ("a: |\n  one\n  two\n", 2, 2, (3, 4), "wo"),
        ("a: |\n  one\n  two\n", 9, 1, (3, 3), "two"),
        ("a: |\n  one\n  two\n", 1, 99, (2, 6), ""),
        ("a: |2  # why\n\n    in\n  out\n\nb: c\n", 1, 1, (2, 1), ""),
        ("a: |2  # why\n\n    in\n  out\n\nb: c\n", 2, 3, (3, 5), "in"),
        ("a: |2  # why\n\n    in\n  out\n\nb: c\n", 3, 1, (4, 3), "out"),
        ("a:\n  b: |-\n\n\n        x\n         y\n", 3, 1, (5, 9), "x"),
        ("a:\n  b: |-\n\n\n        x\n         y\n", 4, 2, (6, 10), "y"),
        ("a: &x !!str |\n  one\n  two\n", 2, 1, (3, 3), "two"),
        ("a: |\r\n  one\r\n\r\n  two\r\n", 3, 1, (4, 3), "two"),
        ("a: |\n  one\n\n  # inside\n# outside\nb: 1\n", 3, 1, (4, 3), "# inside"),
        ("a: >\n  one\n  two\n\n  three\n", 1, 1, (2, 3), "one"),
        ("a: >\n  one\n  two\n\n  three\n", 1, 5, (3, 3), "two"),
        ("a: >\n  one\n  two\n\n  three\n", 2, 3, (5, 5), "ree"),
        ("a: one\n", 1, 2, (1, 5), "ne"),
        ("a: 'one'\n", 1, 2, (1, 6), "ne"),
        ('a: "on\\ne"\n', 2, 1, (1, 9), "e"),
        ('a: "\\u00e9\\x41 b\\\n  c"\n', 1, 3, (1, 15), " b\\"),
        ('a: "\\u00e9\\x41 b\\\n  c"\n', 1, 5, (2, 3), "c"),
        ("a: 'it''s on'\n", 1, 6, (1, 11), "on"),
        ("a: one\n  two\n", 1, 5, (2, 3), "two"),
        ("a: one\n\n\n  two\n", 3, 2, (4, 4), "wo"),
        ("a: 'one\r\n  two'\n", 1, 99, (2, 6), ""),
    ],
)
def test_group_26_a_line_inside_a_text_is_a_line_of_the_file(
    text: str, line: int, column: int, place: tuple[int, int], rest: str
) -> None:
    source = parse(text)
    location = ("a", "b") if isinstance(source.data, dict) and isinstance(source.data["a"], dict) else ("a",)
    span = source.inside(location, line, column)
    assert (span.line, span.column) == place
    assert shown(source, span) == rest


def test_group_26_how_a_value_is_written() -> None:
    text = "a: [b, {c: 'd'}]\ne:\n  - \"f\"\n  - |\n    g\n  - >\n    h\ni: {}\nj: &j\n  k: l\nm: *j\n"
    source = parse(text)
    styles = {("a", 0): "", ("a", 1, "c"): "'", ("e", 0): '"', ("e", 1): "|", ("e", 2): ">", ("a",): None, ("z",): None}
    assert {location: source.style(location) for location in styles} == styles
    flows = {("a",): True, ("a", 1): True, ("e",): False, ("i",): True, ("j",): False, ("m",): False, ("a", 0): False}
    assert {location: source.flow(location) for location in flows} == flows
    assert not source.flow(())
    assert not source.flow(("z", 1))


def test_group_26_the_line_of_the_key_of_a_block() -> None:
    text = "a: |\n  one\n\n  two\nb:\n  - c: &c >-\n\n      three\n  - |\n    four\nd: *c\ne: five\n  six\nf: |\n"
    source = parse(text)
    headers = [source.header(line) for line in range(1, 17)]
    assert headers == [None, 1, 1, 1, None, None, 6, 6, None, 9, None, None, None, None, None, None]


def test_group_26_a_block_is_found_in_time_among_thousands() -> None:
    source = parse("".join(f"a{number}: |\n  x\n  y\n" for number in range(10_000)))
    start = time.process_time()
    assert [source.header(line) for line in (3, 29_999, 30_000)] == [1, 29_998, 29_998]
    assert sum(source.header(line) is not None for line in range(1, 30_001)) == 20_000
    assert time.process_time() - start < 1


def test_group_26_a_value_without_data_is_known_as_such() -> None:
    source = parse("a: *x\nb: {{ y }}\nc: !z 1\nd: !z [1]\ne:\nf: ~\n")
    assert [source.unread((key,)) for key in "abcdefg"] == [True] * 4 + [False] * 3
    assert source.data == dict.fromkeys("abcdef")


def test_group_26_inside_of_what_is_no_text_is_where_it_stands() -> None:
    source = parse("a: [b, c]\n")
    for location in (("a",), ("a", "x"), ()):
        assert source.inside(location, 2) == source.locate(location)


def test_group_26_a_file_is_read_with_the_name_it_is_shown_by(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert Source.read(path).path == str(path)
    source = Source.read(path, "agents/a.yaml")
    assert (source.path, source.data, source.locate(("a",)).path) == ("agents/a.yaml", {"a": 1}, "agents/a.yaml")


def test_group_26_what_is_not_a_file_is_told_and_never_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe, Path("/dev/zero")):
        source = Source.read(path)
        assert [each.code for each in source.diagnostics] == ["not-a-file"]
        assert (source.data, source.readable) == (None, False)


def test_group_26_a_missing_file_raises_and_a_large_one_is_too_large(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Source.read(tmp_path / "missing.yaml")
    large = tmp_path / "large.yaml"
    with large.open("wb") as file:
        file.truncate(1_000_000_000)
    assert [each.code for each in Source.read(large).diagnostics] == ["too-large"]


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
)
MERGES = r""""- &a {" + ",".join(f"k{i}: 1" for i in range(1000)) + "}\n" + "- {<<: *a}\n" * 9_000"""
NESTING = r""""a0: &a0 [[[1]]]\n" + "".join(f"a{i + 1}: &a{i + 1} [*a{i}]\n" for i in range(5000))"""
UNKNOWN = r'''"x: [" + ",".join(f"&{'name' * 9}{i} 1, *{'name' * 9}0{i}" for i in range(20_000)) + "]"'''
HOSTILE = {
    "10 MB of brackets": ('"[" * 10_000_000', "too-large"),
    "2 MB of brackets": ('"[" * 2_000_000', "too-deep"),
    "nested brackets": ('"[" * 40_000 + "]" * 40_000', "too-deep"),
    "nested mappings": ('"{a: " * 400_000', "too-deep"),
    "nested blocks": ('"".join(" " * i + "a:\\n" for i in range(2_000))', "too-deep"),
    "5,000 nested blocks": ('"".join(" " * i + "a:\\n" for i in range(5_000))', "too-large"),
    "nested dashes": ('"- " * 1_000_000', "too-deep"),
    "a billion laughs": (repr(LAUGHS), "too-large"),
    "laughs by merging": (MERGES, "too-large"),
    "aliases that nest": (NESTING, "too-deep"),
    "one long line": ('"a: " + "x" * 1_000_000', None),
    "thousands of aliases": ('"a: &a 1\\n" + "".join(f"b{i}: *a\\n" for i in range(40_000))', None),
    "too many values": ('"[" + "a," * 1_000_000 + "]"', "too-large"),
    "too many faults": ('"[" + "no," * 500_000 + "]"', "too-large"),
    "unknown aliases": (UNKNOWN, "too-large"),
    "tag directives": ('"".join(f"%TAG !a{i}! b\\n" for i in range(100_000))', "unknown-tag"),
    "line breaks": ('"\\n" * 2_000_000', "empty-file"),
    "digits": ('"a: " + "1" * 2_000_000', "too-large"),
    "an open quote": ('"a: \'" + "x\\n" * 1_000_000', "syntax"),
}


@pytest.mark.parametrize(("text", "code"), HOSTILE.values(), ids=HOSTILE)
def test_group_26_a_hostile_text_ends_in_a_diagnostic_in_time(text: str, code: str | None) -> None:
    """In a process of its own, so that a crash, and the memory, would be seen."""
    program = (
        "import resource, time\nfrom orchestrator.source import Source\n"
        f"text = {text}\nstart = time.process_time()\nfound = Source.parse('a.yaml', text).diagnostics\n"
        # what getrusage tells begins with the memory of the process that started this one
        "try: peak = open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]\n"
        "except OSError: peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(found[-1].code if found else None, time.process_time() - start, peak)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    found, seconds, kilobytes = ended.stdout.split()
    assert found == str(code)
    assert float(seconds) < 2
    assert int(kilobytes) < 200_000


def test_group_26_a_thousand_agents_are_read_in_well_under_a_second() -> None:
    agent = (
        "  agent_{0}:\n    description: Does the thing with number {0}\n    model: fast\n    instructions: |\n"
        "      You are agent {0}.\n      Be brief.\n\n      Always.\n    tools: [tools.acme:escalate, tools.catalog]\n"
        "    handoffs:\n      - to: agent_0\n        when: the customer wants it\n      - triage\n"
    )
    text = "agents:\n" + "".join(agent.format(i) for i in range(1000))
    start = time.process_time()
    source = parse(text)
    spans = [source.locate(("agents", f"agent_{i}", "handoffs", 0, "to")) for i in range(1000)]
    assert time.process_time() - start < 1
    assert source.diagnostics == ()
    assert spans[999].line == 1 + 999 * 13 + 11


@settings(max_examples=400, deadline=None)
@given(st.text(st.sampled_from("ab 01:-?,[]{}#&*!|>'\"%@`\\\t\n\r~<=.é\x85\u2028\ufeff\x01"), max_size=40))
def test_group_26_whatever_the_text_nothing_is_raised_and_places_exist(text: str) -> None:
    source = parse(text)
    assert source.readable or source.diagnostics
    for each in source.diagnostics:
        span = each.span
        assert 1 <= span.line <= span.end_line <= len(source.lines)
        assert span.column <= len(source.lines[span.line - 1]) + 2
        assert (span.line, span.column) <= (span.end_line, span.end_column)
        assert each.hint
