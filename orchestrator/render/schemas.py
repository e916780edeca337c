"""The JSON schemas of our formats, generated from the types."""

import json
from typing import Any

from orchestrator.events import adapter
from orchestrator.spec import FileSpec, ScriptSpec

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLES = {
    "agents": "Orchestrate: a file of agents",
    "events": "Orchestrate: an event",
    "script": "Orchestrate: the replies of a scripted model",
}


def schema_text(name: str) -> str:
    """The schema named ``agents``, ``events`` or ``script``, as text with a line break at the end."""
    schemas: dict[str, Any] = {"agents": FileSpec, "script": ScriptSpec}
    body = adapter().json_schema(mode="serialization") if name == "events" else schemas[name].model_json_schema()
    _simplify(body, absent={"type": "null"} if name in schemas else None)
    return json.dumps({"$schema": _DIALECT, **body, "title": _TITLES[name]}, indent=2, ensure_ascii=False) + "\n"


def _simplify(schema: object, absent: object) -> None:
    """Leave out what only repeats the key and what stands for "not given"; close mappings whose keys are names."""
    if isinstance(schema, list):
        for value in schema:
            _simplify(value, absent)
    if not isinstance(schema, dict):
        return
    choices = [choice for choice in schema.get("anyOf", ()) if choice != absent]
    if "description" in schema and len(choices) == 1:
        del schema["anyOf"]
        schema.update({**choices[0], **schema})
    if isinstance(schema.get("title"), str):
        del schema["title"]
    if schema.get("default", ...) in (None, {}):
        del schema["default"]
    if "patternProperties" in schema:
        schema.setdefault("additionalProperties", False)
    for value in schema.values():
        _simplify(value, absent)
