"""What a shell completes, with click's protocol for each of the three, and in real shells as far as they are there."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pexpect
import pytest

from tests.acceptance.conftest import Write
from tests.support.cli import COMMAND, environment, in_process

SHELLS = ("bash", "zsh", "fish")
PROJECT = {
    "bot.yaml": """
        entry: desk
        include: [parts/*.yaml]
        variables:
          plan: {default: basic, enum: [basic, pro], description: "What they pay, and\\nhow."}
          verified: false
          company: ACME
        models: {fast: {model: m}, careful: {model: n}}
        defaults: {model: fast, handoffs: [desk]}
        agents:
          desk: {description: Finds out., instructions: The clerk., handoffs: [clerk]}
    """,
    "parts/clerk.yaml": """
        agents:
          clerk: {description: Sells., instructions: x}
    """,
    "bot.script.yaml": """
        rules:
          - say: hello
    """,
    "notes.txt": "no YAML",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of two files, and the working directory."""
    monkeypatch.chdir(made(tmp_path))
    return tmp_path


def made(folder: Path) -> Path:
    """A folder with the files of the project."""
    for name, text in PROJECT.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(dedent(text), encoding="utf-8")
    (folder / "pyproject.toml").touch()
    return folder


def offered(line: str, shell: str = "bash") -> list[str]:
    """What is offered for the last word of a command line, which may be empty; nothing else is ever said."""
    words = line.split(" ")
    current = words[-1] if shell == "fish" else str(len(words) - 1)
    # inside of this process the command is called main
    done = in_process(COMP_WORDS=line, COMP_CWORD=current, _MAIN_COMPLETE=f"{shell}_complete", ORCHESTRATE_STORE="")
    assert (done.code, done.err) == (0, "")
    return done.out.splitlines()


def plain(line: str) -> list[str]:
    """What is offered, without its kind, of which there is one."""
    found = [item.split(",", 1) for item in offered(line) if item]
    assert {kind for kind, _ in found} <= {"plain"}
    return [value for _, value in found]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("orchestrate rend", ["render"]),
        ("orchestrate run bot.yaml --agent ", ["desk", "clerk"]),
        ("orchestrate run bot.yaml --agent c", ["clerk"]),
        ("orchestrate run bot.yaml --agent=c", ["clerk"]),
        ("orchestrate run --agent x", []),
        ("orchestrate run bot.yaml --model ", ["fast", "careful", "script:bot.script.yaml"]),
        ("orchestrate run bot.yaml --var ", ["plan=", "verified=", "company="]),
        ("orchestrate run bot.yaml --var plan=", ["plan=basic", "plan=pro"]),
        ("orchestrate run bot.yaml --var plan=pro --var ver", ["verified="]),
        ("orchestrate run bot.yaml --var verified=t", ["verified=true"]),
        ("orchestrate run bot.yaml --var company=A", []),
        ("orchestrate run bot.yaml --var nobody=A", []),
        ("orchestrate render bot.yaml ", ["desk", "clerk"]),
        ("orchestrate render bot.yaml clerk --model ", ["fast", "careful"]),
        ("orchestrate new --agent billing bot.yaml --from d", ["desk"]),
        ("orchestrate explain unknown-a", ["unknown-agent"]),
        ("orchestrate completion ", ["bash", "zsh", "fish"]),
        ("orchestrate validate --form", ["--format"]),
        ("orchestrate validate --format j", ["json"]),
    ],
)
def test_words_are_offered(project: Path, line: str, expected: list[str]) -> None:
    assert plain(line) == expected


def test_the_kinds_of_changes_are_offered(project: Path) -> None:
    assert "any" in plain("orchestrate diff --fail-on ")
    assert plain("orchestrate diff --fail-on an") == ["any"]


@pytest.mark.parametrize("command", ["run", "validate", "graph", "render", "tools", "diff", "new --agent x"])
def test_the_shell_is_asked_for_yaml_files(project: Path, command: str) -> None:
    assert offered(f"orchestrate {command} b") == ["yaml,b"]


def test_each_shell_gets_its_own_form(project: Path) -> None:
    line = "orchestrate run bot.yaml --agent c"
    assert [offered(line, shell) for shell in SHELLS] == [
        ["plain,clerk"],
        ["plain", "clerk", "Sells."],
        ["plain,clerk\tSells."],
    ]


def test_what_is_said_of_a_word_is_one_line(project: Path) -> None:
    assert offered("orchestrate run bot.yaml --var pl", "zsh") == ["plain", "plan=", "What they pay, and how."]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "agents: {desk: {instructions: x, model: m, handoffs: [",
        "agents:\n  desk: {instructions: x, model: m\n",
        "agents: [1, 2]",
        "\0",
        "agents: {desk: {instructions: 1}}\ninclude: [nowhere.yaml]",
        "entry: desk\nagents: {desk: {unknown: 1}}\nincl: 5\n",
    ],
)
def test_a_broken_file_gives_what_can_be_read_of_it(project: Path, text: str) -> None:
    Path("broken.yaml").write_text(text)
    assert set(plain("orchestrate run broken.yaml --agent ")) <= {"desk"}
    for rest in ("--var ", "--model ", "--var a="):
        assert plain(f"orchestrate run broken.yaml {rest}") == []


def test_names_in_files_with_errors_are_offered(project: Path) -> None:
    Path("broken.yaml").write_text(
        "agents:\n  desk: {unknown: 1}\n  clerk: {instructions: x}\ninclude: [nowhere.yaml]\n"
    )
    assert sorted(plain("orchestrate run broken.yaml --agent ")) == ["clerk", "desk"]


@pytest.mark.parametrize("file", ["nothing.yaml", ".", "notes.txt", "a\udc80.yaml"])
def test_a_file_that_is_none_gives_nothing(project: Path, file: str) -> None:
    assert plain(f"orchestrate run {file} --agent ") == []


def test_no_tool_is_imported(project: Path, write: Write) -> None:
    write("loud.py", "print('imported')\nraise SystemExit(3)\n")
    write("loud.yaml", "agents:\n  desk: {instructions: x, model: m, tools: [loud]}\n")
    assert plain("orchestrate run loud.yaml --agent ") == ["desk"]


def test_names_that_a_shell_would_read_otherwise_are_not_offered(project: Path, write: Write) -> None:
    write(
        "odd.yaml",
        """
        variables: {a: {default: x, enum: ["x y", "$(id)", "`id`", "x;y", "fine-1.5"]}}
        agents: {desk: {instructions: "{{ a }}", model: m}}
        """,
    )
    assert plain("orchestrate run odd.yaml --var a=") == ["a=fine-1.5"]


def test_sessions_are_offered_by_name_or_id(project: Path) -> None:
    run = ("run", "bot.yaml", "hi", "--model", "script:bot.script.yaml")
    for arguments in (["--session", "first"], ["--session", "two words"], []):
        assert in_process(*run, *arguments, ORCHESTRATE_STORE="").code == 0
    found = plain("orchestrate run bot.yaml --session ")
    assert len(found) == 3
    assert found[2] == "first"
    assert all(each.startswith("session_") for each in found[:2])
    assert plain("orchestrate sessions show fi") == ["first"]
    assert plain("orchestrate sessions fork fi") == ["first"]
    shutil.copytree(".orchestrate", "elsewhere")
    shutil.rmtree(".orchestrate")
    assert plain("orchestrate sessions show fi") == []
    assert not Path(".orchestrate").exists()
    assert plain("orchestrate sessions show --store elsewhere/ fi") == ["first"]
    Path("elsewhere/sessions.db").write_bytes(b"no database")
    assert plain("orchestrate sessions show --store elsewhere/ fi") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_says_where_it_goes(shell: str) -> None:
    done = in_process("completion", shell)
    assert (done.code, done.err) == (0, "")
    assert f"orchestrate completion {shell}" in "".join(done.out.splitlines(keepends=True)[:5])
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=done.out, capture_output=True, text=True, timeout=10, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")


class Shell:
    """A real shell on a pseudo-terminal, with the completion in it."""

    def __init__(self, name: str, folder: Path) -> None:
        path = f"{Path(COMMAND).parent}:{os.environ['PATH']}"
        settings = environment({"PATH": path, "TERM": "dumb", "PS1": "$ ", "HOME": str(folder)})
        command, arguments, begin = {
            "bash": ("bash", ["--norc", "--noprofile"], 'eval "$(orchestrate completion bash)"'),
            "zsh": ("zsh", ["-f"], 'autoload -U compinit; compinit -D -u; eval "$(orchestrate completion zsh)"'),
            "fish": ("fish", ["--no-config"], "orchestrate completion fish | source"),
        }[name]
        self._child: pexpect.spawn[str] = pexpect.spawn(
            command, arguments, env=settings, cwd=str(folder), encoding="utf-8", timeout=20, dimensions=(40, 200)
        )
        self._child.sendline(f'{begin}; echo rea""dy')
        self._child.expect("ready")

    def words(self, typed: str) -> list[str]:
        """The words that a command line has once these keys were pressed; ``\\t`` completes."""
        self._child.send(typed)
        self._child.send("\x01printf '<%s>' \r")  # at the begin of the line: show the words instead
        self._child.expect(r"<orchestrate>((?:<[^>\r\n]*>)+)[^<]")
        found = self._child.match
        assert isinstance(found, re.Match)
        return str(found[1])[1:-1].split("><")

    def close(self) -> None:
        self._child.close(force=True)


@pytest.fixture(scope="module", params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Each shell that is installed here, for one line after the other."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    folder = made(tmp_path_factory.mktemp("shell"))
    shutil.copy(folder / "bot.yaml", folder / "with a blank.yaml")
    shell = Shell(request.param, folder)
    yield shell
    shell.close()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("val\t--str\t", ["validate", "--strict"]),
        ("run bot.y\t--agent cl\t", ["run", "bot.yaml", "--agent", "clerk"]),
        ("run bot.yaml --var comp\tX --agent cl\t", ["run", "bot.yaml", "--var", "company=X", "--agent", "clerk"]),
        ("run bot.yaml --var plan=b\t", ["run", "bot.yaml", "--var", "plan=basic"]),
        ("run bot.yaml --model script:b\t", ["run", "bot.yaml", "--model", "script:bot.script.yaml"]),
        ("tools par\tcl\t", ["tools", "parts/clerk.yaml"]),
        ("tools wi\t", ["tools", "with a blank.yaml"]),
        ("explain unknown-a\t", ["explain", "unknown-agent"]),
    ],
)
def test_a_real_shell_completes(shell: Shell, typed: str, words: list[str]) -> None:
    """Files are YAML files and folders; behind a folder and behind NAME= the word goes on."""
    assert shell.words(f"orchestrate {typed}") == words
