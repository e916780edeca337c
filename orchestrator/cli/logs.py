"""``--log-file`` and ``--debug``: what happens behind a conversation, for who looks for a fault.

A log is JSON Lines. Each line has ``time``, ``level`` and ``what``, the session and the run where they are known, and
the facts that the entry brings. All entries go through one handler, which hides secrets before anything is written.
"""

import json
import logging
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import click

from orchestrator.cli.colors import colored
from orchestrator.cli.options import fail

LONGEST_TRACEBACK = 100_000  # characters: what an exception says may be of any length
LINE_CHARS = 100  # of a fact that stands in the first line of an entry, for people
BLOCK_CHARS = 2_000  # of one that stands below it
where: ContextVar[Mapping[str, str] | None] = ContextVar("where", default=None)
"""The session and the run that an entry belongs to."""

Entry = dict[str, Any]
Sink = Callable[[Entry], None]


@contextmanager
def logs(log_file: Path | None, debug: bool, secrets: Collection[str], stream: Callable[[], TextIO]) -> Iterator[None]:
    """Log while this lasts, or make sure that nothing does.

    A file that can't be opened ends the process with 2. One that can't be written any more is told once, and left.

    Args:
        log_file: is appended to.
        debug: whether to show each entry there, too.
        secrets: texts that are hidden, as is whatever looks like a key.
        stream: gives standard error, as it is at that time.
    """
    ours = logging.getLogger("orchestrator")
    level, propagate = ours.level, ours.propagate
    with ExitStack() as stack:
        stack.callback(where.reset, where.set(None))
        sinks: list[Sink] = [_in_file(log_file, stream, stack)] if log_file is not None else []
        sinks += [_for_people(stream, stack)] if debug else []
        if sinks:
            handler = _Handler(sinks, secrets)
            ours.addHandler(handler)
            stack.callback(ours.removeHandler, handler)
        # a tool may have given the root logger handlers, which hide nothing
        ours.propagate = False
        ours.setLevel(logging.DEBUG if sinks else logging.CRITICAL)
        try:
            yield
        finally:
            ours.propagate = propagate
            ours.setLevel(level)


class _Handler(logging.Handler):
    """Makes an entry of each record, and gives it away without secrets. Whatever a record holds, it raises nothing."""

    def __init__(self, sinks: Sequence[Sink], secrets: Collection[str]) -> None:
        from orchestrator.messages import encode
        from orchestrator.veil import Veil

        super().__init__()
        self._sinks = sinks
        self._veil = Veil({spelling for secret in secrets for spelling in _spellings(secret)}, words=secrets)
        self._encode = encode

    def emit(self, record: logging.LogRecord) -> None:
        """Write one entry."""
        try:
            # by way of JSON, so that the veil knows each value in it
            plain = json.loads(self._encode(_entry(record)))
            entry = {name: self._veil.values(value) for name, value in plain.items()}
        except Exception:  # noqa: BLE001 - what a tool gives may be as broken as anything
            entry = {**_head(record), "what": "an entry that can't be told"}
        if "traceback" in entry:
            entry["traceback"] = entry["traceback"][:LONGEST_TRACEBACK]
        for sink in self._sinks:
            sink(entry)


def _spellings(secret: str) -> set[str]:
    """A secret as it may stand in a traceback: cut at its line breaks, as a representation, and as one of that."""
    forms = {secret, *secret.splitlines()}
    for _ in range(2):
        # beside a text with both quotation marks, single ones are escaped
        forms |= {spelling for form in forms for spelling in (repr(form)[1:-1], repr(form + "'\"")[1:-4])}
    return forms


def _entry(record: logging.LogRecord) -> Entry:
    entry = {**_head(record), "what": record.getMessage(), **(where.get() or {}), **getattr(record, "facts", {})}
    if record.exc_info and record.exc_info[1] is not None:
        entry["traceback"] = logging.Formatter().formatException(record.exc_info)
    return entry


def _head(record: logging.LogRecord) -> Entry:
    time = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
    return {"time": time, "level": record.levelname.lower()}


def _in_file(path: Path, stream: Callable[[], TextIO], stack: ExitStack) -> Sink:
    """Entries as lines of a file that only its owner can read, each written by itself and at once."""
    from orchestrator.messages import encode

    try:
        opened = open(path, "ab", buffering=0, opener=_private)  # noqa: SIM115 - Path.open takes no opener
        file = stack.enter_context(opened)
    except OSError as error:
        fail(f"the log {path} can't be opened: {error.strerror}")
    lost = False

    def write(entry: Entry) -> None:
        nonlocal lost
        line = b"" if lost else encode(entry) + b"\n"
        try:
            while line:
                line = line[file.write(line) :]
        except OSError as error:
            lost = True
            _tell(stream, f"error: the log {path} can't be written any more: {error.strerror}; it ends here\n")

    return write


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _for_people(stream: Callable[[], TextIO], stack: ExitStack) -> Sink:
    """Entries as people read them: what happened in a line, and below it what is too long for that."""
    held: list[str] = []

    def flush() -> None:
        _tell(stream, "".join(f"{click.style(line, dim=True) if colored(stream()) else line}\n" for line in held))
        held.clear()

    def write(entry: Entry) -> None:
        held.extend(_lines(entry))
        # the end of a reply comes while its last line is being shown: the event behind it ends that line
        if "first_ms" not in entry:
            flush()

    stack.callback(flush)
    return write


def _lines(entry: Entry) -> list[str]:
    from orchestrator.render.excerpts import harmless

    unsaid = {"time", "level", "what", "session"}
    texts = {name: _shown(value) for name, value in entry.items() if name not in unsaid and _says(value)}
    short = {name: text for name, text in texts.items() if len(text) <= LINE_CHARS and "\n" not in text}
    first = [entry["time"][11:23], entry["what"], *(f"{name}={_quoted(text)}" for name, text in short.items())]
    blocks = [
        line
        for name, text in texts.items()
        if name not in short
        for line in (f"  {name}:", *(f"    {line}" for line in _cut(text).splitlines()))
    ]
    return [harmless(line) for line in (" ".join(first), *blocks)]


def _says(value: object) -> bool:
    """Whether a fact is worth a word: most fields of events say nothing most of the time."""
    return bool(value) or type(value) in {int, float}


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if " " in text and text[0] not in "[{" else text


def _cut(text: str) -> str:
    """A text, or its two ends: the last line of a traceback is what counts."""
    if len(text) <= BLOCK_CHARS:
        return text
    half = BLOCK_CHARS // 2
    return f"{text[:half]} … ({len(text) - 2 * half:,} characters that --log-file keeps) … {text[-half:]}"


def _tell(stream: Callable[[], TextIO], text: str) -> None:
    with suppress(OSError, ValueError):  # nobody reads any more
        stream().write(text)
        stream().flush()
