"""A source becomes a spec: what is broken is reported and left out, what is sound stays.

The data is validated, each fault is reported and the smallest part that holds it is left out, until nothing is wrong.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError

from orchestrator.diagnostics import Diagnostic
from orchestrator.source import Source
from orchestrator.spec.faults import Fault, Location, empty_value, fault_of, kind_of, to_diagnostic, without_echoes
from orchestrator.spec.models import UNREADABLE, FileSpec, Positions, is_free, keys_at, levels_of

M = TypeVar("M", bound=BaseModel)

_SECTIONS = ("agents", "models", "variables")


@dataclass(frozen=True, slots=True)
class Shape(Generic[M]):
    """What a kind of file looks like.

    ``keys`` gives the keys of the mapping at a location, for "did you mean"; ``free`` says where null is a value;
    ``levels`` tells the other places where a key may stand. ``stand_ins`` are values for missing keys, so that the
    rest of the mapping is not lost with them.
    """

    model: type[M]
    keys: Callable[[Location], Mapping[str, str]]
    free: Callable[[Location], bool]
    stand_ins: Mapping[str, object] = field(default_factory=dict)
    levels: Callable[[str], Sequence[str]] = field(default=lambda _: ())


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
    reading = read_as(Shape(FileSpec, keys_at, is_free, {"instructions": UNREADABLE}, levels_of), source)
    data = source.data if isinstance(source.data, dict) else {}
    names = {section: frozenset(data[section] if isinstance(data.get(section), dict) else ()) for section in _SECTIONS}
    return Reading(source, reading.spec, reading.diagnostics, reading.broken, names)


def read_as(shape: Shape[M], source: Source) -> Reading[M]:
    """Read a file of any kind."""
    if not source.readable:
        return Reading(source, None, source.diagnostics)
    if not isinstance(source.data, dict):
        fault = Fault((), "wrong-type", f"the file must be a mapping of keys to values, not {kind_of(source.data)}")
        return Reading(source, None, (*source.diagnostics, to_diagnostic(source, fault)))
    data: object = {key: value for key, value in source.data.items() if not key.startswith("x-")}
    empty = list(_empty_values(data, shape.free))
    for location in empty:
        data = _without(data, location)
    dropped = set(empty)
    spec, faults = _validated(shape, data, dropped)
    dropped |= {(*fault.location[:-1], fault.about) for fault in faults if fault.code == "unknown-key" and fault.about}
    known = {diagnostic.span for diagnostic in source.diagnostics}  # an alias without anchor has no value, for one
    really = [location for location in empty if source.locate(location) not in known]
    found = [to_diagnostic(source, fault) for fault in (*map(empty_value, really), *faults)]
    new = tuple(diagnostic for diagnostic in found if diagnostic.span not in known)
    return Reading(source, spec, (*source.diagnostics, *new), frozenset(dropped))


def _validated(shape: Shape[M], data: object, dropped: set[Location]) -> tuple[M | None, list[Fault]]:
    """Validate and leave out what is wrong, as often as it takes. ``dropped`` has been reported already."""
    faults: list[Fault] = []
    while True:
        try:
            return shape.model.model_validate(data), without_echoes(faults)
        except ValidationError as error:
            details = error.errors(include_url=False)
        for detail in details:
            missing = detail["type"] == "missing"
            place = tuple(part for part in detail["loc"] if part != "[key]")
            if not _follows(detail["type"], place, dropped):
                faults.append(fault_of(detail, shape.keys, shape.levels))
            if missing and place[-1] in shape.stand_ins:
                data = _with(data, place, shape.stand_ins[str(place[-1])])
                continue
            drop = place[:-1] if missing else place
            while drop and not _exists(data, drop):  # a location may end in what pydantic calls a choice
                drop = drop[:-1]
            if not drop:
                return None, without_echoes(faults)
            dropped.add(drop)
            data = _without(data, drop)


def _follows(kind: str, place: Location, dropped: set[Location]) -> bool:
    """Whether a fault is there only because something was left out: a missing key, or a rule over several keys."""
    if kind == "missing":
        return place in dropped
    return kind == "bad-value" and any(len(d) > len(place) and d[: len(place)] == place for d in dropped)


def _empty_values(data: object, free: Callable[[Location], bool], at: Location = ()) -> Iterator[Location]:
    """Where a key has no value though one is expected."""
    if data is None and not free(at):
        yield at
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _empty_values(value, free, (*at, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _empty_values(value, free, (*at, index))


def _with(data: object, location: Location, value: object) -> object:
    """A copy of the data with a value at this place, whose mapping exists."""
    copy = _copy(data)
    head, rest = location[0], location[1:]
    copy[head] = _with(copy[head], rest, value) if rest else value
    return copy


def _exists(data: object, location: Location) -> bool:
    for part in location:
        if isinstance(data, list):
            inside = isinstance(part, int) and part < len(data)
        else:
            inside = isinstance(data, dict) and part in data
        if not inside:
            return False
        data = cast("Any", data)[part]
    return True


def _copy(data: object) -> dict[str | int, object]:
    if isinstance(data, list):
        return Positions(enumerate(data))
    if isinstance(data, dict):
        return Positions(data) if isinstance(data, Positions) else dict(data)
    return {}


def _without(data: object, location: Location) -> object:
    """A copy of the data without the part at this place. A list becomes a mapping by position."""
    head, rest = location[0], location[1:]
    copy = _copy(data)
    if head not in copy:
        return data
    if rest:
        copy[head] = _without(copy[head], rest)
    else:
        del copy[head]
    return copy
