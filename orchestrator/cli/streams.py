"""The process's own streams: there even when they were closed, able to write any text, and for answers alone."""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


def prepare() -> None:
    """Make sure that standard input, output and error are there, and that no character can break them."""
    sys.stdin = sys.stdin or io.StringIO("")
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")


@contextmanager
def kept_for_answers() -> Iterator[TextIO]:
    """Keep standard output for the answers; what tools, and programs that they start, print goes to standard error."""
    out, sys.stdout = sys.stdout, sys.stderr
    try:
        answers = _moved(out)
    except (OSError, ValueError):  # no real files, as in a test
        answers = out
    try:
        yield answers
    finally:
        if answers is not out:
            with contextlib.suppress(OSError):  # nobody reads any more, or the disk is full: it was told before
                answers.close()


def typed(text: str) -> str:
    """What a person typed, also where the locale knows no letters but ASCII: bytes that it could not read are UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def unheard(error: OSError) -> str:
    """Say why standard output was not written."""
    return f"standard output can't be written: {cause(error)}"


def cause(error: OSError) -> str | None:
    """Say what keeps a file from being written."""
    return "no space is left" if error.errno == errno.ENOSPC else error.strerror


def _moved(out: TextIO) -> TextIO:
    """Standard output under another number, so that what is written to its own goes to standard error."""
    if out.fileno() != 1:
        return out
    out.flush()
    answers = os.fdopen(os.dup(1), "w", encoding=out.encoding, errors="backslashreplace")
    os.dup2(sys.stderr.fileno(), 1)
    return answers


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - open as long as the process
