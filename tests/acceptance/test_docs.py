"""The pages tell the truth: their files load, their examples run, and what they show is what is printed now.

A comment directly above a block says what the block is:

- ``<!-- file: PATH -->``: this file, in the project in which the page's other blocks are tried
- ``<!-- broken: PATH -->``: the same, and it has errors on purpose
- ``<!-- script -->``: a script file, not a file of agents
- ``<!-- test -->``: a test file, whose tests pass
- ``<!-- failing: PATH -->``: a test file in which a test fails on purpose
- ``<!-- real -->``: commands and what they print on a terminal, colours aside
- ``<!-- continued -->``: Python that goes on where the page's previous Python block ended
- ``<!-- output -->``: what the Python block above prints
"""

import os
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from orchestrator.clients.scripted import read_script
from orchestrator.diagnostics import Severity
from orchestrator.loader import load
from orchestrator.source import Source
from tests.support.cli import in_process, on_terminal
from tests.support.generate import ROOT, outdated

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MARKS = {"", "file", "broken", "script", "test", "failing", "real", "continued", "output"}
BLOCK = re.compile(r"(?:^ *<!-- ([^>]+) -->\n)?^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")
PACE = re.compile(r"^words_per_second: .*\n", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
SECONDS = re.compile(r"(?<=passed in )\d[\d.]* m?s|(?<=failed in )\d[\d.]* m?s")


@dataclass(frozen=True)
class Block:
    """A block of code on a page. ``mark`` is the word of its comment, ``about`` what stands behind the colon."""

    page: Path
    line: int
    mark: str
    about: str
    kind: str
    text: str

    @property
    def path(self) -> str:
        """The file that it is, in the project of its page."""
        kind = f".{self.mark}" if self.mark in {"script", "test"} else ""
        return self.about or f"agents/line_{self.line}{kind}.yaml"

    @property
    def holds_tests(self) -> bool:
        """Whether it is a test file."""
        return self.path.endswith(".test.yaml")


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(text):
        mark, _, about = (match[1] or "").partition(": ")
        line = text.count("\n", 0, match.start(2)) + 1
        found.append(Block(page, line, mark, about, match[2], textwrap.dedent(match[3])))
    return found


def name_of(block: Block) -> str:
    return f"{block.page.name}:{block.line}"


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
YAML = [block for block in BLOCKS if block.kind == "yaml" and not block.holds_tests]
TESTS = [block for block in BLOCKS if block.kind == "yaml" and block.holds_tests]
PYTHON = [block for block in BLOCKS if block.kind == "python" and block.mark != "file"]
REAL = [block for block in BLOCKS if block.mark == "real"]


def lay_out(folder: Path, page: Path) -> None:
    """Make a folder the project of a page: the examples, whose scripts answer at once, and the files that it shows."""
    for name in ("agents", "tools", "schemas"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder / "agents").rglob("*.script.yaml"):
        path.write_text(PACE.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
    for block in blocks_of(page):
        if block.kind == "yaml" or block.mark == "file":
            path = folder / block.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


def printed(command: str, folder: Path) -> str:
    """What a command prints on a terminal, its two streams together. Nobody is at the keyboard."""
    settings = {"COLUMNS": os.environ.get("COLUMNS", "80"), "ORCHESTRATE_STORE": ""}
    _, shown = on_terminal(*shlex.split(command)[1:], cwd=folder, **settings)
    return COLOUR.sub("", shown)


def console(block: Block, folder: Path) -> str:
    """A block of commands with what they print now."""
    commands = [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]
    return "".join(f"$ {command}\n{printed(command, folder)}" for command in commands)


def run_python(block: Block) -> None:
    """Run a block, after those that it continues."""
    page = [other for other in PYTHON if other.page == block.page and other.line <= block.line]
    first = max(index for index, other in enumerate(page) if other.mark != "continued")
    namespace: dict[str, object] = {"__name__": "__main__"}
    for part in page[first:]:
        if part is page[-1]:
            print("\f", end="")  # what comes after it is the output of this block
        exec(compile(part.text, name_of(part), "exec"), namespace)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in. What is imported as ``tools`` from it is forgotten at the end."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    before = _forget_tools()
    yield tmp_path
    _forget_tools()
    sys.modules.update(before)


def test_generated_files_are_up_to_date() -> None:
    assert outdated() == [], "run: make schemas"


def test_every_mark_is_known() -> None:
    assert {block.mark for block in BLOCKS} <= MARKS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("block", YAML, ids=name_of)
def test_yaml(block: Block, project: Path) -> None:
    lay_out(project, block.page)
    path = project / block.path
    found = read_script(Source.read(path)) if block.path.endswith(".script.yaml") else load(path)
    if block.mark == "broken":
        assert any(diagnostic.severity is Severity.ERROR for diagnostic in found.diagnostics)
    else:
        assert found.diagnostics == ()


@pytest.mark.parametrize("block", TESTS, ids=name_of)
def test_conversations(block: Block, project: Path) -> None:
    lay_out(project, block.page)
    assert in_process("validate", "--strict", block.path).code == 0
    done = in_process("test", block.path)
    assert (done.code, done.err) == (5 if block.mark == "failing" else 0, ""), done.out


@pytest.mark.parametrize("block", PYTHON, ids=name_of)
def test_python(block: Block, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lay_out(project, block.page)
    run_python(block)
    after = next((other for other in BLOCKS if other.page == block.page and other.line > block.line), None)
    if after is not None and after.mark == "output":
        assert capsys.readouterr().out.split("\f")[-1] == after.text


@pytest.mark.parametrize("block", REAL, ids=name_of)
def test_console(block: Block, project: Path) -> None:
    lay_out(project, block.page)
    assert SECONDS.sub("0 s", console(block, project)) == SECONDS.sub("0 s", block.text)


def _forget_tools() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == "tools" or name.startswith("tools.")]
    return {name: sys.modules.pop(name) for name in names}
