"""``orchestrate explain``: each code has a page, and the examples on the pages are what they say."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator.diagnostics import Diagnostic
from orchestrator.render.explanations import GROUPS, Explanation, File, explanations, parse
from orchestrator.survey import survey
from tests.support.cli import ROOT, Terminal, in_process

PAGES = list(explanations().values())
EXPECTED = sorted((ROOT / "tests/examples/invalid").glob("*.expected"))

pytestmark = pytest.mark.timeout(40)


def lay_out(file: File, folder: Path) -> None:
    """Make the file of an example in a folder."""
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if file.pipe:
        os.mkfifo(path)
        return
    lines = file.text.splitlines(keepends=True)
    path.write_bytes("".join([*lines, *lines[-1:] * (file.repeat - 1)]).encode(file.encoding))


def found_in(example: Sequence[File], folder: Path) -> tuple[Diagnostic, ...]:
    """What a check of the example finds."""
    for file in example:
        lay_out(file, folder)
    alone = [folder / file.path for file in example if file.alone]
    return survey(alone or [folder], imports=not any(file.no_import for file in example)).diagnostics


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_the_wrong_example_has_this_fault_and_no_other(page: Explanation, tmp_path: Path) -> None:
    found = found_in(page.wrong, tmp_path)
    assert {(each.code, each.severity) for each in found} == {(page.code, page.severity)}, found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_the_right_example_has_no_fault(page: Explanation, tmp_path: Path) -> None:
    assert found_in(page.right, tmp_path) == ()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_a_page_fits(page: Explanation) -> None:
    path = ROOT / f"orchestrator/explanations/{page.code}.md"
    assert parse(path.read_text(encoding="utf-8")) == page  # the title is the name of the file
    assert page.summary.endswith(".")
    assert len(page.summary) <= 90
    assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= 100
    assert max(map(len, in_process("explain", page.code).out.splitlines())) <= 100


def test_every_code_that_an_example_gives_has_a_page() -> None:
    codes = {line.split()[1] for path in EXPECTED for line in path.read_text(encoding="utf-8").splitlines()}
    assert codes - set(explanations()) == set()


def test_the_page_of_a_code() -> None:
    done = in_process("explain", "duplicate-key")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "error[duplicate-key]: A key stands twice in the same mapping.\n"
        "\n"
        "YAML parsers differ in which of the two they take, mostly the last one without a\n"
        "word. So a key may be there only once: delete one of the two, or rename it. Two\n"
        "agents of the same name in one file are such a case.\n"
        "\n"
        "Wrong:\n"
        "\n"
        "    agents:\n"
        "      desk:\n"
        "        model: some-model\n"
        "        instructions: You are at the front desk.\n"
        "        instructions: Be brief.\n"
        "\n"
        "Right:\n"
        "\n"
        "    agents:\n"
        "      desk:\n"
        "        model: some-model\n"
        "        instructions: You are at the front desk. Be brief.\n"
    )


def test_how_an_example_is_made_is_told() -> None:
    assert "  agents/bot.yaml (saved as latin-1):\n" in in_process("explain", "encoding").out
    assert "(the last line stands there 200 times):\n" in in_process("explain", "too-deep").out
    assert "  agents/bot.yaml (a named pipe):\n" in in_process("explain", "not-a-file").out


def test_all_codes_by_their_groups() -> None:
    lines = in_process("explain").out.splitlines()
    groups = [line for line in lines if line in GROUPS]
    codes = [line.split()[0] for line in lines if line.startswith("  ")]
    assert groups == [group for group in GROUPS if group in groups]
    assert codes == list(explanations())
    assert "  text-cut                 warning  An unquoted text ends" in "\n".join(lines)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("unknwon-key", "There is no code 'unknwon-key'. Did you mean 'unknown-key'?"),
        ("Unknown-Key", "Did you mean 'unknown-key'?"),
        ("xyzzy", "There is no code 'xyzzy'. All codes: orchestrate explain"),
    ],
)
def test_a_code_that_is_not_there(code: str, told: str) -> None:
    done = in_process("explain", code)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_colours_on_a_terminal_only() -> None:
    with Terminal("explain", "tab", TERM="xterm") as terminal:
        terminal.wait_for("Right:")
        assert "\x1b[31m\x1b[1merror[tab]\x1b[0m" in terminal.screen
    with Terminal("explain", "tab", TERM="xterm", NO_COLOR="1") as terminal:
        terminal.wait_for("Right:")
        assert "\x1b" not in terminal.screen


PAGE = (
    "# some-code\n\nerror in text: One.\n\nTwo.\n\n## Wrong\n\n```yaml\na: 1\n```\n\n## Right\n\n```yaml\na: 2\n```\n"
)


def test_a_page_says_how_its_files_are_made() -> None:
    block = "```python tools/x.py encoding=utf-16 repeat=3 alone no-import pipe\npass\n```"
    page = parse(PAGE.replace("```yaml\na: 1\n```", f"```yaml\na: 1\n```\n\n{block}"))
    made = File("tools/x.py", "python", "pass\n", "utf-16", repeat=3, pipe=True, alone=True, no_import=True)
    assert page.wrong == (File("agents/bot.yaml", "yaml", "a: 1\n"), made)


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ("error in text", "fatal in text"),
        ("error in text", "error in nowhere"),
        ("## Right", "## Better"),
        ("```yaml\na: 2\n```", "nothing"),
        ("```yaml\na: 1", "```yaml bot.yaml encodnig=latin-1\na: 1"),
    ],
)
def test_a_page_of_another_form_is_refused(part: str, instead: str) -> None:
    assert parse(PAGE).code == "some-code"
    with pytest.raises(ValueError, match=r"page|words"):
        parse(PAGE.replace(part, instead))
