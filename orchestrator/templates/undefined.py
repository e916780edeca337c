"""Names that are not there, and what was probably meant."""

import re
from collections.abc import Collection, Iterable

from orchestrator.source.nearest import nearest
from orchestrator.templates.names import A_HANDOFF, A_LOOP, LOOP, Attribute, Load, Reference
from orchestrator.templates.parts import Finding

CONTEXT = ("agent", "handoffs", "now")
"""What every template sees besides the variables."""

_AGENT = ("name", "label", "description")
_MAPPING = frozenset({"items", "keys", "values", "get"})
_LIST = frozenset({"index", "count"})

_ONLY_IN = {
    "loop": "`loop` is there inside of {% for %} only",
    "super": "`super()` is there inside of {% block %} only",
    "caller": "`caller()` is there inside of {% macro %} only",
    "varargs": "`varargs` is there inside of {% macro %} only",
    "kwargs": "`kwargs` is there inside of {% macro %} only",
}
_INSTEAD = {
    "len": "write: value | length",
    "str": "write: value | string",
    "int": "write: value | int",
    "float": "write: value | float",
    "list": "write: value | list",
    "sorted": "write: value | sort",
    "sum": "write: values | sum",
    "min": "write: values | min",
    "max": "write: values | max",
    "round": "write: value | round",
    "abs": "write: value | abs",
    "enumerate": "write loop.index inside of the loop",
    "print": "write {{ value }}",
    "null": "write none",
    "nil": "write none",
    "undefined": "write: value is undefined",
    "today": "write now.date()",
    "datetime": "write now, which is the time of the model call",
    "date": "write now.date()",
    "self": "write the name alone",
    "AND": "write and",
    "OR": "write or",
    "NOT": "write not",
}


def undefined(load: Load, near: Iterable[str]) -> Finding:
    """A name that nothing declares or binds."""
    if load.path is not None:
        path, offset = load.path
        message = f"the name of a file stands in quotes: {path}"
        return Finding("undefined-variable", message, f'write "{path}"', offset, len(path))
    if load.name in _ONLY_IN:
        hint = _ONLY_IN[load.name]
    else:
        meant = nearest(load.name, sorted(set(near)))
        hint = f"did you mean {meant!r}?" if meant else _INSTEAD.get(load.name, "declare it under `variables:`")
    return Finding("undefined-variable", f"no variable named {load.name!r}", hint, load.offset, len(load.name))


def absent_attribute(attribute: Attribute, exports: Collection[str] | None, text: str) -> Finding | None:
    """A fault where something that is known to the last attribute does not have this one."""
    name = attribute.name
    if name.startswith("_"):
        return None
    if isinstance(attribute.of, Reference):
        return None if exports is None or name in exports else _absent(attribute, "the imported file", exports, text)
    if attribute.of == A_LOOP:
        return None if name in LOOP else _absent(attribute, "'loop'", LOOP, text)
    if attribute.of in {"agent", A_HANDOFF}:
        what = "'agent'" if attribute.of == "agent" else "a handoff"
        return None if name in _MAPPING or name in _AGENT else _absent(attribute, what, _AGENT, text)
    if attribute.of == "handoffs" and name not in _LIST:
        hint = "write {% for handoff in handoffs %} and inside of it handoff.name"
        return Finding(
            "undefined-variable", f"'handoffs' is a list: it has no {name!r}", hint, *_place(attribute, text)
        )
    return None


def _absent(attribute: Attribute, what: str, names: Collection[str], text: str) -> Finding:
    shown = ", ".join(sorted(names) if isinstance(names, frozenset | set) else names) or "nothing"
    meant = nearest(attribute.name, sorted(names))
    hint = f"did you mean {meant!r}?" if meant else f"it has: {shown}"
    return Finding("undefined-variable", f"{what} has no {attribute.name!r}", hint, *_place(attribute, text))


def _place(attribute: Attribute, text: str) -> tuple[int, int]:
    found = re.compile(rf"(?<!\w){re.escape(attribute.name)}(?!\w)").search(text, attribute.offset)
    return (found.start() if found else attribute.offset), len(attribute.name)
