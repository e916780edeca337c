"""What of a text must not be written down or shown."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

from orchestrator.diagnostics import KEY_LIKE

T = TypeVar("T")

HIDDEN = "•••"
LONG = 8  # a shorter secret is a common word (EMPTY, ollama), which would hide that word wherever it stands


class Veil:
    """Hides secrets, and whatever looks like a key. A text that was veiled once stays as it is.

    Args:
        secrets: texts to hide as well. Those of fewer than eight characters are not looked for.
        words: secrets that are hidden even when they are short: where they stand as a word of their own.
        key_like: whether to hide what looks like a key, known or not.
    """

    def __init__(self, secrets: Collection[str] = (), *, words: Collection[str] = (), key_like: bool = True) -> None:
        long = {secret for secret in (*secrets, *words) if len(secret) >= LONG}
        short = {word for word in words if len(HIDDEN) < len(word) < LONG}
        known = [_anywhere(long)] if long else []
        known += [rf"(?<!\w)(?:{_anywhere(short)})(?!\w)"] if short else []
        self._patterns = [re.compile(pattern) for pattern in known]
        if key_like:
            self._patterns.insert(0, KEY_LIKE)

    def text(self, text: str) -> str:
        """The text without secrets."""
        while spans := sorted(match.span() for pattern in self._patterns for match in pattern.finditer(text)):
            parts: list[str] = []
            end = 0
            for start, stop in spans:
                if start >= end:  # else it overlaps the one before, and is hidden with it
                    parts += [text[end:start], HIDDEN]
                end = max(end, stop)
            text = "".join([*parts, text[end:]])  # a key may only now stand by itself
        return text

    def values(self, value: T) -> T:
        """A JSON value without secrets in its texts and keys. Numbers stay."""
        match value:
            case str():
                return self.text(value)  # type: ignore[return-value]  # a text for a text
            case dict():
                return {self.values(key): self.values(inner) for key, inner in value.items()}  # type: ignore[return-value]  # alike
            case list():
                return [self.values(inner) for inner in value]  # type: ignore[return-value]  # alike
            case _:
                return value


def texts_in(value: object) -> Iterator[str]:
    """The texts of a JSON value, its numbers among them, without the keys."""
    match value:
        case str():
            yield value
        case int() | float() if not isinstance(value, bool):
            yield json.dumps(value)
        case Mapping():
            for inner in value.values():
                yield from texts_in(inner)
        case list() | tuple():
            for inner in value:
                yield from texts_in(inner)
        case _:
            pass


def _anywhere(secrets: Collection[str]) -> str:
    """A pattern for these texts, also as they stand in JSON; the longest first, so that none hides only a part."""
    forms = {*secrets}
    for plain in (False, True):
        forms |= {json.dumps(secret, ensure_ascii=plain)[1:-1] for secret in secrets}
    return "|".join(map(re.escape, sorted(forms, key=lambda secret: (-len(secret), secret))))
