"""Templates: what they can do, and that they can't run for ever, fill the memory or reach into Python (group 30)."""

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.errors import RenderError
from orchestrator.templates import Instructions, compile_expression, environment, holds
from tests.support.apart import Apart

FINE = {
    "a loop knows its length": (
        "{% for x in [1, 2] %}{{ loop.index }}/{{ loop.length }}{% if not loop.last %},{% endif %}{% endfor %}",
        "1/2,2/2",
    ),
    "a filtered loop": ("{% for x in [1, 2, 3] if x > 1 %}{{ loop.length }}{% endfor %}", "22"),
    "an empty loop": ("{% for x in [] %}x{% else %}none{% endfor %}", "none"),
    "a loop over pairs": ("{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %}", "a=1"),
    "a recursive loop": ("{% for x in [[1], [2]] recursive %}{{ x }}{% endfor %}", "[1][2]"),
    "texts are joined": ("{{ 'a' ~ 'b' ~ 3 }}", "ab3"),
    "a macro": ("{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m(87654321) }}", "[87654321]"),
    "a call block": ("{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}x{% endcall %}", "<x>"),
    "filters": ("{{ [3, 1, 2] | sort | map('string') | join(',') | upper }}", "1,2,3"),
    "a filter that needs the environment": ("{{ ['b', 'a'] | map('upper') | sort | first }}", "A"),
    "large numbers that are only shown": (
        "{{ 12345678 | string }} {{ '{:,}'.format(12345678) }}",
        "12345678 12,345,678",
    ),
    "old formats": ("{{ '%05d' | format(3) }} {{ '%s' % 'x' }}", "00003 x"),
    "a namespace": (
        "{% set n = namespace(x=1) %}{% for i in range(3) %}{% set n.x = n.x * 2 %}{% endfor %}{{ n.x }}",
        "8",
    ),
    "powers": ("{{ 2 ** 10 }}", "1024"),
    "blocks take their line": ("{% if true %}\na\n{% endif %}\nb", "a\nb"),
}

ENDLESS = {
    "loops in loops": "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "a macro that calls itself": "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    "a macro that branches": (
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}"
    ),
    "doubling with ~": ("{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}"),
    "doubling with +": ("{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}"),
    "doubling with a filter": (
        "{% set n = namespace(x='a') %}{% for i in range(60) %}{% set n.x = n.x | replace('a', 'aa') %}{% endfor %}"
    ),
    "a list of itself": (
        "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}"
    ),
    "a text times a number": "{{ 'a' * 10 ** 10 }}",
    "a list times a number": "{{ [1] * 10 ** 9 }}",
    "a tower of powers": "{{ 9 ** 9 ** 9 }}",
    "a width in a method": "{{ 'a'.ljust(10 ** 10) }}",
    "a width in a filter": "{{ 'a' | center(10000000000) }}",
    "a width in a format": "{{ '{:10000000000}'.format(3) }}",
    "a width that a format refers to": "{{ '{:{w}}'.format(3, w='1000000000') }}",
    "a width in an old format": "{{ '%10000000000d' % 3 }}",
    "a width that an old format refers to": "{{ '%*d' % (1000000000, 3) }}",
    "a width in the format filter": "{{ '%10000000000d' | format(3) }}",
    "long texts in a loop": "{% for i in range(3000) %}{{ 'x' * 999999 }}{% endfor %}",
    "long texts in a set block": "{% set x %}{% for i in range(90000) %}{{ 'y' * 900 }}{% endfor %}{% endset %}{{ x }}",
    "plain text in a loop": "{% for i in range(90000) %}" + "z" * 1000 + "{% endfor %}",
    "slices": "{% set x = 'a' * 999999 %}{% for i in range(90000) %}{% set y = x[1:] %}{% endfor %}",
    "comparisons": "{% set x = [1] * 90000 %}{% for i in range(90000) %}{% set y = x == x %}{% endfor %}",
    "files that include each other twice": "{% include 'twice0.md' %}",
    "a file that includes itself": "{% include 'loop.md' %}",
}


@pytest.mark.parametrize("case", FINE)
def test_group_30_what_routines_use_works(case: str) -> None:
    text, expected = FINE[case]
    assert Instructions(text).render({}) == expected


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart("resource", "orchestrator.templates") as opened:
        yield opened


@pytest.mark.parametrize("case", ENDLESS)
def test_group_30_a_template_without_end_is_stopped(case: str, tmp_path: Path, apart: Apart) -> None:
    """In a process of its own, with little memory and little time."""
    (tmp_path / "loop.md").write_text("{% include 'loop.md' %}")
    for index in range(40):
        (tmp_path / f"twice{index}.md").write_text(f"{{% include 'twice{index + 1}.md' %}}" * 2)
    (tmp_path / "twice40.md").write_text("end")
    program = textwrap.dedent(f"""
        import resource
        from orchestrator.errors import RenderError
        from orchestrator.templates import Instructions
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
        try:
            Instructions({ENDLESS[case]!r}, origin="a.yaml").render({{}})
        except RenderError as error:
            print("stopped:", error)
    """)
    done = apart.run(program, tmp_path)
    assert done.out.startswith("stopped: ")
    assert "MemoryError" not in done.out


@pytest.mark.parametrize("text", ["{{ ''.__class__ }}", "{{ cycler.__init__.__globals__ }}", "{{ [].append(1) }}"])
def test_group_30_a_template_can_not_reach_into_python(text: str) -> None:
    with pytest.raises(RenderError):
        Instructions(text).render({})


def test_group_30_each_rendering_has_a_budget_of_its_own() -> None:
    routine = Instructions("{% for i in range(60000) %}{% endfor %}done")
    assert [routine.render({}) for _ in range(3)] == ["done"] * 3


def test_group_21a_an_expression_is_bounded_too_and_false_when_it_can_not_be_told() -> None:
    assert holds("amount < 100", {"amount": 5})
    assert not holds("range(99999) | map('string') | join('x' * 9999) | length > 0", {})
    assert not holds("nothing_of_this_name", {})
    with pytest.raises(RenderError):
        compile_expression("a +")


FAILING = {
    "a\n{{ company + 1 }}": ("'+' can't take a text and a number", 2),
    "{{ nothing }}": ("'nothing' has no value here", 1),
    "{{ none.x }}": ("null has no 'x'", 1),
    "\n\n{% include 'nowhere.md' %}": ("there is no file 'nowhere.md'", 3),
    "{{ 1 / 0 }}": ("a division by zero", 1),
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}": ("a macro, a loop or a template calls itself for ever", 1),
}


@pytest.mark.parametrize("text", FAILING)
def test_group_30_a_rendering_that_fails_says_why_in_one_line(text: str, tmp_path: Path) -> None:
    routine = Instructions(text, str(tmp_path / "a.yaml"), environment(tmp_path))
    with pytest.raises(RenderError) as caught:
        routine.render({"company": "ACME"})
    assert (str(caught.value), caught.value.line) == FAILING[text]


def test_group_30_a_failure_in_an_included_file_names_it(tmp_path: Path) -> None:
    (tmp_path / "tone.md").write_text("one\n{{ 1 / 0 }}")
    routine = Instructions("{% include 'tone.md' %}", str(tmp_path / "a.yaml"), environment(tmp_path))
    with pytest.raises(RenderError) as caught:
        routine.render({})
    assert str(caught.value) == f"{tmp_path.resolve() / 'tone.md'}, line 2: a division by zero"


def test_group_30_a_broken_template_says_where() -> None:
    with pytest.raises(RenderError) as caught:
        Instructions("one\n{{ company name }}")
    assert (str(caught.value), caught.value.line) == ("'name' can't follow 'company'", 2)


def test_each_template_is_parsed_and_compiled_once(tmp_path: Path) -> None:
    env = environment(tmp_path)
    origin = str(tmp_path / "a.yaml")
    assert env.tree("Hi {{ x }}") is env.tree("Hi {{ x }}")
    assert env.routine("Hi {{ x }}", origin) is env.routine("Hi {{ x }}", origin)
    assert Instructions("Hi {{ x }}", origin, env).render({"x": 1}) == "Hi 1"
