"""A model that is not there: it replies by the rules of a YAML file, word by word.

It serves the demo without a key, tests, and load tests. Rules are read in order and the first that fits gives the
reply, so the same conversation always goes the same way.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.agents import HANDOFF, handoff_to
from orchestrator.diagnostics import Diagnostic
from orchestrator.errors import LoadError, RenderError, ScriptError
from orchestrator.events import TextDelta, ToolAnnounced
from orchestrator.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse
from orchestrator.source import Source
from orchestrator.spec import Reading, RuleSpec, ScriptSpec, Shape, read_as, script_free, script_keys
from orchestrator.templates import Instructions, Sandbox, check_syntax, environment
from orchestrator.templates.data import rendered, texts_in


def read_script(source: Source) -> Reading[ScriptSpec]:
    """Read a script file and check it: its shape, and that each of its texts is a template."""
    reading = read_as(Shape(ScriptSpec, script_keys, script_free, {"rules": []}), source)
    if reading.spec is None:
        return reading
    env = environment(Path(source.path).parent)
    faults = [fault for location, text in _texts(reading.spec) for fault in template_fault(env, source, location, text)]
    found = sorted((*reading.diagnostics, *faults), key=lambda diagnostic: diagnostic.span)
    return Reading(source, reading.spec, tuple(found))


def template_fault(env: Sandbox, source: Source, location: tuple[str | int, ...], text: str) -> list[Diagnostic]:
    """What is wrong with the syntax of a template at a place: one diagnostic, or none."""
    fault = check_syntax(text, env)
    if fault is None:
        return []
    return [Diagnostic(source.inside(location, fault.line, fault.column), fault.code, fault.message, fault.hint)]


def in_words(text: str) -> list[str]:
    """A text in the pieces in which it streams: a word each, with the blanks before it."""
    return re.findall(r"\s*\S+\s*$|\s*\S+", text)


@dataclass(frozen=True)
class ScriptedClient:
    """A ``ModelClient`` that replies by rules.

    Args:
        spec: the rules.
        name: what messages call the script.
        env: renders its texts.
        paced: whether texts stream as fast as the script says, and not at once.
    """

    spec: ScriptSpec
    name: str
    env: Sandbox
    paced: bool = True

    @classmethod
    def from_file(cls, path: str | Path, *, paced: bool = True) -> "ScriptedClient":
        """Read a script file. It is ``paced`` for people who watch.

        Raises:
            LoadError: the file has errors.
            OSError: the file does not exist or can't be opened.
        """
        return replace(cls._of(read_script(Source.read(Path(path)))), paced=paced)

    @classmethod
    def from_text(cls, text: str, name: str = "script") -> "ScriptedClient":
        """Read a script from a text.

        Raises:
            LoadError: the text has errors.
        """
        return cls._of(read_script(Source.parse(name, text)))

    @classmethod
    def _of(cls, reading: Reading[ScriptSpec]) -> "ScriptedClient":
        if reading.spec is None or reading.diagnostics:
            raise LoadError(reading.diagnostics)
        path = Path(reading.source.path)
        return cls(reading.spec, path.name, environment(path.parent))

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Reply by the first rule that fits.

        Raises:
            ScriptError: no rule fits, or the rule's texts can't be rendered.
        """
        moment = _moment(request)
        rule, match = self._rule(request, moment)
        names = {
            **request.variables,
            **match.groupdict(),
            "groups": (match.group(), *match.groups()),
            "user": moment.user,
            "result": moment.result,
        }
        content = None if rule.say is None else self._render(rule.say, names)
        for word in in_words(content or ""):
            yield TextDelta(text=word)
            if self.paced and self.spec.words_per_second:
                await asyncio.sleep(1 / self.spec.words_per_second)
        calls = []
        for index, call in enumerate(rule.call.values()):
            yield ToolAnnounced(index=index, name=call.name)
            calls.append(ToolCall("", call.name, json.dumps(self._rendered(call.arguments, names), ensure_ascii=False)))
        yield ModelResponse(content, tuple(calls))

    def _rule(self, request: ModelRequest, moment: "_Moment") -> tuple[RuleSpec, re.Match[str]]:
        for rule in self.spec.rules.values():
            found = re.search(rule.user or "", moment.user, re.IGNORECASE)
            if found and rule.agent in {None, request.agent} and rule.after == moment.after:
                return rule, found
        after = f" after {moment.after}" if moment.after else ""
        what = f"{self.name} has no rule for agent {request.agent!r}{after} when the user says {moment.user!r}"
        raise ScriptError(f"{what}; add one to its rules")

    def _render(self, text: str, names: Mapping[str, object]) -> str:
        try:
            return Instructions(text, self.name, self.env).render(names)
        except RenderError as error:
            raise ScriptError(f"{self.name}: {text!r} can't be rendered: {error}") from None

    def _rendered(self, value: object, names: Mapping[str, object]) -> object:
        return rendered(value, lambda text, _: self._render(text, names))


@dataclass(frozen=True, slots=True)
class _Moment:
    """Where a conversation stands. ``after`` is None right after the user or a handoff has spoken."""

    user: str
    after: str | None
    result: str


def _moment(request: ModelRequest) -> _Moment:
    user = next((m.content for m in reversed(request.messages) if isinstance(m, UserMessage)), "")
    answers: dict[str, str] = {}
    for message in reversed(request.messages):
        if isinstance(message, ToolMessage):
            answers[message.call_id] = message.content
        else:
            return _after(message, answers, user, request.agent)
    return _Moment(user, None, "")


def _after(message: Message, answers: Mapping[str, str], user: str, agent: str) -> _Moment:
    """The moment after a reply's calls were answered. A handoff to the active agent begins anew."""
    calls = message.tool_calls if isinstance(message, AssistantMessage) else ()
    moved = any(call.name == handoff_to(agent) for call in calls)
    last = calls[-1] if calls and not moved else None
    ordinary = [call for call in calls if not call.name.startswith(HANDOFF)]
    result = answers.get(ordinary[-1].id, "") if ordinary else ""
    return _Moment(user, last.name if last else None, result)


def _texts(spec: ScriptSpec) -> list[tuple[tuple[str | int, ...], str]]:
    """Every template of a script, with its place."""
    texts: list[tuple[tuple[str | int, ...], str]] = []
    for index, rule in spec.rules.items():
        if rule.say is not None:
            texts.append((("rules", index, "say"), rule.say))
        for position, call in rule.call.items():
            texts += texts_in(call.arguments, ("rules", index, "call", position, "with"))
    return texts
