"""What differs between two versions of files: for a terminal, for a comment on a pull request, for programs."""

import dataclasses
import html
import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

import click

from orchestrator.diff import Change, FileDiff, Impact, Kind, Piece, Subject, elided, word_diff
from orchestrator.render.excerpts import harmless

MAX_COMMENT = 60_000
"""The most characters of Markdown: a comment on GitHub has at most 65,536."""

_LONG = {Kind.INSTRUCTIONS_CHANGED, Kind.TEMPLATE_CHANGED}  # shown on lines of their own
_PROSE = {*_LONG, Kind.WHEN_CHANGED, Kind.PURPOSE_CHANGED, Kind.DESCRIPTION_CHANGED}
_BY_NOTE = {Kind.TOOL_SCHEMA_BREAKING, Kind.TOOL_SCHEMA_CHANGED, Kind.TEMPLATE_ADDED, Kind.TEMPLATE_REMOVED}
_ONE_SIDED = {Kind.HANDOFF_LOST, Kind.HANDOFF_GAINED, Kind.TOOL_LOST, Kind.TOOL_GAINED}
_COLORS = {Impact.BREAKING: "red", Impact.NOTABLE: "yellow", Impact.MINOR: "cyan"}
_NOTHING = "no changes"
_PLAIN = re.compile(r"[\w.:/$()+-]+")
_ODD = re.compile(r"[`|\\]|[^ -~]|^$|^ | $")  # what does not stand in a table between backticks as it is
_MOST_SHOWN = 200  # characters of a value


def as_text(diffs: Sequence[FileDiff], *, color: bool = False) -> str:
    """Give the changes by agent, with a line for each, and texts as a word diff: ``[-old-]{+new+}``."""
    blocks = ["\n".join(_Text(color).file(diff)) for diff in diffs if diff.changes]
    return "\n\n".join(blocks) or _NOTHING


def as_markdown(diffs: Sequence[FileDiff]) -> str:
    """Give a table for each file, and texts as a word diff that can be opened: ``~~old~~ **new**``.

    What is more than a comment may hold is left out.
    """
    blocks = [block for diff in diffs if diff.changes for block in _markdown(diff)]
    shown: list[str] = []
    room = MAX_COMMENT
    for block in blocks:
        fitting = _fitting(block, room)
        room -= len(fitting) + len("\n\n")
        shown += [fitting] if fitting else []
        if fitting != block:
            shown.append("The rest is left out: it is too long for a comment.")
            break
    return "\n\n".join(shown) or _NOTHING


def as_json(diffs: Sequence[FileDiff]) -> str:
    """Give a list of all changes, in ASCII alone."""
    return json.dumps([_record(diff, change) for diff in diffs for change in diff.changes], indent=2)


def _record(diff: FileDiff, change: Change) -> dict[str, object]:
    return {
        "kind": change.kind,
        "severity": change.kind.impact,
        "old_file": diff.old,
        "new_file": diff.new,
        **dataclasses.asdict(change.subject),
        "old": change.old,
        "new": change.new,
        "note": change.note,
        "where": dataclasses.asdict(change.where) if change.where else None,
    }


@dataclasses.dataclass(frozen=True, slots=True)
class _Text:
    """Writes for a terminal, or for a file where there are no colours."""

    color: bool

    def file(self, diff: FileDiff) -> Iterator[str]:
        yield self._style(f"{harmless(' -> '.join(_names(diff)))}: {_counted(diff.changes)}", bold=True)
        for group, changes in groupby(diff.changes, key=lambda change: _group(change.subject)):
            yield ""
            yield self._style(harmless(group), bold=True)
            for change in changes:
                yield from self._change(change)

    def _change(self, change: Change) -> Iterator[str]:
        kind = change.kind
        told = "".join(self._told(change))
        mark = self._style(kind.impact.ljust(8), fg=_COLORS[kind.impact])
        line = ": ".join(filter(None, (kind, _subject(change.subject), told)))
        place = f"  ({_place(change)})" if change.where else ""
        yield f"  {mark}  {line}{self._style(harmless(place), dim=True)}"
        if _is_long(change):
            text = "".join(map(self._piece, _pieces(change)))
            yield from (f"      {line}".rstrip() for line in text.rstrip("\n").split("\n"))

    def _told(self, change: Change) -> Iterator[str]:
        """What has changed, in the rest of the line."""
        values = [] if _is_long(change) else _values(change)
        if values and _is_words(change):
            yield from map(self._piece, _pieces(change))
        elif values:
            yield harmless(" -> ".join(values))
        if change.note:
            yield f" ({harmless(change.note)})" if values else harmless(change.note)

    def _piece(self, piece: Piece) -> str:
        text = "\n".join(map(harmless, piece.text.split("\n")))
        match piece.side:
            case "old":
                return self._style(f"[-{text}-]", fg="red")
            case "new":
                return self._style(f"{{+{text}+}}", fg="green")
            case "both":
                return text

    def _style(self, text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
        return click.style(text, fg=fg, bold=bold or None, dim=dim or None) if self.color else text


def _fitting(block: str, room: int) -> str:
    """As much of a block as there is room for: of a table the first rows, of anything else all or nothing."""
    while len(block) > room:
        block = block.rpartition("\n")[0] if block.startswith("|") else ""
    return block


def _markdown(diff: FileDiff) -> Iterator[str]:
    """The heading and the table, then each long text by itself."""
    rows = [_row(change) for change in diff.changes]
    table = ["| severity | change | of | what | where |", "|---|---|---|---|---|", *rows]
    yield f"### {' → '.join(map(_code, _names(diff)))}"
    yield _counted(diff.changes)
    yield "\n".join(table)
    for change in diff.changes:
        if _is_long(change):
            of = ", ".join(filter(None, (_group(change.subject), _subject(change.subject))))
            yield f"<details>\n<summary>{change.kind}: {_escaped(of)}</summary>\n\n{_words(change)}\n\n</details>"


def _row(change: Change) -> str:
    impact = f"**{change.kind.impact}**" if change.kind.impact is Impact.BREAKING else str(change.kind.impact)
    if _is_long(change):
        what = "see below"
    elif _is_words(change):
        what = _words(change)
    else:
        what = " → ".join(_code(value) for value in _values(change))
    note = _escaped(change.note)
    what = f"{what} ({note})" if what and note else what or note
    where = _code(_place(change)) if change.where else ""
    return f"| {impact} | `{change.kind}` | {_of(change.subject)} | {what} | {where} |"


def _of(subject: Subject) -> str:
    """What a change is about, with names as code."""
    name = f" {_code(subject.name)}" if subject.name else ""
    to = " to" if subject.part == "handoff" else ""
    agent = f"agent {_code(subject.agent)}: " if subject.agent and subject.part != "agent" else ""
    key = f": {_code(subject.key)}" if subject.key else ""
    return f"{agent}{subject.part}{to}{name}{key}"


def _words(change: Change) -> str:
    """A word diff on one line, as a table and a quotation need it. Marks stand next to words, never next to blanks."""
    marks = {"old": "~~", "new": "**", "both": ""}
    told = ""
    for piece in _pieces(change):
        mark, text = marks[piece.side], piece.text.strip()
        if not text or not mark:
            told += _escaped(piece.text)
            continue
        start = piece.text.index(text)
        before, behind = piece.text[:start], piece.text[start + len(text) :]
        gap = " " if told.endswith("~~") and not before else ""
        told += f"{gap}{_escaped(before)}{mark}{_escaped(text)}{mark}{_escaped(behind)}"
    return told.removesuffix("<br>").strip()


def _escaped(text: str) -> str:
    """A text in which no sign means something to Markdown, to HTML, or to GitHub (people, issues)."""
    return "<br>".join(map(_escaped_line, text.split("\n")))


def _escaped_line(line: str) -> str:
    escaped = html.escape(harmless(line), quote=False)
    escaped = re.sub(r"[\\`*_\[\]#|~]|(?<=\s):(?=\w)|^[:+=-]", _by_number, escaped)
    escaped = re.sub(r"^(\d+)([.)])", r"\1<!-- -->\2", escaped)
    escaped = re.sub(r"(@|&#35;)(?=\w)", r"\1<!-- -->", escaped)
    return re.sub(r"^ {2,}", lambda found: "&nbsp;" * len(found[0]), escaped)


def _by_number(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def _code(text: str) -> str:
    """A value or a name, as code."""
    return f"<code>{_escaped(text)}</code>" if _ODD.search(text) else f"`{text}`"


def _names(diff: FileDiff) -> list[str]:
    """What both versions are called; one of them where they are called alike, or where there is one only."""
    return list(dict.fromkeys(name for name in (diff.old, diff.new) if name is not None))


def _counted(changes: Sequence[Change]) -> str:
    counts = {impact: sum(change.kind.impact is impact for change in changes) for impact in Impact}
    return ", ".join(f"{count} {impact}" for impact, count in counts.items() if count)


def _group(subject: Subject) -> str:
    """The heading under which a change stands."""
    if subject.agent is not None:
        return f"agent {subject.agent}"
    if subject.part == "limit":
        return "limits"
    return f"{subject.part} {subject.name}".strip()


def _subject(subject: Subject) -> str:
    """What a change is about, under its heading."""
    match subject.part:
        case "handoff":
            return f"handoff to {subject.name}"
        case "tool":
            return f"tool {subject.name}"
        case "limit":
            return subject.name
        case _:
            return subject.key or ""


def _is_words(change: Change) -> bool:
    return change.kind in _PROSE and isinstance(change.old, str) and isinstance(change.new, str)


def _is_long(change: Change) -> bool:
    """Whether a word diff has lines of its own."""
    return change.kind in _LONG or (_is_words(change) and "\n" in f"{change.old}{change.new}")


def _pieces(change: Change) -> Iterator[Piece]:
    return elided(word_diff(str(change.old), str(change.new)))


def _values(change: Change) -> list[str]:
    """The old and the new value, as far as they say something."""
    values = (change.old, change.new)
    if change.kind in _BY_NOTE or values == (None, None):
        return []
    if change.kind in _ONE_SIDED:
        return [_shown(value) for value in values if value is not None]
    return [_shown(value) for value in values]


def _shown(value: object) -> str:
    """A value as it is written in YAML, more or less."""
    if value is None:
        return "not set"
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    text = json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _place(change: Change) -> str:
    return f"{change.where.path}:{change.where.line}:{change.where.column}" if change.where else ""
