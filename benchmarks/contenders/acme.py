"""The agents of ACME and the loop's plain parts, as the cookbook's article on routines and handoffs has them.

Functions are tools, one that returns an agent is a handoff, and the schema of a function comes from its signature.
"""

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from benchmarks.contenders.job import Object, Setup, Tool

MODEL = "gpt-4o-mini"

_TYPES: dict[object, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_TRIAGE = """\
You are a customer service bot for ACME Inc. Introduce yourself. Always be very brief.
Gather information to direct the customer to the right department.
But make your questions subtle and natural.
If the customer asks for a human, or is upset, use `escalate_to_human`.
"""
_SALES = """\
You are a sales agent for ACME Inc. Always answer in a sentence or less.
Follow this routine with the customer:
1. Ask about the problems in their life that catching roadrunners would solve.
2. Casually mention that one of ACME Inc.'s crazy made-up products can help. Don't mention the price.
3. Once the customer is bought in, drop a ridiculous price.
4. Only after everything, and if the customer says yes, tell them a crazy caveat and use `execute_order`.
"""
_ISSUES = """\
You are a customer support agent for ACME Inc. Always answer in a sentence or less.
Follow this routine with the customer:
1. Ask probing questions to understand the problem, unless the customer has told you already.
2. Propose a fix (make one up).
3. Only if they are not satisfied, offer a refund.
4. If they accept, look up the item with `look_up_item`, then use `execute_refund`.
"""
DESK = "You are at the desk of a warehouse. Find what people are looking for with your tools."


@dataclass(frozen=True)
class Agent:
    """An agent: its routine and its tools."""

    name: str
    instructions: str
    tools: tuple[Tool, ...]

    @cached_property
    def functions(self) -> dict[str, Tool]:
        """The tools by name."""
        return {tool.__name__: tool for tool in self.tools}

    @cached_property
    def schemas(self) -> list[Object]:
        """The tools as the API takes them, made once."""
        return schemas_of(self.tools)


def schemas_of(tools: tuple[Tool, ...]) -> list[Object]:
    """What the API is told of the functions."""
    return [_schema_of(tool) for tool in tools]


def _schema_of(tool: Tool) -> Object:
    parameters = inspect.signature(tool).parameters.values()
    properties = {each.name: {"type": _TYPES.get(each.annotation, "string")} for each in parameters}
    required = [each.name for each in parameters if each.default is inspect.Parameter.empty]
    arguments = {"type": "object", "properties": properties, "required": required}
    description = (tool.__doc__ or "").strip()
    return {
        "type": "function",
        "function": {"name": tool.__name__, "description": description, "parameters": arguments},
    }


def agent_of(setup: Setup) -> Agent:
    """The agent with which a conversation of this job begins."""
    return TRIAGE if setup.job.tools is None else Agent("desk", DESK, setup.tools)


def called(agent: Agent, call: Mapping[str, Any]) -> tuple[str, Agent]:
    """Make a call of a reply. Gives what the model is told, and the agent that goes on."""
    result = agent.functions[call["function"]["name"]](**json.loads(call["function"]["arguments"]))
    if isinstance(result, Agent):
        return f"Transferred to {result.name}. Adopt persona immediately.", result
    return str(result), agent


def target_of(tool: Tool) -> Agent | None:
    """The agent to which a tool leads, if it is a handoff."""
    target = tool() if tool.__name__.startswith("transfer_to_") else None
    return target if isinstance(target, Agent) else None


def escalate_to_human(summary: str) -> str:
    """Call this only if explicitly asked to, or if the customer is upset."""
    return f"A human colleague has been told: {summary}"


def transfer_to_sales() -> Agent:
    """Transfer to Sales when the customer wants to buy something."""
    return SALES


def transfer_to_issues_and_repairs() -> Agent:
    """Transfer to Issues and Repairs when something is broken, or the customer wants their money back."""
    return ISSUES


def transfer_to_triage() -> Agent:
    """Transfer to Triage when the customer asks for something else."""
    return TRIAGE


def execute_order(product: str, price: int) -> str:
    """Place an order, after the customer has confirmed it."""
    return f"Ordered {product} for ${price}."


def look_up_item(search_query: str) -> str:
    """Find the id of an item in the customer's orders."""
    return f"item_{sum(map(ord, search_query.lower())):06}"


def execute_refund(item_id: str, reason: str = "not provided") -> str:  # noqa: ARG001 - it only pretends
    """Pay the price of an item back to the customer."""
    return "success"


TRIAGE = Agent("triage", _TRIAGE, (escalate_to_human, transfer_to_sales, transfer_to_issues_and_repairs))
SALES = Agent("sales", _SALES, (execute_order, transfer_to_triage))
ISSUES = Agent("issues_and_repairs", _ISSUES, (look_up_item, execute_refund, transfer_to_triage))
