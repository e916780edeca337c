"""What a person gets to see of a conversation, on a good day and on a bad one: whole outputs."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from orchestrator.errors import ModelError
from orchestrator.events import (
    ApprovalGiven,
    Event,
    FellBack,
    HistoryTrimmed,
    ModelAsked,
    ModelResponded,
    ModelRestarted,
    Retrying,
    RunFinished,
    TextDelta,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)
from orchestrator.messages import AssistantMessage, ToolCall
from orchestrator.model import Model
from orchestrator.render.conversation import TextView, json_lines, note
from tests.support.fakes import Session, agent, breaks, graph, say

DOWN = "model 'fast' at http://localhost/v1: answered 503: overloaded"
ONE = graph(agent("helper", model=Model("m", "fast")))


class Screen(io.StringIO):
    """A terminal that takes no colours."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@dataclass(frozen=True)
class Seen:
    """What one person saw at a terminal, and another one got through a pipe: standard output and standard error."""

    screen: str
    out: str
    err: str


def seen(events: Sequence[Event]) -> Seen:
    screen, out, err = Screen(), io.StringIO(), io.StringIO()
    for view in (TextView(ONE, screen, screen), TextView(ONE, out, err)):
        for event in events:
            view(event)
    return Seen(screen.getvalue(), out.getvalue(), err.getvalue())


def asked() -> ModelAsked:
    return ModelAsked(run_id="run_1", at=0, agent="helper", model="fast")


def text(*pieces: str) -> list[Event]:
    return [TextDelta(text=piece) for piece in pieces]


def reply(content: str | None, *calls: ToolCall) -> ModelResponded:
    return ModelResponded(run_id="run_1", at=0, message=AssistantMessage(content, calls))


def again(seconds: float, attempt: int, reason: str = DOWN) -> Retrying:
    return Retrying(model="fast", reason=reason, seconds=seconds, attempt=attempt)


def fell(reason: str = DOWN) -> FellBack:
    return FellBack(run_id="run_1", at=0, from_model="fast", to_model="careful", reason=reason)


RESTARTED = ModelRestarted(model="fast", reason=DOWN)
VOID = "… (the answer broke off; it begins anew)\n"


def test_a_terminal_streams_and_a_pipe_gets_whole_answers() -> None:
    begun = [asked(), *text("It is ", "4")]
    assert seen(begun) == Seen("Helper: It is 4", "", "")
    assert seen([*begun, *text("2."), reply("It is 42.")]) == Seen("Helper: It is 42.\n", "It is 42.\n", "")


def test_an_answer_that_did_not_stream_is_shown_all_the_same() -> None:
    assert seen([asked(), reply("It is 42.")]) == Seen("Helper: It is 42.\n", "It is 42.\n", "")


def test_a_void_beginning_is_marked_on_a_terminal_and_never_written_to_a_pipe() -> None:
    events = [asked(), *text("It is 41"), again(2.4, 2), RESTARTED, *text("It is 42."), reply("It is 42.")]
    told = f"trying again in 2 s (attempt 2): {DOWN}\n"
    assert seen(events) == Seen(f"Helper: It is 41\n{told}{VOID}Helper: It is 42.\n", "It is 42.\n", told)


def test_a_call_that_was_announced_is_no_answer_that_broke_off() -> None:
    assert seen([asked(), RESTARTED, reply("It is 42.")]) == Seen("Helper: It is 42.\n", "It is 42.\n", "")


def test_text_is_shown_once_when_the_run_is_cancelled_in_the_pause() -> None:
    cut = ModelResponded(run_id="run_1", at=0, message=AssistantMessage("It is"), finish="length")
    events = [asked(), *text("It is"), again(30, 2), cut, RunFinished(run_id="run_1", at=0, status="cancelled")]
    told = f"trying again in 30 s (attempt 2): {DOWN}\n"
    assert seen(events) == Seen(
        f"Helper: It is\n{told}the run ended: cancelled\n", "It is\n", f"{told}the run ended: cancelled\n"
    )


PAUSES: dict[str, tuple[list[Event], str]] = {
    "a short one is not told": ([again(0.9, 2)], ""),
    "a second is": ([again(1.0, 2)], f"trying again in 1 s (attempt 2): {DOWN}\n"),
    "and so is a third attempt": ([again(0.25, 3)], f"trying again in 0.2 s (attempt 3): {DOWN}\n"),
    "a long one": ([again(59.7, 4)], f"trying again in 60 s (attempt 4): {DOWN}\n"),
    "another model": ([fell()], f"asking model 'careful' instead: {DOWN}\n"),
    "messages left out": (
        [HistoryTrimmed(run_id="run_1", at=0, messages=1200, tokens=9)],
        "the 1,200 oldest messages are no longer sent to the model\n",
    ),
    "one message left out": (
        [HistoryTrimmed(run_id="run_1", at=0, messages=1, tokens=9, reason="context_length")],
        "the oldest message is no longer sent to the model\n",
    ),
    "nothing that steers a terminal": (
        [again(5, 2, "a\x1b[2J\rb"), fell("c\u202ed\x9be\nf")],
        "trying again in 5 s (attempt 2): a␛[2J\nb\nasking model 'careful' instead: c\ufffdd\ufffde\nf\n",
    ),
    "markup and names of pictures are texts": (
        [fell("[red]:key:[/]")],
        "asking model 'careful' instead: [red]:key:[/]\n",
    ),
}


@pytest.mark.parametrize("case", PAUSES)
def test_group_17_a_bad_day_is_told(case: str) -> None:
    events, told = PAUSES[case]
    assert seen(events) == Seen(told, "", told)


def test_group_17_a_conversation_that_is_too_long_says_what_to_do() -> None:
    finished = RunFinished(run_id="run_1", at=0, status="context_length", detail="model 'fast': at most 8192 tokens")
    told = (
        "the run ended: context_length: model 'fast': at most 8192 tokens\n"
        "help: give the model history: {max_tokens: N}, or a smaller N, or take one with a longer context\n"
    )
    assert seen([asked(), finished]) == Seen(told, "", told)


def test_tools_can_not_steer_the_terminal() -> None:
    look = ToolCall("call_1", "look", "\x1b[31m")
    events: list[Event] = [
        asked(),
        reply(None, look),
        ToolStarted(run_id="run_1", at=0, call_id="call_1"),
        ToolProgress(call_id="call_1", text="half\x07 done"),
        ToolFinished(run_id="run_1", at=0, call_id="call_1", content="no\x1b[0m\nand more", error=True),
    ]
    told = "→ look(␛[31m)\n  look: half␇ done\n✗ look: no␛[0m\n"
    assert seen(events) == Seen(told, "", told)


def test_arguments_that_nest_without_end_are_shown_as_they_are() -> None:
    call = ToolCall("call_1", "look", "[" * 200_000)
    events: list[Event] = [asked(), reply(None, call), ToolStarted(run_id="run_1", at=0, call_id="call_1")]
    assert seen(events).err == f"→ look({'[' * 100}…)\n"


def test_group_34_the_arguments_shown_are_the_arguments_executed() -> None:
    edited = ApprovalGiven(run_id="run_1", at=0, call_id="call_1", verdict="granted", by="person", arguments='{"a": 2}')
    events: list[Event] = [
        asked(),
        reply(None, ToolCall("call_1", "look", '{"a": 1}')),
        edited,
        ToolStarted(run_id="run_1", at=0, call_id="call_1"),
    ]
    assert seen(events).err == "→ look(a=2)\n"


def test_group_33_calls_of_an_earlier_process_are_told() -> None:
    err = io.StringIO()
    view = TextView(ONE, io.StringIO(), err)
    view.recall([ToolCall("call_1", "look", '{"a": 1}')])
    for call_id in ("call_1", "call_2"):
        view(ToolStarted(run_id="run_2", at=0, call_id=call_id))
        view(ToolFinished(run_id="run_2", at=0, call_id=call_id, content="no", error=True))
    assert err.getvalue() == "→ look(a=1)\n✗ look: no\n→ call_2()\n✗ call_2: no\n"


def test_an_error_without_a_word_is_told() -> None:
    events: list[Event] = [
        asked(),
        reply(None, ToolCall("call_1", "look", "{}")),
        ToolFinished(run_id="run_1", at=0, call_id="call_1", content="", error=True),
    ]
    assert seen(events).err == "✗ look: \n"


async def test_group_17_a_session_that_falls_back_in_the_middle_of_an_answer() -> None:
    careful = Model("n", "careful")
    fallen = graph(agent("helper", model=Model("m", "fast", fallback=(careful,))))
    broken = ModelError(DOWN, kind="broken", transient=True, shown=True)
    session = await Session(fallen, breaks(broken, "It is ", "41"), say("It-is-42.")).say()
    told = f"asking model 'careful' instead: {DOWN}\n"
    assert seen(session.events) == Seen(f"Helper: It is 41\n{VOID}{told}Helper: It-is-42.\n", "It-is-42.\n", told)


def test_json_lines_hold_every_event_as_it_comes() -> None:
    out = io.StringIO()
    view = json_lines(out)
    view(RESTARTED)
    view(again(0.1, 2))
    assert out.getvalue() == (
        f'{{"model":"fast","reason":"{DOWN}","type":"model_restarted"}}\n'
        f'{{"model":"fast","reason":"{DOWN}","seconds":0.1,"attempt":2,"type":"retrying"}}\n'
    )


def test_notes_are_lines_that_do_no_harm() -> None:
    err = io.StringIO()
    note(["two turns", "[b]:key:\x1b[0m"], err)
    assert err.getvalue() == "two turns\n[b]:key:␛[0m\n"
