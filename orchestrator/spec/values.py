"""The kinds of scalar that a mapping of the language takes."""

import math
import re
import warnings
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

NAME_PATTERN = r"^[a-z][a-z0-9_]*$"
AGENT_NAME_LENGTH = 51  # so that transfer_to_<name> fits into the 64 characters of a function name
FILLED = r"\S"
ENVIRONMENT = r"^[A-Za-z_][A-Za-z0-9_]*$"
LABEL = r"^[A-Za-z0-9_-]{1,64}$"
DOTTED_LABEL = r"^[A-Za-z0-9._-]{1,64}$"
PROVIDERS = ("openai", "azure", "script", "replay")
_LONGEST_WAIT = 86_400  # seconds: a day
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_TEXT = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,8000}[\x21-\x7e])?")
_OF_THE_CLIENT = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def _pattern(value: str) -> str:
    try:
        with warnings.catch_warnings(action="ignore"):  # what Python warns of is no concern of those who write it
            re.compile(value)
    except re.error as error:
        raise PydanticCustomError("bad-value", "is no regular expression: {why}", {"why": str(error)}) from None
    except (OverflowError, RecursionError):
        raise PydanticCustomError("bad-value", "is too large or too deep for a regular expression") from None
    return value


Pattern = Annotated[str, BeforeValidator(_pattern)]
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=64)]
AgentName = Annotated[str, Field(pattern=NAME_PATTERN, max_length=AGENT_NAME_LENGTH)]
Scalar: TypeAlias = str | int | float | bool | None
Absent: TypeAlias = None  # "not given"; a written null is refused before validation, and is not in the schema
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Seconds = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=_LONGEST_WAIT)]
Flag = Annotated[bool, Field(strict=True)]
Filled = Annotated[str, Field(pattern=FILLED)]
EnvName = Annotated[str, Field(pattern=ENVIRONMENT)]


def finite(value: object) -> object:
    """The value, in which no number is infinite or none at all: JSON knows no such number."""
    match value:
        case float() if not math.isfinite(value):
            raise PydanticCustomError("finite_number", "is no number")
        case list():
            return [finite(each) for each in value]
        case dict():
            return {key: finite(each) for key, each in value.items()}
        case _:
            return value


def _scalar(value: object) -> object:
    if isinstance(value, list | dict):
        kind = "a list" if isinstance(value, list) else "a mapping"
        message = "must be text, a number, true, false or null, not {kind}"
        raise PydanticCustomError("wrong-type", message, {"kind": kind})
    return finite(value)


def _url(value: str) -> str:
    if any(sign in value for sign in ("{{", "{%", "${")):
        return value  # a fault of every field that is no template, and told as such
    try:
        parts = urlsplit(value)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or re.search(r"\s", value):
        raise PydanticCustomError(
            "bad-value", "must be a URL with http:// or https:// and a host", {"hint": "such as https://llm.example/v1"}
        )
    if parts.username or parts.password:
        hint = "write the URL without it, and the key as api_key: {env: NAME}"
        raise PydanticCustomError("literal-secret", "has a name or a password in it", {"hint": hint})
    return value


def _header_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        hint = "letters, digits and hyphens, as in X-Team"
        raise PydanticCustomError("bad-value", "can't be the name of a header", {"hint": hint})
    if name.lower() in _OF_THE_CLIENT:
        raise PydanticCustomError("bad-value", "can't be set", {"hint": "leave it out: each request sets it itself"})
    return name


def _header_text(text: str) -> str:
    if not _HEADER_TEXT.fullmatch(text):
        raise PydanticCustomError("bad-value", "must be one line of plain characters, as a header has it")
    return text


AnyScalar = Annotated[Any, BeforeValidator(_scalar, json_schema_input_type=Scalar)]
Url = Annotated[str, AfterValidator(_url)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderText = Annotated[str, AfterValidator(_header_text)]
