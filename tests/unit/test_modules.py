"""Group 29: from the names under ``tools:`` to modules and functions, with real files."""

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.loader import Loaded, load
from orchestrator.modules import Modules
from orchestrator.project import Unresolved
from orchestrator.spec import ToolSpec
from orchestrator.tools import ToolContext

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Write]:
    """Write a file of the project; what it left in the interpreter is looked at, and taken away, afterwards."""
    path, modules = list(sys.path), set(sys.modules)

    def make(name: str, text: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    yield make
    assert sys.path == path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def agents(write: Write, *tools: str, more: str = "", name: str = "bot.yaml") -> Path:
    entries = "".join(f"      - {tool}\n" for tool in tools)
    text = f"{more}\nagents:\n  bot:\n    instructions: Be brief.\n    model: m\n    tools:\n{entries}"
    return write(name, text)


def names(loaded: Loaded, agent: str = "bot") -> list[str]:
    return [tool.name for tool in loaded.unwrap().agents[agent].tools]


def only_fault(loaded: Loaded) -> tuple[str, str, str]:
    [fault] = loaded.diagnostics
    return fault.code, fault.message, fault.hint or ""


async def call(loaded: Loaded, name: str, agent: str = "bot") -> str:
    outcome = await loaded.unwrap().agents[agent].tools_by_name[name].call("", ToolContext())
    assert not outcome.error, outcome.content
    return outcome.content


FUNCTIONS = """
    import functools
    from json import dumps
    from typing import Literal
    from neighbour import borrowed

    LIMIT = 5

    class Thing:
        def __call__(self, a: int) -> None: ...

    def find(a: int) -> None: ...

    async def find_later(a: int) -> None: ...

    @functools.cache
    def cached(a: int) -> None: ...

    def _private(a: int) -> None: ...

    thing = Thing()
    find_three = functools.partial(find, a=3)
    double = lambda a: a * 2
"""


@pytest.fixture
def functions(write: Write) -> None:
    write("neighbour.py", "def borrowed(a: int) -> None: ...\n")
    write("helpers.py", FUNCTIONS)


@pytest.mark.usefixtures("functions")
def test_group_29_the_public_functions_of_a_module(write: Write) -> None:
    assert names(load(agents(write, "helpers"))) == ["find", "find_later", "cached", "double"]


@pytest.mark.usefixtures("functions")
@pytest.mark.parametrize("name", ["borrowed", "_private", "thing", "find_three", "double", "Thing", "cached"])
def test_group_29_whatever_can_be_called_is_a_tool_by_its_name(write: Write, name: str) -> None:
    assert names(load(agents(write, f"helpers:{name}"))) == [name]


@pytest.mark.usefixtures("functions")
@pytest.mark.parametrize(
    ("use", "code", "message", "hint"),
    [
        ("nowhere", "module-not-found", "no module named 'nowhere'", "looked in "),
        ("helpers.inner", "module-not-found", "no module named 'helpers.inner'", ""),
        ("no-name", "module-not-found", "'no-name' is not the name of a module", "write "),
        ("helpers.py", "module-not-found", "no module named 'helpers.py'", ""),
        ("../helpers", "module-not-found", "is not the name of a module", ""),
        ("helpers:fidn", "function-not-found", "module 'helpers' has no function 'fidn'", "did you mean 'find'?"),
        ("helpers:zzz", "function-not-found", "has no function 'zzz'", "it has: find, "),
        ("helpers:LIMIT", "not-callable", "'LIMIT' of module 'helpers' is not a function", ""),
        ("helpers:Literal", "unsupported-parameter", "helpers:Literal can't be a tool: ", ""),
        ("helpers:dumps", "unsupported-parameter", "'**kw' takes any number", ""),
        ("json", "package-not-allowed", "module 'json' belongs to the standard library", "write a function"),
        ("json:dumps", "package-not-allowed", "belongs to the standard library", ""),
        ("os.path:join", "package-not-allowed", "module 'os.path' belongs to the standard library", ""),
        ("sys:exit", "package-not-allowed", "belongs to the standard library", ""),
        ("jsonschema", "package-not-allowed", "'jsonschema' is an installed package", "packages: [jsonschema]"),
    ],
)
def test_group_29_what_is_not_there(write: Write, use: str, code: str, message: str, hint: str) -> None:
    found = only_fault(load(agents(write, f'"{use}"')))
    assert found[0] == code
    assert message in found[1]
    assert hint in found[2]


def test_group_29_a_name_of_the_standard_library_is_not_taken_by_a_file(write: Write) -> None:
    file = write("json.py", "raise SystemExit('it ran')")
    code, _, hint = only_fault(load(agents(write, "json")))
    assert (code, hint) == ("package-not-allowed", f"rename {file}")


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("x = 1\nraise ValueError('no luck')\n", "importing 'broken' raised ValueError: no luck", 2),
        ("import helper\n", "raised ZeroDivisionError", 2),
        ("import nowhere\n", "raised ModuleNotFoundError: No module named 'nowhere'", 1),
        ("from helper2 import missing\n", "raised ImportError: cannot import name 'missing'", 1),
        ("import sys\nsys.exit('bye')\n", "raised SystemExit: bye", 2),
        ("raise KeyboardInterrupt\n", "raised KeyboardInterrupt", 1),
        ("x = 1\ndef f(:\n", "'broken' has a syntax error", 2),
        ("def f():\nreturn 1\n", "'broken' has a syntax error", 2),
    ],
)
def test_group_29_a_module_that_raises(write: Write, text: str, message: str, line: int) -> None:
    broken = write("broken.py", text)
    culprit = write("helper.py", "x = 1\n1 / 0\n") if "import helper\n" in text else broken
    write("helper2.py", "")
    code, said, hint = only_fault(load(agents(write, "broken")))
    assert code == "module-raised"
    assert message in said
    assert hint == f"at {culprit}:{line}"
    assert "broken" not in sys.modules


def test_group_29_a_module_that_raises_runs_once_for_all_who_name_it(write: Write, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    write("broken.py", f"with open({str(ran)!r}, 'a') as file: file.write('x')\nraise ValueError")
    loaded = load(agents(write, "broken", "broken:find"))
    assert [fault.code for fault in loaded.diagnostics] == ["module-raised"] * 2
    assert ran.read_text() == "x"


def test_group_29_an_import_that_never_ends(write: Write, tmp_path: Path) -> None:
    write("slow.py", "import time\nprint('shown')\ntime.sleep(3)\ndef find(): ...\n")
    modules = Modules(tmp_path, tmp_path, import_seconds=0.2)
    for _ in range(2):  # what is still being imported is not taken for a module
        fault = Modules(tmp_path, tmp_path, import_seconds=0.2).tools(ToolSpec(use="slow"))
        assert isinstance(fault, Unresolved)
        assert (fault.code, fault.message) == ("module-slow", "importing 'slow' did not end within 0.2 s")
    assert modules.tools(ToolSpec(use="slow:find")) == fault


def test_group_29_what_a_module_prints_is_no_output(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("loud.py", "print('hello')\ndef find(): ...\n")
    assert names(load(agents(write, "loud"))) == ["find"]
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")


@pytest.mark.parametrize(
    ("listed", "found"), [("['b', '_c']", ["b", "_c"]), ("('a',)", ["a"]), ("[]", []), ("'a'", ["a", "b"])]
)
def test_group_29_all(write: Write, listed: str, found: list[str]) -> None:
    write("helpers.py", f"__all__ = {listed}\ndef a(): ...\ndef b(): ...\ndef _c(): ...\n")
    assert names(load(agents(write, "helpers"))) == found


def test_group_29_all_names_what_is_not_there(write: Write) -> None:
    write("helpers.py", "__all__ = ['finds']\ndef find(): ...\n")
    code, _, hint = only_fault(load(agents(write, "helpers")))
    assert (code, hint) == ("function-not-found", "it has: no public functions")


def test_group_29_the_lookup_order(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("root/pyproject.toml", "")
    write("here.py", "def outside(): ...")
    write("root/a.py", "def at_the_root(): ...")
    write("root/b.py", "def at_the_root(): ...")
    write("root/x/b.py", "def between(): ...")
    write("root/x/c.py", "def between(): ...")
    write("root/x/y/c.py", "def beside(): ...")
    write("root/z/d.py", "def elsewhere(): ...")
    monkeypatch.chdir(tmp_path / "root" / "z")
    loaded = load(agents(write, "a", "b", "c", name="root/x/y/bot.yaml"))
    assert names(loaded) == ["at_the_root", "between", "beside"]
    for name in ("here", "d"):
        assert only_fault(load(agents(write, name, name="root/x/y/bot.yaml")))[0] == "module-not-found"


def test_group_29_the_working_directory_is_no_package(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("cwd/helpers.py", "raise SystemExit('it ran')")
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.syspath_prepend(str(tmp_path / "cwd"))  # as `python -m` does
    try:
        loaded = load(agents(write, "helpers", more="packages: [helpers]", name="project/bot.yaml"))
        assert only_fault(loaded)[0] == "module-not-found"
    finally:
        sys.path.remove(str(tmp_path / "cwd"))


def test_group_29_an_installed_package_is_refused_before_its_code_runs(write: Write, tmp_path: Path) -> None:
    site, ran = tmp_path / "site", tmp_path / "ran"
    write("site/installed_one/__init__.py", f"open({str(ran)!r}, 'w').close()\ndef find(): ...\n")
    sys.path.append(str(site))
    try:
        refused = load(agents(write, "installed_one", name="project/bot.yaml"))
        assert only_fault(refused)[0] == "package-not-allowed"
        assert not ran.exists()
        allowed = agents(write, "installed_one", more="packages: [installed_one]", name="project/bot.yaml")
        assert names(load(allowed)) == ["find"]
        assert ran.exists()
    finally:
        sys.path.remove(str(site))


def test_group_29_an_installed_package_is_never_shadowed_by_a_neighbour(write: Write, tmp_path: Path) -> None:
    write("site/installed_two.py", "PLACE = 'site'\n")
    write("project/installed_two.py", "PLACE = 'project'\n")
    write("project/helpers.py", "import installed_two\ndef find(): return installed_two.PLACE\n")
    sys.path.append(str(tmp_path / "site"))
    try:
        assert names(load(agents(write, "helpers", name="project/bot.yaml"))) == ["find"]
        assert sys.modules["installed_two"].PLACE == "site"
    finally:
        sys.path.remove(str(tmp_path / "site"))


async def test_group_29_relative_and_sibling_imports(write: Write) -> None:
    write("tools/__init__.py", "")
    write("tools/shared.py", "NAME = 'shared'\n")
    write("tools/lazy.py", "NAME = 'lazy'\n")
    write("beside.py", "NAME = 'beside'\n")
    write("late.py", "NAME = 'late'\n")
    write(
        "tools/acme.py",
        """
        import beside
        import tools.shared
        from . import shared
        from .shared import NAME

        def names():
            from tools import lazy
            from . import lazy as again
            import late
            return [beside.NAME, tools.shared.NAME, shared.NAME, NAME, lazy.NAME, again.NAME, late.NAME]
        """,
    )
    loaded = load(agents(write, "tools.acme"))
    assert await call(loaded, "names") == '["beside", "shared", "shared", "shared", "lazy", "lazy", "late"]'


COUNTER = "import itertools\nnumbers = itertools.count(1)\ndef number():\n    return next(numbers)\n"


@pytest.mark.parametrize("package", [True, False])
async def test_group_29_shared_state_stays_shared(write: Write, package: bool) -> None:
    if package:
        write("tools/__init__.py", "")
    write("tools/counter.py", COUNTER)
    write("tools/other.py", "from tools import counter\ndef next_number():\n    return counter.number()\n")
    first = load(agents(write, "tools.counter", "tools.other"))
    second = load(agents(write, "tools.counter:number", name="second.yaml"))
    assert [await call(first, "number"), await call(second, "number"), await call(first, "next_number")] == list("123")


async def test_group_29_two_projects_have_their_own_modules(write: Write) -> None:
    for name in ("one", "two"):
        write(f"{name}/tools/__init__.py", "")
        write(f"{name}/tools/acme.py", f"import settings\n{COUNTER}def whose(): return settings.NAME\n")
        write(f"{name}/settings.py", f"NAME = '{name}'\n")
    one = load(agents(write, "tools.acme", name="one/bot.yaml"))
    two = load(agents(write, "tools.acme", name="two/bot.yaml"))
    again = load(agents(write, "tools.acme", name="one/again.yaml"))
    assert [await call(loaded, "whose") for loaded in (one, two, again)] == ["one", "two", "one"]
    assert [await call(loaded, "number") for loaded in (one, two, again)] == ["1", "1", "2"]
