"""Data as YAML: in lines or in brackets, with quotes where a reader would take it for something else."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from orchestrator.source import Source

Value: TypeAlias = "str | Sequence[Value] | Mapping[str, Value]"
"""A text that ends with a line break is a text of many lines, and is written as one where there is room."""


def in_lines(key: str, value: Value, step: int) -> list[str]:
    """Give the lines of an entry of a mapping, the first of which begins at the margin."""
    blanks = " " * step
    match value:
        case str() if value.endswith("\n"):
            return [f"{scalar(key)}: |", *(blanks + line for line in value.splitlines())]
        case Mapping():
            inner = [line for name, each in value.items() for line in in_lines(name, each, step)]
            return [f"{scalar(key)}:", *(blanks + line for line in inner)]
        case [Mapping(), *_]:
            return [f"{scalar(key)}:", *(blanks + line for each in value for line in item_in_lines(each))]
        case _:
            return [f"{scalar(key)}: {in_brackets(value)}"]


def item_in_lines(value: Value) -> list[str]:
    """Give the lines of an item of a list, the first of which begins at the margin."""
    if not isinstance(value, Mapping):
        return [f"- {in_brackets(value)}"]
    lines = [f"{scalar(name)}: {in_brackets(each)}" for name, each in value.items()]
    return [f"{'  ' if index else '- '}{line}" for index, line in enumerate(lines)]


def in_brackets(value: Value, *, quoted: bool = False) -> str:
    """Give a value on one line; ``quoted`` as JSON has it."""
    match value:
        case str():
            return scalar(value.rstrip("\n"), quoted=quoted)
        case Mapping():
            pairs = (
                f"{scalar(name, quoted=quoted)}: {in_brackets(each, quoted=quoted)}" for name, each in value.items()
            )
            return f"{{{', '.join(pairs)}}}"
        case _:
            return f"[{', '.join(in_brackets(each, quoted=quoted) for each in value)}]"


def scalar(text: str, *, quoted: bool = False) -> str:
    """Give a text on one line, without quotes where it is read as the same text anywhere."""
    read = Source.parse("", f"{{key: {text}}}")
    plain = not read.diagnostics and read.data == {"key": text}
    return text if plain and not quoted else json.dumps(text, ensure_ascii=False)
