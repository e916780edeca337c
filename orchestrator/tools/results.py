"""What a tool may return, and how it becomes the text that the model reads."""

import dataclasses
import datetime as dt
import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel
from pydantic_core import to_json

from orchestrator.tools.context import ToolContext


@dataclass(frozen=True, slots=True)
class Handoff:
    """Return it to move the conversation to ``agent``, if the agent that called may hand off there."""

    agent: str


@dataclass(frozen=True, slots=True)
class End:
    """Return it to end the run. ``text`` is the last word of the run and the answer to the call."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """Return it to say a value, and also set variables or hand off."""

    value: object = None
    handoff: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call: the text for the model, and what the runner has to do about it."""

    content: str
    error: bool = False
    variables: Mapping[str, object] = field(default_factory=dict)
    handoff: str | None = None
    end: bool = False


def outcome_of(value: object, context: ToolContext) -> Outcome:
    """Turn what a tool returned into an outcome, with the variables that it set through its context or a Result.

    Raises:
        TypeError: the value has no JSON form.
        VariableError: a Result sets a variable that is not declared, or to a value that does not fit.
    """
    match value:
        case Outcome():
            return value
        case End(text):
            return Outcome(text, variables=context.changes, end=True)
        case Handoff(agent):
            return Outcome("", variables=context.changes, handoff=agent)
        case Result(inner, handoff, variables):
            for name, new in variables.items():
                context.set(name, new)
            text = "" if inner is None and handoff else text_of(inner)
            return Outcome(text, variables=context.changes, handoff=handoff)
        case BaseException():
            return Outcome(describe(value), error=True, variables=context.changes)
        case _:
            return Outcome(text_of(value), variables=context.changes)


def describe(error: BaseException) -> str:
    """An exception as the model gets to read it: its type and message, without a traceback."""
    return f"Error: {type(error).__name__}: {error}" if str(error) else f"Error: {type(error).__name__}"


def text_of(value: object) -> str:
    """The text of a tool's value: a string as it is, everything that has a JSON form as JSON.

    Raises:
        TypeError: the value has no JSON form (bytes, a generator, an object of some class).
    """
    match value:
        case str() if not isinstance(value, enum.Enum):
            return value
        case enum.Enum():
            return text_of(value.value)
        case dt.date() | dt.time() | dt.timedelta():
            return str(json.loads(to_json(value)))
        case BaseModel():
            return to_json(value).decode()
        case None | bool() | int() | float() | dict() | list() | tuple():
            return _as_json(value)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return _as_json(value)
        case _:
            raise TypeError(_no_json(value))


def _as_json(value: object) -> str:
    try:
        # ensure_ascii is off so that the model reads the characters themselves
        return json.dumps(value, ensure_ascii=False, default=_plain)
    except (ValueError, RecursionError) as error:
        raise TypeError(f"the tool returned a {type(value).__name__} that has no JSON form: {error}") from None


def _plain(value: object) -> object:
    """The JSON form of what the json module does not know."""
    if isinstance(value, bytes | bytearray | memoryview) or hasattr(value, "__next__"):
        raise TypeError(_no_json(value))
    return json.loads(to_json(value))


def _no_json(value: object) -> str:
    return f"the tool returned a {type(value).__name__}, which has no JSON form; return text, a dict or a list"
