"""What nobody may see: keys of models, and the values of secret variables."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace

from orchestrator.agents import AgentGraph
from orchestrator.clients.endpoints import address_of
from orchestrator.errors import ModelError, VariableError
from orchestrator.runner.variables import values_for
from orchestrator.veil import texts_in


def secrets_of(graph: AgentGraph, given: Mapping[str, object], environ: Mapping[str, str]) -> frozenset[str]:
    """Give the texts that must not be written down.

    Args:
        graph: the agents.
        given: the variables that are given on the command line.
        environ: where the keys of models are looked up.
    """
    found = {text for value in _values(graph, given) for text in texts_in(value)}
    for agent in graph.agents.values():
        for model in (agent.model, *agent.model.fallback):
            try:
                found |= address_of(model, environ).secrets
            except ModelError:
                continue  # without its key nothing is asked of it
    return frozenset(found)


def _values(graph: AgentGraph, given: Mapping[str, object]) -> Iterator[object]:
    """The values of secret variables, as far as they have one: what is missing is told when a run begins."""
    for name, variable in graph.variables.items():
        if variable.secret:
            only = replace(graph, variables={name: variable})
            with contextlib.suppress(VariableError):
                yield values_for(only, {}, {name: given[name]} if name in given else {}, os.environ).secret[name]
