"""The file ``.env`` behind the environment. Group 35."""

import os
from pathlib import Path

import pytest

from orchestrator.clients.dotenv import LARGEST, Environment


def environment(folder: Path, text: str | bytes, **environ: str) -> tuple[Environment, list[str]]:
    (folder / ".env").write_bytes(text if isinstance(text, bytes) else text.encode())
    told: list[str] = []
    return Environment(folder, environ, told.append), told


def test_group_35_the_environment_beats_the_file(tmp_path: Path) -> None:
    found, told = environment(tmp_path, "KEY=file\nOTHER=file\n", KEY="environment", EMPTY="")
    assert (found["KEY"], found["OTHER"], found.get("EMPTY"), found.get("NONE")) == ("environment", "file", "", None)
    assert sorted(found) == ["EMPTY", "KEY", "OTHER"]
    assert len(found) == 3
    assert told == []


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("KEY=abc", "abc"),
        ("export KEY=abc", "abc"),
        ("KEY = 'a b'  # of the shop", "a b"),
        ('KEY="a#b"', "a#b"),
        ("KEY=a=b==", "a=b=="),
        ("KEY=$HOME-${OTHER}", "$HOME-${OTHER}"),
        ("\ufeffKEY=abc", "abc"),
        ("# a comment\r\n\r\nKEY=abc\r\n", "abc"),
        ("KEY=one\nKEY=two", "two"),
        ("KEY=", ""),
    ],
)
def test_group_35_lines_are_read_as_other_tools_read_them(tmp_path: Path, line: str, value: str) -> None:
    found, told = environment(tmp_path, line)
    assert found["KEY"] == value
    assert told == []


def test_group_35_a_broken_line_is_told_once_and_not_shown(tmp_path: Path) -> None:
    found, told = environment(tmp_path, "hunter2\nKEY=abc\nOTHER='hunter2\n- hunter2\n")
    assert told == []  # nothing has been wanted yet
    assert (found["KEY"], found.get("OTHER"), found.get("NONE")) == ("abc", None, None)
    path = os.path.relpath(tmp_path / ".env")
    assert told == [f"{path}:{line}: this line is left out: write NAME=value" for line in (1, 3, 4)]
    assert "abc" not in repr(found)


def test_group_35_many_broken_lines_are_counted(tmp_path: Path) -> None:
    found, told = environment(tmp_path, "broken\n" * 50)
    assert found.get("KEY") is None
    assert len(told) == 6
    assert told[-1].endswith(".env: 45 more lines are left out")


@pytest.mark.parametrize(
    ("text", "why"),
    [(b"KEY=\xff\xfe", "it is not UTF-8"), (b"KEY=" + b"x" * LARGEST, "it has more than 100,000 bytes")],
)
def test_group_35_a_file_that_can_not_be_read_is_left_out(tmp_path: Path, text: bytes, why: str) -> None:
    found, told = environment(tmp_path, text)
    assert found.get("KEY") is None
    assert [line.endswith(f".env is left out: {why}") for line in told] == [True]


def test_group_35_no_file_and_a_folder_of_that_name_are_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    assert Environment(tmp_path, {}, told.append).get("KEY") is None
    (tmp_path / ".env").mkdir()
    assert Environment(tmp_path, {}, told.append).get("KEY") is None
    assert told == []


def test_group_35_the_file_is_not_read_for_what_the_environment_has(tmp_path: Path) -> None:
    found, told = environment(tmp_path, "broken", KEY="abc")
    assert found["KEY"] == "abc"
    assert told == []


def test_group_35_a_file_does_not_send_a_key_of_the_environment_to_its_own_address(tmp_path: Path) -> None:
    text = "OPENAI_BASE_URL=https://elsewhere.example/v1\nOPENAI_API_KEY=of-the-file\n"
    mine, _ = environment(tmp_path, text, OPENAI_API_KEY="mine")
    assert (mine.get("OPENAI_BASE_URL"), mine["OPENAI_API_KEY"]) == (None, "mine")
    assert "OPENAI_BASE_URL" not in list(mine)
    both, _ = environment(tmp_path, text)
    assert (both["OPENAI_BASE_URL"], both["OPENAI_API_KEY"]) == ("https://elsewhere.example/v1", "of-the-file")
