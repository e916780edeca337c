"""Explanations as text for a terminal, 80 columns wide."""

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby

import click

from orchestrator.render.diagnostics import COLORS
from orchestrator.render.explanations import Explanation, File

WIDTH = 80


def page(explanation: Explanation, *, color: bool = False) -> str:
    """Give a page: what the code means, and its two examples."""
    shade = COLORS[explanation.severity]
    kind = _style(f"{explanation.severity}[{explanation.code}]", color, fg=shade, bold=True)
    parts = [f"{kind}: {explanation.summary}", *map(_paragraph, explanation.text.split("\n\n"))]
    for title, example in (("Wrong", explanation.wrong), ("Right", explanation.right)):
        parts.append(_style(f"{title}:", color, bold=True))
        parts += [_file(file, color, named=len(example) > 1) for file in example]
    return "\n\n".join(parts) + "\n"


def overview(explanations: Iterable[Explanation], *, color: bool = False) -> str:
    """Give a line for each code, below the name of its group. They come in the order of the groups."""
    lines: list[str] = []
    for group, members in groupby(explanations, key=lambda each: each.group):
        lines += [_style(group, color, bold=True), *(_row(each, color) for each in members), ""]
    return "\n".join([*lines, "orchestrate explain CODE shows the page of a code, with examples.", ""])


def how_made(file: File) -> str:
    """Give what a block does not show of the file that it stands for, in words; empty when it shows all."""
    return ", ".join(_remarks(file))


def _row(explanation: Explanation, color: bool) -> str:
    kind = _style(f"{explanation.severity:8}", color, fg=COLORS[explanation.severity])
    return f"  {explanation.code:24} {kind} {explanation.summary}"


def _paragraph(text: str) -> str:
    """A paragraph, or the entries of a list, with lines of our width."""
    entries = text.replace("\n- ", "\n\n- ").split("\n\n")
    return "\n".join(_filled(entry) for entry in entries)


def _filled(text: str) -> str:
    further = "  " if text.startswith("- ") else ""
    return textwrap.fill(
        " ".join(text.split()), WIDTH, subsequent_indent=further, break_long_words=False, break_on_hyphens=False
    )


def _file(file: File, color: bool, *, named: bool) -> str:
    made = how_made(file)
    caption = f"  {file.path}{made and f' ({made})'}:\n\n" if named or made else ""
    code = "\n".join(f"    {line}".rstrip() for line in file.text.splitlines())
    return _style(caption, color, dim=True) + _style(code, color, fg="cyan")


def _remarks(file: File) -> Iterator[str]:
    if file.pipe:
        yield "a named pipe"
    if file.encoding != "utf-8":
        yield f"saved as {file.encoding}"
    if file.repeat > 1:
        yield f"the last line stands there {file.repeat:,} times"
    if file.alone:
        yield "checked alone"
    if file.no_import:
        yield "checked with --no-import"


def _style(text: str, color: bool, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
    return click.style(text, fg=fg, bold=bold or None, dim=dim or None) if color and text else text
