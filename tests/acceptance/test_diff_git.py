"""``orchestrate diff`` with revisions of a real git repository."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from orchestrator.errors import UsageError
from orchestrator.versions.git import MAX_BYTES, Revision
from tests.support.cli import Done, orchestrate
from tests.support.versions import ONE, PAY, TOOL, diff, last_line, put

HOUSE = "Be {{ tone }}.\n"
IN_GIT = """
    include: [parts/*.yaml]
    entry: a
    variables: {tone: brief}
    agents:
      a: {instructions: '{% include "house.md" %}', model: m, tools: ["shop:pay"]}
"""
PART = ONE.replace("{a:", "{b:").replace("m}", "m, handoffs: [a]}")


class Repository:
    """A git repository with one commit of a project, on the branch main."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.write()
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def write(self, bot: str = IN_GIT, shop: str = PAY, house: str = HOUSE, part: str = PART) -> None:
        put(self.top / "agents/bot.yaml", bot)
        put(self.top / "agents/house.md", house)
        put(self.top / "agents/parts/b.yaml", part)
        put(self.top / "shop.py", shop)

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.top, check=True, capture_output=True)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=x")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """A repository, which is the working directory. No file stays in the folder for temporary ones."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for name, value in (("NAME", "Ann"), ("EMAIL", "ann@example.org")):
        monkeypatch.setenv(f"GIT_AUTHOR_{name}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield Repository(tmp_path / "here")
    assert list(temporary.iterdir()) == []


CHANGED = """\
main:agents/bot.yaml -> agents/bot.yaml: 1 breaking, 2 notable

agent a
  breaking  tool-schema-breaking: tool pay: parameter 'by' is new and required  (agents/bot.yaml:5:67)

agent b
  notable   model-changed: m -> n  (agents/parts/b.yaml:1:51)

template agents/house.md
  notable   template-changed: included by a
      Be {{ tone [-}}.-]{+}} and kind.+}
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["main:agents/bot.yaml", "agents/bot.yaml"],
        ["main:agents", "agents"],
        ["main:./agents/", "agents/"],
        ["--rev", "main"],
        ["--rev", "main", "agents"],
        ["--rev", "main", "agents/bot.yaml"],
    ],
    ids=" ".join,
)
def test_a_revision(repository: Repository, arguments: list[str]) -> None:
    """Parts, templates and tool modules are those of the revision."""
    repository.write(
        shop=PAY.replace("amount: int", "amount: int, by: str"),
        house=HOUSE.replace(".", " and kind."),
        part=PART.replace("model: m", "model: n"),
    )
    done = diff(*arguments)
    assert (done.code, done.out, done.err) == (0, CHANGED, "")


def test_two_revisions(repository: Repository) -> None:
    repository.write(part=PART.replace("model: m", "model: n"))
    repository.commit()
    repository.write(bot="agents: [")
    assert diff("HEAD~1:agents/bot.yaml", "HEAD:agents/bot.yaml").out == dedent("""\
        HEAD~1:agents/bot.yaml -> HEAD:agents/bot.yaml: 1 notable

        agent b
          notable   model-changed: m -> n  (HEAD:agents/parts/b.yaml:1:51)
    """)


def test_one_commit_by_two_names(repository: Repository) -> None:
    put(Path("agents/other.yaml"), IN_GIT.replace("entry: a", "entry: b"))
    repository.commit()
    done = diff("main:agents/bot.yaml", "HEAD:agents/other.yaml")
    assert "entry-changed: a -> b  (HEAD:agents/other.yaml:2:8)" in done.out


def test_files_that_are_new_and_gone(repository: Repository) -> None:
    put(Path("other/fresh.yaml"), ONE)
    Path("agents/bot.yaml").rename("agents/robot.yaml")
    told = dedent("""\
        main:agents/bot.yaml: 1 breaking

        file
          breaking  file-removed

        agents/robot.yaml: 1 notable

        file
          notable   file-added

        other/fresh.yaml: 1 notable

        file
          notable   file-added
    """)
    assert diff("--rev", "main").out == told
    assert diff("--rev", "main", "agents", "other").out == told
    assert diff("--rev", "main", "agents/bot.yaml").out == told.split("\n\nagents")[0] + "\n"


def test_what_is_below_another_folder(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths behind a revision are from the top, as git's; those behind a dot, and others, from here."""
    repository.write(part=PART.replace("model: m", "model: n"))
    monkeypatch.chdir("agents")
    assert "model-changed: m -> n  (parts/b.yaml:1:51)" in diff("main:agents/bot.yaml", "bot.yaml").out
    assert diff("main:./bot.yaml", "bot.yaml").out == diff("--rev", "main", "bot.yaml").out
    assert last_line(diff("main:bot.yaml", "bot.yaml")).endswith("did you mean 'main:agents/bot.yaml'?")


def test_a_project_inside_a_repository(repository: Repository) -> None:
    """Its root is where its pyproject.toml is, and nothing else of the repository is laid out."""
    put(Path("apps/one/pyproject.toml"), "")
    put(Path("apps/one/agents/bot.yaml"), TOOL)
    put(Path("apps/one/shop.py"), PAY)
    repository.commit()
    put(Path("apps/one/shop.py"), PAY.replace("int", "str"))
    done = diff("main:apps/one/agents/bot.yaml", "apps/one/agents/bot.yaml")
    assert "parameter 'amount' takes fewer values" in done.out


def test_errors_of_a_revision(repository: Repository) -> None:
    """They are told at the places that people know; the other side is told as well."""
    repository.write(bot=IN_GIT.replace("shop:pay", "shop:play"), part=PART.replace("[a]", "[c]"))
    repository.commit()
    repository.write()
    done = diff("--rev", "main")
    fault = "main:agents/bot.yaml has 2 errors, the first: module 'shop' has no function 'play'"
    assert done == Done(
        1,
        f"main:agents/bot.yaml -> agents/bot.yaml: 1 breaking\n\nfile\n"
        f"  breaking  not-loaded: {fault}  (main:agents/bot.yaml:5:67)\n",
        "failed on: not-loaded\n",
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["mian:agents/bot.yaml", "agents"], "there is no revision 'mian' in the repository 'TOP'; see: git log"),
        (["--rev", "dev"], "there is no revision 'dev' in the repository 'TOP'; did you mean 'origin/dev'?"),
        (["--rev", "--all"], "there is no revision '--all' in the repository"),
        ([":agents/bot.yaml", "agents/bot.yaml"], "there is no revision '' in the repository"),
        (
            ["main:agents/bto.yaml", "agents"],
            "there is no 'agents/bto.yaml' in the revision 'main'; did you mean 'main:",
        ),
        (["main:../x.yaml", "agents"], "'../x.yaml' leads out of the repository 'TOP'"),
        (["--rev", "main", "docs"], "there are no files of agents in 'docs'"),
        (["--rev", "main", "x" * 9_999], "there is no 'xxx"),
        (["x" * 9_999, "agents"], "'xxx"),
        (["--rev", "main", "no.yaml"], "there is no 'no.yaml', neither here nor in 'main'"),
        (["--rev", "main", ".."], "'ABOVE' is in no git repository, or in one without a working tree"),
    ],
)
def test_what_is_not_there(repository: Repository, arguments: list[str], told: str) -> None:
    Path("docs").mkdir()
    repository.git("update-ref", "refs/remotes/origin/dev", "HEAD")
    done = diff(*arguments)
    assert (done.code, done.out) == (2, "")
    told = told.replace("TOP", str(repository.top)).replace("ABOVE", str(repository.top.parent))
    assert done.err.startswith(f"error: {told}")


def test_a_shallow_clone(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.write(part=PART.replace("model: m", "model: n"))
    repository.commit()
    repository.git("clone", "--quiet", "--depth=1", repository.top.as_uri(), str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    done = diff("--rev", "HEAD~1")
    assert done.code == 2
    assert "the clone is shallow: git fetch --unshallow" in done.err


def test_a_project_that_is_too_large(tmp_path: Path) -> None:
    revision = Revision("main", "0" * 40, tmp_path, {"model.bin": MAX_BYTES, "agents/bot.yaml": 1})
    with pytest.raises(UsageError, match="the project has more than 100,000 files or 1,000 MB in 'main'"):
        revision.lay_out(".", tmp_path)


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(Path("bot.yaml"), ONE)
    done = diff("main:bot.yaml", "bot.yaml")
    assert done == Done(
        2, "", f"error: {str(Path.cwd())!r} is in no git repository, or in one without a working tree\n"
    )


def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    done = diff("--rev", "main")
    assert done == Done(2, "", "error: git is not installed, or not on the PATH: revisions can't be read without it\n")


def test_a_hook_of_git(repository: Repository) -> None:
    """What git tells its hooks about the commit that is being made does not confuse the comparison."""
    repository.write(part=PART.replace("model: m", "model: n"))
    settings = {"GIT_DIR": ".git", "GIT_INDEX_FILE": ".git/index", "GIT_CONFIG_GLOBAL": os.devnull}
    done = orchestrate("diff", "--rev", "main", "agents", cwd=repository.top, **settings)
    assert (done.code, done.err) == (0, "")
    assert "model-changed: m -> n" in done.out


def test_the_repository_stays_as_it_is(repository: Repository) -> None:
    def everything() -> dict[Path, bytes]:
        return {
            path: path.read_bytes() for path in repository.top.rglob("*") if path.is_file() and "__py" not in str(path)
        }

    repository.write(part=PART.replace("model: m", "model: n"))
    before = everything()
    assert diff("--rev", "main").code == 0
    assert everything() == before
