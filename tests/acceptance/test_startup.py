"""What a command does not need, it does not load: importing takes longer than everything else that it does."""

import json
import subprocess
import sys

import pytest

from tests.support.cli import ROOT, environment

HEAVY = ("openai", "pydantic", "httpx2", "yaml", "jinja2", "rich", "asyncio")
_RUN = """
import json, os, sys
out = os.dup(1)  # `validate` keeps standard output for its results
{code}
names = sorted({{name.split(".")[0] for name in sys.modules}} | set(sys.modules))
os.write(out, ("\\n" + json.dumps(names)).encode())
"""
_COMMAND = """
from orchestrator.cli import main
sys.argv = ["orchestrate", *{arguments!r}]
try:
    main()
except SystemExit as leaving:
    assert not leaving.code
"""


def python(arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def loaded(code: str) -> set[str]:
    """The modules that stand loaded behind this code, in a process of its own."""
    command = ["-c", _RUN.format(code=code)]
    done = python(command)
    assert (done.returncode, done.stderr) == (0, "")
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]], ids=" ".join)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    modules = loaded(_COMMAND.format(arguments=arguments))
    assert [name for name in HEAVY if name in modules] == []


def test_validate_needs_no_client() -> None:
    modules = loaded(_COMMAND.format(arguments=["validate", "agents"]))
    assert [name for name in ("openai", "httpx2", "orchestrator.runner") if name in modules] == []


def test_a_tool_module_loads_no_runner_and_no_client() -> None:
    modules = loaded("import orchestrator.tools")
    unwanted = ("openai", "httpx2", "yaml", "jinja2", "click", "rich")
    assert [name for name in unwanted if name in modules] == []
    assert {name.split(".")[1] for name in modules if name.startswith("orchestrator.")} <= {
        "tools",
        "messages",
        "errors",
    }


def test_the_package_itself_loads_nothing() -> None:
    modules = loaded("import orchestrator")
    assert {name for name in modules if name.startswith("orchestrator.")} == set()


def test_the_module_is_the_command() -> None:
    command = ["-m", "orchestrator", "--version"]
    done = python(command)
    assert (done.returncode, done.stdout, done.stderr) == (0, "orchestrate, version 0.1.0\n", "")
