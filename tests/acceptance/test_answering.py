"""``orchestrate run`` asks for a yes, now or later, and writes its answers in the form that is wanted."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.events import LiveEvent, from_json
from tests.support.chat_server import call, error, say
from tests.support.cli import Done
from tests.support.desk import Desk, a_desk
from tests.support.stories import answered, keep

CHANGED = "the agents have changed since this session was held\n"
NOBODY = "Error: this call was denied: nobody is there to approve it. It was not made."
PAY = call(("pay", {"amount": 5}))
FIRST, THIRD = (f"call_{number:024d}" for number in (1, 3))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose money needs a yes."""
    with a_desk(tmp_path) as desk:
        yield desk


# ---- standard input


def test_all_of_standard_input_is_one_message(desk: Desk) -> None:
    told = "Error: NobodyToAsk: nobody is there to answer: standard input has ended"
    done = desk.run("-", lines="one\n\ntwo\n", replies=[call(("who", {})), say("Hm.")])
    assert done == Done(0, "Hm.\n", f"→ who()\nWho are you? \n✗ who: {told}\n")
    assert desk.said[1:] == ["one\n\ntwo\n", told]
    empty = Done(2, "", "error: standard input is empty: there is no message\n")
    assert desk.run("-", lines="") == desk.run("-", lines=" \n\n") == empty


def test_a_question_that_nobody_answers_waits_if_it_may(desk: Desk) -> None:
    asked = desk.run("hello", "--session", "bob", "--approve", "pause", replies=[call(("who", {}))])
    again = f"go on with: orchestrate run {desk.file} --session bob\n"
    assert asked == Done(6, "", f"→ who()\nWho are you? \n{again}")
    replies = [say("Hi."), say("Yes?")]
    done = desk.run("--session", "bob", "--approve", "pause", lines="Bob\nmore\n", replies=replies)
    assert done == Done(0, "Hi.\nYes?\n", "→ who()\nWho are you? \n")
    assert desk.said[1:] == ["hello", "it is Bob", "Hi.", "more"]


# ---- formats


LET_ME = call(("pay", {"amount": 5}), text="Let me.")
QUIET = {
    "answered": ([LET_ME, say("Done.")], 0, "Done.\n", ""),
    "ended": ([call(("leave", {}), text="Let me.")], 0, "Goodbye.\n", ""),
    "failed": ([LET_ME, error(400)], 3, "", "the run ended: failed: model 'm' at {url}: answered 400: Bad Request\n"),
    "limit": ([LET_ME], 4, "", "the run ended: limit: model_calls: 1\n"),
}


@pytest.mark.parametrize("case", QUIET)
def test_quiet_is_the_last_word_and_nothing_else(desk: Desk, case: str) -> None:
    replies, code, out, told = QUIET[case]
    if case == "limit":
        desk.edit("entry: front\n", "entry: front\nlimits: {model_calls: 1}\n")
    done = desk.run("go", "--quiet", "--approve", "all", replies=replies)
    assert done == Done(code, out, told.format(url=desk.server.url))


def test_quiet_through_a_pipe_is_an_answer_for_each_turn(desk: Desk) -> None:
    replies = [LET_ME, say("One."), error(400), say("Three.")]
    done = desk.run("--quiet", "--approve", "all", lines="one\ntwo\nthree\n", replies=replies)
    failed = f"the run ended: failed: model 'm' at {desk.server.url}: answered 400: Bad Request\n"
    assert done == Done(3, "One.\nThree.\n", failed)


def test_group_33_quiet_gives_the_answer_that_was_kept_and_never_shown(desk: Desk) -> None:
    """The process was killed behind the last word of the model, before the end of the run."""
    keep(desk.store, "session_1042000000000000", answered("Hello", "Hi.")[:-1], name="bob")
    desk.edit("front", "triage")  # the agent of that session
    assert desk.run("--session", "bob", "--quiet") == Done(0, "Hi.\n", CHANGED)
    assert desk.run("--session", "bob", "--quiet") == Done(0, "", "")


def test_markdown_is_a_document(desk: Desk) -> None:
    replies = [LET_ME, call(("transfer_to_back", {})), say("# Done"), error(400)]
    done = desk.run("--format", "markdown", "--approve", "all", lines="go\nmore\n", replies=replies)
    assert (done.code, done.err) == (3, "")
    assert (
        re.sub(r"\d+ ms", "5 ms", done.out)
        == f"""\
## You

go

## Front

Let me.

`pay` needs a yes:

```json
{{"amount": 5}}
```

`pay`: allowed without asking

**`pay`** · 5 ms

```json
{{"amount": 5}}
```

```text
paid 5 to Bob
```

*⇒ Back*

## Back

> # Done

## You

more

*the run ended: failed: model 'm' at {desk.server.url}: answered 400: Bad Request*
"""
    )


def test_json_lines_are_what_is_kept_and_what_is_only_shown(desk: Desk) -> None:
    done = desk.run("go", "--session", "bob", "--format", "jsonl", "--approve", "pause", replies=[PAY])
    replies = [say("Paid."), say("Yes?")]
    more = desk.run("more", "--continue", "--format", "jsonl", "--approve", "all", replies=replies)
    assert (done.code, done.err) == (6, desk.told('pay({"amount": 5})'))
    assert (more.code, more.err) == (0, "")
    lines = [*done.out.splitlines(), *more.out.splitlines()]
    recorded = [line for line in lines if not isinstance(from_json(line), LiveEvent)]
    assert recorded == desk.sessions("export", "bob", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["type"] for line in lines] == [
        *("run_started", "model_asked", "tool_announced", "model_responded", "approval_requested"),
        *("run_resumed", "approval_given", "tool_started", "tool_finished"),
        *("model_asked", "text_delta", "model_responded", "run_finished"),
        *("run_started", "model_asked", "text_delta", "model_responded", "run_finished"),
    ]


# ---- who says yes


WANTS = 'front wants to call pay({"amount": 5}). Allow it? (yes/no/always) '
DENIED = f"✗ pay: {NOBODY}\n"
PIPED = {
    "by default": ((), "yes\n", DENIED),
    "all": (("--approve", "all"), "", "→ pay(amount=5)\n"),
    "none": (("--approve", "none"), "yes\n", DENIED),
    "ask": (("--approve", "ask"), "yes\n", f"{WANTS}\n→ pay(amount=5)\n"),
    "ask, and nobody answers": (("--approve", "ask"), "", f"{WANTS}\n{DENIED}"),
}


@pytest.mark.parametrize("case", PIPED)
def test_group_34_who_says_yes_in_a_pipe(desk: Desk, case: str) -> None:
    options, lines, told = PIPED[case]
    done = desk.run("go", *options, lines=lines, replies=[PAY, say("Well.")])
    assert done == Done(0, "Well.\n", told)
    assert desk.paid == ("5 to Bob\n" if "→" in told else "")


ASKED = """\
Front wants to call pay:
  {
    "amount": 5
  }
Allow it? [y]es, [n]o, [e]dit, [a]lways: """
TYPED = {
    "by default": ((), f"{ASKED}y\n→ pay(amount=5)\nFront: Well.\n"),
    "all": (("--approve", "all"), "→ pay(amount=5)\nFront: Well.\n"),
    "none": (("--approve", "none"), f"{DENIED}Front: Well.\n"),
}


@pytest.mark.parametrize("case", TYPED)
def test_group_34_who_says_yes_on_a_terminal(desk: Desk, case: str) -> None:
    options, screen = TYPED[case]
    with desk.terminal("go", *options, replies=[PAY, say("Well.")]) as terminal:
        if ASKED in screen:
            terminal.wait_for("[a]lways: ")
            terminal.type("y\n")
        assert terminal.left() == 0
        assert terminal.screen == screen
    assert desk.paid == ("5 to Bob\n" if "→" in screen else "")


def test_group_34_a_call_that_is_left_open_on_a_terminal_is_asked_again(desk: Desk) -> None:
    waits = desk.told('pay({"amount": 5})')
    with desk.terminal("go", "--session", "bob", "--approve", "pause", replies=[PAY]) as terminal:
        assert terminal.left() == 6
        assert terminal.screen == waits
    with desk.terminal("--session", "bob", replies=[]) as terminal:
        terminal.wait_for("[a]lways: ")
        terminal.type("\x04")
        assert terminal.left() == 6
        assert terminal.screen == f"{ASKED}\n{waits}"
    assert desk.paid == ""


# ---- a yes later


def test_group_33_34_calls_wait_until_all_have_their_verdict(desk: Desk) -> None:
    wanted = call(("pay", {"amount": 5}), ("pay", {"amount": 6, "to": "Al"}), ("shut", {"account": "x"}))
    first, second, third = 'pay({"amount": 5})', 'pay({"amount": 6, "to": "Al"})', 'shut({"account": "x"})'
    waiting = desk.run("go", "--session", "bob", "--approve", "pause", replies=[wanted])
    assert waiting == Done(6, "", desk.told(first, second, third))
    edited = '{"amount": 4}'
    assert desk.sessions("approve", "bob", "--call", FIRST, "--arguments", edited).code == 0
    assert desk.sessions("approve", "bob", "--call", THIRD, "--deny", "still in use").code == 0
    denied = "Error: the person denied this call: still in use. It was not made."
    again = desk.run("--session", "bob", "--approve", "pause")
    assert again == Done(6, "", f"✗ shut: {denied}\n{desk.told(second)}")
    assert desk.paid == ""
    assert desk.sessions("approve", "bob", "--always").out == f"approved for always: Front: {second}\n"
    done = desk.run("--session", "bob", replies=[say("Done.")])
    assert done == Done(0, "Done.\n", "→ pay(amount=4)\n→ pay(amount=6, to='Al')\n")
    assert sorted(desk.paid.splitlines()) == ["4 to Bob", "6 to Al"]  # the two ran side by side
    changed = f"The person changed the arguments to {edited}.\npaid 4 to Bob"
    assert desk.said[2:] == [changed, "paid 6 to Al", denied]
    calls = [made["function"]["arguments"] for made in desk.asked[2]["tool_calls"]]
    assert calls == [edited, '{"amount": 6, "to": "Al"}', '{"account": "x"}']


SHOWN = """\
── turn 1, TODAY ──
   1  NOW  You
    go
   3  NOW  Front · m · 5 ms
    → pay
   4  NOW  ? pay(amount=5) needs a yes
   5  NOW  ✓ pay: allowed by the person
    with other arguments: {"amount": 4}
   6  NOW  the run goes on, TODAY
   8  NOW  ✓ pay(amount=4) · 5 ms
    paid 4 to Bob
  10  NOW  Front · m · 5 ms
    Paid.
  11  NOW  answered · 2 model calls · 1 tool call · 9 tokens · 5 ms

── turn 2, TODAY ──
  12  NOW  You
    more
  14  NOW  Front · m · 5 ms
    Yes?
  15  NOW  answered · 1 model call · 9 tokens · 5 ms
"""


def test_group_33_a_whole_conversation_is_shown_with_what_was_approved(desk: Desk) -> None:
    desk.run("go", "--session", "bob", "--approve", "pause", replies=[PAY])
    desk.sessions("approve", "bob", "--arguments", '{"amount": 4}')
    desk.run("more", "--session", "bob", replies=[say("Paid."), say("Yes?")])
    shown = desk.sessions("show", "bob").out.partition("\n\n")[2]
    for what, instead in ((r"\d{4}-\d\d-\d\d", "TODAY"), (r"\d\d:\d\d:\d\d", "NOW"), (r"\d+ ms", "5 ms")):
        shown = re.sub(what, instead, shown)
    assert re.sub(r"\d+ tokens", "9 tokens", shown) == SHOWN


def test_group_34_always_is_for_this_tool_and_this_agent_and_outlives_the_process(desk: Desk) -> None:
    desk.run("go", "--session", "bob", "--approve", "pause", replies=[PAY])
    assert desk.sessions("approve", "bob", "--always").code == 0
    desk.run("--session", "bob", replies=[say("Done.")])
    both = call(("pay", {"amount": 7}), ("shut", {"account": "y"}))
    again = desk.run("again", "--session", "bob", replies=[both, say("Done.")])
    assert again == Done(0, "Done.\n", f"✗ shut: {NOBODY}\n→ pay(amount=7)\n")
    other = desk.run("back", "--session", "bob", "--agent", "back", replies=[PAY, say("No.")])
    assert other == Done(0, "No.\n", DENIED)
    elsewhere = desk.run("go", "--session", "al", replies=[PAY, say("No.")])
    assert elsewhere == Done(0, "No.\n", DENIED)
    assert desk.paid == "5 to Bob\n7 to Bob\n"


def test_group_34_arguments_that_do_not_fit_the_tool_are_told_to_the_model(desk: Desk) -> None:
    desk.run("go", "--session", "bob", "--approve", "pause", replies=[PAY])
    assert desk.sessions("approve", "bob", "--arguments", '{"amount": "much"}').code == 0
    done = desk.run("--session", "bob", replies=[say("Hm.")])
    assert (done.code, done.out, desk.paid) == (0, "Hm.\n", "")
    assert desk.said[-1].startswith('The person changed the arguments to {"amount": "much"}.\nError: ')


def test_group_33_an_unfinished_turn_comes_before_the_next_message(desk: Desk) -> None:
    desk.run("go", "--session", "bob", "--approve", "pause", replies=[PAY])
    waits = desk.told('pay({"amount": 5})')
    unsent = desk.run("more", "--continue", "--approve", "pause")
    assert unsent == Done(6, "", f"the message was not sent: the turn before it is not finished\n{waits}")
    assert desk.sessions("approve", "bob").code == 0
    done = desk.run("more", "--continue", "--approve", "pause", replies=[say("Paid."), say("Yes?")])
    assert done == Done(0, "Paid.\nYes?\n", "→ pay(amount=5)\n")
    assert desk.said[1:] == ["go", "paid 5 to Bob", "Paid.", "more"]


def test_a_store_that_others_would_not_find_is_named_in_what_to_do_next(desk: Desk) -> None:
    store, place = desk.file.with_name("my kept.db"), desk.file.parent / ".orchestrate/sessions.db"
    pause = ("go", "--session", "bob", "--approve", "pause")
    named = desk.run(*pause, "--store", store, replies=[PAY])
    assert named == Done(6, "", desk.told('pay({"amount": 5})', option=f" --store '{store}'"))
    elsewhere = desk.run(*pause, replies=[PAY], ORCHESTRATE_STORE="")
    assert elsewhere == Done(6, "", desk.told('pay({"amount": 5})', option=f" --store {place}"))
