"""The test files of the examples, what the page about testing says of pytest, and tests that come from sessions."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.acceptance.test_docs import blocks_of, lay_out
from tests.support.cli import ROOT, Done, environment, in_process, orchestrate
from tests.support.stories import answered, keep, refund

EXAMPLES = sorted(path.name for path in (ROOT / "agents").glob("*.test.yaml"))

STORE = {"ORCHESTRATE_STORE": "sessions.db"}
VAULT = """\
variables:
  token: {type: string, env: TOKEN, secret: true}
  pin: {type: integer, env: PIN, secret: true}
  kind: {type: string, enum: [a, b], env: KIND, secret: true}
  known: {type: string, default: x, secret: true}
agents:
  keeper: {model: m, description: Keeps., instructions: Keep it., tools: [vault]}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the examples, which is the working directory."""
    lay_out(tmp_path, ROOT / "docs" / "testing.md")
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def held(*turns: str, file: str, approve: str = "none", **settings: str) -> None:
    """A conversation with a script, which is kept under the name ``it``."""
    for turn in turns:
        options = ("--session", "it", "--approve", approve)
        done = in_process("run", file, turn, *options, **STORE, **settings)
        assert done.code in {0, 6}, done.err


def exported(*arguments: str, session: str = "it") -> Done:
    return in_process("sessions", "export", session, "--format", "test", *arguments, **STORE)


def test_the_tests_of_the_examples_reach_every_agent_tool_and_handoff() -> None:
    done = orchestrate("test", "agents", "--cov-fail-under", "100")
    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in done.out.splitlines()[: len(EXAMPLES)]] == [
        f"agents/{name}" for name in EXAMPLES
    ]
    assert "  100 %\n" in done.out


def test_the_page_about_testing_shows_tests_in_python_that_pass(project: Path) -> None:
    shown = [block.path for block in blocks_of(ROOT / "docs" / "testing.md") if block.kind == "python"]
    command = [sys.executable, "-m", "pytest", "-q", *shown]
    done = subprocess.run(command, env=environment({}), capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, "2 passed" in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize(
    ("file", "turns"),
    [
        ("agents/acme.yaml", ["My rocket boots broke", "A refund for my rocket boots, please", "I want a human!"]),
        ("agents/bank.yaml", ["1042, 1949-09-17", "send 50 to Road Runner", "send 5000 to Acme", "send -5 to Acme"]),
        ("agents/travel.yaml", ["I want to fly to Rome", "fly to Rome", "FA114"]),
        ("agents/translator.yaml", ["Good morning!", 'Say "{{ hello }}": {% no %}\n\t# really  ']),
    ],
)
def test_a_session_becomes_a_test_that_passes(project: Path, file: str, turns: list[str]) -> None:
    held(*turns, file=file)
    done = exported("-o", "agents/it.test.yaml")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert in_process("validate", "--strict", "agents/it.test.yaml").code == 0
    tested = orchestrate("test", "agents/it.test.yaml", cwd=project)
    assert (tested.code, tested.err) == (0, ""), tested.out
    assert len(yaml.safe_load(Path("agents/it.test.yaml").read_text())["tests"]["it"]["turns"]) == len(turns)


def test_a_test_that_came_from_a_session_fails_when_the_agents_change(project: Path) -> None:
    held("1042, 1949-09-17", "send 50 to Road Runner", file="agents/bank.yaml")
    assert exported("-o", "agents/it.test.yaml").code == 0
    bank = Path("agents/bank.yaml")
    bank.write_text(bank.read_text().replace("approval: tools.bank:large_amount", "approval: always"))
    tested = orchestrate("test", "agents/it.test.yaml", cwd=project)
    assert tested.code == 5
    assert "transfer_money" in tested.out


def test_a_session_that_waits_for_a_yes(project: Path) -> None:
    held("1042, 1949-09-17", "send 5000 to Acme", file="agents/bank.yaml", approve="pause")
    assert exported("-o", "agents/it.test.yaml").code == 0
    assert "status: waiting" in Path("agents/it.test.yaml").read_text()
    assert orchestrate("test", "agents/it.test.yaml", cwd=project).code == 0


@pytest.mark.parametrize(
    ("output", "file"),
    [
        (None, "agents/acme.yaml"),
        ("it.test.yaml", "agents/acme.yaml"),
        ("agents/it.test.yml", "acme.yaml"),
        ("tests/agents/it.test.yaml", "../../agents/acme.yaml"),
    ],
)
def test_the_file_of_agents_is_named_from_where_the_test_is(project: Path, output: str | None, file: str) -> None:
    (project / "tests" / "agents").mkdir()
    keep(project / "sessions.db", "s1", answered(), name="it")
    done = exported(*(["-o", output] if output else []))
    text = Path(output).read_text() if output else done.out
    assert yaml.safe_load(text)["file"] == file
    assert f"Run it with: orchestrate test {output or 'FILE'}\n" in text


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("it.yaml", "'it.yaml' would not be found as a test: its name must end with .test.yaml"),
        ("../it.test.yaml", "'../it.test.yaml' is outside of the project of the agents: "),
        ("nowhere/it.test.yaml", "nowhere/it.test.yaml can't be written: No such file or directory"),
    ],
)
def test_a_place_that_does_not_do(project: Path, output: str, told: str) -> None:
    keep(project / "sessions.db", "s1", answered(), name="it")
    done = exported("-o", output)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {told}")


def test_sessions_that_can_not_become_tests(project: Path) -> None:
    keep(project / "sessions.db", "s1", refund()[:3], name="it")
    done = exported()
    told = "error: this session can't be made a test: turn 1 can't be played again, as it is not finished\n"
    assert (done.code, done.out, done.err) == (1, "", told)
    keep(project / "sessions.db", "s2", answered(), file="", name="other")
    done = exported(session="other")
    told = "error: the session does not say which file of agents it was held with: it can't be made a test\n"
    assert (done.code, done.out, done.err) == (2, "", told)


def test_group_35_no_secret_is_in_a_test_which_passes_without_it(project: Path) -> None:
    Path("agents/vault.yaml").write_text(VAULT)
    Path("agents/vault.script.yaml").write_text("rules: [{after: open_vault, say: Open.}, {call: [open_vault]}]\n")
    Path("vault.py").write_text(
        "from orchestrator.tools import ToolContext\n\n\n"
        'def open_vault(context: ToolContext) -> str:\n    """Open it."""\n'
        "    return f'{context.variables[\"token\"]} opens it'\n"
    )
    held("Open it", file="agents/vault.yaml", TOKEN="s3cr3t-t0k3n", PIN="1234", KIND="b")
    assert exported("-o", "agents/it.test.yaml").code == 0
    text = Path("agents/it.test.yaml").read_text()
    assert "s3cr3t" not in text
    assert yaml.safe_load(text)["tests"]["it"]["variables"] == {"token": "a secret", "pin": 0, "kind": "a"}
    tested = orchestrate("test", "agents/it.test.yaml", cwd=project)
    assert tested.code == 0, tested.out
