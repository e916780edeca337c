"""Which mapping stands where in a test file, and where null is a value."""

from collections.abc import Mapping, Sequence

from orchestrator.spec.draft import Location, tag_of
from orchestrator.spec.mapping import Spec
from orchestrator.spec.suite import (
    ApprovalSpec,
    ConversationSpec,
    CountSpec,
    ExpectSpec,
    MadeCallSpec,
    MatcherSpec,
    PlayedCallSpec,
    RecordingSpec,
    ReplySpec,
    StubSpec,
    SuiteSpec,
    TurnSpec,
)

_SHAPES: tuple[tuple[tuple[str | None, ...], type[Spec]], ...] = (
    ((), SuiteSpec),
    (("tools", None), StubSpec),
    (("tools", None, None), StubSpec),
    (("tests", None), ConversationSpec),
    (("tests", None, "tools", None), StubSpec),
    (("tests", None, "tools", None, None), StubSpec),
    (("tests", None, "turns", None), TurnSpec),
    (("tests", None, "turns", None, "model", tag_of("replay")), RecordingSpec),
    (("tests", None, "turns", None, "model", tag_of("replies"), None), ReplySpec),
    (("tests", None, "turns", None, "model", tag_of("replies"), None, "calls", None), PlayedCallSpec),
    (("tests", None, "turns", None, "approvals", None), ApprovalSpec),
    *(
        (place, spec)
        for expect in (("tests", None, "turns", None, "expect"), ("tests", None, "expect"))
        for place, spec in (
            (expect, ExpectSpec),
            ((*expect, "calls", None), MadeCallSpec),
            ((*expect, "includes", None), MadeCallSpec),
            ((*expect, "reply"), MatcherSpec),
            ((*expect, "instructions"), MatcherSpec),
            ((*expect, "variables", None), MatcherSpec),
            ((*expect, "model_calls"), CountSpec),
            ((*expect, "handoffs"), CountSpec),
            ((*expect, "tool_calls"), CountSpec),
        )
    ),
)


def suite_keys(location: Location) -> Mapping[str, str]:
    """The keys of the mapping at a place in a test file, with their descriptions."""
    for pattern, model in _SHAPES:
        if len(pattern) == len(location) and all(p in {None, part} for p, part in zip(pattern, location, strict=True)):
            return {info.alias or name: info.description or "" for name, info in model.model_fields.items()}
    return {}


def suite_free(location: Location) -> bool:
    """Whether null may stand at this place: among values of variables, arguments and results.

    Also where what reads it says better what may stand there than that there is no value: entries of lists.
    """
    match location:
        case ("variables", _, *_) | ("tests", _, "variables", _, *_) | ("tests", _, "cases", _, _, *_):
            return True
        case ("tools", _, *inside) | ("tests", _, "tools", _, *inside):
            return _free_in_stub(inside)
        case ("tests", _, "turns", _, *inside):
            return _free_in_turn(inside)
        case ("tests", _, "expect", *inside):
            return _free_in_expect(inside)
        case _:
            return False


def _free_in_stub(location: Sequence[str | int]) -> bool:
    match location:
        case [int(), *inside]:
            return _free_in_stub(inside)
        case ["result", *_] | ["variables", _, *_]:
            return True
        case _:
            return False


def _free_in_turn(location: Sequence[str | int]) -> bool:
    match location:
        case ["variables", _, *_] | ["model", _, "with", _, *_] | ["model", _, "calls", _, "with", _, *_]:
            return True
        case ["approvals", _, "arguments", _, *_]:
            return True
        case ["model" | "approvals", int()] | ["model", _, "calls", int()]:
            return True
        case ["expect", *inside]:
            return _free_in_expect(inside)
        case _:
            return False


def _free_in_expect(location: Sequence[str | int]) -> bool:
    match location:
        case ["reply" | "instructions", "equals" | "contains", *_]:
            return True
        case ["variables", _] | ["variables", _, "equals" | "contains", *_]:
            return True
        case ["calls" | "includes", int()] | ["calls" | "includes", _, _, _, *_]:
            return True
        case ["calls" | "includes", _, key]:
            return key not in {"call", "with", "error"}
        case _:
            return False
