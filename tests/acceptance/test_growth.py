"""A file that is four times as long takes about four times the time, sound or full of faults. Groups 26 and 31."""

from collections.abc import Callable

import pytest

from orchestrator.survey import survey
from tests.acceptance.conftest import Write
from tests.support.growth import grows_within


def sound(count: int) -> str:
    agents = "".join(
        f"  a{n}:\n    description: Number {n}.\n    model: m\n    instructions: |\n      For {{{{ company }}}}.\n"
        f'    tools: ["shop:find_{n % 7}"]\n    handoffs: [{{to: a{(n + 1) % count}, when: asked}}]\n'
        for n in range(count)
    )
    return f"entry: a0\nvariables: {{company: ACME}}\nagents:\n{agents}"


def agents(line: str) -> Callable[[int], str]:
    return lambda count: "entry: a0\nagents:\n" + "".join(f"  a{n}: {line.format(n=n)}\n" for n in range(count))


FILES: dict[str, Callable[[int], str]] = {
    "sound": sound,
    "unknown keys": agents("{{instructions: x, model: m, instrutions_{n}: y}}"),
    "misspelt targets": agents("{{instructions: x, model: m, handoffs: [b{n}]}}"),
    "missing keys": agents("{{model: m}}"),
    "wrong types": agents("{{instructions: [x], model: {{}}, tools: x}}"),
    "bad names": lambda count: "agents:\n" + "".join(f"  A{n}: {{instructions: x, model: m}}\n" for n in range(count)),
    "duplicate keys": lambda count: "agents:\n" + "  a: {instructions: x, model: m}\n" * count,
    "broken templates": agents("{{instructions: '{{{{ a b }}}}', model: m}}"),
    "undefined names": agents("{{instructions: '{{{{ compan{n} }}}}', model: m}}"),
    "unreachable agents": agents("{{instructions: x, model: m}}"),
    "missing modules": agents("{{instructions: x, model: m, tools: [nothing_{n}]}}"),
    "missing functions": agents('{{instructions: x, model: m, tools: ["shop:gone_{n}"]}}'),
    "templates in plain fields": agents("{{instructions: x, model: m, label: '{{{{ x }}}}'}}"),
    "long instructions": lambda count: (
        "agents:\n  a:\n    model: m\n    instructions: |\n"
        + "      Use `find_1`, {{ 1 }} and {x} or find_2.\n" * (5 * count)
    ),
    "ignored warnings": lambda count: (
        "agents:\n"
        + "".join(f"  a{n}: {{instructions: x, model: m}}  # orchestrate: ignore[text-cut]\n" for n in range(count))
    ),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_four_times_the_size_takes_about_four_times_as_long(name: str, write: Write) -> None:
    """In proportion it would be 4, and 16 if all of it were quadratic."""
    write("shop.py", "".join(f'def find_{n}() -> str:\n    """Find."""\n    return ""\n\n\n' for n in range(7)))
    paths = {count: write(f"of_{count}.yaml", FILES[name](count)) for count in (150, 600)}
    assert grows_within(5.25, lambda count: survey([paths[count]]), 150, 600)
