"""Changes as Markdown: whatever the texts hold, what a reader sees is these texts."""

import html
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from orchestrator.diff import Change, FileDiff, Kind, Subject
from orchestrator.render.diff import as_markdown

SIGNS = (
    *(
        "a",
        "é",
        "*b*",
        "**t**",
        "_c_",
        "~~s~~",
        "`d`",
        "\\",
        "|",
        "!",
        "=",
        "--",
        "- ",
        "1.",
        "12)",
        "> q",
        "{x}",
        "$m$",
    ),
    *(
        "<b>",
        "&amp;",
        "<!-- c -->",
        "[l](u)",
        "www.x.y",
        ":smile:",
        "#1",
        "@x",
        "(p)",
        "“q”",
        "\n",
        "    code",
    ),
)
TEXTS = st.lists(st.sampled_from(SIGNS), min_size=1, max_size=6).map(" ".join)
MARKDOWN = MarkdownIt().enable(["table", "strikethrough"])


def shown(kind: Kind, old: str, new: str) -> str:
    """What stands in the table, or behind the summary, as HTML."""
    change = Change(kind, Subject("handoff", "sales", "triage"), old, new)
    page: str = MARKDOWN.render(as_markdown([FileDiff("old.yaml", "new.yaml", (change,))]))
    if "<details>" in page:
        return page.partition("</summary>")[2].partition("</details>")[0]
    cells: list[str] = re.findall(r"<td>(.*?)</td>", page, re.DOTALL)
    return cells[3]


def read(page: str, without: str) -> str:
    """The text that a reader sees but for what is marked, with blanks as single ones."""
    kept = re.sub(rf"<{without}>.*?</{without}>", "", page, flags=re.DOTALL)
    plain = html.unescape(re.sub(r"<br>", "\n", re.sub(r"<!-- -->|</?(p|s|strong)>", "", kept)))
    return " ".join(plain.split())


@pytest.mark.parametrize("kind", [Kind.WHEN_CHANGED, Kind.INSTRUCTIONS_CHANGED])
@given(old=TEXTS, new=TEXTS)
def test_no_sign_of_a_text_means_something(kind: Kind, old: str, new: str) -> None:
    assume(old != new)
    page = shown(kind, old, new)
    assert read(page, without="s") == " ".join(new.split())
    assert read(page, without="strong") == " ".join(old.split())
