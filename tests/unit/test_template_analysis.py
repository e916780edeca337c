"""What the analysis of a routine finds without running an agent: groups 30 and 39, and the templates of 26 and 28."""

import os
import re
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.agents import Variable
from orchestrator.templates import Analysis, Known, analyse, check_syntax, environment
from tests.support.apart import Apart

VARIABLES = (
    Variable("company", default="ACME"),
    Variable("language", default="en", enum=("en", "de")),
    Variable("level", type="integer", default=1),
    Variable("verified", type="boolean", default=False),
    Variable("nickname", default=None),
    Variable("customer_id"),
    Variable("amount", type="number"),
    Variable("plan", enum=("basic", "pro")),
    Variable("order", type="object"),
    Variable("items", type="list"),
    Variable("prices", type="object", default={"tea": 2}),
    Variable("token", secret=True),
)
KNOWN = Known(
    {variable.name: variable for variable in VARIABLES},
    {"name": "triage", "label": "Triage", "description": "Finds out what is needed"},
    [{"name": "sales", "label": "Sales", "description": "Sells"}],
)

PIECE = r"\{\{|\}\}|\{%|%\}|\{#|#\}|\w+|\s+|[^\w\s]"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "agents").mkdir()
    return tmp_path.resolve()


def analysed(text: str, root: Path, **files: str) -> Analysis:
    """Analyse a routine of agents/acme.yaml, with files beside it; ``__`` in a name stands for a dot."""
    for name, content in files.items():
        (root / "agents" / name.replace("__", ".")).write_text(content, encoding="utf-8")
    return analyse(text, root / "agents" / "acme.yaml", environment(root), KNOWN)


def found(analysis: Analysis) -> list[str]:
    """Each fault as file:line:column code."""
    return [
        f"{fault.path.name + ':' if fault.path else ''}{fault.line}:{fault.column} {fault.code}"
        for fault in analysis.faults
    ]


def only(analysis: Analysis) -> tuple[str, str, str]:
    """Place and code, message and hint of the only fault."""
    assert len(analysis.faults) == 1, analysis.faults
    return found(analysis)[0], analysis.faults[0].message, analysis.faults[0].hint or ""


SYNTAX = {
    "{{ company": ("1:1", "never closed", "write }}"),
    "a\n  {{ company }\nb": ("2:14", "not by a single '}'", "write }}"),
    "{{ company %}": ("1:12", "closed by '%}'", "}}"),
    "{% if verified }}x{% endif %}": ("1:16", "closed by '}}'", "%}"),
    "{{ company\n{{ level }}": ("1:1", "never closed", "write }}"),
    "{% if verified %}x": ("1:1", "{% if %} is never closed", "{% endif %}"),
    "{% for i in items %}{% if i %}x{% endif %}": ("1:1", "{% for %} is never closed", "{% endfor %}"),
    "{% set x %}text": ("1:1", "{% set %} is never closed", "{% endset %}"),
    "# Title {#anchor}\ntext": ("1:9", "'{#' begins a comment", '{{ "{#" }}'),
    "{% raw %}{{ x }}": ("1:1", "never closed", "{% endraw %}"),
    "{{{ company }}}": ("1:1", "a brace too much", "{{"),
    "{% endfor %}": ("1:4", "no {% for %} before", "leave it out"),
    "{% else %}": ("1:4", "no {% if %} before", "leave it out"),
    "{% if verified %}\n{% for i in items %}\n{% endif %}": ("3:4", "{% for %} 1 line above", "{% endfor %}"),
    "{% if verified %}x{% end if %}": ("1:22", "'end if'", "{% endif %}"),
    "{% if verified %}x{% end %}": ("1:22", "'end'", "{% endif %}"),
    "{% if verified %}{% elseif level %}{% endif %}": ("1:21", "'elseif'", "elif"),
    "{% if verified %}{% else if level %}{% endif %}": ("1:26", "'else if'", "elif"),
    "{% forr i in items %}{% endfor %}": ("1:4", "no tag 'forr'", "'for'"),
    "{% for i in items %}{% break %}{% endfor %}": ("1:24", "no tag 'break'", "if"),
    "{% for i items %}{% endfor %}": ("1:10", "over what", "for item in items"),
    "{% %}": ("1:4", "begins with its name", "write one"),
    "{% if %}x{% endif %}": ("1:7", "missing after 'if'", "condition"),
    "{% include a b.md %}": ("1:14", "can't follow 'a'", "quotes"),
    "{% include /a/b.md %}": ("1:12", "can't stand after 'include'", "quotes"),
    '{% import "m.md" %}': ("1:18", "'as' is wanted", "as m"),
    "{{ customer id }}": ("1:13", "'id' can't follow 'customer'", "customer_id"),
    "Hi {{ }}": ("1:4", "nothing between", "write"),
    "{{ order.id. }}": ("1:14", "after the dot", "drop"),
    "{{ verified && level }}": ("1:13", "'and'", "`and`"),
    "{{ verified || level }}": ("1:13", "'or'", "`or`"),
    "{{ !verified }}": ("1:4", "'not'", "`not`"),
    "{% if level = 1 %}{% endif %}": ("1:13", "does not compare", "=="),
    "{{ level === 1 }}": ("1:10", "'==='", "=="),
    "{{ (level }}": ("1:4", "'(' is never closed", "')'"),
    "{{ level) }}": ("1:9", "closes nothing", "leave it out"),
    "{{ (level] }}": ("1:10", "closes no bracket", "')'"),
    "{{ 'company }}": ("1:4", "the quote ' is never closed", "write '"),
    "{{ “company” }}": ("1:4", "not the quote", "'"),
    "{{ ${company} }}": ("1:4", "no '$'", "alone"),
    "{{ level ? 1 : 2 }}": ("1:10", "no '?'", "a if condition else b"),
    "{{ level + }}": ("1:12", "missing after '+'", ""),
    "{% set true = 1 %}": ("1:8", "can't be given a value", "another name"),
    "{% set none = 1 %}": ("1:8", "can't be given a value", "another name"),
    "{% for loop in items %}{% endfor %}": ("1:8", "can't be given a value", "another name"),
    "{% block a-b %}{% endblock %}": ("1:11", "no hyphens", "underscore"),
    "{% block a %}{% endblock %}\n{% block a %}{% endblock %}": ("2:4", "'a' stands twice", "self.a()"),
    "{{ company | uper }}": ("1:14", "no filter 'uper'", "'upper'"),
    "{% if company is defind %}{% endif %}": ("1:18", "no test 'defind'", "'defined'"),
    "{% if false %}{{ 1 | strftime('x') }}{% endif %}": ("1:22", "no filter 'strftime'", "strftime"),
    "\u00e4\U0001f600 {{ customer id }}": ("1:16", "can't follow", "customer_id"),
    "one\r\ntwo {{ a b }}": ("2:10", "can't follow", "a_b"),
}


@pytest.mark.parametrize("text", SYNTAX)
def test_group_30_39_a_syntax_error_at_its_character_in_our_words(text: str, root: Path) -> None:
    place, message, hint = SYNTAX[text]
    where, said, help_ = only(analysed(text, root))
    assert where == f"{place} template-syntax"
    assert message in said
    assert hint in help_
    assert not any(word in said + help_ for word in ("Jinja", "token", "Encountered", "eof"))


FINE = [
    "Just text, with { single } braces and 100 %.",
    '{{ "{#" }} {% raw %}{{ x }} {% if %} {#{% endraw %} {# a comment #}',
    "{% for item in items %}{{ loop.index }}: {{ item }}{% else %}none{% endfor %}",
    "{% for a, (b, c) in items %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% set a = company %}{% set b, c = 1, 2 %}{{ a }}{{ b }}{{ c }}",
    "{% set text | upper %}{{ company }}{% endset %}{{ text }}",
    "{% with x = 1, y = 2 %}{{ x + y }}{% endwith %}",
    "{% macro m(a, b=a) %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{{ company }}{% endmacro %}{{ m(1) }}",
    "{% macro m() %}{{ caller(1) }}{% endmacro %}{% call(x) m() %}{{ x }}{% endcall %}",
    "{% filter upper %}{{ company }}{% endfilter %}",
    "{% block b %}{{ company }}{% endblock %}{{ self.b() }}",
    "{% for i in [1] %}{% block c scoped %}{{ i }}{% endblock %}{% endfor %}",
    "{% set n = namespace(x=1) %}{% for i in [1] %}{% set n.x = i %}{% endfor %}{{ n.x }}",
    "{% if verified %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% if verified %}{% set x = 1 %}{% endif %}{% if verified %}{{ x }}{% endif %}",
    "{{ agent.name }}{{ agent.label }}{{ agent['description'] }}{{ agent.items() | list }}",
    "{% for h in handoffs %}{{ h.name }}: {{ h.description }}{% endfor %}{{ handoffs[0].label }}",
    "{{ handoffs | map(attribute='label') | join(', ') }} {{ now.strftime('%Y-%m-%d') }}",
    "{{ range(3) | list }}{{ dict(a=1) }}{{ cycler(1, 2).next() }}{% set j = joiner() %}{{ j() }}",
    "{% if order.customer.name %}{{ order.items[0] }}{% endif %}{{ items | length }}",
    "{{ prices.tea }}{{ prices[customer_id] | default(0) }}",
    "{{ prices[customer_id] }}",
    "{{ {'de': 'Deutsch'}[customer_id] }}",
    "{{ customer_id.split('@')[1] }}{{ customer_id[0] }}",
    "{% if customer_id == 'x' %}fine{% else %}{{ 1 / 0 }}{% endif %}",
    "{% if plan == 'pro' %}{{ 1 / 0 }}{% endif %}",
    "{{ amount * 2 }}{{ 100 / amount }}",
    "{% if nickname %}{{ nickname.upper() }}{% endif %}{{ nickname or 'you' }}",
    "{% if now.hour < 12 %}morning{% else %}{{ 1 / 0 }}{% endif %}",
    "{% for item in items recursive %}{{ loop(item.children) if item.children }}{% endfor %}",
    "{{ order._id }}",
    "{% include ['nowhere.md', 'a.md'] %}{% include 'nowhere.md' ignore missing %}",
    "{% import 'm.md' as m %}{{ m.plain(company) }}{% from 'm.md' import plain as p %}{{ p(1) }}",
    "{% import 'm.md' as m with context %}{{ m.coloured() }}",
    "{% for part in ['a.md', 'b.md'] %}{% set item = 1 %}{% include part %}{% endfor %}",
    "{% if language == 'en' %}{% include 'only_' ~ language ~ '.md' %}{% endif %}",
    "{% if language == 'en' %}{% include 'chosen.md' %}{% endif %}",
    "{% set file = 'lang_' ~ language ~ '.md' %}{% include file %}",
    "{% include 'lang_' ~ ('de' if language == 'de' else 'en') ~ '.md' %}",
    "{% include 'of_' ~ agent.name ~ '.md' %}",
    "{% extends 'base.md' %}{% set title = 'x' %}{% block body %}{{ super() }}{{ footer }}{% endblock %}",
]
FILES = {
    "a__md": "A {{ company }}",
    "b__md": "B {{ item }}",
    "m__md": "{% macro plain(x) %}{{ x }}{% endmacro %}{% macro coloured() %}{{ company }}{% endmacro %}",
    "only_en__md": "English",
    "chosen__md": "{% include 'only_' ~ language ~ '.md' %}",
    "lang_en__md": "English",
    "lang_de__md": "Deutsch",
    "of_triage__md": "mine",
    "base__md": "{% set footer = 'f' %}{{ title }}{% block body %}{{ company }}{% endblock %}",
}


@pytest.mark.parametrize("text", FINE)
def test_group_30_no_false_alarm(text: str, root: Path) -> None:
    analysis = analysed(text, root, **FILES)
    assert analysis.faults == ()
    assert analysis.complete


NAMES = {
    "{{ compny }} and {{ compny }}": ["1:4 undefined-variable", "1:21 undefined-variable"],
    "{{ nobody is defined }}{{ nothing | default('x') }}": ["1:4 undefined-variable", "1:27 undefined-variable"],
    "{% if false %}\n{{ nobody }}\n{% endif %}": ["2:4 undefined-variable"],
    "{% for i in items %}{{ i }}{% endfor %}{{ i }}": ["1:43 undefined-variable"],
    "{% with x = 1 %}{% endwith %}{{ x }}": ["1:33 undefined-variable"],
    "{% macro m(a) %}{{ a }}{{ b }}{% endmacro %}{{ a }}{{ m(1) }}": [
        "1:27 undefined-variable",
        "1:48 undefined-variable",
    ],
    "{{ greet(company) }}": ["1:4 undefined-variable"],
    "{% for i in [1] %}{% block b %}{{ i }}{% endblock %}{% endfor %}": ["1:35 undefined-variable"],
    "{{ loop.index }}{{ caller() }}{{ super() }}": ["1:4", "1:20", "1:34"],
    "{{ agent.titel }}{{ handoffs[0].nam }}{% for h in handoffs %}{{ h.lable }}{{ loop.inde }}{% endfor %}": [
        "1:10",
        "1:33",
        "1:67",
        "1:83",
    ],
    "{{ handoffs.name }}": ["1:13 undefined-variable"],
    "{{ token }}{% if token %}{% endif %}": ["1:4 secret-in-template", "1:18 secret-in-template"],
    "{{ range(nobody) }}{{ dict(a=nothing) }}": ["1:10", "1:30"],
    "{% set x = nobody %}{{ [x, {'k': y}] }}": ["1:12", "1:34"],
    "{{ a.b }}{{ a['c'] }}": ["1:4", "1:13"],
    "{% set n.x = 1 %}": ["1:8 undefined-variable"],
}


@pytest.mark.parametrize("text", NAMES)
def test_group_30_names_that_nothing_declares_or_binds(text: str, root: Path) -> None:
    places = found(analysed(text, root))
    assert sorted(places) == sorted(
        f"{place} undefined-variable" if " " not in place else place for place in NAMES[text]
    )


def test_group_30_what_was_meant(root: Path) -> None:
    hints = {
        "{{ compny }}": "did you mean 'company'?",
        "{% set total = 1 %}{{ totl }}": "did you mean 'total'?",
        "{{ agent.labl }}": "did you mean 'label'?",
        "{{ agent.colour }}": "it has: name, label, description",
        "{{ qqq }}": "declare it under `variables:`",
        "{{ len(items) }}": "write: value | length",
        "{{ loop }}": "`loop` is there inside of {% for %} only",
        "{% include lang/en-us.md %}": 'write "lang/en-us.md"',
    }
    assert {text: analysed(text, root).faults[0].hint for text in hints} == hints
    assert len(analysed("{% include lang/en-us.md %}", root).faults) == 1


def test_group_30_faults_of_included_files_come_with_their_way(root: Path) -> None:
    files = {"a__md": "x\n{% include 'b.md' %}", "b__md": "{{ a b }}", "c__md": "{{ nobody }}"}
    analysis = analysed("1\n{% include 'a.md' %}{% include 'c.md' %}{{ nothing }}", root, **files)
    assert found(analysis) == [
        "b.md:1:6 template-syntax",
        "c.md:1:4 undefined-variable",
        "2:44 undefined-variable",
    ]
    assert analysis.faults[0].chain == ((None, 2, 12), (root / "agents" / "a.md", 2, 12))
    assert not analysis.complete


def test_group_30_an_included_file_sees_locals_and_an_imported_one_sees_nothing(root: Path) -> None:
    files = {"row__md": "{{ row }}", "m__md": "{% macro hi() %}{{ company }}{% endmacro %}"}
    assert analysed("{% for row in items %}{% include 'row.md' %}{% endfor %}", root, **files).faults == ()
    where, _, _ = only(analysed("{% include 'row.md' %}", root))
    assert where == "row.md:1:4 undefined-variable"
    where, _, hint = only(analysed("{% from 'm.md' import hi %}{{ hi() }}", root))
    assert where == "m.md:1:20 undefined-variable"
    assert "with context" in hint
    assert only(analysed("{% include 'm.md' without context %}", root))[0] == "m.md:1:20 undefined-variable"


def test_group_30_names_that_a_file_does_not_export(root: Path) -> None:
    text = "{% from 'm.md' import helo %}{% import 'm.md' as m %}{{ m.helo() }}"
    analysis = analysed(text, root, m__md="{% macro hello() %}{% endmacro %}")
    assert found(analysis) == ["1:23 undefined-variable", "1:59 undefined-variable"]
    assert analysis.faults[0].hint == "did you mean 'hello'?"


INCLUDES = {
    "{% include 'nowhere.md' %}": ("1:12 missing-include", "no file 'agents/nowhere.md'"),
    "{% include '.' %}": ("1:12 missing-include", "is a folder"),
    "{% include 'latin.md' %}": ("1:12 missing-include", "not UTF-8"),
    "{% include 'pipe' %}": ("1:12 missing-include", "not a regular file"),
    "{% include 'ring' %}": ("1:12 missing-include", ""),
    "{% include 'huge.md' %}": ("1:12 too-expensive", "larger than"),
    "{% include '../../outside.md' %}": ("1:12 path-outside-project", "outside the project"),
    "{% include '/etc/hostname' ignore missing %}": ("1:12 path-outside-project", "outside the project"),
    "{% include 'link.md' %}": ("1:12 path-outside-project", "outside the project"),
    "{% include 'fr_' ~ language ~ '.md' %}": ("1:12 missing-include", "(with language = 'de')"),
    "{% include customer_id %}": ("1:12 unprovable-include", "has no enum"),
    "{% include 'x' ~ now %}": ("1:18 unprovable-include", "may be anything"),
    "{% for f in items %}{% include f %}{% endfor %}": ("1:32 unprovable-include", "set in the template"),
    "{% include none %}": ("1:4 missing-include", "no name of a file"),
    "{% include 'same.md' %}": ("same.md:1:12 include-cycle", "agents/same.md -> agents/same.md"),
    "{% include 'one.md' %}": ("two.md:1:31 include-cycle", "agents/one.md -> agents/two.md -> agents/one.md"),
    "{% include ['x.md', 'y.md'] %}": ("1:12 missing-include", "none of these files is there: x.md, y.md"),
    "{% include '\x00' %}": ("1:12 missing-include", ""),
    "{% extends 'nowhere.md' %}": ("1:12 missing-include", "no file"),
    "{% import 'nowhere.md' as m %}{{ m.x() }}": ("1:11 missing-include", "no file"),
}


@pytest.mark.parametrize("text", INCLUDES)
def test_group_28_30_includes(text: str, root: Path) -> None:
    agents = root / "agents"
    (agents / "latin.md").write_bytes(b"\xe4")
    os.mkfifo(agents / "pipe")
    (agents / "ring").symlink_to("ring")
    (agents / "huge.md").write_text("x" * 1_000_001)
    (agents / "link.md").symlink_to("/etc/hostname")
    files = {
        "fr_en__md": "",
        "same__md": "{% include 'same.md' %}",
        "one__md": "{% include 'two.md' %}",
        "two__md": "{% if false %}{% include\n'one.md' %}{% endif %}".replace("\n", " "),
    }
    where, message = INCLUDES[text]
    place, said, _ = only(analysed(text, root, **files))
    if "two.md" in where:
        where = where.replace("1:31", "1:26")
    assert place == where
    assert message in said


def test_group_30_too_many_combinations_can_not_be_proven(root: Path) -> None:
    many = {f"v{i}": Variable(f"v{i}", default="a", enum=tuple("abcd")) for i in range(6)}
    text = "{% include " + " ~ ".join(many) + " %}"
    analysis = analyse(text, root / "a.yaml", environment(root), Known(many, {}, []))
    assert found(analysis) == ["1:12 unprovable-include"]


def test_group_30_what_is_included_on_many_ways_is_read_once_and_told_once(root: Path) -> None:
    files = {f"d{i}__md": f"{i} {{% include 'd{i + 1}.md' %}}{{% include 'd{i + 1}.md' %}}" for i in range(20)}
    analysis = analysed("{% include 'd0.md' %}", root, **files, d20__md="end")
    assert [fault.code for fault in analysis.faults] == ["too-expensive"]
    assert len(analysis.files) == 21
    assert [piece.text for piece in analysis.pieces].count("end") == 1


RENDERED = {
    "{{ company + 1 }}": ("1:4 render-failed", "'+' can't take a text and a number"),
    "a\n {{ 1 / (level - 1) }}": ("2:5 render-failed", "division by zero"),
    "{{ company.owner }}": ("1:12 render-failed", "a text has no 'owner'"),
    "{{ prices.coffee + 1 }}": ("1:4 render-failed", "an object has no 'coffee'"),
    "{{ nickname.upper() }}": ("1:18 render-failed", "null has no 'upper'"),
    "{{ x }}{% set x = 1 %}": ("1:4 render-failed", "'x' has no value here"),
    "{% for x in level %}{% endfor %}": ("1:4 render-failed", "a number can't be looped over"),
    "{{ customer_id + 1 }}": ("1:4 render-failed", "'+' can't take a text and a number"),
    "{{ company | replace }}": ("1:14 render-failed", "arguments"),
    "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}": ("1:35 render-failed", "takes 1 arguments only"),
    "{{ order.x }}{{ 1 / 0 }}": None,
    "{{ 1 / 0 }}{{ order.x }}": ("1:4 render-failed", "division by zero"),
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}": ("1:43 too-expensive", "for ever"),
    "{% if verified %}{% for i in range(99999) %}{% for j in range(9) %}{% endfor %}{% endfor %}{% endif %}": (
        "1:48 too-expensive",
        "steps",
    ),
    "{{ range(10 ** 9) }}": ("1:9 too-expensive", "too large"),
    "{{ ''.__class__ }}": ("1:7 sandbox-violation", "'__class__'"),
    "{{ '' | attr('__class__') }}{{ items | map(attribute='x.__init__') }}": None,
    "{{ prices.clear() }}": ("1:16 sandbox-violation", "reaches"),
    "{{ '{0.__class__}'.format(1) }}": ("1:26 sandbox-violation", "reaches"),
}


@pytest.mark.parametrize("text", [text for text, expected in RENDERED.items() if expected])
def test_group_30_the_trial_finds_what_surely_fails(text: str, root: Path) -> None:
    expected = RENDERED[text]
    assert expected is not None
    where, message, _ = only(analysed(text, root))
    assert where == expected[0]
    assert expected[1] in message


def test_group_30_what_may_come_from_an_unknown_shape_is_not_reported(root: Path) -> None:
    assert analysed("{{ order.x }}{{ 1 / 0 }}", root).faults == ()


def test_group_30_ways_into_python_through_filters(root: Path) -> None:
    text = "{{ '' | attr('__class__') }}{{ items | map(attribute='x.__init__') }}"
    assert found(analysed(text, root)) == ["1:15 sandbox-violation", "1:55 sandbox-violation"]


def test_group_30_a_failure_in_an_included_file_is_told_there(root: Path) -> None:
    analysis = analysed("x {% include 'bad.md' %}", root, bad__md="one\ntwo {{ 1 / 0 }}")
    assert found(analysis) == ["bad.md:2:8 render-failed"]
    assert analysis.faults[0].chain == ((None, 1, 14),)
    assert analysis.faults[0].length == len("1 / 0")


def test_group_30_a_fault_hides_no_other_and_is_not_told_twice(root: Path) -> None:
    text = "{{ nobody }}{% include 'nowhere.md' %}{{ token }}{{ 1 | uper }}{{ ''.__class__ }}{{ 1 / 0 }}"
    codes = sorted(fault.code for fault in analysed(text, root).faults)
    assert codes == [
        "missing-include",
        "sandbox-violation",
        "secret-in-template",
        "template-syntax",
        "undefined-variable",
    ]


def test_group_30_what_is_used_and_what_is_literal(root: Path) -> None:
    files = {"a__md": "file {{ level }}", "m__md": "{% macro m(x) %}[{{ x }}]{% endmacro %}"}
    text = (
        "Hi {{ company }}\n{% raw %}{{ raw }}{% endraw %}{% include 'a.md' %}{% import 'm.md' as m %}{{ agent.name }}"
    )
    analysis = analysed(text, root, **files)
    assert analysis.used == {"company", "level", "agent"}
    pieces = {
        (piece.text, piece.path.name if piece.path else None, piece.line, piece.column) for piece in analysis.pieces
    }
    assert ("Hi ", None, 1, 1) in pieces
    assert ("{{ raw }}", None, 2, 10) in pieces
    assert ("file ", "a.md", 1, 1) in pieces
    assert ("[", "m.md", 1, 17) in pieces
    assert analysis.files == {root / "agents" / "a.md": files["a__md"], root / "agents" / "m.md": files["m__md"]}


HOSTILE = {
    "brackets": '"{{ " + "(" * 100_000 + ")" * 100_000 + " }}"',
    "lists": '"{{ " + "[" * 100_000',
    "ifs": '"{% if 1 %}" * 100_000',
    "closed ifs": '"{% if 1 %}" * 120 + "{% endif %}" * 120',
    "closed fors": '"{% for i in [1] %}" * 30 + "{% endfor %}" * 30',
    "braces": '"{{" * 500_000',
    "tags": '"{{ company }}" * 70_000',
    "a long sum": '"{{ " + "level+" * 20_000 + "1 }}"',
    "a long concatenation": '"{{ " + "level~" * 30_000 + "1 }}"',
    "a long condition": '"{{ " + "not " * 20_000 + "1 }}"',
    "attributes": '"{{ company" + ".a" * 20_000 + " }}"',
    "filters": '"{{ company" + "|upper" * 20_000 + " }}"',
    "digits": '"{{ " + "1" * 900_000 + " }}"',
    "comments": '"{# #}" * 200_000 + "{#"',
    "quotes": '"{{ " + chr(39) * 900_001 + " }}"',
    "loops": '"{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"',
    "many loops": '"{% for a in range(99999) %}{% endfor %}" * 1_000',
    "a text": """ "{{ 'x' * 10 ** 9 }}" """,
    "ranges": '"{{ range(10 ** 9) | list }}"',
    "macros": '"{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}"',
    "long texts": """ "{% set x = 'a' * 10 ** 6 %}{% for i in range(99999) %}{% set y = x | upper %}{% endfor %}" """,
    "slices": """ "{% set x = 'a' * 10 ** 6 %}{% for i in range(99999) %}{% set y = x[1:] %}{% endfor %}" """,
    "comparisons": '"{% set x = [1] * 90000 %}{% for i in range(99999) %}{% if x == x + [] %}{% endif %}{% endfor %}"',
    "tests": '"{% set x = [1] * 90000 %}{% for i in range(99999) %}{% if x is eq x %}{% endif %}{% endfor %}"',
    "methods": """ "{% set x = 'a' * 10 ** 6 %}{% for i in range(99999) %}{% set y = x.count('b') %}{% endfor %}" """,
    "sorting": '"{% set x = range(99999) | list %}{% for i in range(999) %}{% set y = x | sort %}{% endfor %}"',
    "doubled names": '"{% set a = company %}" + "{% set a = a ~ a %}" * 40 + "{% include a %}"',
    "including itself": """ "{% include 'self.md' %}" """,
    "including many": """ "{% include 'c0.md' %}" """,
}


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart("resource", "orchestrator.templates") as opened:
        yield opened


@pytest.mark.parametrize("case", HOSTILE)
def test_group_30_hostile_templates_are_a_diagnostic_in_time(case: str, root: Path, apart: Apart) -> None:
    """In a process of its own: 2 seconds of CPU for the analysis, and 200 MB."""
    (root / "self.md").write_text("{% include 'self.md' %}")
    for index in range(300):
        (root / f"c{index}.md").write_text(f"{{% include 'c{index + 1}.md' %}}")
    program = textwrap.dedent(f"""
        import resource, time
        from pathlib import Path
        from orchestrator.agents import Variable
        from orchestrator.templates import Known, analyse, environment
        variables = {{"company": Variable("company", default="ACME"), "level": Variable("level", "integer", 1)}}
        text = {HOSTILE[case].strip()}
        begun = time.process_time()
        faults = analyse(text, Path("a.yaml").resolve(), environment(Path.cwd()), Known(variables, {{}}, [])).faults
        spent = time.process_time() - begun
        # not getrusage: on Linux that counts the memory of the process that started this one, too
        try: peak = int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
        except OSError: peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(sorted({{fault.code for fault in faults}}), spent, peak)
        assert spent < 2 and peak < 200_000
        assert faults
    """)
    done = apart.run(program, root)
    assert done.code == 0, done.out


def test_hundreds_of_small_routines_take_little_time(root: Path) -> None:
    (root / "tone.md").write_text("Be brief, {{ company }}.")
    env = environment(root)
    begun = time.process_time()
    for index in range(400):
        text = (
            f"You are {index} of " + "{{ company }}.\n{% if verified %}\nGo on.\n{% endif %}\n{% include 'tone.md' %}"
        )
        assert not analyse(text, root / "acme.yaml", env, KNOWN).faults
    assert time.process_time() - begun < 1.6  # 0.8 s where nothing else runs


def test_the_syntax_of_a_text_that_is_no_routine(root: Path) -> None:
    env = environment(root)
    assert check_syntax("Hi {{ anything }}", env) is None
    fault = check_syntax("Hi\n{{ a b }}", env)
    assert fault is not None
    assert (fault.code, fault.line, fault.column) == ("template-syntax", 2, 6)


FRAGMENTS = sorted({piece for text in (*SYNTAX, *FINE, *NAMES, *RENDERED) for piece in re.findall(PIECE, text)})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.sampled_from(FRAGMENTS), max_size=8))
def test_group_30_no_text_makes_the_analysis_raise(pieces: list[str], root: Path) -> None:
    """Whatever is found stands inside of the text, and what has no fault is a template that compiles."""
    text = "".join(pieces)
    env = environment(root)
    analysis = analyse(text, root / "agents" / "acme.yaml", env, KNOWN)
    lines = text.splitlines() or [""]
    for fault in analysis.faults:
        assert 1 <= fault.line <= max(len(lines), 1) + 1
        assert fault.column >= 1
        assert fault.length >= 0
    if not analysis.faults:
        assert check_syntax(text, env) is None
