"""Types that tools take in the tests: their own module, so that annotations in quotes are resolved."""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import wraps
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, ParamSpec, TypedDict, TypeVar
from uuid import UUID

import typing_extensions
from pydantic import BaseModel, ConfigDict, Field

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Size(enum.StrEnum):
    S = "s"
    L = "l"


class Place(TypedDict):
    city: str
    zip: NotRequired[int]


class Loose(TypedDict, total=False):
    color: Color


class Modern(typing_extensions.TypedDict):
    when: date


class Tree(TypedDict):
    value: int
    children: "list[Tree]"


class Husband(TypedDict):
    wife: "NotRequired[Wife]"


class Wife(TypedDict):
    husband: Husband


@dataclass
class Point:
    x: int
    y: int = 0


@dataclass
class Line:
    start: Point
    end: Point = field(default_factory=lambda: Point(0, 0))


@dataclass
class Chain:
    value: int
    next: "Chain | None" = None


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Item(BaseModel):
    name: str
    price: Annotated[Decimal, Field(gt=0)] = Decimal(1)


class Order(BaseModel):
    """An order."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    items: list[Item]
    ship: Modern | None = None  # before Python 3.12 a model can't hold a TypedDict of typing
    color: Color = Color.RED


class Odd(BaseModel):
    """Fields with the names of what a schema is made of."""

    type: int
    config: int = 0
    default: int = 0
    title: str = ""
    properties: bool = False


class Node(BaseModel):
    value: int
    children: list["Node"] = []


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    barks: bool


class Box(BaseModel, Generic[T]):
    content: T


class Plan(BaseModel):
    steps: dict[str, tuple[Level, timedelta]]


def kept(function: Callable[P, R]) -> Callable[P, R]:
    """A decorator as one should write it."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    return wrapper


def forgetful(function: Callable[..., R]) -> Callable[..., R]:
    """A decorator that hides what it wraps."""

    def wrapper(*args: Any, **kwargs: Any) -> R:
        return function(*args, **kwargs)

    return wrapper
