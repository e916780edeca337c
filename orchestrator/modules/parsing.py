"""The functions of a module that was parsed, and none of whose code runs."""

from collections.abc import Callable
from functools import cached_property

from orchestrator.modules.bindings import ALL, Binding, Bindings, Borrowed, Defined, Unknown, Value
from orchestrator.modules.faults import no_function, no_rule, not_callable, silent, unsupported
from orchestrator.modules.readings import Reading, Rule, decides
from orchestrator.modules.signatures import Outline, outline_of
from orchestrator.modules.sources import Text
from orchestrator.project import Function
from orchestrator.spec import ToolSpec

Follow = Callable[[str], "Parsed | None"]


class Parsed:
    """A module as its text tells it. ``follow`` finds the modules of the project that it takes functions from."""

    def __init__(self, name: str, text: Text, names: Bindings, follow: Follow) -> None:
        self._name = name
        self._text = text
        self._names = names
        self._follow = follow

    @cached_property
    def public(self) -> list[str]:
        """The names of its tools, as far as they can be told."""
        if self._names.listed is not None:
            return self._names.listed
        return [name for name, binding in self._names.names.items() if not name.startswith("_") and _is_own(binding)]

    @cached_property
    def open(self) -> tuple[str, ...]:
        """What could not be told of its names."""
        if self._names.listed is not None:
            return (ALL,) if ALL in self._names.unlisted else ()
        maybe = [name for name, each in self._names.names.items() if each == Unknown(None) and not name.startswith("_")]
        return (*dict.fromkeys(self._names.unlisted), *(f"whether {name!r} is a function" for name in maybe))

    def read(self, name: str, spec: ToolSpec, _: Rule | None, /) -> Reading:
        """Read a function for an entry."""
        match self._look_up(name):
            case Reading() as reading:
                return reading
            case None:
                return Reading(self._blank(name, spec), open=(f"what {name!r} takes",))
            case module, Defined() as defined:
                return module.describe(f"{self._name}:{name}", defined, spec)

    def rule(self, name: str) -> Rule:
        """Look up a rule of approval. What can't be told of it is sound."""
        match self._look_up(name):
            case Reading(faults=(fault, *_)):
                return Rule(fault=fault)
            case Parsed() as module, Defined(node=node):
                outline = outline_of(node, module._names)
                if not outline.unclear and not decides(outline.signature):
                    return Rule(fault=no_rule(self._name, name, module._text.name_of(node)))
                return Rule()
            case _:
                return Rule()

    def describe(self, use: str, defined: Defined, spec: ToolSpec) -> Reading:
        """Describe a function of this module for an entry that uses it under a name, perhaps from another module."""
        name = use.partition(":")[2]
        outline = outline_of(defined.node, self._names)
        function = self._function(name, defined, outline, spec)
        if outline.unclear:
            return Reading(function, open=(f"what the decorators of {name!r} make of it",))
        if outline.refused:
            reason = "; ".join(outline.refused)
            return Reading(faults=(unsupported(use, reason, function.place),))
        untold = ", ".join(map(repr, outline.untold))
        left = (f"whether JSON can say the type of {untold} of {name!r}",) if untold else ()
        return Reading(function, tuple(silent(self._name, defined.name, function)), left)

    def binding(self, name: str) -> Binding | None:
        """What a name stands for here, if that can be told."""
        return self._names.names.get(name)

    def _look_up(self, name: str) -> "tuple[Parsed, Defined] | Reading | None":
        """The function behind a name and the module that defines it, or why there is none; None if it can't be told."""
        match self.binding(name):
            case None if not self._names.more and not name.startswith("__"):
                known = [each for each in self.public if self.binding(each) is not None]
                return Reading(faults=(no_function(self._name, name, known),))
            case Value():
                return Reading(faults=(not_callable(self._name, name),))
            case Defined() as defined:
                return self, defined
            case Borrowed() as borrowed:
                return self._borrowed(borrowed)
            case _:
                return None

    def _borrowed(self, borrowed: Borrowed) -> "tuple[Parsed, Defined] | None":
        """The function behind an imported name, through as many modules of the project as it takes."""
        seen: set[Borrowed] = set()
        while borrowed not in seen:
            seen.add(borrowed)
            module = self._follow(borrowed.module)
            match module.binding(borrowed.name) if module else None:
                case Defined() as defined if module:
                    return module, defined
                case Borrowed() as further:
                    borrowed = further
                case _:
                    return None
        return None

    def _function(self, name: str, defined: Defined, outline: Outline, spec: ToolSpec) -> Function:
        said = {**outline.options, **spec.options}
        return Function(
            name=str(said.get("name") or name),
            identity=f"{self._text.path}:{defined.name}",
            description=str(said.get("description") or outline.description),
            requires=str(said["requires"]) if said.get("requires") else None,
            parameters=outline.visible,
            unannotated=outline.unannotated,
            takes_context=outline.takes_context or outline.unclear,
            texts=self._text.words,
            place=self._text.name_of(defined.node),
        )

    def _blank(self, name: str, spec: ToolSpec) -> Function:
        """A function of which no more is known than that it may be there."""
        return Function(
            name=spec.name or name,
            identity=f"{self._text.path}:{name}",
            description=spec.description or "",
            requires=spec.requires,
            takes_context=True,
            texts=self._text.words,
        )


def _is_own(binding: Binding) -> bool:
    return isinstance(binding, Defined) or binding == Unknown(own=True)
