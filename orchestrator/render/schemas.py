"""The JSON schemas of our formats, generated from the types."""

import json
from typing import Any

from pydantic import TypeAdapter

from orchestrator import cassette, events
from orchestrator.render.coverage.report import CoverageReport
from orchestrator.render.graph.report import GraphReport
from orchestrator.render.report import Report
from orchestrator.spec import FileSpec, ScriptSpec
from orchestrator.spec.suite import SuiteSpec

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLES = {
    "agents": "Orchestrate: a file of agents",
    "cassette": "Orchestrate: a line of a cassette",
    "coverage": "Orchestrate: what tests have reached",
    "diagnostics": "Orchestrate: what validate found",
    "events": "Orchestrate: an event",
    "graph": "Orchestrate: what graph shows",
    "script": "Orchestrate: the replies of a scripted model",
    "test": "Orchestrate: conversation tests",
}


def schema_text(name: str) -> str:
    """Give the schema of this name (a key of ``_TITLES``), with a line break at the end."""
    read: dict[str, Any] = {"agents": FileSpec, "script": ScriptSpec, "test": SuiteSpec}
    written: dict[str, TypeAdapter[Any]] = {
        "cassette": cassette.adapter(),
        "coverage": TypeAdapter(CoverageReport),
        "diagnostics": TypeAdapter(Report),
        "events": events.adapter(),
        "graph": TypeAdapter(GraphReport),
    }
    body = read[name].model_json_schema() if name in read else written[name].json_schema(mode="serialization")
    _simplify(body, absent={"type": "null"} if name in read else None)
    return json.dumps({"$schema": _DIALECT, **body, "title": _TITLES[name]}, indent=2, ensure_ascii=False) + "\n"


def _simplify(schema: object, absent: object) -> None:
    """Leave out what only repeats the key and what stands for "not given"; close mappings whose keys are names."""
    if isinstance(schema, list):
        for value in schema:
            _simplify(value, absent)
    if not isinstance(schema, dict):
        return
    if "description" in schema and "anyOf" in schema:
        schema["anyOf"] = [choice for choice in schema["anyOf"] if choice != absent]
        if len(schema["anyOf"]) == 1:
            [only] = schema.pop("anyOf")
            schema.update({**only, **schema})
    if isinstance(schema.get("title"), str):
        del schema["title"]
    if schema.get("default", ...) in (None, {}):
        del schema["default"]
    if "patternProperties" in schema:
        schema.setdefault("additionalProperties", False)
    for value in schema.values():
        _simplify(value, absent)
