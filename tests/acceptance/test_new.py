"""``orchestrate new``: a project that runs at once, and agents that are added to files without changing a word."""

import os
import shlex
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from textwrap import dedent

import pytest

from orchestrator.loader import load
from orchestrator.project import OTHER_KINDS
from orchestrator.survey import survey
from tests.support.cli import COMMAND, ROOT, environment, in_process, orchestrate

EXAMPLES = ROOT / "tests" / "examples" / "valid"
FILES = sorted([*(ROOT / "agents").rglob("*.yaml"), *EXAMPLES.rglob("*.yaml")])
OF_AGENTS = [path.relative_to(ROOT).as_posix() for path in FILES if not path.name.endswith(OTHER_KINDS)]
REFUSED = {
    # a text that keeps all its line breaks ends the section: there is no place behind it that is not in it
    "tests/examples/valid/block_texts_with_crlf.yaml": "more than this would change",
    # another file includes the part where the handoff would be
    "agents/travel.yaml": "would not have 'billing_desk'",
    "agents/travel_local.yaml": "would not have 'billing_desk'",
}
BOT = """\
entry: desk
defaults: {model: m}
agents:
  # who speaks first
  desk:
    description: Finds out.
    instructions: |
      Be brief. The orders know where it is.
    handoffs:
      - orders  # where is it?
      # more to come

  orders:
    description: Knows.
    instructions: Tell.
    handoffs: [desk]
    # the end of the orders
# the end of the agents
limits: {model_calls: 5}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, which is a project of its own."""
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def held(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def add(text: str, *arguments: str, name: str = "billing") -> str:
    """The file that adding an agent to this one makes, which is sound."""
    path = Path("bot.yaml")
    path.write_text(dedent(text), encoding="utf-8", newline="")
    done = in_process("new", "--agent", name, path, *arguments)
    assert (done.code, done.err) == (0, "")
    assert load(path).diagnostics == ()
    return path.read_bytes().decode()


def refuse(text: str, *arguments: str, name: str = "billing", code: int = 2) -> str:
    """What is said when no agent can be added. The file stays as it is, and nothing lies beside it."""
    path = Path("bot.yaml")
    path.write_text(dedent(text), encoding="utf-8", newline="")
    before = path.read_bytes(), held(Path())
    done = in_process("new", "--agent", name, path, *arguments)
    assert (done.code, done.out) == (code, "")
    assert (path.read_bytes(), held(Path())) == before
    return done.err


def test_a_new_project_is_sound_and_runs_without_a_key(here: Path) -> None:
    made = orchestrate("new", "my-shop", cwd=here)
    assert (made.code, made.err) == (0, "")
    project = here / "my-shop"
    assert below(project) == [
        ".env.example",
        ".gitignore",
        "README.md",
        "agents/my_shop.script.yaml",
        "agents/my_shop.test.yaml",
        "agents/my_shop.yaml",
        "pyproject.toml",
        "schemas/agents.schema.json",
        "schemas/script.schema.json",
        "schemas/test.schema.json",
        "tools/my_shop.py",
    ]
    assert all(path in made.out for path in below(project))
    assert in_process("validate", "--strict", "agents", cwd=project).out == "3 files: no problems\n"
    asked = in_process("run", "agents/my_shop.yaml", "Where is my order 1001?", cwd=project)
    assert (asked.code, asked.out) == (0, "Order 1001 is a lantern, which arrives tomorrow.\n")


def test_each_agent_of_a_new_project_is_met(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert in_process("new", "my-shop").code == 0
    monkeypatch.chdir(here / "my-shop")
    done = in_process("run", "agents/my_shop.yaml", lines="where is it?\n1001\nI return it\n1001\n")
    assert done.code == 0
    assert done.out.splitlines() == [
        "Which order is it? Please tell me its number, such as 1001.",
        "Order 1001 is a lantern, which arrives tomorrow.",
        "Which order do you want to send back? Please tell me its number, such as 1001.",
        "Order 1001 can be sent back (1001): the label is on its way.",
    ]


def test_the_tests_of_a_new_project_pass_and_reach_all_of_it(here: Path) -> None:
    assert in_process("new", "my-shop").code == 0
    done = in_process("test", "--cov-fail-under", "100", cwd=here / "my-shop")
    assert (done.code, done.err) == (0, "")
    assert "agents/my_shop.test.yaml  ...\n" in done.out


def test_what_the_readme_of_a_new_project_says_works(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert in_process("new", "my-shop").code == 0
    monkeypatch.chdir(here / "my-shop")
    shutil.copy(".env.example", ".env")
    lines = Path("README.md").read_text(encoding="utf-8").splitlines()
    commands = [line.split("#")[0].split(maxsplit=1)[1] for line in lines if line.startswith("    orchestrate")]
    assert len(commands) == 5
    assert [in_process(*shlex.split(command)).code for command in commands] == [0, 0, 0, 0, 0]


@pytest.mark.parametrize("name", ["no", "My-Bot2", "a", "null", "json", "x" * 50])
def test_any_good_name_makes_a_sound_project(here: Path, name: str) -> None:
    assert in_process("new", name).code == 0
    done = in_process("validate", "--strict", name)
    assert (done.code, done.out) == (0, "3 files: no problems\n")
    assert tomllib.loads((here / name / "pyproject.toml").read_text())["project"]["name"] == name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("1st", "begin with a letter"),
        ("my bot", "begin with a letter"),
        ("bot-", "begin with a letter"),
        ("héllo", "begin with a letter"),
        ("x" * 51, "at most 50"),
        ("class", "a word of Python's"),
        ("agents/x.yaml", "--agent NAME"),
        ("nowhere/bot", "there is no folder 'nowhere'"),
        ("pyproject.toml", "begin with a letter"),
    ],
)
def test_a_bad_name_is_refused(here: Path, name: str, told: str) -> None:
    done = in_process("new", name)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert held(here) == ["pyproject.toml"]


def test_nothing_is_overwritten(here: Path) -> None:
    folder = here / "bot"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    done = in_process("new", "bot")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: the folder 'bot' is not empty: 'notes.txt' is in it; choose another name\n"
    (here / "file").write_text("mine")
    assert "is no folder" in in_process("new", "file").err
    assert below(here) == ["bot/notes.txt", "file", "pyproject.toml"]


def test_an_empty_folder_is_filled(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = here / "bot"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    done = in_process("new", ".")
    assert (done.code, done.err) == (0, "")
    assert "cd " not in done.out
    assert held(Path()) == sorted([".git", *{path.split("/")[0] for path in below(folder)}])
    assert in_process("validate", "--strict", "agents").code == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_cannot_be_written(here: Path) -> None:
    (here / "closed").mkdir(mode=0o500)
    done = in_process("new", "closed/bot")
    assert done.code == 2
    assert "can't be written" in done.err


def test_a_disk_that_is_full_leaves_nothing_behind(here: Path) -> None:
    """What can't be made as a whole is not there: here the largest file does not fit."""
    full = "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    full += "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-c", full, COMMAND, "new", "bot"]  # which writes no half of a compiled module, either
    done = subprocess.run(
        command,
        cwd=here,
        env=environment({"PYTHONDONTWRITEBYTECODE": "1"}),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: the project can't be written to 'bot': File too large\n"
    assert held(here) == ["pyproject.toml"]


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all examples, which each test leaves as it was."""
    copy = tmp_path_factory.mktemp("examples")
    for folder in ("agents", "tools", "tests/examples/valid"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "pyproject.toml").touch()
    return copy


@pytest.mark.parametrize("name", OF_AGENTS)
def test_an_agent_is_added_to_any_file(examples: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is written stays, and nothing is wrong that was not before."""
    monkeypatch.chdir(examples)
    before = {path: Path(path).read_bytes() for path in OF_AGENTS}
    known = {(each.code, each.message) for each in survey([Path(name)]).diagnostics}
    done = in_process("new", "--agent", "billing_desk", name)
    after = {path: Path(path).read_bytes() for path in OF_AGENTS}
    found = survey([Path(name)]).diagnostics
    for path, text in before.items():
        Path(path).write_bytes(text)
    if name in REFUSED:
        assert (done.code, done.out, after) == (2, "", before)
        assert REFUSED[name] in done.err
        return
    assert (done.code, done.err) == (0, "")
    assert {(each.code, each.message) for each in found} - known == set()
    assert b"billing_desk" in after[name]
    for path, text in before.items():
        rest = iter(after[path])
        assert all(byte in rest for byte in text), path


def test_the_agent_stands_behind_the_others(here: Path) -> None:
    expected = BOT.replace(
        "      # more to come\n", "      # more to come\n      - to: billing\n        when: it is about billing\n"
    ).replace(
        "    # the end of the orders\n",
        "    # the end of the orders\n\n  billing:\n    description: Takes care of billing.\n    instructions: |\n"
        "      You take care of billing. Be friendly and very brief.\n    handoffs: [desk]\n",
    )
    assert add(BOT) == expected


def test_what_is_said(here: Path) -> None:
    Path("bot.yaml").write_text(BOT)
    done = in_process("new", "--agent", "billing", "bot.yaml")
    assert done.out == "bot.yaml:21: a new agent 'billing', and a handoff to it from 'desk'\n"


def test_who_hands_off_and_when(here: Path) -> None:
    made = add(BOT, "--from", "orders", "--when", "it's a bill: #1, or [more]")
    assert """handoffs: [desk, {to: billing, when: "it's a bill: #1, or [more]"}]\n""" in made
    assert "    handoffs:\n      - to: orders\n        when: it is about something else\n" in made


def test_line_ends_the_mark_and_the_last_line_stay(here: Path) -> None:
    text = "\ufeffagents:\r\n    desk:\r\n        model: m\r\n        description: d\r\n        instructions: x"
    assert add(text).replace("\r\n", "|") == (
        "\ufeffentry: desk|agents:|    desk:|        model: m|        description: d|        instructions: x|"
        "        handoffs:|            - to: billing|              when: it is about billing||    billing:|"
        "        description: Takes care of billing.|        model: m|        instructions: |"
        "            You take care of billing. Be friendly and very brief.|        handoffs: [desk]"
    ).replace("instructions: |", "instructions: ||")


def test_lists_that_are_not_indented(here: Path) -> None:
    made = add("""\
        entry: a
        defaults: {model: m, handoffs: [a]}
        agents:
          a:
            description: d
            instructions: b knows.
            handoffs:
            - b
          b: {description: d, instructions: x}
        """)
    assert "    - b\n    - to: billing\n      when: it is about billing\n  b: {" in made


def test_a_handoff_that_was_there_before_its_agent(here: Path) -> None:
    text = "entry: a\nagents:\n  a: {description: d, model: m, instructions: Or billing., handoffs: [billing]}\n"
    made = add(text)
    assert made.startswith(text)


def test_a_list_that_is_empty(here: Path) -> None:
    made = add("entry: a\nagents:\n  a: {description: d, model: m, instructions: x, handoffs: []}\n")
    assert "handoffs: [{to: billing, when: it is about billing}]}" in made


def test_the_first_agent_of_a_file(here: Path) -> None:
    made = add("version: 1\nmodels: {fast: {model: m}}\n")
    assert made.startswith("version: 1\nmodels: {fast: {model: m}}\n\nagents:\n  billing:\n    description:")
    assert "    model: fast\n" in made


def test_links_and_permissions_stay(here: Path) -> None:
    real = here / "real.yaml"
    real.write_text(BOT)
    real.chmod(0o640)
    Path("bot.yaml").symlink_to("real.yaml")
    assert in_process("new", "--agent", "billing", "bot.yaml").code == 0
    assert Path("bot.yaml").is_symlink()
    assert "billing" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert held(Path()) == ["bot.yaml", "pyproject.toml", "real.yaml"]


def test_a_part_gets_the_agent_and_another_one_the_handoff(here: Path) -> None:
    Path("root.yaml").write_text("entry: desk\ninclude: [parts/*.yaml]\ndefaults: {model: m, handoffs: [desk]}\n")
    Path("parts").mkdir()
    Path("parts/desk.yaml").write_text(
        "agents:\n  desk: {description: d, instructions: The other., handoffs: [other]}\n"
    )
    Path("parts/other.yaml").write_text("agents:\n  other: {description: d, instructions: x}\n")
    done = in_process("new", "--agent", "billing", "parts/other.yaml")
    assert (done.code, done.err) == (0, "")
    assert done.out == "parts/other.yaml:4: a new agent 'billing', and a handoff to it from 'desk'\n"
    assert "[other, {to: billing, when: it is about billing}]" in Path("parts/desk.yaml").read_text()
    assert in_process("validate", "--strict", ".").code == 0


def test_of_two_files_both_are_changed_or_none(here: Path) -> None:
    Path("root.yaml").write_text("entry: desk\ninclude: [desk.yaml]\ndefaults: {model: m, handoffs: [desk]}\n")
    Path("desk.yaml").write_text("agents: {desk: {description: d, instructions: x}}\n")
    in_the_way = Path(f".desk.yaml.{os.getpid()}.new")
    in_the_way.touch()
    before = {path: path.read_bytes() for path in here.iterdir()}
    done = in_process("new", "--agent", "billing", "root.yaml")
    assert (done.code, done.out) == (2, "")
    assert "can't be changed: File exists" in done.err
    assert {path: path.read_bytes() for path in here.iterdir()} == before
    in_the_way.unlink()
    assert in_process("new", "--agent", "billing", "root.yaml").code == 0
    assert [b"billing" in Path(name).read_bytes() for name in ("root.yaml", "desk.yaml")] == [True, True]


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("desk", [], "there is an agent named 'desk' already: bot.yaml:5"),
        ("Billing", [], "'Billing' can't be the name of an agent"),
        ("b" * 52, [], "at most 50 more"),
        ("billing", ["--from", "ordres"], "no agent named 'ordres'; did you mean 'orders'?"),
    ],
)
def test_a_name_that_does_not_do(here: Path, name: str, arguments: list[str], told: str) -> None:
    assert told in refuse(BOT, *arguments, name=name)


def test_new_errors_are_told_and_the_file_stays(here: Path) -> None:
    told = refuse(BOT, "--when", "{{ broken }}", code=1)
    assert "error[template-in-plain-field]" in told
    assert told.endswith("; nothing was changed\n")


def test_a_text_with_faults_is_not_touched(here: Path) -> None:
    assert "error[duplicate-key]" in refuse(BOT + "limits: {}\n", code=1)
    assert "error[syntax]" in refuse(BOT + "x: [\n", code=1)
    assert "error[empty-file]" in refuse("# nothing\n", code=1)


def test_errors_that_have_nothing_to_do_with_it_stay(here: Path) -> None:
    Path("bot.yaml").write_text(BOT.replace("model_calls: 5", "model_call: 5"))
    assert in_process("new", "--agent", "billing", "bot.yaml").code == 0
    assert [each.code for each in load("bot.yaml").diagnostics] == ["unknown-key"]


@pytest.mark.parametrize(
    "handoffs", ["*shared", "&own [orders]"], ids=["an alias", "what an alias stands for elsewhere"]
)
def test_what_others_share_is_not_changed(here: Path, handoffs: str) -> None:
    text = f"""\
        x-shared: &shared [orders]
        entry: desk
        defaults: {{model: m}}
        agents:
          desk: {{description: d, instructions: x, handoffs: {handoffs}}}
          clerk: {{description: d, instructions: x, handoffs: {"*own" if "own" in handoffs else "[orders]"}}}
          orders: {{description: d, instructions: x, handoffs: [desk, clerk]}}
        """
    assert "by hand" in refuse(text)


def test_without_an_entry_somebody_must_be_named(here: Path) -> None:
    text = BOT.replace("entry: desk\n", "")
    assert "--from AGENT" in refuse(text)


def test_a_file_that_is_none(here: Path) -> None:
    assert in_process("new", "--agent", "billing", "nothing.yaml").err == (
        "error: 'nothing.yaml' can't be changed: No such file or directory\n"
    )
    assert in_process("new", "--agent", "billing", ".").code == 1
    script = ROOT / "agents" / "acme.script.yaml"
    assert "is no file of agents" in in_process("new", "--agent", "billing", script).err
    assert "name it with --agent" in in_process("new", "bot", "--from", "desk").err
