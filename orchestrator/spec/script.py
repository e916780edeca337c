"""Script files: the replies of a model that is not there. ``schemas/script.schema.json`` is generated from here."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from orchestrator.spec.models import Absent, Spec, numbered, short


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise PydanticCustomError("bad-value", "is no regular expression: {why}", {"why": str(error)}) from None
    return value


class CallSpec(Spec):
    """A tool call in a scripted reply."""

    name: str = Field(min_length=1, description="The function to call: a tool, or transfer_to_<agent>.")
    arguments: dict[str, Any] = Field({}, alias="with", description="The arguments; texts in them are templates.")


class RuleSpec(Spec):
    """When these conditions hold, the model replies this."""

    agent: str | Absent = Field(None, description="Only when this agent is active.")
    user: Annotated[str, BeforeValidator(_pattern)] | Absent = Field(
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


class ScriptSpec(Spec):
    """The replies of a scripted model. The first rule whose conditions all hold gives the reply."""

    version: Literal[1] = Field(1, description="Version of the language.")
    description: str | Absent = Field(None, description="What this script plays.")
    words_per_second: Annotated[float, Field(strict=True)] | Absent = Field(
        None, gt=0, description="How fast texts stream; at once where it is left out."
    )
    rules: Annotated[dict[int, RuleSpec], BeforeValidator(numbered, json_schema_input_type=list[RuleSpec])] = Field(
        description="The rules, in order."
    )


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
