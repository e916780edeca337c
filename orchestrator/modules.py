"""From the names under ``tools:`` to tools: finds the module, imports it, takes its functions."""

import importlib
import inspect
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from orchestrator.project import Unresolved
from orchestrator.spec import nearest
from orchestrator.tools import Tool, UnsupportedParameter


class Modules:
    """The tool modules that a file may name: those in its own folder, and in each folder above up to the root."""

    def __init__(self, folder: Path, root: Path) -> None:
        folder = folder.resolve()
        above = [parent for parent in folder.parents if parent.is_relative_to(root)]
        self._bases = (folder, *above)

    def tools(self, use: str) -> tuple[Tool, ...] | Unresolved:
        """The tools that ``module`` or ``module:function`` names, or why there are none."""
        module_name, colon, function_name = use.partition(":")
        module = self._module(module_name)
        if isinstance(module, Unresolved):
            return module
        if not colon:
            return _tools(module, list(public_functions(module)))
        if not hasattr(module, function_name):
            names = list(public_functions(module))
            meant = nearest(function_name, names)
            hint = f"did you mean {meant!r}?" if meant else f"it has: {', '.join(names) or 'no public functions'}"
            return Unresolved("function-not-found", f"module {module_name!r} has no function {function_name!r}", hint)
        return _tools(module, [function_name])

    def _module(self, name: str) -> ModuleType | Unresolved:
        if not all(part.isidentifier() for part in name.split(".")):
            return Unresolved("module-not-found", f"{name!r} is not a dotted module name", "write tools.acme:function")
        base = next((base for base in self._bases if _file(base, name)), None)
        if base is None:
            looked = ", ".join(str(base) for base in self._bases)
            return Unresolved("module-not-found", f"no module named {name!r}", f"looked in {looked}")
        return _import(base, name)


def public_functions(module: ModuleType) -> Iterator[str]:
    """The names of a module's tools: its ``__all__``, or the functions that it defines without a leading underscore."""
    if hasattr(module, "__all__"):
        yield from module.__all__
        return
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
            yield name


def _tools(module: ModuleType, names: list[str]) -> tuple[Tool, ...] | Unresolved:
    tools: list[Tool] = []
    for name in names:
        function = getattr(module, name, None)
        if not callable(function):
            return Unresolved("not-callable", f"{name!r} of module {module.__name__!r} is not a function")
        try:
            tools.append(Tool.from_function(function))
        except UnsupportedParameter as error:
            what = f"{module.__name__}:{name} can't be a tool: {error}"
            return Unresolved("unsupported-parameter", what, "give each parameter a name and a type")
    return tuple(tools)


def _file(base: Path, name: str) -> Path | None:
    path = base.joinpath(*name.split("."))
    candidates = (path.with_name(path.name + ".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _import(base: Path, name: str) -> ModuleType | Unresolved:
    """Import a module from a folder. A module of the same name from another folder makes way."""
    file = _file(base, name)
    loaded = sys.modules.get(name)
    if loaded is not None and loaded.__file__ and Path(loaded.__file__) == file:
        return loaded
    _forget(name.split(".")[0], base)
    sys.path.insert(0, str(base))
    try:
        importlib.invalidate_caches()
        return importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001 - a module may raise anything, SystemExit included
        return _raised(name, error)
    finally:
        sys.path.remove(str(base))


def _forget(top: str, base: Path) -> None:
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if (name == top or name.startswith(f"{top}.")) and not Path(file).is_relative_to(base):
            del sys.modules[name]


def _raised(name: str, error: BaseException) -> Unresolved:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "importlib" not in frame.filename and frame.filename != __file__]
    where = f"{own[-1].filename}:{own[-1].lineno}" if own else name
    if isinstance(error, SyntaxError):
        where = f"{error.filename}:{error.lineno}"
    return Unresolved("module-raised", f"importing {name!r} raised {type(error).__name__}: {error}", f"at {where}")
