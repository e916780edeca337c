"""Diagnostics as one JSON object, for programs of any kind."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.diagnostics import Diagnostic, Severity, Span


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Place(_Part):
    """A stretch of text. Lines and columns count from 1, columns in code points."""

    path: str = Field(description="The file, as it was named on the command line or as the project calls it.")
    line: int = Field(description="The line of its first character.", ge=1)
    column: int = Field(description="The column of its first character.", ge=1)
    end_line: int = Field(description="The line of its end.", ge=1)
    end_column: int = Field(description="The column behind its last character.", ge=1)


class RelatedPlace(Place):
    """Another place that belongs to a diagnostic."""

    message: str = Field(description="What is there.")


class Finding(Place):
    """A diagnostic, at its place."""

    severity: Severity = Field(description="How bad it is; warnings fail under --strict only, notes never.")
    code: str = Field(description="What kind of fault it is; `orchestrate explain CODE` tells about it.")
    message: str = Field(description="What is wrong.")
    hint: str | None = Field(description="What would be right, where that is known.")
    related: tuple[RelatedPlace, ...] = Field(description="Other places that belong to it.")


class Counts(_Part):
    """How many diagnostics of each severity there are."""

    error: int = Field(description="Errors.", ge=0)
    warning: int = Field(description="Warnings.", ge=0)
    note: int = Field(description="Notes.", ge=0)


class Report(_Part):
    """What `orchestrate validate --format json` prints."""

    version: Literal[1] = Field(description="Version of this format. Keys may be added without a new one.")
    files: tuple[str, ...] = Field(description="The YAML files that were checked.")
    counts: Counts = Field(description="The diagnostics, counted.")
    diagnostics: tuple[Finding, ...] = Field(description="All that was found, in a stable order.")


def as_json(files: Sequence[str], diagnostics: Sequence[Diagnostic]) -> str:
    """Give a ``Report`` as JSON, in ASCII alone."""
    counts = {severity.value: sum(d.severity is severity for d in diagnostics) for severity in Severity}
    found = tuple(map(_finding, diagnostics))
    report = Report(version=1, files=tuple(files), counts=Counts(**counts), diagnostics=found)
    return json.dumps(report.model_dump(), indent=2)


def _finding(diagnostic: Diagnostic) -> Finding:
    return Finding(
        **_place(diagnostic.span),
        severity=diagnostic.severity,
        code=diagnostic.code,
        message=diagnostic.message,
        hint=diagnostic.hint,
        related=tuple(RelatedPlace(**_place(each.span), message=each.message) for each in diagnostic.related),
    )


def _place(span: Span) -> dict[str, Any]:
    return dataclasses.asdict(span)
