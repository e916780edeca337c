"""A session as people read it afterwards: whole pages, and texts that can't break out of them."""

import io
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from orchestrator.events import (
    ApprovalGiven,
    ModelAsked,
    ModelRestarted,
    RecordedEvent,
    Retrying,
    RunFinished,
    RunResumed,
    RunStarted,
    TextDelta,
    ToolAnnounced,
    ToolFinished,
    ToolStarted,
)
from orchestrator.messages import ToolCall
from orchestrator.render.sessions import ago, short_ids, table
from orchestrator.render.times import day_and_time, took
from orchestrator.render.transcript import MarkdownView, document, standing, transcript
from orchestrator.render.transcript.words import verdict
from orchestrator.state import fold
from tests.support.fakes import agent, graph
from tests.support.stories import LOOK_UP, REFUND, Clock, answered, broken_off, pending, refund

REFUND_PAGE = """\
── turn 1, 2024-05-21 ──
   1  12:00:00  You
    I want a refund
    for my boots
   3  12:00:00  Triage · fast · 400 ms
    → transfer_to_issues_and_repairs
   4  12:00:00  ⇒ Issues and Repairs
   6  12:00:01  asking model 'fast' instead: model 'careful' answered 503
   8  12:00:03  Issues and Repairs · fast · 2.5 s
    Let me **find** that.
    → look_up_item
    → execute_refund
   9  12:00:03  ? execute_refund(item_id='item_7', reason='too small') needs a yes
  10  12:00:33  ✓ execute_refund: allowed by the person
    with other arguments: {"item_id": "item_7", "reason": "does not fit"}
  13  12:00:33  ✓ look_up_item(search_query='boots') · 12 ms
    item_1
    item_2
    item_3
    item_4
    item_5
    item_6
    item_7
    item_8
    item_9
    item_10
    … 2 more lines
  14  12:00:33  ? execute_refund asks
    To which account?
  15  12:00:37  You
    The first.
  16  12:00:38  ✗ execute_refund(item_id='item_7', reason='does not fit') · 5.0 s
    Error: the account is closed
  17  12:00:38  the 2 oldest messages are no longer sent to the model
  19  12:00:39  Issues and Repairs · fast · 1.0 s
    # Sorry

    It is closed.
  20  12:00:39  answered · 4 model calls · 1 handoff · 2 tool calls · 1,204 tokens · 1 min 15 s"""

BROKEN_OFF_PAGE = """\
── turn 1, 2024-05-21 ──
  1  12:00:00  You
    Both
  3  12:00:00  Triage · fast · 400 ms
    → look_up_item
    → transfer_to_sales
  4  13:00:00  the run goes on, 2024-05-22
  5  13:00:00  ✗ look_up_item(search_query='boots')
    Not executed: the run ended.
  5  13:00:00  ✗ transfer_to_sales()
    Not executed.
  5  13:00:00  the run ended: limit: tool_calls: 1"""

REFUND_DOCUMENT = """\
# A \\*bold\\* title

- file: a\\_b.yaml

## You

I want a refund
for my boots

*⇒ Issues and Repairs*

*asking model 'fast' instead: model 'careful' answered 503*

## Issues and Repairs

Let me **find** that.

`execute_refund` needs a yes:

```json
{"item_id": "item_7", "reason": "too small"}
```

`execute_refund`: allowed by the person; the arguments were changed

**`look_up_item`** · 12 ms

```json
{"search_query": "boots"}
```

```text
item_1
item_2
item_3
item_4
item_5
item_6
item_7
item_8
item_9
item_10
item_11
item_12
```

`execute_refund` asks:

To which account?

`execute_refund` is told:

The first.

**`execute_refund`** · 5.0 s · an error

```json
{"item_id": "item_7", "reason": "does not fit"}
```

```text
Error: the account is closed
```

*the 2 oldest messages are no longer sent to the model*

> # Sorry
>
> It is closed.
"""

BROKEN_OFF_DOCUMENT = """\
# Both

## You

Both

*The run goes on.*

## Triage

**`look_up_item`**

```json
{"search_query": "boots"}
```

```text
Not executed: the run ended.
```

**`transfer_to_sales`**

```text
Not executed.
```

*the run ended: limit: tool\\_calls: 1*
"""


@pytest.fixture(autouse=True)
def _noon_is_at_twelve(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


# ---- on a terminal


def test_a_page_shows_each_event_with_its_number_and_time() -> None:
    assert "\n".join(transcript(refund())) == REFUND_PAGE


def test_a_page_shows_how_a_run_broke_off() -> None:
    assert "\n".join(transcript(broken_off())) == BROKEN_OFF_PAGE


def test_a_full_page_cuts_nothing() -> None:
    page = list(transcript(refund(), full=True))
    assert "    item_12" in page
    assert '  13  12:00:33  ✓ look_up_item({"search_query": "boots"}) · 12 ms' in page


def test_a_long_line_of_a_result_is_cut_unless_the_page_is_full() -> None:
    clock = Clock("run_1")
    events = [
        *pending(LOOK_UP),
        ToolStarted(**clock(), call_id="call_2"),
        ToolFinished(**clock(), call_id="call_2", content="x" * 500),
    ]
    assert f"    {'x' * 200}…" in transcript(events)
    assert f"    {'x' * 500}" in transcript(events, full=True)


def test_a_second_turn_stands_apart() -> None:
    lines = list(transcript([*answered(), *answered("And now?", run=2)]))
    assert lines[lines.index("── turn 2, 2024-05-21 ──") - 1] == ""


def test_colours_are_only_around_the_texts() -> None:
    colored = "\n".join(transcript(refund(), color=True))
    assert "\x1b[1m── turn 1, 2024-05-21 ──\x1b[0m" in colored
    assert "\x1b" not in "\n".join(transcript(refund()))


def test_what_a_model_and_a_tool_say_does_not_steer_the_terminal() -> None:
    bad = "\x1b[2J\x07\u202e\r"
    call = ToolCall(f"id{bad}", f"tool{bad}", f'{{"{bad}": 1}}')
    clock = Clock("run_1")
    events = [
        *answered(f"user{bad}", f"reply{bad}"),
        *pending(call, run=2),
        ApprovalGiven(**clock(), call_id=call.id, verdict="denied", by="rule", reason=bad, arguments=f'{{"{bad}": 2}}'),
        ToolFinished(**clock(), call_id=call.id, content=bad, error=True),
    ]
    shown = "\n".join([*transcript(events, full=True), *transcript(events), document(bad, {"file": bad}, events)])
    assert not {"\x1b", "\x07", "\u202e", "\r"} & set(shown)


def test_group_33_what_an_unfinished_run_waits_for() -> None:
    other = ToolCall("call_4", "execute_refund", "{}")
    state = fold("s", pending(REFUND, other))
    assert list(standing(state)) == [
        'call_3  execute_refund({"item_id": "item_7", "reason": "too small"}) needs a yes',
        "call_4  execute_refund({}) needs a yes",
    ]
    denied = ApprovalGiven(
        run_id="run_1", at=0, call_id="call_4", verdict="denied", by="person", reason="too expensive"
    )
    assert list(standing(fold("s", [*pending(REFUND, other), denied])))[1] == (
        "call_4  execute_refund({}) was denied by the person: too expensive"
    )


@pytest.mark.parametrize(
    ("count", "stands"),
    [(11, "was allowed by the person"), (12, "had begun, and has no result"), (14, "waits for an answer")],
    ids=["approved", "begun", "asking"],
)
def test_group_33_how_a_call_stands_where_a_session_was_cut(count: int, stands: str) -> None:
    told = list(standing(fold("s", refund()[:count])))[-1]
    assert told == f'call_3  execute_refund({{"item_id": "item_7", "reason": "does not fit"}}) {stands}'


# ---- as a document


def test_a_document_of_a_session() -> None:
    assert document("A *bold* title", {"file": "a_b.yaml"}, refund()) == REFUND_DOCUMENT
    assert document("Both", {}, broken_off()) == BROKEN_OFF_DOCUMENT


def test_a_conversation_is_written_as_it_happens_just_as_it_is_exported() -> None:
    out = io.StringIO()
    view = MarkdownView(None, out)
    for event in [*refund(), *answered(run=2)]:
        view(event)
    assert document("T", {}, [*refund(), *answered(run=2)]) == f"# T\n\n{out.getvalue()}"


def test_live_events_are_no_part_of_a_document() -> None:
    out = io.StringIO()
    view = MarkdownView(None, out)
    for event in (
        TextDelta(text="half"),
        ToolAnnounced(index=0, name="x"),
        Retrying(model="m", reason="r", seconds=2, attempt=2),
        ModelRestarted(model="m", reason="r"),
    ):
        view(event)
    assert out.getvalue() == ""


def test_agents_have_their_labels_where_the_graph_is_there() -> None:
    out = io.StringIO()
    view = MarkdownView(graph(agent("triage", label="The desk")), out)
    for event in answered():
        view(event)
    assert out.getvalue() == "## You\n\nHello\n\n## The desk\n\nHi.\n"


def test_group_33_a_session_that_goes_on_knows_the_calls_from_before() -> None:
    clock = Clock("run_1")
    rest: list[RecordedEvent] = [
        RunResumed(**clock()),
        ApprovalGiven(**clock(), call_id="call_3", verdict="granted", by="person"),
        ToolStarted(**clock(), call_id="call_3"),
        ToolFinished(**clock(0.1), call_id="call_3", content="done"),
    ]
    known, unknown = io.StringIO(), io.StringIO()
    for out, earlier in ((known, pending()), (unknown, [])):
        view = MarkdownView(None, out)
        view.recall(earlier)
        for event in rest:
            view(event)
    assert "**`execute_refund`** · 100 ms\n\n```json\n" in known.getvalue()
    assert "needs a yes" not in known.getvalue()
    assert "**`call_3`** · 100 ms\n\n```text\ndone\n```\n" in unknown.getvalue()


def test_the_last_word_of_a_tool_that_ends_a_run_is_an_answer() -> None:
    ended = RunFinished(run_id="run_1", at=0, status="ended", detail="Goodbye.")
    begun: list[RecordedEvent] = [
        RunStarted(run_id="run_1", at=0, message="x", agent="a"),
        ModelAsked(run_id="run_1", at=0, agent="a", model="m"),
    ]
    assert document("T", {}, [*begun, ended]) == "# T\n\n## You\n\nx\n\n## A\n\nGoodbye.\n"
    assert list(transcript([*begun, ended]))[-1] == "    Goodbye."


TEXTS = {
    "plain": ("Hello *you*\n\n- a\n- b", "Hello *you*\n\n- a\n- b"),
    "a fence that is closed": ("```py\nx\n```", "```py\nx\n```"),
    "a fence that is open": ("a\n```py\nx", "````markdown\na\n```py\nx\n````"),
    "a fence of tildes": ("~~~\nx", "```markdown\n~~~\nx\n```"),
    "a heading": ("## You\nI agree", "> ## You\n> I agree"),
    "a heading with a line below": ("You\n===\n\nI agree", "> You\n> ===\n>\n> I agree"),
    "code behind a tab, below a heading": ("a\n---\n\t<!--", "> a\n> ---\n>     <!--"),
    "HTML that hides what follows": ("<!-- a", "```markdown\n<!-- a\n```"),
    "HTML within a line": ("a <details> b", "```markdown\na <details> b\n```"),
    "HTML that is shown": ("Use `<b>` here", "Use `<b>` here"),
    "a picture": ("![x](https://example.org/?q=secret)", "```markdown\n![x](https://example.org/?q=secret)\n```"),
    "a picture in a line": ("- see ![x](y)", "```markdown\n- see ![x](y)\n```"),
    "line ends of Windows": ("a\r\nb", "a\nb"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_text_ends_where_it_ends(case: str) -> None:
    text, shown = TEXTS[case]
    assert document("T", {}, answered("x", text)) == f"# T\n\n## You\n\nx\n\n## Triage\n\n{shown}\n"


PIECES = st.lists(
    st.sampled_from(
        (
            *"`~#>-+*_=<![]()&|\\ \n\t1.",
            *("```", "~~~~", "\n\n", "    ", "<!--", "<pre>", "<?x", "</div>", "## You", "\n---\n"),
            *("- a", "1. b", "text", "[a]: <b", "\n> "),
        )
    ),
    max_size=14,
).map("".join)


@settings(max_examples=400, deadline=None)
@given(PIECES, PIECES, PIECES)
def test_no_text_changes_what_a_document_consists_of(said: str, replied: str, result: str) -> None:
    clock = Clock("run_2")
    events = [
        *answered(said, replied),
        *pending(ToolCall("c", result, result), run=2),
        ToolStarted(**clock(), call_id="c"),
        ToolFinished(**clock(), call_id="c", content=result),
        *answered("the end", "The end.", run=3),
    ]
    tokens = MarkdownIt("commonmark").parse(document("T", {}, events))
    headings = [
        tokens[place + 1].content
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and not token.level
    ]
    speakers = ["You", *(["Triage"] if replied.strip() else []), "You", "Issues and Repairs", "You", "Triage"]
    assert headings == ["T", *speakers]
    kinds = {token.type for token in tokens} | {part.type for token in tokens for part in token.children or ()}
    assert not kinds & {"html_block", "html_inline", "image"}
    assert tokens[-2].content == "The end."


def test_a_text_that_would_take_long_to_understand_is_code() -> None:
    text = "[" * 1_000_000
    assert document("T", {}, answered("x", text)).endswith(f"```markdown\n{text}\n```\n")


# ---- words


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 ms"),
        (0.0124, "12 ms"),
        (0.9996, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 0 min"),
        (90_000, "25 h 0 min"),
        (float("inf"), "for ever"),
    ],
)
def test_how_long_it_took(seconds: float, told: str) -> None:
    assert took(seconds) == told


@pytest.mark.parametrize("at", [float("nan"), 1e20, -1e20])
def test_a_time_that_no_calendar_has(at: float) -> None:
    assert day_and_time(at) == "?"


@pytest.mark.parametrize(
    ("passed", "told"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86399, "23 h ago"),
        (86400, "yesterday"),
        (59 * 86400, "59 days ago"),
        (61 * 86400, "2024-03-21"),
        (-10, "just now"),
        (-3600, "2024-05-21 13:00:00"),
    ],
)
def test_when_it_was(passed: float, told: str) -> None:
    now = Clock("").now
    assert ago(now - passed, now) == told


def test_group_34_who_decided_and_how() -> None:
    def told(**fields: str) -> str:
        return verdict(ApprovalGiven(run_id="r", at=0, call_id="c", **fields))  # type: ignore[arg-type]  # literals

    assert told(verdict="denied", by="person", reason="no") == "denied by the person: no"
    assert told(verdict="denied", by="policy") == "denied without asking"
    assert told(verdict="granted", by="rule") == "allowed by the tool's rule"
    assert told(verdict="granted", by="always") == "allowed as it was always allowed"
    assert told(verdict="always", by="person") == "allowed by the person, from now on always for this tool and agent"


def test_a_table_is_aligned_without_empty_columns_and_no_wider_than_it_may_be() -> None:
    rows = [("1", "", "顧客 here"), ("22", "", "line\nbreak\x1b[0m")]
    assert list(table(("ID", "NAME", "TITLE"), rows)) == ["ID  TITLE", "1   顧客 here", "22  line break [0m"]
    assert list(table(("ID", "NAME", "TITLE"), rows, 8)) == ["ID  TIT…", "1   顧…", "22  lin…"]


def test_short_ids_tell_each_from_the_others() -> None:
    assert short_ids(["session_0123456789", "session_0123456799", "mine"]) == ["012345678", "012345679", "mine"]
    assert short_ids(["session_0123456789abcdef"]) == ["01234567"]
    assert short_ids([]) == []
