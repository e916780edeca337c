"""``orchestrate validate --watch`` checks again whenever something is saved: real processes, real files."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import Write
from tests.support.cli import Running, Terminal, in_process, until

SOUND = "agents: {a: {instructions: x, model: m}}\n"
BROKEN = "agents: {a: {instuctions: x, model: m}}\n"
WATCHING = "watching for changes"
CLEAR = "\x1b[2J"

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def agents(write: Write) -> Path:
    """A project with one sound file of agents."""
    return write("agents/bot.yaml", SOUND)


@pytest.fixture
def watching(agents: Path) -> Iterator[Terminal]:
    """The command, watching the folder of the agents. Its first check is over."""
    with Terminal("validate", "--watch", "agents", cwd=agents.parents[1]) as terminal:
        seen(terminal, "1 file: no problems")
        yield terminal


def seen(terminal: Terminal, text: str) -> None:
    """Wait for one more check, which shows this text, and for its end."""
    terminal.wait_for(text, 20)
    terminal.wait_for(WATCHING, 20)


def test_a_fault_is_shown_when_it_is_saved_and_gone_when_it_is_mended(agents: Path) -> None:
    with Terminal("validate", "--watch", "agents/bot.yaml", cwd=agents.parents[1], TERM="xterm") as terminal:
        seen(terminal, "1 file: no problems")
        agents.write_text(BROKEN)
        seen(terminal, "unknown key 'instuctions'")
        assert "explain a code: orchestrate explain CODE" in terminal.screen
        agents.write_text(SOUND)
        seen(terminal, "1 file: no problems")
        assert terminal.screen.count(CLEAR) >= 3
        terminal.type("\x03")
        assert terminal.left() == 130
        assert "Traceback" not in terminal.screen
        assert "Aborted" not in terminal.screen


def test_a_pipe_gets_plain_text(agents: Path) -> None:
    with Running("validate", "--watch", "agents", cwd=agents.parents[1]) as running:
        running.wait_for(WATCHING)
        running.interrupt()
        done = running.left()
    assert (done.code, done.err) == (130, "")
    assert re.fullmatch(r"1 file: no problems\n\d\d:\d\d:\d\d checked; watching for changes, Ctrl-C ends\n", done.out)


def test_a_new_file_and_a_new_folder_are_seen(watching: Terminal, agents: Path) -> None:
    agents.with_name("second.yaml").write_text(SOUND)
    seen(watching, "2 files: no problems")
    agents.with_name("more").mkdir()
    agents.with_name("more").joinpath("third.yaml").write_text(BROKEN)
    seen(watching, "more/third.yaml:1:14: error[unknown-key]")
    agents.with_name("more").joinpath("third.yaml").unlink()
    agents.with_name("more").joinpath("fourth.yaml").write_text(BROKEN)
    seen(watching, "more/fourth.yaml:1:14: error[unknown-key]")


def test_an_editor_that_replaces_the_file(watching: Terminal, agents: Path) -> None:
    for text, told in ((BROKEN, "1 file: 1 error"), (SOUND + "x-note: saved again\n", "1 file: no problems")):
        draft = agents.with_name(".bot.yaml.tmp")
        draft.write_text(text)
        draft.replace(agents)
        seen(watching, told)


def test_a_file_that_is_gone_and_comes_back(agents: Path) -> None:
    with Terminal("validate", "--watch", "agents/bot.yaml", cwd=agents.parents[1]) as terminal:
        seen(terminal, "1 file: no problems")
        agents.unlink()
        seen(terminal, "does not exist")
        agents.write_text(BROKEN)
        seen(terminal, "unknown key 'instuctions'")


def test_a_tool_module_that_changed_is_imported_anew(write: Write, tmp_path: Path) -> None:
    write("agents/bot.yaml", 'agents: {a: {instructions: x, model: m, tools: ["tools.shop:sell"]}}\n')
    wrong = '"""Tools."""\n\n\ndef buy() -> str:\n    """Buy."""\n    return ""\n'
    shop = write("tools/shop.py", wrong)
    with Terminal("validate", "--watch", "agents", cwd=tmp_path) as terminal:
        seen(terminal, "function-not-found")
        shop.write_text(wrong.replace("buy", "sell"))
        seen(terminal, "1 file: no problems")
        shop.write_text(wrong)
        seen(terminal, "function-not-found")


def test_a_template_of_any_name(write: Write, tmp_path: Path) -> None:
    write("agents/bot.yaml", """agents: {a: {instructions: '{% include "tone.prompt" %}', model: m}}\n""")
    with Terminal("validate", "--watch", "agents/bot.yaml", cwd=tmp_path) as terminal:
        seen(terminal, "error[missing-include]")
        write("agents/tone.prompt", "Be brief.\n")
        write("agents/tone.md", "")  # a new file counts by its suffix, one that was read always
        seen(terminal, "1 file: no problems")
        write("agents/tone.prompt", "{{ nothing }}\n")
        seen(terminal, "error[undefined-variable]")


def test_what_is_saved_during_a_check_is_not_missed(write: Write, agents: Path) -> None:
    write(
        "tools/slow.py",
        "import time\n\nopen('started', 'w').close()\ntime.sleep(1)\n\n\ndef a() -> str:\n    return ''\n",
    )
    file = write("agents/bot.yaml", "agents: {a: {instructions: x, model: m, tools: [tools.slow]}}\n")
    with Terminal("validate", "--watch", "agents", cwd=file.parents[1]) as terminal:
        until(file.parents[1].joinpath("started").exists, 20)
        file.write_text(BROKEN)
        seen(terminal, "1 file: 1 warning")
        seen(terminal, "unknown key 'instuctions'")


def test_a_change_that_matters_to_nothing_is_no_reason_to_check(watching: Terminal, agents: Path) -> None:
    for name in ("notes.log", ".#bot.yaml", "bot.yaml~", ".bot.yaml.swp"):
        agents.with_name(name).write_text("x")
    os.utime(agents)
    seen(watching, "no problems")
    watching.type("\x03")
    assert watching.left() == 130
    assert watching.screen.count(WATCHING) == 2


def test_options_go_on_to_each_check(write: Write, tmp_path: Path) -> None:
    write("agents/bot.yaml", "agents:\n  a:\n    instructions: x\n    model: m\n    label: Call us # now\n")
    with Terminal("validate", "--watch", "--strict", "--no-import", "agents/*.yaml", cwd=tmp_path) as terminal:
        seen(terminal, "1 file: 1 warning")
        write("agents/other.yaml", SOUND)
        seen(terminal, "2 files: 1 warning")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["none.yaml"], "Path 'none.yaml' does not exist."),
        (["-"], "--watch needs files"),
        (["--format", "json", "agents"], "--watch shows text"),
    ],
)
def test_what_can_not_be_watched(arguments: list[str], told: str) -> None:
    done = in_process("validate", "--watch", *arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_without_watchfiles_it_says_what_to_install(agents: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)  # as if it were not installed
    done = in_process("validate", "--watch", agents)
    assert (done.code, done.out) == (2, "")
    assert "--watch needs watchfiles: pip install watchfiles" in done.err
