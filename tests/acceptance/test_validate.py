"""``orchestrate validate`` says everything that is wrong, at its place.

The files under ``tests/examples`` are the cases: those in ``valid`` are without fault, and beside each
``invalid/NAME.yaml`` stands ``NAME.expected`` with a line ``line:column code`` for each of its faults, in their order.
For a fault in another file, its path from the folder of the examples and a colon come before. Parts are in folders.
"""

import os
from pathlib import Path

import pytest

from orchestrator.clients.scripted import read_script
from orchestrator.diagnostics import Diagnostic
from orchestrator.loader import load
from orchestrator.render.explanations import explanations
from orchestrator.source import Source
from tests.acceptance.conftest import Write
from tests.support.cli import ROOT, Done, in_process, orchestrate

EXAMPLES = ROOT / "tests/examples"
VALID = sorted((EXAMPLES / "valid").glob("*.yaml"))
INVALID = sorted((EXAMPLES / "invalid").glob("*.yaml"))

# the codes that no file under ``invalid`` can have, and why; the examples on their pages show them all the same
NOT_IN_FILES = {
    "module-slow": "it takes ten seconds",
    "not-a-file": "git keeps neither pipes nor devices",
    "not-known-without-import": "these examples import their modules",
    "part-of": "these examples are checked as roots",
}

pytestmark = pytest.mark.timeout(5)  # a reader that does not end shall not eat the memory of the machine


def diagnostics(path: Path) -> tuple[Diagnostic, ...]:
    return read_script(Source.read(path)).diagnostics if path.name.endswith(".script.yaml") else load(path).diagnostics


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid_example(path: Path) -> None:
    assert diagnostics(path) == ()


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_invalid_example(path: Path) -> None:
    found = diagnostics(path)
    for each in found:
        assert each.message
        assert not any(word in each.message for word in ("\n", "Input should", "pydantic", "NoneType"))
    assert [place(path, each) for each in found] == path.with_suffix(".expected").read_text().splitlines()


def place(example: Path, found: Diagnostic) -> str:
    """A line of what is expected."""
    span = found.span
    other = Path(span.path).resolve()
    where = "" if other == example.resolve() else f"{other.relative_to(example.parent.resolve())}:"
    return f"{where}{span.line}:{span.column} {found.code}"


def test_the_examples_stand_beside_what_is_expected() -> None:
    stems = {path.stem for path in INVALID}
    assert stems == {path.stem for path in (EXAMPLES / "invalid").glob("*.expected")}
    assert len(stems) >= 80
    assert len(VALID) >= 20


def test_every_code_has_an_example() -> None:
    """Groups 26 to 31 and 36 to 40: what can be wrong is shown by a file that has it."""
    expected = [line for path in INVALID for line in path.with_suffix(".expected").read_text().splitlines()]
    assert set(explanations()) - {line.split()[-1] for line in expected} == set(NOT_IN_FILES)


# ---- the command


def test_the_agents_of_the_project_are_sound() -> None:
    files = len(list((ROOT / "agents").rglob("*.yaml")))
    assert orchestrate("validate", "agents/") == Done(0, f"{files} files: no problems\n", "")


def test_three_faults_at_once() -> None:
    assert orchestrate("validate", "everything_at_once.yaml", cwd=EXAMPLES / "invalid") == Done(
        1,
        "everything_at_once.yaml:7:5: error[unknown-key]: unknown key 'tool'\n"
        "7 |     tool: [tools.acme]\n"
        "        ^^^^\n"
        "  help: did you mean 'tools'?\n"
        "everything_at_once.yaml:9:13: error[unknown-agent]: no agent named 'biling'\n"
        "9 |       - to: biling\n"
        "                ^^^^^^\n"
        "  help: did you mean 'billing'?\n"
        "everything_at_once.yaml:13:5: error[duplicate-key]: the key 'model' is here twice\n"
        "13 |     model: n\n"
        "         ^^^^^\n"
        "  everything_at_once.yaml:12:5: the first one is here\n"
        "  12 |     model: m\n"
        "           -----\n"
        "  help: delete one of the two, or rename it\n"
        "1 file: 3 errors\n",
        "",
    )


def test_several_paths_and_a_folder(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sound = "agents: {a: {instructions: x, model: m}}\n"
    write("one.yaml", sound)
    write("more/two.yaml", sound + "entry: b\n")
    write("more/deep/three.script.yaml", "rules: [{say: hi, agent: [a]}]\n")
    write("more/.hidden/four.yaml", "nonsense\n")
    write("more/notes.txt", "nonsense\n")
    monkeypatch.chdir(tmp_path)
    assert in_process("validate", "one.yaml", "more") == Done(
        1,
        "more/deep/three.script.yaml:1:26: error[wrong-type]: 'agent' must be text, not a list\n"
        "1 | rules: [{say: hi, agent: [a]}]\n"
        "                             ^^^\n"
        "  help: write agent: a\n"
        "more/two.yaml:2:8: error[unknown-agent]: no agent named 'b'\n"
        "2 | entry: b\n"
        "           ^\n"
        "  help: there are: a\n"
        "3 files: 2 errors\n",
        "",
    )


def test_warnings_do_not_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES / "invalid")
    assert in_process("validate", "text_cut.yaml") == Done(
        0,
        "text_cut.yaml:3:20: warning[text-cut]: the text ends before this: ' #' begins a comment, "
        "and '# 24/7' is not part of the text\n"
        "3 |     label: Call us # 24/7\n"
        "                       ^^^^^^\n"
        "  help: put the text in quotes, or put two blanks before '#' if it is a comment\n"
        "1 file: 1 warning\n",
        "",
    )


def test_a_script_is_checked_by_its_own_schema(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write("a.script.yaml", "ruls: []\nagents: {}\n")
    monkeypatch.chdir(tmp_path)
    assert in_process("validate", "a.script.yaml") == Done(
        1,
        "a.script.yaml:1:1: error[unknown-key]: unknown key 'ruls'\n"
        "1 | ruls: []\n"
        "    ^^^^\n"
        "  help: did you mean 'rules'?\n"
        "a.script.yaml:2:1: error[unknown-key]: unknown key 'agents'\n"
        "2 | agents: {}\n"
        "    ^^^^^^\n"
        "  help: the keys here are: version, description, words_per_second, rules\n"
        "1 file: 2 errors\n",
        "",
    )


def test_the_caret_under_a_wide_text(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    line = "agents: {a: {label: 顧客, instructions: x, model: m, handoffs: [b]}}"
    write("wide.yaml", f"{line}\n")
    monkeypatch.chdir(tmp_path)
    done = in_process("validate", "wide.yaml")
    before = line.index("b]")
    assert done.out.splitlines()[:3] == [
        f"wide.yaml:1:{before + 1}: error[unknown-agent]: no agent named 'b'",
        f"1 | {line}",
        " " * (len("1 | ") + before + len("顧客")) + "^",  # each of the two takes two columns
    ]


def test_a_tool_module_that_is_no_python(write: Write) -> None:
    helpers = write("helpers.py", "def broken(:\n")
    file = write("bot.yaml", "agents: {a: {instructions: x, model: m, tools: [helpers]}}\n")
    [found] = load(file).diagnostics
    assert (found.code, found.span.line, found.span.column) == ("module-raised", 1, 49)
    [place] = found.related
    assert (place.span.path, place.span.line) == (str(helpers), 1)


def test_a_key_and_a_network_are_not_needed(bot: Path) -> None:
    assert in_process("validate", bot.parent).code == 0


def test_what_does_not_exist(tmp_path: Path) -> None:
    done = in_process("validate", tmp_path / "none.yaml")
    assert (done.code, done.out) == (2, "")
    assert "does not exist" in done.err


@pytest.mark.skipif(os.name == "nt", reason="named pipes of POSIX")
def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    [found] = load(tmp_path / "pipe.yaml").diagnostics
    assert (found.code, found.message) == ("not-a-file", "this is not a regular file")


def test_a_thousand_agents_take_seconds(write: Write) -> None:
    agents = "".join(
        f"  a{number}: {{instructions: x, model: m, handoffs: [{{to: a{(number + 1) % 1000}, when: x}}]}}\n"
        for number in range(1000)
    )
    assert load(write("many.yaml", f"entry: a0\nagents:\n{agents}")).diagnostics == ()


@pytest.mark.parametrize("folder", [ROOT, EXAMPLES], ids=["root", "elsewhere"])
def test_a_misspelt_module_is_the_same_fault_from_any_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    found = load(EXAMPLES / "invalid/tools.yaml").diagnostics
    assert "no module named 'tools.acne'" in [each.message for each in found if each.code == "module-not-found"]
