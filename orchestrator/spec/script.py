"""Script files: the replies of a model that is not there. ``schemas/script.schema.json`` is generated from here."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.spec.faults import Fault
from orchestrator.spec.mapping import Spec, numbered, short
from orchestrator.spec.values import Absent, Filled, Number, Pattern


class CallSpec(Spec):
    """A tool call in a scripted reply."""

    name: Filled = Field(description="The function to call: a tool, or transfer_to_<agent>.")
    arguments: dict[str, Any] = Field({}, alias="with", description="The arguments; texts in them are templates.")


class RuleSpec(Spec):
    """When these conditions hold, the model replies this."""

    agent: str | Absent = Field(None, description="Only when this agent is active.")
    user: Pattern | Absent = Field(
        None, description="Only when this regular expression is found in the last user message, whatever the case."
    )
    after: str | Absent = Field(
        None, description="Only when the last result came from this tool. Left out: only when none has come yet."
    )
    say: str | Absent = Field(None, description="The reply's text, a template.")
    call: Annotated[
        dict[int, Annotated[CallSpec, BeforeValidator(short("name"))]],
        BeforeValidator(numbered, json_schema_input_type=list[str | CallSpec]),
    ] = Field({}, description="The calls of the reply.")

    @model_validator(mode="after")
    def _replies(self) -> Self:
        if self.say is None and not self.call:
            hint = "add say: and a text, or call: and a list of functions"
            raise PydanticCustomError("bad-value", "neither says nor calls anything", {"hint": hint})
        return self

    def conditions(self) -> Iterator[tuple[str | None, ...]]:
        """Its conditions, and those of all rules that fit whenever it does."""
        for agent in {self.agent, None}:
            for user in {self.user, None}:
                yield self.after, agent, user


class ScriptSpec(Spec):
    """The replies of a scripted model. The first rule whose conditions all hold gives the reply."""

    version: Literal[1] = Field(1, description="Version of the language.")
    description: str | Absent = Field(None, description="What this script plays.")
    words_per_second: Number | Absent = Field(
        None, gt=0, description="How fast texts stream on a terminal; at once where it is left out."
    )
    rules: Annotated[dict[int, RuleSpec], BeforeValidator(numbered, json_schema_input_type=list[RuleSpec])] = Field(
        description="The rules, in order."
    )

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the rules together: there are none, or one of them never gets its turn."""
        if not self.rules:
            yield Fault(("rules",), "bad-value", "there is no rule", "add one, such as - say: Hello")
        first: dict[tuple[str | None, ...], int] = {}
        for index, rule in self.rules.items():
            earlier = min((first[key] for key in rule.conditions() if key in first), default=None)
            if earlier is not None:
                message = f"entry {index + 1} of 'rules' is never used: entry {earlier + 1} fits first"
                hint = "put it before that one, or give it a condition that the other has not"
                yield Fault(("rules", index), "bad-value", message, hint, other=("rules", earlier))
            first.setdefault((rule.after, rule.agent, rule.user), index)


def script_keys(location: tuple[str | int, ...]) -> Mapping[str, str]:
    """The keys of the mapping at a place in a script file, with their descriptions."""
    match location:
        case ():
            model: type[Spec] = ScriptSpec
        case ("rules", _):
            model = RuleSpec
        case ("rules", _, "call", _):
            model = CallSpec
        case _:
            return {}
    return {info.alias or name: info.description or "" for name, info in model.model_fields.items()}


def script_free(location: tuple[str | int, ...]) -> bool:
    """Whether anything may stand at this place: inside the arguments of a call."""
    match location:
        case ("rules", _, "call", _, "with", *_):
            return True
        case _:
            return False
