"""What a model gets to see, for people."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import click

from orchestrator.agents import Agent
from orchestrator.model import Endpoint, FromEnv, Model
from orchestrator.render.excerpts import harmless
from orchestrator.render.tokens import Size
from orchestrator.render.tools import signature

_INDENT = "    "
_NOT_SETTINGS = {"model", "messages", "tools", "tool_choice", "parallel_tool_calls", "stream", "stream_options"}


def prompt(
    agent: Agent,
    body: Mapping[str, Any],
    size: Size,
    *,
    width: int | None = None,
    color: bool = False,
    nothing: str = "none: give one with --message",
) -> str:
    """Give an agent's request as text: the model, the system message, the functions, the messages, the size.

    ``width`` is that of a terminal: there, lines are wrapped, those of messages are numbered, and nothing in them
    steers it. Without it all texts stand as they are. ``nothing`` is said where there is no message.
    """
    return "".join(f"{line}\n" for line in _Page(agent, body, width, color).lines(size, nothing))


@dataclass(frozen=True, slots=True)
class _Page:
    agent: Agent
    body: Mapping[str, Any]
    width: int | None
    color: bool

    def lines(self, size: Size, nothing: str) -> Iterator[str]:
        system, *messages = self.body["messages"]
        yield from self._about()
        yield from self._section("system", self._message(system))
        yield from self._section("functions", self._functions())
        left_out = self._left_out()
        if left_out:
            yield from self._section("not offered now", left_out)
        if not messages:
            yield from self._section("user", [nothing])
        for message in messages:
            yield from self._section(message["role"], self._message(message))
        yield from self._section("size", self._text(_told(size)))

    def _about(self) -> Iterator[str]:
        model = self.agent.model
        settings = [f"{name}: {_json(value)}" for name, value in self.body.items() if name not in _NOT_SETTINGS]
        about = {
            "agent": f"{self.agent.name} ({self.agent.label})",
            "model": model.model if model.name == model.model else f"{model.alias} ({model.model})",
            "endpoint": _asked(model),
            "settings": ", ".join(settings) or "none",
        }
        for name, value in about.items():
            yield from self._text(value, f"{name:10}", bold=True)

    def _section(self, title: str, lines: Iterator[str] | list[str]) -> Iterator[str]:
        yield ""
        yield self._style(f"── {title} ──", bold=True)
        yield from lines

    def _message(self, message: Mapping[str, Any]) -> Iterator[str]:
        lines = message["content"].split("\n") if message["content"] is not None else []
        for number, line in enumerate(lines, 1):
            yield from self._text(line, "" if self.width is None else f"{number:4} ", dim=True)
        for call in message.get("tool_calls", ()):
            yield from self._text(f"→ {call['function']['name']}({call['function']['arguments']})")

    def _functions(self) -> Iterator[str]:
        if "tools" not in self.body:
            yield "none"
            return
        for tool in self.body["tools"]:
            yield from self._function(tool["function"])
            yield ""
        choice = self.body.get("tool_choice", "auto")
        yield f"tool_choice: {choice if isinstance(choice, str) else choice['function']['name']}"
        if "parallel_tool_calls" in self.body:
            yield f"parallel_tool_calls: {_json(self.body['parallel_tool_calls'])}"

    def _function(self, function: Mapping[str, Any]) -> Iterator[str]:
        strict = " (strict)" if function.get("strict") else ""
        yield from self._text(f"{self._signature(function['name'])}{strict}")
        for line in function.get("description", "").splitlines():
            yield from self._text(line, _INDENT if line else "")
        for name, schema in _schemas(function["parameters"]):
            yield from self._text(_json(schema), f"{_INDENT}{name}: ", dim=True)

    def _signature(self, name: str) -> str:
        tool = self.agent.tools_by_name.get(name)
        return signature(tool) if tool else f"{name}()"

    def _left_out(self) -> list[str]:
        """The tools and handoffs that the model does not get now, with what they require."""
        offered = {tool["function"]["name"] for tool in self.body.get("tools", ())}
        guards = {tool.name: tool.requires for tool in self.agent.tools}
        guards |= {edge.function_name: edge.requires for edge in self.agent.edges}
        left_out = [(name, guard) for name, guard in guards.items() if name not in offered]
        told = (self._text(f"{self._signature(name)} requires: {guard}") for name, guard in left_out)
        return [line for lines in told for line in lines]

    def _text(self, text: str, margin: str = "", **style: bool) -> Iterator[str]:
        """A line behind a margin; on a terminal harmless, and wrapped if it is long."""
        if self.width is None:
            yield f"{margin}{text}"
            return
        room = max(20, self.width - len(margin))
        first, *more = textwrap.wrap(harmless(text), room, break_long_words=False, break_on_hyphens=False) or [""]
        yield self._style(margin if first else margin.rstrip(), **style) + first
        yield from (" " * len(margin) + line for line in more)

    def _style(self, text: str, **style: bool) -> str:
        return click.style(text, **style) if self.color and style else text


def _schemas(parameters: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """What a function's parameters are like, one by one, and then what they refer to."""
    required = parameters.get("required", ())
    for name, schema in parameters.get("properties", {}).items():
        yield (name if name in required else f"{name} (optional)"), schema
    for name, schema in parameters.get("$defs", {}).items():
        yield f"#/$defs/{name}", schema


def _asked(model: Model) -> str:
    """Where the model is, or what answers for it."""
    match model.provider:
        case "script" | "replay":
            kind = "script" if model.provider == "script" else "recording"
            return f"none: the {kind} {PurePath(model.file or '').name} answers"
        case "azure":
            return f"{_address(model.endpoint)}, deployment {model.endpoint.deployment}; {_key(model.endpoint)}"
        case "openai":
            return f"{_address(model.endpoint)}; {_key(model.endpoint)}"


def _address(endpoint: Endpoint) -> str:
    match endpoint.base_url:
        case None:
            return "OPENAI_BASE_URL, or else OpenAI's own"
        case FromEnv(name, None):
            return f"the URL in {name}"
        case FromEnv(name, default):
            return f"the URL in {name}, or else {default}"
        case str() as url:
            return url


def _key(endpoint: Endpoint) -> str:
    match endpoint.api_key:
        case FromEnv(name):
            return f"the key in {name}"
        case None if endpoint.base_url is None:
            return "the key in OPENAI_API_KEY"
        case _:
            return "no key"


def _told(size: Size) -> str:
    total = size.system + size.functions + size.messages
    parts = f"system {size.system}, functions {size.functions}, messages {size.messages}"
    return f"{'' if size.exact else 'about '}{total} tokens: {parts} ({size.origin})"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
