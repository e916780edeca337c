"""From the entries under ``tools:`` to functions: each module is found and read once, however many entries name it."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from orchestrator.modules.bindings import Bindings, bindings_of
from orchestrator.modules.faults import empty, not_known
from orchestrator.modules.finder import Located, locate, packages_above
from orchestrator.modules.functions import Imported
from orchestrator.modules.imports import Ran, import_module, raised
from orchestrator.modules.parsing import Parsed
from orchestrator.modules.readings import Module, Rule
from orchestrator.modules.sources import Text, Texts
from orchestrator.project import Functions, Unresolved
from orchestrator.spec import ToolSpec

IMPORT_SECONDS = 10.0


class Modules:
    """The tool modules that a project may name.

    ``root`` is the project's; ``packages`` are the installed packages that its file names. With ``imports=False``
    modules are parsed, and none of their code runs. Importing one takes at most ``import_seconds``.
    """

    def __init__(
        self,
        root: Path,
        packages: Collection[str] = (),
        *,
        imports: bool = True,
        import_seconds: float = IMPORT_SECONDS,
    ) -> None:
        self._root = root.resolve()
        self._packages = packages
        self._imports = imports
        self._seconds = import_seconds
        self._texts = Texts()
        self._known: dict[Located, Module | Unresolved] = {}
        self._told: dict[tuple[ToolSpec, Path], Functions] = {}

    @property
    def texts(self) -> Mapping[str, str]:
        """The texts of the modules, by the path that people know them by."""
        return self._texts.shown

    def functions(self, spec: ToolSpec, folder: Path) -> Functions:
        """The functions that an entry brings, and what is wrong with them. ``folder`` is that of the entry's file."""
        key = spec, folder.resolve()
        if key not in self._told:  # a thousand agents may have the same entry
            self._told[key] = self._functions(*key)
        return self._told[key]

    def _functions(self, spec: ToolSpec, folder: Path) -> Functions:
        module_name, colon, function_name = spec.use.partition(":")
        module, rule = self._module(module_name, folder), self._rule(spec, folder)
        if isinstance(module, Unresolved):
            return Functions(faults=(module, rule.fault) if rule and rule.fault else (module,))
        names = [function_name] if colon else list(module.public)
        readings = [module.read(name, spec, rule) for name in names]
        left = [*(() if colon else module.open), *(what for reading in readings for what in reading.open)]
        faults = [rule.fault] if rule and rule.fault else []
        faults += [fault for reading in readings for fault in reading.faults]
        faults += [] if names or left else [empty(module_name)]
        faults += [not_known(module_name, left)] if left else []
        found = tuple(reading.function for reading in readings if reading.function)
        return Functions(found, tuple(faults), partial=not colon and bool(module.open))

    def _rule(self, spec: ToolSpec, folder: Path) -> Rule | None:
        if spec.approval is None or ":" not in spec.approval:
            return None
        module_name, _, name = spec.approval.partition(":")
        module = self._module(module_name, folder)
        rule = Rule(fault=module) if isinstance(module, Unresolved) else module.rule(name)
        return replace(rule, fault=replace(rule.fault, key="approval")) if rule.fault else rule

    def _module(self, name: str, folder: Path) -> Module | Unresolved:
        bases = (folder, *(parent for parent in folder.parents if parent.is_relative_to(self._root)))
        located = locate(name, bases, self._packages)
        return located if isinstance(located, Unresolved) else self._read(located)

    def _read(self, located: Located) -> Module | Unresolved:
        if located not in self._known:  # a module that raises is not run again for the next entry that names it
            self._known[located] = self._imported(located) if self._imports else self._parsed(located)
        return self._known[located]

    def _imported(self, located: Located) -> Module | Unresolved:
        ran = import_module(located, self._texts, self._seconds)
        return Imported(located.name, ran.module, self._texts) if isinstance(ran, Ran) else ran

    def _parsed(self, located: Located) -> Parsed | Unresolved:
        for file in packages_above(located):
            package = self._texts.read(file)
            if package and package.error:
                return raised(located, package.error, self._texts)
        text = self._texts.read(located.file) if located.file else None
        if text and text.error:
            return raised(located, text.error, self._texts)
        if text is None or text.tree is None:
            what = "its names: its text can't be read"
            return Parsed(located.name, Text(located.name, "", None), Bindings(more=[what], unlisted=[what]), _nowhere)
        is_package = located.file is not None and located.file.name == "__init__.py"
        names = bindings_of(text.tree, located.name if is_package else located.name.rpartition(".")[0])
        return Parsed(located.name, text, names, partial(self._neighbour, located))

    def _neighbour(self, located: Located, name: str) -> Parsed | None:
        """A module of the project that a module of it imports."""
        found = locate(name, located.bases, ()) if located.bases else None
        module = self._read(found) if isinstance(found, Located) else None
        return module if isinstance(module, Parsed) else None


def _nowhere(_: str) -> None:
    """What a module without a text takes its functions from."""
