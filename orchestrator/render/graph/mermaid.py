"""A picture as text for Mermaid."""

import re
from collections.abc import Mapping

from orchestrator.render.graph.identifiers import START, identifier
from orchestrator.render.graph.picture import Arrow, ArrowLook, Box, BoxLook, Picture
from orchestrator.render.graph.texts import broken

# along straight lines Mermaid leaves labels where its layout has made room for them; along curves they overlap
_HEAD = ('%%{init: {"flowchart": {"curve": "linear"}}}%%', "flowchart TD")
_WORD_COLUMNS = 20

_ARROWS: Mapping[ArrowLook, str] = {
    "handoff": "-->",
    "for-one-turn": "-.->",
    "taken": "==>",
    "refused": "-.-x",
    "gone": "-.->",
    "has": "---",
    "unreached": "-.->",
}
_LOOKS: Mapping[BoxLook, str] = {
    "answered": "fill:#dff5e1,stroke:#2e7d32,color:#111",
    "unreachable-agent": "fill:#eee,stroke:#999,color:#777,stroke-dasharray:5 5",
    "trap": "fill:#fdd,stroke:#c00,color:#111,stroke-width:2px",
    "no-way-back": "fill:#fff3d6,stroke:#c77700,color:#111",
    "gone": "fill:#fff,stroke:#999,color:#777,stroke-dasharray:5 5",
    "tool": "fill:#fff,stroke:#999,color:#111",
    "asking": "fill:#fff,stroke:#c77700,color:#111,stroke-width:2px",
    "reached": "fill:#dff5e1,stroke:#2e7d32,color:#111",
    "unreached": "fill:#fff,stroke:#c00,color:#c00,stroke-dasharray:5 5",
}
# what may mean something inside quotes, to Mermaid, to Markdown or to HTML; an underscore does so beside a word only
_MEANS_SOMETHING = re.compile(
    r"[^\w ,.:!?'()/=+%\-\u0080-\U0010ffff]|:(?! )|(?<![^\W_])_|_(?![^\W_])|www"
    r"|(?<=direction) |^(?:[-+=]|\d+[.)])",
    re.ASCII | re.IGNORECASE,
)
# what means something even as codes: a formula, an icon, a line break, and Mermaid's own signs for codes; a sign that
# can't be seen keeps it apart
_APART = re.compile(r"(?<=\$)(?=\$)|(?<=:)(?=fa-)|(?<=\\)(?=n)|(?<=ﬂ)(?=°)|(?<=¶)(?=ß)")
_JOINER = "\u2060"


def mermaid(picture: Picture) -> str:
    """Give a picture as a Mermaid flowchart."""
    lines = [*_HEAD, f"    {START}(( )) --> {identifier(picture.entry)}"]
    lines += [f"    {_box(box)}" for box in picture.boxes]
    lines += [f"    {_arrow(arrow)}" for arrow in picture.arrows]
    used = {box.look for box in picture.boxes}
    lines += [f"    classDef {_class(look)} {style}" for look, style in _LOOKS.items() if look in used]
    unreached = [str(number) for number, arrow in enumerate(picture.arrows, 1) if arrow.look == "unreached"]
    lines += [f"    linkStyle {','.join(unreached)} stroke:#c00,color:#c00"] if unreached else []
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Give a text as it may stand inside Mermaid's quotes: what means something there goes as a code."""
    apart = _APART.sub(_JOINER, text)
    return _MEANS_SOMETHING.sub(lambda found: "".join(f"#{ord(char)};" for char in found[0]), apart)


def _box(box: Box) -> str:
    title, *others = map(_text, box.lines)
    bold = title if len(box.key) > 1 else f"<b>{title}</b>"
    label = f'"{"<br>".join((bold, *others))}"'
    look = f":::{_class(box.look)}" if box.look in _LOOKS else ""
    return f"{identifier(box.key)}{f'([{label}])' if len(box.key) > 1 else f'[{label}]'}{look}"


def _arrow(arrow: Arrow) -> str:
    label = f'|"{"<br>".join(map(_text, arrow.lines))}"|' if arrow.lines else ""
    return f"{identifier(arrow.source)} {_ARROWS[arrow.look]}{label} {identifier(arrow.target)}"


def _text(line: str) -> str:
    """A line, in which words that no box could hold are broken."""
    return "<br>".join(map(escaped, broken(line, _WORD_COLUMNS, "\n").split("\n")))


def _class(look: BoxLook) -> str:
    return f"is_{look.replace('-', '_')}"
