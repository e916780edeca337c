"""Texts of a file as they may stand in a picture: on few lines, without what can't be seen, and not too long."""

from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

_JOINERS = "\u200c\u200d"  # they hold emoji and the letters of some scripts together


def clean(text: str, most: int) -> str:
    """Give a text on one line, without characters that can't be seen, cut to this many characters."""
    seen = "".join(char if char.isprintable() or char in _JOINERS else " " for char in text)
    line = " ".join(seen.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def wrapped(text: str, width: int) -> Iterator[str]:
    """Give the lines of a text, none wider than ``width`` columns of a terminal. Only a long word is broken."""
    line = ""
    for word in _pieces(text, width):
        longer = f"{line} {word}" if line else word
        if cell_len(longer) > width:
            yield line
            longer = word
        line = longer
    yield line


def broken(text: str, width: int, end: str) -> str:
    """Give a text whose words that are wider than ``width`` columns have line ends in them."""
    return " ".join(end.join(chop_cells(word, width)) for word in text.split(" "))


def _pieces(text: str, width: int) -> Iterator[str]:
    for word in text.split(" "):
        yield from chop_cells(word, width) if word else ()
