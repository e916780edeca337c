"""The trial: a routine is rendered with sample values. What fails with every one of them will fail."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice, product
from math import prod

from jinja2 import Template, nodes

from orchestrator.agents import REQUIRED, Variable
from orchestrator.templates.budget import begin_budget, spent
from orchestrator.templates.environment import Sandbox
from orchestrator.templates.facts import Known
from orchestrator.templates.failures import Failure, failure
from orchestrator.templates.values import domain

MOST_RENDERINGS = 50
MOST_BUDGETS = 1.0
"""Trials of one routine go on until they have used as much as one rendering may."""

_TEXTS = ("text", "", "7", "2024-05-21", "Some words, in a sentence.", "a@b.example/c:d;e|f=g-h_i.j k\nl")
_NOWS = (datetime(2024, 5, 21, 9, 30, tzinfo=UTC), datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC))
_CERTAIN = frozenset({"too-expensive", "sandbox-violation"})


def trial(
    text: str, origin: str, env: Sandbox, known: Known, used: frozenset[str], trees: Sequence[nodes.Template]
) -> list[Failure]:
    """Render a routine in the file ``origin``; give what surely fails. ``trees`` are all templates that it reaches.

    Raises:
        TemplateSyntaxError: it can't be compiled; ``lineno`` is the offset.
    """
    template = env.routine(text, origin)
    return _Trial(template).failures(_Samples(trees, known, used))


class _Unclear(Exception):  # noqa: N818 - no error: the trial can't go on
    """What the rendering does depends on a value of unknown shape."""


def _unclear(*_: object, **__: object) -> object:
    raise _Unclear


_LOOKS = (
    *("__getitem__", "__iter__", "__len__", "__bool__", "__str__", "__repr__", "__contains__", "__reversed__"),
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__add__", "__mul__", "__or__"),
    *("get", "items", "keys", "values", "index", "count", "copy"),
)
_UNKNOWN: Mapping[str, type] = {
    "list": type("UnknownList", (list,), dict.fromkeys(_LOOKS, _unclear)),
    "object": type("UnknownObject", (dict,), dict.fromkeys(_LOOKS, _unclear)),
}
"""Values of which nothing is known but their type. Whoever looks into one learns nothing."""


class _Samples:
    """The values that a routine is rendered with: of the variables that are used, those that must be given vary."""

    def __init__(self, trees: Sequence[nodes.Template], known: Known, used: frozenset[str]) -> None:
        self._known = known
        self._trees = trees
        self._axes = {name: self._axis(variable) for name, variable in known.variables.items() if name in used}
        if "now" in used:
            self._axes["now"] = _NOWS

    def rows(self) -> Iterator[dict[str, object]]:
        """Every combination, or some of them where they are many."""
        axes = self._axes
        if prod(map(len, axes.values())) <= MOST_RENDERINGS:
            yield from (self._full(dict(zip(axes, values, strict=True))) for values in product(*axes.values()))
            return
        chance = random.Random(0)
        for _ in range(MOST_RENDERINGS):
            yield self._full({name: chance.choice(values) for name, values in axes.items()})

    def variations(self, row: Mapping[str, object]) -> Iterator[dict[str, object]]:
        """A row with one variable that has a default given another of its values."""
        for name in self._axes:
            variable = self._known.variables.get(name)
            if variable is not None and variable.default is not REQUIRED:
                yield from ({**row, name: value} for value in domain(variable) or () if value != row[name])

    def _full(self, values: dict[str, object]) -> dict[str, object]:
        handoffs = [dict(each) for each in self._known.handoffs]
        return {"now": _NOWS[0], **values, "agent": dict(self._known.agent), "handoffs": handoffs}

    @cached_property
    def _constants(self) -> Sequence[object]:
        return list(_constants(self._trees, self._known))

    def _axis(self, variable: Variable) -> Sequence[object]:
        if variable.default is not REQUIRED:
            return (variable.default,)
        if variable.type in _UNKNOWN:
            return (_UNKNOWN[variable.type](),)
        if (values := domain(variable)) is not None:
            return values
        if variable.type == "string":
            return (*_TEXTS, *_texts(self._constants))
        numbers = [each for each in self._constants if isinstance(each, int | float) and not isinstance(each, bool)]
        if variable.type == "integer":
            return (1, 0, 7, -1, *(each for each in numbers if isinstance(each, int)))
        return (1.5, 0, 7.0, *numbers)


def _constants(trees: Sequence[nodes.Template], known: Known) -> Iterator[object]:
    """What stands in the templates and in defaults: an index, a key or a comparison may want exactly this."""
    for tree in trees:
        yield from (node.value for node in tree.find_all(nodes.Const))
    waiting = [each.default for each in known.variables.values()]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value


def _texts(constants: Sequence[object]) -> Iterator[str]:
    """Texts that a routine may want: its own, and some that can be split at them."""
    for text in dict.fromkeys(each for each in constants if isinstance(each, str)):
        yield text
        yield text.join("123456")


class _Trial:
    """The renderings of one routine, until its budget is used up."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._spent = 0.0

    def failures(self, samples: _Samples) -> list[Failure]:
        """What fails in every row; and what is too expensive or out of reach with another value of a variable."""
        first: Failure | None = None
        for row in samples.rows():
            if self._spent > MOST_BUDGETS:
                break
            found = self._failure(row)
            if found is None:
                return self._varied(samples, row)
            first = first or found
        return [first] if first else []

    def _varied(self, samples: _Samples, row: Mapping[str, object]) -> list[Failure]:
        for values in islice(samples.variations(row), MOST_RENDERINGS):
            if self._spent > MOST_BUDGETS:
                break
            found = self._failure(values)
            if found is not None and found.code in _CERTAIN:
                return [found]
        return []

    def _failure(self, values: dict[str, object]) -> Failure | None:
        begin_budget()
        try:
            for _ in self._template.root_render_func(self._template.new_context(values)):
                pass
        except _Unclear:
            return None
        except Exception as error:  # noqa: BLE001 - an expression may raise anything
            return failure(error)
        finally:
            self._spent += spent()
        return None
