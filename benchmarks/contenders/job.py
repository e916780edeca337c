"""What a contender is given and gives back, with the standard library alone: they live in several environments.

A contender is one function: from a ``Setup`` to an ``Ask``, which holds one user turn of a conversation of its own.
"""

import importlib.util
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

Object = Mapping[str, Any]
Tool = Callable[..., object]


@dataclass(frozen=True)
class Job:
    """A turn that is held again and again.

    Args:
        scenario: what the server is to say, as its path names it.
        says: the text of the last reply; another one means that the work was not done.
        message: what the person says.
        calls: how many model calls a turn takes.
        pieces: in how many pieces the last reply comes, where it is streamed and they are counted.
        tools: how many tools the one agent has; None for the three agents of ACME.
        history: how many messages the conversation has when the turn begins.
        at_once: how many conversations are held at the same time.
        streamed: whether replies are streamed.
        kept: whether what happens is kept in a database.
        memory: whether the memory is measured of conversations that wait for the model, not the time.
    """

    scenario: str
    says: str
    message: str = "My anvil broke, I want a refund."
    calls: int = 1
    pieces: int = 0
    tools: int | None = None
    history: int = 0
    at_once: int = 1
    streamed: bool = False
    kept: bool = False
    memory: bool = False


@dataclass(frozen=True)
class Setup:
    """A job, and where it is done. ``seconds`` of CPU time are spent on it; ``folder`` holds ``tools.py``, if any."""

    job: Job
    port: int
    folder: Path
    seconds: float

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"http://127.0.0.1:{self.port}/{self.job.scenario}/v1"

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The functions of the tools module."""
        spec = importlib.util.spec_from_file_location("tools", self.folder / "tools.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return tuple(function for _, function in inspect.getmembers(module, inspect.isfunction))

    @property
    def history(self) -> tuple[Object, ...]:
        """The conversation so far, four messages a turn, as the API takes it."""
        return tuple(message for turn in range(self.job.history // 4) for message in _turn(turn))

    @classmethod
    def of(cls, text: str) -> "Setup":
        """Read it from JSON."""
        read = json.loads(text)
        return cls(Job(**read["job"]), read["port"], Path(read["folder"]), read["seconds"])

    def told(self) -> str:
        """Write it as JSON."""
        return json.dumps({**asdict(self), "folder": str(self.folder)})


class Answer(NamedTuple):
    """What came of a turn. ``chunks`` is how many pieces of text came, ``events`` how many events were recorded."""

    text: str | None
    chunks: int = 0
    events: int = 0


Ask = Callable[[str], Awaitable[Answer]]
Contender = Callable[[Setup], AbstractAsyncContextManager[Ask]]


@dataclass(frozen=True)
class Work:
    """What was done and what it took: CPU and wall seconds, and the growth of the memory in bytes, of ``turns`` turns.

    ``server`` is what the server counted meanwhile, and its CPU seconds.
    """

    turns: int
    cpu: float
    wall: float
    memory: int = 0
    chunks: int = 0
    events: int = 0
    server: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def _turn(number: int) -> tuple[Object, ...]:
    call_id = f"call_{number:08}"
    asked = (
        f"I am looking for the part with the number {number:06}. It is for the trap that I bought in May; is it here?"
    )
    found = json.dumps({"item": f"item_{number:06}", "shelf": number % 40, "price": 19.5, "note": "A few are left."})
    function = {"name": "find_0000", "arguments": json.dumps({"text": f"part {number:06}", "count": 3})}
    return (
        {"role": "user", "content": asked},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": call_id, "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": call_id, "content": found},
        {"role": "assistant", "content": f"Yes, it is here, on shelf {number % 40}. Shall I keep one for you?"},
    )
