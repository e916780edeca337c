"""What goes wrong when a model is asked, told in plain words: why, of which kind, and whether to try again."""

import json
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from orchestrator.errors import ModelFailure

BROKEN_COMPRESSION = "sent a reply whose compression is broken"
MESSAGE_CHARS = 300
READ_CHARS = 4_000  # of what an endpoint says: secrets are hidden in these before they are cut
LONGEST_WAIT = 86_400.0  # seconds; what asks for more asks for never

_TOO_LONG = re.compile(
    r"context.?(length|size|window)|maximum model length|prompt is too long|input token count|input is too long",
    re.IGNORECASE,
)
_TAGS = re.compile(r"<(style|script)\b.*?(</\1\s*>|\Z)|<[^>]*(>|\Z)", re.IGNORECASE | re.DOTALL)
_TRANSIENT = {"rate_limited", "timeout", "broken"}
_HINTS: Mapping[int | str, str] = {
    "context_length": "history: {max_tokens: N} in the model bounds what is sent",
    "credit": "is there credit left?",
    401: "is the key right?",
    402: "is there credit left?",
    403: "may this key use the model?",
    404: "do the base_url and the model's name fit?",
    405: "is it the base_url of a Chat Completions endpoint?",
    429: "wait, or raise the account's limit",
}


@dataclass(eq=False)  # not frozen: a traceback is set on what is raised
class Failure(Exception):  # noqa: N818 - not yet an error: it lacks who failed
    """A call that failed. ``what`` goes on with a sentence that begins with the model and its endpoint.

    It may repeat what the endpoint says, at length; ``hint`` says in words of our own what to try.
    """

    what: str
    hint: str = ""
    kind: ModelFailure = "broken"
    status: int | None = None
    transient: bool = True
    retry_after: float | None = None


def of_status(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """What an answer with an error status means."""
    if status < 400:
        there = public(headers.get("location", ""))
        what = f"answered {status}: it has moved to {there}"
        return Failure(what, "give the new address as base_url", "refused", status, transient=False)
    said = _read(body)
    kind = _kind(status, said)
    hint = _HINTS["credit"] if status == 429 and kind == "refused" else _HINTS.get(kind, _HINTS.get(status, ""))
    what = f"answered {status}: {message_of(said) or 'without a word'}"
    transient = kind in _TRANSIENT or status == 409
    return Failure(what, hint, kind, status, transient, _seconds_asked(headers) if transient else None)


def of_report(error: object) -> Failure:
    """What an error means that came inside a reply, behind a status that said all is well."""
    code = error.get("code") if isinstance(error, dict) else None
    status = code if type(code) is int and 400 <= code < 600 else None
    kind = _kind(status or 500, error)
    what = f"reported an error: {message_of(error) or 'without a word'}"
    return Failure(what, _HINTS.get(kind, ""), kind, status, kind in _TRANSIENT)


def unconnected(error: BaseException) -> Failure:
    """Why no connection has come about: ``error`` is what a socket raised, or what wraps that."""
    causes = tuple(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        what = "its certificate can't be trusted"
        return Failure(what, "is the address right, and SSL_CERT_FILE?", "unreachable", transient=False)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Failure("it does not speak TLS", "is it http in place of https?", "unreachable", transient=False)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Failure("no host of this name was found", "is the address right?", "unreachable")
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return Failure("the connection did not come about in time", "is the address right?", "timeout")
    return Failure("the connection failed", "does a server listen there, and is the address right?", "unreachable")


def no_address() -> Failure:
    """An address that is none."""
    return Failure("this is no web address", "is the base_url right?", "refused", transient=False)


def broke(*, begun: bool) -> Failure:
    """A connection that broke. ``begun``: the reply had begun."""
    if begun:
        return Failure("broke off in the middle of its reply")
    return Failure("hung up without an answer", kind="unreachable")


def message_of(body: object) -> str:
    """The message of an error in its many forms: what the endpoint says, without what wraps it."""
    for _ in range(10):
        match body:
            case dict():
                values = [body.get(key) for key in ("error", "message", "detail", "msg", "errors", "title")]
                body = next((value for value in values if value and isinstance(value, str | dict | list)), "")
            case [first, *_]:
                body = first
            case _:
                break
    return _words(body)[:READ_CHARS] if isinstance(body, str) else ""


def one_line(text: str) -> str:
    """A text as one printable line, cut where it is long."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[:READ_CHARS]).split())
    return line if len(line) <= MESSAGE_CHARS else f"{line[:MESSAGE_CHARS]}…"


def public(url: str) -> str:
    """An address without name, password, query and fragment, any of which may be secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "another address"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, what caused it, and what these hold in groups."""
    for _ in range(20):
        if error is None:
            return
        yield error
        if isinstance(error, BaseExceptionGroup):
            yield from error.exceptions
        error = error.__cause__ or error.__context__


def _read(body: bytes) -> object:
    """The JSON of an error's body, or its text."""
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _words(text: str) -> str:
    """The words of a page, which may be cut, or the text as it is."""
    if text.lstrip()[:1] != "<":
        return text
    return _TAGS.sub(" ", text[:READ_CHARS]).strip()


def _kind(status: int, body: object) -> ModelFailure:
    codes = _codes(body)
    if status == 413 or codes & {"context_length_exceeded", "exceed_context_size_error"}:
        return "context_length"
    if (status in {400, 422} or status >= 500) and _TOO_LONG.search(message_of(body)):
        return "context_length"
    match status:
        case 401 | 403:
            return "unauthorized"
        case 408 | 504:
            return "timeout"
        case 429:
            return "refused" if "insufficient_quota" in codes else "rate_limited"
        case _ if status >= 500:
            return "rate_limited" if "rate_limit_exceeded" in codes else "broken"
        case _:
            return "refused"


def _codes(body: object) -> set[str]:
    """The words that name the error, in its code or type."""
    error = body.get("error", body) if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return set()
    return {word for word in (error.get("code"), error.get("type")) if isinstance(word, str)}


def _seconds_asked(headers: Mapping[str, str]) -> float | None:
    """The seconds to wait that an answer asks for, in any of the ways to say so."""
    milliseconds, after = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    if re.fullmatch(r"\d{1,12}(\.\d+)?", milliseconds):
        return min(float(milliseconds) / 1000, LONGEST_WAIT)
    if re.fullmatch(r"\d{1,12}(\.\d+)?", after):
        return min(float(after), LONGEST_WAIT)
    try:
        seconds = parsedate_to_datetime(after).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)
