"""Where a module lies: in the folders of a project, or among the installed packages that its file names."""

import importlib
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from itertools import islice
from pathlib import Path
from types import ModuleType

from orchestrator.modules.sources import shown
from orchestrator.project import Unresolved
from orchestrator.spec import nearest

_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Located:
    """A module that is there.

    ``bases`` are the folders in which its neighbours are looked up: the one that holds it, and those above; there are
    none for an installed package. ``file`` is its text; None where it has none, as a compiled extension.
    """

    name: str
    bases: tuple[Path, ...]
    file: Path | None


def locate(name: str, bases: tuple[Path, ...], packages: Collection[str]) -> Located | Unresolved:
    """Find a module by its dotted name. None of its code runs."""
    top = name.split(".")[0]
    if not _is_name(name):
        dotted = name.removesuffix(".py").replace("/", ".").strip(".")
        known = dotted if _is_name(dotted) else "tools.acme:function"
        return Unresolved("module-not-found", f"{name!r} is not the name of a module", f"write {known}")
    base = next((base for base in bases if _file(base, name)), None)
    if top in sys.stdlib_module_names:
        what = "belongs to the standard library, which tools can't come from"
        hint = f"rename {_file(base, name)}" if base else "write a function of your own that uses it"
        return Unresolved("package-not-allowed", f"module {name!r} {what}", hint)
    if base is not None:
        return Located(name, bases[bases.index(base) :], _file(base, name))
    ours = top not in packages and any(_is_folder(base / top) for base in bases)
    if ours or not _installed(top, bases):
        return Unresolved("module-not-found", f"no module named {name!r}", _advice(name, bases))
    if top not in packages:
        hint = f"to allow it, add to the file: packages: [{top}]"
        return Unresolved("package-not-allowed", f"{top!r} is an installed package that the file does not name", hint)
    spec = _installed_spec(name, bases)
    if spec is None:
        hint = f"the installed package {top!r} has no such module"
        return Unresolved("module-not-found", f"no module named {name!r}", hint)
    return Located(name, (), Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None)


def packages_above(located: Located) -> Iterator[Path]:
    """The files of the packages of a project that are imported before a module of it, the outermost first."""
    parts = located.name.split(".")
    for length in range(1, len(parts)) if located.bases else ():
        if file := _file(located.bases[0], ".".join(parts[:length])):
            yield file


@contextmanager
def neighbours_of(located: Located) -> Iterator[bool]:
    """While a module is imported, its neighbours are found; gives whether its name is free for it."""
    if not located.bases:
        yield True
        return
    top = located.name.split(".")[0]
    _finder.activate(located.bases, top)
    known = sys.modules.get(top)
    try:
        yield known is None or _finder.has(top) or _lies_in(known, located.bases[0])
    finally:
        _finder.widen()


def _is_name(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _advice(name: str, bases: Sequence[Path]) -> str:
    """The module of the project that is meant, or where was looked."""
    plain = name.removesuffix(".py")
    if plain != name and any(_file(base, plain) for base in bases):
        return f"write {plain}, without the ending"
    package, dot, last = name.rpartition(".")
    if dot and any(_file(base, package) for base in bases):
        return f"write {package}:{last} for a function of {package}"
    beside = {each for base in bases for each in _modules_in(base.joinpath(*package.split(".")) if dot else base)}
    meant = nearest(last, sorted(beside))
    return f"did you mean {package + dot + meant!r}?" if meant else f"looked in {', '.join(map(shown, bases))}"


def _modules_in(folder: Path) -> Iterator[str]:
    """The names of the modules in a folder, a bounded number of them."""
    with suppress(OSError):
        for entry in islice(folder.iterdir(), _LISTED):
            if entry.suffix == ".py" or (entry / "__init__.py").is_file():
                yield entry.stem


def _file(base: Path, name: str) -> Path | None:
    path = base.joinpath(*name.split("."))
    candidates = (path / "__init__.py", path.with_name(path.name + ".py"))
    with suppress(OSError):  # the name is too long for a file, or the folder is closed to us
        return next((candidate for candidate in candidates if candidate.is_file()), None)
    return None


def _is_folder(path: Path) -> bool:
    with suppress(OSError):  # as above
        return path.is_dir()
    return False


def _installed(top: str, bases: Collection[Path]) -> bool:
    return PathFinder.find_spec(top, _places(bases)) is not None


def _installed_spec(name: str, bases: Collection[Path]) -> ModuleSpec | None:
    """Where an installed module is, found without importing the packages that hold it."""
    parts = name.split(".")
    places: Sequence[str] = _places(bases)
    spec: ModuleSpec | None = None
    for length in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:length]), places)
        places = list((spec and spec.submodule_search_locations) or ())
    return spec


def _places(bases: Collection[Path]) -> list[str]:
    """Where installed packages are.

    The working directory, where ``python -m`` looks too, is no place for packages, nor are the project's own folders.
    """
    own = {Path.cwd(), *bases}
    return [place for place in sys.path if place and Path(place) not in own]


def _lies_in(module: ModuleType, base: Path) -> bool:
    places = list(getattr(module, "__path__", [])) or [getattr(module, "__file__", None) or "/"]
    return all(Path(place).resolve().is_relative_to(base) for place in places)


class _Finder:
    """Finds the top-level modules of a project: those that its YAML names, and their neighbours.

    A name from the YAML comes before all else; a neighbour comes only where no installed package has its name, so that
    a file in a project never stands in for a package. When a module of another folder or another project is loaded,
    modules of this one that are not also the other's are set aside, and come back with it: each is imported once.
    """

    def __init__(self) -> None:
        self._bases: tuple[Path, ...] = ()
        self._folders: dict[Path, tuple[Path, ...]] = {}
        self._named: dict[str, Path] = {}
        self._current: dict[str, Path] = {}
        self._aside: dict[tuple[str, Path], dict[str, ModuleType]] = {}

    def activate(self, bases: tuple[Path, ...], top: str) -> None:
        """Look in these folders from now on, and for this name in the first."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        self._bases = bases
        self._named = {name: where for name, where in self._named.items() if where in bases} | {top: bases[0]}
        for name, where in list(self._current.items()):
            if self._named.get(name, where) != where or where not in bases:
                self._set_aside(name, where)
        self._bring_back()
        importlib.invalidate_caches()

    def widen(self) -> None:
        """Look in all folders of the project so far: what a function imports when it is called may be in any."""
        root = self._bases[-1]
        self._folders[root] = tuple(dict.fromkeys((*self._bases, *self._folders.get(root, ()))))
        self._bases = self._folders[root]
        self._bring_back()

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

    def _bring_back(self) -> None:
        for name, where in list(self._aside):
            if self._named.get(name, where) == where and where in self._bases and name not in self._current:
                sys.modules.update(self._aside.pop((name, where)))
                self._current[name] = where

    def _set_aside(self, top: str, base: Path) -> None:
        mine = {name: module for name, module in sys.modules.items() if name == top or name.startswith(f"{top}.")}
        for name in mine:
            del sys.modules[name]
        self._aside[top, base] = mine
        del self._current[top]


_finder = _Finder()
