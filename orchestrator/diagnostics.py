"""What is wrong with a file, and where: the words in which every stage reports faults."""

import re
from dataclasses import dataclass
from enum import StrEnum

KEY_LIKE = re.compile(r"\bsk-[A-Za-z0-9_-]{20,}|\bBearer\s+[^\s'\"]{8,}", re.IGNORECASE)
"""What looks like the key of an API."""


class Severity(StrEnum):
    """How bad a diagnostic is: errors stop a run, warnings fail under ``--strict``, notes never fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of text in a file.

    Lines and columns count from 1; columns count code points, as an editor does. The end is exclusive: the
    column after the last character. ``path`` is shown as it stands.
    """

    path: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that belongs to a diagnostic, such as the first of two duplicate keys."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault.

    ``code`` is stable and in kebab-case, ``message`` says what is wrong, ``hint`` what would be right. Neither repeats
    what looks like a key.
    """

    span: Span
    code: str
    message: str
    hint: str | None = None
    severity: Severity = Severity.ERROR
    related: tuple[Related, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", without_keys(self.message))
        object.__setattr__(self, "hint", None if self.hint is None else without_keys(self.hint))


def without_keys(text: str) -> str:
    """A text with dots for each character of what looks like a key."""
    return KEY_LIKE.sub(lambda key: "•" * len(key[0]), text)
