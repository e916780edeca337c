"""The words that two texts have in common, and those that only one of them has, in bounded time."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

_CJK = "\u3040-\u30ff\u3400-\u9fff"  # written without blanks: each sign is a word
_WORDS = re.compile(rf"\s+|[{_CJK}]|[^\s{_CJK}]+")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_BLANK = re.compile(r"\s+")
_NEAR = 60  # characters
_WORTH = 20
_LEFT_OUT = " … "
_MOST_EDITS = 500
_MOST_STEPS = 4_000_000

Side = Literal["both", "old", "new"]
_Token = tuple[Side, str]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that both texts have, or only the old one, or only the new one."""

    side: Side
    text: str


def word_diff(old: str, new: str) -> tuple[Piece, ...]:
    """Compare two texts by words; by lines where too many words differ, and as a whole where too many lines do."""
    for pattern in (_WORDS, _LINES):
        tokens = _compared(pattern.findall(old), pattern.findall(new))
        if tokens is not None:
            return tuple(_pieces(tokens))
    return tuple(_pieces([("old", old), ("new", new)]))


def elided(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Leave out the inside of long stretches that both have: only what stands next to a change is of interest."""
    for at, piece in enumerate(pieces):
        head = _head(piece.text) if at else ""
        tail = _head(piece.text[::-1])[::-1] if at + 1 < len(pieces) else ""
        if piece.side == "both" and len(head) + len(tail) + _WORTH < len(piece.text):
            yield Piece("both", f"{head}{_LEFT_OUT}{tail}")
        else:
            yield piece


def _head(text: str) -> str:
    """The first words."""
    end = next((found.start() for found in _BLANK.finditer(text, _NEAR, 2 * _NEAR)), _NEAR)
    return text[:end].rstrip()


def _compared(old: Sequence[str], new: Sequence[str]) -> list[_Token] | None:
    """The tokens of both in one order. None if more of them differ than can be told in time."""
    shortest = min(len(old), len(new))
    head = next((at for at in range(shortest) if old[at] != new[at]), shortest)
    rest = shortest - head
    tail = next((at for at in range(rest) if old[-1 - at] != new[-1 - at]), rest)
    middle = _edited(old[head : len(old) - tail], new[head : len(new) - tail])
    if middle is None:
        return None
    same: list[list[_Token]] = [[("both", token) for token in part] for part in (old[:head], old[len(old) - tail :])]
    return [*same[0], *middle, *same[1]]


def _edited(old: Sequence[str], new: Sequence[str]) -> list[_Token] | None:
    """The shortest way from one to the other (Myers, An O(ND) Difference Algorithm, 1986)."""
    furthest = {1: 0}
    rounds: list[dict[int, int]] = []
    for edits in range(min(len(old) + len(new), _MOST_EDITS, _MOST_STEPS // (len(old) + len(new) + 1)) + 1):
        rounds.append(furthest.copy())
        for diagonal in range(-edits, edits + 1, 2):
            at = _start(furthest, diagonal, edits)
            while at < len(old) and at - diagonal < len(new) and old[at] == new[at - diagonal]:
                at += 1
            furthest[diagonal] = at
            if at >= len(old) and at - diagonal >= len(new):
                return list(_walked_back(rounds, old, new))[::-1]
    return None


def _start(furthest: Mapping[int, int], diagonal: int, edits: int) -> int:
    """Where a diagonal is entered."""
    return furthest[diagonal + 1] if _from_above(furthest, diagonal, edits) else furthest[diagonal - 1] + 1


def _from_above(furthest: Mapping[int, int], diagonal: int, edits: int) -> bool:
    """Whether a diagonal is entered by a new token, and not by leaving out an old one."""
    return diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])


def _walked_back(rounds: Sequence[Mapping[int, int]], old: Sequence[str], new: Sequence[str]) -> Iterator[_Token]:
    x, y = len(old), len(new)
    for edits in range(len(rounds) - 1, -1, -1):
        furthest, diagonal = rounds[edits], x - y
        start = _start(furthest, diagonal, edits)
        while x > start:
            x, y = x - 1, y - 1
            yield "both", old[x]
        if edits and _from_above(furthest, diagonal, edits):
            y -= 1
            yield "new", new[y]
        elif edits:
            x -= 1
            yield "old", old[x]


def _pieces(tokens: Sequence[_Token]) -> Iterator[Piece]:
    """Neighbours joined: what is gone comes before what is new, and a blank between changes is part of them."""
    texts: dict[Side, list[str]] = {"both": [], "old": [], "new": []}
    for at, (side, text) in enumerate(tokens):
        between = side == "both" and bool(texts["old"] or texts["new"]) and _is_blank(text)
        if between and at + 1 < len(tokens) and tokens[at + 1][0] != "both":
            texts["old"].append(text)
            texts["new"].append(text)
            continue
        if (side == "both") != bool(texts["both"]):
            yield from _taken(texts)
        texts[side].append(text)
    yield from _taken(texts)


def _taken(texts: dict[Side, list[str]]) -> Iterator[Piece]:
    for side, parts in texts.items():
        if text := "".join(parts):
            yield Piece(side, text)
        parts.clear()


def _is_blank(text: str) -> bool:
    return text.isspace() and "\n" not in text
