"""What the templates of a test see, and how they are rendered."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from orchestrator.agents import HANDOFF
from orchestrator.errors import RenderError
from orchestrator.messages import AssistantMessage, Message, ToolMessage
from orchestrator.spec.draft import Location
from orchestrator.templates import Instructions, Sandbox, compile_expression, environment
from orchestrator.templates.budget import begin_budget
from orchestrator.templates.data import rendered
from orchestrator.templates.tokens import normal
from orchestrator.testing.places import Broken, Place

_ALONE = re.compile(r"\s*\{\{-?([^{}]*?)-?\}\}\s*")
_NO_VALUE = object()


@dataclass(frozen=True, slots=True)
class Scope:
    """Renders the templates of a test.

    Args:
        env: compiles each template of a test file once.
        names: what they see.
    """

    env: Sandbox
    names: Mapping[str, object]

    @classmethod
    def of(cls, path: Path, names: Mapping[str, object]) -> "Scope":
        """A scope of a test file. Those of one folder share what is compiled."""
        return cls(_sandbox(path.parent), names)

    def knowing(self, names: Mapping[str, object]) -> "Scope":
        """A scope that has other names beneath its own."""
        return replace(self, names={**names, **self.names})

    def text(self, template: str, place: Place) -> str:
        """The text of a template.

        Raises:
            Broken: it can't be rendered; at the line in the test file.
        """
        if "{" not in template:  # compiling takes longer than a whole turn
            return normal(template).removesuffix("\n")
        try:
            return Instructions(template, place.source.path, self.env).render(self.names)
        except RenderError as error:
            span = place.source.inside(place.location, error.line or 1, error.column or 1)
            raise Broken(place.failure(f"the template can't be rendered: {error}", span=span)) from None

    def value(self, data: object, place: Place) -> object:
        """A value whose texts are templates. One that is ``{{ … }}`` and nothing else gives the value as it is.

        Raises:
            Broken: one of them can't be rendered.
        """

        def render(text: str, at: Location) -> object:
            alone = _ALONE.fullmatch(text)
            found = self._plain(alone[1]) if alone else _NO_VALUE
            return self.text(text, place.at(*at)) if found is _NO_VALUE else found

        return rendered(data, render)

    def _plain(self, expression: str) -> object:
        """What an expression gives, where that is a JSON value other than a text."""
        begin_budget()
        try:
            found = compile_expression(expression)(**self.names)
        except Exception:  # noqa: BLE001 - an expression may raise anything; it is told when the text is rendered
            return _NO_VALUE
        return found if found is None or isinstance(found, bool | int | float | list | dict) else _NO_VALUE


def results_in(messages: Sequence[Message]) -> dict[str, object]:
    """``results``, the last result of each tool, and ``result``, that of the tool that was called last, if any was."""
    names: dict[str, str] = {}
    results: dict[str, str] = {}
    last: dict[str, object] = {}
    for message in messages:
        match message:
            case AssistantMessage(tool_calls=calls):
                names |= {call.id: call.name for call in calls}
            case ToolMessage(call_id, content) if not names.get(call_id, "").startswith(HANDOFF):
                results[names.get(call_id, "")] = content
                last = {"result": content}
            case _:
                pass
    return {"results": results, **last}


@lru_cache(maxsize=16)
def _sandbox(folder: Path) -> Sandbox:
    return environment(folder)
