"""Guess the word that was meant, in bounded time whatever the words."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

_LONGEST = 64
_SHORTEST = 3
_FEW = 40
_MOST = 5_000


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that was probably meant.

    Among a few words it is the most similar one. Comparing with many takes too long: there it is one that differs in
    a letter, or in two that are swapped.
    """
    if not _SHORTEST <= len(word) <= _LONGEST:
        return word if word in known else None
    words = tuple(known)
    if len(words) > _FEW:
        index = _index(words)
        return next((index[part] for part in _parts(word) if part in index), None)
    close = difflib.get_close_matches(word, [each for each in words if len(each) <= _LONGEST], n=1)
    return close[0] if close else None


@lru_cache(maxsize=4)
def _index(words: tuple[str, ...]) -> Mapping[str, str]:
    """Each word by what is left of it without one of its letters: similar words have such a part in common."""
    short = [word for word in words[:_MOST] if len(word) <= _LONGEST]
    by_part = {part: word for word in reversed(short) for part in _parts(word)}
    return by_part | {word.casefold(): word for word in short}


def _parts(word: str) -> Iterator[str]:
    folded = word.casefold()
    yield folded
    for position in range(len(folded)):
        yield folded[:position] + folded[position + 1 :]
