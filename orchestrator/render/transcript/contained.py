"""Texts of people, models and tools inside a Markdown document: none ends it, hides what follows, or loads anything."""

import re
from functools import cache
from typing import TYPE_CHECKING

from orchestrator.render.excerpts import harmless

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_MOST_READ = 20_000  # characters: what is longer takes too long to understand
_BEHIND = "behind"
_LIVE = {"html_block", "html_inline", "image"}
_MARKUP = re.compile(r"([\\`*_\[\]<>&|~!])")
_TICKS = re.compile("`+")


def body(text: str) -> str:
    """Give a text that may be Markdown as a part of a document.

    It stays as it is where a reader of Markdown ends it where it ends. One with headings, which could pass for ours, is
    quoted; one with HTML or pictures, and one that leaves something open, is shown as code.
    """
    text = visible(text).strip("\n")
    if len(text) > _MOST_READ:
        return fenced(text, "markdown")
    tokens = _markdown().parse(f"{text}\n\n{_BEHIND}")
    kinds = {token.type for token in tokens} | {part.type for token in tokens for part in token.children or ()}
    ended = len(tokens) >= 3 and tokens[-3].level == 0 and tokens[-2].content == _BEHIND
    if not ended or kinds & _LIVE:
        return fenced(text, "markdown")
    return quoted(text) if "heading_open" in kinds else text


def fenced(text: str, kind: str) -> str:
    """Give a text as a block of code, with a fence that nothing in it closes."""
    text = visible(text)
    fence = "`" * max(3, _longest_ticks(text) + 1)
    return f"{fence}{kind}\n{text.rstrip(chr(10))}\n{fence}"


def quoted(text: str) -> str:
    """Give Markdown as a quotation."""
    lines = text.expandtabs(4).split("\n")  # behind the sign of a quotation a tab is narrower
    return "\n".join(f"> {line}".rstrip() for line in lines)


def code(text: str) -> str:
    """Give a text of one line as code."""
    text = harmless(text) or " "
    ticks = "`" * (_longest_ticks(text) + 1)
    margin = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{margin}{text}{margin}{ticks}"


def plain(text: str) -> str:
    """Give a text of one line whose characters mean nothing but themselves."""
    return _MARKUP.sub(r"\\\1", harmless(" ".join(text.split())))


def visible(text: str) -> str:
    """Give a text without what steers a terminal. Line breaks and tabs stay."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(map(harmless, line.split("\t"))) for line in lines)


def _longest_ticks(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")
