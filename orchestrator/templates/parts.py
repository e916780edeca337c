"""What is wrong with a template by itself, whatever the variables are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import nodes

from orchestrator.source.nearest import nearest
from orchestrator.templates.environment import Sandbox


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at an offset of a template."""

    code: str
    message: str
    hint: str | None
    offset: int
    length: int


def findings(tree: nodes.Template, text: str, env: Sandbox) -> Iterator[Finding]:
    """Unknown filters and tests, ways into Python, blocks that stand twice."""
    blocks: set[str] = set()
    extends = 0
    kinds = (nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem, nodes.Block, nodes.Extends)
    for node in tree.find_all(kinds):
        match node:
            case nodes.Filter() | nodes.Test():
                yield from _function(node, text, env)
                yield from _hidden_argument(node, text)
            case nodes.Getattr():
                yield from _hidden(node.attr, node.lineno, text)
            case nodes.Getitem(arg=nodes.Const(value=str() as name)):
                yield from _hidden(name, node.lineno, text)
            case nodes.Block():
                if node.name in blocks:
                    yield _twice(node)
                blocks.add(node.name)
            case nodes.Extends():
                extends += 1
                if extends > 1:
                    hint = "a template has one parent: leave this out"
                    yield Finding("template-syntax", "{% extends %} stands twice", hint, node.lineno, len("extends"))
            case _:
                pass


def _function(node: nodes.Filter | nodes.Test, text: str, env: Sandbox) -> Iterator[Finding]:
    kind = "filter" if isinstance(node, nodes.Filter) else "test"
    known = env.filters if kind == "filter" else env.tests
    if node.name not in known:
        names = [name for name in known if re.fullmatch(r"\w+", name)]
        meant = nearest(node.name, names)
        hint = f"did you mean {meant!r}?" if meant else _ELSE.get(node.name)
        offset = _find(node.name, node.lineno, text)
        yield Finding("template-syntax", f"there is no {kind} {node.name!r}", hint, offset, len(node.name))


_ELSE = {
    "strftime": "write value.strftime('%Y-%m-%d')",
    "date": "write now.strftime('%Y-%m-%d')",
    "split": "write value.split(',')",
    "len": "write length",
    "str": "write string",
    "concat": "write join",
}


def _hidden_argument(node: nodes.Filter | nodes.Test, text: str) -> Iterator[Finding]:
    """``x | attr("__class__")`` is ``x.__class__``."""
    given = [*node.args, *(pair.value for pair in node.kwargs if pair.key == "attribute")]
    for arg in given if node.name in {"attr", "map", "selectattr", "rejectattr", "sort", "groupby", "sum"} else ():
        if isinstance(arg, nodes.Const) and isinstance(arg.value, str):
            yield from _hidden(arg.value, arg.lineno, text)


def _hidden(name: str, offset: int, text: str) -> Iterator[Finding]:
    if name.startswith("__") or ".__" in name:
        message = f"{name!r} is out of reach: templates see values, not what they are made of"
        yield Finding("sandbox-violation", message, "leave it out", _find(name, offset, text), len(name))


def _twice(block: nodes.Block) -> Finding:
    message = f"the block {block.name!r} stands twice"
    hint = f"give each its own name, or write {{{{ self.{block.name}() }}}}"
    return Finding("template-syntax", message, hint, block.lineno, len("block"))


def _find(name: str, offset: int, text: str) -> int:
    """Where a name stands behind an offset."""
    found = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)").search(text, offset)
    return found.start() if found else offset
