"""From a parser's events to nodes: bounded, without recursion, and without making a Python object of a tag."""

import re
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import yaml

from orchestrator.diagnostics import Diagnostic
from orchestrator.source.faults import Faults, Stop, shown
from orchestrator.source.mappings import build_mapping
from orchestrator.source.mending import (
    ODD_BLANK,
    TEMPLATES,
    Mend,
    mend_empty_block,
    mend_indentation,
    mend_text,
    template_at,
)
from orchestrator.source.nearest import nearest
from orchestrator.source.nodes import Child, Node
from orchestrator.source.positions import Place, Positions, place_of
from orchestrator.source.readings import is_foreign, read_bare, read_plain, read_tagged, warn_if_cut
from orchestrator.source.scalars import Scalar
from orchestrator.source.syntax import explain

MAX_DEPTH = 100
MAX_NODES = 100_000
"""The most nodes that stand in a text: a thousand agents have some 25,000."""
MAX_EXPANDED = 1_000_000
"""The most nodes that a reader meets who follows every alias."""
MAX_MENDS = 50
MAX_MENDED = 2_000_000
"""The most characters that are read again because others were mended."""

LOADER: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s|#[^\r\n]*)*)*")
# libyaml compares each %TAG with all before it: a file of nothing else would keep it busy for half a minute.
_TAG_DIRECTIVE = re.compile("(?:^|[\r\n\x85\u2028\u2029])(%TAG[^\r\n]*)")
_NO_ANCHOR = "write &name before the value that *name stands for; put it in quotes if it is a text"
_DASH = re.compile(r"[\r\n][ \t]*(- [^\r\n]*)")
_COMPARED_ANCHORS = 100
_SUGGESTING_UNTIL = 50


class _Again(Exception):  # noqa: N818
    """The text has a fault that can be mended: there is a point in reading it again."""

    def __init__(self, mend: Mend) -> None:
        super().__init__(mend.diagnostic.message)
        self.mend = mend


class Composition(NamedTuple):
    """The root node, None when there is nothing to go on with, and all that is wrong, in the order of the text."""

    root: Node | None
    diagnostics: tuple[Diagnostic, ...]


def compose(positions: Positions, loader: Any = LOADER) -> Composition:
    """Compose the first document of a text that ``encoding.decode`` has found fit to parse.

    A text that can be mended is mended and read anew, so that one fault does not hide the others. ``loader`` is the
    class of PyYAML's that gives the events.
    """
    text, told, unread = positions.text, list[Diagnostic](), frozenset[int | None]()
    while True:
        composer = _Composer(Faults(positions), loader, text, unread)
        root = None
        try:
            root = composer.run()
        except _Again as again:
            mend = again.mend
            told.append(mend.diagnostic)
            if mend.text != text and len(told) < MAX_MENDS and len(told) * len(text) < MAX_MENDED:
                text, unread = mend.text, unread | {mend.unread}
                continue
        except Stop:
            pass
        found = dict.fromkeys((*told, *composer.faults.found))
        return Composition(root, tuple(sorted(found, key=lambda each: each.span)))


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been seen.

    ``before`` is the number of expanded nodes before it; ``foreign`` says that its tag is somebody else's.
    """

    event: yaml.CollectionStartEvent
    start: int
    end: int
    before: int
    foreign: bool
    height: int = 1
    key: Child | None = None
    pairs: list[tuple[Child, Child]] = field(default_factory=list)
    items: list[Child] = field(default_factory=list)

    @property
    def wants_key(self) -> bool:
        return isinstance(self.event, yaml.MappingStartEvent) and self.key is None

    def add(self, child: Child, height: int) -> None:
        self.end = child.place[1]
        self.height = max(self.height, height + 1)
        if isinstance(self.event, yaml.SequenceStartEvent):
            self.items.append(child)
        elif self.key is None:
            self.key = child
        else:
            self.pairs.append((self.key, child))
            self.key = None


class _Anchor(NamedTuple):
    """What an alias stands for: its node, how many nodes that is, how many levels."""

    node: Node
    size: int
    height: int


class _Composer:
    """Takes one event after the other; ``root`` is there when the document has ended."""

    def __init__(self, faults: Faults, loader: Any, text: str, unread: Container[int | None]) -> None:
        self.faults = faults
        self._loader = loader
        self.root: Node | None = None
        self._text = text
        self._unread = unread
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Open | _Anchor] = {}
        self._written = 0
        self._expanded = 0
        self._dots = False

    def run(self) -> Node:
        """Give the root node. Raises Stop and _Again."""
        directive = _TAG_DIRECTIVE.search(self._text)
        if directive:
            self.faults.stop(directive.span(1), "unknown-tag", "tags can't be declared", "delete the line")
        try:
            for event in yaml.parse(self._text, Loader=self._loader):
                if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
                    self._second_document(place_of(event))
                    break
                if handle := _HANDLERS.get(type(event)):
                    handle(self, event)
        except yaml.YAMLError as error:
            self._broken(error)
        root = self.root
        if root is None or (root.style == "" and root.start == root.end):
            self.faults.stop((0, 0), "empty-file", "there is nothing in the file", "write at least one `key: value`")
        return root

    def end_document(self, event: yaml.DocumentEndEvent) -> None:
        self._dots = bool(event.explicit)

    def open(self, event: yaml.CollectionStartEvent) -> None:
        start = self._content_start(event)
        self._count((start, start + 1), 1, len(self._stack) + 1)
        if event.flow_style and self._text.startswith(TEMPLATES, start):
            self._template(start)
        foreign = event.tag is not None and is_foreign(self.faults, event)
        opened = _Open(event, start, place_of(event)[1], self._expanded - 1, foreign)
        self._stack.append(opened)
        if event.anchor is not None:
            self._anchors[event.anchor] = opened

    def close(self, event: yaml.CollectionEndEvent) -> None:
        opened = self._stack.pop()
        place = opened.start, place_of(event)[1] if opened.event.flow_style else opened.end
        if opened.foreign:
            node = Node(*place, None, missing=True)
        elif isinstance(opened.event, yaml.MappingStartEvent):
            node = build_mapping(self.faults, place, opened.pairs, flow=bool(opened.event.flow_style))
        else:
            node = Node(*place, [item.node.data for item in opened.items], None, opened.items)
        anchor = opened.event.anchor
        if anchor is not None and self._anchors[anchor] is opened:
            self._anchors[anchor] = _Anchor(node, self._expanded - opened.before, opened.height)
        self._add(Child(place, node), opened.height)

    def scalar(self, event: yaml.ScalarEvent) -> None:
        start, end, style = self._content_start(event), place_of(event)[1], event.style or ""
        if style in ("|", ">"):
            end = start + len(self._text[start:end].rstrip())
        place = start, end
        self._count(place, 1, len(self._stack))
        is_key = bool(self._stack) and self._stack[-1].wants_key
        data, missing = self._data(event, place)
        if not style and not is_key:
            warn_if_cut(self.faults, data, end)
            missing = self._has_dash(place) or missing
        missing = missing and not is_key
        node = Node(start, end, None if missing else data, style, missing=missing)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(node, 1, 0)
        self._add(Child(place, node), 0)

    def _has_dash(self, place: Place) -> bool:
        """Refuse an entry of a list that is indented too far: to YAML it goes on with the text above it."""
        listed = bool(self._stack) and isinstance(self._stack[-1].event, yaml.SequenceStartEvent)
        found = _DASH.search(self._text, *place) if listed else None
        if found is not None:
            hint = "line the '-' up with that of the entry above"
            message = "this entry stands further in than the one above, so it is part of its text"
            self.faults.report(found.span(1), "syntax", message, hint)
        return found is not None

    def _data(self, event: yaml.ScalarEvent, place: Place) -> tuple[Scalar, bool]:
        """Give what a scalar means, and whether that is not known. Raises _Again."""
        if place[0] in self._unread:
            return None, True
        self._mend_around(event, place)
        if event.tag is not None:
            foreign = is_foreign(self.faults, event)
            return (event.value, True) if foreign else (read_tagged(self.faults, event), False)
        if event.style:
            return event.value, False
        return read_plain(self.faults, read_bare(self.faults, event.value, place), place), False

    def _mend_around(self, event: yaml.ScalarEvent, place: Place) -> None:
        """Mend an indentation that is none, of a key or of a text. Raises _Again."""
        positions, mend = self.faults.positions, None
        if not event.style and ODD_BLANK.match(event.value):
            mend = mend_indentation(positions, self._text, place[0])
        elif event.style in ("|", ">") and not event.value.strip():
            mend = mend_empty_block(positions, self._text, place[0])
        if mend is not None:
            raise _Again(mend)

    def alias(self, event: yaml.AliasEvent) -> None:
        place, name = place_of(event), str(event.anchor)
        anchor = self._anchors.get(name)
        if isinstance(anchor, _Anchor):
            self._count(place, anchor.size, len(self._stack) + anchor.height)
            self._add(Child(place, anchor.node, (place,)), anchor.height)
            return
        self._count(place, 1, len(self._stack))
        if anchor is None:
            hint = self._suggestion(name)
            self.faults.report(place, "syntax", f"no anchor named {shown(name)} stands above", hint)
        else:
            above = (place_of(anchor.event)[0], anchor.start), "the anchor is here"
            message = f"the alias {shown(name)} stands inside the value that it names"
            self.faults.report(place, "syntax", message, "a value can't contain itself; write it out", related=above)
        self._add(Child(place, Node(*place, None, "", missing=True)), 0)

    def _template(self, start: int) -> None:
        """Mend a value that begins with a template, and so lacks its quotes. Raises _Again."""
        parent = self._stack[-1] if self._stack else None
        if parent is None or parent.wants_key:
            return
        key = parent.key.node.data if parent.key else None
        value = template_at(
            self.faults.positions,
            start,
            key if isinstance(key, str) else None,
            inside=any(each.event.flow_style for each in self._stack),
        )
        if value is not None:
            raise _Again(mend_text(self.faults.positions, self._text, value))

    def _suggestion(self, name: str) -> str:
        """Guess the anchor that was meant, for the first faults only: comparing names takes its time."""
        few = len(self.faults.found) < _SUGGESTING_UNTIL
        meant = nearest(name, islice(self._anchors, _COMPARED_ANCHORS)) if few else None
        return f"did you mean '*{meant}'?" if meant else _NO_ANCHOR

    def _add(self, child: Child, height: int) -> None:
        if self._stack:
            self._stack[-1].add(child, height)
        else:
            self.root = child.node

    def _content_start(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> int:
        """Give where a node begins behind its anchor and tag."""
        start, end = place_of(event)
        if event.anchor is None and event.tag is None:
            return start
        found = _PROPERTIES.match(self._text, start, end)
        return found.end() if found else start

    def _count(self, place: Place, size: int, depth: int) -> None:
        """Hold the bounds: before a node is made, and before anything is done for what an alias brings."""
        self._written += 1
        self._expanded += size
        if depth > MAX_DEPTH:
            hint = "a file of agents needs less than ten levels: look for brackets that are not closed"
            self.faults.stop(place, "too-deep", f"there are more than {MAX_DEPTH} levels, one in the other", hint)
        if self._written > MAX_NODES:
            hint = "split the file, and `include` the parts"
            self.faults.stop(place, "too-large", f"there are more than {MAX_NODES:,} values in the file", hint)
        if self._expanded > MAX_EXPANDED:
            message = f"with all its aliases the file has more than {MAX_EXPANDED:,} values"
            self.faults.stop(place, "too-large", message, "use fewer aliases of aliases")

    def _second_document(self, place: Place) -> None:
        hint = "keep one, and put the others into files of their own"
        self.faults.report(place, "several-documents", "a second document begins here", hint)

    def _broken(self, error: yaml.YAMLError) -> None:
        if self.root is not None and self._dots:  # libyaml wants '---' behind '...', YAML 1.2 does not
            mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
            start = mark.index if mark else len(self._text)
            self._second_document((start, start + 1))
            return
        fault = explain(self.faults.positions, self._text, error)
        if isinstance(fault, Mend):
            raise _Again(fault)
        self.faults.found.append(fault)
        raise Stop


_HANDLERS: dict[type, Callable[[_Composer, Any], None]] = {
    yaml.DocumentEndEvent: _Composer.end_document,
    yaml.MappingStartEvent: _Composer.open,
    yaml.SequenceStartEvent: _Composer.open,
    yaml.MappingEndEvent: _Composer.close,
    yaml.SequenceEndEvent: _Composer.close,
    yaml.ScalarEvent: _Composer.scalar,
    yaml.AliasEvent: _Composer.alias,
}
