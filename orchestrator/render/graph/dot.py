"""A picture as text for Graphviz."""

from collections.abc import Mapping

from orchestrator.render.graph.identifiers import START, identifier
from orchestrator.render.graph.picture import Arrow, ArrowLook, Box, BoxLook, Picture
from orchestrator.render.graph.texts import wrapped

_COLUMNS = 28
_HEAD = (
    "digraph agents {",
    '    node [shape=box, style=rounded, fontname="sans-serif"];',
    '    edge [fontname="sans-serif"];',
)

_BOXES: Mapping[BoxLook, str] = {
    "agent": "",
    "answered": ', style="rounded,filled", fillcolor="#dff5e1", color="#2e7d32"',
    "unreachable-agent": ', style="rounded,dashed", color="#999999", fontcolor="#777777"',
    "trap": ', style="rounded,filled", fillcolor="#ffdddd", color="#cc0000"',
    "no-way-back": ', style="rounded,filled", fillcolor="#fff3d6", color="#c77700"',
    "gone": ', style="rounded,dashed", color="#999999", fontcolor="#777777"',
    "tool": ', style=solid, color="#999999"',
    "asking": ', style=solid, color="#c77700"',
    "reached": ', style="rounded,filled", fillcolor="#dff5e1", color="#2e7d32"',
    "unreached": ', style="rounded,dashed", color="#cc0000", fontcolor="#cc0000"',
}
_ARROWS: Mapping[ArrowLook, str] = {
    "handoff": "",
    "for-one-turn": "style=dotted",
    "taken": "penwidth=3",
    "refused": "style=dashed, arrowhead=tee",
    "gone": 'style=dashed, color="#999999"',
    "has": "arrowhead=none",
    "unreached": 'style=dashed, color="#cc0000", fontcolor="#cc0000"',
}


def dot(picture: Picture) -> str:
    """Give a picture in the DOT language."""
    lines = [*_HEAD, f"    {START} [shape=point];", f'    {START} -> "{identifier(picture.entry)}";']
    lines += [f"    {_box(box)}" for box in picture.boxes]
    lines += [f"    {_arrow(arrow)}" for arrow in picture.arrows]
    return "\n".join([*lines, "}"]) + "\n"


def _box(box: Box) -> str:
    shape = ", shape=ellipse" if len(box.key) > 1 else ""
    return f'"{identifier(box.key)}" [label={_label(box.lines)}{shape}{_BOXES[box.look]}];'


def _arrow(arrow: Arrow) -> str:
    said = [f"label={_label(arrow.lines)}"] if arrow.lines else []
    said += [_ARROWS[arrow.look]] if _ARROWS[arrow.look] else []
    about = f" [{', '.join(said)}]" if said else ""
    return f'"{identifier(arrow.source)}" -> "{identifier(arrow.target)}"{about};'


def _label(lines: tuple[str, ...]) -> str:
    label = "\\n".join(_escaped(each) for line in lines for each in wrapped(line, _COLUMNS))
    return f'"{label}"'


def _escaped(text: str) -> str:
    """A text inside DOT's quotes. Graphviz reads the character entities of HTML there."""
    return text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
