"""What of a text must not be written down."""

import json
import re
from collections.abc import Collection
from typing import TypeVar

from orchestrator.diagnostics import KEY_LIKE

T = TypeVar("T")

HIDDEN = "•••"
SHORTEST = 8  # a shorter secret is a common word (EMPTY, ollama), which would hide that word wherever it stands


class Veil:
    """Hides secrets, and whatever looks like a key. A text that was veiled once stays as it is.

    Args:
        secrets: texts to hide as well. Those of fewer than eight characters are not looked for.
    """

    def __init__(self, secrets: Collection[str] = ()) -> None:
        known = {secret for secret in secrets if len(secret) >= SHORTEST}
        known |= {json.dumps(secret, ensure_ascii=False)[1:-1] for secret in known}  # as it stands in arguments
        longest_first = sorted(known, key=lambda secret: (-len(secret), secret))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def text(self, text: str) -> str:
        """The text without secrets."""
        patterns = [pattern for pattern in (KEY_LIKE, self._known) if pattern is not None]
        spans = sorted(match.span() for pattern in patterns for match in pattern.finditer(text))
        if not spans:
            return text
        parts: list[str] = []
        end = 0
        for start, stop in spans:
            if start >= end:  # else it overlaps the one before, and is hidden with it
                parts += [text[end:start], HIDDEN]
            end = max(end, stop)
        return self.text("".join([*parts, text[end:]]))  # a key may only now stand by itself

    def values(self, value: T) -> T:
        """A JSON value without secrets in its texts. Keys stay."""
        match value:
            case str():
                return self.text(value)  # type: ignore[return-value]  # a text for a text
            case dict():
                return {key: self.values(inner) for key, inner in value.items()}  # type: ignore[return-value]  # alike
            case list():
                return [self.values(inner) for inner in value]  # type: ignore[return-value]  # alike
            case _:
                return value
