"""Test files: conversations, and what is expected of them. ``schemas/test.schema.json`` is generated from here."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.events import Finish, Status
from orchestrator.spec.draft import Location, Positions, tag_of
from orchestrator.spec.mapping import Spec, numbered, short
from orchestrator.spec.values import Absent, Filled, Flag, Name, Number, Whole, finite

_TEMPLATE = "a template"
_NAMES = "Texts in it are templates."


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise PydanticCustomError("bad-value", "is no regular expression: {why}", {"why": str(error)}) from None
    return value


def _whole_matcher(value: object) -> object:
    return value if isinstance(value, dict | MatcherSpec) else {"equals": value}


def _whole_count(value: object) -> object:
    return {"equals": value} if isinstance(value, int | float) else value


class MatcherSpec(Spec):
    """What a value must be. All that is said must hold; a value by itself says what it must equal."""

    equals: Any = Field(None, description="Exactly this.")
    contains: Any = Field(None, description="This text is in it, whatever the case; or this is an entry of the list.")
    matches: Annotated[str, BeforeValidator(_pattern)] | Absent = Field(
        None, description="This regular expression is found in it."
    )
    any: Literal[True] | Absent = Field(None, description="It is there, whatever it is.")
    absent: Literal[True] | Absent = Field(None, description="It is not there.")
    at_most: Number | Absent = Field(None, description="It is a number, and no greater.")
    at_least: Number | Absent = Field(None, description="It is a number, and no less.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            hint = "write the value itself, or contains:, matches:, any:, absent:, at_most: or at_least:"
            raise PydanticCustomError("bad-value", "says nothing", {"hint": hint})
        return self


class CountSpec(Spec):
    """How many there must be. A number by itself says exactly how many."""

    equals: Whole | Absent = Field(None, ge=0, description="Exactly so many.")
    at_most: Whole | Absent = Field(None, ge=0, description="No more.")
    at_least: Whole | Absent = Field(None, ge=0, description="No fewer.")


Matcher: TypeAlias = Annotated[MatcherSpec, BeforeValidator(_whole_matcher, json_schema_input_type=str | MatcherSpec)]
AnyMatcher: TypeAlias = Annotated[MatcherSpec, BeforeValidator(_whole_matcher, json_schema_input_type=Any)]
Count: TypeAlias = Annotated[CountSpec, BeforeValidator(_whole_count, json_schema_input_type=int | CountSpec)]
Json: TypeAlias = Annotated[Any, BeforeValidator(finite)]


class PlayedCallSpec(Spec):
    """One of several calls in a reply."""

    call: Filled = Field(description="The function: a tool, or transfer_to_<agent>.")
    arguments: dict[str, Json] = Field({}, alias="with", description=f"The arguments. {_NAMES}")


class ReplySpec(Spec):
    """A reply of the model: a text, calls, or both; or that it fails."""

    say: str | Absent = Field(None, description=f"The reply's text, {_TEMPLATE}.")
    call: Filled | Absent = Field(None, description="A function that it calls: a tool, or transfer_to_<agent>.")
    arguments: dict[str, Json] = Field({}, alias="with", description=f"The arguments of `call`. {_NAMES}")
    calls: Annotated[
        dict[int, Annotated[PlayedCallSpec, BeforeValidator(short("call"))]],
        BeforeValidator(numbered, json_schema_input_type=list[str | PlayedCallSpec]),
    ] = Field({}, description="Several calls, in one reply.")
    agent: Filled | Absent = Field(None, description="Who must be asked here. The test fails if it is another agent.")
    finish: Finish | Absent = Field(None, description="Why the reply ends; stop, unless it is said.")
    fails: Filled | Absent = Field(None, description="The model gives no reply, for this reason.")

    @model_validator(mode="after")
    def _replies(self) -> Self:
        said = [self.say is not None, self.call is not None, bool(self.calls), self.fails is not None]
        if not any(said):
            hint = "add say: and a text, call: and a function, calls: and a list, or fails: and a reason"
            raise PydanticCustomError("bad-value", "neither says nor calls anything", {"hint": hint})
        if self.call is not None and self.calls:
            raise PydanticCustomError("bad-value", "has both call and calls", {"hint": "put all of them under calls:"})
        if self.arguments and self.call is None:
            raise PydanticCustomError("bad-value", "has arguments without a call", {"hint": "add call: and a function"})
        if self.fails is not None and any(said[:3]):
            raise PydanticCustomError(
                "bad-value", "fails, and so says and calls nothing", {"hint": "leave the rest out"}
            )
        return self


class RecordingSpec(Spec):
    """Replies that were recorded."""

    replay: Filled = Field(description="A file that --record wrote, relative to this one.")


class StubSpec(Spec):
    """What a tool gives instead of running. Arguments are checked as ever."""

    result: Json = Field(None, description=f"The result, as the function would return it. {_NAMES}")
    error: Filled | Absent = Field(None, description="The tool fails with this message.")
    variables: dict[Name, Json] = Field({}, description="The variables that it sets.")
    handoff: Filled | Absent = Field(None, description="The agent that it hands off to.")
    end: Flag | Absent = Field(None, description="Whether it ends the run, with `result` as the last word.")


class ApprovalSpec(Spec):
    """What the person says where a call needs a yes."""

    verdict: Literal["granted", "always", "denied"] = Field(description="granted, always or denied.")
    tool: Filled | Absent = Field(None, description="The tool that must be asked for here.")
    reason: str | Absent = Field(None, description="Why not; the model gets to read it.")
    arguments: dict[str, Json] | Absent = Field(None, description="Arguments that replace those of the call.")


class MadeCallSpec(Spec):
    """A call that must have been made."""

    call: Filled = Field(description="The tool.")
    arguments: dict[str, Json] = Field(
        {}, alias="with", description="What arguments must be: values or matchers. Others may be there, too."
    )
    result: AnyMatcher | Absent = Field(None, description="What the model must have read as its result.")
    error: Flag | Absent = Field(None, description="Whether it must have failed, or not.")


def _whole_made(value: object) -> object:
    """``name`` and ``{name: arguments}`` made whole."""
    if isinstance(value, str):
        return {"call": value}
    if isinstance(value, dict) and len(value) == 1 and "call" not in value:
        [(name, arguments)] = value.items()
        if isinstance(arguments, dict):
            return {"call": name, "with": arguments}
    return value


MadeCalls: TypeAlias = Annotated[
    dict[int, Annotated[MadeCallSpec, BeforeValidator(_whole_made)]],
    BeforeValidator(numbered, json_schema_input_type=list[str | dict[str, Any]]),
]


class ExpectSpec(Spec):
    """What must have happened. What is left out may be as it likes."""

    agents: tuple[str, ...] | Absent = Field(None, description="Who had the word, one after the other; all of them.")
    agent: Filled | Absent = Field(None, description="Who answers next.")
    calls: MadeCalls | Absent = Field(None, description="The calls of tools, in order; all of them. No handoffs.")
    includes: MadeCalls | Absent = Field(None, description="Calls that are among them, in this order.")
    excludes: tuple[str, ...] | Absent = Field(None, description="Tools that were not called.")
    reply: Matcher | Absent = Field(None, description="The last text that the person got.")
    instructions: Matcher | Absent = Field(None, description="What the model was told by the last request.")
    variables: dict[Name, AnyMatcher] = Field({}, description="What these variables must be.")
    status: Literal[Status, "waiting"] | Absent = Field(None, description="How the turn ended.")
    model_calls: Count | Absent = Field(None, description="How many requests there were.")
    handoffs: Count | Absent = Field(None, description="How many handoffs.")
    tool_calls: Count | Absent = Field(None, description="How many calls of tools.")


def _live(value: object) -> object:
    if value != "live":
        hint = "write a list of replies, {replay: FILE}, or live"
        raise PydanticCustomError("bad-value", "is no way to play a model", {"hint": hint})
    return value


def _play(value: object) -> str:
    """Which way the model of a turn is played."""
    if isinstance(value, dict) and not isinstance(value, Positions):
        return tag_of("replay")
    return tag_of("live") if isinstance(value, str) else tag_of("replies")


Replies: TypeAlias = Annotated[
    dict[int, Annotated[ReplySpec, BeforeValidator(short("say"))]],
    BeforeValidator(numbered, json_schema_input_type=list[str | ReplySpec]),
]
Played: TypeAlias = Annotated[
    Annotated[Replies, Tag(tag_of("replies"))]
    | Annotated[RecordingSpec, Tag(tag_of("replay"))]
    | Annotated[Literal["live"], BeforeValidator(_live), Tag(tag_of("live"))],
    Discriminator(_play),
]


class TurnSpec(Spec):
    """One turn: what the person says, what the model replies, and what is expected."""

    user: str = Field(description=f"What the person says, {_TEMPLATE}.")
    agent: Filled | Absent = Field(None, description="Who answers, where it is not who would.")
    variables: dict[Name, Json] = Field({}, description="Variables that this turn sets.")
    model: Played = Field(
        {}, description="What the model replies, in order: a text, or {say, call, with}. Or {replay: FILE}, or live."
    )
    approvals: Annotated[
        dict[int, Annotated[ApprovalSpec, BeforeValidator(short("verdict"))]],
        BeforeValidator(numbered, json_schema_input_type=list[str | ApprovalSpec]),
    ] = Field({}, description="What the person says to calls that need a yes, in order.")
    answers: Annotated[dict[int, str], BeforeValidator(numbered, json_schema_input_type=list[str])] = Field(
        {}, description="What the person answers to questions of tools, in order."
    )
    expect: ExpectSpec = Field(default_factory=ExpectSpec, description="What is expected of this turn.")


def _whole_stubs(value: object) -> object:
    """One stub is a list of one: it serves every call. Several serve a call each."""
    return [value] if isinstance(value, dict) and not isinstance(value, Positions) else value


Stubs: TypeAlias = dict[
    Filled,
    Annotated[
        dict[int, StubSpec],
        BeforeValidator(numbered, json_schema_input_type=list[StubSpec]),
        BeforeValidator(_whole_stubs, json_schema_input_type=StubSpec | list[StubSpec]),
    ],
]
_REAL = "Tools that really run though they may change something. Those with effects: read always do."
_TOOLS = "What tools give instead of running: {result, error, variables, handoff, end}, or a list, one for each call."


class ConversationSpec(Spec):
    """A test: a conversation, turn by turn."""

    description: str | Absent = Field(None, description="What it shows.")
    agent: Filled | Absent = Field(None, description="Who answers first; the entry agent by default.")
    variables: dict[Name, Json] = Field({}, description="The variables that it begins with.")
    now: str | Absent = Field(None, description="The time that templates see, as 2026-05-21T09:30.")
    tools: Stubs = Field({}, description=_TOOLS)
    real: tuple[str, ...] = Field((), description=_REAL)
    cases: dict[Filled, dict[Name, Json]] = Field(
        {}, description="The test is run once for each case, with these names in its templates."
    )
    turns: Annotated[dict[int, TurnSpec], BeforeValidator(numbered, json_schema_input_type=list[TurnSpec])] = Field(
        description="The turns, in order."
    )
    expect: ExpectSpec = Field(
        default_factory=ExpectSpec, description="What is expected of the whole conversation, at its end."
    )


class SuiteSpec(Spec):
    """A test file. Keys that start with x- are free at this level, as a place for anchors."""

    version: Literal[1] = Field(1, description="Version of the language.")
    description: str | Absent = Field(None, description="What these tests are about.")
    file: Filled = Field(description="The file of agents, relative to this one.")
    variables: dict[Name, Json] = Field({}, description="The variables that each test begins with.")
    now: str | Absent = Field(None, description="The time that templates see in each test.")
    tools: Stubs = Field({}, description=f"For each test. {_TOOLS}")
    real: tuple[str, ...] = Field((), description=f"For each test. {_REAL}")
    tests: dict[Filled, ConversationSpec] = Field(description="The tests by name.")


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
    """Whether null may stand at this place: among values of variables, arguments and results."""
    return bool({"variables", "with", "cases", "result", "arguments", "equals", "contains"} & set(location[1:-1])) or (
        location[-1:] in {("result",), ("equals",)} or location[:1] == ("variables",) or "calls" in location
    )
