"""What a scalar of the text means, and the faults of those that mean something else than they seem to."""

import re

import yaml

from orchestrator.diagnostics import Severity
from orchestrator.source.faults import Faults, shown
from orchestrator.source.mending import ODD_BLANK, quoted
from orchestrator.source.positions import Place, place_of
from orchestrator.source.scalars import Scalar, ambiguity, resolve

_CORE = "tag:yaml.org,2002:"

_TAG = re.compile(r"!\S*")
# Two blanks before '#' are the habit of those who mean a comment; `# orchestrate:` is meant in any case.
_CUT = re.compile(r"(?<![ \t])[ \t](#(?!\s*orchestrate:)[^\r\n]*)")
_CURLY = re.compile("[“”„][^“”„]*[“”]|[‘‚][^‘’‚]*[‘’]")
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


def read_bare(faults: Faults, value: str, place: Place) -> str:
    """Give an unquoted scalar without what only looks like a quote or a blank, and report that."""
    if _CURLY.fullmatch(value):
        inner = value[1:-1]
        message = f"{value[0]} and {value[-1]} are no quotes to YAML: they would be part of the text"
        faults.report(place, "syntax", message, f"put straight quotes instead, or around them: {quoted(inner)}")
        return inner
    if odd := ODD_BLANK.match(value):
        message = f"the text begins with a character that only looks like a blank: U+{ord(value[0]):04X}"
        faults.report(
            (place[0], place[0] + 1), "syntax", message, "delete it, or put the text in quotes if it is meant"
        )
        return value[odd.end() :]
    return value


def is_foreign(faults: Faults, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> bool:
    """Whether a tag is not one of YAML's core schema. Reports that, and a tag that does not fit its collection."""
    name = str(event.tag).removeprefix(_CORE)
    if name not in _TYPES and name not in ("str", "map", "seq"):
        _report_tag(faults, event)
        return True
    kind = "map" if isinstance(event, yaml.MappingStartEvent) else "seq"
    if isinstance(event, yaml.CollectionStartEvent) and name != kind:
        _report_misfit(faults, event, f"a {'mapping' if kind == 'map' else 'list'} does not fit the tag '!!{name}'")
    return False


def read_tagged(faults: Faults, event: yaml.ScalarEvent) -> Scalar:
    """Read a scalar as its tag wants it, and report a tag that does not fit."""
    text, name = str(event.value), str(event.tag).removeprefix(_CORE)
    if name == "str":
        return text
    try:
        data = resolve(text)
    except OverflowError:
        data = text
    if name in _TYPES and isinstance(data, _TYPES[name]) and (name == "bool" or not isinstance(data, bool)):
        return float(data) if name == "float" and isinstance(data, int) else data
    _report_misfit(faults, event, f"{shown(text)} does not fit the tag '!!{name}'")
    return text


def warn_if_cut(faults: Faults, value: Scalar, end: int) -> None:
    """Warn of prose without quotes that a ' #' ends, as in ``Call us # 24/7``."""
    if not isinstance(value, str) or " " not in value:
        return
    comment = _CUT.match(faults.positions.text, end)
    if comment:
        message = f"the text ends before this: ' #' begins a comment, and {shown(comment[1])} is not part of the text"
        hint = "put the text in quotes, or put two blanks before '#' if it is a comment"
        faults.report(comment.span(1), "text-cut", message, hint, severity=Severity.WARNING)


def _report_tag(faults: Faults, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
    place = _tag_place(faults, event)
    message = f"the tag {shown(faults.positions.text[slice(*place)])} is not known"
    faults.report(place, "unknown-tag", message, "delete it; if the '!' belongs to a text, quote the text")


def _report_misfit(faults: Faults, event: yaml.ScalarEvent | yaml.CollectionStartEvent, message: str) -> None:
    faults.report(_tag_place(faults, event), "wrong-type", message, "delete the tag")


def _tag_place(faults: Faults, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> Place:
    start, end = place_of(event)
    found = _TAG.search(faults.positions.text, start, end)
    return found.span() if found else (start, end)
