"""What has changed outside the agents: in the root file's own keys, models, variables, limits and templates."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from orchestrator.agents import REQUIRED, Variable
from orchestrator.diff.changes import Change, Kind, Subject, differing
from orchestrator.diff.configuration import Configuration
from orchestrator.diff.pairing import Pairing
from orchestrator.project import Placed, variable_of
from orchestrator.spec import ModelSpec, VariableSpec

_ENDPOINT = {"provider", "base_url", "api_key", "headers", "api_version", "deployment", "file"}
_HIDDEN = "(secret)"


def file_changes(old: Configuration, new: Configuration, pairing: Pairing) -> Iterator[Change]:
    """Compare what a root file says of itself."""
    subject, before, after = Subject("file"), old.project.file.spec, new.project.file
    yield from differing(Kind.ENTRY_CHANGED, subject, pairing.now(old.entry), new.entry, after.at("entry"))
    texts = (before.description, after.spec.description)
    yield from differing(Kind.DESCRIPTION_CHANGED, subject, *texts, after.at("description"))
    packages = (sorted(before.packages or ()), sorted(after.spec.packages or ()))
    yield from differing(Kind.PACKAGES_CHANGED, subject, *packages, after.at("packages"))


def model_changes(name: str, old: Configuration, new: Configuration) -> Iterator[Change]:
    """Compare what an alias stands for."""
    subject, before, after = Subject("model", name), old.project.models.get(name), new.project.models.get(name)
    if before is None or after is None:
        yield from _there(Kind.ALIAS_REMOVED, Kind.ALIAS_ADDED, subject, before, after)
        return
    users = [agent for agent, each in new.project.agents.items() if each.model and each.model.spec == name]
    note = f"used by {', '.join(users)}" if users else ""
    was, now = _settings(old.model(name)), _settings(new.model(name))
    for key in [*was, *(key for key in now if key not in was)]:
        if was.get(key) != now.get(key):
            setting = replace(subject, key=key)
            yield Change(_model_kind(key), setting, was.get(key), now.get(key), note, after.at(key))


def variable_changes(name: str, old: Configuration, new: Configuration) -> Iterator[Change]:
    """Compare a variable."""
    subject, placed = Subject("variable", name), new.project.variables.get(name)
    declared = old.project.variables.get(name)
    if placed is None or declared is None:
        needed = placed is not None and variable_of(name, placed.spec).default is REQUIRED
        added = Kind.VARIABLE_REQUIRED if needed else Kind.VARIABLE_ADDED
        yield from _there(Kind.VARIABLE_REMOVED, added, subject, declared, placed)
        return
    before, after, at = variable_of(name, declared.spec), variable_of(name, placed.spec), placed.at
    secrecy = Kind.SECRET_ADDED if after.secret else Kind.SECRET_DROPPED
    yield from differing(secrecy, subject, before.secret, after.secret, at("secret"))
    yield from differing(Kind.VARIABLE_TYPE_CHANGED, subject, before.type, after.type, at("type"))
    yield from _value_changes(subject, before, after, placed)
    yield from differing(Kind.VARIABLE_ENV_CHANGED, subject, before.env, after.env, at("env"))
    texts = (before.description or None, after.description or None)
    yield from differing(Kind.DESCRIPTION_CHANGED, subject, *texts, at("description"))


def limit_changes(old: Configuration, new: Configuration) -> Iterator[Change]:
    """Compare the limits. None is without limit."""
    after = new.project.file
    before, now = old.project.file.spec.limits.model_dump(), after.spec.limits.model_dump()
    for name, value in now.items():
        raised = value is None or (before[name] is not None and value > before[name])
        kind = Kind.LIMIT_RAISED if raised else Kind.LIMIT_LOWERED
        yield from differing(kind, Subject("limit", name), before[name], value, after.at("limits", name))


def template_changes(path: str, old: Configuration, new: Configuration) -> Iterator[Change]:
    """Compare a file that instructions include."""
    before, after = old.templates.get(path), new.templates.get(path)
    if before == after:
        return
    kind = Kind.TEMPLATE_ADDED if before is None else Kind.TEMPLATE_REMOVED if after is None else Kind.TEMPLATE_CHANGED
    users = (old if after is None else new).including(path)
    yield Change(kind, Subject("template", path), before, after, f"included by {', '.join(users)}")


def _there(
    removed: Kind,
    added: Kind,
    subject: Subject,
    old: Placed[ModelSpec] | Placed[VariableSpec] | None,
    new: Placed[ModelSpec] | Placed[VariableSpec] | None,
) -> Iterator[Change]:
    """Something that is on one side only."""
    if old is not None:
        yield Change(removed, subject, where=old.at(key=True))
    if new is not None:
        yield Change(added, subject, where=new.at(key=True))


def _settings(told: Mapping[str, object]) -> dict[str, object]:
    """What is said of a model, with values from the environment as people write them."""
    return {key: _written(value) for key, value in told.items()}


def _written(value: object) -> object:
    if not isinstance(value, dict):
        return value
    if not value.keys() <= {"env", "default"}:
        return {key: _written(inner) for key, inner in value.items()}
    variable = f"${value['env']}" if "env" in value else None
    return " or ".join(filter(None, (variable, value.get("default")))) or "none"


def _model_kind(key: str) -> Kind:
    if key == "model":
        return Kind.MODEL_CHANGED
    return Kind.ENDPOINT_CHANGED if key in _ENDPOINT else Kind.SETTING_CHANGED


def _value_changes(subject: Subject, old: Variable, new: Variable, placed: Placed[VariableSpec]) -> Iterator[Change]:
    """What values a variable has and may have. Those of a secret one are not shown."""
    hidden = old.secret or new.secret
    was, now = {_exact(each) for each in old.enum}, {_exact(each) for each in new.enum}
    if was != now:
        narrowed = bool(now) and (not was or not was <= now)
        kind = Kind.VARIABLE_NARROWED if narrowed else Kind.VARIABLE_WIDENED
        before, after = _shown(list(old.enum) or None, hidden), _shown(list(new.enum) or None, hidden)
        yield Change(kind, subject, before, after, where=placed.at("enum"))
    if _exact(old.default) != _exact(new.default):
        kind = Kind.VARIABLE_REQUIRED if new.default is REQUIRED else Kind.VARIABLE_DEFAULT_CHANGED
        before, after = _shown(old.default, hidden), _shown(new.default, hidden)
        yield Change(kind, subject, before, after, where=placed.at("default"))


def _shown(value: object, hidden: bool) -> object:
    """A value as a change has it: None where there is none."""
    return None if value is REQUIRED or value is None else _HIDDEN if hidden else value


def _exact(value: object) -> tuple[str, str]:
    """A value that is told apart from others that Python calls equal: true is not 1."""
    return type(value).__name__, repr(value)
