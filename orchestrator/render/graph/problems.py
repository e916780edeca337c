"""What is wrong with the shape of a graph, agent by agent, found by the same ways through it as the checks find it."""

from collections.abc import Mapping
from typing import Literal

from orchestrator.agents import Agent, AgentGraph
from orchestrator.checks.paths import caught, reached, reversed_links
from orchestrator.model import NamedFunction

Problem = Literal["unreachable-agent", "trap", "no-way-back"]
"""A code of the checks. Those that are worse come first."""


def problems(graph: AgentGraph) -> Mapping[str, tuple[Problem, ...]]:
    """Give what is wrong with each agent, the worst first. Agents with which nothing is wrong are left out.

    The checks tell each problem once; here every agent that has it is named.
    """
    links = {name: [edge.target for edge in agent.edges] for name, agent in graph.agents.items()}
    found = reached(graph.entry, links)
    back = reached(graph.entry, reversed_links(_with_returns(graph, links)))
    having: Mapping[Problem, set[str]] = {
        "unreachable-agent": links.keys() - found.keys(),
        "trap": _trapped(graph),
        "no-way-back": found.keys() - back.keys(),
    }
    each = {name: tuple(problem for problem, names in having.items() if name in names) for name in links}
    return {name: found for name, found in each.items() if found}


def _with_returns(graph: AgentGraph, links: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The links, and the ways back that ``for_one_turn`` gives."""
    returning = {name: list(targets) for name, targets in links.items()}
    for name, agent in graph.agents.items():
        for edge in agent.edges:
            if edge.for_one_turn:
                returning[edge.target].append(name)
    return returning


def _trapped(graph: AgentGraph) -> set[str]:
    """The agents that must hand off to each other for ever."""
    forced = {name: targets for name, agent in graph.agents.items() if (targets := _forced(agent))}
    return {name for group in caught(forced) for name in group}


def _forced(agent: Agent) -> list[str]:
    """The agents one of which this one must hand off to, before it can say anything."""
    choice = agent.tool_choice
    if isinstance(choice, NamedFunction):
        return [edge.target for edge in agent.edges if edge.function_name == choice.name]
    return [edge.target for edge in agent.edges] if choice == "required" and not agent.tools else []
