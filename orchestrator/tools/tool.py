"""A tool: what the model is told of it, and how it is called."""

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar, overload

from orchestrator.tools.context import ToolContext
from orchestrator.tools.inputs import current
from orchestrator.tools.results import Outcome, describe, outcome_of
from orchestrator.tools.schema import FunctionSchema, Signature, signature_of
from orchestrator.tools.signature import code_of
from orchestrator.tools.threads import in_thread

log = logging.getLogger("orchestrator.tools")

Effects = Literal["read", "keyed", "once"]
ApprovalRule = Callable[[Mapping[str, object], ToolContext], bool | str]
Approval = Literal["never", "always"] | ApprovalRule
F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Options:
    """What is said about a function beyond its signature, by ``@tool`` or in YAML, which wins."""

    name: str | None = None
    description: str | None = None
    approval: Approval = "never"
    requires: str | None = None
    timeout: float | None = None
    effects: Effects = "once"
    sequential: bool = False

    def __post_init__(self) -> None:
        # a misspelt approval would run unasked
        if self.approval not in {"never", "always"} and not callable(self.approval):
            raise ValueError(f"approval must be 'never', 'always' or a function, not {self.approval!r}")
        if self.effects not in {"read", "keyed", "once"}:
            raise ValueError(f"effects must be 'read', 'keyed' or 'once', not {self.effects!r}")

    @classmethod
    def of(cls, function: object) -> "Options":
        """What ``@tool`` said about a function."""
        options = getattr(function, "__orchestrate_tool__", None)
        return options if isinstance(options, Options) else cls()

    def changed(self, **changes: object) -> "Options":
        """The same with some of it changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # the names are those of the fields


@dataclass(frozen=True)
class Tool:
    """A tool that an agent has.

    ``invoke`` takes the checked arguments by name and the context; it may return anything that a tool may return.
    ``requires`` is an expression over the variables. ``timeout`` is in seconds, None means ``limits.tool_seconds``;
    ``origin`` is where it is defined, ``function`` what was made a tool.
    """

    schema: FunctionSchema
    signature: Signature
    invoke: Callable[[Mapping[str, object], ToolContext], Awaitable[object]]
    approval: Approval = "never"
    requires: str | None = None
    timeout: float | None = None
    effects: Effects = "once"
    sequential: bool = False
    origin: str = field(default="", compare=False)
    function: Callable[..., object] | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """The function name that the model uses."""
        return self.schema.name

    @classmethod
    def from_function(cls, function: Callable[..., object], options: Options | None = None) -> "Tool":
        """Make a tool of any callable: a function, a coroutine function, a method, a partial, an object.

        Raises:
            UnsupportedParameter: a parameter can't be described to a model; says which and why.
        """
        options = options or Options.of(function)
        signature = signature_of(function)
        name = options.name or _name(function)
        description = options.description or signature.description
        return cls(
            schema=FunctionSchema(name, description, signature.parameters),
            signature=signature,
            invoke=functools.partial(_invoke, function, signature, name),
            approval=options.approval,
            requires=options.requires,
            timeout=options.timeout,
            effects=options.effects,
            sequential=options.sequential,
            origin=_origin(function),
            function=function,
        )

    def check(self, arguments: str) -> Mapping[str, object]:
        """Parse and validate a model's arguments; gives them by name, as the annotated types.

        Raises:
            BadArguments: says what is wrong; the function must not be called.
        """
        return self.signature.check(arguments)

    async def call(self, arguments: str, context: ToolContext) -> Outcome:
        """Run the tool. Whatever it raises becomes an error result; ``exit()`` ends the run.

        Raises:
            BadArguments: the arguments do not fit. Nothing was called.
            asyncio.CancelledError: the call was cancelled from outside.
        """
        checked = self.check(arguments)
        before = current.set(context)
        try:
            value = await self.invoke(checked, context)
            while inspect.isawaitable(value):
                value = await value
            return outcome_of(value, context)
        except Exception as error:
            facts = {"tool": self.name, "call": context.call_id}
            log.warning("tool %s raised", self.name, exc_info=True, extra={"facts": facts})
            return Outcome(describe(error), error=True)
        finally:
            current.reset(before)


async def _invoke(
    function: Callable[..., object],
    signature: Signature,
    name: str,
    arguments: Mapping[str, object],
    context: ToolContext,
) -> object:
    bound = functools.partial(function, **arguments, **signature.injected(context))
    return await bound() if signature.is_async else await in_thread(bound, name)  # type: ignore[misc]  # is_async says so


def _origin(function: Callable[..., object]) -> str:
    """Where a function is defined, as ``file:line``."""
    code = code_of(function)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else "built in"


def _name(function: Callable[..., object]) -> str:
    if isinstance(function, functools.partial):
        return _name(function.func)
    return getattr(function, "__name__", None) or type(function).__name__


@overload
def tool(function: F, /) -> F: ...


@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    approval: Approval = "never",
    requires: str | None = None,
    timeout: float | None = None,
    effects: Effects = "once",
    sequential: bool = False,
) -> Callable[[F], F]: ...


def tool(
    function: F | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    approval: Approval = "never",
    requires: str | None = None,
    timeout: float | None = None,
    effects: Effects = "once",
    sequential: bool = False,
) -> F | Callable[[F], F]:
    """Say more about a function than its signature does. The function itself stays as it is.

    Args:
        name: what the model calls it; the function's name by default.
        description: what the model is told; the docstring by default.
        approval: ``always`` asks a person first; a function of arguments and context decides (true asks, false runs,
            a text refuses with it).
        requires: a Jinja expression over the variables; the tool is offered and permitted only while it is true.
        timeout: seconds; ``limits.tool_seconds`` by default.
        effects: what may happen when a call is interrupted: ``read`` and ``keyed`` (it honours the idempotency key)
            may run again, ``once`` may not.
        sequential: runs alone: calls before it end first, calls after it wait.
    """
    options = Options(name, description, approval, requires, timeout, effects, sequential)

    def mark(target: F) -> F:
        target.__orchestrate_tool__ = options  # type: ignore[attr-defined]  # read back by Tool.from_function
        return target

    return mark if function is None else mark(function)
