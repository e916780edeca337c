"""``python -m tests.support.generate`` writes ``schemas/`` and the generated parts of the docs anew."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from orchestrator.cli import main
from orchestrator.cli.conversation.commands import rows
from orchestrator.render.explain import how_made
from orchestrator.render.explanations import Explanation, File, explanations
from orchestrator.render.schemas import schema_text
from orchestrator.spec import FileSpec, ScriptSpec
from orchestrator.spec.mapping import Spec
from orchestrator.spec.suite import SuiteSpec

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ("agents", "cassette", "coverage", "diagnostics", "events", "graph", "script", "test")
WIDTH = 100  # columns of the help pages, whatever the terminal
END = "<!-- end -->"

_TITLES = {
    "FileSpec": "A file of agents",
    "VariableSpec": "`variables.NAME`",
    "OpenAIModelSpec": "`models.NAME`",
    "AzureModelSpec": "`models.NAME` with `provider: azure`",
    "ScriptModelSpec": "`models.NAME` with `provider: script`",
    "ReplayModelSpec": "`models.NAME` with `provider: replay`",
    "FromEnvSpec": "`base_url`, as a mapping",
    "HeaderSpec": "A header, as a mapping",
    "ResponseFormatSpec": "`response_format`",
    "JsonSchemaSpec": "`json_schema`, in a `response_format`",
    "TimeoutSpec": "`timeout`, as a mapping",
    "HistorySpec": "`history`",
    "PriceSpec": "`price`",
    "KeySpec": "`api_key`, as a mapping",
    "DefaultsSpec": "`defaults`",
    "LimitsSpec": "`limits`",
    "ToolChoiceSpec": "`tool_choice`, as a mapping",
    "FunctionNameSpec": "`function`, in a `tool_choice`",
    "AgentSpec": "`agents.NAME`",
    "ToolSpec": "An entry of `tools`",
    "EdgeSpec": "An entry of `handoffs`",
    "ScriptSpec": "A script file",
    "RuleSpec": "An entry of `rules`",
    "CallSpec": "An entry of `call`",
    "SuiteSpec": "A test file",
    "ConversationSpec": "`tests.NAME`",
    "StubSpec": "`tools.NAME`, or an entry of it",
    "TurnSpec": "An entry of `turns`",
    "RecordingSpec": "`model`, as a mapping",
    "ReplySpec": "An entry of `model`",
    "PlayedCallSpec": "An entry of `calls`, in a reply",
    "ApprovalSpec": "An entry of `approvals`",
    "ExpectSpec": "`expect`",
    "MadeCallSpec": "An entry of `calls` or `includes`, in `expect`",
    "MatcherSpec": "A matcher",
    "CountSpec": "A count",
}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "mapping",
}


def generate() -> dict[Path, str]:
    """Every file with a generated part, and its text as it should be."""
    files = {ROOT / "schemas" / f"{name}.schema.json": schema_text(name) for name in SCHEMAS}
    language = _read(ROOT / "docs" / "language.md")
    language = _fill(language, "keys", key_tables("agents", FileSpec))
    files[ROOT / "docs" / "language.md"] = _fill(language, "script keys", key_tables("script", ScriptSpec))
    testing = ROOT / "docs" / "testing.md"
    files[testing] = _fill(_read(testing), "test keys", key_tables("test", SuiteSpec))
    talking = ROOT / "docs" / "conversation.md"
    files[talking] = _fill(_read(talking), "commands", command_table())
    files[ROOT / "docs" / "cli.md"] = _fill(_read(ROOT / "docs" / "cli.md"), "help", help_pages())
    codes = _fill(_read(ROOT / "docs" / "diagnostics.md"), "table", code_table())
    files[ROOT / "docs" / "diagnostics.md"] = _fill(codes, "pages", code_pages())
    return files


def outdated() -> list[str]:
    """The generated files that are not as they should be, by their paths in the project."""
    return [
        path.relative_to(ROOT).as_posix()
        for path, text in generate().items()
        if not path.exists() or _read(path) != text
    ]


def write() -> None:
    """Write the generated files."""
    for path, text in generate().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def key_tables(name: str, model: type[Spec]) -> str:
    """The keys of each kind of mapping in a file of this model, as Markdown. ``name`` is that of its schema."""
    schema = json.loads(schema_text(name))
    mappings = {model.__name__: schema, **_in_order(schema)}
    return "\n\n".join(_key_table(kind, mapping) for kind, mapping in mappings.items())


def help_pages() -> str:
    """The help page of ``orchestrate``, of each command, and of those below it, as Markdown."""
    top = main.make_context("orchestrate", [], resilient_parsing=True, terminal_width=WIDTH)
    return "\n\n".join(_help_pages(main, top))


def command_table() -> str:
    """The commands of a conversation, as Markdown."""
    lines = [f"| `{_escaped(form)}` | {_escaped(about)} |" for form, about in rows()]
    return "\n".join(["| command | what it does |", "|---|---|", *lines])


def code_table() -> str:
    """The codes of diagnostics, as Markdown."""
    head = ["| code | severity | group | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *map(_code_row, explanations().values())])


def code_pages() -> str:
    """The pages of all codes, as Markdown."""
    return "\n\n".join(map(_code_page, explanations().values()))


def _code_row(page: Explanation) -> str:
    return f"| [{page.code}](#{page.code}) | {page.severity} | {page.group} | {_escaped(page.summary)} |"


def _code_page(page: Explanation) -> str:
    parts = [f"### {page.code}", f"{page.severity.capitalize()}. {page.summary}", page.text]
    for title, example in (("Wrong:", page.wrong), ("Right:", page.right)):
        parts += [title, *(_example(file) for file in example)]
    return "\n\n".join(parts)


def _example(file: File) -> str:
    """A file of an example. The second word keeps it from being taken for a file of agents that is sound."""
    made = how_made(file)
    return f"`{file.path}`{made and f' ({made})'}\n\n```{file.kind} example\n{file.text}```"


def _help_pages(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```"
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _help_pages(below, below.make_context(name, [], parent=context, resilient_parsing=True))


def _in_order(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The mappings inside a schema, in the order in which its keys lead to them."""
    found: dict[str, Mapping[str, Any]] = {}
    for name in _references(schema["properties"]):
        if name not in found:
            found[name] = schema["$defs"][name]
            found |= {inner: part for inner, part in _in_order({**schema, **found[name]}).items() if inner not in found}
    return found


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield _referred(part)
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def _key_table(name: str, mapping: Mapping[str, Any]) -> str:
    required = mapping.get("required", [])
    rows = [
        f"| `{key}` | {_type(part)} | {_default(key in required, part)} | {_escaped(part.get('description', ''))} |"
        for key, part in mapping["properties"].items()
    ]
    head = ["| key | type | default | meaning |", "|---|---|---|---|"]
    return "\n".join([f"### {_title(name)}", "", mapping.get("description", ""), "", *head, *rows])


def _default(required: bool, part: Mapping[str, Any]) -> str:
    if required:
        return "required"
    value = part.get("default")
    return "" if value is None or isinstance(value, dict | list) else _code(value)


def _type(part: Mapping[str, Any]) -> str:
    """What a value may be, in words."""
    match part:
        case {"$ref": _}:
            return f"[mapping](#{_anchor(_title(_referred(part)))})"
        case {"const": value}:
            return _code(value)
        case {"enum": values}:
            return ", ".join(map(_code, values))
        case {"anyOf": choices} | {"oneOf": choices}:
            kinds = {choice.get("type") for choice in choices}
            scalar = {"string", "integer", "number", "boolean", "null"} <= kinds
            told = [_type(choice) for choice in choices if not scalar or "$ref" in choice]
            return " or ".join(dict.fromkeys(["scalar", *told] if scalar else told))
        case {"type": "array", "items": items}:
            return f"list of: {_type(items)}"
        case {"type": "object", "patternProperties": patterns}:
            return f"names, each with: {_type(next(iter(patterns.values())))}"
        case {"type": "object", "additionalProperties": {} as inner} if inner:
            return f"names, each with: {_type(inner)}"
        case {"type": kind}:
            return _TYPES[kind]
        case _:
            return "any value"


def _code(value: object) -> str:
    """A value as it is written in YAML."""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _title(name: str) -> str:
    return _TITLES.get(name) or f"`{name.removesuffix('Spec').lower()}`"


def _anchor(title: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _escaped(text: str) -> str:
    """A text as it may stand in a table."""
    return text.replace("<", "&lt;").replace("|", "\\|")


def _referred(part: Mapping[str, Any]) -> str:
    return str(part["$ref"]).rsplit("/", 1)[-1]


def _fill(text: str, name: str, content: str) -> str:
    """The page with new content between the markers of this name."""
    start = f"<!-- generated: {name} -->"
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(END)}", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise ValueError(f"the page must have {start!r} and {END!r} once")
    return pattern.sub(lambda _: f"{start}\n\n{content}\n\n{END}", text)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    write()
