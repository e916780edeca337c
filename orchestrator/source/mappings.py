"""A mapping from its pairs: duplicate keys, keys that are not text, and what ``<<`` merges."""

from orchestrator.source.faults import Faults, shown
from orchestrator.source.nodes import Child, Node
from orchestrator.source.positions import Place
from orchestrator.source.scalars import ambiguity


def build_mapping(faults: Faults, place: Place, pairs: list[tuple[Child, Child]]) -> Node:
    """Give the node of a mapping. The first of two equal keys wins; a key that is not text is left out."""
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
