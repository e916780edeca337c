"""What is doubtful about the arguments in a test file: names that no tool knows, and matchers that are none."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from orchestrator.checks.references import did_you_mean
from orchestrator.diagnostics import Diagnostic, Severity
from orchestrator.source.faults import shown
from orchestrator.source.nearest import nearest
from orchestrator.spec.draft import Location
from orchestrator.spec.suite import ConversationSpec, ExpectSpec, MadeCallSpec, MatcherSpec
from orchestrator.testing.names import calls_in, played_in
from orchestrator.testing.outcome import Suite
from orchestrator.testing.places import Place

_MATCHERS = tuple(MatcherSpec.model_fields)


@dataclass(frozen=True, slots=True)
class _Given:
    """Arguments: of which tool, None where that is not said; and their place."""

    tool: str | None
    names: tuple[str, ...]
    at: Location


def argument_faults(suite: Suite, tools: Mapping[str, Collection[str]] | None) -> Iterator[Diagnostic]:
    """Warn of arguments that no tool has, and of mappings that look like a misspelt matcher.

    ``tools`` has the names of arguments by that of the tool, None where they can't all be told.
    """
    for given in () if tools is None else _given(suite):
        yield from _unknown(suite, given, tools or {})
    for name, test in suite.spec.tests.items():
        played = {key for call in played_in(test, ()) for key in _keys(call.arguments)}
        for at, made in _expected(test, ("tests", name)):
            yield from _misspelt(suite, made.arguments, _inside(suite, at, made).location, played)


def _unknown(suite: Suite, given: _Given, tools: Mapping[str, Collection[str]]) -> Iterator[Diagnostic]:
    if given.tool is None:
        arguments, holder = sorted(set().union(*tools.values())), "no tool has an"
    elif given.tool in tools:  # whatever stands in a handoff, it is made
        arguments, holder = sorted(tools[given.tool]), f"{given.tool!r} has no"
    else:
        return
    for name in given.names:
        if name not in arguments:
            span = suite.source.locate((*given.at, name), key=True)
            message = f"{holder} argument {shown(name)}"
            yield Diagnostic(span, "unknown-key", message, did_you_mean(name, arguments), Severity.WARNING)


def _given(suite: Suite) -> Iterator[_Given]:
    """All arguments, but for those that are expected of a call because a reply has them."""
    for call in calls_in(suite.spec):
        yield _Given(call.function, tuple(call.arguments), (*call.at, "with"))
    for name, test in suite.spec.tests.items():
        at: Location = ("tests", name)
        played = {(call.function, argument) for call in played_in(test, at) for argument in call.arguments}
        for entry, made in _expected(test, at):
            names = tuple(argument for argument in made.arguments if (made.call, argument) not in played)
            yield _Given(made.call, names, _inside(suite, entry, made).location)
        yield from _approved(test, at)


def _approved(test: ConversationSpec, at: Location) -> Iterator[_Given]:
    for turn_index, turn in test.turns.items():
        for index, approval in turn.approvals.items():
            place = (*at, "turns", turn_index, "approvals", index, "arguments")
            yield _Given(approval.tool, tuple(approval.arguments or ()), place)


def _expected(test: ConversationSpec, at: Location) -> Iterator[tuple[Location, MadeCallSpec]]:
    """The calls that are expected, with their places."""
    expects: list[tuple[Location, ExpectSpec]] = [((*at, "expect"), test.expect)]
    expects += [((*at, "turns", index, "expect"), turn.expect) for index, turn in test.turns.items()]
    for place, expect in expects:
        for key, made in (("calls", expect.calls or {}), ("includes", expect.includes or {})):
            yield from (((*place, key, index), spec) for index, spec in made.items())


def _inside(suite: Suite, at: Location, made: MadeCallSpec) -> Place:
    """Where the arguments of an expected call stand: below ``with``, or below its name."""
    entry = Place(suite.source, at, "")
    return next((inner for inner in (entry.at("with"), entry.at(made.call)) if inner.written), entry)


def _misspelt(suite: Suite, value: object, at: Location, played: Collection[object]) -> Iterator[Diagnostic]:
    """Mappings inside of expected arguments that are data, though all of their keys look like those of a matcher.

    ``played`` are the keys that are data in a reply.
    """
    for key, inner in _items(value):
        if isinstance(inner, dict) and all(nearest(each, _MATCHERS) for each in inner):
            for each in (each for each in inner if each not in _MATCHERS and each not in played):
                span = suite.source.locate((*at, key, each), key=True)
                message = f"{shown(each)} is no matcher, so this must be equal to a mapping that has it"
                yield Diagnostic(span, "unknown-key", message, did_you_mean(each, _MATCHERS), Severity.WARNING)
        yield from _misspelt(suite, inner, (*at, key), played)


def _keys(value: object) -> Iterator[str | int]:
    """The keys of all mappings in a value, and the positions in its lists."""
    for key, inner in _items(value):
        yield key
        yield from _keys(inner)


def _items(value: object) -> Iterator[tuple[str | int, object]]:
    """What a mapping or a list holds, and where."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)
