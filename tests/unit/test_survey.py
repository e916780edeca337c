"""Several files and folders at once: each file is judged once, and parts through their roots."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.survey import STDIN, Survey, survey, yaml_files
from tests.support.growth import grows_within

SOUND = "agents: {a: {instructions: x, model: m}}\n"
ROOT = "entry: a\ninclude: [parts/b.yaml]\nagents: {a: {instructions: x, model: m, description: d, handoffs: [b]}}\n"
# what stands in it can be judged with its root only: the agent a, and the variable v
PART = "agents: {b: {instructions: 'Hand to a. {{ v }}', model: m, description: d, handoffs: [a]}}\n"
GOOD = {"root.yaml": ROOT.replace("x,", "Hand to b.,") + "variables: {v: 1}\n", "parts/b.yaml": PART}
posix = pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the working directory."""
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(files: Mapping[str, str]) -> None:
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


def surveyed(*paths: str, stdin: str | None = None, imports: bool = True) -> Survey:
    """Survey, and hold that whatever is shown to people can be shown: each place is in a text that came along."""
    found = survey([Path(path) for path in paths], stdin=stdin, imports=imports)
    for each in found.diagnostics:
        for span in (each.span, *(also.span for also in each.related)):
            assert span.path in found.texts or each.code == "not-a-file"
    assert list(found.diagnostics) == sorted(found.diagnostics, key=lambda each: each.span)
    assert len(set(found.files)) == len(found.files)
    return found


def told(found: Survey) -> list[str]:
    return [f"{each.span.path}:{each.span.line}:{each.span.column} {each.code}" for each in found.diagnostics]


# ---- folders and parts


def test_group_37_a_folder_judges_parts_through_their_roots() -> None:
    put(GOOD)
    found = surveyed(".")
    assert told(found) == []
    assert sorted(found.files) == ["parts/b.yaml", "root.yaml"]
    assert told(surveyed("parts/b.yaml", "root.yaml")) == []


def test_group_37_a_part_alone_points_at_its_roots() -> None:
    put(GOOD)
    found = surveyed("parts/b.yaml")
    [note] = found.diagnostics
    assert (note.code, note.severity, note.message) == ("part-of", "note", "this is a part of root.yaml")
    assert (note.span.path, note.span.line, note.span.column) == ("parts/b.yaml", 1, 1)
    put({"second.yaml": GOOD["root.yaml"].replace("parts/", "./parts/")})
    [note] = surveyed("parts/b.yaml").diagnostics
    assert note.message == "this is a part of root.yaml and second.yaml"


def test_group_37_a_part_alone_is_judged_with_all_that_its_root_says() -> None:
    put(GOOD | {"parts/b.yaml": PART.replace("[a]", "[aa]").replace("v }}", "w }}")})
    found = surveyed("parts/b.yaml")
    assert told(found)[:1] == ["parts/b.yaml:1:1 part-of"]
    hints = {each.code: each.hint for each in found.diagnostics if each.severity == "error"}
    assert hints == {"unknown-agent": "there are: a, b", "undefined-variable": "declare it under `variables:`"}


def test_group_37_a_part_that_is_fine_by_itself_is_fine() -> None:
    put({"root.yaml": "include: [part.yaml]\n", "part.yaml": SOUND})
    assert told(surveyed("part.yaml")) == []


def test_group_37_a_part_whose_root_is_itself_included_is_judged_through_the_uppermost() -> None:
    put({
        "top.yaml": "entry: a\ninclude: [mid.yaml]\nvariables: {v: 1}\n",
        "mid.yaml": GOOD["root.yaml"].replace("entry: a\n", "").replace("variables: {v: 1}\n", ""),
        "parts/b.yaml": PART,
    })  # fmt: skip
    [note] = surveyed("parts/b.yaml").diagnostics
    assert note.message == "this is a part of top.yaml"


def test_group_37_a_root_is_no_part_of_itself() -> None:
    put({"root.yaml": ROOT.replace("[b]", "[b, c]"), "parts/b.yaml": "variables: {}\n"})
    assert "part-of" not in {each.code for each in surveyed("root.yaml").diagnostics}
    put({"alone.yaml": "# nothing to include\n" + SOUND.replace("x,", "x, handoffs: [q],")})
    assert told(surveyed("alone.yaml")) == ["alone.yaml:2:42 unknown-agent"]


def test_group_37_the_faults_of_a_part_of_two_roots_are_told_once() -> None:
    put({"one.yaml": GOOD["root.yaml"], "two.yaml": GOOD["root.yaml"]})
    put({"parts/b.yaml": PART.replace("{b: {", "{b: {labl: B, ").replace("v }}", "v }} {{ w }}")})
    assert told(surveyed(".")) == ["parts/b.yaml:1:14 unknown-key", "parts/b.yaml:1:60 undefined-variable"]


def test_group_37_what_is_true_of_one_root_only_is_told_at_the_part() -> None:
    put({"one.yaml": GOOD["root.yaml"], "two.yaml": GOOD["root.yaml"].replace("v: 1", "w: 1"), "parts/b.yaml": PART})
    assert "parts/b.yaml:1:43 undefined-variable" in told(surveyed("."))


def test_group_37_files_that_include_each_other_are_judged_from_the_first() -> None:
    put({"a.yaml": "include: [b.yaml]\n" + SOUND, "b.yaml": "include: [a.yaml]\n"})
    assert told(surveyed(".")) == ["b.yaml:1:11 include-cycle"]
    assert told(surveyed("b.yaml", "a.yaml")) == ["a.yaml:1:11 include-cycle"]
    put({"self.yaml": "include: [self.yaml]\n" + SOUND})
    assert told(surveyed("self.yaml")) == ["self.yaml:1:11 include-cycle"]


def test_group_37_each_file_is_listed_once_under_one_name(folder: Path) -> None:
    put(GOOD)
    found = surveyed("root.yaml", ".", str(folder / "root.yaml"), "parts/../root.yaml", "parts")
    assert sorted(found.files) == ["parts/b.yaml", "root.yaml"]
    assert told(surveyed("root.yaml", "root.yaml")) == []


def test_the_files_of_a_folder() -> None:
    names = ["b.yaml", "a.yml", "c.txt", ".h.yaml", ".git/x.yaml", "node_modules/x.yaml", "venv/x.yaml", "d/e/f.yaml"]
    put(dict.fromkeys(names, SOUND))
    assert [str(path) for path in yaml_files(Path())] == ["a.yml", "b.yaml", "d/e/f.yaml"]


def test_a_folder_without_yaml_has_nothing_to_say() -> None:
    put({"empty/notes.txt": "x"})
    assert surveyed("empty") == Survey((), (), {}, frozenset())
    assert surveyed() == Survey((), (), {}, frozenset())


# ---- scripts, standard input, and what can't be read


def test_a_script_is_judged_as_a_script() -> None:
    put({"bot.script.yaml": "ruls: []\n", "bot.yaml": SOUND})
    found = surveyed(".", "bot.script.yaml")
    assert told(found) == ["bot.script.yaml:1:1 unknown-key"]
    assert sorted(found.files) == ["bot.script.yaml", "bot.yaml"]


def test_standard_input_lies_in_the_working_directory(folder: Path) -> None:
    put({"parts/b.yaml": PART, "tone.md": "Hand to b."})
    text = GOOD["root.yaml"].replace("Hand to b.", "'{% include \"tone.md\" %}'")
    assert told(surveyed(stdin=text)) == []
    found = surveyed(stdin=text.replace("handoffs", "handofs"))
    assert told(found) == [f"{STDIN}:3:81 unknown-key"]
    assert found.files[0] == STDIN
    assert STDIN not in {path.name for path in found.watched}


@pytest.mark.parametrize("text", ["", "\udcff\udcfe", "a: [", "\0"])
def test_standard_input_that_is_no_yaml(text: str) -> None:
    found = surveyed(stdin=text)
    assert [each.span.path for each in found.diagnostics] == [STDIN]


@posix
def test_what_is_no_file_is_told_and_hides_nothing() -> None:
    put({"a.yaml": SOUND.replace("model", "modle"), "folder.yaml/b.yaml": SOUND})
    os.mkfifo("pipe.yaml")
    os.mkfifo("pipe.script.yaml")
    Path("gone.yaml").symlink_to("nowhere.yaml")
    Path("loop.yaml").symlink_to("loop.yaml")
    found = surveyed(".")
    assert told(found) == [
        "a.yaml:1:31 unknown-key",
        "gone.yaml:1:1 not-a-file",
        "loop.yaml:1:1 not-a-file",
        "pipe.script.yaml:1:1 not-a-file",
        "pipe.yaml:1:1 not-a-file",
    ]
    messages = {each.span.path: each.message for each in found.diagnostics}
    assert messages["gone.yaml"] == "it can't be read: No such file or directory"
    assert messages["loop.yaml"] == "it can't be read: Too many levels of symbolic links"
    assert messages["pipe.yaml"] == "this is not a regular file"
    assert set(found.files) == {*messages, "folder.yaml/b.yaml"}


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read() -> None:
    put({"a.yaml": SOUND})
    Path("a.yaml").chmod(0)
    [found] = surveyed(".").diagnostics
    assert (found.code, found.message) == ("not-a-file", "it can't be read: Permission denied")


# ---- what it gives besides


def test_watched_are_the_files_whose_change_may_change_what_is_found(folder: Path) -> None:
    put(
        GOOD
        | {"bot.script.yaml": "rules: [{say: hi}]\n", "tools_of_b.py": 'def f() -> str:\n    """F."""\n    return ""\n'}
    )
    part = PART.replace("Hand", '{% include "tone.md" %} Hand').replace("handoffs", "tools: [tools_of_b], handoffs")
    put({"parts/b.yaml": part, "parts/tone.md": "Be kind."})
    found = surveyed("root.yaml", "bot.script.yaml")
    assert told(found) == []
    assert {str(path) for path in found.watched} == {
        "root.yaml", "parts/b.yaml", "parts/tone.md", "bot.script.yaml", "tools_of_b.py",
    }  # fmt: skip


def test_what_was_found_does_not_depend_on_the_order_of_the_arguments() -> None:
    put({f"{name}.yaml": SOUND.replace("model", "modle") for name in "abc"})
    first = surveyed("a.yaml", "b.yaml", "c.yaml")
    assert surveyed("c.yaml", "a.yaml", "b.yaml").diagnostics == first.diagnostics
    assert surveyed(".").diagnostics == first.diagnostics


def test_comments_silence_in_every_file_and_are_held_against_all_that_was_found() -> None:
    """A part's comment is of use if one of the roots needs it."""
    put({"one.yaml": GOOD["root.yaml"], "two.yaml": GOOD["root.yaml"].replace("entry: a", "entry: b")})
    comment = "  # orchestrate: ignore[missing-description]\n"
    put({"parts/b.yaml": PART.replace("description: d, ", "").rstrip() + comment})
    assert told(surveyed(".")) == []
    put({"parts/b.yaml": PART.rstrip() + comment})
    assert told(surveyed(".")) == ["parts/b.yaml:1:115 unused-ignore"]
    assert told(surveyed(".", imports=False)) == []  # then nobody can tell


@pytest.mark.timeout(60)
def test_many_broken_roots_take_seconds() -> None:
    """For each of them its own roots are looked for: the project is searched once."""

    def check(count: int) -> None:
        folder = Path(f"of_{count}")
        put(
            {
                f"{folder}/{number}.yaml": f"description: include\n{SOUND.replace('x,', 'x, handoffs: [q],')}"
                for number in range(count)
            }
        )
        put({f"{folder}/pyproject.toml": ""})
        assert len(surveyed(str(folder)).diagnostics) == count

    assert grows_within(8, check, 100, 400)  # in proportion it would be 4, and 16 if each searched anew
