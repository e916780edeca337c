"""The functions of a module that was imported."""

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from orchestrator.diagnostics import Span
from orchestrator.modules.faults import no_function, no_rule, not_callable, plain, silent, unsupported
from orchestrator.modules.readings import Reading, Rule, decides
from orchestrator.modules.sources import Text, Texts
from orchestrator.project import Function, Unresolved
from orchestrator.spec import ToolSpec
from orchestrator.tools import Options, Tool, UnsupportedParameter, code_of


class _Home(NamedTuple):
    """Where a function is from: folders of one project may have modules of the same name, hence the file."""

    file: str
    module: str
    name: str


class Imported:
    """A module that was imported."""

    open: tuple[str, ...] = ()

    def __init__(self, name: str, module: object, texts: Texts) -> None:
        self._name = name
        self._module = module
        self._names: Mapping[str, object] = getattr(module, "__dict__", {})
        self._texts = texts

    @cached_property
    def public(self) -> list[str]:
        """The names of its tools."""
        listed = getattr(self._module, "__all__", None)
        if isinstance(listed, list | tuple):
            return [str(name) for name in listed]
        return [name for name, value in self._names.items() if not name.startswith("_") and self._is_own(value)]

    def read(self, name: str, spec: ToolSpec, rule: Rule | None, /) -> Reading:
        """Read a function for an entry."""
        function = self._look_up(name)
        if isinstance(function, Unresolved):
            return Reading(faults=(function,))
        # a rule that is at fault must not leave the tool without one
        changes = spec.options if rule is None else {**spec.options, "approval": rule.function or "always"}
        options = Options.of(function).changed(**changes)
        text, place = self._origin(function)
        # what stands behind the colon is the tool's name, also where it is a partial, an object or a lambda
        options = options if options.name else options.changed(name=name)
        try:
            tool = Tool.from_function(function, options)
        except UnsupportedParameter as error:
            return Reading(faults=(unsupported(f"{self._name}:{name}", str(error), place),))
        home = self._home(name, function)
        found = self._function(home, tool, text, place)
        faults = silent(home.module, home.name, found)
        if rule is None and callable(tool.approval) and not _decides(tool.approval):
            faults.append(no_rule(self._name, getattr(tool.approval, "__name__", name), place))
        return Reading(found, tuple(faults))

    def rule(self, name: str) -> Rule:
        """Look up a rule of approval."""
        function = self._look_up(name)
        if isinstance(function, Unresolved):
            return Rule(fault=function)
        if not _decides(function):
            return Rule(fault=no_rule(self._name, name, self._origin(function)[1]))
        return Rule(function)

    def _is_own(self, value: object) -> bool:
        """Whether the module defines this function, also inside a wrapper such as that of ``functools.cache``."""
        wrapped = value if inspect.isfunction(value) else getattr(value, "__wrapped__", None)
        return inspect.isfunction(wrapped) and wrapped.__module__ == self._name

    def _look_up(self, name: str) -> Callable[..., object] | Unresolved:
        try:
            function: object = getattr(self._module, name)
        except AttributeError:
            return no_function(self._name, name, [known for known in self.public if known in self._names])
        except Exception as error:  # noqa: BLE001 - a module's own __getattr__ may raise anything
            message = f"{self._name!r} raised {type(error).__name__} when it was asked for {name!r}"
            return Unresolved("module-raised", f"{message}: {plain(str(error))}")
        return function if callable(function) else not_callable(self._name, name)

    def _function(self, home: _Home, tool: Tool, text: Text | None, place: Span | None) -> Function:
        given = tool.signature.given
        return Function(
            name=tool.name,
            identity=f"{home.file}:{home.name}",
            description=tool.schema.description,
            requires=tool.requires,
            parameters=tuple(given.fields),
            unannotated=given.unannotated,
            takes_context=bool(given.contexts or given.variables),
            texts=text.words if text else frozenset(),
            place=place,
            tool=tool,
        )

    def _home(self, name: str, function: Callable[..., object]) -> _Home:
        """Where a function is defined, if it can be had from there under its name.

        Else it is where it was found: two partials of one function are two.
        """
        plain = inspect.unwrap(function)
        names: Mapping[str, object] = plain.__globals__ if inspect.isfunction(plain) else {}
        own = getattr(function, "__qualname__", name)
        scope, word = (names, own) if names.get(own) is function else (self._names, name)
        module = str(scope.get("__name__", self._name))
        return _Home(str(scope.get("__file__") or module), module, word)

    def _origin(self, function: Callable[..., object]) -> tuple[Text | None, Span | None]:
        """The text in which a function is defined, and where; of one without code, the text of the module."""
        code = code_of(function)
        file = code.co_filename if code else getattr(self._module, "__file__", None)
        text = self._texts.read(Path(file)) if file else None
        return text, text.definition(code) if text and code else None


def _decides(function: Callable[..., object]) -> bool:
    """Whether a function can be a rule of approval, as far as it tells."""
    try:
        return decides(inspect.signature(function))
    except (TypeError, ValueError):
        return True
