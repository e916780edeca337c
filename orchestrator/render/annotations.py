"""Diagnostics for platforms that show them in the code: GitHub's workflow commands, and SARIF 2.1.0."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from orchestrator.diagnostics import Diagnostic, Severity, Span
from orchestrator.render.explanations import explanations

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_commands(diagnostics: Sequence[Diagnostic], base: Path) -> str:
    """Give a workflow command a line, which GitHub shows beside the code. Paths are told from ``base``."""
    return "\n".join(_command(diagnostic, base) for diagnostic in diagnostics)


def as_sarif(diagnostics: Sequence[Diagnostic], base: Path, version: str) -> str:
    """Give a log in SARIF 2.1.0, in ASCII alone, of a tool of this version. Paths are told from ``base``."""
    codes = sorted({diagnostic.code for diagnostic in diagnostics})
    driver = {"name": "orchestrate", "version": version, "rules": [_rule(code) for code in codes]}
    results = [_result(diagnostic, codes, base) for diagnostic in diagnostics]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _command(diagnostic: Diagnostic, base: Path) -> str:
    span = diagnostic.span
    properties: dict[str, object] = {"file": _relative(span.path, base), "line": span.line}
    if span.line == span.end_line:  # GitHub takes columns only where they belong to one line
        properties |= {"col": span.column, "endLine": span.end_line, "endColumn": span.end_column}
    else:
        properties |= {"endLine": span.end_line}
    properties |= {"title": diagnostic.code}
    told = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{_COMMANDS[diagnostic.severity]} {told}::{_data(_message(diagnostic))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _rule(code: str) -> dict[str, Any]:
    page = explanations().get(code)
    if page is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": page.summary},
        "help": {"text": page.text, "markdown": page.text},
        "defaultConfiguration": {"level": page.severity.value},
    }


def _result(diagnostic: Diagnostic, codes: Sequence[str], base: Path) -> dict[str, Any]:
    return {
        "ruleId": diagnostic.code,
        "ruleIndex": codes.index(diagnostic.code),
        "level": diagnostic.severity.value,
        "message": {"text": _message(diagnostic)},
        "locations": [{"physicalLocation": _location(diagnostic.span, base)}],
        "relatedLocations": list(_related(diagnostic, base)),
    }


def _related(diagnostic: Diagnostic, base: Path) -> Iterator[dict[str, Any]]:
    for number, related in enumerate(diagnostic.related):
        location = _location(related.span, base)
        yield {"id": number, "physicalLocation": location, "message": {"text": related.message}}


def _location(span: Span, base: Path) -> dict[str, Any]:
    path = _relative(span.path, base)
    uri = quote(path, errors="surrogateescape")
    return {
        "artifactLocation": {"uri": f"file://{uri}" if path.startswith("/") else uri},
        "region": {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        },
    }


def _message(diagnostic: Diagnostic) -> str:
    return f"{diagnostic.message}\nhelp: {diagnostic.hint}" if diagnostic.hint else diagnostic.message


def _relative(path: str, base: Path) -> str:
    """The path from the base where it lies in it, else as it is; with forward slashes."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links, and name another file
    inside = absolute.is_relative_to(base)
    return (absolute.relative_to(base) if inside else Path(path)).as_posix()
