"""What may change between two configurations: one value for each change, and the catalogue of their kinds."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Self

from orchestrator.diagnostics import Span


class Impact(StrEnum):
    """What a change may do.

    Breaking: something that worked, or that protected, is gone. Notable: agents may behave in another way. Minor: words
    for people, and what nobody can trip over.
    """

    BREAKING = "breaking"
    NOTABLE = "notable"
    MINOR = "minor"


class Kind(StrEnum):
    """A kind of change: its stable name, what it may do, and what it means. The worst come first."""

    impact: Impact
    meaning: str

    def __new__(cls, name: str, impact: Impact, meaning: str) -> Self:
        """Make a kind of its name, and note the rest with it."""
        kind = str.__new__(cls, name)
        kind._value_, kind.impact, kind.meaning = name, impact, meaning
        return kind

    NOT_LOADED = "not-loaded", Impact.BREAKING, "a file has errors on one side, so that nothing can be compared"
    FILE_REMOVED = "file-removed", Impact.BREAKING, "a file of agents is gone"
    AGENT_REMOVED = "agent-removed", Impact.BREAKING, "an agent is gone, and with it the handoffs to it"
    ENTRY_CHANGED = "entry-changed", Impact.BREAKING, "another agent begins"
    AGENT_RENAMED = "agent-renamed", Impact.BREAKING, "an agent has another name: sessions and --agent know the old one"
    APPROVAL_DROPPED = "approval-dropped", Impact.BREAKING, "a tool that a person had to approve runs unasked"
    APPROVAL_WEAKENED = "approval-weakened", Impact.BREAKING, "a rule decides where a person was always asked"
    GUARD_DROPPED = "guard-dropped", Impact.BREAKING, "`requires` is gone from a tool or a handoff"
    SECRET_DROPPED = "secret-dropped", Impact.BREAKING, "a secret variable is recorded and seen by templates"
    UNREACHABLE = "unreachable", Impact.BREAKING, "no handoffs lead to an agent any more"
    WAY_BACK_LOST = "way-back-lost", Impact.BREAKING, "from an agent the entry can't be reached any more"
    HANDOFF_LOST = "handoff-lost", Impact.BREAKING, "an agent can't hand off to another one that is still there"
    TOOL_LOST = "tool-lost", Impact.BREAKING, "an agent has a tool no longer"
    TOOL_SCHEMA_BREAKING = "tool-schema-breaking", Impact.BREAKING, "a tool refuses arguments that it took"
    VARIABLE_REMOVED = "variable-removed", Impact.BREAKING, "a variable is gone"
    VARIABLE_REQUIRED = "variable-required", Impact.BREAKING, "a variable must be given that needed not"
    VARIABLE_TYPE_CHANGED = "variable-type-changed", Impact.BREAKING, "a variable is of another type"
    VARIABLE_NARROWED = "variable-narrowed", Impact.BREAKING, "a variable may not take values that it took"

    FILE_ADDED = "file-added", Impact.NOTABLE, "a file of agents is new"
    AGENT_ADDED = "agent-added", Impact.NOTABLE, "an agent is new"
    INSTRUCTIONS_CHANGED = "instructions-changed", Impact.NOTABLE, "an agent is told something else"
    TEMPLATE_CHANGED = "template-changed", Impact.NOTABLE, "a file that instructions include says something else"
    TEMPLATE_ADDED = "template-added", Impact.NOTABLE, "instructions include a file that they did not"
    TEMPLATE_REMOVED = "template-removed", Impact.NOTABLE, "instructions include a file no longer"
    MODEL_CHANGED = "model-changed", Impact.NOTABLE, "an agent or an alias has another model"
    ENDPOINT_CHANGED = "endpoint-changed", Impact.NOTABLE, "an alias asks somewhere else, or with another key"
    SETTING_CHANGED = "setting-changed", Impact.NOTABLE, "a request setting of an alias is another"
    TOOL_CHOICE_CHANGED = "tool-choice-changed", Impact.NOTABLE, "what an agent must call is another"
    HANDOFF_GAINED = "handoff-gained", Impact.NOTABLE, "an agent may hand off to one to which it could not"
    WHEN_CHANGED = "when-changed", Impact.NOTABLE, "the model is told another reason for a handoff"
    PURPOSE_CHANGED = "purpose-changed", Impact.NOTABLE, "models read another description of an agent or a tool"
    AT_MOST_CHANGED = "at-most-changed", Impact.NOTABLE, "a handoff may be taken more or less often"
    FOR_ONE_TURN_CHANGED = "for-one-turn-changed", Impact.NOTABLE, "whether a handoff is for one turn is another"
    TOOL_GAINED = "tool-gained", Impact.NOTABLE, "an agent has a tool that it had not"
    TOOL_MOVED = "tool-moved", Impact.NOTABLE, "behind a tool is another function"
    APPROVAL_ADDED = "approval-added", Impact.NOTABLE, "a person is asked, or may be, before a tool runs"
    APPROVAL_CHANGED = "approval-changed", Impact.NOTABLE, "another rule decides about approval, or always asks"
    GUARD_ADDED = "guard-added", Impact.NOTABLE, "`requires` is new on a tool or a handoff"
    GUARD_CHANGED = "guard-changed", Impact.NOTABLE, "`requires` says something else"
    EFFECTS_CHANGED = "effects-changed", Impact.NOTABLE, "what may happen to an interrupted call of a tool is another"
    VARIABLE_DEFAULT_CHANGED = "variable-default-changed", Impact.NOTABLE, "a variable has another default"
    VARIABLE_ENV_CHANGED = "variable-env-changed", Impact.NOTABLE, "another environment variable gives a value"
    SECRET_ADDED = "secret-added", Impact.NOTABLE, "a variable is secret: templates do not see it"
    LIMIT_RAISED = "limit-raised", Impact.NOTABLE, "a run may use more"
    LIMIT_LOWERED = "limit-lowered", Impact.NOTABLE, "a run may use less"
    PACKAGES_CHANGED = "packages-changed", Impact.NOTABLE, "tools may come from other installed packages"

    LABEL_CHANGED = "label-changed", Impact.MINOR, "people read another name of an agent"
    DESCRIPTION_CHANGED = "description-changed", Impact.MINOR, "a file or a variable is described otherwise"
    TOOL_SCHEMA_CHANGED = "tool-schema-changed", Impact.MINOR, "a tool takes more, or describes itself in another way"
    TIMEOUT_CHANGED = "timeout-changed", Impact.MINOR, "calls of a tool are given up sooner or later"
    SEQUENTIAL_CHANGED = "sequential-changed", Impact.MINOR, "whether a tool runs alone is another"
    PARALLEL_CALLS_CHANGED = "parallel-calls-changed", Impact.MINOR, "whether a reply may have several calls is another"
    ALIAS_REMOVED = "alias-removed", Impact.MINOR, "an alias of a model is gone"
    ALIAS_ADDED = "alias-added", Impact.MINOR, "an alias of a model is new"
    VARIABLE_ADDED = "variable-added", Impact.MINOR, "a variable with a default is new"
    VARIABLE_WIDENED = "variable-widened", Impact.MINOR, "a variable may take more values"


Part = Literal["file", "agent", "handoff", "tool", "model", "variable", "limit", "template"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a change is about.

    ``agent`` is the one that it belongs to; a handoff is named by its target; ``key`` is what is said of a model.
    """

    part: Part
    name: str = ""
    agent: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    ``old`` and ``new`` are JSON values, None where there is none; ``note`` says what they do not. ``where`` is the
    place in the new version, or in the old one for what is gone.
    """

    kind: Kind
    subject: Subject
    old: object = None
    new: object = None
    note: str = ""
    where: Span | None = None


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What differs between two versions of a file, each as people call it; None where there is none."""

    old: str | None
    new: str | None
    changes: tuple[Change, ...]


def differing(kind: Kind, subject: Subject, old: object, new: object, where: Span | None) -> Iterator[Change]:
    """Give a change of this kind if the values differ."""
    if old != new:
        yield Change(kind, subject, old, new, where=where)


def guard_changes(subject: Subject, old: str | None, new: str | None, where: Span | None) -> Iterator[Change]:
    """Give the change of an expression that a tool or a handoff requires."""
    if old == new:
        return
    kind = Kind.GUARD_DROPPED if new is None else Kind.GUARD_ADDED if old is None else Kind.GUARD_CHANGED
    yield Change(kind, subject, old, new, where=where)


def worst_first(change: Change) -> tuple[int, str, str]:
    """The key by which the changes of one agent are sorted."""
    return _RANKS[change.kind], change.subject.part, change.subject.name


_RANKS = {kind: rank for rank, kind in enumerate(Kind)}
