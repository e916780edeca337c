"""What a scalar of the text means, and the faults of those that mean something else than they seem to."""

import re

import yaml

from orchestrator.diagnostics import Severity
from orchestrator.source.faults import Faults, shown
from orchestrator.source.positions import Place, place_of
from orchestrator.source.scalars import Scalar, ambiguity, resolve

_CORE = "tag:yaml.org,2002:"

_TAG = re.compile(r"!\S*")
# Two blanks before '#' are the habit of those who mean a comment; `# orchestrate:` is meant in any case.
_CUT = re.compile(r"(?<![ \t])[ \t](#(?!\s*orchestrate:)[^\r\n]*)")
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
}


def read_plain(faults: Faults, value: str, place: Place) -> Scalar:
    """Read an unquoted scalar by YAML 1.2, and report it when YAML 1.1 reads it differently."""
    try:
        data = resolve(value)
    except OverflowError:
        faults.report(place, "too-large", f"the number has {len(value)} digits", "quote it if it is a text")
        return value
    doubt = ambiguity(value)
    if doubt:
        faults.report(place, "ambiguous-scalar", f"{shown(value)} is {doubt.old} to some YAML parsers", doubt.hint)
    return data


def read_tagged(faults: Faults, event: yaml.ScalarEvent, place: Place) -> Scalar:
    """Read a scalar as its tag wants it, and report a tag that is not of the core schema or does not fit."""
    text = str(event.value)
    name = str(event.tag).removeprefix(_CORE)
    if event.tag == _CORE + "str":
        return text
    if name not in _TYPES and name not in ("map", "seq"):
        report_tag(faults, event)
        return text if event.style else read_plain(faults, text, place)
    try:
        data = resolve(text)
    except OverflowError:
        data = text
    if name in _TYPES and isinstance(data, _TYPES[name]) and (name == "bool" or not isinstance(data, bool)):
        return float(data) if name == "float" and isinstance(data, int) else data
    _report_misfit(faults, event, f"{shown(text)} does not fit the tag '!!{name}'")
    return text


def check_collection_tag(faults: Faults, event: yaml.CollectionStartEvent) -> None:
    """Report the tag of a collection, unless it says what the collection is anyway."""
    kind = "map" if isinstance(event, yaml.MappingStartEvent) else "seq"
    name = str(event.tag).removeprefix(_CORE)
    if name == kind:
        return
    if name in _TYPES or name in ("str", "map", "seq"):
        _report_misfit(faults, event, f"a {'mapping' if kind == 'map' else 'list'} does not fit the tag '!!{name}'")
    else:
        report_tag(faults, event)


def report_tag(faults: Faults, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
    """Report an unknown tag, at the tag."""
    place = _tag_place(faults, event)
    message = f"the tag {shown(faults.positions.text[slice(*place)])} is not known"
    faults.report(place, "unknown-tag", message, "delete it; if the '!' belongs to a text, quote the text")


def warn_if_cut(faults: Faults, value: Scalar, end: int) -> None:
    """Warn of prose without quotes that a ' #' ends, as in ``Call us # 24/7``."""
    if not isinstance(value, str) or " " not in value:
        return
    comment = _CUT.match(faults.positions.text, end)
    if comment:
        message = f"the text ends before this: ' #' begins a comment, and {shown(comment[1])} is not part of the text"
        hint = "put the text in quotes, or put two blanks before '#' if it is a comment"
        faults.report(comment.span(1), "text-cut", message, hint, severity=Severity.WARNING)


def _report_misfit(faults: Faults, event: yaml.ScalarEvent | yaml.CollectionStartEvent, message: str) -> None:
    faults.report(_tag_place(faults, event), "wrong-type", message, "delete the tag")


def _tag_place(faults: Faults, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> Place:
    start, end = place_of(event)
    found = _TAG.search(faults.positions.text, start, end)
    return found.span() if found else (start, end)
