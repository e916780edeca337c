"""What ``orchestrate validate`` takes and what it prints: paths and patterns, formats for people and for programs."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from orchestrator.diagnostics import Diagnostic, Related, Severity, Span
from orchestrator.render.annotations import as_commands, as_sarif
from orchestrator.render.report import as_json
from orchestrator.render.schemas import schema_text
from tests.acceptance.conftest import Write
from tests.support.cli import COMMAND, ROOT, Done, Running, environment, in_process, on_terminal, orchestrate, until

SOUND = "agents: {a: {instructions: x, model: m}}\n"
BROKEN = "agents: {a: {instuctions: x, model: m}}\n"
WARNED = "agents:\n  a:\n    label: Call us # now\n    instructions: x\n    model: m\n"
TOLD = (
    "{path}:1:14: error[unknown-key]: unknown key 'instuctions'\n"
    "1 | agents: {{a: {{instuctions: x, model: m}}}}\n"
    "                 ^^^^^^^^^^^\n"
    "  help: did you mean 'instructions'?\n"
)
FINDINGS = [
    Diagnostic(
        Span("agents/a b.yaml", 3, 5, 3, 10),
        "duplicate-key",
        "100% twice",
        "delete one,\nor two",
        Severity.ERROR,
        (Related(Span("agents/ü.yaml", 2, 5, 2, 10), "the first"),),
    ),
    Diagnostic(Span("x:1,2.yaml", 1, 2, 4, 5), "text-cut", "cut\r\nhere", None, Severity.WARNING),
    Diagnostic(Span("<stdin>", 1, 1, 1, 1), "some-code", "noted", None, Severity.NOTE),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    return tmp_path


# ---- what is checked


def test_a_quoted_pattern_is_expanded(write: Write, project: Path) -> None:
    write("agents/one.yaml", SOUND)
    write("agents/deep/er/two.yaml", BROKEN)
    write("agents/deep/notes.txt", "nonsense: [")
    done = in_process("validate", "agents/**/*.yaml")
    assert done == Done(1, TOLD.format(path="agents/deep/er/two.yaml") + "2 files: 1 error\n", "")


def test_a_file_whose_name_is_a_pattern_is_a_file(write: Write, project: Path) -> None:
    write("[a].yaml", SOUND)
    write("a.yaml", BROKEN)
    assert in_process("validate", "[a].yaml") == Done(0, "1 file: no problems\n", "")


def test_what_is_given_twice_is_checked_once(write: Write, project: Path) -> None:
    write("agents/one.yaml", BROKEN)
    write("agents/one.script.yaml", "ruls: []\n")
    (project / "link.yaml").symlink_to("agents/one.yaml")
    done = in_process(
        "validate", "agents/one.yaml", "./agents/../agents/one.yaml", "agents", "*/one*.yaml", "link.yaml"
    )
    assert done.out.splitlines()[-1] == "2 files: 2 errors"


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("none.yaml", "Path 'none.yaml' does not exist."),
        ("a" * 5000, "does not exist."),
        ("agents/*.yml", "No file matches the pattern 'agents/*.yml'."),
        ("empty", "There is no YAML file in the folder 'empty'."),
    ],
)
def test_what_means_nothing_is_wrong_usage(argument: str, told: str, write: Write, project: Path) -> None:
    write("agents/one.yaml", SOUND)
    write("empty/.hidden/one.yaml", SOUND)
    write("empty/notes.txt", "")
    done = in_process("validate", "agents", argument)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_group_26_what_can_not_be_read_is_a_diagnostic(write: Write, project: Path) -> None:
    os.mkfifo("pipe.yaml")
    write("one.yaml", SOUND)
    done = in_process("validate", ".")
    assert done.code == 1
    assert "pipe.yaml:1:1: error[not-a-file]: this is not a regular file\n" in done.out
    assert done.out.endswith("2 files: 1 error\n")


def test_standard_input(write: Write, project: Path) -> None:
    write("one.yaml", SOUND)
    assert in_process("validate", "-", lines=SOUND) == Done(0, "1 file: no problems\n", "")
    done = in_process("validate", "one.yaml", "-", "-", lines=BROKEN)
    assert done == Done(1, TOLD.format(path="<stdin>") + "2 files: 1 error\n", "")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("validate - <&-", "error[empty-file]"),
        ("validate - </dev/zero", "error[too-large]"),
        (r"validate - < <(printf 'a: \xe4\n')", "error[encoding]"),
    ],
)
def test_standard_input_of_any_kind(command: str, told: str, project: Path) -> None:
    done = shell(command, project)
    assert done.returncode == 1
    assert told in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "error[empty-file]"),
        ("agents: {a: {instructions: x,\r\n model: m, lable: x}}", "<stdin>:2:12: error"),
    ],
)
def test_any_text_on_standard_input(text: str, told: str, project: Path) -> None:
    done = in_process("validate", "-", lines=text)
    assert (done.code, done.err) == (1, "")
    assert told in done.out


# ---- what is printed, and how it ends


def test_warnings_fail_only_if_they_shall(write: Write, project: Path) -> None:
    write("bot.yaml", WARNED)
    assert in_process("validate", "bot.yaml").code == 0
    strict = in_process("validate", "--strict", "bot.yaml")
    assert (strict.code, strict.out.splitlines()[-1]) == (1, "1 file: 1 warning")


def test_group_29_no_code_of_tools_runs_without_import(write: Write, project: Path) -> None:
    write("tools/shop.py", 'open("trace", "w").close()\n\n\ndef sell() -> str:\n    """Sell."""\n    return ""\n')
    write("bot.yaml", "agents: {a: {instructions: x, model: m, tools: [tools.shop]}}\n")
    assert in_process("validate", "--no-import", "bot.yaml").code == 0
    assert not Path("trace").exists()
    assert in_process("validate", "bot.yaml").code == 0
    assert Path("trace").exists()


def test_colours_and_the_way_to_explanations_on_a_terminal_only(write: Write, project: Path) -> None:
    write("bot.yaml", BROKEN)
    code, shown = on_terminal("validate", "bot.yaml", TERM="xterm")
    assert code == 1
    assert "\x1b[31m^^^^^^^^^^^\x1b[0m" in shown
    assert shown.endswith("1 file: 1 error\n\x1b[2mexplain a code: orchestrate explain CODE\x1b[0m\n")
    plain = TOLD.format(path="bot.yaml") + "1 file: 1 error\n"
    assert on_terminal("validate", "bot.yaml", TERM="xterm", NO_COLOR="1") == (1, plain)


def test_what_a_tool_module_prints_is_not_among_the_results(write: Write, project: Path) -> None:
    write("tools/loud.py", 'print("loading")\n\n\ndef sell() -> str:\n    """Sell."""\n    return ""\n')
    write("bot.yaml", "agents: {a: {instructions: x, model: m, tools: [tools.loud]}}\n")
    done = orchestrate("validate", "--format", "json", "bot.yaml", cwd=project)
    assert (done.code, done.err) == (0, "loading\n")
    assert json.loads(done.out)["diagnostics"] == []


def shell(line: str, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command with these arguments, as a shell does."""
    return subprocess.run(
        ["bash", "-c", f"{shlex.quote(COMMAND)} {line}"],
        cwd=cwd,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    ("redirection", "code"), [(">&-", 1), ("2>&-", 1), (">/dev/full", 2), ("| true; exit ${PIPESTATUS[0]}", 1)]
)
def test_streams_that_are_closed_or_full(form: str, redirection: str, code: int, write: Write, project: Path) -> None:
    write("bot.yaml", BROKEN)
    done = shell(f"validate --format {form} bot.yaml {redirection}", project)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert ("can't be written" in done.stderr) == (redirection == ">/dev/full")


@pytest.mark.parametrize("module", ["click.py", "tools/slow.py"], ids=["while it loads", "while it imports a tool"])
def test_control_c(module: str, write: Write, project: Path) -> None:
    write(module, "import time\n\nopen('started', 'w').close()\ntime.sleep(20)\n")
    write("bot.yaml", "agents: {a: {instructions: x, model: m, tools: [tools.slow]}}\n")
    with Running("validate", "bot.yaml", cwd=project, PYTHONPATH=str(project)) as running:
        until(Path("started").exists)
        running.interrupt()
        assert running.left() == Done(130, "", "")


# ---- formats for programs


def test_json(write: Write, project: Path) -> None:
    write("bot.yaml", BROKEN)
    done = in_process("validate", "--format", "json", "bot.yaml")
    assert (done.code, done.err) == (1, "")
    assert json.loads(done.out) == {
        "version": 1,
        "files": ["bot.yaml"],
        "counts": {"error": 1, "warning": 0, "note": 0},
        "diagnostics": [
            {
                "path": "bot.yaml",
                "line": 1,
                "column": 14,
                "end_line": 1,
                "end_column": 25,
                "severity": "error",
                "code": "unknown-key",
                "message": "unknown key 'instuctions'",
                "hint": "did you mean 'instructions'?",
                "related": [],
            }
        ],
    }


def test_json_fits_its_schema() -> None:
    validator = Draft202012Validator(json.loads(schema_text("diagnostics")))
    for findings in ([], FINDINGS):
        text = as_json(["a.yaml"], findings)
        assert text.isascii()
        assert list(validator.iter_errors(json.loads(text))) == []
    assert not validator.is_valid({**json.loads(as_json([], [])), "version": 2})
    assert in_process("schema", "diagnostics").out == (ROOT / "schemas/diagnostics.schema.json").read_text()


def test_github_shows_each_beside_its_line(project: Path) -> None:
    assert as_commands(FINDINGS, project).split("\n") == [
        (
            "::error file=agents/a b.yaml,line=3,col=5,endLine=3,endColumn=10,title=duplicate-key"
            "::100%25 twice%0Ahelp: delete one,%0Aor two"
        ),
        "::warning file=x%3A1%2C2.yaml,line=1,endLine=4,title=text-cut::cut%0D%0Ahere",
        "::notice file=<stdin>,line=1,col=1,endLine=1,endColumn=1,title=some-code::noted",
    ]


def test_github_gets_paths_from_the_root_of_the_checkout(write: Write, project: Path) -> None:
    write("sub/bot.yaml", BROKEN)
    done = in_process("validate", "--format", "github", "bot.yaml", cwd=project / "sub", GITHUB_WORKSPACE=str(project))
    assert done.out.startswith("::error file=sub/bot.yaml,line=1,col=14,")
    assert in_process("validate", "--format", "github", project / "sub/bot.yaml").out.startswith(
        "::error file=sub/bot.yaml,"
    )


@pytest.mark.parametrize("form", ["github", "text"])
def test_without_a_fault_github_has_nothing_to_show(form: str, write: Write, project: Path) -> None:
    write("bot.yaml", SOUND)
    told = {"github": "", "text": "1 file: no problems\n"}
    assert in_process("validate", "--format", form, "bot.yaml") == Done(0, told[form], "")


def _closed(required: str, **properties: object) -> dict[str, Any]:
    """The schema of an object that has these keys, these required ones at least."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


_TEXT = {"type": "string"}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_MESSAGE = _closed("text", text=_TEXT, markdown=_TEXT)
_FROM_ONE = {"type": "integer", "minimum": 1}
_REGION = _closed("startLine", startLine=_FROM_ONE, startColumn=_FROM_ONE, endLine=_FROM_ONE, endColumn=_FROM_ONE)
_ARTIFACT = _closed("uri", uri={"type": "string", "pattern": r"^[!#-;=?-\[\]_a-z~]+$"})
_PHYSICAL = _closed("artifactLocation region", artifactLocation=_ARTIFACT, region=_REGION)
_RULE = _closed(
    "id", id=_TEXT, shortDescription=_MESSAGE, help=_MESSAGE, defaultConfiguration=_closed("level", level=_LEVEL)
)
_RESULT = _closed(
    "message ruleId locations",
    ruleId=_TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=_LEVEL,
    message=_MESSAGE,
    locations={"type": "array", "items": _closed("physicalLocation", physicalLocation=_PHYSICAL), "minItems": 1},
    relatedLocations={
        "type": "array",
        "items": _closed(
            "id physicalLocation message", id={"type": "integer"}, physicalLocation=_PHYSICAL, message=_MESSAGE
        ),
        "uniqueItems": True,
    },
)
_DRIVER = _closed("name", name=_TEXT, version=_TEXT, rules={"type": "array", "items": _RULE, "uniqueItems": True})
# what SARIF 2.1.0 demands of the keys that are used here
SARIF = _closed(
    "version runs",
    **{"$schema": _TEXT},
    version={"const": "2.1.0"},
    runs={
        "type": "array",
        "items": _closed(
            "tool",
            tool=_closed("driver", driver=_DRIVER),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            results={"type": "array", "items": _RESULT},
        ),
    },
)


def sarif(findings: list[Diagnostic], base: Path) -> dict[str, Any]:
    text = as_sarif(findings, base, "1.2.3")
    assert text.isascii()
    log: dict[str, Any] = json.loads(text)
    assert [error.message for error in Draft202012Validator(SARIF).iter_errors(log)] == []
    assert len(log["runs"]) == 1
    run: dict[str, Any] = log["runs"][0]
    return run


def test_sarif(project: Path) -> None:
    run = sarif(FINDINGS, project)
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"], run["columnKind"]) == ("orchestrate", "1.2.3", "unicodeCodePoints")
    rules = {rule["id"]: rule for rule in driver["rules"]}
    assert list(rules) == ["duplicate-key", "some-code", "text-cut"]
    assert rules["text-cut"]["defaultConfiguration"] == {"level": "warning"}
    assert rules["duplicate-key"]["shortDescription"] == {"text": "A key stands twice in the same mapping."}
    assert "delete one of the two" in rules["duplicate-key"]["help"]["text"]
    assert run["results"][0] == {
        "ruleId": "duplicate-key",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": "100% twice\nhelp: delete one,\nor two"},
        "locations": [{"physicalLocation": place("agents/a%20b.yaml", 3, 5, 3, 10)}],
        "relatedLocations": [
            {"id": 0, "physicalLocation": place("agents/%C3%BC.yaml", 2, 5, 2, 10), "message": {"text": "the first"}}
        ],
    }
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def place(uri: str, line: int, column: int, end_line: int, end_column: int) -> dict[str, Any]:
    region = {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
    return {"artifactLocation": {"uri": uri}, "region": region}


def test_sarif_of_files_outside_of_the_checkout(project: Path) -> None:
    found = [Diagnostic(Span(path), "c", "m") for path in ("/else where/a.yaml", "../b.yaml", f"{project}/c.yaml")]
    uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in sarif(found, project)["results"]]
    assert uris == ["file:///else%20where/a.yaml", "../b.yaml", "c.yaml"]


def test_sarif_without_a_fault(write: Write, project: Path) -> None:
    write("bot.yaml", SOUND)
    done = in_process("validate", "--format", "sarif", "bot.yaml")
    assert done.code == 0
    assert json.loads(done.out)["runs"][0]["results"] == []
    assert sarif([], project)["tool"]["driver"]["rules"] == []


@pytest.fixture
def odd(project: Path) -> Path:
    """A file whose name and text no terminal can show."""
    odd = Path(os.fsdecode(b"\xe4\n\x1b.yaml"))
    odd.write_text('"\\uD800\\e[2J": 1\n', encoding="utf-8")
    return project


def test_any_text_and_any_name_can_be_told_in_any_locale(odd: Path) -> None:
    done = orchestrate("validate", "--format", "github", ".", cwd=odd, LC_ALL="C", PYTHONUTF8="0")
    assert (done.code, done.err) == (1, "")
    assert done.out.startswith("::error file=")


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_any_text_and_any_name_can_be_told_without_a_letter_that_a_locale_may_lack(form: str, odd: Path) -> None:
    done = in_process("validate", "--format", form, ".")
    assert (done.code, done.err) == (1, "")
    assert done.out.isascii()
    assert json.loads(done.out)


# ---- the hook for pre-commit


def test_the_hook_is_a_command_that_takes_files(write: Write, project: Path) -> None:
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {"id", "name", "entry", "language", "types", "files"} <= set(hook)
    assert (hook["id"], hook["language"], hook["types"]) == ("orchestrate-validate", "python", ["yaml"])
    command, *arguments = shlex.split(hook["entry"])
    assert command == "orchestrate"
    write("agents/one.yaml", BROKEN)
    write("agents/two.yaml", SOUND)
    assert in_process(*arguments, "agents/two.yaml").code == 0
    assert in_process(*arguments, "agents/one.yaml", "agents/two.yaml").code == 1


def test_the_command_is_a_module_as_well(project: Path) -> None:
    command = [sys.executable, "-m", "orchestrator", "validate", "none.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: orchestrate validate [OPTIONS] PATH...\n")
