"""``orchestrate test``, as people and CI have it, with all that it prints."""

import contextlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.support.cli import COMMAND, Done, Running, Terminal, environment, in_process, orchestrate
from tests.support.suites import SUITE, write_desk

WRONG = SUITE.replace("contains: here", "contains: nowhere")
ONE_CASE_WRONG = SUITE.replace("- Paid.", "- Paid {{ amount }}.") + "          reply: Paid 1.\n"
COVERAGE = """\
file       agents  tools  handoffs  coverage
desk.yaml  2/2     2/2    1/2       83 %

not reached in desk.yaml:
  desk.yaml:15:16: handoff billing -> desk
"""
FAILURE = """\
FAILED desk.test.yaml: an item is found
desk.test.yaml:14:29: turn 1: reply: the reply has no 'nowhere' in it: 'It is here.'
14 |           reply: {contains: nowhere}
                                 ^^^^^^^
  - {contains: 'nowhere'}
  + It is here.

The conversation so far:
  you: Where is the lamp?
  → look_up(item='lamp'): lamp is here
  desk: It is here.

What was printed:
  looking for lamp
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """The folder of a project with a test file of three tests."""
    write_desk(tmp_path)
    return tmp_path


def conversations(folder: Path, *arguments: str, **settings: str) -> Done:
    """Run the command inside this process, and put a word for the time that something took."""
    with contextlib.chdir(folder):
        return timeless(in_process("test", *arguments, **{"COLUMNS": "80", **settings}))


def timeless(done: Done) -> Done:
    """What a command has written, with a word for the time that something took."""
    return Done(done.code, re.sub(r"\b[\d.]+ (s|ms)\b", "TIME", done.out), done.err)


def last(done: Done) -> str:
    return done.out.splitlines()[-1]


def test_all_pass(desk: Path) -> None:
    done = orchestrate("test", cwd=desk)
    assert timeless(done) == Done(0, f"desk.test.yaml  ...\n\n{COVERAGE}\n3 passed in TIME\n", "")


def test_names_are_shown_with_v(desk: Path) -> None:
    live = "  a live one:\n    turns: [{user: Hello, model: live}]\n"
    (desk / "desk.test.yaml").write_text(SUITE + live)
    shown = """\
desk.test.yaml
  passed   an item is found  TIME
  passed   a bill is paid[small]  TIME
  passed   a bill is paid[large]  TIME
  skipped  a live one: its model is live: it runs with --live only
"""
    assert conversations(desk, "-v") == Done(0, f"{shown}\n{COVERAGE}\n3 passed, 1 skipped in TIME\n", "")


def test_a_failure_is_shown_in_full(desk: Path) -> None:
    (desk / "desk.test.yaml").write_text(WRONG)
    shown = f"desk.test.yaml  F..\n\n{FAILURE}\n{COVERAGE}\n2 passed, 1 failed in TIME\n"
    assert timeless(orchestrate("test", cwd=desk)) == Done(5, shown, "")


def test_workers_give_the_same(desk: Path) -> None:
    """Also where a tool raises: nobody wants to see how Orchestrate calls it."""
    (desk / "also.test.yaml").write_text(WRONG.replace("lamp", "sun"))
    (desk / "desk.test.yaml").write_text(WRONG)
    tools = (desk / "desk_tools.py").read_text()
    (desk / "desk_tools.py").write_text(
        tools.replace('if item == "moon":', 'if item == "sun": raise LookupError\n    if item == "moon":')
    )
    done = timeless(orchestrate("test", "-n", "2", cwd=desk))
    here = conversations(desk)
    progress, _, rest = done.out.partition("\n\n")
    first, _, as_here = here.out.partition("\n\n")
    # each file is told when the last of its tests is over: with two workers that may be in any order
    assert sorted(progress.splitlines()) == sorted(first.splitlines())
    assert (done.code, rest, done.err) == (here.code, as_here, here.err)
    assert "✗ look_up(item='sun'): Error: LookupError" in done.out
    assert "What was printed:\n  looking for sun\n\n" in done.out


def test_files_and_agents_at_fault_hide_no_other_file(desk: Path) -> None:
    (desk / "also.test.yaml").write_text(SUITE.replace("desk.yaml", "part.yaml"))
    (desk / "broken.test.yaml").write_text(SUITE.replace("model:", "modell:"))
    (desk / "more.test.yaml").write_text(
        SUITE.replace("desk.yaml", "part.yaml").replace("agents: [desk", "agents: [dsk")
    )
    agents = (desk / "desk.yaml").read_text()
    (desk / "part.yaml").write_text(agents.replace("handoffs: [billing]", "handoffs: [biling]"))
    shown = """\
desk.test.yaml  ...
also.test.yaml  error
broken.test.yaml  error
more.test.yaml  error

part.yaml:10:16: error[unknown-agent]: no agent named 'biling'
10 |     handoffs: [biling]
                    ^^^^^^
  help: did you mean 'billing'?

broken.test.yaml:8:9: error[unknown-key]: unknown key 'modell'
8 |         modell:
            ^^^^^^
  help: did you mean 'model'?
broken.test.yaml:22:9: error[unknown-key]: unknown key 'modell'
22 |         modell:
             ^^^^^^
  help: did you mean 'model'?

3 passed, 3 files can't be used in TIME
"""
    assert conversations(desk) == Done(1, shown, "")


def test_names_that_the_agents_do_not_know_are_told(desk: Path) -> None:
    (desk / "desk.test.yaml").write_text(SUITE.replace("agents: [desk, billing]", "agents: [desk, biling]"))
    shown = """\
desk.test.yaml  error

desk.test.yaml:28:26: error[unknown-agent]: no agent named 'biling'
28 |           agents: [desk, biling]
                              ^^^^^^
  help: did you mean 'billing'?

1 file can't be used in TIME
"""
    assert conversations(desk) == Done(1, shown, "")


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        (["desk.test.yaml", "."], "3 passed"),
        (["-k", "not (small or found)"], "1 passed"),
        (["-k", "money"], "2 passed"),
        (["desk.test.yaml::an item is found"], "1 passed"),
        (["desk.test.yaml::a bill is paid"], "2 passed"),
        (["desk.test.yaml::a bill is paid[large]", "desk.test.yaml::an item is found"], "2 passed"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_some_tests_are_chosen(desk: Path, arguments: list[str], counts: str) -> None:
    done = conversations(desk, *arguments)
    assert (done.code, last(done), done.err) == (0, f"{counts} in TIME", "")
    assert ("handoffs" in done.out) == (counts == "3 passed")  # a part says nothing about coverage


def test_odd_names_can_be_chosen(desk: Path) -> None:
    odd = {"a::b [c]": "a::b [c]", "two  blanks": "two blanks", "ümläut [x::y]": "ümläut [x::y]"}
    tests = "".join(f"  '{name}':\n    turns: [{{user: Hi, model: [Hi]}}]\n" for name in odd)
    (desk / "desk.test.yaml").write_text(f"file: desk.yaml\ntests:\n{tests}")
    for name in odd.values():
        assert last(conversations(desk, f"desk.test.yaml::{name}")) == "1 passed in TIME"


def test_x_stops_at_the_first_failure(desk: Path) -> None:
    (desk / "desk.test.yaml").write_text(WRONG)
    assert conversations(desk, "-x") == Done(5, f"desk.test.yaml  F\n\n{FAILURE}\n1 failed in TIME\n", "")


def test_x_stops_workers_too(desk: Path) -> None:
    (desk / "desk.test.yaml").write_text(WRONG)
    done = timeless(orchestrate("test", "-x", "-n", "1", cwd=desk))
    assert (done.code, last(done).endswith("1 failed in TIME")) == (5, True)


@pytest.mark.parametrize(("suite", "code"), [(SUITE, 2), (WRONG, 5)], ids=["passes", "fails"])
def test_a_full_disk_is_told_in_a_line(desk: Path, suite: str, code: int) -> None:
    """The tests go on meanwhile, and their reports are written."""
    (desk / "desk.test.yaml").write_text(suite)
    command = [COMMAND, "test", "--junitxml", "results.xml"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, cwd=desk, env=environment({}), stdout=full, stderr=subprocess.PIPE, check=False, timeout=60
        )
    assert (done.returncode, done.stderr) == (code, b"error: standard output can't be written: no space is left\n")
    assert len(ET.parse(desk / "results.xml").getroot().findall(".//testcase")) == 3


def test_a_reader_may_leave(desk: Path) -> None:
    done = subprocess.run(
        f"{COMMAND} test | true", shell=True, cwd=desk, env=environment({}), capture_output=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_lf_runs_what_failed(desk: Path) -> None:
    (desk / "desk.test.yaml").write_text(WRONG)
    conversations(desk)
    (desk / "desk.test.yaml").write_text(SUITE)
    assert last(conversations(desk, "--lf")) == "1 passed in TIME"
    assert last(conversations(desk, "--lf")) == "3 passed in TIME"  # nothing has failed the last time
    assert sorted(path.name for path in desk.iterdir() if path.name.startswith(".")) == [".orchestrate"]
    assert (desk / ".orchestrate").stat().st_mode & 0o777 == 0o700


def test_tests_of_two_projects_leave_nothing_above_them(tmp_path: Path) -> None:
    for name, text in (("one", SUITE), ("two", WRONG)):
        (tmp_path / name).mkdir()
        write_desk(tmp_path / name)
        (tmp_path / name / "desk.test.yaml").write_text(text)
    assert last(conversations(tmp_path, "one", "two")) == "5 passed, 1 failed in TIME"
    assert last(conversations(tmp_path, "one", "two", "--lf")) == "1 failed in TIME"
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two"}


@pytest.mark.parametrize("arguments", [[], ["-n", "2"]], ids=["here", "workers"])
def test_lf_knows_a_case_again(desk: Path, arguments: list[str]) -> None:
    (desk / "desk.test.yaml").write_text(ONE_CASE_WRONG)
    assert last(conversations(desk, *arguments)) == "2 passed, 1 failed in TIME"
    done = conversations(desk, "--lf", "-v", *arguments)
    assert last(done) == "1 failed in TIME"
    assert "  failed   a bill is paid[large]  TIME\n" in done.out


def test_results_are_written_for_ci(desk: Path) -> None:
    (desk / "desk.test.yaml").write_text(WRONG)
    conversations(desk, "--junitxml", "out/results.xml")
    cases = ET.parse(desk / "out" / "results.xml").getroot().findall(".//testcase")
    assert [(case.get("file"), case.get("line"), case.get("name")) for case in cases] == [
        ("desk.test.yaml", "4", "an item is found"),
        ("desk.test.yaml", "17", "a bill is paid[small]"),
        ("desk.test.yaml", "18", "a bill is paid[large]"),
    ]
    assert cases[0].findtext("failure") == FAILURE.partition("\n")[2].partition("\n\nWhat was printed")[0]


def test_coverage_has_a_bound_and_reports(desk: Path) -> None:
    names = ("a/c.json", "a/b/c.lcov", "d/c.mmd")  # folders that are not there
    done = conversations(
        desk, "--cov-fail-under", "84", "--cov-report", names[0], "--cov-report", names[1], "--graph", names[2]
    )
    written = "".join(f"written: {name}\n" for name in names)
    short = "coverage is 83 %, and should be at least 84 %"
    assert done == Done(5, f"desk.test.yaml  ...\n\n{COVERAGE}{written}\n3 passed in TIME\n{short}\n", "")
    assert all((desk / name).stat().st_size for name in names)
    assert conversations(desk, "--cov-fail-under", "83").code == 0
    assert conversations(desk, "--graph", "one.mmd", "--graph", "two.svg").out.count("written: ") == 2
    assert conversations(desk, "-k", "found", "--cov-fail-under", "83").code == 5


def test_what_came_of_the_tests_is_shown_though_no_report_can_be_written(desk: Path) -> None:
    """A disk may be full by then. Where a test fails as well, that is what the exit code says."""
    for name in ("c.json", "c.mmd"):
        (desk / name).symlink_to("/dev/full")
    wanted = ["--junitxml", "/dev/full", "--cov-report", "c.json", "--cov-report", "c.lcov", "--graph", "c.mmd"]
    told = "".join(
        f"error: {option}: '{file}' can't be written: no space is left\n"
        for option, file in (("--junitxml", "/dev/full"), ("--cov-report", "c.json"), ("--graph", "c.mmd"))
    )
    shown = f"desk.test.yaml  ...\n\n{COVERAGE}written: c.lcov\n\n3 passed in TIME\n"
    assert conversations(desk, *wanted) == Done(2, shown, told)
    (desk / "desk.test.yaml").write_text(WRONG)
    failed = conversations(desk, *wanted)
    assert (failed.code, last(failed), failed.err) == (5, "2 passed, 1 failed in TIME", told)


def test_a_file_is_touched_only_when_there_is_something_to_write(desk: Path) -> None:
    (desk / "old.json").write_text("old")
    done = conversations(desk, "-k", "zebra", "--cov-report", "old.json", "--cov-report", "new.json")
    assert (done.code, (desk / "old.json").read_text(), (desk / "new.json").exists()) == (2, "old", False)


def test_tests_that_do_not_run_cover_nothing(desk: Path) -> None:
    (desk / "desk.test.yaml").write_text("file: desk.yaml\ntests: {one: {turns: [{user: Hi, model: live}]}}\n")
    done = conversations(desk, "--cov-fail-under", "1")
    assert (done.code, last(done)) == (5, "coverage is 0 %, and should be at least 1 %")


def test_nothing_of_other_tests_counts(desk: Path) -> None:
    (desk / "conftest.py").write_text("raise SystemExit('conftest')")
    (desk / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (desk / "sub").mkdir()
    (desk / "sub" / "__init__.py").write_text("raise SystemExit('package')")
    (desk / "sub" / "conftest.py").write_text("raise SystemExit('conftest')")
    (desk / "sub" / "test_other.py").write_text("raise SystemExit('test')")
    (desk / "sub" / "more.test.yaml").write_text(SUITE.replace("desk.yaml", "../desk.yaml"))
    done = conversations(desk, PYTEST_ADDOPTS="--no-such-option", PYTEST_PLUGINS="no_such_plugin")
    assert (done.code, last(done), done.err) == (0, "6 passed in TIME", "")
    assert done.out.startswith("desk.test.yaml  ...\nsub/more.test.yaml  ...\n")


def test_several_projects_at_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_desk(tmp_path / name)
    done = conversations(tmp_path / "one", "../two", ".")
    assert done.out.startswith("../two/desk.test.yaml  ...\ndesk.test.yaml  ...\n")
    assert last(done) == "6 passed in TIME"


@pytest.mark.parametrize(
    "content",
    [b"", b"# nothing\n", SUITE.encode("utf-16"), b"\xff\n", b"tests: [\n", b"[1]\n", b"rules: []\n"],
    ids=["empty", "blank", "UTF-16", "no text", "broken", "list", "other keys"],
)
def test_a_file_that_is_named_is_judged_as_validate_does(desk: Path, content: bytes) -> None:
    (desk / "it.test.yaml").write_bytes(content)
    done = conversations(desk, "it.test.yaml")
    with contextlib.chdir(desk):
        validated = in_process("validate", "it.test.yaml")
    faults = validated.out[: validated.out.rindex("1 file: ")]
    assert (validated.code, "error[" in faults) == (1, True)
    assert done == Done(1, f"it.test.yaml  error\n\n{faults}\n1 file can't be used in TIME\n", "")


def test_a_test_file_in_utf_16_is_not_passed_over_in_a_folder(desk: Path) -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        (desk / "desk.test.yaml").write_text(f"\ufeff{SUITE}", encoding=encoding)
        done = conversations(desk)
        assert (done.code, last(done)) == (1, "1 file can't be used in TIME")
        assert "desk.test.yaml:1:1: error[encoding]: the file is UTF-16, not UTF-8\n" in done.out


@pytest.mark.parametrize(
    "content",
    ["  file: desk.yaml\n  tests: {}\n", "--- {file: desk.yaml, tests: {}}\n", "? file\n: desk.yaml\n? tests\n: {}\n"],
    ids=["indented", "after a marker", "question marks"],
)
@pytest.mark.parametrize("arguments", [[], ["-n", "2"]], ids=["here", "workers"])
def test_a_test_file_in_a_folder_is_known_however_it_is_written(desk: Path, content: str, arguments: list[str]) -> None:
    (desk / "it.test.yaml").write_text(content.replace("{}", "{one: {turns: [{user: Hi, model: [Hi]}]}}"))
    done = conversations(desk, *arguments)
    assert (done.code, last(done), done.err) == (0, "4 passed in TIME", "")


FAULTY = {
    "empty": "",
    "blank": "# nothing\n",
    "bracket": "{",
    "quote": '"x',
    "list": "- a\n",
    "other": "foo: 1\n",
    "typo": "fiel: desk.yaml\ntest: {}\n",
    "colons": "  : : bad\n",
}


def test_whatever_is_named_like_a_test_file_is_told_as_validate_does(desk: Path) -> None:
    """Nothing is passed over in silence: not even what is no file."""
    (desk / "more").mkdir()
    for name, content in FAULTY.items():
        (desk / "more" / f"{name}.test.yml").write_text(content)
    (desk / "more" / "pipe.test.yaml").symlink_to("/dev/null")
    (desk / "more" / "nowhere.test.yaml").symlink_to("nothing")
    (desk / "more" / "circle.test.yaml").symlink_to("circle.test.yaml")
    done = conversations(desk)
    with contextlib.chdir(desk):
        validated = in_process("validate", "more")
    faults = {line for line in validated.out.splitlines() if "error[" in line}
    assert (done.code, last(done), done.err) == (1, "3 passed, 11 files can't be used in TIME", "")
    assert faults == {line for line in done.out.splitlines() if "error[" in line}
    assert len({fault.partition(":")[0] for fault in faults}) == 11


def test_a_link_to_a_test_file_of_another_name_is_followed(desk: Path) -> None:
    (desk / "more").mkdir()
    (desk / "desk.test.yaml").rename(desk / "shared.yaml")
    (desk / "more" / "it.test.yaml").symlink_to("../shared.yaml")
    done = conversations(desk, "more")
    assert (done.code, done.out.splitlines()[0], last(done)) == (0, "more/it.test.yaml  ...", "3 passed in TIME")


@pytest.mark.parametrize("named", ["gone.test.yaml", "gone.test.yaml::an item is found"])
def test_a_link_to_nothing_is_told_where_it_is_named(desk: Path, named: str) -> None:
    (desk / "gone.test.yaml").symlink_to("nothing")
    fault = "gone.test.yaml:1:1: error[not-a-file]: it can't be read: No such file or directory"
    shown = f"gone.test.yaml  error\n\n{fault}\n\n1 file can't be used in TIME\n"
    assert conversations(desk, named) == Done(1, shown, "")


WORDS = "write words joined by and, or, not, such as 'refund and not broken'; for one test: FILE::NAME"
BEGIN = (
    "A test file is named like NAME.test.yaml, and says in `file` which agents it is about, and in `tests` what must "
    "happen; docs/testing.md shows how. `orchestrate new NAME` begins a project that has one."
)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["empty"], f"Error: There is no test file in the folder 'empty' or below it. {BEGIN}"),
        (["nowhere"], "Error: Path 'nowhere' does not exist."),
        (["desk.yaml"], "Error: 'desk.yaml' is no test file, by its name: did you mean 'desk.test.yaml'?"),
        (
            ["desk_tools.py"],
            "Error: 'desk_tools.py' is no test file, by its name: test files are named like NAME.test.yaml.",
        ),
        (
            [".odd[1]"],
            "Error: '.odd[1]/desk.test.yaml' can't be tested: pytest takes no path with '[' or '::' in it.",
        ),
        (
            ["desk.test.yaml::an item is fond"],
            "Error: 'desk.test.yaml' has no test named 'an item is fond'; did you mean 'an item is found'?",
        ),
        (
            ["-k", "an item"],
            f"Error: Invalid value for '-k': 'an item': {WORDS}",
        ),
        (["-n", "many"], "Error: Invalid value for '-n': 'many': write a number of processes, or auto"),
        (["--junitxml", "desk.yaml/x"], "error: --junitxml: 'desk.yaml/x' can't be written: 'desk.yaml' is no folder"),
        (
            ["--graph", "desk.yaml/c.mmd"],
            "error: --graph: 'desk.yaml/c.mmd' can't be written: 'desk.yaml' is no folder",
        ),
        (
            ["--cov-report", "desk.yaml/c.json"],
            "error: --cov-report: 'desk.yaml/c.json' can't be written: 'desk.yaml' is no folder",
        ),
        (
            ["--cov-report", "c.pdf"],
            "error: --cov-report: c.pdf: no form has this suffix; known are .json, .lcov, .info",
        ),
        (
            ["--cov-report", "z.json", "--junitxml", "z.json"],
            "error: --junitxml and --cov-report would write to one file, 'z.json': give each a file of its own",
        ),
        (
            ["--graph", "z.mmd", "--graph", "./empty/../z.mmd"],
            "error: --graph, twice, would write to one file, 'empty/../z.mmd': give each a file of its own",
        ),
        (["--graph", "c.gif"], "error: --graph: c.gif: no form has this suffix; known are .svg, .png, .mmd, .dot"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage(desk: Path, arguments: list[str], error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk / "empty").mkdir()
    (desk / ".odd[1]").mkdir()
    write_desk(desk / ".odd[1]")
    monkeypatch.chdir(desk)
    done = in_process("test", *arguments)
    assert (done.code, done.out, done.err.splitlines()[-1]) == (2, "", error)


def test_words_that_no_name_has(desk: Path) -> None:
    assert conversations(desk, "-k", "zebra") == Done(2, "", "error: no test has these words: 'zebra'\n")


@pytest.mark.parametrize(
    ("module", "arguments", "told"),
    [
        ("pytest", [], "error: orchestrate test runs on pytest, which is not installed: pip install pytest\n"),
        ("xdist", ["-n", "2"], "error: -n runs on pytest-xdist, which is not installed: pip install pytest-xdist\n"),
    ],
)
def test_what_is_not_installed_is_told(desk: Path, module: str, arguments: list[str], told: str) -> None:
    code = (
        f"import sys; sys.modules['{module}'] = None; from orchestrator.cli import main; main(['test', *{arguments}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=desk,
        env=environment({}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)


def test_help_does_not_need_pytest() -> None:
    code = "import sys; sys.modules['pytest'] = None; from orchestrator.cli import main; main(['test', '--help'])"
    subprocess.run([sys.executable, "-c", code], env=environment({}), capture_output=True, check=True, timeout=60)


SLOW = SUITE.replace("item: lamp}\n", "item: moon}\n")


def test_ctrl_c_ends_it_at_once(desk: Path) -> None:
    (desk / "also.test.yaml").write_text(SUITE)
    (desk / "desk.test.yaml").write_text(SLOW)
    with Running("test", cwd=desk) as running:
        running.wait_for("also.test.yaml  ...\n")
        running.interrupt()
        done = running.left(10)
    shown = "also.test.yaml  ...\n\n3 passed, interrupted in TIME\n"
    assert timeless(done) == Done(130, shown, "")


def test_a_test_that_takes_long_shows_its_name(desk: Path) -> None:
    (desk / "desk.test.yaml").write_text(SLOW)
    with Terminal("test", cwd=desk, TERM="xterm") as terminal:
        terminal.wait_for("an item is found  2 s")
        terminal.type("\x03")
        terminal.wait_for("interrupted in")
        assert terminal.left() == 130


def test_colors_are_for_terminals(desk: Path) -> None:
    (desk / "desk.test.yaml").write_text(WRONG)
    with Terminal("test", cwd=desk, TERM="xterm") as terminal:
        assert terminal.left() == 5
        assert "\x1b[32m.\x1b[0m" in terminal.screen
        assert "\x1b[31m" in terminal.screen
    with Terminal("test", cwd=desk, TERM="xterm", NO_COLOR="1") as terminal:
        assert terminal.left() == 5
        assert "\x1b[3" not in terminal.screen
