"""Standard input, output and error as the world leaves them: closed, full, narrow, shared with children."""

import subprocess
import textwrap
import time
from pathlib import Path

import pytest

from orchestrator.events import from_json
from tests.acceptance.conftest import Write
from tests.support.cli import COMMAND, ROOT, Terminal, environment, orchestrate

NOTICE = "OPENAI_API_KEY is not set"


def shell(line: str, cwd: Path = ROOT, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a line as a shell does, for what only a shell can do to streams."""
    command = line.replace("orchestrate", COMMAND, 1)
    return subprocess.run(
        ["bash", "-c", command],
        cwd=cwd,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(
    ("redirection", "code", "answer"),
    [
        ("<&-", 0, "Guten Morgen!\n"),
        (">&-", 0, ""),
        ("2>&-", 0, "Guten Morgen!\n"),
        (">/dev/full", 3, ""),
    ],
)
def test_streams_that_are_closed_or_full_give_no_traceback(redirection: str, code: int, answer: str) -> None:
    done = shell(f"orchestrate run agents/translator.yaml hello {redirection}")
    assert (done.returncode, done.stdout) == (code, answer)
    assert "Traceback" not in done.stderr
    assert ("no space is left" in done.stderr) == (redirection == ">/dev/full")


def test_a_text_that_the_locale_does_not_know_is_written_all_the_same() -> None:
    done = shell("orchestrate run agents/translator.yaml hällo", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (done.returncode, done.stdout) == (0, "[German] h\\xe4llo\n")


def tricky(write: Write, body: str) -> Path:
    write("odd.py", textwrap.dedent(body))
    write(
        "odd.yaml",
        "agents: {a: {model: m, instructions: x, tools: [{use: 'odd:act', timeout: 0.2}]}}\n",
    )
    write("odd.script.yaml", "rules:\n- {after: act, say: Done.}\n- {call: [act]}\n")
    return Path("odd.yaml")


def test_what_a_child_of_a_tool_prints_is_not_among_the_answers(write: Write, tmp_path: Path) -> None:
    file = tricky(
        write,
        """
        import os
        def act() -> None:
            os.system("echo from a child")
        """,
    )
    done = orchestrate("run", file, "go", cwd=tmp_path)
    assert (done.code, done.out) == (0, "Done.\n")
    assert "from a child\n" in done.err
    lines = orchestrate("run", file, "go", "--format", "jsonl", cwd=tmp_path)
    assert [from_json(line) for line in lines.out.splitlines()]


def test_a_tool_that_ignores_being_cancelled_does_not_keep_the_process(write: Write, tmp_path: Path) -> None:
    file = tricky(
        write,
        """
        import asyncio
        async def act() -> None:
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    pass
        """,
    )
    begun = time.monotonic()
    done = orchestrate("run", file, "go", cwd=tmp_path)
    assert (done.code, done.out) == (0, "Done.\n")
    assert time.monotonic() - begun < 10
    assert "Traceback" not in done.err
    assert "destroyed" not in done.err


def test_what_a_model_says_does_not_steer_the_terminal(write: Write, tmp_path: Path) -> None:
    write("esc.yaml", "agents: {a: {model: m, instructions: x}}\n")
    write("esc.script.yaml", 'rules:\n- {say: "red \\e[31m and \\a bell"}\n')
    with Terminal("run", "esc.yaml", "go", cwd=tmp_path) as terminal:
        terminal.wait_for("bell")
        assert "red [31m and  bell" in terminal.screen
        assert terminal.left() == 0
