"""One file, typed: the models of the YAML, and how a source becomes one of them."""

from orchestrator.source.nearest import nearest
from orchestrator.spec.models import (
    RESERVED_VARIABLES,
    UNREADABLE,
    AgentSpec,
    DefaultsSpec,
    EdgeSpec,
    FileSpec,
    FromEnvSpec,
    KeySpec,
    LimitsSpec,
    ModelSpec,
    ToolChoiceSpec,
    ToolSpec,
    VariableSpec,
)
from orchestrator.spec.reading import Reading, Shape, read_as, read_spec
from orchestrator.spec.script import CallSpec, RuleSpec, ScriptSpec, script_free, script_keys

__all__ = [
    "RESERVED_VARIABLES",
    "UNREADABLE",
    "AgentSpec",
    "CallSpec",
    "DefaultsSpec",
    "EdgeSpec",
    "FileSpec",
    "FromEnvSpec",
    "KeySpec",
    "LimitsSpec",
    "ModelSpec",
    "Reading",
    "RuleSpec",
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
