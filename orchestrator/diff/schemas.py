"""Whether a tool still takes the arguments that it took: two JSON schemas of parameters compared."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

Schema = Mapping[str, object]

_WORDS = ("description", "title", "default", "examples", "deprecated")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_ANY: Schema = {}


@dataclass(frozen=True, slots=True)
class ParameterChange:
    """A parameter that is another, with its schemas, None where it is not there. ``note`` says what has changed."""

    name: str
    note: str
    breaking: bool
    old: object
    new: object


def parameter_changes(old: Schema, new: Schema) -> Iterator[ParameterChange]:
    """Compare the schemas of a function's parameters."""
    before, after = _mapping(old, "properties"), _mapping(new, "properties")
    needed, needs = _texts(old, "required"), _texts(new, "required")
    takes = _Takes(old, new)
    for name in [*before, *(name for name in after if name not in before)]:
        change = ParameterChange(name, "", False, before.get(name), after.get(name))
        if name not in after:
            yield _told(change, "is gone", breaking=True)
        elif name not in before:
            yield _told(change, "is new and required" if name in needs else "is new", breaking=name in needs)
        else:
            yield from _in_both(change, _schema(before[name]), _schema(after[name]), takes)
            if (name in needs) != (name in needed):
                yield _told(change, "is required" if name in needs else "is optional", breaking=name in needs)


def _in_both(change: ParameterChange, old: Schema, new: Schema, takes: "_Takes") -> Iterator[ParameterChange]:
    if takes.same(old, new):
        words = ["description"] if old.get("description") != new.get("description") else []
        words += ["default"] if "default" in old and "default" in new and old["default"] != new["default"] else []
        if words:
            yield _told(change, f"has another {' and '.join(words)}", breaking=False)
    elif takes.all_of(old, new):
        yield _told(change, "takes more values", breaking=False)
    else:
        yield _told(change, "takes fewer values", breaking=True)


def _told(change: ParameterChange, what: str, *, breaking: bool) -> ParameterChange:
    return ParameterChange(change.name, f"parameter {change.name!r} {what}", breaking, change.old, change.new)


@dataclass
class _Takes:
    """Compares parts of two schemas, in which references lead to the definitions of the whole."""

    old: Schema
    new: Schema
    _answers: dict[tuple[str, str], bool] = field(default_factory=dict)

    def same(self, old: Schema, new: Schema) -> bool:
        """Whether both take the same values."""
        return self.all_of(old, new) and _Takes(self.new, self.old).all_of(new, old)

    def all_of(self, old: Schema, new: Schema) -> bool:
        """Whether the new one takes every value that the old one took, as far as it can be told."""
        question = (_key(old), _key(new))
        if question not in self._answers:
            self._answers[question] = True  # of a type that holds itself, the other parts give the answer
            others = _choices(new, self.new)
            self._answers[question] = all(
                any(self._one(choice, other) for other in others) for choice in _choices(old, self.old)
            )
        return self._answers[question]

    def _one(self, old: Schema, new: Schema) -> bool:
        if not new:
            return True
        return all(rule(self, old, new) for rule in _RULES)

    def _type(self, old: Schema, new: Schema) -> bool:
        kinds = {old.get("type"), new.get("type")}
        return "type" not in new or len(kinds) == 1 or (old.get("type"), new.get("type")) == ("integer", "number")

    def _values(self, old: Schema, new: Schema) -> bool:
        """Enumerations: each value of the old one is in the new one."""
        before, after = _enumerated(old), _enumerated(new)
        return after is None or (before is not None and all(value in after for value in before))

    def _bounds(self, old: Schema, new: Schema) -> bool:
        lower = all(_at_least(old.get(word), new[word]) for word in _LOWER if word in new)
        return lower and all(_at_least(new[word], old.get(word)) for word in _UPPER if word in new)

    def _items(self, old: Schema, new: Schema) -> bool:
        same_firsts = new.get("prefixItems") == old.get("prefixItems")
        return same_firsts and self.all_of(_schema(old.get("items")), _schema(new.get("items")))

    def _properties(self, old: Schema, new: Schema) -> bool:
        before, after = _mapping(old, "properties"), _mapping(new, "properties")
        more, others = old.get("additionalProperties", True), new.get("additionalProperties", True)
        open_still = others is True or more is False or self.all_of(_schema(more), _schema(others))
        kept = others is not False or all(name in after for name in before)
        known = all(self.all_of(_schema(before[name]), _schema(after[name])) for name in before if name in after)
        return open_still and kept and known and set(_texts(new, "required")) <= set(_texts(old, "required"))

    def _rest(self, old: Schema, new: Schema) -> bool:
        """What is not understood must be as it was, or gone."""
        return all(old.get(word) == value for word, value in new.items() if word not in _UNDERSTOOD)


_RULES: tuple[Callable[[_Takes, Schema, Schema], bool], ...] = (
    _Takes._type,
    _Takes._values,
    _Takes._bounds,
    _Takes._items,
    _Takes._properties,
    _Takes._rest,
)
_UNDERSTOOD = {
    *(*_WORDS, *_LOWER, *_UPPER, "type", "enum", "const", "items", "prefixItems"),
    *("properties", "required", "additionalProperties", "$defs", "discriminator"),
}


def _choices(schema: Schema, whole: Schema) -> list[Schema]:
    """The kinds of value that a schema takes, one for each alternative. References are followed."""
    found: list[Schema] = []
    waiting, seen = [schema], set[str]()
    while waiting:
        each = waiting.pop()
        reference = each.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            waiting.append(_schema(_mapping(whole, "$defs").get(reference.rpartition("/")[2])))
        elif isinstance(alternatives := each.get("anyOf", each.get("oneOf")), list):
            waiting += map(_schema, alternatives)
        else:
            found.append({key: value for key, value in each.items() if key not in _WORDS})
    return found


def _enumerated(schema: Schema) -> list[str] | None:
    """The values of an enumeration, each as JSON: true is not 1."""
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return [json.dumps(value, sort_keys=True) for value in values] if isinstance(values, list) else None


def _at_least(value: object, bound: object) -> bool:
    """Whether a bound that was there is at least as strict as another; where none was, it is not."""
    return isinstance(value, int | float) and isinstance(bound, int | float) and value >= bound


def _mapping(schema: Schema, key: str) -> Mapping[str, object]:
    value = schema.get(key)
    return value if isinstance(value, dict) else {}


def _texts(schema: Schema, key: str) -> list[str]:
    value = schema.get(key)
    return value if isinstance(value, list) else []


def _schema(value: object) -> Schema:
    """A schema; true, or none at all, takes everything, and false nothing."""
    return {"enum": []} if value is False else value if isinstance(value, dict) else _ANY


def _key(schema: Schema) -> str:
    return json.dumps(schema, sort_keys=True, default=str)
