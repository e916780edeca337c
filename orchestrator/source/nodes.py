"""What the composer builds: data, and where in the text each part of it stands."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.source.flowing import offsets
from orchestrator.source.positions import Place, Positions

_BREAK_IN_VALUE = re.compile("\r\n|[\r\n\x85]")
"""What becomes a line break in the value of a block scalar."""


class Child(NamedTuple):
    """A node in its parent.

    ``place`` is that of its key; in a list, its own, or that of the alias it was written as. ``uses`` are the
    places of the aliases that lead here from the parent, the outermost first.
    """

    place: Place
    node: "Node"
    uses: tuple[Place, ...] = ()


class Node(NamedTuple):
    """A value, its place without anchor and tag, and its children.

    ``style`` is that of a scalar: ``'``, ``"``, ``|``, ``>``, or nothing for an unquoted one; None for a collection.
    Aliases of an anchor share its node, and its data. ``missing`` is the value of an alias that stands for nothing.
    """

    start: int
    end: int
    data: object
    style: str | None = None
    children: dict[str, Child] | list[Child] | None = None
    missing: bool = False


class Block(NamedTuple):
    """The lines of a block text, from the first to the last, and the line of its key; all counted from 1."""

    first: int
    last: int
    header: int


def blocks(positions: Positions, root: Node) -> Iterator[Block]:
    """Give every block text below a node, where it is written."""
    stack = [Child((root.start, root.start), root)]
    while stack:
        place, node, uses = stack.pop()
        if uses:
            continue
        if node.style in ("|", ">"):
            span = positions.span((node.start, node.end))
            yield Block(span.line + 1, span.end_line, positions.span(place).line)
        children = node.children or ()
        stack += children.values() if isinstance(children, dict) else children


def child_of(node: Node, step: str | int) -> Child | None:
    """Give the child at a key or an index, None where there is none."""
    children = node.children
    if children is None:
        return None
    if isinstance(children, dict):
        return children.get(step) if isinstance(step, str) else None
    return children[step] if isinstance(step, int) and 0 <= step < len(children) else None


def place_inside(positions: Positions, node: Node, line: int, column: int) -> Place:
    """Map a line and a column of a scalar's value to the text, as ``Source.inside`` describes."""
    if node.style == "|":
        return _inside_literal(positions, node, line, column)
    if node.style == ">":
        return _inside_folded(positions, node, line, column)
    return _inside_flowing(positions, node, line, column)


def _inside_flowing(positions: Positions, node: Node, line: int, column: int) -> Place:
    value = str(node.data)
    found = offsets(positions.text, node.start, node.end, node.style or "", value)
    if found is None:
        return node.start, node.end
    begin = 0
    for _ in range(line - 1):
        begin = value.find("\n", begin) + 1 or len(value)
    start = found[min(begin + max(column, 1) - 1, len(value))]
    return start, max(start, min(positions.line_end(start), found[-1]))


def _inside_literal(positions: Positions, node: Node, line: int, column: int) -> Place:
    raw = _block_lines(positions, node)
    values = str(node.data).split("\n")
    # The indentation is what the value lacks, on any line that has text: no need to know the indicator or the parent.
    indent = next((end - start - len(value) for (start, end), value in zip(raw, values, strict=False) if value), 0)
    start, end = raw[min(max(line, 1), len(raw)) - 1]
    return min(start + indent + max(column, 1) - 1, end), end


def _inside_folded(positions: Positions, node: Node, line: int, column: int) -> Place:
    raw = [place for place in _block_lines(positions, node) if positions.text[place[0] : place[1]].strip()]
    indent = min((_indentation(positions.text, place) for place in raw), default=0)
    folded = list(_folded_into([(start + indent, end) for start, end in raw], str(node.data).split("\n")))
    pieces = next((pieces for pieces in reversed(folded[: max(line, 1)]) if pieces), [(node.start, node.end)])
    wanted = max(column, 1) - 1
    for start, end in pieces:
        if wanted <= end - start:
            return start + wanted, end
        wanted -= end - start + 1
    return pieces[-1]


def _folded_into(raw: list[Place], values: list[str]) -> Iterator[list[Place]]:
    """Give, for each line of the value, the lines of the text that were folded into it."""
    lines = iter(raw)
    for value in values:
        pieces: list[Place] = []
        rest = len(value) if value.strip() else 0
        while rest > 0 and (line := next(lines, None)):
            pieces.append(line)
            rest -= line[1] - line[0] + 1
        yield pieces


def _block_lines(positions: Positions, node: Node) -> list[Place]:
    """Give the places of a block scalar's lines, those behind the line of its indicator."""
    starts = [found.span() for found in _BREAK_IN_VALUE.finditer(positions.text, node.start, node.end)]
    ends = [start for start, _ in starts[1:]] + [node.end]
    lines = [(start, end) for (_, start), end in zip(starts, ends, strict=False)]
    return lines or [(node.start, node.end)]


def _indentation(text: str, place: Place) -> int:
    line = text[place[0] : place[1]]
    return len(line) - len(line.lstrip(" "))
