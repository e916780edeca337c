"""Imports a module in a bounded time, and tells what it raised at the place where it did."""

import contextlib
import importlib
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.diagnostics import Related, Span
from orchestrator.modules.faults import plain
from orchestrator.modules.finder import Located, neighbours_of
from orchestrator.modules.sources import Text, Texts
from orchestrator.project import Unresolved

_MACHINERY = (__file__, str(importlib.__file__), "<frozen importlib")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a module is after it ran: as a rule a module, but it may put anything in its place."""

    module: object


def import_module(located: Located, texts: Texts, seconds: float) -> Ran | Unresolved:
    """Import a module. What it prints goes to standard error."""
    with neighbours_of(located) as free:
        if not free:
            what = f"module {located.name!r} has the name of a package that is in use already"
            return Unresolved("module-not-found", what, f"rename {located.file}")
        result = _imported(located.name, seconds)
    if result is None:
        what = f"importing {located.name!r} did not end within {seconds:g} s"
        return Unresolved("module-slow", what, "do slow work in the functions, when they are called")
    return result if isinstance(result, Ran) else raised(located, result, texts)


def raised(located: Located, error: BaseException, texts: Texts) -> Unresolved:
    """The fault of a module that can't be imported: the user's own line, not those of the import machinery."""
    if isinstance(error, SyntaxError) and (place := _syntax(error, texts)):
        message = f"{located.name!r} has a syntax error: {plain(error.msg)}"
        if located.file and texts.read(located.file) is not place[0]:
            message = f"importing {located.name!r} met a syntax error: {plain(error.msg)}"
        return Unresolved("module-raised", message, related=(Related(place[1], "the error is here"),))
    message = f"importing {located.name!r} raised {_described(error)}"
    frame = _own_frame(traceback.extract_tb(error.__traceback__), located)
    span = frame and _span(frame, texts)
    where = f"at {frame.filename}:{frame.lineno}" if frame and span is None else None
    related = (Related(span, "raised here"),) if span else ()
    return Unresolved("module-raised", message, _advice(error) or where, related=related)


def _imported(name: str, seconds: float) -> Ran | BaseException | None:
    """The module, or what it raised; None when it did not end in time. It runs on a thread of its own."""
    result: list[Ran | BaseException] = []

    def work() -> None:
        try:
            result.append(Ran(importlib.import_module(name)))
        except BaseException as error:  # noqa: BLE001 - a module may raise anything, SystemExit included
            result.append(error)

    thread = threading.Thread(target=work, name=f"import {name}", daemon=True)
    with contextlib.redirect_stdout(sys.stderr):
        thread.start()
        thread.join(seconds)
    return result[0] if result else None


def _syntax(error: SyntaxError, texts: Texts) -> tuple[Text, Span] | None:
    """The text in which the error is, and where; None for what was no file."""
    text = texts.read(Path(error.filename)) if error.filename else None
    if text is None:
        return None
    line, column = max(error.lineno or 1, 1), max(error.offset or 1, 1)
    same_line = error.end_lineno == error.lineno and (error.end_offset or 0) > column
    return text, Span(text.path, line, column, line, (error.end_offset or 0) if same_line else column + 1)


def _described(error: BaseException) -> str:
    try:
        said = plain(str(error))
    except Exception:  # noqa: BLE001 - an exception may be as broken as anything
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _own_frame(frames: Sequence[traceback.FrameSummary], located: Located) -> traceback.FrameSummary | None:
    """The last frame in the project; without one, the last of anybody."""
    theirs = [frame for frame in frames if not frame.filename.startswith(_MACHINERY)]
    root = located.bases[-1] if located.bases else Path("/")
    files = [Path(frame.filename) for frame in theirs]
    own = [
        frame
        for frame, file in zip(theirs, files, strict=True)
        if file.is_relative_to(root) and not (located.bases and "site-packages" in file.parts)
    ]
    return next(reversed(own or theirs), None)


def _span(frame: traceback.FrameSummary, texts: Texts) -> Span | None:
    text = texts.read(Path(frame.filename))
    return text.span(frame.lineno or 1, frame.colno, frame.end_lineno, frame.end_colno) if text else None


def _advice(error: BaseException) -> str | None:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"install the package that brings {error.name.split('.')[0]!r}, or leave its import out"
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, KeyError) and frames and Path(frames[-1].filename).name in {"os.py", "<frozen os>"}:
        return "read the environment inside the functions, when they are called: files are checked without it"
    return None
