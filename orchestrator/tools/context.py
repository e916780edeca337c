"""What a running tool may see and do: the variables, the ids, progress, and a question to the person."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from copy import deepcopy
from dataclasses import dataclass, field
from types import MappingProxyType


def _accept(name: str, value: object) -> object:  # noqa: ARG001 - the signature of a check
    return value


def _discard(text: str) -> None:
    """Progress that nobody watches."""


def _nobody(question: str) -> "Future[str]":
    future: Future[str] = Future()
    future.set_exception(RuntimeError(f"nobody is there to answer {question!r}"))
    return future


@dataclass(frozen=True, slots=True)
class Hooks:
    """The runner's side of a context.

    ``check`` gives back the value that a variable takes, or raises; ``emit`` and ``ask`` may be called from any thread.
    """

    check: Callable[[str, object], object] = _accept
    emit: Callable[[str], None] = _discard
    ask: Callable[[str], "Future[str]"] = _nobody


@dataclass(slots=True)
class ToolContext:
    """Injected into a tool's parameter that is annotated with it; the model never sees that parameter.

    In a test of a tool, make one: ``ToolContext(variables={"verified": True})``.
    """

    variables: Mapping[str, object] = field(default_factory=dict)
    agent: str = ""
    session_id: str = ""
    run_id: str = ""
    call_id: str = ""
    hooks: Hooks = field(default=Hooks(), repr=False)
    changes: dict[str, object] = field(default_factory=dict)
    _stopped: threading.Event = field(default_factory=threading.Event, repr=False)

    def __post_init__(self) -> None:
        # a copy: what a tool does to a list in it must not reach the session but by ``set``
        self.variables = MappingProxyType(deepcopy(dict(self.variables)))

    @property
    def idempotency_key(self) -> str:
        """A key for this call and no other: ``<session>:<run>:<call>``. The same again when the call is run again."""
        return f"{self.session_id}:{self.run_id}:{self.call_id}"

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for this call any more: it timed out, or the run was cancelled.

        An asynchronous tool is cancelled by itself; a synchronous one that takes long looks here now and then.
        """
        return self._stopped.is_set()

    def stop(self) -> None:
        """Tell the tool that nobody waits any more. The runner calls this."""
        self._stopped.set()

    def set(self, name: str, value: object) -> None:
        """Set a declared variable. It counts once the reply's calls are all answered.

        Raises:
            VariableError: there is no such variable, or the value does not fit its type or enum.
        """
        value = self.hooks.check(name, value)
        self.changes[name] = value
        self.variables = MappingProxyType({**self.variables, name: deepcopy(value)})

    def emit(self, text: str) -> None:
        """Show progress to whoever watches the run. It is not stored and the model does not see it."""
        self.hooks.emit(text)

    def ask(self, question: str) -> str:
        """Ask the person and wait for the answer, in a synchronous tool. The tool's time-out stands still meanwhile.

        Raises:
            NobodyToAsk: there is no person.
            RuntimeError: called on the event loop, where waiting would stop everything; use ``ask_async`` there.
        """
        import asyncio

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self.hooks.ask(question).result()
        raise RuntimeError(
            "ask() waits, and would stop the event loop: use `await context.ask_async(...)` in async code"
        )

    async def ask_async(self, question: str) -> str:
        """Ask the person and wait for the answer, in an asynchronous tool.

        Raises:
            NobodyToAsk: there is no person.
        """
        import asyncio

        return await asyncio.wrap_future(self.hooks.ask(question))
