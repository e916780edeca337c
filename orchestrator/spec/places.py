"""Which mapping stands where in a file of agents."""

from collections.abc import Mapping

from orchestrator.spec.draft import Location
from orchestrator.spec.models import (
    AgentSpec,
    DefaultsSpec,
    EdgeSpec,
    FileSpec,
    FromEnvSpec,
    FunctionNameSpec,
    KeySpec,
    LimitsSpec,
    ModelSpec,
    Spec,
    ToolChoiceSpec,
    ToolSpec,
    VariableSpec,
)

_SHAPES: tuple[tuple[tuple[str | None, ...], type[Spec]], ...] = (
    ((), FileSpec),
    (("variables", None), VariableSpec),
    (("models", None), ModelSpec),
    (("models", None, "base_url"), FromEnvSpec),
    (("models", None, "api_key"), KeySpec),
    (("defaults",), DefaultsSpec),
    (("defaults", "tools", None), ToolSpec),
    (("defaults", "handoffs", None), EdgeSpec),
    (("defaults", "tool_choice"), ToolChoiceSpec),
    (("defaults", "tool_choice", "function"), FunctionNameSpec),
    (("limits",), LimitsSpec),
    (("agents", None), AgentSpec),
    (("agents", None, "tools", None), ToolSpec),
    (("agents", None, "handoffs", None), EdgeSpec),
    (("agents", None, "tool_choice"), ToolChoiceSpec),
    (("agents", None, "tool_choice", "function"), FunctionNameSpec),
)
_LEVELS: Mapping[str, type[Spec]] = {
    "at the top of the file": FileSpec,
    "in an agent": AgentSpec,
    "in a model": ModelSpec,
    "in a variable": VariableSpec,
    "in an entry of 'tools'": ToolSpec,
    "in an entry of 'handoffs'": EdgeSpec,
    "in 'defaults'": DefaultsSpec,
    "in 'limits'": LimitsSpec,
}


def keys_at(location: Location) -> Mapping[str, str]:
    """The keys that the mapping at this place may have, with their descriptions; empty where the keys are names."""
    model = _model_at(location)
    return {} if model is None else {name: info.description or "" for name, info in model.model_fields.items()}


def is_free(location: Location) -> bool:
    """Whether null may stand at this place."""
    match location:
        case ("variables", _) | ("variables", _, "default", *_) | ("variables", _, "enum", _):
            return True
        case _:
            return False


def levels_of(key: str) -> list[str]:
    """The other places where a key may stand, in words."""
    return [where for where, model in _LEVELS.items() if key in model.model_fields]


def _model_at(location: Location) -> type[Spec] | None:
    for pattern, model in _SHAPES:
        if len(pattern) == len(location) and all(p in {None, part} for p, part in zip(pattern, location, strict=True)):
            return model
    return None
