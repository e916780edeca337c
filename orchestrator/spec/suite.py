"""Test files: conversations, and what is expected of them. ``schemas/test.schema.json`` is generated from here."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from orchestrator.events import Finish, Status
from orchestrator.source.faults import shown
from orchestrator.spec.draft import Location, tag_of
from orchestrator.spec.faults import Fault, fault_of, kind_of
from orchestrator.spec.mapping import Spec, listed, numbered
from orchestrator.spec.suite_entries import APPROVAL, CALL, EXPECTED_CALL, REPLY, is_mapping, numbered_replies, whole
from orchestrator.spec.suite_names import Title, namesakes
from orchestrator.spec.values import Absent, Filled, Flag, Name, Number, Pattern, Whole, finite

Json: TypeAlias = Annotated[Any, BeforeValidator(finite)]

_TEMPLATE = "a template"
_NAMES = "Texts in it are templates."
_VARIABLES = "Texts are templates; one that is `{{ … }}` and nothing else gives the value itself."


def _whole_matcher(value: object) -> object:
    return value if isinstance(value, dict | MatcherSpec) else {"equals": value}


def _whole_count(value: object) -> object:
    if isinstance(value, dict | CountSpec):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        message = "must be a whole number, or a mapping such as {at_most: 4}, not {kind}"
        raise PydanticCustomError("wrong-type", message, {"kind": kind_of(value)})
    if value < 0:
        raise PydanticCustomError("bad-value", "must be at least 0")
    return {"equals": value}


class MatcherSpec(Spec):
    """What a value must be. All that is said must hold; a value by itself says what it must equal."""

    equals: Json = Field(None, description="Exactly this. Texts in it are templates.")
    contains: Json = Field(
        None, description="This text, a template, is in it, whatever the case; or this is an entry of the list."
    )
    matches: Pattern | Absent = Field(None, description="This regular expression is found in it.")
    any: Literal[True] | Absent = Field(None, description="It is there, whatever it is.")
    absent: Literal[True] | Absent = Field(None, description="It is not there.")
    at_most: Number | Absent = Field(None, description="It is a number, and no greater.")
    at_least: Number | Absent = Field(None, description="It is a number, and no less.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            hint = "write the value itself, or equals:, contains:, matches:, any:, absent:, at_most: or at_least:"
            raise PydanticCustomError("bad-value", "says nothing", {"hint": hint})
        return self


class CountSpec(Spec):
    """How many there must be. A number by itself says exactly how many."""

    equals: Whole | Absent = Field(None, ge=0, description="Exactly so many.")
    at_most: Whole | Absent = Field(None, ge=0, description="No more.")
    at_least: Whole | Absent = Field(None, ge=0, description="No fewer.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            hint = "write a number, or equals:, at_most: or at_least:"
            raise PydanticCustomError("bad-value", "says nothing", {"hint": hint})
        return self


Matcher: TypeAlias = Annotated[MatcherSpec, BeforeValidator(_whole_matcher, json_schema_input_type=str | MatcherSpec)]
AnyMatcher: TypeAlias = Annotated[MatcherSpec, BeforeValidator(_whole_matcher, json_schema_input_type=Any)]
Names: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(listed, json_schema_input_type=list[str])]
Count: TypeAlias = Annotated[CountSpec, BeforeValidator(_whole_count, json_schema_input_type=int | CountSpec)]


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
        dict[int, Annotated[PlayedCallSpec, BeforeValidator(whole("call", CALL))]],
        BeforeValidator(numbered, json_schema_input_type=list[str | PlayedCallSpec]),
    ] = Field({}, description="Several calls, in one reply.")
    agent: Filled | Absent = Field(None, description="Who must be asked here. The test fails if it is another agent.")
    finish: Finish | Absent = Field(None, description="Why the reply ends; stop, unless it is said.")
    fails: Filled | Absent = Field(
        None,
        description="The model gives no reply, for this reason. context_length: the request was too long.",
    )

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
        if self.fails is not None and (any(said[:3]) or self.finish is not None):
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
    reason: str | Absent = Field(None, description="Why it is denied; the model gets to read it.")
    arguments: dict[str, Json] | Absent = Field(
        None, description="What replaces the arguments of the call, unless it is denied."
    )

    @model_validator(mode="after")
    def _decides(self) -> Self:
        if self.verdict == "denied" and self.arguments is not None:
            hint = "leave the arguments out, or write granted"
            raise PydanticCustomError("bad-value", "denies a call, and gives it arguments", {"hint": hint})
        if self.verdict != "denied" and self.reason is not None:
            hint = "leave the reason out, or write denied"
            raise PydanticCustomError("bad-value", "allows a call, and says why not", {"hint": hint})
        return self


def _with_matchers(value: object) -> object:
    """An expected argument, in which each mapping that has nothing but the keys of a matcher has become one."""
    match value:
        case dict() if value and value.keys() <= MatcherSpec.model_fields.keys():
            return _matcher(value)
        case dict():
            return {key: _with_matchers(inner) for key, inner in value.items()}
        case list():
            return [_with_matchers(inner) for inner in value]
        case _:
            return finite(value)


def _matcher(value: dict[str, object]) -> MatcherSpec:
    try:
        return MatcherSpec.model_validate(value)
    except ValidationError as error:
        fault = fault_of(error.errors(include_url=False)[0], lambda _: {}, lambda _: ())
        raise PydanticCustomError("bad-value", "can't be matched: {why}", {"why": fault.message}) from None


class MadeCallSpec(Spec):
    """A call that must have been made."""

    call: Filled = Field(description="The tool.")
    arguments: dict[str, Annotated[Any, BeforeValidator(_with_matchers)]] = Field(
        {}, alias="with", description="What arguments must be: values or matchers. Others may be there, too."
    )
    result: AnyMatcher | Absent = Field(None, description="What the model must have read as its result.")
    error: Flag | Absent = Field(None, description="Whether it must have failed, or not.")


def _whole_made(value: object) -> object:
    """``{name: arguments}`` made whole, also where nothing is said of the arguments."""
    if isinstance(value, dict) and len(value) == 1 and "call" not in value:
        [(name, arguments)] = value.items()
        if isinstance(arguments, dict | None):
            return {"call": name, "with": arguments or {}}
    return value


_ByName: TypeAlias = Annotated[dict[str, dict[str, Any] | None], Field(min_length=1, max_length=1)]
MadeCalls: TypeAlias = Annotated[
    dict[int, Annotated[MadeCallSpec, BeforeValidator(_whole_made), BeforeValidator(whole("call", EXPECTED_CALL))]],
    BeforeValidator(numbered, json_schema_input_type=list[str | MadeCallSpec | _ByName]),
]


class ExpectSpec(Spec):
    """What must have happened. What is left out may be as it likes."""

    agents: Names | Absent = Field(None, description="Who had the word, one after the other; all of them.")
    agent: Filled | Absent = Field(None, description="Who answers next.")
    calls: MadeCalls | Absent = Field(None, description="The calls of tools, in order; all of them. No handoffs.")
    includes: MadeCalls | Absent = Field(None, description="Calls that are among them, in this order.")
    excludes: Names | Absent = Field(None, description="Tools that were not called.")
    reply: Matcher | Absent = Field(None, description="The last text that the person got.")
    instructions: Matcher | Absent = Field(None, description="What the model was told by the last request.")
    variables: dict[Name, AnyMatcher] = Field({}, description="What these variables must be.")
    status: Literal[Status, "waiting"] | Absent = Field(
        None,
        description="How the turn ended; left out, it must be answered or ended. waiting: the person is not there any "
        "more where `approvals` or `answers` end.",
    )
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
    if is_mapping(value) and not value.keys() & {"say", "call", "calls", "fails"}:
        return tag_of("replay")
    return tag_of("live") if isinstance(value, str) else tag_of("replies")


Replies: TypeAlias = Annotated[
    dict[int, Annotated[ReplySpec, BeforeValidator(whole("say", REPLY))]],
    BeforeValidator(numbered_replies, json_schema_input_type=list[str | ReplySpec]),
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
    variables: dict[Name, Json] = Field({}, description=f"Variables that this turn sets. {_VARIABLES}")
    model: Played = Field(
        {}, description="What the model replies, in order: a text, or {say, call, with}. Or {replay: FILE}, or live."
    )
    approvals: Annotated[
        dict[int, Annotated[ApprovalSpec, BeforeValidator(whole("verdict", APPROVAL))]],
        BeforeValidator(numbered, json_schema_input_type=list[str | ApprovalSpec]),
    ] = Field({}, description="What the person says to calls that need a yes, in order.")
    answers: Annotated[dict[int, str], BeforeValidator(numbered, json_schema_input_type=list[str])] = Field(
        {}, description="What the person answers to questions of tools, in order. Templates."
    )
    expect: ExpectSpec = Field(default_factory=ExpectSpec, description="What is expected of this turn.")


class Every(dict[int, StubSpec]):
    """One stub, written without a list around it: it serves every call. Those of a list serve a call each."""


def _stubs(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    return Every(handler([value])) if is_mapping(value) else handler(value)


Stubs: TypeAlias = dict[
    Filled,
    Annotated[
        dict[int, StubSpec],
        BeforeValidator(numbered, json_schema_input_type=list[StubSpec]),
        WrapValidator(_stubs, json_schema_input_type=StubSpec | list[StubSpec]),
    ],
]
_REAL = "Tools that really run though they may change something. Those with effects: read always do."
_TOOLS = "What tools give instead of running: {result, error, variables, handoff, end}, or a list, one for each call."


class ConversationSpec(Spec):
    """A test: a conversation, turn by turn."""

    description: str | Absent = Field(None, description="What it shows.")
    agent: Filled | Absent = Field(None, description="Who answers first; the entry agent by default.")
    variables: dict[Name, Json] = Field({}, description=f"The variables that it begins with. {_VARIABLES}")
    now: str | Absent = Field(None, description="The time that templates see, as 2026-05-21T09:30.")
    tools: Stubs = Field({}, description=_TOOLS)
    real: Names = Field((), description=_REAL)
    cases: dict[Title, dict[Name, Json]] = Field(
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

    model_config = ConfigDict(json_schema_extra={"patternProperties": {"^x-": True}})

    version: Literal[1] = Field(1, description="Version of the language.")
    description: str | Absent = Field(None, description="What these tests are about.")
    file: Filled = Field(description="The file of agents, relative to this one.")
    variables: dict[Name, Json] = Field({}, description=f"The variables that each test begins with. {_VARIABLES}")
    now: str | Absent = Field(None, description="The time that templates see in each test.")
    tools: Stubs = Field({}, description=f"For each test. {_TOOLS}")
    real: Names = Field((), description=f"For each test. {_REAL}")
    # not in what is printed of it: asyncio.run prints the result of its task unasked, and outcomes hold their suite
    tests: dict[Title, ConversationSpec] = Field(repr=False, description="The tests by name.")

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the tests together: there are none, one of them says nothing, or two have one name."""
        if not self.tests:
            yield Fault(("tests",), "bad-value", "there is no test", "add one: a name, and turns: below it")
        for name, test in self.tests.items():
            if not test.turns:
                hint = "add one, such as - user: Hello"
                yield Fault(("tests", name, "turns"), "bad-value", f"test {shown(name)} has no turn", hint)
            yield from _both(test.tools, test.real, ("tests", name))
        yield from _both(self.tools, self.real, ())
        yield from namesakes({name: test.cases for name, test in self.tests.items()})


def _both(stubs: Mapping[str, object], real: Iterable[str], at: Location) -> Iterator[Fault]:
    """Tools that are to run, and not to run."""
    for index, name in enumerate(real):
        if name in stubs:
            message = f"{shown(name)} is stubbed, and so does not really run"
            place, other = (*at, "real", index), (*at, "tools", name)
            yield Fault(place, "bad-value", message, "leave out one of the two", other=other)
