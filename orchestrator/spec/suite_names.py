"""What tests are called where they are run: some names that differ in a file are one there."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from orchestrator.source.faults import shown
from orchestrator.spec.draft import Location
from orchestrator.spec.faults import Fault
from orchestrator.spec.values import Filled

_COLONS = re.compile(r":{2,}")


def one_line(name: str) -> str:
    """Give what pytest calls a test: one line, without the two colons that part its ids."""
    return " ".join(_COLONS.sub(":", name).split())


def namesakes(tests: Mapping[str, Iterable[str]]) -> Iterator[Fault]:
    """Tests, here by name with the names of their cases, that are one where they are run: one would hide the other."""
    first: dict[str, Location] = {}
    for location, name in _names(tests):
        called = one_line(name)
        if called in first:
            message = f"this is {shown(called)} where tests are run, and another one is, too"
            hint = "give it another name: several blanks are one there, as are several colons"
            yield Fault(location, "bad-value", message, hint, key=True, other=first[called])
        first.setdefault(called, location)


def _names(tests: Mapping[str, Iterable[str]]) -> Iterator[tuple[Location, str]]:
    for test, cases in tests.items():
        at: Location = ("tests", test)
        names = [((*at, "cases", case), f"{test}[{case}]") for case in cases]
        yield from names or [(at, test)]


def _telling(name: object) -> object:
    if isinstance(name, str) and not name.strip():
        hint = "write in a few words what it is about"
        raise PydanticCustomError("bad-value", "can't be a name", {"hint": hint})
    return name


Title: TypeAlias = Annotated[Filled, BeforeValidator(_telling)]
