"""``orchestrate diff``: what a change of files changes, in whole outputs."""

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from orchestrator.diff import Kind
from tests.support.cli import ROOT, Done, Terminal, orchestrate
from tests.support.diff_cases import CASES, with_tool, with_variable
from tests.support.versions import ONE, PAY, TOOL, TWO, diff, last_line, put

Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Write the files of one side, ``project("old", bot=..., shop=...)``, into the working directory."""
    monkeypatch.chdir(tmp_path)

    def make(side: str, bot: str, shop: str = PAY, **templates: str) -> Path:
        texts = {"bot.yaml": bot, "shop.py": shop, **{f"{name}.md": text for name, text in templates.items()}}
        for name, text in texts.items():
            put(tmp_path / side / name, text)
        return tmp_path / side / "bot.yaml"

    return make


# ---- kinds

IN_FOLDERS = {Kind.FILE_ADDED, Kind.FILE_REMOVED}


@pytest.mark.parametrize("kind", CASES)
def test_each_kind_of_change(project: Project, kind: str) -> None:
    old, new, told = CASES[kind]
    project("old", **old)
    project("new", **new)
    done = diff("old/bot.yaml", "new/bot.yaml")
    broken = kind == Kind.NOT_LOADED
    assert done == Done(int(broken), dedent(told).lstrip("\n"), "failed on: not-loaded\n" if broken else "")


@pytest.mark.parametrize("kind", CASES)
def test_a_version_against_itself(project: Project, kind: str) -> None:
    old, new, _ = CASES[kind]
    for side in (old, new) if kind != Kind.NOT_LOADED else (old,):
        file = project("same", **side)
        assert diff(file, file) == Done(0, "no changes\n", "")


def test_every_kind_has_a_case() -> None:
    assert {*CASES, *IN_FOLDERS} == set(Kind)


@pytest.mark.parametrize(("form", "told"), [("text", "no changes\n"), ("markdown", "no changes\n"), ("json", "[]\n")])
def test_nothing_has_changed(form: str, told: str) -> None:
    assert orchestrate("diff", "agents/bank.yaml", "agents/bank.yaml", "--format", form) == Done(0, told, "")


def test_what_merely_looks_different_is_none(project: Project) -> None:
    """Order of keys, shorthands, defaults, and where a part is written do not count."""
    project("old", bot=TWO.replace("model: m, ", "") + "    defaults: {model: m}\n    limits: {handoffs: 10}\n")
    second, first = TWO.splitlines()[:2:-1]
    project("new", bot="    include: [part.yaml]\n    entry: a\n    agents:\n" + first + "\n")
    put(Path("new/part.yaml"), "    agents:\n" + second + "\n")
    assert diff("old/bot.yaml", "new/bot.yaml") == Done(0, "no changes\n", "")


# ---- formats

BEFORE = """
    entry: a
    models: {fast: {model: m, temperature: 0.5}}
    agents:
      a:
        instructions: |
          Be brief. Use `pay`.
          - Ask @anna, see #1 | <b>.
        model: fast
        tools: [{use: "shop:pay", approval: always}]
        handoffs: [b]
      b: {instructions: Good morning., model: fast, description: The second., handoffs: [{to: a, when: "a|b"}]}
"""
AFTER = """
    entry: a
    models: {fast: {model: m, temperature: 1}}
    agents:
      a:
        instructions: |
          Be very brief. Use `pay`.
          - Ask @otto, see #1 | <b>.
        model: fast
        tools: ["shop:pay"]
        handoffs: [b]
      b: {instructions: Good morning., model: fast, description: The second., handoffs: [{to: a, when: "a`b|c"}]}
"""
TEXT = """\
old/bot.yaml -> new/bot.yaml: 1 breaking, 3 notable

agent a
  breaking  approval-dropped: tool pay: always -> never  (new/bot.yaml:9:13)
  notable   instructions-changed  (new/bot.yaml:5:19)
      Be {+very +}brief. Use `pay`.
      - Ask [-@anna,-]{+@otto,+} see #1 | <b>.

agent b
  notable   when-changed: handoff to a: [-a|b-]{+a`b|c+}  (new/bot.yaml:11:100)

model fast
  notable   setting-changed: temperature: 0.5 -> 1 (used by a, b)  (new/bot.yaml:2:40)
"""
MARKDOWN = """\
### `old/bot.yaml` → `new/bot.yaml`

1 breaking, 3 notable

| severity | change | of | what | where |
|---|---|---|---|---|
| **breaking** | `approval-dropped` | agent `a`: tool `pay` | `always` → `never` | `new/bot.yaml:9:13` |
| notable | `instructions-changed` | agent `a` | see below | `new/bot.yaml:5:19` |
| notable | `when-changed` | agent `b`: handoff to `a` | ~~a&#124;b~~ **a&#96;b&#124;c** | `new/bot.yaml:11:100` |
| notable | `setting-changed` | model `fast`: `temperature` | `0.5` → `1` (used by a, b) | `new/bot.yaml:2:40` |

<details>
<summary>instructions-changed: agent a</summary>

Be **very** brief. Use &#96;pay&#96;.<br>&#45; Ask ~~@<!-- -->anna,~~ **@<!-- -->otto,** \
see &#35;<!-- -->1 &#124; &lt;b&gt;.

</details>
"""


def test_text(project: Project) -> None:
    project("old", BEFORE)
    project("new", AFTER)
    assert diff("old/bot.yaml", "new/bot.yaml").out == TEXT


def test_markdown(project: Project) -> None:
    project("old", BEFORE)
    project("new", AFTER)
    assert diff("old/bot.yaml", "new/bot.yaml", "--format", "markdown").out == MARKDOWN


def test_json(project: Project) -> None:
    project("old", TOOL)
    project("new", with_tool("approval: always"))
    assert json.loads(diff("old/bot.yaml", "new/bot.yaml", "--format", "json").out) == [
        {
            "kind": "approval-added",
            "severity": "notable",
            "old_file": "old/bot.yaml",
            "new_file": "new/bot.yaml",
            "part": "tool",
            "name": "pay",
            "agent": "a",
            "key": None,
            "old": "never",
            "new": "always",
            "note": "",
            "where": {"path": "new/bot.yaml", "line": 2, "column": 53, "end_line": 2, "end_column": 86},
        }
    ]


def test_markdown_fits_into_a_comment(project: Project) -> None:
    words = " ".join(f"word{number}" for number in range(20_000))
    old, new = project("old", ONE.replace("there", words)), project("new", ONE.replace("there", words.upper()))
    done = diff(old, new, "--format", "markdown")
    assert len(done.out) < 65_536
    assert done.out.endswith("The rest is left out: it is too long for a comment.\n")


def test_a_long_table_is_cut(project: Project) -> None:
    lines = "".join(f"  v{number}: x\n" for number in range(1_000))
    old, new = project("old", ONE), project("new", f"variables:\n{lines}{ONE}")
    done = diff(old, new, "--format", "markdown")
    assert 50_000 < len(done.out) < 65_536
    assert done.out.splitlines()[-3].startswith("| minor | `variable-added` |")


def test_texts_of_several_lines_have_lines_of_their_own(project: Project) -> None:
    project("old", f'{ONE}description: "One.\\nTwo."\n')
    project("new", f'{ONE}description: "One.\\nThree."\n')
    told = "      One.\n      [-Two.-]{+Three.+}\n"
    assert diff("old/bot.yaml", "new/bot.yaml").out.endswith(f"description-changed  (new/bot.yaml:2:14)\n{told}")
    assert "One.<br>~~Two.~~ **Three.**" in diff("old/bot.yaml", "new/bot.yaml", "--format", "markdown").out


def test_colours_on_a_terminal(project: Project) -> None:
    old, new = project("old", ONE), project("new", ONE.replace("there", "here"))
    with Terminal("diff", old, new, TERM="xterm") as terminal:
        assert terminal.left() == 0
    assert "Hello \x1b[31m[-there.-]\x1b[0m\x1b[32m{+here.+}\x1b[0m" in terminal.screen


def test_nothing_of_a_file_steers_the_terminal(project: Project) -> None:
    old = project("old", ONE)
    new = project("new", ONE.replace("'Hello there.'", r'"Hello \e[2J there."'))
    done = diff(old, new)
    assert "\x1b" not in done.out
    assert "␛[2J" in done.out


def test_values_of_secret_variables_are_not_shown(project: Project) -> None:
    secret = with_variable("{default: hunter, secret: true, enum: [hunter, other]}", seen=False)
    project("old", secret)
    project("new", secret.replace("hunter", "swordfish"))
    for form in ("text", "markdown", "json"):
        out = diff("old/bot.yaml", "new/bot.yaml", "--format", form).out
        assert "variable-default-changed" in out
        assert "hunter" not in out
        assert "swordfish" not in out


# ---- --fail-on


@pytest.mark.parametrize(
    ("arguments", "code", "err"),
    [
        ([], 0, ""),
        (["--fail-on", "tool-lost"], 0, ""),
        (["--fail-on", "tool-lost,approval-dropped"], 1, "failed on: approval-dropped\n"),
        (["--fail-on", "tool-lost", "--fail-on", "when-changed"], 1, "failed on: when-changed\n"),
        (["--fail-on", "breaking"], 1, "failed on: approval-dropped\n"),
        (["--fail-on", "minor"], 0, ""),
        (["--fail-on", "any"], 1, "failed on: approval-dropped, instructions-changed, setting-changed, when-changed\n"),
    ],
)
def test_fail_on(project: Project, arguments: list[str], code: int, err: str) -> None:
    done = diff(project("old", BEFORE), project("new", AFTER), *arguments)
    assert (done.code, done.err) == (code, err)


def test_an_unknown_kind(project: Project) -> None:
    done = diff("old", "new", "--fail-on", "breaking,approval-droped")
    assert (done.code, done.out) == (2, "")
    told = "Error: --fail-on: there is no kind of change 'approval-droped'. Did you mean 'approval-dropped'?"
    assert last_line(done) == told
    assert last_line(diff("old", "new", "--fail-on", "x")).endswith("All kinds: orchestrate diff --help")


def test_help_names_every_kind() -> None:
    assert [kind for kind in Kind if f"\n  {kind} " not in diff("--help").out] == []


def test_the_page_has_every_kind() -> None:
    page = (ROOT / "docs/diff.md").read_text(encoding="utf-8")
    rows = [f"| `{kind}` | {kind.impact} | {kind.meaning} |" for kind in Kind]
    assert [line for line in page.splitlines() if line.startswith("| `")] == rows


# ---- files and folders


def test_folders(project: Project) -> None:
    """Files are paired by their paths; scripts, and files of other programs, are none of ours."""
    project("old", ONE)
    project("new", ONE.replace("m}", "n}"))
    for path in ("old/gone.yaml", "new/sub/fresh.yaml", "old/same.yaml", "new/same.yaml"):
        put(Path(path), ONE)
    put(Path("new/compose.yaml"), "services: {web: {image: nginx}}\n")
    put(Path("new/bot.script.yaml"), "rules: [{say: Hello.}]\n")
    assert diff("old", "new").out == dedent("""\
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent a
          notable   model-changed: m -> n  (new/bot.yaml:1:51)

        old/gone.yaml: 1 breaking

        file
          breaking  file-removed

        new/sub/fresh.yaml: 1 notable

        file
          notable   file-added
    """)


def test_parts_are_seen_through_their_roots(project: Project) -> None:
    for side, model in (("old", "m"), ("new", "n")):
        project(side, "entry: a\ninclude: [parts/*.yaml]\n" + ONE)
        put(Path(side, "parts/b.yaml"), ONE.replace("{a:", "{b:").replace("model: m", f"model: {model}"))
    assert diff("old", "new").out == dedent("""\
        old/bot.yaml -> new/bot.yaml: 1 notable

        agent b
          notable   model-changed: m -> n  (new/parts/b.yaml:1:51)
    """)


def test_a_part_alone_points_at_its_root(project: Project) -> None:
    project("old", "entry: a\ninclude: [part.yaml]\n" + ONE)
    put(Path("old/pyproject.toml"), "")
    put(Path("old/part.yaml"), ONE.replace("{a:", "{b:").replace("m}", "m, handoffs: [a]}"))
    put(Path("new/part.yaml"), ONE)
    assert diff("old/part.yaml", "old/part.yaml").out == "no changes\n"  # though nobody can tell what it means
    done = diff("old/part.yaml", "new/part.yaml")
    assert done.code == 1
    assert "no agent named 'a'; it is a part of old/bot.yaml: compare that" in done.out


def test_tools_of_both_sides_have_the_same_names(project: Project) -> None:
    """Each side has the functions of its own folder, though the modules are called alike."""
    old = project("old", TOOL, "def pay(amount: int) -> None: ...\n")
    new = project("new", TOOL, "def pay(amount: int, by: str) -> None: ...\n")
    for one, other, what in ((old, new, "is new and required"), (new, old, "is gone")):
        assert f"tool-schema-breaking: tool pay: parameter 'by' {what}" in diff(one, other).out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["old/bot.yaml"], "Error: Give OLD and NEW, or --rev REV."),
        (["old/bot.yaml", "new"], "error: one is a file and the other a folder: compare files with files, and folders"),
        (["old/bot.yaml", "no.yaml"], "error: 'no.yaml' does not exist; of a revision, write REV:PATH, such as main:"),
    ],
)
def test_wrong_usage(project: Project, arguments: list[str], told: str) -> None:
    project("old", ONE)
    project("new", ONE)
    done = diff(*arguments)
    assert (done.code, done.out) == (2, "")
    assert last_line(done).startswith(told)


def test_what_a_module_prints_is_not_part_of_the_output(project: Project) -> None:
    old = project("old", TOOL, f"print('loud')\n{dedent(PAY)}")
    assert orchestrate("diff", old, old, "--format", "json") == Done(0, "[]\n", "loud\n")
