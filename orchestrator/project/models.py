"""The models of a project, as those who ask them know them."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Literal

from orchestrator.model import Endpoint, FromEnv, Model, Price, Timeouts
from orchestrator.project.composition import Project
from orchestrator.spec import (
    AzureModelSpec,
    EndpointSpec,
    FromEnvSpec,
    HeaderSpec,
    KeySpec,
    ModelSpec,
    ReplayModelSpec,
    ScriptModelSpec,
)

_NOWHERE = Endpoint(api_key="")


def models_of(project: Project) -> dict[str, Model]:
    """The models by alias, each with those that it falls back to, which fall back to no others."""
    folders = {alias: project.paths[placed.source.path].parent for alias, placed in project.models.items()}
    alone = {alias: _model(alias, placed.spec, folders[alias]) for alias, placed in project.models.items()}
    listed = {alias: placed.spec.fallback.values() for alias, placed in project.models.items()}
    return {
        alias: replace(model, fallback=tuple(alone[name] for name in listed[alias] if name in alone))
        for alias, model in alone.items()
    }


def _model(alias: str, spec: ModelSpec, folder: Path) -> Model:
    model = Model(
        alias,
        alias,
        history=spec.history.max_tokens if spec.history else None,
        price=Price(spec.price.input, spec.price.output, spec.price.cached) if spec.price else None,
    )
    match spec:
        case ScriptModelSpec(file=file):
            return replace(model, provider="script", file=os.path.normpath(folder / file), endpoint=_NOWHERE)
        case ReplayModelSpec(file=file):
            return replace(model, provider="replay", file=os.path.normpath(folder / file), endpoint=_NOWHERE)
        case AzureModelSpec():
            return replace(_asked(model, spec), provider="azure", model=spec.model or spec.deployment)
        case EndpointSpec():
            return _asked(model, spec)
        case _:
            raise AssertionError(f"a model of an unknown kind: {spec.provider}")


def _asked(model: Model, spec: EndpointSpec) -> Model:
    """The model behind its endpoint."""
    return replace(
        model,
        model=spec.model or "",
        endpoint=_endpoint(spec),
        settings=spec.settings,
        strict=bool(spec.strict),
        headers={name: _value(header) for name, header in spec.headers.items()},
        tool_calls=spec.tool_calls,
        stream=spec.stream,
        timeouts=Timeouts(**spec.timeout.model_dump(exclude_none=True)) if spec.timeout else Timeouts(),
    )


def _endpoint(spec: EndpointSpec) -> Endpoint:
    endpoint = Endpoint(_value(spec.base_url) if spec.base_url else None, _key(spec.api_key))
    if isinstance(spec, AzureModelSpec):
        return replace(endpoint, api_version=spec.api_version, deployment=spec.deployment)
    return endpoint


def _value(spec: FromEnvSpec | HeaderSpec) -> str | FromEnv:
    return FromEnv(spec.env, spec.default) if spec.env else spec.default or ""


def _key(spec: KeySpec | None) -> FromEnv | Literal[""] | None:
    return None if spec is None else FromEnv(spec.env) if spec.env else ""
