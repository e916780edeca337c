"""Where a test file names things, and where its texts are templates."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from orchestrator.agents import HANDOFF
from orchestrator.spec.draft import Location
from orchestrator.spec.suite import ConversationSpec, Every, ExpectSpec, StubSpec, SuiteSpec, TurnSpec

Named = tuple[str, Location, str, bool]
"""A name: its kind, its place, the name itself, and whether it is a key."""


@dataclass(frozen=True, slots=True)
class Played:
    """A call in a reply: the function, its arguments, and the place of what holds both."""

    function: str
    arguments: Mapping[str, object]
    at: Location


def names_in(spec: SuiteSpec) -> Iterator[Named]:
    """The names in a test file: their kind, their place, the name, and whether it is a key."""
    yield from (("variables", ("variables", name), name, True) for name in spec.variables)
    yield from (("tools", ("real", index), name, False) for index, name in enumerate(spec.real))
    yield from _stub_names(spec.tools, ("tools",))
    for name, test in spec.tests.items():
        yield from _test_names(test, ("tests", name))


def calls_in(spec: SuiteSpec) -> Iterator[Played]:
    """The calls in replies, but for those of which the test says how they end: it may be about a model that errs."""
    for name, test in spec.tests.items():
        judged = set(_judged(test))
        yield from (call for call in played_in(test, ("tests", name)) if call.function not in judged)


def played_in(test: ConversationSpec, at: Location) -> Iterator[Played]:
    """The calls in the replies of a test."""
    for index, turn in test.turns.items():
        yield from _calls(turn, (*at, "turns", index, "model"))


def _test_names(test: ConversationSpec, at: Location) -> Iterator[Named]:
    yield from _agent(test.agent, (*at, "agent"))
    yield from (("variables", (*at, "variables", name), name, True) for name in test.variables)
    yield from (("tools", (*at, "real", index), name, False) for index, name in enumerate(test.real))
    yield from _stub_names(test.tools, (*at, "tools"))
    # a test may have a model call what is not there, and expect just that
    played = {call.function for call in played_in(test, at)}
    for index, turn in test.turns.items():
        yield from _turn_names(turn, (*at, "turns", index), played)
    yield from _expected_names(test.expect, (*at, "expect"), played)


def _turn_names(turn: TurnSpec, at: Location, played: Collection[str]) -> Iterator[Named]:
    yield from _agent(turn.agent, (*at, "agent"))
    yield from (("variables", (*at, "variables", name), name, True) for name in turn.variables)
    replies = turn.model if isinstance(turn.model, dict) else {}
    for index, reply in replies.items():
        yield from _agent(reply.agent, (*at, "model", index, "agent"))
    for index, approval in turn.approvals.items():
        if approval.tool is not None:
            yield "tools", (*at, "approvals", index, "tool"), approval.tool, False
    yield from _expected_names(turn.expect, (*at, "expect"), played)


def _stub_names(stubs: Mapping[str, Mapping[int, StubSpec]], at: Location) -> Iterator[Named]:
    for tool, specs in stubs.items():
        yield "tools", (*at, tool), tool, True
        for index, spec in specs.items():
            entry = (*at, tool) if isinstance(specs, Every) else (*at, tool, index)
            yield from (("variables", (*entry, "variables", name), name, True) for name in spec.variables)
            yield from _agent(spec.handoff, (*entry, "handoff"))


def _calls(turn: TurnSpec, at: Location) -> Iterator[Played]:
    replies = turn.model if isinstance(turn.model, dict) else {}
    for index, reply in replies.items():
        if reply.call is not None:
            yield Played(reply.call, reply.arguments, (*at, index))
        for position, call in reply.calls.items():
            yield Played(call.call, call.arguments, (*at, index, "calls", position))


def _judged(test: ConversationSpec) -> Iterator[str]:
    """The functions of expected calls that have a result, or an error, that is expected."""
    for expect in (test.expect, *(turn.expect for turn in test.turns.values())):
        for made in (*(expect.calls or {}).values(), *(expect.includes or {}).values()):
            if made.result is not None or made.error is not None:
                yield made.call


def _expected_names(expect: ExpectSpec, at: Location, played: Collection[str]) -> Iterator[Named]:
    yield from _agent(expect.agent, (*at, "agent"))
    for index, name in enumerate(expect.agents or ()):
        yield "agents", (*at, "agents", index), name, False
    yield from (("variables", (*at, "variables", name), name, True) for name in expect.variables)
    for key, made in (("calls", expect.calls or {}), ("includes", expect.includes or {})):
        for index, spec in made.items():
            if spec.call not in played or spec.call.startswith(HANDOFF):
                yield "calls", (*at, key, index), spec.call, False
    for index, name in enumerate(expect.excludes or ()):
        yield "calls", (*at, "excludes", index), name, False


def _agent(name: str | None, at: Location) -> Iterator[Named]:
    if name is not None:
        yield "agents", at, name, False


def is_template(location: Location) -> bool:
    """Whether the text at a place is a template."""
    match location:
        case ("variables", *_) | ("tests", _, "variables", *_):
            return True
        case ("tools", _, *inside) | ("tests", _, "tools", _, *inside):
            return bool({"result", "error", "variables"} & set(inside[:2]))
        case ("tests", _, "turns", _, *inside):
            return _is_template_of_turn(inside)
        case ("tests", _, "expect", *inside):
            return _is_expected(inside)
        case _:
            return False


def _is_template_of_turn(location: list[str | int]) -> bool:
    match location:
        case ["user"] | ["answers", _] | ["variables", *_] | ["approvals", _, "arguments", *_]:
            return True
        case (
            ["model", int()] | ["model", int(), "say" | "fails" | "with", *_] | ["model", int(), "calls", _, "with", *_]
        ):
            return True
        case ["expect", *inside]:
            return _is_expected(inside)
        case _:
            return False


def _is_expected(location: list[str | int]) -> bool:
    """Whether the text at a place below ``expect`` is a template: regular expressions and names are none."""
    match location:
        case ["reply" | "instructions", *_] | ["variables", *_]:
            return location[-1] != "matches"
        case ["calls" | "includes", _, key, *_] if key not in {"call", "error"}:
            return location[-1] != "matches"
        case _:
            return False
