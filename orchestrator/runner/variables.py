"""The values of variables at the start of a run: what was given, then the environment, then the default."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.agents import REQUIRED, AgentGraph, Variable
from orchestrator.errors import VariableError


@dataclass(frozen=True, slots=True)
class Values:
    """``recorded`` is what the run sets in the session; ``secret`` is kept out of it and looked up each time."""

    recorded: Mapping[str, object]
    secret: Mapping[str, object] = field(default_factory=dict, repr=False)


def values_for(
    graph: AgentGraph, known: Mapping[str, object], given: Mapping[str, object], environ: Mapping[str, str]
) -> Values:
    """The values that a run begins with. ``known`` are those that the session has already, which stay.

    The variables may have changed since: a known value that is declared no more is harmless and stays; one that does
    not fit any more is nobody's to replace, and must be given anew.

    Raises:
        VariableError: a value is given that is unknown or does not fit, one that must be given is missing, or a known
            one does not fit.
    """
    for name in given:
        if name not in graph.variables:
            raise VariableError(f"no variable named {name!r}; declared: {', '.join(graph.variables) or 'none'}")
    recorded: dict[str, object] = {}
    secret: dict[str, object] = {}
    for name, variable in graph.variables.items():
        if name in given:
            value = variable.check(given[name])
        elif name in known and not variable.secret:
            _check_kept(variable, known[name])
            continue
        else:
            value = _outside(variable, environ)
        (secret if variable.secret else recorded)[name] = value
    return Values(recorded, secret)


def _check_kept(variable: Variable, value: object) -> None:
    try:
        variable.check(value)
    except VariableError as error:
        raise VariableError(f"{error}, which the session has kept: give it a value that fits") from None


def _outside(variable: Variable, environ: Mapping[str, str]) -> object:
    if variable.env is not None and variable.env in environ:
        try:
            return variable.parse(environ[variable.env])
        except VariableError as error:
            raise VariableError(f"{error}; it came from the environment variable {variable.env}") from None
    if variable.default is REQUIRED:
        where = f", or set the environment variable {variable.env}" if variable.env else ""
        raise VariableError(f"variable {variable.name!r} has no default: give it{where}")
    return variable.default if variable.default is None else variable.check(variable.default)
