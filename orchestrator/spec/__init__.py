"""One file, typed: the models of the YAML, and how a source becomes one of them."""

from orchestrator.source.nearest import nearest
from orchestrator.spec.models import (
    RESERVED_VARIABLES,
    UNREADABLE,
    AgentSpec,
    DefaultsSpec,
    EdgeSpec,
    FileSpec,
    LimitsSpec,
    ToolChoiceSpec,
    ToolSpec,
    VariableSpec,
)
from orchestrator.spec.providers import (
    AzureModelSpec,
    EndpointSpec,
    FromEnvSpec,
    HeaderSpec,
    KeySpec,
    ModelSpec,
    OpenAIModelSpec,
    ReplayModelSpec,
    ScriptModelSpec,
)
from orchestrator.spec.reading import Reading, Shape, read_as, read_spec
from orchestrator.spec.script import CallSpec, RuleSpec, ScriptSpec, script_free, script_keys

__all__ = [
    "RESERVED_VARIABLES",
    "UNREADABLE",
    "AgentSpec",
    "AzureModelSpec",
    "CallSpec",
    "DefaultsSpec",
    "EdgeSpec",
    "EndpointSpec",
    "FileSpec",
    "FromEnvSpec",
    "HeaderSpec",
    "KeySpec",
    "LimitsSpec",
    "ModelSpec",
    "OpenAIModelSpec",
    "Reading",
    "ReplayModelSpec",
    "RuleSpec",
    "ScriptModelSpec",
    "ScriptSpec",
    "Shape",
    "ToolChoiceSpec",
    "ToolSpec",
    "VariableSpec",
    "nearest",
    "read_as",
    "read_spec",
    "script_free",
    "script_keys",
]
