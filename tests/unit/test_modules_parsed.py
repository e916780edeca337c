"""Group 29: what is told of a module without importing it, held against what importing it tells."""

import sys
import time
from pathlib import Path

import pytest

from orchestrator.modules import Modules
from orchestrator.modules.sources import MAX_BYTES
from orchestrator.project import Function, Functions
from orchestrator.spec import ToolSpec
from tests.unit.test_modules import Write, write

__all__ = ["write"]

DOCUMENTED = "def find(a: int) -> None:\n    'Find.'\n"
NOTE = "not-known-without-import"


def read(folder: Path, use: str = "helpers", *, imports: bool = False, **keys: str) -> Functions:
    return Modules(folder, imports=imports).functions(ToolSpec(use=use, **keys), folder)


def codes(facts: Functions) -> list[str]:
    return [fault.code for fault in facts.faults]


def offered(facts: Functions) -> list[str]:
    return [function.name for function in facts.found]


def only(facts: Functions) -> Function:
    [function] = facts.found
    return function


def note(facts: Functions) -> str:
    [said] = [fault.message for fault in facts.faults if fault.code == NOTE]
    return said.partition("not known: ")[2]


BRANCHES = """
try:
    def a():
        'A.'
finally:
    def b():
        'B.'
with open(__file__):
    def c():
        'C.'
if __name__ == '__main__':
    def d(): ...
else:
    def e():
        'E.'
"""
TYPES = """
from typing import *
from datetime import date
import orchestrator.tools as kit

def find(
    a: 'int | None', b: list[str], c: Optional[dict[str, int]], d: Literal['x', 5], e: Annotated[int, 'x'],
    f: tuple[int, ...], g: date, h: Any, context: 'Optional[kit.ToolContext]' = None, i: int = None,
):
    'Find.'
"""
FOR_TYPE_CHECKERS = """
from __future__ import annotations
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import decimal

def find(*a: int) -> decimal.Decimal: ...
"""
SAME = {
    "a function": (DOCUMENTED, "helpers"),
    "one of two": (DOCUMENTED + "def look(): ...\n", "helpers:find"),
    "asynchronous": ("async def find(a: int):\n    'Find.'\n", "helpers"),
    "private": ("def _find(): ...\n", "helpers"),
    "private by name": ("def _find():\n    'Find.'\n", "helpers:_find"),
    "nothing": ("", "helpers"),
    "nothing of its own": ("from json import dumps\nimport os\n", "helpers"),
    "a class": ("class Finder:\n    def find(self): ...\n", "helpers"),
    "no docstring": ("def find(a: int): ...\n", "helpers"),
    "no types": ("def find(a, b=1, *, c):\n    'Find.'\n", "helpers"),
    "a lambda": ("double = lambda a: a * 2\n", "helpers"),
    "a partial": (f"import functools\n{DOCUMENTED}find_one = functools.partial(find, a=1)\n", "helpers"),
    "an alias": (f"{DOCUMENTED}look = find\n", "helpers:look"),
    "misspelt": (DOCUMENTED, "helpers:fidn"),
    "deleted": (f"{DOCUMENTED}del find\n", "helpers:find"),
    "a number": ("LIMIT = 5\n", "helpers:LIMIT"),
    "a text with a type": ("LIMIT: str = 'five'\n", "helpers:LIMIT"),
    "a list": ("LIMITS = [1, 2]\n", "helpers:LIMITS"),
    "a dict": ("LIMITS = {'a': 1}\n", "helpers:LIMITS"),
    "an imported module": ("import json\n", "helpers:json"),
    "overwritten": (f"{DOCUMENTED}find = None\n", "helpers:find"),
    "any number": ("def find(*numbers: int, **more: int): ...\n", "helpers"),
    "positional-only": ("def find(a: int, b: int, /, c: int): ...\n", "helpers:find"),
    "sound and unsound": (f"def sum_up(*numbers: int): ...\n{DOCUMENTED}", "helpers"),
    "all": ("__all__ = ['_find']\ndef _find():\n    'Find.'\ndef look(): ...\n", "helpers"),
    "all of nothing": (f"__all__ = []\n{DOCUMENTED}", "helpers"),
    "all is a text": (f"__all__ = 'look'\n{DOCUMENTED}", "helpers"),
    "all with what is not there": (f"__all__ = ['finds']\n{DOCUMENTED}", "helpers"),
    "all in steps": (
        "__all__ = ['a'] + ['b']\n__all__ += ('c',)\n__all__.extend(['d'])\n__all__.append('e')\n"
        + "".join(f"def {name}():\n    'X.'\n" for name in "abcdef"),
        "helpers",
    ),
    "only declared": ("find: object\n", "helpers:find"),
    "in branches": (BRANCHES, "helpers"),
    "only for type checkers": (
        f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    def look(): ...\n{DOCUMENTED}",
        "helpers",
    ),
    "cached": ("import functools\n@functools.cache\ndef find(a): ...\n", "helpers"),
    "borrowed": ("from neighbour import borrowed\n", "helpers:borrowed"),
    "borrowed under another name": ("from neighbour import borrowed as mine\nours = mine\n", "helpers:ours"),
    "types that JSON can say": (TYPES, "helpers"),
    "a type that is nowhere": ("def find(a: int, b: 'Nowhere'): ...\n", "helpers"),
    "a type for type checkers": (FOR_TYPE_CHECKERS, "helpers"),
    "a syntax error": ("x = 1\ndef find(:\n", "helpers"),
    "a return outside": ("x = 1\nreturn 5\n", "helpers"),
    "an indentation": ("def find():\nreturn 5\n", "helpers"),
    "no module": ("", "elsewhere"),
    "a bad name": ("", "no-name"),
    "the standard library": ("", "json"),
    "an installed package": ("", "jsonschema"),
}


@pytest.mark.parametrize("case", SAME)
def test_group_29_without_importing_the_same_is_found(write: Write, tmp_path: Path, case: str) -> None:
    text, use = SAME[case]
    write("neighbour.py", "def borrowed(a): ...\n")
    write("helpers.py", text)
    parsed, imported = read(tmp_path, use), read(tmp_path, use, imports=True)
    assert parsed.faults == imported.faults
    assert len(parsed.found) == len(imported.found)
    for mine, theirs in zip(parsed.found, imported.found, strict=True):
        assert mine.tool is None
        assert theirs.tool is not None
        for part in ("name", "description", "parameters", "unannotated", "takes_context", "texts", "place"):
            assert getattr(mine, part) == getattr(theirs, part), part


DECORATED = """
from orchestrator import tool
import orchestrator.tools as kit

@tool(name="look", description="Look.", requires="verified", approval="always")
def find(a): ...

@kit.tool
def seek():
    "Seek."
"""


def test_group_29_constants_of_the_decorator_are_read(write: Write, tmp_path: Path) -> None:
    write("helpers.py", DECORATED)
    parsed, imported = read(tmp_path), read(tmp_path, imports=True)
    assert codes(parsed) == codes(imported) == ["missing-annotation"]
    for facts in (parsed, imported):
        assert [(each.name, each.description, each.requires) for each in facts.found] == [
            ("look", "Look.", "verified"),
            ("seek", "Seek.", None),
        ]


def test_group_29_what_the_entry_says_wins(write: Write, tmp_path: Path) -> None:
    write("helpers.py", DECORATED)
    for imports in (True, False):
        function = only(read(tmp_path, "helpers:find", imports=imports, name="mine", description="D.", requires="x"))
        assert (function.name, function.description, function.requires) == ("mine", "D.", "x")


LOGGED = """
import functools
__all__ = ['find']

def logged(function):
    return functools.wraps(function)(lambda *given: function(*given))

@logged
def find(a):
    'Find.'
"""
ONLY_RUNNING = {
    "what it raises": (f"{DOCUMENTED}find(1 / 0)\n", "module-raised", []),
    "what its imports raise": (f"import nowhere\n{DOCUMENTED}", "module-raised", []),
    "a type without a schema": ("def find(a: type):\n    'Find.'\n", "unsupported-parameter", [NOTE]),
    "what a decorator takes": (
        LOGGED,
        "missing-annotation",
        [NOTE],
    ),
}


@pytest.mark.parametrize("case", ONLY_RUNNING)
def test_group_29_what_only_running_shows(write: Write, tmp_path: Path, case: str) -> None:
    text, code, instead = ONLY_RUNNING[case]
    write("helpers.py", text)
    assert codes(read(tmp_path, imports=True)) == [code]
    assert codes(read(tmp_path)) == instead


@pytest.mark.parametrize(
    ("text", "use", "found", "said"),
    [
        ("class A: ...\ndef find(a: A, b: int):\n    'X.'\n", "helpers", ["find"], "the type of 'a' of 'find'"),
        ("@register('x')\ndef find(*a): ...\n", "helpers", ["find"], "what the decorators of 'find' make of it"),
        (f"import functools\n{DOCUMENTED}one = functools.partial(find, a=1)", "helpers:one", ["one"], "'one' takes"),
        ("class Find: ...\nfind = Find()\n", "helpers:find", ["find"], "what 'find' takes"),
        ("from json import dumps\n", "helpers:dumps", ["dumps"], "what 'dumps' takes"),
        ("from os.path import *\n", "helpers:join", ["join"], "what 'join' takes"),
        ("def __getattr__(name): ...\n", "helpers:find", ["find"], "what 'find' takes"),
        ("globals()['find'] = print\n", "helpers:find", ["find"], "what 'find' takes"),
        (f"{DOCUMENTED}globals()['look'] = find\n", "helpers", ["find"], "names that are made while it runs"),
        (f"import os\n__all__ = sorted(os.environ)\n{DOCUMENTED}", "helpers", ["find"], "what its __all__ names"),
        (f"{DOCUMENTED}seek = [find][0]\n", "helpers", ["find"], "whether 'seek' is a function"),
        ("try:\n    import fast as x\nexcept ImportError:\n    x = None\n", "helpers:x", ["x"], "what 'x' takes"),
        ("if a:\n    def find(*a): ...\nelse:\n    def find(): ...\n", "helpers", ["find"], "what 'find' takes"),
        ("def find(): ...\nfind.__doc__ = 'Find.'\n", "helpers", ["find"], "what 'find' takes"),
        ("from json import __all__\ndef find(): 'X.'\n", "helpers", ["find"], "what its __all__ names"),
        ("def find(): ...\nfrom os.path import *\n", "helpers:find", ["find"], "what 'find' takes"),
        ("def setup():\n    global find\n    find = print\n", "helpers:find", ["find"], "what 'find' takes"),
    ],
)
def test_group_29_what_only_running_can_tell_is_left_open(
    write: Write, tmp_path: Path, text: str, use: str, found: list[str], said: str
) -> None:
    write("helpers.py", text)
    facts = read(tmp_path, use)
    assert offered(facts) == found
    assert codes(facts) == [NOTE]
    assert said in note(facts)


HOSTILE = {
    "writes": "import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n",
    "raises": "raise ValueError('no luck')\n",
    "ends": "import os\nos._exit(7)\n",
    "hangs": "while True: pass\n",
    "writes by a decorator": "@open(__file__ + '.ran', 'w').write\ndef look(): ...\n",
    "writes by a default": "def look(a=open(__file__ + '.ran', 'w')): ...\n",
    "writes by an annotation": "def look(a: \"open(__file__ + '.ran', 'w')\"): ...\n",
    "ends by its neighbour": "from ending import look\n",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_group_29_no_code_runs(write: Write, tmp_path: Path, case: str) -> None:
    write("ending.py", "import os\nos._exit(7)\ndef look(): ...\n")
    write("helpers/__init__.py", HOSTILE[case])
    write("helpers/inner.py", HOSTILE[case] + DOCUMENTED)
    before = sorted(tmp_path.rglob("*"))
    modules = set(sys.modules)
    for use in ("helpers", "helpers:look", "helpers.inner", "helpers.inner:find"):
        read(tmp_path, use, approval="helpers.inner:find")
    assert "find" in offered(read(tmp_path, "helpers.inner"))
    assert sorted(tmp_path.rglob("*")) == before
    assert set(sys.modules) - modules == set()


def test_group_29_an_installed_package_is_parsed_too(write: Write, tmp_path: Path) -> None:
    write("site/installed_three/__init__.py", "raise SystemExit('it ran')\n")
    write("site/installed_three/parts.py", DOCUMENTED)
    sys.path.append(str(tmp_path / "site"))
    try:
        modules = Modules(tmp_path / "project", ["installed_three"], imports=False)
        facts = modules.functions(ToolSpec(use="installed_three.parts"), tmp_path / "project")
        assert (offered(facts), facts.faults) == (["find"], ())
    finally:
        sys.path.remove(str(tmp_path / "site"))


@pytest.mark.parametrize("text", ["(" * 150_000, "x = " + "-" * 200_000 + "1\n", "a." * 100_000 + "b\n", "\0", "\xff"])
def test_group_29_a_text_that_is_no_module(write: Write, tmp_path: Path, text: str) -> None:
    write("helpers.py", "").write_bytes(text.encode("latin-1"))
    begun = time.monotonic()
    assert codes(read(tmp_path)) == ["module-raised"]
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    "text",
    [
        "@a" + ".b" * 900 + "\ndef find(): ...\n",
        "__all__ = ['find']" + " + []" * 900 + "\ndef find(): ...\n",
        "def find(a: int" + " | int" * 900 + "): ...\n",
        "def find(a: 'int" + " | int" * 5_000 + "'): ...\n",
        "if a: pass\n" + "elif b: pass\n" * 900 + "def find(): ...\n",
    ],
)
def test_group_29_what_is_nested_deeply_is_read(write: Write, tmp_path: Path, text: str) -> None:
    write("helpers.py", text)
    assert offered(read(tmp_path)) == ["find"]


def test_group_29_what_is_nested_too_deeply_is_left_open(write: Write, tmp_path: Path) -> None:
    write("helpers.py", f"import sys\n{DOCUMENTED}first = sys{'.modules' * 1_500} if 0 else 1\n")
    assert codes(read(tmp_path)) == [NOTE]
    assert offered(read(tmp_path, imports=True)) == ["find"]


def test_group_29_a_text_that_is_too_long_is_left_open(write: Write, tmp_path: Path) -> None:
    write("helpers.py", DOCUMENTED + "#" * MAX_BYTES)
    facts = read(tmp_path)
    assert (offered(facts), codes(facts)) == ([], [NOTE])
    assert "its text can't be read" in note(facts)


def test_group_29_a_package_above_with_a_syntax_error(write: Write, tmp_path: Path) -> None:
    write("tools/__init__.py", "x = (\n")
    write("tools/acme.py", DOCUMENTED)
    parsed, imported = read(tmp_path, "tools.acme"), read(tmp_path, "tools.acme", imports=True)
    assert parsed.faults == imported.faults
    [place] = parsed.faults[0].related
    assert (Path(place.span.path).name, place.span.line, place.span.column) == ("__init__.py", 1, 5)


def test_group_29_imports_that_go_round_end(write: Write, tmp_path: Path) -> None:
    write("helpers.py", "from other import find\n")
    write("other.py", "from helpers import find\n")
    assert codes(read(tmp_path, "helpers:find")) == [NOTE]


@pytest.mark.parametrize("imports", [True, False])
@pytest.mark.parametrize(
    ("rule", "sound"),
    [
        ("def check(arguments, context):", True),
        ("def check(*both):", True),
        ("def check(arguments, context, limit=5):", True),
        ("async def check(arguments, context):", True),
        ("def check():", False),
        ("def check(arguments):", False),
        ("def check(arguments, context, limit):", False),
        ("def check(*, arguments, context):", False),
    ],
)
def test_group_29_a_rule_of_approval_takes_two_arguments(
    write: Write, tmp_path: Path, imports: bool, rule: str, sound: bool
) -> None:
    write("helpers.py", DOCUMENTED)
    write("rules.py", f"{rule} return True\n")
    facts = read(tmp_path, "helpers:find", imports=imports, approval="rules:check")
    assert offered(facts) == ["find"]
    assert [(each.code, each.key) for each in facts.faults] == (
        [] if sound else [("unsupported-parameter", "approval")]
    )
    for missing, code in (("rules:chek", "function-not-found"), ("rule:check", "module-not-found")):
        [fault] = read(tmp_path, "helpers:find", imports=imports, approval=missing).faults
        assert (fault.code, fault.key) == (code, "approval")
