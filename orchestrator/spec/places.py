"""Which mapping stands where in a file of agents."""

from collections.abc import Mapping

from orchestrator.spec.draft import Location, tag_of
from orchestrator.spec.mapping import Spec
from orchestrator.spec.models import (
    AgentSpec,
    DefaultsSpec,
    EdgeSpec,
    FileSpec,
    FunctionNameSpec,
    LimitsSpec,
    ToolChoiceSpec,
    ToolSpec,
    VariableSpec,
)
from orchestrator.spec.providers import (
    KINDS,
    FromEnvSpec,
    HeaderSpec,
    HistorySpec,
    JsonSchemaSpec,
    KeySpec,
    PriceSpec,
    ResponseFormatSpec,
    TimeoutSpec,
)

_SHAPES: tuple[tuple[tuple[str | None, ...], type[Spec]], ...] = (
    ((), FileSpec),
    (("variables", None), VariableSpec),
    *((("models", None, tag_of(kind)), spec) for kind, spec in KINDS.items()),
    (("models", None, None, "base_url"), FromEnvSpec),
    (("models", None, None, "api_key"), KeySpec),
    (("models", None, None, "headers", None), HeaderSpec),
    (("models", None, None, "response_format"), ResponseFormatSpec),
    (("models", None, None, "response_format", "json_schema"), JsonSchemaSpec),
    (("models", None, None, "timeout"), TimeoutSpec),
    (("models", None, None, "history"), HistorySpec),
    (("models", None, None, "price"), PriceSpec),
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
    "in a variable": VariableSpec,
    "in an entry of 'tools'": ToolSpec,
    "in an entry of 'handoffs'": EdgeSpec,
    "in 'defaults'": DefaultsSpec,
    "in 'limits'": LimitsSpec,
}


def keys_at(location: Location) -> Mapping[str, str]:
    """The keys that the mapping at this place may have, with their descriptions; empty where the keys are names.

    Below an entry of ``models`` the place names its kind, as ``tag_of`` has it.
    """
    model = _model_at(location)
    fields = {} if model is None else model.model_fields
    return {info.alias or name: info.description or "" for name, info in fields.items()}


def is_free(location: Location) -> bool:
    """Whether null may stand at this place."""
    match location:
        case ("variables", _) | ("variables", _, "default", *_) | ("variables", _, "enum", _):
            return True
        case ("models", _, "extra_body", _, *_) | ("models", _, "response_format", "json_schema", "schema", *_):
            return True
        case _:
            return False


def levels_of(location: Location) -> list[str]:
    """The other places where a key may stand, in words."""
    key = str(location[-1])
    kinds = [kind for kind, model in KINDS.items() if key in model.model_fields]
    among_models = location[0] == "models" and len(location) == 3
    if kinds and among_models:
        return [f"in a model with provider: {' or '.join(kinds)}"]
    levels = [where for where, model in _LEVELS.items() if key in model.model_fields]
    return [*levels, "in a model"] if kinds else levels


def _model_at(location: Location) -> type[Spec] | None:
    for pattern, model in _SHAPES:
        if len(pattern) == len(location) and all(p in {None, part} for p, part in zip(pattern, location, strict=True)):
            return model
    return None
