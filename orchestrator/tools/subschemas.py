"""The schemas inside a JSON schema, and what strict mode takes of them."""

from collections.abc import Iterator, Mapping
from typing import Any

_ONE = ("items", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_BY_NAME = ("properties", "patternProperties", "dependentSchemas", "$defs")

# https://platform.openai.com/docs/guides/structured-outputs#supported-schemas; what is not listed there is refused
_SHAPES = frozenset({"type", "anyOf", "$ref", "$defs", "enum", "const", "properties", "required", "items"})
_BOUNDS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems"}
)
_STRICT = _SHAPES | _BOUNDS | {"additionalProperties", "description", "pattern", "format"}
_STRICT_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})


def subschemas(schema: Mapping[str, object]) -> Iterator[dict[str, Any]]:
    """The schemas directly inside a schema: not what stands in defaults and enums, and not properties' names."""
    found: list[object] = [schema.get(word) for word in _ONE]
    for word in _LISTS:
        several = schema.get(word)
        found += several if isinstance(several, list) else []
    for word in _BY_NAME:
        named = schema.get(word)
        found += named.values() if isinstance(named, dict) else []
    yield from (inner for inner in found if isinstance(inner, dict))


def may_be_strict(schema: Mapping[str, object]) -> bool:
    """Whether the API takes a schema as strict: typed everywhere, closed, every property required, plain keywords."""
    if not schema.keys() <= _STRICT or not schema.keys() & {"type", "anyOf", "$ref"}:
        return False
    if "$ref" in schema and len(schema) > 1:
        return False
    if "format" in schema and schema["format"] not in _STRICT_FORMATS:
        return False
    return (schema.get("type") != "object" or _closed(schema)) and all(map(may_be_strict, subschemas(schema)))


def _closed(schema: Mapping[str, Any]) -> bool:
    same = set(schema.get("required", ())) == set(schema.get("properties", ()))
    return schema.get("additionalProperties") is False and same
