"""Whatever can be called, with all that a model needs to know: no false alarm."""

import functools
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from orchestrator.tools import ToolContext, tool

Function = Callable[..., Any]


class Address(BaseModel):
    """Where a parcel goes."""

    street: str
    city: str


class _Desk:
    def greet(self, name: str) -> str:
        """Greet a customer."""
        return f"Hello {name}"

    def __call__(self, question: str) -> str:
        """Answer a question."""
        return question


def _logged(function: Function) -> Function:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def send(address: Address, size: Literal["s", "m"] = "s", note: str | None = None) -> str:
    """Send a parcel."""
    return f"{address.city} {size} {note}"


async def track(parcel: Annotated[str, Field(description="Its number.")], context: ToolContext) -> str:
    """Track a parcel."""
    return f"{parcel} {context.agent}"


@_logged
def weigh(parcel: str) -> float:
    """Weigh a parcel."""
    return float(len(parcel))


@functools.cache
def price(size: Literal["s", "m"]) -> int:
    """Tell what a parcel costs."""
    return len(size)


@tool(name="call_off", description="Stop a parcel.", approval="always")
def cancel(parcel: str) -> str:
    return parcel


def prices(context_variables: dict[str, Any]) -> str:
    """List the prices."""
    return str(context_variables)


send_small = functools.partial(send, size="s")
greet = _Desk().greet
ask = _Desk()
