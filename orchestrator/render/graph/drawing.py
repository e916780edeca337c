"""A picture drawn, by the package mermaidx: as SVG, as PNG, and with the characters of a terminal."""

import importlib.util
import re
from collections.abc import Iterator

from rich.cells import cell_len

from orchestrator.render.graph.identifiers import identifier
from orchestrator.render.graph.mermaid import escaped, mermaid
from orchestrator.render.graph.picture import Arrow, Picture
from orchestrator.render.graph.texts import wrapped

MISSING = "drawing needs the package mermaidx: pip install mermaidx"
SLOW = 150
"""So many boxes and arrows take longer to draw than anybody expects."""
_MOST = 2000
_MOST_IN_TERMINAL = 50
_COLUMNS = 24
_PIXELS, _SIDE = 40_000_000, 16_000
_SIZE = re.compile(r'viewBox="[-\d.e]+ [-\d.e]+ ([\d.]+) ([\d.]+)"')


class DrawingError(Exception):
    """A picture can't be drawn. The text is one line for people."""


def can_draw() -> bool:
    """Whether the package that draws is installed."""
    return importlib.util.find_spec("mermaidx") is not None


def size(picture: Picture) -> int:
    """Give how many boxes and arrows there are."""
    return len(picture.boxes) + len(picture.arrows)


def svg(picture: Picture) -> str:
    """Draw a picture as SVG, without any network and with no program but this one.

    Raises:
        DrawingError: it can't be drawn.
    """
    import mermaidx  # type: ignore[import-untyped]  # it has no types

    if size(picture) > _MOST:
        raise DrawingError(f"{size(picture)} boxes and arrows are too many for a picture; Graphviz reads .dot files")
    config = {"maxEdges": _MOST, "maxTextSize": len(mermaid(picture))}  # its own bounds are lower
    try:
        drawn: str = mermaidx.render(mermaid(picture), config=config).svg()
    except RuntimeError:
        raise DrawingError("this graph is too much for the drawing; Graphviz reads .dot files") from None
    return f"{drawn}\n"


def png(picture: Picture) -> bytes:
    """Draw a picture as PNG: twice as large as the SVG, or smaller, so that a program for images can show it.

    Raises:
        DrawingError: it can't be drawn.
    """
    import mermaidx

    drawn = svg(picture)
    found = _SIZE.search(drawn)
    width, height = map(float, found.groups()) if found else (1.0, 1.0)
    scale = min(2.0, (_PIXELS / (width * height)) ** 0.5, _SIDE / max(width, height))
    image: bytes = mermaidx.svg_to_png(drawn, width=round(width * scale), background="#ffffff")
    return image


def text(picture: Picture, width: int | None = None) -> str:
    """Draw a picture with the characters of a terminal, at most ``width`` columns wide, above a list of its handoffs.

    Where there is no room for a drawing, agents and tools are listed.
    """
    handoffs = [arrow for arrow in picture.arrows if arrow.look != "has"]
    drawn = _drawing(picture, handoffs, width) if _is_legible(picture) else ""
    listed = [*_listed(picture, handoffs)]
    return "\n".join([drawn or _boxes(picture), *([""] if listed else []), *listed]) + "\n"


def _is_legible(picture: Picture) -> bool:
    """Whether lines of characters would be more than a tangle: agents around an entry, which all hand back, are."""
    return size(picture) <= _MOST_IN_TERMINAL and len(picture.arrows) <= 2 * len(picture.boxes)


def _drawing(picture: Picture, handoffs: list[Arrow], width: int | None) -> str:
    """The drawing, from top to bottom or else from left to right; empty if neither is narrow enough."""
    import mermaidx

    for direction in ("TD", "LR"):
        lines = "\n".join([f"flowchart {direction}", *_statements(picture, handoffs)])
        drawn: str = mermaidx.render_ascii(lines, gap=2, padding_x=2, padding_y=0, max_label_width=_COLUMNS)
        kept = [line.rstrip() for line in drawn.rstrip().split("\n")]
        if width is None or max(map(cell_len, kept)) <= width:
            return "\n".join(kept)
    return ""


def _statements(picture: Picture, handoffs: list[Arrow]) -> Iterator[str]:
    """The picture for a terminal: handoffs have numbers, for their texts would not fit."""
    for box in picture.boxes:
        lines = (escaped(each) for line in _titled(picture, box.key, box.lines) for each in wrapped(line, _COLUMNS))
        edges = '(["{}"])' if len(box.key) > 1 else '["{}"]'
        yield identifier(box.key) + edges.format("\\n".join(lines))
    for number, arrow in enumerate(handoffs, 1):
        line = "==>" if arrow.look == "taken" else "-->" if arrow.look == "handoff" else "-.->"
        yield f"{identifier(arrow.source)} {line}|{number}| {identifier(arrow.target)}"
    for arrow in picture.arrows:
        if arrow.look == "has":
            yield f"{identifier(arrow.source)} --- {identifier(arrow.target)}"


def _titled(picture: Picture, key: tuple[str, ...], lines: tuple[str, ...]) -> tuple[str, ...]:
    return (f"> {lines[0]}", *lines[1:]) if key == picture.entry else lines


def _boxes(picture: Picture) -> str:
    """The agents, a line each, and under each its tools if there are any to see."""
    shown = ((box, ", ".join(_titled(picture, box.key, box.lines))) for box in picture.boxes)
    return "\n".join(f"{'  ' * (len(box.key) - 1)}{line}" for box, line in shown)


def _listed(picture: Picture, handoffs: list[Arrow]) -> Iterator[str]:
    titles, digits = picture.titles, len(str(len(handoffs)))
    for number, arrow in enumerate(handoffs, 1):
        said = "; ".join(arrow.lines)
        yield f"{number:>{digits}} {titles[arrow.source]} → {titles[arrow.target]}{said and f': {said}'}"
