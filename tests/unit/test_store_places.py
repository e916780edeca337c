"""Where sessions are kept."""

from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.stores.places import store_path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a project, with the working directory somewhere in it."""
    root = tmp_path / "project"
    (root / "agents" / "more").mkdir(parents=True)
    (root / "pyproject.toml").touch()
    (root / "agents" / "acme.yaml").touch()
    monkeypatch.chdir(root / "agents" / "more")
    return root


def test_a_store_is_where_it_is_said_to_be(project: Path) -> None:
    """``--store`` beats the environment, which beats the project of the file."""
    file, environ = project / "agents" / "acme.yaml", {"ORCHESTRATE_STORE": "env.db"}
    usual = project / ".orchestrate" / "sessions.db"
    assert store_path(file, "named.db", environ) == Path("named.db")
    assert store_path(file, None, environ) == Path("env.db")
    assert store_path(None, None, environ) == Path("env.db")
    assert store_path(file, None, {"ORCHESTRATE_STORE": ""}) == usual
    assert store_path(file, None, {}) == usual
    assert store_path(None, None, {}) == usual


def test_a_folder_is_where_the_usual_file_is(project: Path) -> None:
    assert store_path(None, str(project), {}) == project / "sessions.db"
    assert store_path(None, None, {"ORCHESTRATE_STORE": str(project)}) == project / "sessions.db"
    assert store_path(None, "not/there/yet/", {}) == Path("not/there/yet/sessions.db")


def test_without_a_file_it_is_the_nearest_folder_that_has_sessions(project: Path) -> None:
    (project / "agents" / ".orchestrate").mkdir()
    assert store_path(None, None, {}) == project / "agents" / ".orchestrate" / "sessions.db"
    assert store_path(project / "agents" / "acme.yaml", None, {}) == project / ".orchestrate" / "sessions.db"


@pytest.mark.parametrize("text", ["postgres://host/db", "sqlite:///x.db", "file://x"])
def test_only_files_can_be_stores(text: str) -> None:
    for named, environ, who in ((text, {}, "--store"), (None, {"ORCHESTRATE_STORE": text}, "ORCHESTRATE_STORE")):
        with pytest.raises(UsageError) as told:
            store_path(None, named, environ)
        assert str(told.value) == f"{who}: {text!r} can't be a store: only files can, so far; name a file or a folder"


@pytest.mark.parametrize("text", ["", "a\0b"])
def test_what_is_no_path_is_no_store(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--store: .* can't be a store: name a file or a folder"):
        store_path(None, text, {})
