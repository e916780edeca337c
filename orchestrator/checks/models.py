"""What the models of a project take: keys, each other as fallback, files."""

from collections.abc import Iterator
from pathlib import Path

from orchestrator.checks.paths import components, reached, within
from orchestrator.checks.references import did_you_mean
from orchestrator.diagnostics import Diagnostic
from orchestrator.project import Placed, Project, Resolution
from orchestrator.source.faults import shown
from orchestrator.spec import EndpointSpec, ModelSpec, ReplayModelSpec, ScriptModelSpec

_OPENAI_KEY = "OPENAI_API_KEY"
_MOST_NAMES = 10  # that a message lists of a circle


def keys(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """A URL of one's own says which key it takes, and it is not OpenAI's."""
    for name, model in project.models.items():
        spec = model.spec
        if not isinstance(spec, EndpointSpec) or spec.base_url is None:
            continue
        if spec.api_key is None and not project.is_broken(model, "api_key"):
            message = f"model {name!r} has a base_url and no api_key"
            hint = "add api_key: {env: NAME}, or api_key: none for a server that takes no key"
            yield model.fault(code="missing-key", message=message, hint=hint, key=True)
        taken: list[tuple[str, ...]] = [("api_key", "env")] if spec.api_key and spec.api_key.env == _OPENAI_KEY else []
        taken += [("headers", header, "env") for header, value in spec.headers.items() if value.env == _OPENAI_KEY]
        for path in taken:
            message = f"{_OPENAI_KEY} is never sent to a base_url from a file"
            hint = "put this server's key into a variable of its own; for OpenAI itself leave base_url and api_key out"
            yield model.fault(*path, code="bad-value", message=message, hint=hint)


def fallbacks(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """Each fallback is another model, once."""
    aliases = project.names["models"]
    for model in project.models.values():
        earlier: set[str] = set()
        for index, name in model.spec.fallback.items():
            if name not in aliases and "models" not in project.unknown:
                message, hint = f"no model named {name!r} in models", did_you_mean(name, aliases)
                yield model.fault("fallback", index, code="unknown-model", message=message, hint=hint)
            elif name in earlier:
                message = f"{name!r} stands in this list already"
                yield model.fault("fallback", index, code="bad-value", message=message, hint="leave it out")
            earlier.add(name)


def circles(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """Models do not fall back to each other in a circle."""
    order = {name: number for number, name in enumerate(project.models)}
    links = {
        name: [each for each in model.spec.fallback.values() if each in project.models]
        for name, model in project.models.items()
    }
    for name, found in links.items():
        if name in found:
            yield _circle(project, [name])
    others = {name: [each for each in found if each != name] for name, found in links.items()}
    for group in components(others):
        if len(group) > 1:
            yield _circle(project, _shortest(min(group, key=order.__getitem__), within(group, others)))


def files(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """The file of a model that answers from one is there, inside the project."""
    for model in project.models.values():
        if isinstance(model.spec, ScriptModelSpec | ReplayModelSpec):
            folder = project.paths[model.source.path].parent
            yield from _file_faults(model, model.spec.file, folder, project.root)


def tool_calls(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """What ``tool_calls: json`` decides by itself is not said beside it."""
    for model in project.models.values():
        spec = model.spec
        if not isinstance(spec, EndpointSpec) or spec.tool_calls != "json":
            continue
        for key in ("response_format", "strict"):
            if getattr(spec, key):
                message = f"{key!r} says nothing beside tool_calls: json, which sets the form of a reply itself"
                yield model.fault(key, code="bad-value", message=message, hint="leave one of them out", key=True)


def _circle(project: Project, chain: list[str]) -> Diagnostic:
    """The fault of a circle, at the entry that closes it."""
    first, last = chain[0], project.models[chain[-1]]
    index = next(index for index, name in last.spec.fallback.items() if name == first)
    told = chain if len(chain) <= _MOST_NAMES else [*chain[: _MOST_NAMES - 1], "…", chain[-1]]
    message = f"models fall back to each other in a circle: {' -> '.join([*told, first])}"
    if len(chain) == 1:
        message = f"model {first!r} falls back to itself: {first} -> {first}"
    hint = "leave this entry out; only the list of the model that failed counts, never that of its fallback"
    return last.fault("fallback", index, code="fallback-cycle", message=message, hint=hint)


def _shortest(start: str, links: dict[str, list[str]]) -> list[str]:
    """A shortest way from a node back to it, without its end."""
    before = reached(start, links)
    way = [next(name for name in before if start in links[name])]
    while way[-1] != start:
        way.append(before[way[-1]])
    return way[::-1]


def _file_faults(model: Placed[ModelSpec], text: str, folder: Path, root: Path) -> Iterator[Diagnostic]:
    try:
        real = (folder / text).resolve()
        found = real.is_file()
    except (OSError, ValueError, RuntimeError):  # a name that no file can have, links in a circle
        real, found = folder, False
    if not real.is_relative_to(root):
        message = f"{shown(text)} leads out of the project, which is {str(root)!r}"
        hint = "take a file inside the project"
        yield model.fault("file", code="path-outside-project", message=message, hint=hint)
    elif not found:
        message = f"there is no file {shown(text)}"
        yield model.fault("file", code="missing-file", message=message, hint="paths are relative to this file")
