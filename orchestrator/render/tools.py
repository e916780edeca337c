"""The tools of a graph, as a table and as what is sent to the model."""

import json
from collections.abc import Mapping
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator.agents import Agent, AgentGraph
from orchestrator.tools import Tool


def as_sent(graph: AgentGraph) -> str:
    """The functions of each agent, tools and handoffs, exactly as a request has them when all are offered."""
    offered: dict[str, list[object]] = {}
    for agent in graph.agents.values():
        schemas = [tool.schema for tool in agent.tools]
        schemas += [graph.handoff_schemas[agent.name, edge.target] for edge in agent.edges]
        strict = agent.model.strict
        offered[agent.name] = [json.loads(schema.strict_wire if strict else schema.wire) for schema in schemas]
    return json.dumps(offered, indent=2, ensure_ascii=False) + "\n"


def table(graph: AgentGraph) -> None:
    """Print a table for each agent that has tools."""
    console = Console(highlight=False)
    for agent in graph.agents.values():
        console.print(_table(agent) if agent.tools else Text(f" {agent.label}: no tools\n", style="bold"))


def _table(agent: Agent) -> Table:
    drawn = Table(title=agent.label, title_justify="left", title_style="bold", box=SIMPLE, expand=False)
    for heading in ("tool", "what it is for", "approval", "requires", "defined in"):
        drawn.add_column(heading, overflow="fold")
    for tool in agent.tools:
        purpose = tool.schema.description.split("\n\n")[0].replace("\n", " ")
        drawn.add_row(
            *map(
                Text,
                (
                    signature(tool),
                    purpose,
                    _approval(tool),
                    tool.requires or "",
                    _place(tool.origin),
                ),
            )
        )
    return drawn


def signature(tool: Tool) -> str:
    """A tool's name and parameters, as people read them: ``look_up(query: string, limit: integer = 3)``."""
    properties = tool.schema.parameters.get("properties")
    described = properties if isinstance(properties, dict) else {}
    return f"{tool.name}({', '.join(_parameter(name, schema) for name, schema in described.items())})"


def _parameter(name: str, schema: Mapping[str, object]) -> str:
    default = f" = {json.dumps(schema['default'], ensure_ascii=False)}" if "default" in schema else ""
    return f"{name}: {_kind(schema)}{default}"


def _kind(schema: Mapping[str, object]) -> str:
    match schema:
        case {"type": "array", "items": dict(items)}:
            return f"list of {_kind(items)}"
        case {"type": str(kind)} if "enum" not in schema:
            return kind
        case {"enum": list(values)}:
            return " | ".join(json.dumps(value, ensure_ascii=False) for value in values)
        case {"const": value}:
            return json.dumps(value, ensure_ascii=False)
        case {"anyOf": list(kinds)}:
            return " | ".join(_kind(kind) for kind in kinds)
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case _:
            return "any"


def _approval(tool: Tool) -> str:
    return tool.approval if isinstance(tool.approval, str) else getattr(tool.approval, "__name__", "a rule")


def _place(origin: str) -> str:
    """A place relative to where the command runs, if it lies below."""
    file, _, line = origin.rpartition(":")
    path = Path(file)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}:{line}" if file else origin
