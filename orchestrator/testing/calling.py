"""Expected calls, held against the calls that were made."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from orchestrator.spec.suite import MadeCallSpec, MatcherSpec
from orchestrator.testing.matching import mismatches, shown, unlike, written
from orchestrator.testing.outcome import Failure
from orchestrator.testing.places import Place
from orchestrator.testing.scope import Scope
from orchestrator.testing.seen import Made, Seen
from orchestrator.tools.results import text_of

_SHOWN = 2_000  # characters of a call in a difference


@dataclass(frozen=True, slots=True)
class Wanted:
    """An expected call with its templates rendered. ``entry`` is where it stands, ``inner`` where its arguments do."""

    name: str
    arguments: Mapping[str, object]
    result: MatcherSpec | None
    error: bool | None
    entry: Place
    inner: Place


def calls(specs: Mapping[int, MadeCallSpec], made: Sequence[Made], place: Place, scope: Scope) -> Iterator[Failure]:
    """What is wrong where exactly these calls must have been made, in this order."""
    wanted = [_wanted(spec, place.at(index), scope) for index, spec in specs.items()]
    failures: list[Failure] = []
    lines: list[str] = []
    for want, call in _paired(wanted, made):
        told = _compared(want, call, place)
        failures += told
        lines += _lines(want, call, held=not told)
    yield from _with_difference(failures, lines)


def includes(specs: Mapping[int, MadeCallSpec], made: Sequence[Made], place: Place, scope: Scope) -> Iterator[Failure]:
    """What is wrong where these calls must be among those that were made, in this order."""
    rest = list(made)
    failures: list[Failure] = []
    for index, spec in specs.items():
        want = _wanted(spec, place.at(index), scope)
        like = [position for position, call in enumerate(rest) if call.name == want.name]
        found = next((position for position in like if not _faults(want, rest[position])), None)
        if found is not None:
            rest = rest[found + 1 :]
        elif like:
            failures += _faults(want, rest[like[0]])
        else:
            later = "" if len(rest) == len(made) else " after that"
            failures.append(want.entry.failure(f"{want.name} was not called{later}"))
    yield from _with_difference(failures, [f"+ {_told(call)}" for call in made])


def excludes(names: Sequence[str], seen: Seen, place: Place) -> Iterator[Failure]:
    """What is wrong where these tools must not have been called."""
    for index, name in enumerate(names):
        found = [call for call in seen.calls if call.name == name]
        if found:
            span = place.at(index).span
            yield place.failure(f"{name} was called", [f"+ {_told(call)}" for call in found], span=span)


def rendered_matcher(matcher: MatcherSpec, place: Place, scope: Scope) -> MatcherSpec:
    """A matcher whose texts are rendered, but for regular expressions: braces mean something else in them."""
    changed = {}
    for key in sorted({"equals", "contains"} & matcher.model_fields_set):
        at = place.at(key)
        changed[key] = scope.value(getattr(matcher, key), at if at.written else place)
    return matcher.model_copy(update=changed)


def textual_matcher(matcher: MatcherSpec, place: Place, scope: Scope) -> MatcherSpec:
    """A rendered matcher of a text, in which numbers and the like stand as a reply has them."""
    changed = {}
    for key in sorted({"equals", "contains"} & matcher.model_fields_set):
        at, said = place.at(key), getattr(matcher, key)
        if said is not None:
            changed[key] = scope.text(said if isinstance(said, str) else text_of(said), at if at.written else place)
    return matcher.model_copy(update=changed)


def _wanted(spec: MadeCallSpec, entry: Place, scope: Scope) -> Wanted:
    inner = next((inner for inner in (entry.at("with"), entry.at(spec.call)) if inner.written), entry)
    arguments = {key: _value(each, inner.at(key), scope) for key, each in spec.arguments.items()}
    result = None if spec.result is None else rendered_matcher(spec.result, entry.at("result"), scope)
    return Wanted(spec.call, arguments, result, spec.error, entry, inner)


def _value(value: object, place: Place, scope: Scope) -> object:
    match value:
        case MatcherSpec():
            return rendered_matcher(value, place, scope)
        case dict():
            return {key: _value(inner, place.at(key), scope) for key, inner in value.items()}
        case list():
            return [_value(inner, place.at(index), scope) for index, inner in enumerate(value)]
        case _:
            return scope.value(value, place)


def _paired(wanted: Sequence[Wanted], made: Sequence[Made]) -> Iterator[tuple[Wanted | None, Made | None]]:
    """Each expected call with the one that was made in its place, and those that have no counterpart."""
    names = [want.name for want in wanted], [call.name for call in made]
    for kind, a, b, c, d in SequenceMatcher(None, *names, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from zip(wanted[a:b], made[c:d], strict=True)
        else:
            yield from ((want, None) for want in wanted[a:b])
            yield from ((None, call) for call in made[c:d])


def _compared(want: Wanted | None, call: Made | None, place: Place) -> list[Failure]:
    if want is None:
        return [] if call is None else [place.failure(f"{call.name} was called, and is not listed", span=place.key)]
    return [want.entry.failure(f"{want.name} was not called")] if call is None else _faults(want, call)


def _faults(want: Wanted, call: Made) -> list[Failure]:
    """What is wrong with a call that should have been made in another way."""
    failures = []
    for found in unlike(want.arguments, call.arguments):
        at = want.inner.at(*found.at)
        what = ".".join(map(str, found.inside)) or "the value of the arguments"
        failures.append((at if at.written else want.inner).failure(f"{want.name}: {what} {found.message}"))
    if want.result is not None:
        at = want.entry.at("result")
        value = _read(call.result, want.result)
        failures += [at.failure(f"{want.name}: the result {found.message}") for found in mismatches(want.result, value)]
    if want.error is not None and want.error != call.failed:
        told = f"failed, and should not have: {shown(call.result)}" if call.failed else "did not fail, and should have"
        failures.append(want.entry.at("error").failure(f"{want.name} {told}"))
    return failures


def _read(result: str | None, matcher: MatcherSpec) -> object:
    """A result as it is compared: as JSON, where something other than a text is expected."""
    is_text = isinstance(matcher.equals, str | None) and matcher.at_most is None and matcher.at_least is None
    if result is None or is_text:
        return result
    try:
        return json.loads(result)
    except (ValueError, RecursionError):
        return result


def _with_difference(failures: Sequence[Failure], lines: Sequence[str]) -> Iterator[Failure]:
    """The failures of one expectation: the first one shows all calls."""
    for index, failure in enumerate(failures):
        yield failure if index else replace(failure, difference=tuple(lines))


def _lines(want: Wanted | None, call: Made | None, *, held: bool) -> Iterator[str]:
    if want is not None and not held:
        yield f"- {_hoped(want)}"
    if call is not None:
        yield f"{' ' if held else '+'} {_told(call)}"


def _hoped(want: Wanted) -> str:
    result = "" if want.result is None else f" -> {written(want.result)}"
    failing = {None: "", True: ", with an error", False: ", without an error"}[want.error]
    return _cut(f"{want.name}({_pairs(want.arguments)}){result}{failing}")


def _told(call: Made) -> str:
    arguments = call.arguments if isinstance(call.arguments, str) else _pairs(call.arguments)
    result = "" if call.result is None else f" -> {shown(call.result)}"
    return _cut(f"{call.name}({arguments}){result}")


def _pairs(arguments: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={written(value)}" for name, value in arguments.items())


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
