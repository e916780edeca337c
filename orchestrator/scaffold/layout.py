"""Where in a YAML text something can be inserted, so that nothing that is there has to change."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from orchestrator.errors import UsageError
from orchestrator.scaffold.wording import Value, in_brackets, in_lines, item_in_lines, scalar
from orchestrator.source import Source
from orchestrator.source.positions import LINE_BREAK, Place

Location: TypeAlias = tuple[str | int, ...]

_STEP = 2
_FIRST_KEYS = ("description", "version")


@dataclass(frozen=True, slots=True)
class Insertion:
    """A text that comes in at an offset."""

    offset: int
    text: str


def inserted(text: str, insertions: Iterable[Insertion]) -> str:
    """Give the text with all of these in it."""
    for each in sorted(insertions, key=lambda insertion: insertion.offset, reverse=True):
        text = text[: each.offset] + each.text + text[each.offset :]
    return text


@dataclass(frozen=True)
class Layout:
    """How a text is laid out that can be read without a fault.

    Whatever asks where something goes raises UsageError when the text leaves no place for it.
    """

    source: Source

    def entry(self, location: Location, key: str, value: Value, *, apart: bool = False) -> Insertion:
        """An entry of a mapping, behind the others; ``apart`` with an empty line before it, if others have one."""
        names = self._keys(location)
        if self.source.flow(location):
            quoted = bool(names) and self._is_quoted(self._key((*location, names[-1])))
            written = f"{scalar(key, quoted=quoted)}: {in_brackets(value, quoted=quoted)}"
            return self._bracketed(location, [(*location, name) for name in names], written)
        if not names:
            raise self._unfit(location)
        last = (*location, names[-1])
        lines = in_lines(key, value, self._step(location, last))
        blank = [""] if apart and (len(names) == 1 or self._stands_apart(last)) else []
        indent = self._indent(self._key(last))
        return self._below(self._last_line(last, indent), indent, [*blank, *lines])

    def section(self, key: str, value: Value) -> Insertion:
        """An entry of the mapping at the top, behind all that there is."""
        if self.source.flow(()):
            return self.entry((), key, value)
        names = self._keys(())
        if not names:
            raise self._unfit(())
        end = self._line(len(self.source.text.rstrip()))
        return self._below(end, self._indent(self._key((names[0],))), ["", *in_lines(key, value, _STEP)])

    def opening(self, key: str, value: str) -> Insertion:
        """An entry of the mapping at the top, behind those that say what the file is."""
        names = self._keys(())
        if not names:
            raise self._unfit(())
        start = self._key((names[0],))[0]
        quoted = self.source.flow(()) and self._is_quoted(self._key((names[0],)))
        written = f"{scalar(key, quoted=quoted)}: {scalar(value, quoted=quoted)}"
        if self.source.flow(()):
            return Insertion(start, f"{written}, ")
        indent = self._indent((start, start))
        before = next((name for name in _FIRST_KEYS if name in names), None)
        if before is None:
            return Insertion(start, written + self._break + " " * indent)
        return self._below(self._last_line((before,), indent + 1), indent, [written])

    def item(self, location: Location, value: Value) -> Insertion:
        """An item of a list, behind the others."""
        items = self._data(location)
        if self.source.uses(location) or not isinstance(items, list):
            raise self._unfit(location)
        places: list[Location] = [(*location, index) for index in range(len(items))]
        if self.source.flow(location):
            quoted = bool(items) and self._is_quoted(self._value(places[-1]))
            return self._bracketed(location, places, in_brackets(value, quoted=quoted))
        dash = self._line_start(self._value(places[-1])) if places else ""
        if not dash.lstrip(" ").startswith("-"):
            raise self._unfit(location)
        indent = len(dash) - len(dash.lstrip(" "))
        return self._below(self._last_line(places[-1], indent), indent, item_in_lines(value))

    def _bracketed(self, location: Location, places: Sequence[Location], written: str) -> Insertion:
        """Something behind the last one in brackets: on a line of its own where that one has one."""
        opening = self._value(location)[0]
        if not places:
            return Insertion(opening + 1, written)
        last = places[-1]
        first = self._key(last) if isinstance(last[-1], str) else self._value(last)
        blanks = self._line_start(first)
        alone = not blanks.strip() and self._line(first[0]) > self._line(opening)
        return Insertion(self._value(last)[1], f",{self._break}{blanks}{written}" if alone else f", {written}")

    def _below(self, line: int, indent: int, lines: Sequence[str]) -> Insertion:
        """Lines below a line."""
        text = "".join(self._break + (" " * indent + each if each else "") for each in lines)
        return Insertion(self._starts[line] + len(self.source.lines[line]), text)

    def _last_line(self, location: Location, indent: int) -> int:
        """The last line of a part, with the comments below it that are indented at least so much."""
        start, end = self._value(location)
        if not self.source.text[start:end].strip():
            start = self._key(location)[0]
        last = self._line(start + len(self.source.text[start:end].rstrip()))
        for number, line in enumerate(self.source.lines[last + 1 :], last + 1):
            bare = line.lstrip(" ")
            if bare.startswith("#") and len(line) - len(bare) >= indent:
                last = number
            elif bare:
                break
        return last

    def _stands_apart(self, location: Location) -> bool:
        """Whether there is an empty line before an entry, or before the comments above it."""
        line = self._line(self._key(location)[0]) - 1
        while line >= 0 and self.source.lines[line].lstrip().startswith("#"):
            line -= 1
        return line >= 0 and not self.source.lines[line].strip()

    def _step(self, location: Location, child: Location) -> int:
        if not location:
            return _STEP
        step = self._indent(self._key(child)) - self._indent(self._key(location))
        return step if step > 0 else _STEP

    def _keys(self, location: Location) -> list[str]:
        """The keys that are written in a mapping, not merged into it, in the order of the text."""
        found = self._data(location)
        if self.source.uses(location) or not isinstance(found, dict):
            raise self._unfit(location)
        start, end = self._value(location)
        places = {name: self._key((*location, name))[0] for name in found}
        return sorted((name for name, place in places.items() if start <= place < end), key=lambda name: places[name])

    def _data(self, location: Location) -> Any:
        data: Any = self.source.data
        for step in location:
            data = data[step]
        return data

    def _key(self, location: Location) -> Place:
        span = self.source.locate(location, key=True)
        return self._offset(span.line, span.column), self._offset(span.end_line, span.end_column)

    def _value(self, location: Location) -> Place:
        """The place of a value where it is used, be it as an alias."""
        span = next(iter(self.source.uses(location)), None) or self.source.locate(location)
        return self._offset(span.line, span.column), self._offset(span.end_line, span.end_column)

    def _indent(self, place: Place) -> int:
        """How many blanks there are before a key."""
        before = self._line_start(place)
        if before.strip(" "):
            raise self._unfit(())
        return len(before)

    def _line_start(self, place: Place) -> str:
        """What stands before something on its line."""
        return self.source.text[self._starts[self._line(place[0])] : place[0]]

    def _is_quoted(self, place: Place) -> bool:
        return self.source.text.startswith('"', place[0])

    def _line(self, offset: int) -> int:
        """The number of a line, from 0."""
        return bisect_right(self._starts, offset) - 1

    def _offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column - 1

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in LINE_BREAK.finditer(self.source.text))]

    @cached_property
    def _break(self) -> str:
        """The line break that the text uses first."""
        found = LINE_BREAK.search(self.source.text)
        return found[0] if found else "\n"

    def _unfit(self, location: Location) -> UsageError:
        line = self.source.locate(location).line
        what = f"the key {location[-1]!r}" if location else "this"
        return UsageError(
            f"{self.source.path}:{line}: nothing can be added here without changing what is written; write {what} "
            "as lines of its own, without an alias, or add it by hand"
        )
