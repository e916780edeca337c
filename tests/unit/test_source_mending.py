"""Texts without quotes, without indentation, with characters that only look right: what to write instead.

Conformance group 39. Each fault is told once, at its place, and hides nothing that stands elsewhere in the file.
"""

import pytest

from orchestrator.source import Source
from orchestrator.spec import read_spec

pytestmark = pytest.mark.timeout(5)

MAPPING = "needs quotes: to YAML it is a mapping"
BLOCK = "or instructions: | with the text indented below it"


def told(text: str) -> list[str]:
    found = sorted(read_spec(Source.parse("file.yaml", text)).diagnostics, key=lambda each: each.span)
    return [f"{d.span.line}:{d.span.column} {d.code}: {d.message} ({d.hint})" for d in found]


def with_instructions(written: str) -> str:
    return f"agents:\n  a:\n    model: m\n    instructions: {written}\n    tools: []\n"


TEXTS = {
    "a variable": (
        "{{ company }}",
        f"4:19 syntax: a text that begins with '{{{{' {MAPPING} (write instructions: \"{{{{ company }}}}\", {BLOCK})",
    ),
    "a variable and prose": (
        "{{ company }} helps: be brief.",
        (
            f"4:19 syntax: a text that begins with '{{{{' {MAPPING} "
            f'(write instructions: "{{{{ company }}}} helps: be brief.", {BLOCK})'
        ),
    ),
    "a variable with quotes": (
        '{{ a["b"] }}',
        f"4:19 syntax: a text that begins with '{{{{' {MAPPING} (write instructions: '{{{{ a[\"b\"] }}}}', {BLOCK})",
    ),
    "an include": (
        '{% include "x.md" %}',
        (
            f"4:19 syntax: a text that begins with '{{%' {MAPPING} "
            f"(write instructions: '{{% include \"x.md\" %}}', {BLOCK})"
        ),
    ),
    "a comment of Jinja's": (
        "{# x #}",
        f"4:19 syntax: a text that begins with '{{#' {MAPPING} (write instructions: \"{{# x #}}\", {BLOCK})",
    ),
    "an anchor of Markdown's": (
        "{#anchor}",
        f"4:19 syntax: a text that begins with '{{#' {MAPPING} (write instructions: \"{{#anchor}}\")",
    ),
    "single braces": (
        "{company} helps",
        f"4:19 syntax: a text that begins with '{{' {MAPPING} (write instructions: \"{{company}} helps\", {BLOCK})",
    ),
    "an include in the same quotes": (
        '"{% include "a.md" %}"',
        (
            '4:32 syntax: the quotes end before this: a text in " has no other " inside '
            f"(write instructions: '{{% include \"a.md\" %}}', {BLOCK})"
        ),
    ),
    "speech in the same quotes": (
        "'Say 'hi' to all'",
        (
            "4:25 syntax: the quotes end before this: a text in ' has no other ' inside "
            f"(write instructions: \"Say 'hi' to all\", {BLOCK})"
        ),
    ),
    "bold": (
        "**Be** brief",
        (
            "4:19 syntax: a text that begins with '*' needs quotes: to YAML it is an alias "
            f'(write instructions: "**Be** brief", {BLOCK})'
        ),
    ),
    "italic": (
        "*Be*",
        "4:19 syntax: a text that begins with '*' needs quotes: to YAML it is an alias (write instructions: \"*Be*\")",
    ),
    "a quotation": (
        "> quote",
        (
            "4:19 syntax: a text that begins with '>' needs quotes: to YAML it is the sign of a block text "
            f'(write instructions: "> quote", {BLOCK})'
        ),
    ),
    "a block on the line of its sign": (
        "| Be brief",
        (
            "4:21 syntax: a block text does not begin on the line of its | "
            "(begin the text on a line of its own below instructions |, with two blanks more than the key)"
        ),
    ),
    "an item": (
        "- item",
        (
            "4:19 syntax: a list can't begin on the line of its key "
            "(put each '-' on a line of its own below the key, or quote the text if it begins with a dash)"
        ),
    ),
    "a name with @": (
        "@sales helps",
        f"4:19 syntax: an unquoted text can't begin with '@' (write instructions: \"@sales helps\", {BLOCK})",
    ),
    "a backtick": (
        "`code` first",
        f"4:19 syntax: an unquoted text can't begin with '`' (write instructions: \"`code` first\", {BLOCK})",
    ),
    "a per cent sign": (
        "%s is it",
        f"4:19 syntax: an unquoted text can't begin with '%' (write instructions: \"%s is it\", {BLOCK})",
    ),
    "brackets": (
        "[INST] go [/INST]",
        (
            "4:19 syntax: a text that begins with '[' needs quotes: to YAML it is a list "
            f'(write instructions: "[INST] go [/INST]", {BLOCK})'
        ),
    ),
    "a colon": (
        "Rules: be brief",
        (
            "4:24 syntax: a ':' with a blank behind it can't stand inside an unquoted text "
            f'(write instructions: "Rules: be brief", {BLOCK})'
        ),
    ),
    "both kinds of quotes": (
        "{{ 'a' if b else \"c\" }}",
        (
            f"4:19 syntax: a text that begins with '{{{{' {MAPPING} "
            "(write instructions: | with the text indented below it)"
        ),
    ),
    "a long one": (
        "{{ company }} " + "is nice and " * 10,
        f"4:19 syntax: a text that begins with '{{{{' {MAPPING} (put the text in double quotes, {BLOCK})",
    ),
    "curly quotes": (
        "“Be brief”",
        (
            "4:19 syntax: “ and ” are no quotes to YAML: they would be part of the text "
            '(put straight quotes instead, or around them: "Be brief")'
        ),
    ),
    "a blank that is none": (
        "\u00a0Be brief",
        (
            "4:19 syntax: the text begins with a character that only looks like a blank: U+00A0 "
            "(delete it, or put the text in quotes if it is meant)"
        ),
    ),
}


@pytest.mark.parametrize("case", TEXTS)
def test_group_39_a_text_that_lacks_its_quotes_is_one_diagnostic(case: str) -> None:
    written, expected = TEXTS[case]
    assert told(with_instructions(written)) == [expected]


@pytest.mark.parametrize("case", TEXTS)
def test_group_39_it_is_the_same_with_line_breaks_of_windows(case: str) -> None:
    written, expected = TEXTS[case]
    assert told(with_instructions(written).replace("\n", "\r\n")) == [expected]


@pytest.mark.parametrize("case", TEXTS)
def test_group_39_and_it_hides_no_other_fault(case: str) -> None:
    written, expected = TEXTS[case]
    text = f"entry: 5\n{with_instructions(written)}    label: 7\nversion: @2\n"
    found = told(text)
    assert [each.split(":")[0] for each in found] == ["1", "5", "7", "8"]
    assert found[1] == expected.replace("4:", "5:", 1)


LINES = {
    "not indented": (
        "instructions: |\n    Be brief.\n    Always.\n    tools: []",
        (
            "4:5 syntax: the text of 'instructions' is not indented "
            "(indent each of its lines by two blanks more than 'instructions')"
        ),
    ),
    "not indented at all": (
        "instructions: |\nBe brief.\n\nAlways.",
        (
            "4:1 syntax: the text of 'instructions' is not indented "
            "(indent each of its lines by two blanks more than 'instructions')"
        ),
    ),
    "not indented, without a sign": (
        "instructions:\n    Be brief.\n    Always.\n    tools: []",
        (
            "4:5 syntax: the text of 'instructions' is not indented "
            "(write instructions: | and indent each line of the text below by two blanks more)"
        ),
    ),
    "not indented, with a colon": (
        "instructions: |\n    Rules: be brief.\n    Always.\n    tools: []",
        (
            "4:5 syntax: the text of 'instructions' is not indented "
            "(indent each of its lines by two blanks more than 'instructions')"
        ),
    ),
    "nothing but a line with a colon": (
        "instructions: |\n    Dear customer: hello\n    tools: []",
        (
            "4:5 syntax: the text of 'instructions' is not indented "
            "(indent each of its lines by two blanks more than 'instructions')"
        ),
    ),
    "a list of Markdown's": (
        "instructions: |\n    - one\n    - two\n    tools: []",
        (
            "4:5 syntax: the text of 'instructions' is not indented "
            "(indent each of its lines by two blanks more than 'instructions')"
        ),
    ),
    "a heading of Markdown's": (
        "instructions: |\n    # Title\n    Be brief.\n    tools: []",
        (
            "4:5 syntax: the text of 'instructions' is not indented "
            "(indent each of its lines by two blanks more than 'instructions')"
        ),
    ),
    "a template": (
        'instructions: |\n    {% include "x" %}\n    tools: []',
        (
            "4:5 syntax: the text of 'instructions' is not indented "
            "(indent each of its lines by two blanks more than 'instructions')"
        ),
    ),
    "its last line": (
        "instructions: |\n      Be brief.\n    Always.\n    tools: []",
        (
            "5:5 syntax: the text of 'instructions' is not indented "
            "(indent each of its lines by two blanks more than 'instructions')"
        ),
    ),
    "its last line, by one": (
        "instructions: |\n      Be brief.\n   Always.\n    tools: []",
        (
            "5:4 syntax: the text of 'instructions' is not indented "
            "(indent each of its lines by two blanks more than 'instructions')"
        ),
    ),
    "no blank behind the colon": (
        "instructions: x\n    model:gpt-4o\n    tools: []",
        "4:10 syntax: a blank is missing behind the ':' (write model: gpt-4o)",
    ),
    "no blank behind the first colon": (
        "model:gpt-4o\n    instructions: x",
        "3:10 syntax: a blank is missing behind the ':' (write model: gpt-4o)",
    ),
    "a hard blank behind the colon": (
        "model:\u00a0gpt-4o\n    instructions: x",
        "3:10 syntax: a blank is missing behind the ':' (write model: gpt-4o)",
    ),
    "an equals sign": (
        "instructions: x\n    model = gpt-4o",
        "4:11 syntax: a ':' stands between a key and its value, not '=' (write model: gpt-4o)",
    ),
    "an equals sign first": (
        "model=gpt-4o\n    instructions: x",
        "3:10 syntax: a ':' stands between a key and its value, not '=' (write model: gpt-4o)",
    ),
    "no colon": (
        "instructions: x\n    tools\n      - t",
        "4:5 syntax: a key without a ':' (write tools:)",
    ),
    "no colon before a value": (
        "model gpt-4o\n    instructions: x",
        "3:5 syntax: a key without a ':' (write model: gpt-4o)",
    ),
    "an indentation that is none": (
        "instructions: x\n\u00a0\u00a0\u00a0\u00a0model: m",
        (
            "4:1 syntax: the indentation has a character that only looks like a blank: U+00A0 "
            "(indent with blanks only: type them anew)"
        ),
    ),
    "half an indentation": (
        "instructions: x\n  \u2003 model: m",
        (
            "4:3 syntax: the indentation has a character that only looks like a blank: U+2003 "
            "(indent with blanks only: type them anew)"
        ),
    ),
    "a key in curly quotes": (
        "“instructions”: x",
        (
            "3:5 syntax: “ and ” are no quotes to YAML: they would be part of the text "
            '(put straight quotes instead, or around them: "instructions")'
        ),
    ),
}


@pytest.mark.parametrize("case", LINES)
def test_group_39_a_line_that_is_not_what_it_seems_is_one_diagnostic(case: str) -> None:
    lines, expected = LINES[case]
    assert told(f"agents:\n  a:\n    {lines}\n") == [expected]


IN_BRACKETS = {
    "a comma": (
        "{to: b, when: they want x, y or z}",
        (
            "5:43 syntax: the ',' before this ends the text of 'when': in brackets it separates entries "
            '(write when: "they want x, y or z", or when: | with the text indented below it)'
        ),
    ),
    "two commas": (
        "{to: b, when: x y, z, or w, at_most: 1}",
        (
            "5:35 syntax: the ',' before this ends the text of 'when': in brackets it separates entries "
            '(write when: "x y, z, or w", or when: | with the text indented below it)'
        ),
    ),
    "no blank behind the colon": ("{to:b}", "5:19 syntax: a blank is missing behind the ':' (write to: b)"),
    "an equals sign": (
        "{to=b}",
        "5:19 syntax: a ':' stands between a key and its value, not '=' (write to: b)",
    ),
    "a placeholder": (
        "{company}",
        (
            "5:17 syntax: the key 'company' has neither a ':' nor a value "
            "(write {company: VALUE}, or put the text in quotes if the bracket belongs to one)"
        ),
    ),
    "a template": (
        "{{ company }}",
        f"5:16 syntax: a text that begins with '{{{{' {MAPPING} (put the text in double quotes)",
    ),
}


@pytest.mark.parametrize("case", IN_BRACKETS)
def test_group_39_what_is_wrong_in_brackets_is_one_diagnostic(case: str) -> None:
    entry, expected = IN_BRACKETS[case]
    assert told(f"agents:\n  a:\n    instructions: x\n    model: m\n    handoffs: [{entry}]\n") == [expected]


SOUND = [
    'a: "{{ company }}, {% x %}"\n',
    "a: |\n  {{ company }}\n  {% include 'x' %}\n  **bold**: @x\n",
    "a: You are {{ company }}'s bot, no#1 of {all}\n",
    "a: they want a, b or c\n",
    "a: [http://x/y, b]\nc: {d: http://x}\n",
    "a:\tb\nc\t: d\n",
    "a: |\n\nb: |\n  # heading\n",
    "a: say “hi” and “bye”\nb: '“all of it”'\n",
    "a: x = y\nb: c=d\n",
    "a: {b: , c: }\n",
    "a:\n- b\n- c\n",
]


@pytest.mark.parametrize("text", SOUND)
def test_group_39_what_is_written_well_is_left_alone(text: str) -> None:
    assert Source.parse("file.yaml", text).diagnostics == ()


def test_group_39_many_texts_without_quotes_are_all_told_and_end_in_time() -> None:
    text = "".join(f"a{number}: {{{{ x }}}} y\n" for number in range(30))
    assert len(Source.parse("file.yaml", text).diagnostics) == 30
    text = "".join(f"a{number}: @x\n" for number in range(20_000))
    assert Source.parse("file.yaml", text).diagnostics


def test_group_39_a_hint_is_never_as_long_as_a_hostile_line() -> None:
    for line in (
        "a" * 100_000 + "=b",
        "a" * 100_000 + ": @x y",
        "a: {b=" + "c" * 100_000 + "}",
        "a: @" + "b " * 50_000,
    ):
        for fault in Source.parse("file.yaml", f"x: 1\n{line}\ny: 2\n").diagnostics:
            assert len(fault.message) + len(fault.hint or "") < 400
