"""A reply of a model that was asked for a JSON object: ``{"say": TEXT}`` or ``{"call": NAME, "arguments": OBJECT}``.

Where nothing makes a model keep to the form it may do otherwise, and what it means is taken where that is certain: an
object in a fence or behind some words, single quotes, a name under another key, a quote or a backslash without the
backslash before it. Whatever else it writes is its text. One text and one call are a reply; the rest is left out, for
small models go on with a conversation of their own.

How the reply is cut into pieces makes no difference, and each character is looked at a bounded number of times.
"""

import contextlib
import json
import re
from collections.abc import Collection, Iterator
from typing import Literal

from orchestrator.events import TextDelta, ToolAnnounced
from orchestrator.messages import ToolCall

Shown = TextDelta | ToolAnnounced

_HEAD = 200  # characters from a brace on within which an object must tell what it is
_SAY = re.compile(r'\{\s*"say"\s*:\s*"')
_OURS = re.compile(r"""\{\s*(["'])(?:say|call|name|tool|function)\1\s*:\s*["']""")
_FORMS = tuple(f"{{{q}{key}{q}:{q}" for q in "\"'" for key in ("say", "call", "name", "tool", "function"))
_LEAD = re.compile(r"\s{0,50}+(?:`{1,3}+\w{0,20}+\s{0,50}+)?\[?\s{0,50}+\Z")  # what may stand before an object
_LONGEST_LEAD = 180

_SAID = re.compile(r"""\{\s*(["'])say\1\s*:\s*""")
_CALLED = re.compile(r"""\{?\s*(["'])(call|name|tool|function)\1\s*:\s*(["'])([^"'\\]{0,100})\3""")
_ARGUMENTS = re.compile(r"""\s*,\s*(["'])(?:arguments|parameters)\1\s*:\s*""")
_PYTHON = re.compile(r"""("(?:[^"\\]|\\.)*"?)|'((?:[^'\\]|\\.)*)'?|\b(True|False|None)\b""", re.DOTALL)
_WORDS = {"True": "true", "False": "false", "None": "null"}

_DECODER = json.JSONDecoder()


class JsonReply:
    """A reply in the making: what of it can be shown as it comes, and in the end its text and its call.

    Args:
        names: the functions that were offered.
    """

    def __init__(self, names: Collection[str]) -> None:
        self.begun = False
        self.call: ToolCall | None = None
        self._names = names
        self._mode: Literal["text", "said", "held"] = "text"
        self._text: list[str] = []
        self._pending = ""  # what may be the beginning of an object, or stand before one
        self._string = JsonString()
        self._head = ""
        self._held: list[str] = []
        self._said = False
        self._announced = False

    @property
    def text(self) -> str | None:
        """The text so far."""
        return "".join(self._text) or None

    def feed(self, piece: str) -> Iterator[Shown]:
        """What this piece lets be shown."""
        self.begun = True
        match self._mode:
            case "text":
                yield from self._read_text(self._pending + piece)
            case "said":
                yield from self._read_said(piece)
            case "held":
                yield from self._hold(piece)

    def end(self) -> Iterator[Shown]:
        """What the end of the reply lets be shown."""
        if self._mode == "text":
            yield from self._say(self._pending)
        elif self._mode == "held":
            yield from self._judge("".join(self._held))

    def _read_text(self, text: str) -> Iterator[Shown]:
        start = text.find("{")
        while start >= 0 and not _may_be_ours(text[start : start + _HEAD]):
            start = text.find("{", start + 1)
        lead = _lead(text, len(text) if start < 0 else start)
        yield from self._say(text[:lead])
        self._pending = text[lead:]
        if start >= 0:
            yield from self._enter(text[lead:start], text[start:])

    def _enter(self, lead: str, text: str) -> Iterator[Shown]:
        """Go into the object with which the text begins, if it is known by now to be one of ours."""
        if said := _SAY.match(text[:_HEAD]):
            self._mode, self._said = "said", True
            yield from self._say("\n" if self._text else "")
            yield from self._read_said(text[said.end() :])
        elif _OURS.match(text[:_HEAD]):
            self._mode = "held"
            self._held.append(lead)
            yield from self._hold(text)

    def _read_said(self, piece: str) -> Iterator[Shown]:
        yield from self._say(self._string.feed(piece))
        if self._string.rest is not None:
            self._mode = "held"
            yield from self._hold(self._string.rest)

    def _hold(self, piece: str) -> Iterator[Shown]:
        """Keep what is only understood at the end, but tell the name of a call as soon as it is known."""
        self._held.append(piece)
        if not self._announced and len(self._head) < _HEAD:
            self._head = (self._head + piece).lstrip()[:_HEAD]
            if called := self._called(self._head):
                yield from self._announce(called[4])

    def _judge(self, held: str) -> Iterator[Shown]:
        start = 0 if self._said else held.find("{")
        rest = held[start:].lstrip()
        if called := self._called(rest):
            yield from self._announce(called[4])
            self.call = ToolCall("", called[4], _arguments(rest, called.end()))
        elif not self._said:
            yield from self._say(_said(rest) or held)

    def _called(self, text: str) -> re.Match[str] | None:
        """The beginning of a call. Without our own key for it, its name must be one that was offered."""
        called = _CALLED.match(text)
        return called if called and (called[2] == "call" or (called[4] in self._names and not self._said)) else None

    def _announce(self, name: str) -> Iterator[Shown]:
        if not self._announced:
            self._announced = True
            yield ToolAnnounced(index=0, name=name)

    def _say(self, text: str) -> Iterator[Shown]:
        if text:
            self._text.append(text)
            yield TextDelta(text=text)


_TOKEN = re.compile(
    r"""
      (?P<plain> [^"\\]+ )
    | (?P<half>  (?: \\ (?: u (?: [0-9a-f]{0,3} | d[89ab][0-9a-f]{2} (?: \\ (?: u [0-9a-f]{0,3} )? )? ) )?
                 | " \s{0,100} ) \Z )
    | (?P<end>   " \s{0,100} [},] )
    | (?P<escape> \\u d[89ab][0-9a-f]{2} \\u d[c-f][0-9a-f]{2} | \\u [0-9a-f]{4} | \\ ["\\/bfnrt] )
    | (?P<other> ["\\] )
    """,
    re.VERBOSE | re.IGNORECASE,
)


class JsonString:
    """A JSON string, read from behind its first quote as it comes, whatever cuts it.

    ``rest`` is None until the string has ended; then it is what came behind. It ends with a quote that is followed by a
    comma or a brace: any other is one that should have been escaped.
    """

    def __init__(self) -> None:
        self.rest: str | None = None
        self._half = ""  # of an escape, of a pair of them, or of an end

    def feed(self, piece: str) -> str:
        """The text that this piece adds."""
        source, self._half = self._half + piece, ""
        read: list[str] = []
        for token in _TOKEN.finditer(source):
            match token.lastgroup:
                case "half":
                    self._half = token[0]
                case "end":
                    self.rest = source[token.end() :]
                    break
                case "escape":
                    read.append(json.loads(f'"{token[0]}"'))
                case _:
                    read.append(token[0])
        return "".join(read)


def _may_be_ours(head: str) -> bool:
    """Whether what begins so is an object of ours, or may become one."""
    if _OURS.match(head):
        return True
    compact = "".join(head.split())
    return len(head) < _HEAD and any(form.startswith(compact) for form in _FORMS)


def _lead(text: str, end: int) -> int:
    """Where that begins which would belong to an object at ``end``: blanks, a fence, a bracket."""
    begin = max(0, end - _LONGEST_LEAD)
    found = _LEAD.search(text[begin:end])
    return begin + found.start() if found else end


def _arguments(text: str, at: int) -> str:
    """The arguments of a call whose name ends here, as the model wrote them: it is for others to find them wrong."""
    found = _ARGUMENTS.match(text, at)
    if found is None:
        return "{}" if text[at:].lstrip().startswith("}") else text[at:].strip() or "{"
    value, written, _ = _value(text[found.end() :])
    return value if isinstance(value, str) else written.strip() or "{"


def _said(text: str) -> str | None:
    """What an object says that must be whole to be understood."""
    said = _SAID.match(text)
    value, _, behind = _value(text[said.end() :]) if said else (None, "", "")
    return value if isinstance(value, str) and behind.lstrip().startswith(("}", ",")) else None


def _value(text: str) -> tuple[object, str, str]:
    """The JSON value at the beginning, how it is written, and what is behind; all is written where there is none."""
    for rewrite in (str, _requoted):
        written = rewrite(text)
        with contextlib.suppress(ValueError, RecursionError):
            value, end = _DECODER.raw_decode(written)
            return value, written[:end], written[end:]
    return None, text, ""


def _requoted(text: str) -> str:
    """What Python would write, as JSON writes it."""
    return _PYTHON.sub(_in_json, text)


def _in_json(found: re.Match[str]) -> str:
    double, single, word = found.groups()
    if word:
        return _WORDS[word]
    return double or '"' + single.replace("\\'", "'").replace('"', '\\"') + '"'
