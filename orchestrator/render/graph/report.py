"""A graph as one JSON object, for programs of any kind."""

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.agents import Agent, AgentGraph, Edge
from orchestrator.render.graph.happened import Happened
from orchestrator.render.graph.picture import in_order
from orchestrator.render.graph.problems import Problem, problems
from orchestrator.tools import Effects, Tool


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class ToolReport(_Part):
    """A tool of an agent."""

    name: str = Field(description="The function, as the model calls it.")
    approval: Literal["never", "always", "rule"] = Field(description="Whether a person is asked first.")
    requires: str | None = Field(description="The expression that must be true for it to be offered.")
    effects: Effects = Field(description="What may happen if the call is interrupted.")
    sequential: bool = Field(description="Whether it runs alone.")


class HandoffReport(_Part):
    """A handoff that an agent may make."""

    to: str = Field(description="The agent that takes over.")
    when: str = Field(description="When to hand off, as the model is told; empty if nothing is said.")
    requires: str | None = Field(description="The expression that must be true for it to be offered.")
    at_most: int | None = Field(description="How often it may be made in a run.")
    for_one_turn: bool = Field(description="Whether the next user turn is the caller's again.")


class AgentReport(_Part):
    """An agent."""

    name: str = Field(description="Its name.")
    label: str = Field(description="What people call it.")
    description: str = Field(description="What it is for; may be empty.")
    model: str = Field(description="The alias of its model, or the API name where there is none.")
    tools: tuple[ToolReport, ...] = Field(description="Its tools, by name.")
    handoffs: tuple[HandoffReport, ...] = Field(description="Its handoffs, by target.")
    problems: tuple[Problem, ...] = Field(description="Codes of what is wrong with its place, the worst first.")


class MoveReport(_Part):
    """A handoff that was made."""

    source: str = Field(description="The agent that handed off.")
    to: str = Field(description="The agent that took over.")


class RefusedReport(MoveReport):
    """A handoff that was refused."""

    times: int = Field(description="How often.", ge=1)


class AnswersReport(_Part):
    """An agent that ended a run with an answer."""

    agent: str = Field(description="The agent.")
    times: int = Field(description="How often.", ge=1)


class HappenedReport(_Part):
    """What the events tell."""

    path: tuple[MoveReport, ...] = Field(description="The handoffs that were made, in their order.")
    answers: tuple[AnswersReport, ...] = Field(description="Who answered, by name.")
    refused: tuple[RefusedReport, ...] = Field(description="The handoffs that were refused, by name.")


class GraphReport(_Part):
    """What `orchestrate graph --format json` prints."""

    version: Literal[1] = Field(description="Version of this format. Keys may be added without a new one.")
    entry: str = Field(description="The agent that answers first.")
    agents: tuple[AgentReport, ...] = Field(description="The agents: the entry first, the others by name.")
    variables: tuple[str, ...] = Field(description="The declared variables, by name.")
    happened: HappenedReport | None = Field(description="What happened; null without --events.")


def as_json(graph: AgentGraph, happened: Happened | None = None) -> str:
    """Give a ``GraphReport`` as JSON, in ASCII alone, with a line break at the end."""
    wrong = problems(graph)
    report = GraphReport(
        version=1,
        entry=graph.entry,
        agents=tuple(_agent(agent, wrong.get(agent.name, ())) for agent in in_order(graph)),
        variables=tuple(sorted(graph.variables)),
        happened=None if happened is None else _happened(happened),
    )
    return json.dumps(report.model_dump(), indent=2) + "\n"


def _agent(agent: Agent, wrong: tuple[Problem, ...]) -> AgentReport:
    return AgentReport(
        name=agent.name,
        label=agent.label,
        description=agent.description,
        model=agent.model.name,
        tools=tuple(map(_tool, sorted(agent.tools, key=lambda tool: tool.name))),
        handoffs=tuple(map(_handoff, sorted(agent.edges, key=lambda edge: edge.target))),
        problems=wrong,
    )


def _tool(tool: Tool) -> ToolReport:
    return ToolReport(
        name=tool.name,
        approval=tool.approval if isinstance(tool.approval, str) else "rule",
        requires=tool.requires,
        effects=tool.effects,
        sequential=tool.sequential,
    )


def _handoff(edge: Edge) -> HandoffReport:
    return HandoffReport(
        to=edge.target, when=edge.when, requires=edge.requires, at_most=edge.at_most, for_one_turn=edge.for_one_turn
    )


def _happened(happened: Happened) -> HappenedReport:
    return HappenedReport(
        path=tuple(MoveReport(source=source, to=target) for source, target in happened.path),
        answers=tuple(AnswersReport(agent=name, times=times) for name, times in sorted(happened.answers.items())),
        refused=tuple(
            RefusedReport(source=source, to=target, times=times)
            for (source, target), times in sorted(happened.refused.items())
        ),
    )
