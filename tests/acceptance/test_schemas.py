"""The JSON schemas say what the loader does: they take what runs, and refuse what is misspelt."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from orchestrator.agents import Agent, AgentGraph, Edge
from orchestrator.clients.scripted import ScriptedClient, read_script
from orchestrator.errors import ModelError
from orchestrator.events import Event, HandedOff, Retrying, TextDelta, to_json
from orchestrator.model import Model
from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse
from orchestrator.render.schemas import schema_text
from orchestrator.runner import ApprovalRequest, Question, Run, Runner, Verdict
from orchestrator.source import Source
from orchestrator.spec import read_spec
from orchestrator.templates import Instructions
from orchestrator.tools import Tool, ToolContext, tool
from tests.support.generate import ROOT, SCHEMAS

Schema = dict[str, Any]

EXAMPLES = sorted((ROOT / "agents").glob("*.yaml"))
ANNOTATIONS = {"$schema", "$defs", "title", "description", "default", "discriminator"}
TYPES_OF_KEYWORDS = {
    "minLength": {"string"},
    "maxLength": {"string"},
    "pattern": {"string"},
    "minItems": {"array"},
    "maxItems": {"array"},
    "minimum": {"number", "integer"},
    "maximum": {"number", "integer"},
    "exclusiveMinimum": {"number", "integer"},
    "exclusiveMaximum": {"number", "integer"},
}

AGENTS = """
version: 1
entry: desk
variables: {shop: The Paper Lantern, open: {type: boolean, default: true}, size: {enum: [1, 2], default: 1}}
models:
  fast: {model: gpt-4o-mini, temperature: 0.2, base_url: {env: LLM_URL}, api_key: {env: LLM_KEY}}
agents:
  desk: {model: fast, instructions: Be brief., tools: [{use: tools.books}], handoffs: [{to: books}]}
  books: {model: fast, instructions: Find books.}
"""
SCRIPT = """
version: 1
rules:
  - {agent: desk, user: hello, say: Hello!}
  - {after: find_book, call: [{name: find_book, with: {title: Walden}}]}
"""

TAKEN = {
    "a text for a handoff": ("agents.desk.handoffs", ["books"]),
    "a text for a tool": ("agents.desk.tools", ["tools.books:find_book"]),
    "a text for a variable": ("variables.shop", "Nook"),
    "a whole number for a variable": ("variables.shop", 1),
    "a number for a variable": ("variables.shop", 1.5),
    "a truth for a variable": ("variables.shop", False),
    "null for a variable": ("variables.shop", None),
    "a list as a default": ("variables.shop", {"default": ["a"]}),
    "a URL": ("models.fast.base_url", "http://localhost:11434/v1"),
    "no key": ("models.fast.api_key", "none"),
    "a free key": ("x-anchors", {"anything": 1}),
}
REFUSED = {
    "a misspelt key of the file": ("agnets", {}),
    "a misspelt key of an agent": ("agents.desk.instructons", "x"),
    "a misspelt key of a model": ("models.fast.temprature", 1),
    "a misspelt key of a variable": ("variables.open.defualt", 1),
    "a misspelt key of a handoff": ("agents.desk.handoffs", [{"to": "books", "wen": "x"}]),
    "a misspelt key of a tool": ("agents.desk.tools", [{"use": "tools.books", "nam": "x"}]),
    "a misspelt key of an address": ("models.fast.base_url", {"env": "A", "defautl": "x"}),
    "another version": ("version", 2),
    "a number as a text": ("agents.desk.instructions", 5),
    "an empty text": ("agents.desk.instructions", ""),
    "a text as a number": ("models.fast.temperature", "hot"),
    "a text as a list": ("agents.desk.tools", "tools.books"),
    "a mapping as a list": ("agents.desk.handoffs", {"to": "books"}),
    "a list as a mapping": ("agents", []),
    "a key in the file": ("models.fast.api_key", "sk-123"),
    "null": ("description", None),
    "a number as the file's description": ("description", 5),
    "an unknown type": ("variables.open.type", "bool"),
    "a model without a name": ("models.fast", {"temperature": 1}),
    "a number out of bounds": ("models.fast.temperature", 3),
    "an empty enum": ("variables.open.enum", []),
    "a name with a blank": ("agents.the desk", {"model": "fast", "instructions": "x"}),
}


def schema_of(name: str) -> Schema:
    schema: Schema = json.loads(schema_text(name))
    return schema


def accepts(name: str, data: object) -> bool:
    return Draft202012Validator(schema_of(name)).is_valid(data)


def changed(data: Any, path: str, value: object) -> Any:
    """A copy of the data with another value at a path of keys."""
    copy = deepcopy(data)
    *parents, last = path.split(".")
    inner = copy
    for key in parents:
        inner = inner[key]
    inner[last] = value
    return copy


def parts(schema: object, at: str = "") -> Iterator[tuple[str, Schema]]:
    """Every schema inside a schema, with the way to it."""
    if not isinstance(schema, dict):
        return
    yield at, schema
    for keyword in ("properties", "patternProperties", "$defs"):
        for name, part in schema.get(keyword, {}).items():
            yield from parts(part, f"{at}/{keyword}/{name}")
    for keyword in ("items", "propertyNames", "additionalProperties"):
        yield from parts(schema.get(keyword), f"{at}/{keyword}")
    for keyword in ("anyOf", "oneOf", "allOf"):
        for index, part in enumerate(schema.get(keyword, [])):
            yield from parts(part, f"{at}/{keyword}/{index}")


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_a_valid_one(name: str) -> None:
    Draft202012Validator.check_schema(schema_of(name))


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_keyword_has_an_effect(name: str) -> None:
    """Validators ignore keywords that they do not know, and those of another type: such a bound binds nobody."""
    known = ANNOTATIONS | set(Draft202012Validator.VALIDATORS)
    found = dict(parts(schema_of(name)))
    assert [(at, sorted(set(part) - known)) for at, part in found.items() if set(part) - known] == []
    misplaced = [
        (at, keyword)
        for at, part in found.items()
        for keyword, types in TYPES_OF_KEYWORDS.items()
        if keyword in part and part.get("type", next(iter(types))) not in types
    ]
    assert misplaced == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_default_fits(name: str) -> None:
    schema = schema_of(name)
    wrong = [
        at
        for at, part in parts(schema)
        if "default" in part and not Draft202012Validator({**part, "$defs": schema["$defs"]}).is_valid(part["default"])
    ]
    assert wrong == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_property_has_a_description(name: str) -> None:
    assert [at for at, part in parts(schema_of(name)) if _is_property(at) and not part.get("description")] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_fit(path: Path) -> None:
    name = _kind(path)
    errors = Draft202012Validator(schema_of(name)).iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_name_their_schema(path: Path) -> None:
    found = re.search(r"^# yaml-language-server: \$schema=(\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    expected = _kind(path)
    assert (path.parent / found[1]).resolve() == ROOT / "schemas" / f"{expected}.schema.json"
    assert (path.parent / found[1]).is_file()


@pytest.mark.timeout(10)
@pytest.mark.parametrize("case", TAKEN)
def test_schema_and_loader_take(case: str) -> None:
    data = changed(yaml.safe_load(AGENTS), *TAKEN[case])
    assert accepts("agents", data)
    assert read_spec(Source.parse("agents.yaml", json.dumps(data))).diagnostics == ()


@pytest.mark.timeout(10)
@pytest.mark.parametrize("case", REFUSED)
def test_schema_and_loader_refuse(case: str) -> None:
    data = changed(yaml.safe_load(AGENTS), *REFUSED[case])
    assert read_spec(Source.parse("agents.yaml", json.dumps(data))).diagnostics != ()
    assert not accepts("agents", data)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("rule", []),
        ("words_per_second", "fast"),
        ("words_per_second", 0),
        ("rules", {}),
        ("rules", [{"agnet": "desk"}]),
        ("rules", [{"say": 5}]),
        ("rules", [{"call": "find_book"}]),
        ("rules", [{"call": [{"nmae": "find_book"}]}]),
    ],
)
def test_schema_and_reader_refuse_a_script(path: str, value: object) -> None:
    data = changed(yaml.safe_load(SCRIPT), path, value)
    assert read_script(Source.parse("a.script.yaml", json.dumps(data))).diagnostics != ()
    assert not accepts("script", data)


def test_schema_and_reader_take_a_text_for_a_call() -> None:
    data = changed(yaml.safe_load(SCRIPT), "rules", [{"call": ["find_book"]}])
    assert accepts("script", data)
    assert read_script(Source.parse("a.script.yaml", json.dumps(data))).diagnostics == ()


class Agreeable:
    """A person who agrees to everything."""

    async def approve(self, request: ApprovalRequest) -> Verdict:
        return Verdict("granted")

    async def ask(self, question: Question) -> str:
        return "yes"


@tool(approval="always")
def talkative(context: ToolContext) -> str:
    """Tell, and ask."""
    context.emit("working")
    return context.ask("Go on?")


class Moody:
    """A model on a bad day: it is slow to answer, and one that is called ``weak`` breaks off."""

    def __init__(self, client: ScriptedClient) -> None:
        self.client = client

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        yield Retrying(model=request.model.name, reason="overloaded", seconds=0.1, attempt=2)
        if request.model.name == "weak":
            yield TextDelta(text="Let me")
            raise ModelError("weak broke off", kind="broken")
        async with aclosing(self.client.stream(request)) as replies:  # type: ignore[type-var]  # a generator
            async for item in replies:
                yield item


def graph() -> AgentGraph:
    model = Model("weak", fallback=(Model("m", history=1),))
    first = Agent("first", model, Instructions("x"), edges=(Edge("second"),))
    second = Agent("second", model, Instructions("x"), tools=(Tool.from_function(talkative),))
    return AgentGraph.of(first, second)


async def test_every_event_fits() -> None:
    client = ScriptedClient.from_text("""
        rules:
          - {agent: first, call: [transfer_to_second]}
          - {agent: second, after: talkative, say: Done.}
          - {agent: second, call: [talkative]}
    """)
    runner = Runner(graph(), Moody(client), person=Agreeable())
    broken_off = runner.stream("hello")
    events = [*await _events(broken_off, until=HandedOff), *await _events(runner.resume(broken_off.state))]
    schema = schema_of("events")
    validator = Draft202012Validator(schema)
    lines = [to_json(event) for event in events]
    assert [(line, error.message) for line in lines for error in validator.iter_errors(json.loads(line))] == []
    assert {event.type for event in events} == set(schema["discriminator"]["mapping"])


def test_events_schema_refuses_what_is_none() -> None:
    call = {"id": "c", "name": "n", "arguments": "{}"}
    good = {"type": "model_responded", "run_id": "run_1", "at": 1.0, "message": {"tool_calls": [call]}}
    assert accepts("events", good)
    assert not accepts("events", {**good, "at": "noon"})
    assert not accepts("events", {**good, "type": "unheard_of"})
    assert not accepts("events", changed(good, "message.tool_calls", [{"id": "c"}]))


async def _events(run: Run, until: type[Event] | None = None) -> list[Event]:
    events: list[Event] = []
    async with run:
        async for event in run:
            events.append(event)
            if until is not None and isinstance(event, until):
                break
    return events


def _is_property(at: str) -> bool:
    return at.split("/")[-2:-1] == ["properties"]


def _kind(path: Path) -> str:
    """Which schema a file of the examples has, by its name."""
    return next((kind for kind in ("script", "test") if path.name.endswith(f".{kind}.yaml")), "agents")
