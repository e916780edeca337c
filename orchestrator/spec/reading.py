"""A source becomes a spec: what is broken is reported and left out, what is sound stays.

The data is validated, the smallest part that holds each fault is left out, and what is left is validated again until
nothing is wrong. That takes a few rounds only, since one round finds all faults but those that others hide.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.diagnostics import Diagnostic
from orchestrator.source import Source
from orchestrator.spec.draft import Draft, Location, leaves, untagged
from orchestrator.spec.faults import (
    Fault,
    empty_value,
    fault_of,
    kind_of,
    literal_secret,
    to_diagnostic,
    without_echoes,
)
from orchestrator.spec.mapping import Spec
from orchestrator.spec.models import UNREADABLE, FileSpec
from orchestrator.spec.places import is_free, keys_at, levels_of

M = TypeVar("M", bound=Spec)

_SECTIONS = ("agents", "models", "variables")
_KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{20}|^\s*Bearer\s+\S", re.IGNORECASE)
_SECRET_HEADER = re.compile(r"(^|[-_])(authorization|cookie|(api)?key|token|secret|password)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shape(Generic[M]):
    """What a kind of file looks like.

    ``keys`` gives the keys of the mapping at a location, for "did you mean"; ``free`` says where null is a value;
    ``levels`` tells the other places where the key at a location may stand. ``stand_ins`` are values for missing keys,
    so that the rest of the mapping is not lost with them. ``secret`` says which texts must not stand in a file.
    """

    model: type[M]
    keys: Callable[[Location], Mapping[str, str]]
    free: Callable[[Location], bool]
    stand_ins: Mapping[str, object] = field(default_factory=dict)
    levels: Callable[[Location], Sequence[str]] = field(default=lambda _: ())
    secret: Callable[[Location, str], bool] = field(default=lambda _, __: False)


@dataclass(frozen=True, slots=True)
class Reading(Generic[M]):
    """What a file says. ``spec`` is None when nothing of it is usable.

    ``names`` maps a section of a file of agents to all names that stand in it, those of broken parts included;
    ``broken`` are the places of values that were left out, or that a misspelt key was meant for.
    """

    source: Source
    spec: M | None
    diagnostics: tuple[Diagnostic, ...]
    broken: frozenset[Location] = frozenset()
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)


def read_spec(source: Source) -> Reading[FileSpec]:
    """Read a file of agents."""
    shape = Shape(FileSpec, keys_at, is_free, {"instructions": UNREADABLE}, levels_of, _is_key_of_model)
    reading = read_as(shape, source)
    data = source.data if isinstance(source.data, dict) else {}
    names = {section: frozenset(data[section] if isinstance(data.get(section), dict) else ()) for section in _SECTIONS}
    return Reading(source, reading.spec, reading.diagnostics, reading.broken, names)


def read_as(shape: Shape[M], source: Source) -> Reading[M]:
    """Read a file of any kind."""
    if not source.readable:
        return Reading(source, None, source.diagnostics)
    if not isinstance(source.data, dict):
        message = f"the file must be a mapping of keys to values, not {kind_of(source.data)}"
        fault = Fault((), "wrong-type", message, "write lines such as `key: value`, with a blank behind each ':'")
        return Reading(source, None, (*source.diagnostics, to_diagnostic(source, fault)))
    draft = Draft({key: value for key, value in source.data.items() if not key.startswith("x-")})
    unfit = list(_unfit_leaves(draft.data, shape, source))
    for fault in unfit:
        draft.leave_out(fault.location)
    spec, faults = _validated(shape, draft)
    meant = {(*fault.location[:-1], fault.about) for fault in faults if fault.code == "unknown-key" and fault.about}
    really = [fault for fault in unfit if not source.unread(fault.location)]
    found = [to_diagnostic(source, fault) for fault in (*really, *faults)]
    return Reading(source, spec, _once(source.diagnostics, found), frozenset(draft.gone | meant))


def _is_key_of_model(location: Location, text: str) -> bool:
    match location:
        case ("models", _, "headers", str(header)) | ("models", _, "headers", str(header), "default"):
            return bool(_SECRET_HEADER.search(header) or _KEY.search(text))
        case _:
            return location[0] == "models" and bool(_KEY.search(text))


def _unfit_leaves(data: object, shape: Shape[M], source: Source) -> Iterator[Fault]:
    """What is wrong with single values whatever holds them: no value where one is expected, or a secret."""
    for location, value in leaves(data):
        if value is None and (not shape.free(location) or source.unread(location)):
            yield empty_value(location)
        elif isinstance(value, str) and shape.secret(location, value):
            yield literal_secret(location)


def _validated(shape: Shape[M], draft: Draft) -> tuple[M | None, list[Fault]]:
    """Validate and leave out what is wrong, as often as it takes."""
    faults: list[Fault] = []
    while True:
        try:
            spec = shape.model.model_validate(draft.data)
        except ValidationError as error:
            details = error.errors(include_url=False)
        else:
            faults += [fault for fault in spec.faults() if not _rests_on(fault, draft)]
            return spec, without_echoes(faults)
        faults += [fault_of(detail, shape.keys, shape.levels) for detail in details if not _follows(detail, draft)]
        for detail in details:
            place = _place(detail)
            if detail["type"] != "missing":
                usable = draft.leave_out(place)
            elif place[-1] in shape.stand_ins:
                usable = draft.put_in(place, shape.stand_ins[str(place[-1])])
            else:
                usable = draft.leave_out(place[:-1])
            if not usable:
                return None, without_echoes(faults)


def _rests_on(fault: Fault, draft: Draft) -> bool:
    """Whether a fault of the whole is about something that is not as it was written."""
    return draft.touched(fault.location) or (fault.other is not None and draft.touched(fault.other))


def _follows(detail: ErrorDetails, draft: Draft) -> bool:
    """Whether a fault is there only because something was left out: a missing key, or a rule over several keys."""
    place = _place(detail)
    if detail["type"] == "missing":
        return place in draft.gone
    return detail["type"] == "bad-value" and draft.touched(place)


def _place(detail: ErrorDetails) -> Location:
    place = untagged(detail["loc"])
    return place[:-1] if place[-1:] == ("[key]",) and detail["type"] != "extra_forbidden" else place


def _once(text: Sequence[Diagnostic], shape: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The faults of the text, and those of the shape at other places; what several aliases share is told once."""
    told = {diagnostic.span for diagnostic in text}
    new = {(each.span, each.code, each.message): each for each in reversed(shape) if each.span not in told}
    return (*text, *reversed(new.values()))
