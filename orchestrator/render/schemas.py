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
    _simplify(body)
    return json.dumps({"$schema": _DIALECT, **body, "title": _TITLES[name]}, indent=2, ensure_ascii=False) + "\n"


def _simplify(schema: object) -> None:
    """Leave out what only repeats the key, and the null that stands for "not given"."""
    if isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        if schema.get("default", ...) is None:
            del schema["default"]
        for value in schema.values():
            _simplify(value)
    elif isinstance(schema, list):
        for value in schema:
            _simplify(value)
