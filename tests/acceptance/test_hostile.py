"""Hostile files end in a diagnostic, within 2 seconds and 200 MB, and none of their code runs. Groups 26 and 30."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.apart import Apart

AGENT = "agents:\n  a:\n    model: m\n    instructions: {}\n"


def in_block(text: str) -> str:
    return "agents:\n  a:\n    model: m\n    instructions: |\n" + "".join(
        f"      {line}\n" for line in text.split("\n")
    )


def laughs() -> str:
    levels = [f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "x-laughs:\n  l0: &l0 [ha]\n" + "\n".join(levels) + "\n" + AGENT.format("x")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


FILES: dict[str, tuple[str | Callable[[Path], None], str]] = {
    "a billion laughs": (laughs(), "too-large"),
    "ten megabytes of brackets": ("[" * 10_000_000, "too-large"),
    "a megabyte of brackets": ("[" * 1_000_000, "too-deep"),
    "an object of Python": (AGENT.format("!!python/object/apply:os.system ['touch ran']"), "unknown-tag"),
    "a module of Python": (AGENT.format("!!python/module:ran"), "unknown-tag"),
    "a named pipe": (pipe, "not-a-file"),
    "a file without end": (endless, "not-a-file"),
    "the class of a text": (in_block("{{ ''.__class__.__mro__[1].__subclasses__() }}"), "sandbox-violation"),
    "the globals of a macro": (in_block("{% macro m() %}{% endmacro %}{{ m.__globals__ }}"), "sandbox-violation"),
    "the class through a filter": (in_block("{{ '' | attr('__class__') }}"), "sandbox-violation"),
    "the class through format": (in_block("{{ '{0.__class__}'.format(1) }}"), "sandbox-violation"),
    "a loop in a loop": (
        in_block("{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}"),
        "too-expensive",
    ),
    "a macro that calls itself": (in_block("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), "too-expensive"),
    "a text that doubles": (
        in_block("{% set n = namespace(t='xxxx') %}{% for a in range(999) %}{% set n.t = n.t ~ n.t %}{% endfor %}"),
        "too-expensive",
    ),
    "a long text": (in_block("{{ 'x' * 10 ** 9 }}"), "too-expensive"),
    "a wide text": (in_block("{{ '%999999999d' % 1 }}"), "too-expensive"),
    "a large number": (in_block("{{ 9 ** 9 ** 9 }}"), "too-expensive"),
    "a long range": (in_block("{{ range(10 ** 10) | list }}"), "too-expensive"),
    "a template in itself": (in_block("{% include 'self.md' %}"), "include-cycle"),
    "deep brackets in an expression": (in_block("{{ " + "(" * 50_000 + ")" * 50_000 + " }}"), "too-expensive"),
    "deep blocks": (in_block("{% if 1 %}" * 5_000 + "{% endif %}" * 5_000), "too-expensive"),
    "open braces": (in_block("{{ " * 200_000), "too-expensive"),
    "a guard that never ends": (
        AGENT.format("x") + '    tools: [{use: "t:f", requires: "' + "(" * 30_000 + '"}]\n',
        "bad-expression",
    ),
    "an include of everything": ("include: ['/**/*']\n" + AGENT.format("x"), "path-outside-project"),
}
PROGRAM = """
import sys, time
from orchestrator.survey import survey
from pathlib import Path
start = time.process_time()
found = survey([Path("bot.yaml")]).diagnostics
seconds = time.process_time() - start
# what getrusage tells begins with the memory of the process that started this one
peak = open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]
print(",".join(sorted({each.code for each in found})), seconds, peak)
"""


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart("orchestrator.survey") as opened:
        yield opened


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process from /proc")
@pytest.mark.parametrize("name", FILES)
def test_groups_26_and_30_a_hostile_file_is_a_diagnostic_in_time(name: str, tmp_path: Path, apart: Apart) -> None:
    made, code = FILES[name]
    path = tmp_path / "bot.yaml"
    (tmp_path / "self.md").write_text("{% include 'self.md' %}")
    (tmp_path / "t.py").write_text('def f() -> str:\n    """F."""\n    return ""\n')
    if isinstance(made, str):
        path.write_text(made)
    else:
        made(path)
    ended = apart.run(PROGRAM, tmp_path)
    assert ended.code == 0, ended.out
    codes, seconds, kilobytes = ended.out.split()
    assert code in codes.split(",")
    assert float(seconds) < 2
    assert int(kilobytes) < 200_000
    assert not (tmp_path / "ran").exists()
