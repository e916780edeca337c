"""Markdown as it streams: the blocks that are finished, each once, and those that may still change.

Only what is not finished is parsed again, and it is never more than a window of lines, so the cost of a reply grows
with its length alone. Where blocks are cut depends on the text, not on the pieces in which it comes.
"""

import re
import unicodedata
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from markdown_it import MarkdownIt
from markdown_it.token import Token

WINDOW_LINES = 200
"""A block that is longer is cut here, and its rest read as a block of its own."""

WINDOW_CHARS = 8_000
LINE_CHARS = 8_000
CODE_LINES = 20
"""Code is given in portions, so that it can be read while it comes."""

_LISTS = {"bullet_list_open", "ordered_list_open"}
_UNCLEAR = re.compile(r"[\s\-=#*_+>`~|:]*|\s*\d{1,9}[.)]?\s*")  # what may yet become a mark of another kind of block

# What looks like HTML, or like the definition of a link, is text: people shall see all that a model writes.
_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("reference")


@dataclass(frozen=True, slots=True)
class Block:
    """A block, or a part of one: a list's item, a portion of code. ``joined``: no blank line stands before it."""

    tokens: Sequence[Token]
    line: int  # where it begins
    joined: bool = False
    number: int | None = None  # of an item

    @property
    def kind(self) -> str:
        """The type of its first token."""
        return self.tokens[0].type


class MarkdownStream:
    """A text in Markdown that comes in pieces."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()  # complete ones that are not given yet
        self._partial = ""
        self._carried: list[str] = []  # what the rest of a block that was cut begins with: a fence, a table's head
        self._joined = False  # what comes next belongs to what was given
        self._number: int | None = None  # of the item that comes next

    def feed(self, piece: str) -> None:
        """Take the next piece."""
        *complete, self._partial = (self._partial + clean(piece)).split("\n")
        for line in complete:
            *cut, rest = _cut(line)
            self._lines += [*cut, rest]
        *cut, self._partial = _cut(self._partial)
        self._lines += cut

    def finished(self, *, over: bool = False) -> Iterator[Block]:
        """Give the blocks that are finished, but for those given before: all of them when the text is ``over``."""
        if over and self._partial:
            self._lines.append(self._partial)
            self._partial = ""
        while self._lines:
            self._skip_blank()
            window, full = self._window()
            blocks = self._blocks(window)
            ready = _before_long_code(blocks if over and len(window) == len(self._lines) else blocks[:-1])
            if not ready and _is_long_code(blocks):
                yield self._portion(blocks[0], window)
            elif not ready and full:
                yield self._cut_off(blocks[0], window)
            elif ready:
                yield from ready
                self._advance(blocks, len(ready), len(window))
            else:
                return

    def rest(self) -> list[Block]:
        """What is not finished, as it looks now."""
        partial = "" if _UNCLEAR.fullmatch(self._partial) else self._partial
        return self._blocks([*self._lines, partial])

    def _skip_blank(self) -> None:
        while self._lines and not self._carried and not self._lines[0].strip():
            self._lines.popleft()
            self._joined, self._number = False, None

    def _window(self) -> tuple[list[str], bool]:
        """The first lines, and whether these are all that are looked at together."""
        window: list[str] = []
        chars = 0
        for line in islice(self._lines, WINDOW_LINES):
            window.append(line)
            chars += len(line)
            if chars >= WINDOW_CHARS:
                return window, True
        return window, len(window) == WINDOW_LINES

    def _blocks(self, lines: Sequence[str]) -> list[Block]:
        tokens = _PARSER.parse("\n".join([*self._carried, *lines]) + "\n")
        blocks: list[Block] = []
        for group in _groups(tokens, level=0):
            joined, number = (self._joined, self._number) if not blocks else (False, None)
            if group[0].type in _LISTS:
                blocks += _items(group, joined, number)
            else:
                blocks.append(Block(group, _line(group), joined))
        return blocks

    def _advance(self, blocks: Sequence[Block], given: int, window: int) -> None:
        """Forget what was given."""
        self._joined, self._number = False, None
        drop = window
        if given < len(blocks):
            coming = blocks[given]
            drop = coming.line - len(self._carried)
            self._joined, self._number = coming.joined, coming.number
        self._drop(drop)
        self._carried = []

    def _portion(self, block: Block, window: Sequence[str]) -> Block:
        """Cut the first lines off a block of code: what follows is code as well."""
        opening = [*self._carried, *window][block.line]
        self._drop(block.line + 1 + CODE_LINES - len(self._carried))
        self._carried, joined, self._joined = [opening], self._joined, True
        (token,) = block.tokens
        content = "".join(token.content.splitlines(keepends=True)[:CODE_LINES])
        return Block([token.copy(content=content)], block.line, joined)

    def _cut_off(self, block: Block, window: Sequence[str]) -> Block:
        """Give a block that fills the window as it is. The rest of a table gets the same head."""
        text = [*self._carried, *window]
        self._drop(len(window))
        self._carried = text[block.line : block.line + 2] if block.kind == "table_open" else []
        self._joined, self._number = True, None
        return block

    def _drop(self, lines: int) -> None:
        for _ in range(lines):
            self._lines.popleft()


def clean(text: str) -> str:
    """Take out of a text all that steers a terminal or turns the direction of writing; lines and tabs stay."""
    return text if text.isascii() and text.isprintable() else text.translate(_CLEANED)


class _Cleaned(dict[int, str | None]):
    """What becomes of each character, found when it first comes."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        match unicodedata.category(character):
            case "Cc":
                kept = character if character in "\n\t" else None
            case "Cf":
                kept = character if character in "\u200c\u200d" else None  # joiners of Persian and of emoji
            case "Cs":
                kept = "\N{REPLACEMENT CHARACTER}"
            case "Zl" | "Zp":
                kept = " "
            case _:
                return character  # most of them: not worth the memory
        self[code] = kept
        return kept


_CLEANED = _Cleaned()


def _cut(line: str) -> list[str]:
    """A line in parts that are not too long."""
    parts = []
    while len(line) > LINE_CHARS:
        end = line.rfind(" ", 0, LINE_CHARS) + 1 or LINE_CHARS
        parts.append(line[:end])
        line = line[end:]
    return [*parts, line]


def _groups(tokens: Sequence[Token], level: int) -> Iterator[list[Token]]:
    """Share tokens out to the blocks of this level."""
    group: list[Token] = []
    for token in tokens:
        group.append(token)
        if token.level == level and token.nesting <= 0:
            yield group
            group = []


def _items(tokens: Sequence[Token], joined: bool, number: int | None) -> Iterator[Block]:
    """Each item of a list as a list of its own, with its number."""
    opening, *inner, closing = tokens
    ordered = opening.type == "ordered_list_open"
    first = number if number is not None else int(opening.attrs.get("start", 1))
    for index, item in enumerate(_groups(inner, level=1)):
        numbered = opening.copy(attrs={"start": first + index}) if ordered else opening
        tokens = [numbered, *item, closing]
        yield Block(tokens, _line(item), joined or index > 0, first + index if ordered else None)


def _line(tokens: Sequence[Token]) -> int:
    return tokens[0].map[0] if tokens[0].map else 0


def _is_long_code(blocks: Sequence[Block]) -> bool:
    return bool(blocks) and blocks[0].kind == "fence" and blocks[0].tokens[0].content.count("\n") >= CODE_LINES


def _before_long_code(blocks: Sequence[Block]) -> list[Block]:
    long = (index for index in range(len(blocks)) if _is_long_code(blocks[index:]))
    return list(blocks[: next(long, len(blocks))])
