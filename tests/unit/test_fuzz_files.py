"""Mutated files never give a traceback, and each diagnostic points into a file. Groups 26 to 31.

``make test`` tries a few hundred mutations of the example files; ``FUZZ=20000`` tries as many as one likes.
"""

import os
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.diagnostics import Diagnostic, Span
from orchestrator.project import OTHER_KINDS
from orchestrator.render.diagnostics import render_all
from orchestrator.survey import Survey, survey
from tests.support.cli import ROOT

EXAMPLES = ROOT / "tests/examples"
FILES = sorted([*EXAMPLES.glob("*valid/*.yaml"), *(ROOT / "agents").rglob("*.yaml")])
TEXTS = {path: path.read_bytes().decode("utf-8", "replace") for path in FILES if path.stat().st_size < 20_000}
PIECES = [
    *":-?[]{}&*!|>'\"%@`#,\t\r\n\0\x85\u2028\ufeff é🚀",
    *("{{", "}}", "{%", "%}", "{#", "#}", "${", "<<: *a", "&a ", "*a", "---\n", "...\n", "!!str ", "? ", "- ", ": "),
    *("{% include 'x.md' %}", "{% for a in b %}", "{{ a.b[0] | join }}", "{% macro m() %}", "{% raw %}", "{{ x ~ y }}"),
    *("null", "true", "no", "1e3", ".inf", "0777", "2024-05-21", "~", "''", "[]", "{}", "|\n", ">-\n"),
    *("agents:", "instructions:", "handoffs:", "tools:", "variables:", "models:", "include: [shared/*.yaml]\n"),
    *("to: a", "use: tools.acme", "requires: a and not b", "x" * 300, " " * 40, "\n" * 20),
    *("# orchestrate: ignore[unused-variable]", "{{ '%s' % 1 }}", "__class__", "transfer_to_x", "`look_up`"),
]


def mutated(text: str, dice: random.Random) -> str:
    """The text with one thing done to it."""
    lines = text.split("\n")
    at, to = sorted((dice.randrange(len(text) + 1), dice.randrange(len(text) + 1)))
    line, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    match dice.randrange(8):
        case 0:
            return text[:at] + text[at + dice.randrange(1, 9) :]
        case 1:
            return text[:at] + str(dice.choice(PIECES)) + text[at:]
        case 2:
            lines[line], lines[other] = lines[other], lines[line]
        case 3:
            lines.insert(line, lines[other])
        case 4:
            lines[line] = " " * dice.randrange(9) + lines[line].lstrip()
        case 5:
            del lines[line]
        case 6:
            return text[:at] + text[at:to] + text[at:to] + text[to:]
        case _:
            words = text.split(" ")
            words[dice.randrange(len(words))] = dice.choice(PIECES)
            return " ".join(words)
    return str.join("\n", lines)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the examples, so that what they include and name is there."""
    folder = tmp_path_factory.mktemp("examples")
    for kind in ("valid", "invalid"):
        shutil.copytree(EXAMPLES / kind, folder / kind)
    for kind in ("agents", "tools"):
        shutil.copytree(ROOT / kind, folder / kind)
    (folder / "pyproject.toml").touch()
    return folder


@settings(
    max_examples=int(os.environ.get("FUZZ", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.timeout(3600 if "FUZZ" in os.environ else 120)
@given(path=st.sampled_from(sorted(TEXTS)), seed=st.integers(0, 2**32), times=st.integers(1, 3))
def test_mutations_of_the_examples_never_give_a_traceback(folders: Path, path: Path, seed: int, times: int) -> None:
    dice = random.Random(seed)
    text = TEXTS[path]
    for _ in range(times):
        text = mutated(text, dice)
    kind = next((kind for kind in OTHER_KINDS if path.name.endswith(kind)), ".yaml")
    target = folders / path.parent.name / f"mutated{kind}"
    if path.is_relative_to(ROOT / "agents"):
        target = folders / "agents" / path.relative_to(ROOT / "agents").with_name(target.name)
    target.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        check(survey([target], imports=False))
    finally:
        target.unlink()


def check(found: Survey) -> None:
    """Each diagnostic is told in our words, and points at something that is there."""
    for diagnostic in found.diagnostics:
        assert diagnostic.message
        assert "\n" not in diagnostic.message
        for place in (diagnostic.span, *(related.span for related in diagnostic.related)):
            assert points_into(place, found), diagnostic
        assert has_page(diagnostic), diagnostic
    assert len(list(render_all(found.diagnostics, found.texts))) == len(found.diagnostics)


def points_into(span: Span, found: Survey) -> bool:
    if span.path not in found.texts:
        return (span.line, span.column) == (1, 1)
    lines = found.texts[span.path].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    inside = 1 <= span.line <= len(lines) and 1 <= span.column <= len(lines[span.line - 1]) + 1
    return inside and (span.line, span.column) <= (span.end_line, span.end_column)


def has_page(diagnostic: Diagnostic) -> bool:
    return (ROOT / "orchestrator/explanations" / f"{diagnostic.code}.md").is_file()
