"""The block tags of a template: which there are, and which are still open."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

TAGS: Mapping[str, bool] = {
    "autoescape": True,
    "block": True,
    "call": True,
    "extends": False,
    "filter": True,
    "for": True,
    "from": False,
    "if": True,
    "import": False,
    "include": False,
    "macro": True,
    "print": False,
    "raw": True,
    "set": False,
    "with": True,
}
"""Each tag, and whether it has an end. ``set`` has one only without a value."""

OTHERS: Mapping[str, str] = {
    "break": "there is none; choose before the loop: {% for item in items if … %}",
    "continue": "there is none; choose before the loop: {% for item in items if … %}",
    "elseif": "write {% elif … %}",
    "elsif": "write {% elif … %}",
    "elsefor": "write {% else %}",
    "unless": "write {% if not … %}",
    "while": "there is none; write {% for … in … %}",
    "foreach": "write {% for item in items %}",
    "switch": "there is none; write {% if … %}, {% elif … %}",
    "case": "there is none; write {% if … %}, {% elif … %}",
    "let": "write {% set name = … %}",
    "assign": "write {% set name = … %}",
    "var": "write {% set name = … %}",
    "do": "there is none; write {{ … }} or {% set … %}",
    "comment": "write {# … #}",
    "end": "say which block ends, such as {% endif %} or {% endfor %}",
    "fi": "write {% endif %}",
    "done": "write {% endfor %}",
    "then": "leave it out",
    "load": "there is none; write {% import … as … %}",
    "trans": "there are no translations; write the text itself",
    "verbatim": "write {% raw %}",
}
"""Tags of other languages, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A block tag: where its ``{%`` stands, how long it is to its name's end, and whether it must be closed."""

    offset: int
    length: int
    name: str
    opens: bool


def ends(tags: Iterable[str]) -> list[str]:
    """The tags that close these."""
    return [f"end{name}" for name in tags if TAGS[name] or name == "set"]


def tags_of(tokens: Sequence[tuple[int, str, str]]) -> list[Tag]:
    """The block tags among tokens without white space."""
    found = []
    for index, (offset, kind, _) in enumerate(tokens):
        if kind != "block_begin" or index + 1 >= len(tokens):
            continue
        start, _, name = tokens[index + 1]
        inside = _inside(tokens, index + 2)
        opens = TAGS.get(name, False) or (name == "set" and "=" not in inside)
        end = start + len(name)
        if index + 2 + len(inside) < len(tokens):
            last = tokens[index + 2 + len(inside)]
            end = last[0] + len(last[2].rstrip())
        found.append(Tag(offset, end - offset, name, opens))
    return found


def open_tags(tags: Iterable[Tag]) -> list[Tag]:
    """Those that are not closed, outermost first. What closes another than the last is passed over."""
    still: list[Tag] = []
    for tag in tags:
        if tag.opens:
            still.append(tag)
        elif still and tag.name == f"end{still[-1].name}":
            still.pop()
    return still


def _inside(tokens: Sequence[tuple[int, str, str]], start: int) -> list[str]:
    words = []
    for _, kind, value in tokens[start:]:
        if kind == "block_end":
            break
        words.append(value)
    return words
