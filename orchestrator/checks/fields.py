"""Fields that are plain texts: only instructions are templates."""

import re
from collections.abc import Iterator

from orchestrator.diagnostics import Diagnostic
from orchestrator.project import Placed, Project, Resolution
from orchestrator.source import Source

Location = tuple[str | int, ...]

_TEMPLATE = re.compile(r"\{\{|\{%|\$\{")
_FROM_ENV = {"base_url", "api_key"}


def plain(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """No template stands where a plain text is wanted."""
    for source in project.sources:
        for location, text in _texts(source):
            found = _TEMPLATE.search(text)
            if found and not _is_template(location):
                part = Placed(text, source, location)
                yield _fault(part, found[0])


def _fault(part: Placed[str], braces: str) -> Diagnostic:
    location = part.location
    hint = "only instructions are a template: write the text itself"
    if location[0] == "variables":
        hint = "a variable's value is never rendered; to take it from the environment, write env: NAME"
    elif _FROM_ENV & set(location):
        hint = "to take it from the environment, write {env: NAME}"
    elif location[-1] in {"model", "to", "use"}:
        hint = "only instructions are a template: write the name itself"
    message = f"{braces!r} does nothing here: {location[-1]!r} is a plain text"
    if isinstance(location[-1], int):
        message = f"{braces!r} does nothing here: this is a plain text"
    return part.fault(code="template-in-plain-field", message=message, hint=hint)


def _is_template(location: Location) -> bool:
    match location:
        case ("agents", _, "instructions") | (*_, "requires"):
            return True
        case _:
            return False


def _texts(source: Source) -> Iterator[tuple[Location, str]]:
    """Every text in a file, with its place. What several aliases bring is met once."""
    data = source.data if isinstance(source.data, dict) else {}
    # keys with x- are a place for anchors: it is their uses that count
    waiting: list[tuple[Location, object]] = [((key,), data[key]) for key in data if not key.startswith("x-")]
    seen: set[int] = set()
    while waiting:
        location, value = waiting.pop()
        if isinstance(value, str):
            yield location, value
        elif isinstance(value, dict | list) and id(value) not in seen:
            seen.add(id(value))
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [((*location, step), each) for step, each in inner]
