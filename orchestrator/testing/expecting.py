"""What is expected, held against what happened."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain

from orchestrator.spec.suite import CountSpec, ExpectSpec, MatcherSpec
from orchestrator.testing.calling import calls, excludes, includes, rendered_matcher, textual_matcher
from orchestrator.testing.matching import mismatches, shown, written
from orchestrator.testing.outcome import Failure
from orchestrator.testing.places import Place
from orchestrator.testing.scope import Scope
from orchestrator.testing.searching import begin_searches
from orchestrator.testing.seen import Seen

_MOST_LINES = 400
_WELL = ("answered", "ended")
_SUBJECTS = {"reply": "the reply", "instructions": "the text of the instructions"}


@dataclass(frozen=True, slots=True)
class Held:
    """An expectation that held, by its path in the test."""

    expectation: str


def judge(expect: ExpectSpec, seen: Seen, place: Place, scope: Scope) -> Iterator[Failure | Held]:
    """Give, for each thing that is expected, that it held, or all that is wrong with it.

    Raises:
        Broken: a template in an expectation can't be rendered.
    """
    said = [key for key in ExpectSpec.model_fields if key in expect.model_fields_set]
    for key, name, at in chain.from_iterable(_parts(key, expect, place) for key in said):
        begin_searches()
        found = list(_judged(name, key, expect, seen, at, scope))
        yield from found
        if not found:
            yield Held(at.name)


def ended_badly(expect: ExpectSpec, seen: Seen, detail: str, place: Place) -> Failure | None:
    """What is wrong with a turn that did not end well, where nothing is expected of its end."""
    if expect.status is not None or seen.status in _WELL:
        return None
    told = f"{seen.status}: {detail}" if detail else seen.status
    message = f"the turn ended otherwise than with an answer: {told}"
    hint = f"  if that is right, expect it: status: {seen.status}"
    user = place.at("user")
    return place.at("expect", "status", name="status").failure(message, [hint], span=user.key)


def _parts(key: str, expect: ExpectSpec, place: Place) -> Iterator[tuple[str, str, Place]]:
    """The expectations behind a key, with its name and place: one, but for variables, each of which is one."""
    if key == "variables":
        for name in expect.variables:
            yield key, name, place.at(key, name, name=f"variables.{name}")
    else:
        yield key, key, place.at(key, name=key)


def _judged(name: str, key: str, expect: ExpectSpec, seen: Seen, place: Place, scope: Scope) -> Iterator[Failure]:
    match getattr(expect, key):
        case MatcherSpec() as matcher:
            matcher = textual_matcher(matcher, place, scope)
            yield from _matched(_SUBJECTS[key], matcher, getattr(seen, key), place)
        case CountSpec() as count:
            number = len(seen.calls) if key == "tool_calls" else getattr(seen, key)
            yield from _counted(count, number, key, place)
        case dict() as variables if key == "variables":
            matcher = rendered_matcher(variables[name], place, scope)
            yield from _matched(f"variable {name!r}", matcher, seen.variables.get(name), place)
        case dict() as made:
            yield from (calls if key == "calls" else includes)(made, seen.calls, place, scope)
        case tuple() as names:
            yield from (_agents if key == "agents" else excludes)(names, seen, place)
        case wanted if wanted != getattr(seen, key):
            what = "the next answer is for" if key == "agent" else "the turn ended"
            message = f"{what} {getattr(seen, key)}, not {wanted}"
            yield place.failure(message, [f"- {wanted}", f"+ {getattr(seen, key)}"])


def _matched(subject: str, matcher: MatcherSpec, value: object, place: Place) -> Iterator[Failure]:
    for found in mismatches(matcher, value):
        at = place.at(*found.at)
        yield (at if at.written else place).failure(f"{subject} {found.message}", _difference(matcher, found.at, value))


def _difference(matcher: MatcherSpec, at: tuple[str | int, ...], value: object) -> list[str]:
    """Both texts side by side, line by line; else what was expected, and what was."""
    if at == ("equals",) and isinstance(matcher.equals, str) and isinstance(value, str):
        return lines_apart(matcher.equals.splitlines() or [""], value.splitlines() or [""])
    said = MatcherSpec.model_validate({key: getattr(matcher, str(key)) for key in at})
    wanted = shown(matcher.equals) if at == ("equals",) else written(said)
    was = value.splitlines() if isinstance(value, str) else [written(value)] if value is not None else []
    return [f"- {wanted}", *(f"+ {line}" for line in was[:_MOST_LINES])]


def _counted(count: CountSpec, number: int, key: str, place: Place) -> Iterator[Failure]:
    for found in mismatches(MatcherSpec.model_validate(count.model_dump(exclude_unset=True)), number):
        at = place.at(*found.at)
        noun = key.replace("_", " ")
        message = f"the number of {noun} {found.message}"
        yield (at if at.written else place).failure(message)


def _agents(names: tuple[str, ...], seen: Seen, place: Place) -> Iterator[Failure]:
    if names != seen.agents:
        first = next((i for i, name in enumerate(names) if seen.agents[i : i + 1] != (name,)), None)
        message = f"the word went to {', '.join(seen.agents)}"
        span = place.span if first is None else place.at(first).span
        yield place.failure(message, lines_apart(names, seen.agents), span=span)


def lines_apart(wanted: tuple[str, ...] | list[str], was: tuple[str, ...] | list[str]) -> list[str]:
    """The lines of a difference between two lists of lines."""
    before, after = list(wanted[:_MOST_LINES]), list(was[:_MOST_LINES])
    lines: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            lines += [f"  {line}" for line in before[a:b]]
        else:
            lines += [f"- {line}" for line in before[a:b]] + [f"+ {line}" for line in after[c:d]]
    return lines
