"""What a tool may return, and how it becomes the text that the model reads."""

import enum
import json
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass

from pydantic_core import PydanticSerializationError, to_jsonable_python

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
        TypeError: the value has no JSON form, or a handoff names no agent.
        VariableError: a Result sets a variable that is not declared, or to a value that does not fit.
    """
    match value:
        case End(text):
            return Outcome(_last_word(text), variables=context.changes, end=True)
        case Handoff(agent):
            return Outcome("", variables=context.changes, handoff=_agent_name(agent))
        case Result(inner, handoff, variables):
            for name, new in variables.items():
                context.set(name, new)
            text = "" if inner is None and handoff else text_of(inner)
            target = None if handoff is None else _agent_name(handoff)
            return Outcome(text, variables=context.changes, handoff=target)
        case BaseException():
            raise value
        case _:
            return Outcome(text_of(value), variables=context.changes)


def _last_word(text: object) -> str:
    return "" if text is None else text_of(text)


def _agent_name(agent: object) -> str:
    if isinstance(agent, str):
        return agent
    raise TypeError(f"a handoff names an agent, not {type(agent).__name__}")


def describe(error: BaseException) -> str:
    """An exception as the model gets to read it: its type and message, without a traceback."""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - an exception may be as broken as anything
        said = ""
    return f"Error: {type(error).__name__}: {said}" if said else f"Error: {type(error).__name__}"


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
        case _:
            return _as_json(value)


def _as_json(value: object) -> str:
    try:
        plain = _plain(value)
        # a date, an id or a path is a text: it needs no quotes. The model reads the characters themselves, not escapes
        return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
    except RecursionError:
        what = "it holds itself, or is nested too deeply"
        raise TypeError(f"the tool returned a {type(value).__name__} that has no JSON form: {what}") from None
    except ValueError as error:
        raise TypeError(f"the tool returned a {type(value).__name__} that has no JSON form: {error}") from None


def _plain(value: object) -> object:
    """The JSON form of a value; of what is not plain data, by pydantic's rules."""
    match value:
        case enum.Enum():
            return _plain(value.value)
        case str() | int() | float() | None:
            return value
        case Mapping():
            return {_key(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset() | deque():
            return [_plain(item) for item in value]
        case bytes() | bytearray() | memoryview() | Iterator() | AsyncIterator():
            raise TypeError(_no_json(value))
        case _ if is_dataclass(value) and not isinstance(value, type) and not hasattr(value, "__pydantic_serializer__"):
            return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
        case _:
            return _by_pydantic(value)


def _by_pydantic(value: object) -> object:
    try:
        return to_jsonable_python(value)
    except PydanticSerializationError:
        raise TypeError(_no_json(value)) from None


def _key(key: object) -> str | int | float | bool | None:
    plain = key if isinstance(key, bytes) else _plain(key)
    if isinstance(plain, str | int | float | bool | None):
        return plain
    raise TypeError(f"the tool returned a dict with a key of type {type(key).__name__}, which has no JSON form")


def _no_json(value: object) -> str:
    return f"the tool returned a {type(value).__name__}, which has no JSON form; return text, a dict or a list"
