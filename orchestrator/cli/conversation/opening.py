"""How a conversation begins, and where it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from orchestrator.stores import SessionStore

Approve = Literal["ask", "all", "none", "pause"]
"""Who answers where a call needs a yes: the person, or nobody, with yes, with no, or with not yet."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a conversation begins. With a ``message`` that is also all of it; ``now`` holds for every turn."""

    message: str | None = None
    agent: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where a conversation is kept, and whether it goes on with one that is there.

    Args:
        store: keeps it.
        file: the file of agents, relative to the project's root.
        typed: the same, as the command line names it. "" where nothing is kept.
        session: the id or the name of a session to go on with; a new one gets the name.
        last: go on with the session of this file that was updated last.
        accept: go on although the tool of a call that was under way is gone.
        history: where the lines are kept that a person types; None where nothing is kept.
        option: what ``--store`` has to say for other commands to find the session from here; None where nothing.
    """

    store: SessionStore
    file: str = ""
    typed: str = ""
    session: str | None = None
    last: bool = False
    accept: bool = False
    history: Path | None = None
    option: str | None = None
