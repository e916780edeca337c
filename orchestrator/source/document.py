"""One YAML file: its data, and where in its text each part of the data stands."""

import stat
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from orchestrator.diagnostics import Diagnostic, Span
from orchestrator.source.composer import compose
from orchestrator.source.encoding import MAX_BYTES, decode
from orchestrator.source.nodes import Block, Child, Node, blocks, child_of, place_inside
from orchestrator.source.positions import LINE_BREAK, Positions


@dataclass(frozen=True, eq=False)
class Source:
    """A YAML text that was read.

    ``data`` is plain dict (with str keys), list, str, int, float, bool or None, read by YAML 1.2's core schema; what
    aliases bring is shared, not copied. ``readable`` is False, and ``data`` None, when a fault of the text left no
    data at all: what follows from that should not be reported. A value that is faulty by itself (an alias without
    anchor) is None in ``data``. ``path`` is shown to people as it stands, ``diagnostics`` are in the order of the text.
    """

    path: str
    text: str = field(repr=False)
    data: object = field(repr=False)
    readable: bool
    diagnostics: tuple[Diagnostic, ...]
    _positions: Positions = field(repr=False)
    _root: Node | None = field(repr=False)

    @classmethod
    def parse(cls, path: str, text: str | bytes) -> "Source":
        """Read a text. Whatever it is, what is wrong with it is told in ``diagnostics``: nothing is raised."""
        decoded, fault = decode(path, text)
        positions = Positions(path, decoded)
        if fault is not None:
            return cls(path, decoded, None, False, (fault,), positions, None)
        root, diagnostics = compose(positions)
        return cls(path, decoded, root.data if root else None, root is not None, diagnostics, positions, root)

    @classmethod
    def read(cls, path: Path, shown: str | None = None) -> "Source":
        """Read a file, which messages call ``shown``.

        Raises OSError when the file does not exist or can't be opened. What is not a regular file (a folder, a pipe,
        a device) is not opened at all: its diagnostic is ``not-a-file``.
        """
        name = str(path) if shown is None else shown
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            fault = Diagnostic(Span(name), "not-a-file", f"this is {kind}", "give the path of a YAML file")
            return cls(name, "", None, False, (fault,), Positions(name, ""), None)
        with path.open("rb") as file:
            return cls.parse(name, file.read(MAX_BYTES + 1))

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The text's lines without their line breaks, which are CR LF, LF and CR, as in an editor."""
        return tuple(LINE_BREAK.split(self.text))

    def locate(self, location: Sequence[str | int], *, key: bool = False) -> Span:
        """Give the span of the value at a path of keys and indices, or that of its key.

        Where the path does not exist, it is the span of the deepest part that does; for ``()``, the whole text. An
        entry of a list has no key, so its value stands for it. A value that is reached through an alias or a merge
        is located where it is written: by its anchor.
        """
        walked = list(self._walk(location))
        if not walked:
            return self._positions.span((0, len(self.text)))
        last = walked[-1]
        return self._positions.span(last.place if key else (last.node.start, last.node.end))

    def uses(self, location: Sequence[str | int]) -> tuple[Span, ...]:
        """Give the places of the aliases (``*name``) that a path goes through, the outermost first."""
        return tuple(self._positions.span(use) for child in self._walk(location) for use in child.uses)

    def unread(self, location: Sequence[str | int]) -> bool:
        """Say whether the value at a place has no data because of a fault of the text, which is told already."""
        node = self._node(location)
        return node is not None and node.missing

    def style(self, location: Sequence[str | int]) -> str | None:
        """Give how a scalar is written: ``'``, ``"``, ``|``, ``>``, or nothing for an unquoted one; else None."""
        node = self._node(location)
        return node.style if node else None

    def flow(self, location: Sequence[str | int]) -> bool:
        """Say whether the collection at a place is written in brackets."""
        node = self._node(location)
        return node is not None and node.children is not None and self.text[node.start] in "[{"

    def header(self, line: int) -> int | None:
        """Give the line of the key whose block text (``|`` or ``>``) contains a line, both counted from 1."""
        at = bisect_right(self._blocks, line, key=lambda block: block.first) - 1
        return self._blocks[at].header if at >= 0 and line <= self._blocks[at].last else None

    def inside(self, location: Sequence[str | int], line: int, column: int = 1) -> Span:
        """Give the place of a line and a column, both from 1, of a scalar's value: from there to the end of the line.

        Exact for ``|``, in quotes and without; by the line for ``>``.
        Behind the end it is the last line. What is no scalar, or does not exist, is located as ``locate`` does.
        """
        walked = list(self._walk(location))
        node = walked[-1].node if walked else self._root
        if node is None or node.style is None or len(walked) < len(location):
            return self.locate(location)
        return self._positions.span(place_inside(self._positions, node, line, column))

    @cached_property
    def _blocks(self) -> list[Block]:
        return sorted(blocks(self._positions, self._root)) if self._root else []

    def _node(self, location: Sequence[str | int]) -> Node | None:
        node = self._root
        for step in location:
            child = child_of(node, step) if node else None
            node = child.node if child else None
        return node

    def _walk(self, location: Sequence[str | int]) -> Iterator[Child]:
        node = self._root
        for step in location:
            child = child_of(node, step) if node else None
            if child is None:
                return
            yield child
            node = child.node
