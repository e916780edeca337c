"""From the names under ``tools:`` to tools: finds the module, imports it, takes its functions.

A module is looked up in the file's own folder, then in each folder above it up to the project root, and nowhere else,
but for installed packages that ``packages:`` names. It is imported once, however many agents and files name it.
"""

import contextlib
import importlib
import inspect
import sys
import threading
import traceback
from collections.abc import Callable, Collection
from dataclasses import replace
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from orchestrator.project import Unresolved
from orchestrator.spec import ToolSpec, nearest
from orchestrator.tools import Options, Tool, UnsupportedParameter

IMPORT_SECONDS = 10.0


class Modules:
    """The tool modules that a file may name."""

    def __init__(
        self, folder: Path, root: Path, packages: Collection[str] = (), *, import_seconds: float = IMPORT_SECONDS
    ) -> None:
        folder = folder.resolve()
        self._seconds = import_seconds
        self._bases = (folder, *(parent for parent in folder.parents if parent.is_relative_to(root)))
        self._packages = packages
        self._known: dict[str, ModuleType | Unresolved] = {}

    def tools(self, spec: ToolSpec) -> tuple[Tool, ...] | Unresolved:
        """The tools that an entry names, or why there are none."""
        module_name, colon, function_name = spec.use.partition(":")
        module = self._module(module_name)
        if isinstance(module, Unresolved):
            return module
        names = [function_name] if colon else public_functions(module)
        tools: list[Tool] = []
        for name in names:
            tool = self._tool(module, name, spec)
            if isinstance(tool, Unresolved):
                return tool
            tools.append(tool)
        return tuple(tools)

    def _tool(self, module: ModuleType, name: str, spec: ToolSpec) -> Tool | Unresolved:
        function = _function(module, name)
        if isinstance(function, Unresolved):
            return function
        changes = spec.options
        if spec.approval is not None and ":" in spec.approval:
            module_name, _, rule_name = spec.approval.partition(":")
            rules = self._module(module_name)
            rule = rules if isinstance(rules, Unresolved) else _function(rules, rule_name)
            if isinstance(rule, Unresolved):
                return replace(rule, key="approval")
            changes = {**changes, "approval": rule}
        options = Options.of(function).changed(**changes)
        # what stands behind the colon is the tool's name, also where it is a partial, an object or a lambda
        options = options if options.name else options.changed(name=name)
        try:
            return Tool.from_function(function, options)
        except UnsupportedParameter as error:
            what = f"{module.__name__}:{name} can't be a tool: {error}"
            return Unresolved("unsupported-parameter", what, "give each parameter a name and a type that JSON can say")

    def _module(self, name: str) -> ModuleType | Unresolved:
        if name not in self._known:  # a module that raises is not run again for the next agent that names it
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: str) -> ModuleType | Unresolved:
        top = name.split(".")[0]
        if not all(part.isidentifier() for part in name.split(".")):
            return Unresolved("module-not-found", f"{name!r} is not the name of a module", "write tools.acme:function")
        base = next((base for base in self._bases if _file(base, name)), None)
        if top in sys.stdlib_module_names:
            what = "belongs to the standard library, which tools can't come from"
            hint = f"rename {_file(base, name)}" if base else "write a function of your own that uses it"
            return Unresolved("package-not-allowed", f"module {name!r} {what}", hint)
        if base is not None:
            return _import_from(self._bases, base, name, self._seconds)
        installed = _installed(top, self._bases)
        if installed and top in self._packages:
            return _imported(name, self._seconds)
        if installed:
            hint = f"to allow it, add to the file: packages: [{top}]"
            return Unresolved(
                "package-not-allowed", f"{top!r} is an installed package that the file does not name", hint
            )
        return Unresolved(
            "module-not-found", f"no module named {name!r}", f"looked in {', '.join(map(str, self._bases))}"
        )


def public_functions(module: ModuleType) -> list[str]:
    """The names of a module's tools: its ``__all__``, or the functions that it defines without a leading underscore."""
    listed = getattr(module, "__all__", None)
    if isinstance(listed, list | tuple):
        return [str(name) for name in listed]
    return [name for name, value in vars(module).items() if not name.startswith("_") and _is_own(module, value)]


def _is_own(module: ModuleType, value: object) -> bool:
    """Whether a module defines this function, also inside a wrapper such as that of ``functools.cache``."""
    wrapped = value if inspect.isfunction(value) else getattr(value, "__wrapped__", None)
    return inspect.isfunction(wrapped) and wrapped.__module__ == module.__name__


def _function(module: ModuleType, name: str) -> Callable[..., object] | Unresolved:
    if not hasattr(module, name):
        names = [known for known in public_functions(module) if hasattr(module, known)]
        meant = nearest(name, names)
        hint = f"did you mean {meant!r}?" if meant else f"it has: {', '.join(names) or 'no public functions'}"
        return Unresolved("function-not-found", f"module {module.__name__!r} has no function {name!r}", hint)
    function: Callable[..., object] = getattr(module, name)
    if not callable(function):
        return Unresolved("not-callable", f"{name!r} of module {module.__name__!r} is not a function")
    return function


def _file(base: Path, name: str) -> Path | None:
    path = base.joinpath(*name.split("."))
    candidates = (path / "__init__.py", path.with_name(path.name + ".py"))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _installed(top: str, bases: Collection[Path]) -> bool:
    """Whether a package of this name is installed.

    The working directory, where ``python -m`` looks too, is no place for packages, nor are the project's own folders.
    """
    own = {Path.cwd(), *bases}
    return PathFinder.find_spec(top, [place for place in sys.path if place and Path(place) not in own]) is not None


class _Finder:
    """Finds the top-level modules of a project: those that its YAML names, and their neighbours.

    A name from the YAML comes before all else; a neighbour comes only where no installed package has its name, so that
    a file in a project never stands in for a package. When another project is loaded, modules of this one that are not
    also the other's are set aside, and come back with it: each is imported once.
    """

    def __init__(self) -> None:
        self._bases: tuple[Path, ...] = ()
        self._named: dict[str, Path] = {}
        self._current: dict[str, Path] = {}
        self._aside: dict[tuple[str, Path], dict[str, ModuleType]] = {}

    def activate(self, bases: tuple[Path, ...], base: Path, top: str) -> None:
        """Look in these folders from now on, and for this name in this one."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        self._bases = bases
        self._named = {name: where for name, where in self._named.items() if where in bases} | {top: base}
        for name, where in list(self._current.items()):
            if self._named.get(name, where) != where or where not in bases:
                self._set_aside(name, where)
        for name, where in list(self._aside):
            if self._named.get(name, where) == where and where in bases and name not in self._current:
                sys.modules.update(self._aside.pop((name, where)))
                self._current[name] = where
        importlib.invalidate_caches()

    def has(self, top: str) -> bool:
        """Whether this name, as it is loaded now, was found here."""
        return top in self._current

    def find_spec(self, name: str, path: object = None, _: object = None) -> ModuleSpec | None:
        """Find a top-level module; submodules are found through their parent's path, as always."""
        if path is not None:
            return None
        if name not in self._named and _installed(name, self._bases):
            return None
        for base in [self._named[name]] if name in self._named else self._bases:
            spec = PathFinder.find_spec(name, [str(base)])
            if spec is not None:
                if spec.loader is None:  # a folder without __init__.py, whose path Python would take from sys.path
                    spec.submodule_search_locations = list(spec.submodule_search_locations or ())
                self._current[name] = base
                return spec
        return None

    def _set_aside(self, top: str, base: Path) -> None:
        mine = {name: module for name, module in sys.modules.items() if name == top or name.startswith(f"{top}.")}
        for name in mine:
            del sys.modules[name]
        self._aside[top, base] = mine
        del self._current[top]


_finder = _Finder()


def _import_from(bases: tuple[Path, ...], base: Path, name: str, seconds: float) -> ModuleType | Unresolved:
    """Import a project's own module."""
    top, file = name.split(".")[0], _file(base, name)
    _finder.activate(bases, base, top)
    known = sys.modules.get(top)
    if known is not None and not _finder.has(top) and not _lies_in(known, base):
        what = f"module {name!r} has the name of a package that is in use already"
        return Unresolved("module-not-found", what, f"rename {file}")
    return _imported(name, seconds)


def _lies_in(module: ModuleType, base: Path) -> bool:
    places = list(getattr(module, "__path__", [])) or [getattr(module, "__file__", None) or "/"]
    return all(Path(place).resolve().is_relative_to(base) for place in places)


def _imported(name: str, seconds: float) -> ModuleType | Unresolved:
    """Import a module in a bounded time, on a thread of its own. What it prints goes to standard error."""
    result: list[ModuleType | BaseException] = []

    def work() -> None:
        try:
            result.append(importlib.import_module(name))
        except BaseException as error:  # noqa: BLE001 - a module may raise anything, SystemExit included
            result.append(error)

    thread = threading.Thread(target=work, name=f"import {name}", daemon=True)
    with contextlib.redirect_stdout(sys.stderr):
        thread.start()
        thread.join(seconds)
    if not result:
        what = f"importing {name!r} did not end within {seconds:g} s"
        return Unresolved("module-slow", what, "do slow work in the functions, when they are called")
    return _raised(name, result[0]) if isinstance(result[0], BaseException) else result[0]


def _raised(name: str, error: BaseException) -> Unresolved:
    """Tell the user's own frame, not those of the import machinery."""
    if isinstance(error, SyntaxError):
        return Unresolved(
            "module-raised", f"{name!r} has a syntax error: {error.msg}", f"at {error.filename}:{error.lineno}"
        )
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "importlib" not in frame.filename and frame.filename != __file__]
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    where = f"at {own[-1].filename}:{own[-1].lineno}" if own else None
    return Unresolved("module-raised", f"importing {name!r} raised {said}", where)
