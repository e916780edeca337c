"""Diagnostics as people see them: the line, the caret below the place, and nothing that could do harm."""

import re
import unicodedata

import pytest

from orchestrator.diagnostics import Diagnostic, Related, Severity, Span
from orchestrator.render.diagnostics import render_all, summary
from orchestrator.render.excerpts import WIDTH

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def at(line: int, column: int, end_column: int, *, path: str = "bot.yaml", end_line: int | None = None) -> Span:
    return Span(path, line, column, end_line or line, end_column)


def fault(span: Span, message: str = "wrong", hint: str | None = None, related: tuple[Related, ...] = ()) -> Diagnostic:
    return Diagnostic(span, "bad-value", message, hint, related=related)


def render(diagnostic: Diagnostic, texts: dict[str, str], *, color: bool = False) -> str:
    return "".join(render_all((diagnostic,), texts, color=color))


def columns(text: str) -> int:
    """The columns that a text takes on a terminal."""
    wide = sum(unicodedata.east_asian_width(c) in {"W", "F"} for c in text)
    return len(text) + wide - sum(c == "\u200d" or unicodedata.category(c) == "Mn" for c in text)


def shown(text: str, span: Span) -> tuple[str, str]:
    """The source line and what stands above the carets, as they are shown."""
    _, line, carets = render(fault(span), {"bot.yaml": text}).split("\n")
    before = len(carets) - len(carets.lstrip())
    return line, "".join(c for i, c in enumerate(line) if before <= columns(line[:i]) < columns(carets))


def test_everything_that_a_diagnostic_has() -> None:
    diagnostic = Diagnostic(
        at(3, 5, 10),
        "duplicate-key",
        "the key 'model' is here twice",
        "delete one of the two",
        Severity.ERROR,
        (Related(at(2, 5, 10), "the first one is here"), Related(at(1, 1, 4, path="other.yaml"), "see also")),
    )
    assert render(diagnostic, {"bot.yaml": "a:\n    model: x\n    model: y\n"}).split("\n") == [
        "bot.yaml:3:5: error[duplicate-key]: the key 'model' is here twice",
        "3 |     model: y",
        "        ^^^^^",
        "  bot.yaml:2:5: the first one is here",
        "  2 |     model: x",
        "          -----",
        "  other.yaml:1:1: see also",
        "  help: delete one of the two",
    ]


def test_a_related_place_on_the_same_line_or_without_extent_has_no_line_of_its_own() -> None:
    related = (Related(at(1, 1, 4), "here"), Related(at(2, 1, 1), "and here"))
    assert render(fault(at(1, 5, 8), related=related), {"bot.yaml": "one two\nthree\n"}).split("\n") == [
        "bot.yaml:1:5: error[bad-value]: wrong",
        "1 | one two",
        "        ^^^",
        "  bot.yaml:1:1: here",
        "  bot.yaml:2:1: and here",
    ]


@pytest.mark.parametrize(
    ("text", "span", "above"),
    [
        ("one two three", at(1, 5, 8), "two"),
        ("\ta\tb", at(1, 4, 5), "b"),
        ("label: 顧客 x", at(1, 11, 12), "x"),
        ("label: 顧客 x", at(1, 8, 10), "顧客"),
        ("cafe\u0301s x", at(1, 8, 9), "x"),
        ("a\u200db x", at(1, 5, 6), "x"),
        ("a\x1b[31mb x", at(1, 9, 10), "x"),
        ("first\r\nsecond word\r\n", at(2, 8, 12), "word"),
        ("first\rsecond word\r", at(2, 8, 12), "word"),
        ("one\x85still one", at(1, 5, 10), "still"),
        ("begins here  \nends here\n", at(1, 8, 5, end_line=2), "here"),
    ],
)
def test_the_caret_is_below_what_it_means(text: str, span: Span, above: str) -> None:
    assert shown(text, span)[1] == above


@pytest.mark.parametrize("span", [at(1, 4, 4), at(1, 9, 9), at(1, 2, 2)], ids=["end", "behind", "inside"])
def test_a_place_without_extent_has_one_caret(span: Span) -> None:
    carets = render(fault(span), {"bot.yaml": "abc"}).split("\n")[2]
    assert carets == " " * (3 + min(span.column, 4)) + "^"


@pytest.mark.parametrize("column", [1, 60, 300, 4000, 7990])
@pytest.mark.parametrize("filling", ["x", "顧", "e\u0301", "\t"], ids=["narrow", "wide", "combining", "tab"])
def test_a_long_line_is_cut_around_the_place(column: int, filling: str) -> None:
    text = filling * (column - 1) + "HERE" + filling * (8000 - column)
    span = at(1, len(filling) * (column - 1) + 1, len(filling) * (column - 1) + 5)
    line, above = shown(text, span)
    assert above.lstrip("\u0301") == "HERE"  # the mark belongs to the letter before
    assert columns(line) <= WIDTH
    assert line.endswith("…") or column > 7900
    assert line.startswith("1 | …") == (column > 1)


def test_a_long_place_is_marked_as_far_as_it_is_shown() -> None:
    line, above = shown("x" * 50 + "y" * 500, at(1, 51, 551))
    assert (columns(line), set(above[:-1]), above[-1]) == (WIDTH, {"y"}, "…")


def test_a_line_that_just_fits_is_not_cut() -> None:
    text = "x" * (WIDTH - len("1 | "))
    assert shown(text, at(1, 100, 101)) == (f"1 | {text}", "x")


def test_a_line_of_a_million_characters_takes_no_time() -> None:
    diagnostics = [fault(at(1, 10_000 * n, 10_000 * n + 3)) for n in range(1, 100)]
    assert len(list(render_all(diagnostics, {"bot.yaml": "x" * 1_000_000}))) == 99


def test_nothing_steers_the_terminal() -> None:
    bad = "\x1b[2J\x07\x9b\u202e\u2066\x00\udc80\ufeff"
    diagnostic = Diagnostic(
        Span(f"{bad}.yaml", 1, 1, 1, 9), "c", bad, f"{bad}\n{bad}", related=(Related(at(1, 1, 2), bad),)
    )
    told = render(diagnostic, {f"{bad}.yaml": bad, "bot.yaml": bad})
    assert not CONTROL.search(told)
    told.encode()
    assert len(told.split("\n")) == 7


def test_group_35_nobody_sees_a_line_with_a_secret() -> None:
    text = "models:\n  m: {api_key: sk-verysecret, temprature: 1}\n"
    secret = Diagnostic(at(2, 16, 29), "literal-secret", "a key never stands in a file")
    beside = fault(at(2, 31, 41), "unknown key", related=(Related(at(2, 3, 4), "in this model"),))
    above = fault(at(1, 1, 7), "models", related=(Related(at(2, 3, 4), "this one"),))
    told = "\n".join(render_all([secret, beside, above], {"bot.yaml": text}, color=True))
    assert "sk-" not in told
    assert "models:" in told


def test_a_file_or_a_line_that_is_not_known_has_no_excerpt() -> None:
    assert render(fault(at(1, 1, 2)), {}) == "bot.yaml:1:1: error[bad-value]: wrong"
    assert render(fault(at(9, 1, 2)), {"bot.yaml": "x"}) == "bot.yaml:9:1: error[bad-value]: wrong"


def test_colours_change_nothing_but_colours() -> None:
    diagnostic = fault(at(1, 5, 8), hint="help", related=(Related(at(2, 1, 2), "there"),))
    texts = {"bot.yaml": "one two\nthree"}
    coloured = render(diagnostic, texts, color=True)
    assert "\x1b[31m^^^\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(diagnostic, texts)


def test_summary() -> None:
    found = [Diagnostic(at(1, 1, 2), "c", "m", severity=s) for s in (*Severity, Severity.WARNING)]
    assert summary(3, found) == "3 files: 1 error, 2 warnings, 1 note"
    assert summary(1, []) == "1 file: no problems"
