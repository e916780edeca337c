"""The pages that explain the codes of diagnostics: ``orchestrator/explanations/CODE.md``, one for each code.

A page begins with its title and one line of facts, has paragraphs, and ends with two sections of examples::

    # unknown-agent

    error in references: An agent is named that no file declares.

    Paragraphs of plain text, which may have `code` and **words** in them, and lists whose entries begin with `- `.
    Lines are at most 100 characters.

    ## Wrong

    ```yaml
    agents:
      desk: {model: some-model, instructions: You are at the desk., handoffs: [biling]}
    ```

    ## Right

    ```yaml
    ...
    ```

- The title is the code, which is the name of the file.
- The facts are ``SEVERITY in GROUP: SUMMARY``. The severity is error, warning or note, the group one of ``GROUPS``. The
  summary is a whole sentence on the same line; it stands in lists, in the table of the docs and in SARIF.
- An example is one or more blocks of code, each a file. Behind the kind of the block (``yaml``, ``python``,
  ``markdown``, ``text``) stands its path: ```` ```python tools/shop.py ````. Without one it is ``agents/bot.yaml``.
- Behind the path may stand words that say how the example is made, for what a page can't show:
  ``encoding=NAME`` writes the file in this encoding; ``repeat=N`` has the last line of the block N times in all;
  ``pipe`` makes a named pipe instead of a file; ``alone`` gives only this file to the command, not the whole folder;
  ``no-import`` checks as ``--no-import`` does.

The wrong example has its own code and nothing else (as often as it likes); the right one has no diagnostic at all. A
test lays both out in an empty folder and checks them.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from orchestrator.diagnostics import Severity

GROUPS = ("text", "shape", "references", "tools", "templates", "graph", "prose", "project")

_PAGE = re.compile(
    r"# (?P<code>[a-z-]+)\n\n(?P<severity>error|warning|note) in (?P<group>[a-z]+): (?P<summary>[^\n]+)\n\n"
    r"(?P<text>.+?)\n\n## Wrong\n\n(?P<wrong>.+?)\n\n## Right\n\n(?P<right>.+)\n",
    re.DOTALL,
)
_BLOCK = re.compile(r"^```(?P<kind>\w+)(?P<words>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_DEFAULT_PATH = "agents/bot.yaml"
_WORDS = {"encoding", "repeat", "pipe", "alone", "no-import"}


@dataclass(frozen=True, slots=True)
class File:
    """One file of an example: its text as the page shows it, and what is done to it when it is laid out.

    ``kind`` is the language of the block. ``repeat`` is how often the last line stands in the file.
    """

    path: str
    kind: str
    text: str
    encoding: str = "utf-8"
    repeat: int = 1
    pipe: bool = False
    alone: bool = False
    no_import: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a code means, with an example that has it and one that is mended. ``text`` is Markdown."""

    code: str
    severity: Severity
    group: str
    summary: str
    text: str
    wrong: tuple[File, ...]
    right: tuple[File, ...]


@cache
def explanations() -> Mapping[str, Explanation]:
    """Give all pages by their codes, in the order of the groups and then of the alphabet."""
    folder = files("orchestrator").joinpath("explanations")
    pages = [parse(page.read_text(encoding="utf-8")) for page in folder.iterdir() if page.name.endswith(".md")]
    pages.sort(key=lambda page: (GROUPS.index(page.group), page.code))
    return {page.code: page for page in pages}


def parse(page: str) -> Explanation:
    """Read a page.

    Raises ValueError when it has not the form that is described above.
    """
    found = _PAGE.fullmatch(page)
    if found is None or found["group"] not in GROUPS:
        raise ValueError(f"this is not a page of explanations: {page[:80]!r}")
    examples = {name: tuple(_files(found[name])) for name in ("wrong", "right")}
    if not all(examples.values()):
        raise ValueError(f"the page {found['code']!r} has a section without an example")
    severity = Severity(found["severity"])
    return Explanation(found["code"], severity, found["group"], found["summary"], found["text"], **examples)


def nearest(code: str) -> str | None:
    """Give the code that was probably meant."""
    found = difflib.get_close_matches(code.lower(), explanations(), n=1)
    return found[0] if found else None


def _files(section: str) -> Iterator[File]:
    for block in _BLOCK.finditer(section):
        words = block["words"].split()
        path = words.pop(0) if words and re.fullmatch(r"[^=]*\.[^=]*", words[0]) else _DEFAULT_PATH
        values = dict(word.partition("=")[::2] for word in words)
        if unknown := set(values) - _WORDS:
            raise ValueError(f"unknown words behind the kind of a block: {', '.join(sorted(unknown))}")
        yield File(
            path,
            block["kind"],
            block["text"],
            encoding=values.get("encoding", "utf-8"),
            repeat=int(values.get("repeat", 1)),
            pipe="pipe" in values,
            alone="alone" in values,
            no_import="no-import" in values,
        )
