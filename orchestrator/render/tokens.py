"""How many tokens a request takes: counted where tiktoken can do it here and now, else estimated."""

import asyncio
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from orchestrator.tools import in_thread

BYTES_A_TOKEN = 4  # of English and of JSON; other writings have more bytes and more tokens
SECONDS = 5.0  # with some texts tiktoken is busy for minutes
_VOCABULARIES = "https://openaipublic.blob.core.windows.net/encodings"


@dataclass(frozen=True, slots=True)
class Size:
    """Tokens of the parts of a request. ``origin`` tells people how ``exact`` or estimated numbers came about."""

    system: int
    functions: int
    messages: int
    exact: bool
    origin: str


def size_of(body: Mapping[str, Any]) -> Size:
    """Give the size of a request by its body. Nothing is downloaded for it, and it ends in ``SECONDS``."""
    model, texts = body["model"], _texts(body)
    if find_spec("tiktoken") is None:
        return _estimated(texts, "estimated; `pip install tiktoken` for exact counts")
    try:
        return asyncio.run(asyncio.wait_for(in_thread(lambda: _counted(model, texts), "tiktoken"), SECONDS))
    except Exception:  # noqa: BLE001 - it does not know every model, and may fail in any way
        return _estimated(texts, f"estimated; tiktoken can't count for {model} here")


def _texts(body: Mapping[str, Any]) -> tuple[str, str, str]:
    system, *messages = map(_text, body["messages"])
    tools = body.get("tools")
    return system, json.dumps(tools, ensure_ascii=False, separators=(",", ":")) if tools else "", "\n".join(messages)


def _text(message: Mapping[str, Any]) -> str:
    called = (call["function"] for call in message.get("tool_calls", ()))
    return "\n".join([message["content"] or "", *(f"{call['name']} {call['arguments']}" for call in called)])


def _estimated(texts: tuple[str, str, str], origin: str) -> Size:
    system, functions, messages = (-(-len(text.encode()) // BYTES_A_TOKEN) for text in texts)
    return Size(system, functions, messages, exact=False, origin=origin)


def _counted(model: str, texts: tuple[str, str, str]) -> Size:
    tiktoken = import_module("tiktoken")
    name = tiktoken.encoding_name_for_model(model)
    # what is not in the folder where it looks it would download, and its versions look in different ones
    os.environ["TIKTOKEN_CACHE_DIR"] = str(_folder_with(name))
    encoding = tiktoken.get_encoding(name)
    system, functions, messages = (len(encoding.encode(text, disallowed_special=())) for text in texts)
    return Size(system, functions, messages, exact=True, origin=f"counted by tiktoken with {name}")


def _folder_with(name: str) -> Path:
    """The folder where tiktoken keeps this vocabulary, under the SHA-1 of its address."""
    file = hashlib.sha1(f"{_VOCABULARIES}/{name}.tiktoken".encode(), usedforsecurity=False).hexdigest()
    named = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR")
    usual = [Path(tempfile.gettempdir()) / "data-gym-cache", Path.home() / ".cache" / "tiktoken"]
    for folder in [Path(named)] if named else usual:
        if (folder / file).is_file():
            return folder
    raise FileNotFoundError(file)
