"""Reading a cassette: whole and sound, or not at all."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.cassette import VERSION, Call, Header, Line, adapter, digest
from orchestrator.errors import UsageError

LARGEST = 64 * 1024 * 1024
"""The most bytes that a cassette may have."""

_WHAT_IT_IS = "a cassette is what `orchestrate run --record FILE` writes"


@dataclass(frozen=True)
class Cassette:
    """What was recorded. ``calls`` stand with the number of their line; ``path`` is as it was given."""

    path: str
    header: Header
    calls: Sequence[tuple[int, Call]]


def read_cassette(path: str | Path) -> Cassette:
    """Read a cassette.

    Raises:
        UsageError: it can't be read, is too large, or is broken; with the line.
    """
    raw = _bytes(Path(path))
    lines = [(number, line) for number, line in enumerate(raw.split(b"\n"), 1) if line.strip()]
    if not lines:
        raise UsageError(f"{path}: the file is empty; {_WHAT_IT_IS}")
    header = _header(f"{path}:{lines[0][0]}", lines[0][1])
    calls = []
    for number, line in lines[1:]:
        cut = number == lines[-1][0] and not raw.endswith(b"\n")
        calls.append((number, _call(f"{path}:{number}", line, cut=cut)))
    if not calls:
        raise UsageError(f"{path}: no model call is recorded here")
    return Cassette(str(path), header, tuple(calls))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from None
    except ValueError:  # a name that no file can have
        raise UsageError(f"{str(path)!r} is no path of a file") from None
    if len(raw) > LARGEST:
        raise UsageError(f"{path} has more than {LARGEST >> 20} MB: record a shorter conversation")
    return raw


def _header(place: str, line: bytes) -> Header:
    data = _json(line)
    if isinstance(data, dict) and data.get("type") == "cassette":
        if (version := data.get("version")) != VERSION:
            told = f"version {version}" if type(version) is int else "no version"
            raise UsageError(f"{place}: a cassette of {told}; only version {VERSION} is known here: record it anew")
        header = _line(place, line)
        if isinstance(header, Header):
            return _timely(place, header)
    raise UsageError(f"{place}: this is no cassette; {_WHAT_IT_IS}")


def _timely(place: str, header: Header) -> Header:
    try:
        datetime.fromisoformat(header.now or "2000-01-01")
    except ValueError:
        raise UsageError(f"{place}: 'now' is not as a cassette has it: a time such as 2026-05-21T09:30:00") from None
    return header


def _call(place: str, line: bytes, *, cut: bool) -> Call:
    if cut and _json(line) is None:
        raise UsageError(f"{place}: this line breaks off, as the recording did; remove it")
    call = _line(place, line)
    if not isinstance(call, Call):
        raise UsageError(f"{place}: a second cassette begins here; keep each in a file of its own")
    if digest(call.request.data) != call.sha256:
        raise UsageError(f"{place}: the request was changed after it was recorded: its sha256 is another; record anew")
    return call


def _line(place: str, line: bytes) -> Line:
    try:
        return adapter().validate_json(line, strict=True)
    except ValidationError as error:
        raise UsageError(f"{place}: {_fault(error.errors(include_url=False)[0])}") from None


def _fault(error: ErrorDetails) -> str:
    """What is wrong with a line, in words of our own."""
    key = next((part for part in error["loc"][1:] if isinstance(part, str)), None)
    match error["type"], key:
        case "json_invalid", _:
            return "this line is no JSON"
        case _, None:
            return "this line is of no kind that a cassette has"
        case "missing", _ if len(error["loc"]) == 2:
            return f"{key!r} is missing"
        case "extra_forbidden" | "unexpected_keyword_argument", _ if len(error["loc"]) == 2:
            return f"{key!r} is no key of a cassette"
        case _:
            return f"{key!r} is not as a cassette has it"


def _json(line: bytes) -> object:
    """The JSON value; None if it is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
