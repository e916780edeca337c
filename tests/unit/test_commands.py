"""The commands of a conversation: over a scripted model, a store in memory, and a reader with lines."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.agents import AgentGraph, Edge, Variable
from orchestrator.cli.conversation.chat import Chat
from orchestrator.cli.conversation.commands import COMMANDS, obey, rows, teach
from orchestrator.cli.conversation.completing import Offers
from orchestrator.cli.conversation.front import Front
from orchestrator.cli.conversation.interrupts import Interrupts
from orchestrator.cli.conversation.opening import Opening
from orchestrator.events import from_json
from orchestrator.messages import UserMessage
from orchestrator.model import Model
from orchestrator.render.conversation import TextView, View
from orchestrator.render.terminal import TerminalView
from orchestrator.runner import Runner
from orchestrator.state import fold
from orchestrator.stores.memory import MemoryStore
from orchestrator.stores.session import Session
from tests.support.fakes import FakeModel, Reply, agent, call, calls, recorded, say, to, tool_of

Capture = pytest.CaptureFixture[str]


def pay(amount: int) -> str:
    """Pay somebody.

    Only once.
    """
    return f"paid {amount}"


def look() -> str:
    """Look it up."""
    return "found"


AGENTS = AgentGraph.of(
    agent("triage", look, hands=[Edge("sales", when="money is due")], says="Be brief in {language}."),
    agent("sales", tool_of(pay, approval="always", requires="verified"), hands=["triage"], says="Sell."),
    variables=(
        Variable("language", default="en", enum=("en", "de"), description="Of the answers"),
        Variable("verified", "boolean", default=False),
        Variable("token", default="", secret=True),
    ),
)


@dataclass
class Typed:
    """Reads lines that were typed before. It is a ``Reader``."""

    lines: deque[str]
    prompts: list[str] = field(default_factory=list)

    async def read(self, prompt: str) -> str | None:
        self.prompts.append(prompt)
        return self.lines.popleft() if self.lines else None


class Talk:
    """A conversation under test."""

    def __init__(
        self,
        *replies: Reply,
        lines: Iterable[str] = (),
        reader: Typed | None = None,
        view: View | None = None,
        models: Mapping[str, Model] | None = None,
        agent: str | None = None,
    ) -> None:
        self.model = FakeModel(replies)
        self.reader = reader or Typed(deque(lines))
        self.store = MemoryStore()
        self.chat = Chat(
            lambda graph: Runner(graph, self.model, environ={}),
            AGENTS,
            Session(self.store, file="agents/shop.yaml"),
            Front(view or TextView(AGENTS, StringIO(), StringIO()), self.reader, interactive=True),
            Opening(agent=agent),
            Interrupts(),
            models,
        )

    async def said(self, *messages: str) -> "Talk":
        for message in messages:
            await self.chat.say(message)
        return self

    def messages(self) -> list[str]:
        """What the person has said in the session."""
        return [message.content for message in self.chat.state.messages if isinstance(message, UserMessage)]


HELP = """\
  /help            show the commands
  /agent [NAME]    show who answers, or choose who answers next
  /tools [NAME]    show what the agent can do, or one tool in full
  /graph           draw the agents, and the way that was taken
  /prompt          show what the model sees now
  /vars            show the variables
  /set NAME=VALUE  set a variable from the next turn on
  /history         show what was said and done
  /usage           show what each turn, agent and model took
  /undo            take the last turn back
  /retry           take the last turn back, and say the same again
  /fork            go on in a copy of this session
  /save FILE       write the conversation to a file: .md, .json (messages) or .jsonl (events)
  /model [NAME]    show the models, or choose one for every agent
  /verbose         show calls in full, or in a line again
  /quit            leave; the conversation is kept
  //TEXT           say /TEXT to the agent
Enter sends, Alt-Enter begins a new line. Ctrl-C stops the turn; a second one, or Ctrl-D, leaves.
"""
SAID: dict[str, tuple[str, str]] = {
    "help": ("/help", HELP),
    "agent": (
        "/agent",
        "Triage answers next; /agent NAME chooses another\n> triage  Triage\n  sales   Sales\n",
    ),
    "agent NAME": ("/agent sales", "Sales answers next\n"),
    "an agent that is not there": ("/agent salse", "error: no agent named 'salse'; did you mean 'sales'?\n"),
    "tools": (
        "/tools",
        (
            "Triage has:\n  look()\n    Look it up.\n"
            "Triage may hand off to:\n  sales  Transfer to Sales when money is due.\n"
        ),
    ),
    "a tool that is not there": ("/tools pay", "error: Triage has no tool 'pay'; it has: look\n"),
    "vars": ("/vars", '  language  "en"\n  verified  false\n  token     set (secret)\n'),
    "set": ("/set language=de", 'language: "de", from the next turn on\n'),
    "set, with blanks": ("/set  verified = true ", "verified: true, from the next turn on\n"),
    "set to what it can't be": (
        "/set language=fr",
        "error: variable 'language' must be one of 'en', 'de', not 'fr'\n",
    ),
    "set to another type": (
        "/set verified=perhaps",
        "error: variable 'verified' is of type boolean, not 'perhaps'\n",
    ),
    "set what is not there": ("/set lang=de", "error: no variable named 'lang'; did you mean 'language'?\n"),
    "set without a value": ("/set language", "error: write /set NAME=VALUE\n"),
    "35: set a secret": ("/set token=hunter2", "token: set, from the next turn on\n"),
    "history of nothing": ("/history", "nothing was said yet\n"),
    "usage of nothing": ("/usage", "no model was asked\n"),
    "undo nothing": ("/undo", "error: there is no turn to take back\n"),
    "retry nothing": ("/retry", "error: there is no turn to take back\n"),
    "fork nothing": ("/fork", "error: nothing was said yet, so there is nothing to copy\n"),
    "models": ("/model", "  Triage  model-of-triage\n  Sales   model-of-sales\n"),
    "model of a script": (
        "/model fast",
        "error: a script or a recording answers here: the model can't be changed\n",
    ),
    "verbose without a terminal": (
        "/verbose",
        "error: calls can be shown in full only on a terminal; /history shows what was done\n",
    ),
    "save nowhere": ("/save", "write /save FILE\n"),
    "save as something": ("/save a.txt", "error: a.txt: write a name that ends in .md, .json, .jsonl\n"),
    "save where nothing can be": (
        "/save /nowhere/a.md",
        "error: /nowhere/a.md can't be written: No such file or directory\n",
    ),
    "save in a folder": ("/save /.md", "error: /.md: write a name that ends in .md, .json, .jsonl\n"),
    "save under no name": ("/save a\0.md", "error: 'a\\x00.md' is no name of a file\n"),
    "something behind a command": ("/undo all", "write /undo\n"),
    "no command": ("/nonsense", "there is no command /nonsense; /help shows them all\n"),
    "nearly a command": ("/hsitory", "there is no command /hsitory; did you mean /history?\n"),
    "the beginning of a command": ("/hist", "there is no command /hist; did you mean /history?\n"),
    "nothing": ("/", "there is no command /; /help shows them all\n"),
    "what steers a terminal": ("/\x1b[2J", "there is no command /␛[2J; /help shows them all\n"),
    "in capitals": ("/HELP", "there is no command /HELP; did you mean /help?\n"),
}


@pytest.mark.parametrize("case", SAID)
async def test_what_is_said(capsys: Capture, case: str) -> None:
    line, told = SAID[case]
    assert await obey(Talk().chat, line)
    assert capsys.readouterr() == ("", told)


async def test_quit_leaves() -> None:
    assert not await obey(Talk().chat, "/quit")


async def test_two_slashes_say_one(capsys: Capture) -> None:
    talk = Talk(say("Hm."))
    assert await obey(talk.chat, "//etc is full")
    assert talk.messages() == ["/etc is full"]


async def test_the_chosen_agent_answers_the_next_turn_only() -> None:
    talk = Talk(say("Yes?"), calls(to("triage")), say("Back."))
    await obey(talk.chat, "/agent sales")
    await talk.said("hello")
    assert talk.model.requests[0].agent == "sales"
    await talk.said("bye")
    assert [request.agent for request in talk.model.requests] == ["sales", "sales", "triage"]


async def test_a_variable_is_set_from_the_next_turn_on(capsys: Capture) -> None:
    talk = await Talk(say("Hello."), say("Hallo.")).said("hi")
    await obey(talk.chat, "/set language=de")
    await obey(talk.chat, "/vars")
    assert 'language  "de" (from the next turn on)' in capsys.readouterr().err
    assert talk.chat.state.variables["language"] == "en"
    await talk.said("hi")
    assert talk.model.requests[1].system == "Be brief in de."


async def test_35_a_secret_that_is_set_is_seen_nowhere(capsys: Capture) -> None:
    talk = Talk(say("Hello."))
    await obey(talk.chat, "/set token=hunter2")
    await talk.said("hi")
    for line in ("/vars", "/history", "/prompt"):
        await obey(talk.chat, line)
    assert "hunter2" not in capsys.readouterr().err + repr(talk.chat.session.events)


async def test_tools_say_what_they_ask_and_require(capsys: Capture) -> None:
    talk = Talk(agent="sales")
    await obey(talk.chat, "/tools")
    assert capsys.readouterr().err == (
        "Sales has:\n  pay(amount: integer)  · asks first · requires verified: not now\n    Pay somebody.\n"
        "Sales may hand off to:\n  triage  Transfer to Triage.\n"
    )
    await obey(talk.chat, "/tools pay")
    told = capsys.readouterr().err
    assert "  pay(amount: integer)" in told
    assert "Only once." in told
    assert '"amount": {' in told


async def test_the_graph_shows_the_way_that_was_taken(capsys: Capture) -> None:
    talk = await Talk(calls(to("sales")), say("Hello.")).said("buy")
    await obey(talk.chat, "/graph")
    told = capsys.readouterr().err
    assert "Sales" in told
    assert "answered 1×" in told


async def test_the_prompt_is_what_the_model_would_get_and_nothing_is_asked(capsys: Capture) -> None:
    talk = await Talk(calls(call("look")), say("It is there.")).said("Where is it?")
    before = talk.chat.state
    await obey(talk.chat, "/prompt")
    told = capsys.readouterr().err
    parts = ["Be brief in en.", "look()", "Where is it?", "→ look({})", "found", "It is there."]
    assert [told.find(part) for part in parts] == sorted(told.find(part) for part in parts)
    assert all(part in told for part in parts)
    assert len(talk.model.requests) == 2
    assert talk.chat.state is before


async def test_undo_takes_the_turn_back_and_keeps_the_session(capsys: Capture) -> None:
    talk = await Talk(say("One."), say("Two.")).said("one", "two")
    before = talk.chat.session.id
    await obey(talk.chat, "/undo")
    assert talk.messages() == ["one"]
    assert capsys.readouterr().err == (
        f"taken back: two\nthis is session {talk.chat.session.id} now; {before} stays as it was\n"
    )
    assert (await talk.store.summary(before)).runs == 2
    await obey(talk.chat, "/undo")
    assert talk.messages() == []
    assert (await talk.store.summary(before)).runs == 2


async def test_retry_says_the_same_again_to_the_same_agent() -> None:
    talk = Talk(say("One."), say("Another one."))
    await obey(talk.chat, "/agent sales")
    await talk.said("one")
    before = talk.chat.session.id
    await obey(talk.chat, "/retry")
    assert talk.messages() == ["one"]
    assert [request.agent for request in talk.model.requests] == ["sales", "sales"]
    assert talk.model.requests[0].messages == talk.model.requests[1].messages
    assert talk.chat.session.id != before


async def test_a_fork_goes_on_alone(capsys: Capture) -> None:
    talk = await Talk(say("One."), say("Two.")).said("one")
    before = talk.chat.session.id
    await obey(talk.chat, "/fork")
    assert capsys.readouterr().err == f"this is session {talk.chat.session.id} now; {before} stays as it is\n"
    await talk.said("two")
    assert talk.messages() == ["one", "two"]
    assert (await talk.store.summary(before)).runs == 1


async def test_a_saved_conversation_is_whole(tmp_path: Path, capsys: Capture) -> None:
    talk = await Talk(calls(call("look")), say("It is there.")).said("Where is it?")
    for suffix in ("md", "json", "jsonl"):
        await obey(talk.chat, f"/save {tmp_path / 'saved.'}{suffix}")
    events = recorded(from_json(line) for line in (tmp_path / "saved.jsonl").read_text().splitlines())
    assert fold(talk.chat.session.id, events) == talk.chat.state
    messages = json.loads((tmp_path / "saved.json").read_text())
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "assistant"]
    assert (tmp_path / "saved.md").read_text().startswith("# Where is it?\n")
    assert f"saved to {tmp_path / 'saved.md'}\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "goes"), [("y", True), ("n", False), ("", False), ("yes please", False), (None, False)]
)
async def test_a_file_that_is_there_is_not_overwritten_unasked(
    tmp_path: Path, capsys: Capture, answer: str | None, goes: bool
) -> None:
    file = tmp_path / "precious.json"
    file.write_text("precious")
    talk = Talk(lines=[] if answer is None else [answer])
    await obey(talk.chat, f"/save {file}")
    assert (file.read_text() != "precious") == goes
    assert talk.reader.prompts == [f"{file} is there already. Overwrite it? [y]es, [n]o: "]
    assert capsys.readouterr().err == (f"saved to {file}\n" if goes else "not saved\n")


async def test_another_model_answers_from_the_next_turn_on(capsys: Capture) -> None:
    fast = Model("gpt-4o-mini", alias="fast")
    talk = Talk(say("Hello."), models={"fast": fast, "careful": Model("gpt-4o", alias="careful")})
    await obey(talk.chat, "/model careless")
    await obey(talk.chat, "/model fast")
    await talk.said("hi")
    assert talk.model.requests[0].model == fast
    assert capsys.readouterr().err == (
        "error: no model 'careless'; did you mean 'careful'?\n"
        "fast (gpt-4o-mini) answers for every agent, from the next turn on\n"
    )


async def test_where_there_are_no_aliases_any_model_can_be_named() -> None:
    talk = Talk(say("Hello."), models={})
    await obey(talk.chat, "/model gpt-5-mini")
    await talk.said("hi")
    assert talk.model.requests[0].model == Model("gpt-5-mini")


async def test_verbose_shows_the_calls_of_the_last_turn_and_those_to_come(capsys: Capture) -> None:
    view = TerminalView(AGENTS, StringIO(), StringIO())
    talk = await Talk(calls(call("look")), say("It is there."), view=view).said("Where is it?")
    await obey(talk.chat, "/verbose")
    assert view.verbose
    await obey(talk.chat, "/verbose")
    assert not view.verbose
    assert capsys.readouterr().err == "calls are shown in full\ncalls are shown in a line\n"


async def test_what_fails_is_said_in_a_line_and_the_conversation_goes_on(capsys: Capture) -> None:
    talk = Talk()
    talk.chat.variables["gone"] = 1
    assert await obey(talk.chat, "//hello")
    assert capsys.readouterr().err == "error: no variable named 'gone'; declared: language, verified, token\n"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(set(COMMANDS) - {"save", "quit"})), argument=st.text(max_size=30))
def test_whatever_is_typed_ends_no_conversation(name: str, argument: str) -> None:
    async def type_it() -> bool:
        return await obey(Talk(models={}).chat, f"/{name} {argument}")

    assert asyncio.run(type_it())


def test_each_command_is_told_once() -> None:
    assert [form.split()[0] for form, _ in rows()] == [f"/{name}" for name in COMMANDS]
    assert all(f"  {form}  " in HELP and about in HELP for form, about in rows())


class Pupil(Typed):
    """A reader that can learn, and keeps what it was taught. It is an ``Editor``."""

    taught: tuple[Offers, Callable[[str], bool]]

    async def answer(self, prompt: str, text: str = "") -> str | None:
        return await self.read(prompt)

    def learn(self, offers: Offers, keeps: Callable[[str], bool]) -> None:
        self.taught = (offers, keeps)

    def unseen(self) -> AbstractContextManager[None]:
        return nullcontext()


LEARNT = {
    "/ver": ["verbose"],
    "/agent ": ["triage", "sales"],
    "/tools ": ["look"],
    "/set ": ["language=", "language=en", "language=de", "verified=", "token="],
    "/model ": ["fast"],
    "/save ": [],
}


async def test_what_is_completed_is_what_there_is_now() -> None:
    pupil = Pupil(deque())
    talk = Talk(models={"fast": Model("gpt-4o-mini", alias="fast")}, reader=pupil)
    teach(talk.chat, pupil)
    offers, _ = pupil.taught
    assert {text: [offer.text for offer in offers(text)] for text in LEARNT} == LEARNT
    await obey(talk.chat, "/agent sales")
    assert [offer.text for offer in offers("/tools ")] == ["pay"]


async def test_35_lines_that_set_a_secret_are_kept_nowhere() -> None:
    pupil = Pupil(deque())
    teach(Talk(reader=pupil).chat, pupil)
    _, keeps = pupil.taught
    lines = ["hello", "/set language=de", "/set token=hunter2", "/set  token = hunter2", "/set\ttoken=hunter2"]
    assert [line for line in lines if keeps(line)] == ["hello", "/set language=de"]
