"""What the names in a project really are: facts or faults."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from orchestrator.diagnostics import Related, Severity, Span
from orchestrator.project.parts import Declared, Place, Placed
from orchestrator.source.positions import LINE_BREAK
from orchestrator.spec import ToolSpec
from orchestrator.templates import Analysis
from orchestrator.tools import Tool


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Why something behind an entry of ``tools`` is not what it should be. ``key`` is the entry's key at fault."""

    code: str
    message: str
    hint: str | None = None
    key: str | None = None
    severity: Severity = Severity.ERROR
    related: tuple[Related, ...] = ()


@dataclass(frozen=True)
class Function:
    """A function that an entry brings, as far as it is known without calling it.

    ``name`` is what the model calls it. Functions with the same ``identity`` are one. ``parameters`` are those that
    the model sees; ``unannotated`` are those of them that have no type. ``texts`` are the constant texts of its
    module: the names of variables that it may read or set are among them. ``tool`` is None when the module was parsed
    and not imported.
    """

    name: str
    identity: str
    description: str = ""
    requires: str | None = None
    parameters: tuple[str, ...] = ()
    unannotated: tuple[str, ...] = ()
    takes_context: bool = False
    texts: frozenset[str] = frozenset()
    place: Span | None = None
    tool: Tool | None = None


@dataclass(frozen=True, slots=True)
class Functions:
    """What an entry of ``tools`` leads to: the functions that are sound, and all that is wrong with it.

    It is ``partial`` when the module was parsed, and may have functions that only running it shows.
    """

    found: tuple[Function, ...] = ()
    faults: tuple[Unresolved, ...] = ()
    partial: bool = False

    @property
    def complete(self) -> bool:
        """Whether no function is missing: what an agent has, and has not, can be told."""
        return not self.partial and not any(fault.severity is Severity.ERROR for fault in self.faults)


@dataclass(frozen=True)
class Resolution:
    """What the names in a project really are.

    ``tools`` is by the place of the entry, ``templates`` by agent; ``texts`` are those of the files that were read on
    the way (templates, modules), by the path that people know them by.
    """

    tools: Mapping[Place, Functions] = field(default_factory=dict)
    templates: Mapping[str, Analysis] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def lines(self, path: str) -> Sequence[str]:
        """The lines of a text, an empty one where it is not there. Each is cut once, however many faults it has."""
        if path not in self._cut:
            self._cut[path] = LINE_BREAK.split(self.texts.get(path, ""))
        return self._cut[path]

    @cached_property
    def _cut(self) -> dict[str, Sequence[str]]:
        return {}

    def complete(self, agent: Declared) -> bool:
        """Whether all tools of an agent are known."""
        return all(self.tools[entry.place].complete for entry in agent.tools)

    def tools_of(self, agent: Declared) -> Iterator[tuple[Placed[ToolSpec], Function]]:
        """The functions of an agent, each with the entry that brings it.

        A function's own entry beats that of its module, and a function that two modules bring is there once.
        """
        facts = [(entry, self.tools[entry.place].found) for entry in agent.tools]
        seen = {function.identity for entry, found in facts if ":" in entry.spec.use for function in found}
        for entry, found in facts:
            for function in found:
                if ":" in entry.spec.use or function.identity not in seen:
                    yield entry, function
                seen.add(function.identity)
