"""The person at the front: what is asked, what an answer means, and what it leads to."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from io import StringIO
from typing import cast

import pytest

from orchestrator.cli.conversation.completing import Offers
from orchestrator.cli.conversation.front import Front
from orchestrator.cli.conversation.opening import Approve
from orchestrator.cli.conversation.person import AtTheFront
from orchestrator.errors import NobodyToAsk
from orchestrator.messages import ToolCall
from orchestrator.render.conversation import json_lines
from orchestrator.runner import ApprovalRequest, Question, Verdict

Capture = pytest.CaptureFixture[str]

ALLOW = "Allow it? [y]es, [n]o, [e]dit, [a]lways: "
NOBODY = Verdict("denied", "nobody is there to approve it", by="policy")
QUESTION = Question("sales", "pay", "Which account?")


class Lines:
    """Reads lines that were typed before; at a Ctrl-C among them it raises. It is a ``Reader``."""

    def __init__(self, *lines: str) -> None:
        self.lines = deque(lines)
        self.asked: list[tuple[str, str]] = []

    async def read(self, prompt: str) -> str | None:
        return self.next(prompt)

    def next(self, prompt: str, text: str = "") -> str | None:
        self.asked.append((prompt, text))
        line = self.lines.popleft() if self.lines else None
        if line == "\x03":
            raise KeyboardInterrupt
        return line


class Edited(Lines):
    """Reads answers that may begin as a text. It is an ``Editor``."""

    async def answer(self, prompt: str, text: str = "") -> str | None:
        return self.next(prompt, text)

    def learn(self, offers: Offers, keeps: Callable[[str], bool]) -> None:
        pass

    def unseen(self) -> AbstractContextManager[None]:
        return nullcontext()


def request(arguments: str = '{"amount": 7}') -> ApprovalRequest:
    return ApprovalRequest("sales", ToolCall("call_1", "pay", arguments))


def person(reader: Lines, approve: Approve = "ask", *, interactive: bool = True) -> AtTheFront:
    front = Front(json_lines(StringIO()), reader, interactive=interactive)
    return AtTheFront(front, approve, lambda: None, lambda name: {"sales": "The Shop"}[name])


DECIDED: dict[str, tuple[list[str], Verdict | None]] = {
    "yes": (["yes"], Verdict("granted")),
    "y": ([" Y "], Verdict("granted")),
    "always": (["a"], Verdict("always")),
    "no, without a reason": (["n", ""], Verdict("denied")),
    "no, and why when asked": (["no", "too dear "], Verdict("denied", "too dear")),
    "no, and why at once": (["no, because it is late"], Verdict("denied", "because it is late")),
    "no way": (["no way"], Verdict("denied", "no way")),
    "other arguments at once": (['e {"amount": 8}'], Verdict("granted", arguments='{"amount": 8}')),
    "other arguments when asked": (["edit", '{"amount":\n 8}'], Verdict("granted", arguments='{"amount": 8}')),
    "arguments that are none, then some": (
        ["e", "{8}", "[8]", '{"a": 1, "a": 2}', '{"amount": 8}'],
        Verdict("granted", arguments='{"amount": 8}'),
    ),
    "no other arguments after all": (["e", " ", "y"], Verdict("granted")),
    "something else, then yes": (["maybe", "yes please", "", "?", "nothing", "enter", "y"], Verdict("granted")),
    "the end": ([], None),
    "the end when asked why": (["n"], None),
    "the end while editing": (["e"], None),
}


@pytest.mark.parametrize("kind", [Lines, Edited])
@pytest.mark.parametrize("case", DECIDED)
async def test_34_what_an_answer_means(kind: type[Lines], case: str) -> None:
    lines, verdict = DECIDED[case]
    reader = kind(*lines)
    assert await person(reader).approve(request()) == verdict
    assert not reader.lines


SHOWN = {
    '{"amount": 7, "to": "Ann"}': 'The Shop wants to call pay:\n  {\n    "amount": 7,\n    "to": "Ann"\n  }\n',
    "{}": "The Shop wants to call pay, with no arguments.\n",
    "": "The Shop wants to call pay, with no arguments.\n",
    "{7}": "The Shop wants to call pay:\n  {7}\n",
    '{"to": "Ann", "to": "Bob"}': 'The Shop wants to call pay:\n  {"to": "Ann", "to": "Bob"}\n',
    '{"to": "\\u001b[2J\\u202eAnn\\u009b 世界"}': (
        'The Shop wants to call pay:\n  {\n    "to": "\\u001b[2J\\u202eAnn\\u009b 世界"\n  }\n'
    ),
}


@pytest.mark.parametrize("arguments", SHOWN)
async def test_34_the_arguments_are_shown_as_they_are_and_steer_nothing(capsys: Capture, arguments: str) -> None:
    await person(Lines("y")).approve(request(arguments))
    assert capsys.readouterr() == ("", SHOWN[arguments])


async def test_34_many_arguments_are_cut_and_shown_in_full_when_asked_for(capsys: Capture) -> None:
    arguments = '{"to": "' + "x" * 10_000 + 'END"}'
    reader = Lines("y")
    await person(reader).approve(request(arguments))
    told = capsys.readouterr().err
    assert "characters: answer `show` to see them" in told
    assert len(told) < 5_000
    await person(Lines("show", "y")).approve(request(arguments))
    assert "END" in capsys.readouterr().err


async def test_34_always_says_what_it_means(capsys: Capture) -> None:
    await person(Lines("always")).approve(request("{}"))
    assert capsys.readouterr().err.endswith("From now on The Shop calls pay unasked, in this session.\n")


async def test_34_arguments_begin_as_they_are_where_they_can_be_edited(capsys: Capture) -> None:
    reader = Edited("e", '{"amount": }', '{"amount": 8}')
    await person(reader).approve(request())
    assert reader.asked == [
        (ALLOW, ""),
        ("arguments: ", '{\n  "amount": 7\n}'),
        ("arguments: ", '{"amount": }'),
    ]
    told = "this is no JSON from line 1, column 12 on. Change it, or leave it empty to be asked again.\n"
    assert capsys.readouterr().err.endswith(told)


POLICIES: dict[Approve, Verdict | None] = {"all": Verdict("granted", by="policy"), "none": NOBODY, "pause": None}


@pytest.mark.parametrize("approve", POLICIES)
async def test_34_a_policy_answers_at_once(approve: Approve) -> None:
    reader = Lines("yes")
    assert await person(reader, approve).approve(request()) == POLICIES[approve]
    assert not reader.asked


@pytest.mark.parametrize("approve", ["ask", "all", "none", "pause"])
async def test_questions_go_to_the_person_whatever_the_policy(approve: str) -> None:
    reader = Lines("the red one")
    assert await person(reader, cast("Approve", approve)).ask(QUESTION) == "the red one"
    assert reader.asked == [("Which account? ", "")]


async def test_where_nobody_answers_a_tool_is_told_so_unless_the_run_is_to_pause() -> None:
    with pytest.raises(NobodyToAsk, match="the person gave no answer"):
        await person(Lines()).ask(QUESTION)
    assert await person(Lines(), "pause").ask(QUESTION) is None


PIPED: dict[str, Verdict] = {
    "yes": Verdict("granted"),
    "A": Verdict("always"),
    "no": Verdict("denied"),
    "no, too dear": Verdict("denied", "too dear"),
    "not today": Verdict("denied", "not today"),
    "e {}": Verdict("denied", "e {}"),
}


@pytest.mark.parametrize("line", PIPED)
async def test_34_a_line_of_a_pipe_is_the_whole_answer(line: str) -> None:
    reader = Lines(line)
    assert await person(reader, interactive=False).approve(request()) == PIPED[line]
    assert reader.asked == [('sales wants to call pay({"amount": 7}). Allow it? (yes/no/always) ', "")]


async def test_34_at_the_end_of_a_pipe_nothing_runs() -> None:
    assert await person(Lines(), interactive=False).approve(request()) == NOBODY


@pytest.mark.parametrize("lines", [["\x03"], ["n", "\x03"], ["e", "\x03"]])
async def test_16_ctrl_c_winds_up_the_run_and_gives_no_verdict(lines: list[str]) -> None:
    pressed = asyncio.Event()
    front = Front(json_lines(StringIO()), Edited(*lines), interactive=True)
    asking = asyncio.create_task(AtTheFront(front, "ask", pressed.set).approve(request()))
    await asyncio.wait_for(pressed.wait(), 5)
    await asyncio.sleep(0)
    assert not asking.done()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
