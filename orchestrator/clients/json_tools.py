"""Tools for models that know no tool calls: told in the instructions, called by a JSON object as the reply.

The runner and the transcript see ordinary calls and answers. What such a model gets is written anew for each request:
the calls as the objects that it would have said, their results as messages of the user's.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from itertools import groupby
from typing import Any

from orchestrator.clients.json_reply import JsonReply
from orchestrator.errors import ModelError
from orchestrator.events import ModelRestarted, TextDelta
from orchestrator.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage, encode
from orchestrator.model import NamedFunction, ToolChoice
from orchestrator.model_client import ModelClient, ModelDelta, ModelRequest, ModelResponse
from orchestrator.tools import FunctionSchema

Item = ModelDelta | ModelResponse

_EARLIER = "(The beginning of the conversation is left out.)"
_DEFINITIONS = "#/$defs/"
_REFUSALS = frozenset({400, 422})
_GUIDE = """\
You can call the functions below. To call one, reply with its name and arguments as a JSON object:
{"call": "NAME", "arguments": {}}
The next message then tells you its result. Where no function is needed, reply with what you want to say:
{"say": "TEXT"}
Reply with one such object and nothing else."""
_GUIDE_CALL = """\
Now you must call one of the functions below. Reply with its name and arguments as a JSON object, and nothing else:
{"call": "NAME", "arguments": {}}"""


class JsonToolsClient:
    """A ``ModelClient`` that asks another one so that a model without tool calls can call tools.

    Requests of models that know tool calls are passed on as they are.
    """

    def __init__(self, client: ModelClient) -> None:
        self._client = client
        self._refused: set[bytes] = set()  # forms of a reply that the endpoint has refused

    async def aclose(self) -> None:
        """Close the client that is asked."""
        close = getattr(self._client, "aclose", None)
        if close is not None:
            await close()

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        """Ask and stream the reply.

        Raises:
            ModelError: as the other client.
        """
        native = request.model.tool_calls == "native"
        return self._client.stream(request) if native else self._ask(request)

    async def _ask(self, request: ModelRequest) -> AsyncGenerator[Item, None]:
        """Ask for a reply of a certain form; where the endpoint refuses the form, ask again without."""
        names = {function.name for function in request.functions}
        asked, form = in_words(request), self._form(request)
        if form is not None:
            async with _unless_refused(self._read(_with_form(asked, form), names)) as items:
                async for item in items:
                    yield item
                return
        async with aclosing(self._read(asked, names)) as items:
            async for item in items:
                yield item
        if form is not None:
            self._refused.add(encode(form))

    def _form(self, request: ModelRequest) -> dict[str, object] | None:
        """The form to ask for: none where the model's settings name another, or where the endpoint did not take it."""
        form = None if "response_format" in request.model.settings else reply_form(request)
        return None if form is None or encode(form) in self._refused else form

    async def _read(self, request: ModelRequest, names: Collection[str]) -> AsyncGenerator[Item, None]:
        reply = JsonReply(names)
        async with aclosing(self._client.stream(request)) as items:  # type: ignore[type-var]  # generators
            async for item in items:
                if isinstance(item, ModelRestarted):
                    reply = JsonReply(names)
                for shown in _read_item(reply, item):
                    yield shown


def in_words(request: ModelRequest) -> ModelRequest:
    """The same request without tool calls: the functions are in the instructions, and the messages are plain.

    User and assistant take turns, and the user is first: there are models that accept no other order.
    """
    offered = _offered(request)
    guide = [_guide(offered, request.tool_choice)] if offered else []
    return replace(
        request,
        system="\n\n".join(filter(None, [request.system, *guide])),
        messages=tuple(_in_turns(_plain(request.messages, as_object=bool(offered)))),
        functions=(),
        tool_choice="auto",
        parallel_tool_calls=None,
    )


def reply_form(request: ModelRequest) -> dict[str, object] | None:
    """The ``response_format`` that lets a model say something or call a function, None where it can call none."""
    offered = _offered(request)
    if not offered:
        return None
    forms = [] if _must_call(request.tool_choice) else [_SAY]
    definitions: dict[str, object] = {}
    for index, function in enumerate(offered):
        prefix = f"f{index}_"  # functions may have definitions of the same name
        parameters = dict(_with_prefix(function.parameters, prefix))
        definitions |= {f"{prefix}{name}": schema for name, schema in parameters.pop("$defs", {}).items()}
        forms.append(_object(call={"type": "string", "enum": [function.name]}, arguments=parameters))
    schema: dict[str, object] = {"anyOf": forms}
    if definitions:
        schema["$defs"] = definitions
    strict = {"strict": True} if request.model.strict else {}
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, **strict}}


def _with_form(request: ModelRequest, form: dict[str, object]) -> ModelRequest:
    settings = {**request.model.settings, "response_format": form}
    return replace(request, model=replace(request.model, settings=settings))


@asynccontextmanager
async def _unless_refused(items: AsyncGenerator[Item, None]) -> AsyncIterator[AsyncIterator[Item]]:
    """Iterate, and leave the block without an error if the request turns out to be one that is not taken."""
    try:
        async with aclosing(items):
            yield items
    except ModelError as error:
        if error.shown or error.kind != "refused" or error.status not in _REFUSALS:
            raise


def _read_item(reply: JsonReply, item: Item) -> Iterator[Item]:
    match item:
        case TextDelta(text=text):
            yield from reply.feed(text)
        case ModelResponse():
            if not reply.begun:
                yield from reply.feed(item.content or "")
            yield from reply.end()
            calls = item.tool_calls or ((reply.call,) if reply.call else ())
            yield replace(item, content=reply.text, tool_calls=calls)
        case _:
            yield item


def _offered(request: ModelRequest) -> Sequence[FunctionSchema]:
    """The functions that the choice leaves."""
    match request.tool_choice:
        case "none":
            return ()
        case NamedFunction(name):
            return [function for function in request.functions if function.name == name]
        case _:
            return request.functions


def _must_call(choice: ToolChoice | NamedFunction) -> bool:
    return choice == "required" or isinstance(choice, NamedFunction)


def _guide(offered: Sequence[FunctionSchema], choice: ToolChoice | NamedFunction) -> str:
    listed = "\n".join(_listed(function) for function in offered)
    return f"{_GUIDE_CALL if _must_call(choice) else _GUIDE}\n\nFunctions:\n{listed}"


def _listed(function: FunctionSchema) -> str:
    schema = f"\n  arguments: {_json(function.parameters)}" if function.parameters.get("properties") else ""
    return f"- {function.name}: {function.description}{schema}"


def _plain(messages: Sequence[Message], *, as_object: bool) -> Iterator[UserMessage | AssistantMessage]:
    names: dict[str, str] = {}
    for message in messages:
        match message:
            case UserMessage():
                yield message
            case ToolMessage(call_id, content):
                yield UserMessage(f"Result of {names.get(call_id, 'the call')}: {content}")
            case AssistantMessage(content, calls):
                names |= {call.id: call.name for call in calls}
                said = [_json({"say": content}) if as_object or calls else content] if content else []
                yield AssistantMessage("\n".join([*said, *map(_called, calls)]))


def _called(call: ToolCall) -> str:
    try:
        arguments = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        arguments = call.arguments
    return _json({"call": call.name, "arguments": arguments})


def _in_turns(messages: Iterator[UserMessage | AssistantMessage]) -> Iterator[Message]:
    for number, (kind, group) in enumerate(groupby(messages, type)):
        content = "\n\n".join(message.content or "" for message in group)
        if number == 0 and kind is AssistantMessage:
            yield UserMessage(_EARLIER)
        yield kind(content)


def _with_prefix(schema: Any, prefix: str) -> Any:
    """The schema with each reference to one of its definitions renamed."""
    match schema:
        case {"$ref": str() as target} if target.startswith(_DEFINITIONS):
            renamed = f"{_DEFINITIONS}{prefix}{target.removeprefix(_DEFINITIONS)}"
            return {key: _with_prefix(inner, prefix) for key, inner in schema.items()} | {"$ref": renamed}
        case Mapping():
            return {key: _with_prefix(inner, prefix) for key, inner in schema.items()}
        case list():
            return [_with_prefix(inner, prefix) for inner in schema]
        case _:
            return schema


def _object(**properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


_SAY = _object(say={"type": "string"})
