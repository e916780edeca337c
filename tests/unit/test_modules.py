"""Group 29: from the names under ``tools:`` to modules and functions, with real files."""

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.diagnostics import Diagnostic, Severity
from orchestrator.loader import Loaded, load
from orchestrator.modules import Modules
from orchestrator.project import Functions, Unresolved
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


def only_error(loaded: Loaded) -> Diagnostic:
    [fault] = [each for each in loaded.diagnostics if each.severity is Severity.ERROR]
    return fault


def only_fault(loaded: Loaded) -> tuple[str, str, str]:
    fault = only_error(loaded)
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
        ("helper", "module-not-found", "no module named 'helper'", "did you mean 'helpers'?"),
        ("helpers.py", "module-not-found", "no module named 'helpers.py'", "write helpers, without the ending"),
        ("../helpers", "module-not-found", "is not the name of a module", "write helpers"),
        ("x" * 5_000, "module-not-found", "no module named 'xxx", "looked in"),
        (".".join(["x"] * 5_000), "module-not-found", "no module named 'x.x", "looked in"),
        ("tools/acme.py", "module-not-found", "is not the name of a module", "write tools.acme"),
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
    loaded = load(agents(write, "broken"))
    fault = only_error(loaded)
    assert fault.code == "module-raised"
    assert message in fault.message
    [place] = fault.related
    assert (place.span.path, place.span.line) == (str(culprit), line)
    assert loaded.texts[place.span.path] == culprit.read_text()
    assert "broken" not in sys.modules


def test_group_29_a_module_that_raises_runs_once_for_all_who_name_it(write: Write, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    write("broken.py", f"with open({str(ran)!r}, 'a') as file: file.write('x')\nraise ValueError")
    loaded = load(agents(write, "broken", "broken:find"))
    assert [fault.code for fault in loaded.diagnostics] == ["module-raised"]  # told where it is named first
    assert ran.read_text() == "x"


def test_group_29_an_import_that_never_ends(write: Write, tmp_path: Path) -> None:
    write("slow.py", "import time\nprint('shown')\ntime.sleep(3)\ndef find(): ...\n")
    for _ in range(2):  # what is still being imported is not taken for a module
        modules = Modules(tmp_path, import_seconds=0.2)
        [fault] = modules.functions(ToolSpec(use="slow"), tmp_path).faults
        assert (fault.code, fault.message) == ("module-slow", "importing 'slow' did not end within 0.2 s")
    assert modules.functions(ToolSpec(use="slow:find"), tmp_path).faults == (fault,)


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


# ---- all faults at once, and what leaves a model to guess

FAULTY = """
from orchestrator.tools import ToolContext

def sound(a: int) -> None:
    "Sound."

def any_number(*numbers: int, **more: int) -> None: ...

@staticmethod
def odd(a: int, /, b: type) -> None: ...

async  def  silent(context: ToolContext, a, b: int, c=5): ...
"""


def facts(folder: Path, use: str, **keys: str) -> Functions:
    return Modules(folder).functions(ToolSpec(use=use, **keys), folder)


def test_group_29_all_faults_of_a_module_at_once(write: Write, tmp_path: Path) -> None:
    write("helpers.py", FAULTY)
    found = facts(tmp_path, "helpers")
    many = "takes any number of arguments, which a model can't be told of"
    nameless = "'a' is positional-only, and a model gives arguments by name"
    assert [function.name for function in found.found] == ["sound", "silent"]
    assert [(fault.code, fault.message) for fault in found.faults] == [
        ("unsupported-parameter", f"helpers:any_number can't be a tool: '*numbers' {many}; '**more' {many}"),
        ("unsupported-parameter", f"helpers:odd can't be a tool: {nameless}; the type of 'b' has no JSON schema: type"),
        ("missing-annotation", "helpers:silent has no type for 'a', 'c': a model may send anything"),
        ("missing-docstring", "helpers:silent has no docstring: a model is told no more than its name"),
    ]
    places = [related.span for fault in found.faults for related in fault.related]
    assert [(span.line, span.column, span.end_column) for span in places] == [
        (7, 5, 15),
        (10, 5, 8),
        (12, 13, 19),
        (12, 13, 19),
    ]
    assert not found.complete


def test_group_29_a_warning_is_told_where_the_function_is_first_brought(write: Write) -> None:
    write("helpers.py", "def find(a): ...\n")
    other = "  other: {instructions: x, model: m, tools: [helpers]}\n"
    path = agents(write, "helpers", "{use: 'helpers:find', name: look}", more="entry: bot")
    path.write_text(path.read_text() + other, encoding="utf-8")
    found = [each for each in load(path).diagnostics if each.code.startswith("missing-")]
    assert [(each.code, each.severity, each.span.line) for each in found] == [
        ("missing-annotation", Severity.WARNING, 8),
        ("missing-docstring", Severity.WARNING, 8),
    ]


def test_group_29_what_an_entry_describes_is_not_silent(write: Write) -> None:
    write("helpers.py", "def find(a: int): ...\n")
    described = "{use: 'helpers:find', description: Find.}"
    for entries in ([described], ["helpers", described]):
        assert load(agents(write, *entries)).diagnostics == ()


def test_group_29_a_module_without_functions(write: Write) -> None:
    write("helpers.py", "def _find(): ...\n")
    [fault] = load(agents(write, "helpers")).diagnostics
    assert (fault.code, fault.severity) == ("empty-module", Severity.WARNING)
    assert "__all__" in (fault.hint or "")


QUIET = """
    import functools
    from orchestrator.tools import ToolContext, tool

    def logged(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)
        return wrapper

    class Desk:
        def find(self, a: int):
            "Find."

        def __call__(self, a: int):
            "Call."

    @logged
    def decorated(a: int, context: ToolContext):
        "Decorated."

    @tool(description="Described.")
    def described(context_variables): ...

    @functools.cache
    def cached(a: int):
        "Cached."

    def pair(a: int, b):
        "Pair."

    bound = functools.partial(pair, b=2)
    desk = Desk()
    method = desk.find
"""


@pytest.mark.parametrize("name", ["decorated", "described", "cached", "bound", "desk", "method"])
def test_group_29_no_false_alarm(write: Write, tmp_path: Path, name: str) -> None:
    write("helpers.py", QUIET)
    found = facts(tmp_path, f"helpers:{name}")
    assert ([function.name for function in found.found], found.faults) == ([name], ())


def test_group_29_functions_with_one_identity_are_one(write: Write, tmp_path: Path) -> None:
    write("other.py", "from helpers import find\n")
    write(
        "helpers.py",
        "import functools\ndef find(a: int = 1): ...\nlook = find\none = functools.partial(find, a=1)\n"
        "two = functools.partial(find, a=2)\ntwice = lambda: 2\nthrice = lambda: 3\n",
    )
    modules = Modules(tmp_path)
    mine = [f"helpers:{name}" for name in ("find", "look", "one", "two", "twice", "thrice")]
    uses = [ToolSpec(use=use) for use in ("other:find", *mine)]
    found = [modules.functions(use, tmp_path).found[0].identity for use in uses]
    assert found[0] == found[1] == found[2]
    assert len(set(found)) == 5


def test_group_29_the_names_in_the_text_of_a_module_are_known(write: Write, tmp_path: Path) -> None:
    write("helpers.py", "def find(context):\n    'A text.'\n    context.set('verified', dict(token=1)['crm_token'])\n")
    [function] = facts(tmp_path, "helpers").found
    assert function.texts == {"verified", "token", "crm_token"}


# ---- what a module raises


def raised(folder: Path, use: str = "broken") -> Unresolved:
    [fault] = facts(folder, use).faults
    assert fault.code == "module-raised"
    return fault


def test_group_29_the_exact_place_of_what_was_raised(write: Write, tmp_path: Path) -> None:
    write("broken.py", "import json\n\ndef read(text):\n    return 'é', json.loads(text)\n\nread('{')\n")
    [place] = raised(tmp_path).related
    assert (place.span.line, place.span.column, place.span.end_column) == (4, 17, 33)


def test_group_29_a_path_is_shown_from_the_working_directory(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("tools/broken.py", "raise ValueError\n")
    monkeypatch.chdir(tmp_path)
    modules = Modules(tmp_path)
    [fault] = modules.functions(ToolSpec(use="tools.broken"), tmp_path).faults
    assert fault.related[0].span.path == "tools/broken.py"
    assert modules.texts["tools/broken.py"] == "raise ValueError\n"


def test_group_29_a_syntax_error_of_a_neighbour_is_shown_there(write: Write, tmp_path: Path) -> None:
    neighbour = write("neighbour.py", "x = 1\nx = = 2\n")
    write("broken.py", "import neighbour\n")
    fault = raised(tmp_path)
    assert fault.message == "importing 'broken' met a syntax error: invalid syntax"
    assert (fault.related[0].span.path, fault.related[0].span.line, fault.related[0].span.column) == (
        str(neighbour),
        2,
        5,
    )


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("raise ValueError('one\\ntwo')", "raised ValueError: one", None),
        ("raise ValueError('x' * 5000)", f"raised ValueError: {'x' * 300}…", None),
        ("raise ValueError(object())", "raised ValueError: <object object>", None),
        ("def f(): f()\nf()", "raised RecursionError: maximum recursion depth exceeded", None),
        ("class E(Exception):\n    def __str__(self): 1 / 0\nraise E", "raised E", None),
        (
            "import not_there.part",
            "No module named 'not_there'",
            "install the package that brings 'not_there'",
        ),
        ("exec('x = = 1')", "raised SyntaxError: invalid syntax", None),
        ("import broken2", "(most likely due to a circular import)", None),
    ],
)
def test_group_29_what_was_raised_in_words(
    write: Write, tmp_path: Path, text: str, message: str, hint: str | None
) -> None:
    write("broken.py", text + "\n")
    write("broken2.py", "from broken import find\n")
    fault = raised(tmp_path)
    assert message in fault.message
    assert "\n" not in fault.message
    assert (fault.hint or "").startswith(hint or "")
    assert fault.related[0].span.line > 0


def test_group_29_a_module_may_put_an_object_in_its_place(write: Write, tmp_path: Path) -> None:
    write("helpers.py", "import sys\nclass Kit:\n    def find(self):\n        'Find.'\nsys.modules[__name__] = Kit()\n")
    found = facts(tmp_path, "helpers:find")
    assert ([each.name for each in found.found], found.faults) == (["find"], ())
    assert [fault.code for fault in facts(tmp_path, "helpers").faults] == ["empty-module"]


def test_group_29_a_module_that_refuses_to_be_asked(write: Write, tmp_path: Path) -> None:
    write("broken.py", "def __getattr__(name):\n    raise ValueError(f'no {name}')\n")
    assert raised(tmp_path, "broken:find").message == "'broken' raised ValueError when it was asked for 'find': no find"


# ---- parts of one project in several folders


@pytest.mark.parametrize("imports", [True, False])
def test_group_37_each_folder_has_its_own_modules(write: Write, tmp_path: Path, imports: bool) -> None:
    for name in ("a", "b"):
        write(f"agents/{name}/tools.py", f"from shared import NAME\ndef find_{name}():\n    'Find.'\n    return NAME\n")
        write(f"agents/{name}/shared.py", f"NAME = '{name}'\n")
    write("tools.py", "def find():\n    'Find.'\n")
    modules = Modules(tmp_path, imports=imports)
    for folder, name in (("agents/a", "find_a"), ("agents/b", "find_b"), ("agents", "find"), ("agents/a", "find_a")):
        found = modules.functions(ToolSpec(use="tools"), tmp_path / folder)
        assert [function.name for function in found.found] == [name]
        assert found.faults == ()


async def test_group_37_modules_of_several_folders_work_side_by_side(write: Write, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(
            f"{name}/tools.py",
            f"""
            from shared import NAME
            def find_{name}():
                from late_{name} import LATE
                return NAME + LATE
            """,
        )
        write(f"{name}/shared.py", f"NAME = '{name}'\n")
        write(f"{name}/late_{name}.py", f"LATE = ' late {name}'\n")
    modules = Modules(tmp_path)
    tools = [modules.functions(ToolSpec(use="tools"), tmp_path / name).found[0].tool for name in ("a", "b")]
    outcomes = [await tool.call("", ToolContext()) for tool in tools if tool]
    assert [outcome.content for outcome in outcomes] == ["a late a", "b late b"]


def test_group_37_a_module_above_the_folders_is_imported_once(write: Write, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    write("shared.py", f"with open({str(ran)!r}, 'a') as file: file.write('x')\ndef find(): ...\n")
    write("a/mine.py", "from shared import find\n")
    modules = Modules(tmp_path)
    for use, folder in (("shared", "a"), ("mine:find", "a"), ("shared", "b"), ("shared", ".")):
        assert len(modules.functions(ToolSpec(use=use), tmp_path / folder).found) == 1
    assert ran.read_text() == "x"
