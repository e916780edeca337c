"""A mapping from its pairs: duplicate keys, keys that are not text, and what ``<<`` merges."""

import re
from itertools import islice, takewhile

from orchestrator.source.faults import Faults, shown
from orchestrator.source.mending import Joined, joined, quoting
from orchestrator.source.nodes import Child, Node
from orchestrator.source.positions import Place
from orchestrator.source.scalars import ambiguity

_COLON = re.compile(r"\s*:")


def build_mapping(faults: Faults, place: Place, pairs: list[tuple[Child, Child]], *, flow: bool) -> Node:
    """Give the node of a mapping. The first of two equal keys wins; a key that is not text is left out."""
    if flow and any(_is_bare(faults, *pair) for pair in pairs):
        pairs = _without_bare(faults, pairs)
        if not pairs:
            return Node(*place, None, None, {}, missing=True)
    children: dict[str, Child] = {}
    merges: list[Child] = []
    places: dict[str, Place] = {}
    for key, value in pairs:
        name = key.node.data
        if not isinstance(name, str):
            _report_not_text(faults, key)
            continue
        if name in places:
            _report_duplicate(faults, name, key.place, places[name])
            continue
        places[name] = key.place
        if name == "<<" and not key.node.style:
            merges.append(value)
        else:
            children[name] = Child(key.place, value.node, value.uses)
    for merge in merges:
        _merge(faults, children, merge)
    data = {name: child.node.data for name, child in children.items()}
    return Node(*place, data, None, children)


def _merge(faults: Faults, children: dict[str, Child], merged: Child) -> None:
    """Add what ``<<`` brings, as https://yaml.org/type/merge.html has it: what is there already wins."""
    parts = merged.node.children
    for source in parts if isinstance(parts, list) else [merged]:
        if source.node.missing:
            continue
        if not isinstance(source.node.children, dict):
            hint = "merge a mapping, or a list of mappings, as in `<<: *name`"
            faults.report(source.place, "wrong-type", "only a mapping can be merged with '<<'", hint)
            continue
        uses = source.uses if source is merged else merged.uses + source.uses
        for name, child in source.node.children.items():
            if name not in children:
                children[name] = Child(child.place, child.node, uses + child.uses)


def _is_bare(faults: Faults, key: Child, value: Child) -> bool:
    """Whether a key stands in brackets with neither a value nor a ':'."""
    empty = value.node.style == "" and value.node.start == value.node.end and not value.uses
    return empty and isinstance(key.node.data, str) and not _COLON.match(faults.positions.text, key.place[1])


def _without_bare(faults: Faults, pairs: list[tuple[Child, Child]]) -> list[tuple[Child, Child]]:
    """Leave out the keys without a value, and report them; one that is joined to its value is a key without data.

    Of several, one after the other, the first is reported: those behind it have the same cause, most often a comma.
    """
    whole: list[tuple[Child, Child]] = []
    told = False
    for index, (key, value) in enumerate(pairs):
        if not _is_bare(faults, key, value):
            whole.append((key, value))
            told = False
        elif fault := joined(faults.positions.text[slice(*key.place)]):
            _report_joined(faults, key.place, fault)
            name = Node(*key.place, fault.key, "'")
            whole.append((Child(key.place, name), Child(key.place, Node(*key.place, None, "", missing=True))))
        elif not told:
            _report_bare(faults, pairs, index)
            told = True
    return whole


def _report_joined(faults: Faults, place: Place, fault: Joined) -> None:
    start = place[0] + fault.offset
    faults.report((start, start + 1), "syntax", fault.message, fault.hint)


def _report_bare(faults: Faults, pairs: list[tuple[Child, Child]], index: int) -> None:
    (start, end), text = pairs[index][0].place, faults.positions.text
    key, value = pairs[index - 1]
    if index and value.node.style == "" and isinstance(value.node.data, str) and value.node.data:
        following = takewhile(lambda pair: _is_bare(faults, *pair), islice(pairs, index, None))
        last = max(pair[0].place[1] for pair in following)
        message = f"the ',' before this ends the text of {shown(str(key.node.data))}: in brackets it separates entries"
        faults.report((start, last), "syntax", message, quoting(str(key.node.data), text[value.node.start : last]))
    else:
        raw = shown(text[start:end])[1:-1]
        hint = f"write {{{raw}: VALUE}}, or put the text in quotes if the bracket belongs to one"
        faults.report((start, end), "syntax", f"the key '{raw}' has neither a ':' nor a value", hint)


def _report_duplicate(faults: Faults, name: str, second: Place, first: Place) -> None:
    hint = "delete one of the two, or rename it"
    faults.report(
        second, "duplicate-key", f"the key {shown(name)} is here twice", hint, related=(first, "the first one is here")
    )


def _report_not_text(faults: Faults, key: Child) -> None:
    raw = faults.positions.text[key.node.start : key.node.end]
    if key.node.missing or (key.node.style == "" and ambiguity(raw)):
        return  # reported already: an alias of nothing, or an ambiguous scalar, which is to be quoted as well
    if key.node.style is None:
        templated = raw.startswith("{") and faults.positions.text.startswith("{{", max(key.node.start - 1, 0))
        hint = 'put a text that begins with "{{" in quotes' if templated else "write a single name; quote it if need be"
        kind = "mapping" if isinstance(key.node.children, dict) else "list"
        faults.report(key.place, "wrong-type", f"keys are text, and this one is a {kind}", hint)
    else:
        hint = f'quote it: "{raw}"' if raw and raw.isprintable() and '"' not in raw else "write a name before the ':'"
        faults.report(key.place, "wrong-type", f"keys are text, and {shown(raw)} is not", hint)
