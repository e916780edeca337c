"""What has changed in the tools of an agent: which there are, what they take, and who must agree."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from orchestrator.diff.changes import Change, Kind, Subject, differing, guard_changes
from orchestrator.diff.schemas import parameter_changes
from orchestrator.project import Function, Placed
from orchestrator.spec import ToolSpec
from orchestrator.tools import Approval, Tool

Tools = Mapping[str, tuple[Placed[ToolSpec], Function]]

_ASKED = {"never": 0, "always": 2}  # how much a person is asked; a rule stands between


def tool_changes(agent: str, old: Tools, new: Tools, roots: tuple[Path, Path]) -> Iterator[Change]:
    """Compare the tools of an agent, by the names that the model uses. ``roots`` are those of the two projects."""
    for name, (entry, function) in old.items():
        subject = Subject("tool", name, agent)
        if name in new:
            yield from _function_changes(subject, function, new[name], roots)
        else:
            yield Change(Kind.TOOL_LOST, subject, old=_source(function, roots[0]), where=entry.at())
    for name, (entry, function) in new.items():
        if name not in old:
            subject = Subject("tool", name, agent)
            yield Change(Kind.TOOL_GAINED, subject, new=_source(function, roots[1]), where=entry.at())


def _function_changes(
    subject: Subject, old: Function, placed: tuple[Placed[ToolSpec], Function], roots: tuple[Path, Path]
) -> Iterator[Change]:
    entry, new = placed
    where = entry.at()
    yield from differing(Kind.TOOL_MOVED, subject, _source(old, roots[0]), _source(new, roots[1]), where)
    texts = (old.description or None, new.description or None)
    yield from differing(Kind.PURPOSE_CHANGED, subject, *texts, where)
    yield from guard_changes(subject, old.requires, new.requires, where)
    if old.tool is None or new.tool is None:  # parsed, not imported: the rest is not known
        return
    for change in parameter_changes(old.tool.schema.parameters, new.tool.schema.parameters):
        kind = Kind.TOOL_SCHEMA_BREAKING if change.breaking else Kind.TOOL_SCHEMA_CHANGED
        yield Change(kind, subject, change.old, change.new, change.note, where)
    yield from _option_changes(subject, old.tool, new.tool, entry)


def _option_changes(subject: Subject, old: Tool, new: Tool, entry: Placed[ToolSpec]) -> Iterator[Change]:
    where = entry.at()
    before, after = _approval(old.approval), _approval(new.approval)
    yield from differing(_approval_kind(before, after), subject, before, after, where)
    yield from differing(Kind.EFFECTS_CHANGED, subject, old.effects, new.effects, where)
    yield from differing(Kind.TIMEOUT_CHANGED, subject, old.timeout, new.timeout, where)
    yield from differing(Kind.SEQUENTIAL_CHANGED, subject, old.sequential, new.sequential, where)


def _approval_kind(old: str, new: str) -> Kind:
    before, after = _ASKED.get(old, 1), _ASKED.get(new, 1)
    if after < before:
        return Kind.APPROVAL_WEAKENED if after else Kind.APPROVAL_DROPPED
    return Kind.APPROVAL_CHANGED if before else Kind.APPROVAL_ADDED


def _approval(approval: Approval) -> str:
    """``never``, ``always``, or the function that decides."""
    if isinstance(approval, str):
        return approval
    return f"{approval.__module__}:{getattr(approval, '__qualname__', type(approval).__qualname__)}"


def _source(function: Function, root: Path) -> str:
    """Where a function is from, as ``file:name`` with the file's path in the project."""
    return function.identity.removeprefix(f"{root}/")
