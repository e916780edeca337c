"""Tools that are not there, or not what they should be."""

from collections.abc import Iterator

from orchestrator.diagnostics import Diagnostic
from orchestrator.project import Project, Resolution, Unresolved
from orchestrator.spec import AgentSpec


def unresolved(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """Each entry of ``tools:`` leads to functions that can be tools."""
    for (name, index), fact in resolution.tools.items():
        if isinstance(fact, Unresolved):
            place = project.agents[name]
            yield place.error("tools", index, code=fact.code, message=fact.message, hint=fact.hint)


def collisions(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """No two functions that an agent offers have one name."""
    for name, agent in project.agents.items():
        taken = {f"transfer_to_{edge.to}": f"the handoff to {edge.to!r}" for edge in agent.spec.handoffs.values()}
        for index, function in _functions(name, agent.spec, resolution):
            use = agent.spec.tools[index].use
            if function in taken:
                message = f"agent {name!r} would offer two functions named {function!r}: {use} and {taken[function]}"
                yield agent.error("tools", index, code="name-collision", message=message)
            taken.setdefault(function, use)


def _functions(name: str, spec: AgentSpec, resolution: Resolution) -> Iterator[tuple[int, str]]:
    """The names of an agent's functions, each with the position of the entry that brings it."""
    for index in spec.tools:
        fact = resolution.tools.get((name, index), ())
        if not isinstance(fact, Unresolved):
            yield from ((index, tool.name) for tool in fact)
