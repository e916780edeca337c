"""Files that include each other: what is read, in which order, and what is said of includes that lead nowhere."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.diagnostics import Diagnostic
from orchestrator.loader import Loaded, load
from orchestrator.project import read_file, read_files
from orchestrator.project.files import MAX_FILES
from orchestrator.runner import Runner
from tests.support.fakes import FakeModel, call, calls, say, to

ROOT = "entry: a\ndefaults: {model: m, handoffs: [a]}\n"
ALONE = "agents: {a: {instructions: x, model: m}}\n"
LOOK = 'def look() -> str:\n    """Look."""\n    return "seen"\n'
posix = pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")


def agent(name: str, *rest: str) -> str:
    return f"agents: {{{name}: {{{', '.join(['instructions: x', 'description: d', *rest])}}}}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the working directory."""
    home = tmp_path / "project"
    home.mkdir()
    (home / "pyproject.toml").touch()
    monkeypatch.chdir(home)
    return home


def put(files: Mapping[str, str]) -> None:
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


def loaded(**files: str) -> Loaded:
    """Load ``root.yaml`` from files whose names are written with ``__`` for a slash."""
    put({f"{name.replace('__', '/')}.yaml": text for name, text in files.items()})
    return load("root.yaml")


def told(found: Loaded) -> list[str]:
    """What is told, and that each place is in a text that came along."""
    assert {each.span.path for each in found.diagnostics} <= set(found.texts)
    return [f"{each.span.path}:{each.span.line}:{each.span.column} {each.code}" for each in found.diagnostics]


def one(found: Loaded) -> Diagnostic:
    [diagnostic] = found.diagnostics
    return diagnostic


def read(root: str = "root.yaml") -> list[str]:
    """The files of a project as people call them, in the order in which they were met."""
    files = read_files(Path(root).resolve(), read_file(Path(root), root))
    return [file.reading.source.path for file in files.all]


# ---- what is read


def test_group_28_paths_are_those_of_the_including_file(folder: Path) -> None:
    put({
        "root.yaml": ROOT + "include: [parts/one.yaml]\n",
        "parts/one.yaml": agent("a") + "include: [deep/two.yaml, ../other.yaml]\n",
        "parts/deep/two.yaml": agent("b"),
        "other.yaml": agent("c"),
        "deep/two.yaml": "not: this one\n",
    })  # fmt: skip
    assert read() == ["root.yaml", "parts/one.yaml", "parts/deep/two.yaml", "other.yaml"]


def test_group_28_the_working_directory_means_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put({"bots/root.yaml": "include: [part.yaml]\n", "bots/part.yaml": ALONE, "elsewhere/x.yaml": ""})
    monkeypatch.chdir(folder / "elsewhere")
    assert read("../bots/root.yaml") == ["../bots/root.yaml", "../bots/part.yaml"]
    assert load("../bots/root.yaml").unwrap().entry == "a"
    assert read(str(folder / "bots/root.yaml")) == [str(folder / "bots/root.yaml"), str(folder / "bots/part.yaml")]


def test_group_37_a_glob_is_sorted_and_takes_only_files_of_agents(folder: Path) -> None:
    names = ["b.yaml", "a.yaml", "c.yml", "a.test.yaml", "a.script.yaml", "a.test.yml", ".hidden.yaml", ".git/x.yaml",
             "deep/er/z.yaml", "deep/a.yaml", "deep/.b/c.yaml", "folder.yaml/d.yaml", "notes.txt"]  # fmt: skip
    put({f"p/{name}": "x-empty: 1\n" for name in names})
    put({"root.yaml": "include: ['p/*.y*ml']\n" + ALONE})
    assert read() == ["root.yaml", "p/a.yaml", "p/b.yaml", "p/c.yml"]
    put({"root.yaml": "include: ['p/**/*.yaml']\n" + ALONE})
    assert read() == [
        "root.yaml", "p/a.yaml", "p/b.yaml", "p/deep/a.yaml", "p/deep/er/z.yaml", "p/folder.yaml/d.yaml",
    ]  # fmt: skip


def test_group_37_a_glob_never_matches_the_file_itself(folder: Path) -> None:
    put({"root.yaml": "include: ['*.yaml', '**/root.yaml']\n" + ALONE, "b.yaml": agent("b", "model: m")})
    assert read() == ["root.yaml", "b.yaml"]
    assert told(load("root.yaml"))[0] == "root.yaml:1:21 include-missing"


def test_group_37_globs_of_neighbours_that_match_each_other_are_a_circle_that_is_told(folder: Path) -> None:
    found = loaded(root="include: ['*.yaml']\n" + ALONE, b="include: ['*.yaml']\n")
    assert told(found) == ["b.yaml:1:11 include-cycle"]


def test_group_37_a_name_with_the_signs_of_globs_is_the_file_of_this_name(folder: Path) -> None:
    put({"root.yaml": "include: ['part[1].yaml']\n" + ALONE, "part[1].yaml": "x-one: 1\n", "part1.yaml": "x-two: 1\n"})
    assert read() == ["root.yaml", "part[1].yaml"]


def test_group_37_a_diamond_is_read_once(folder: Path) -> None:
    found = loaded(
        root=ROOT + "include: [left.yaml, right.yaml]\n",
        left=agent("l") + "include: [base.yaml]\n",
        right=agent("r") + "include: [./base.yaml, ../project/left.yaml]\n",
        base=agent("a", "handoffs: [{to: l, when: x}, {to: r, when: x}]"),
    )
    assert told(found) == []
    assert read() == ["root.yaml", "left.yaml", "base.yaml", "right.yaml"]
    assert sorted(found.unwrap().agents) == ["a", "l", "r"]


@posix
def test_group_28_a_link_to_a_file_is_the_file(folder: Path) -> None:
    put(
        {"root.yaml": "include: [link.yaml, real.yaml, linked/part.yaml]\n" + ALONE, "real.yaml": "", "d/part.yaml": ""}
    )
    Path("link.yaml").symlink_to("real.yaml")
    Path("linked").symlink_to("d")
    put({"real.yaml": "x-one: 1\n", "d/part.yaml": "x-one: 1\n"})
    assert read() == ["root.yaml", "real.yaml", "d/part.yaml"]
    assert told(load("root.yaml")) == []


# ---- circles


@pytest.mark.parametrize(
    ("files", "place", "chain"),
    [
        ({"root": "include: [root.yaml]\n"}, "root.yaml:1:11", "root.yaml -> root.yaml"),
        (
            {"root": "include: [b.yaml]\n", "b": "include: [root.yaml]\n"},
            "b.yaml:1:11",
            "root.yaml -> b.yaml -> root.yaml",
        ),
        (
            {"root": "include: [b.yaml]\n", "b": "include: [d/c.yaml]\n", "d__c": "include:\n  - ../root.yaml\n"},
            "d/c.yaml:2:5",
            "root.yaml -> b.yaml -> d/c.yaml -> root.yaml",
        ),
        (
            {"root": "include: [b.yaml]\n", "b": "include: [c.yaml]\n", "c": "include: [b.yaml]\n"},
            "c.yaml:1:11",
            "b.yaml -> c.yaml -> b.yaml",
        ),
    ],
    ids=["itself", "two", "three", "behind the root"],
)  # fmt: skip
def test_group_28_a_circle_names_its_chain_at_the_include_that_closes_it(
    folder: Path, files: dict[str, str], place: str, chain: str
) -> None:
    found = one(loaded(**files | {"root": files["root"] + ALONE}))
    assert f"{found.span.path}:{found.span.line}:{found.span.column}" == place
    assert (found.code, found.message) == ("include-cycle", f"the files include each other in a circle: {chain}")
    assert found.hint == "leave out one of these includes"


# ---- includes that lead nowhere


def test_group_28_a_missing_file_is_told_at_its_entry_with_the_one_that_was_meant(folder: Path) -> None:
    put({"shared/models.yaml": "x-one: 1\n", "shared/models.test.yaml": "x-one: 1\n"})
    found = one(loaded(root="include:\n  - shared/model.yaml\n" + ALONE))
    assert (found.code, found.message) == ("include-missing", "there is no file 'shared/model.yaml'")
    assert (found.span.line, found.span.column, found.span.end_column) == (2, 5, 22)
    assert found.hint == "did you mean 'shared/models.yaml'?"


def test_group_28_a_file_is_not_meant_to_include_itself(folder: Path) -> None:
    found = one(loaded(root="include: [rot.yaml]\n" + ALONE))
    assert (found.message, found.hint) == ("there is no file 'rot.yaml'", "paths are relative to this file")


@posix
def test_group_28_a_link_that_leads_nowhere_is_not_what_was_meant(folder: Path) -> None:
    Path("link.yaml").symlink_to("gone.yaml")
    found = one(loaded(root="include: [link.yaml]\n" + ALONE))
    assert (found.code, found.hint) == ("include-missing", "paths are relative to this file")


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("none/*.yaml", "include-missing", "no file matches 'none/*.yaml'"),
        ("'**/none.yaml'", "include-missing", "no file matches '**/none.yaml'"),
        ("'*/../../out.yaml'", "include-missing", "no file matches '*/../../out.yaml'"),
        ("sub", "include-missing", "'sub' is a folder"),
        ("sub/", "include-missing", "'sub/' is a folder"),
        (".", "include-missing", "'.' is a folder"),
        ("a.script.yaml", "bad-value", "'a.script.yaml' is no file of agents, by its name"),
        ("sub/a.test.yaml", "bad-value", "'sub/a.test.yaml' is no file of agents, by its name"),
        ("root.yaml/x.yaml", "include-missing", "there is no file 'root.yaml/x.yaml'"),
        ('"x\\0.yaml"', "include-missing", "there is no file 'x\\x00.yaml'"),
    ],
)
def test_group_28_an_entry_that_leads_to_no_file(folder: Path, text: str, code: str, message: str) -> None:
    put({"sub/x.txt": ""})
    found = one(loaded(root=f"include:\n  - {text}\n" + ALONE))
    assert (found.code, found.message) == (code, message)
    assert (found.span.path, found.span.line, found.span.column) == ("root.yaml", 2, 5)


def test_group_28_stars_that_stand_with_a_name_are_told_how_to_stand(folder: Path) -> None:
    found = one(loaded(root="include: ['parts/**.yaml']\n" + ALONE))
    assert (found.code, found.message) == ("include-missing", "'**' stands alone between two slashes")
    assert found.hint == "write **/*.yaml for the files in all folders"


@pytest.mark.parametrize("text", ["a" * 5_000, "a/" * 2_500, "*/" * 2_500 + "x.yaml", "**/" * 1_000 + "x.yaml"])
def test_group_28_a_path_that_no_file_can_have_is_short_in_the_message(folder: Path, text: str) -> None:
    found = one(loaded(root=f"include: ['{text}']\n" + ALONE))
    assert found.code == "include-missing"
    assert len(found.message) < 200


@pytest.mark.timeout(10)
def test_group_28_many_stars_do_not_search_for_ever(folder: Path) -> None:
    for number in range(256):
        Path(*f"{number:08b}").mkdir(parents=True)
    found = one(loaded(root=f"include: ['{'**/' * 8}*.yaml']\n" + ALONE))
    assert found.code == "include-missing"


@pytest.mark.parametrize("text", ["../out.yaml", "../*.yaml", "/etc/hostname", "/", "..", "sub/../../out.yaml"])
def test_group_28_what_leaves_the_project_is_refused_whether_it_is_there_or_not(folder: Path, text: str) -> None:
    (folder.parent / "out.yaml").write_text("x-one: 1\n")
    found = one(loaded(root=f"include: ['{text}']\n" + ALONE))
    assert found.code == "path-outside-project"
    assert found.message == f"{text!r} leads out of the project, which is {str(folder)!r}"


def test_group_28_the_project_and_not_the_folder_of_the_file_is_the_bound(folder: Path) -> None:
    put({"bots/eu/root.yaml": "include: [../../shared/part.yaml]\n", "shared/part.yaml": ALONE})
    assert load("bots/eu/root.yaml").diagnostics == ()


def test_group_28_an_absolute_path_inside_the_project_is_a_path(folder: Path) -> None:
    put({"part.yaml": "x-one: 1\n", "root.yaml": f"include: ['{folder / 'part.yaml'}']\n" + ALONE})
    assert read() == ["root.yaml", "part.yaml"]


@posix
@pytest.mark.parametrize("text", ["link.yaml", "li*.yaml", "away/out.yaml", "away/*.yaml", "*/out.yaml"])
def test_group_28_links_do_not_leave_the_project(folder: Path, text: str) -> None:
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "out.yaml").write_text("x-one: 1\n")
    Path("link.yaml").symlink_to(outside / "out.yaml")
    Path("away").symlink_to(outside)
    found = one(loaded(root=f"include: ['{text}']\n" + ALONE))
    assert found.message == f"{text!r} is a link that leads out of the project, which is {str(folder)!r}"
    assert found.code == "path-outside-project"


@posix
def test_group_28_links_in_a_circle_end(folder: Path) -> None:
    Path("loop.yaml").symlink_to("loop.yaml")
    Path("sub").mkdir()
    Path("sub/up").symlink_to("..")
    put({"sub/part.yaml": "x-one: 1\n"})
    found = loaded(root="include: [loop.yaml, '**/*.yaml', 'sub/up/sub/up/*/part.yaml']\n" + ALONE)
    assert told(found) == ["root.yaml:1:11 include-missing"]
    assert read() == ["root.yaml", "sub/part.yaml"]


@posix
def test_group_28_a_root_that_is_a_link_to_itself_can_not_be_opened(folder: Path) -> None:
    Path("loop.yaml").symlink_to("loop.yaml")
    with pytest.raises(OSError, match="symbolic links"):
        load("loop.yaml")


@posix
def test_group_28_a_pipe_is_not_read(folder: Path) -> None:
    os.mkfifo("pipe.yaml")
    found = one(loaded(root="include: [pipe.yaml]\n" + ALONE))
    assert (found.span.path, found.code, found.message) == ("pipe.yaml", "not-a-file", "this is not a regular file")


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_group_28_a_file_that_may_not_be_read_is_told_at_its_entry(folder: Path) -> None:
    put({"part.yaml": "x-one: 1\n"})
    Path("part.yaml").chmod(0)
    found = one(loaded(root="include: [part.yaml]\n" + ALONE))
    assert (found.code, found.message) == ("include-missing", "'part.yaml' can't be read: Permission denied")


# ---- what a broken part hides, and what it does not


@pytest.mark.parametrize("part", ["agents: {b: {\n", "- a list\n", "", "\tx: 1\n", None])
def test_group_37_of_a_part_that_can_not_be_read_no_name_is_called_unknown(folder: Path, part: str | None) -> None:
    """Its agents, models and variables may be anything; what can be told without them is told."""
    parts = {} if part is None else {"part": part}
    found = loaded(
        root=(
            "entry: nobody\ninclude: [part.yaml]\nmodels: {fast: {model: m}}\nagents:\n"
            "  a: {instructions: '{{ x }} {{ y.z }}', model: slow, handoffs: [b, {to: a, when: x}], labl: A}\n"
            "  c: {instructions: '{% if %}', model: fast, handoffs: [{to: d, requires: z}]}\n"
            "variables: {v: 1}\n"
        ),
        **parts,
    )
    places = told(found)
    assert [place for place in places if place.startswith("root.yaml")] == [
        *(["root.yaml:2:11 include-missing"] if part is None else []),
        "root.yaml:5:74 self-handoff",
        "root.yaml:5:88 unknown-key",
        "root.yaml:6:28 template-syntax",
    ]
    assert len(places) == 4


def test_group_37_a_part_with_faults_of_shape_keeps_its_names(folder: Path) -> None:
    found = loaded(
        root=ROOT + "include: [part.yaml]\n" + agent("a", "handoffs: [{to: b, when: x}, {to: q, when: x}]"),
        part="agents: {b: {instructions: 5}}\nvariables: {v: {tpe: string}}\nmodel: {}\n",
    )
    assert told(found) == [
        "part.yaml:1:28 wrong-type",
        "part.yaml:2:17 unknown-key",
        "part.yaml:3:1 unknown-key",
        "root.yaml:4:81 unknown-agent",
    ]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("agent", "agents: {{n: {{instructions: x, model: {}}}}}\n"),
        ("variable", "variables: {{n: {}}}\n"),
        ("model", "models: {{n: {{model: {}}}}}\n"),
    ],
)
def test_group_37_one_name_twice_shows_both_places(folder: Path, kind: str, text: str) -> None:
    files = {"root": text.format("n") + "include: [p/one.yaml, p/two.yaml]\n"}
    found = loaded(**files, p__one="x-none: 1\n" + text.format("n"), p__two="x-none: 1\n" + text.format("n"))
    twice = [each for each in found.diagnostics if each.code == f"duplicate-{kind}"]
    [column] = {each.span.column for each in twice}
    assert [(each.span.path, each.span.line) for each in twice] == [("p/one.yaml", 2), ("p/two.yaml", 2)]
    assert [each.message for each in twice] == [f"there are two {kind}s named 'n'"] * 2
    for each in twice:
        [also] = each.related
        assert (also.span.path, also.span.line, also.span.column) == ("root.yaml", 1, column)
        assert also.message == "the first one is here"


def test_group_37_keys_of_the_root_in_a_part(folder: Path) -> None:
    found = loaded(
        root=ROOT + "include: [part.yaml]\n" + agent("a"),
        part="version: 1\ndescription: fine\nentry: a\npackages: []\ndefaults: {model: m}\nlimits: {}\nx-y: 1\n",
    )
    assert told(found) == [f"part.yaml:{line}:1 root-key-in-part" for line in (3, 4, 5, 6)]
    first = found.diagnostics[0]
    assert first.message == "'entry' belongs to the file that includes this one"
    assert (first.hint, first.span.end_column) == ("move it there", 6)


def test_group_40_a_models_section_in_a_part_makes_aliases_of_all(folder: Path) -> None:
    found = loaded(
        root="include: [part.yaml, models.yaml]\nentry: a\nagents: {a: {instructions: x, model: gpt-4o}}\n",
        part="agents: {b: {instructions: x, model: fsat}}\n",
        models="models: {fast: {model: m}}\n",
    )
    unknown = [each for each in found.diagnostics if each.code == "unknown-model"]
    assert [(each.span.path, each.span.line, each.span.column, each.hint) for each in unknown] == [
        ("part.yaml", 1, 38, "did you mean 'fast'?"),
        ("root.yaml", 3, 38, "there are: fast"),
    ]


def test_group_31_the_entry_may_be_in_a_part_and_one_agent_needs_none(folder: Path) -> None:
    assert loaded(root="entry: b\ninclude: [p.yaml]\n", p=agent("b", "model: m")).unwrap().entry == "b"
    assert loaded(root="include: [p.yaml]\n").unwrap().entry == "b"
    found = one(loaded(root="entry: bb\ninclude: [p.yaml]\n"))
    assert (found.code, found.span.line, found.span.column) == ("unknown-agent", 1, 8)
    found = one(loaded(root="include: [p.yaml, q.yaml]\n", q=agent("c", "model: m")))
    assert (found.span.path, found.code) == ("root.yaml", "ambiguous-entry")
    found = one(loaded(root="include: [r.yaml]\n", r="variables: {}\n"))
    assert (found.span.path, found.code) == ("root.yaml", "missing-key")


def test_group_36_the_defaults_of_the_root_are_those_of_its_parts(folder: Path) -> None:
    put({"home.py": LOOK})
    found = loaded(
        root="entry: a\ndefaults: {model: m, tools: [home], handoffs: [a]}\ninclude: [p/b.yaml]\n" + agent("a", *TO_B),
        p__b=agent("b"),
    )
    assert told(found) == []
    other = found.unwrap().agents["b"]
    assert ([tool.name for tool in other.tools], [edge.target for edge in other.edges]) == (["look"], ["a"])


TO_B = ("handoffs: [{to: b, when: asked}]",)


# ---- what a part brings along


def test_group_28_tools_and_templates_of_a_part_resolve_from_its_own_folder(folder: Path) -> None:
    put({
        "helpers.py": LOOK.replace("seen", "from the root"),
        "p/helpers.py": LOOK.replace("seen", "from the part"),
        "tone.md": "tone of the root",
        "p/tone.md": "tone of the part: {% include 'deep/end.md' %}",
        "p/deep/end.md": "the end",
    })  # fmt: skip
    routine = "instructions: '{% include \"tone.md\" %}', description: d, tools: [helpers]"
    found = loaded(
        root=ROOT + f"include: [p/b.yaml]\nagents: {{a: {{{routine}, handoffs: [{{to: b, when: x}}]}}}}\n",
        p__b=f"agents: {{b: {{{routine}}}}}\n",
    )
    assert told(found) == []
    assert set(found.texts) >= {"root.yaml", "p/b.yaml", "tone.md", "p/tone.md", "p/deep/end.md"}
    agents = found.unwrap().agents
    assert agents["a"].instructions.render({}) == "tone of the root"
    assert agents["b"].instructions.render({}) == "tone of the part: the end"


async def test_group_37_what_was_validated_is_what_runs(folder: Path) -> None:
    put({"p/helpers.py": LOOK.replace("seen", "the tool of the part")})
    found = loaded(
        root=ROOT + "include: ['p/*.yaml']\nlimits: {model_calls: 5}\n" + agent("a", *TO_B),
        p__b="variables: {who: part}\n" + agent("b", "tools: [helpers]").replace("x", "'I am {{ who }}'", 1),
        p__models="models: {m: {model: real-name}}\n",
    )
    model = FakeModel([calls(to("b")), calls(call("look")), say("done")])
    state = await Runner(found.unwrap(), model).run("hi")
    assert state.status == "answered"
    assert [request.model.model for request in model.requests] == ["real-name"] * 3
    assert "the tool of the part" in str(model.requests[-1].messages)
    assert model.requests[-1].system == "I am part"


# ---- bounds


def chain_of(count: int) -> None:
    for number in range(count):
        onward = f"include: [f{number + 1}.yaml]\n" if number < count - 1 else ""
        targets = f"handoffs: [{{to: a{(number + 1) % count}, when: x}}]"
        put({f"f{number}.yaml": onward + agent(f"a{number}", "model: m", targets)})


def test_group_28_files_in_a_long_chain_are_no_recursion(folder: Path) -> None:
    chain_of(300)
    put({"root.yaml": "entry: a0\ninclude: [f0.yaml]\n"})
    found = load("root.yaml")
    assert told(found) == []
    assert len(found.unwrap().agents) == 300


def test_group_28_a_thousand_files_are_the_most(folder: Path) -> None:
    for number in range(MAX_FILES - 1):
        put({f"parts/{number:04}.yaml": "x-one: 1\n"})
    assert told(loaded(root="include: ['parts/*.yaml']\n" + ALONE)) == []
    put({"parts/more.yaml": "x-one: 1\n", "parts/most.yaml": "x-one: 1\n"})
    found = one(load("root.yaml"))
    assert (found.code, found.message) == ("too-large", "the project has more than 1,000 files")
    assert (found.span.path, found.span.line, found.span.column) == ("root.yaml", 1, 11)
