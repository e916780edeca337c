"""``orchestrate run`` keeps conversations and goes on with them, also where the agents have changed."""

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from orchestrator.stores.sqlite import SqliteStore
from tests.support.chat_server import Reply, call, error, say
from tests.support.cli import COMMAND, ROOT, Done, environment, in_process, orchestrate
from tests.support.desk import BACK, Desk, a_desk, working
from tests.support.stories import answered, keep

CHANGED = "the agents have changed since this session was held\n"
PAY = call(("pay", {"amount": 5}))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose money needs a yes."""
    with a_desk(tmp_path) as desk:
        yield desk


# ---- which session goes on


def test_group_33_a_session_goes_on_with_its_agent_its_variables_and_its_history(desk: Desk) -> None:
    begun = desk.run("hello", "--session", "bob", "--agent", "back", "--var", "plan=pro", replies=[say("Hi.")])
    assert begun == Done(0, "Hi.\n", "")
    assert desk.run("again", "--session", "bob", replies=[say("Yes?")]) == Done(0, "Yes?\n", "")
    assert desk.said == ["The back, on the plan pro.", "hello", "Hi.", "again"]
    assert len(desk.ids) == 1


def test_group_33_what_a_tool_has_set_and_where_it_moved_is_kept(desk: Desk) -> None:
    moves = [call(("upgrade", {})), call(("transfer_to_back", {})), say("Hi.")]
    assert desk.run("up", "--session", "bob", replies=moves) == Done(0, "Hi.\n", "→ upgrade()\n⇒ Back\n")
    assert desk.run("again", "--continue", replies=[say("Yes?")]) == Done(0, "Yes?\n", "")
    assert desk.said[0] == "The back, on the plan pro."


def test_a_session_has_several_names(desk: Desk) -> None:
    desk.run("hello", "--session", "bob", replies=[say("Hi.")])
    [bob] = desk.ids
    for number, name in enumerate([bob, bob[:12], bob.removeprefix("session_")[:8], "bob"], 1):
        assert desk.run("again", "--session", name, replies=[say("Yes?")]).code == 0
        assert desk.said.count("again") == number
    assert desk.ids == [bob]


def test_a_new_name_is_not_taken_for_the_beginning_of_an_id(desk: Desk) -> None:
    """Else a customer's number would now and then open the conversation of another one."""
    keep(desk.store, "session_1042000000000000", answered("Hello"))
    assert desk.run("who am I?", "--session", "1042", replies=[say("New.")]) == Done(0, "New.\n", "")
    assert desk.said == ["The front, on the plan basic.", "who am I?"]
    assert len(desk.ids) == 2


def test_names_that_mean_no_session_or_several(desk: Desk) -> None:
    one, two = "session_1042000000000000", "session_1042000000000001"
    for session in (one, two):
        keep(desk.store, session, answered("Hello"))
    unknown = "error: there is no session session_7; see: orchestrate sessions list\n"
    assert desk.run("x", "--session", "session_7") == Done(2, "", unknown)
    several = f"error: 'session_1042' begins the ids of 2 sessions: {two}, {one}\n"
    assert desk.run("x", "--session", "session_1042") == Done(2, "", several)
    wrong = "error: a name has up to 100 characters that can be seen, and no blanks around it\n"
    for name in ("", " a", "a\nb", "\x1b[2J", "x" * 101):
        assert desk.run("x", "--session", name) == Done(2, "", wrong)
    assert len(desk.ids) == 2


def test_continue_takes_the_last_session_of_the_same_file(desk: Desk) -> None:
    other = Path(shutil.copy(desk.file, desk.file.with_name("other.yaml")))
    for message, file in (("one", desk.file), ("two", desk.file), ("three", other)):
        desk.run(message, file=file, replies=[say("Hi.")])
    assert desk.run("more", "--continue", replies=[say("Yes?")]) == Done(0, "Yes?\n", "")
    assert desk.said[1:] == ["two", "Hi.", "more"]
    third = Path(shutil.copy(desk.file, desk.file.with_name("third.yaml")))
    none = Done(2, "", "error: --continue: no session of third.yaml is kept yet\n")
    assert desk.run("more", "--continue", file=third) == none


WRONG = {
    "--session a --continue": "--session and --continue: give one of them",
    "--no-store --session a": "--no-store keeps nothing: it does not go with --store, --session or --continue",
    "--no-store --continue": "--no-store keeps nothing: it does not go with --store, --session or --continue",
    "--no-store --store x": "--no-store keeps nothing: it does not go with --store, --session or --continue",
    "--no-store --approve pause": (
        "--approve pause keeps a call for later, and --no-store keeps nothing: give one of them"
    ),
    "--quiet --format jsonl": "--quiet shows answers as text: it does not go with --format jsonl",
    "--quiet --format markdown": "--quiet shows answers as text: it does not go with --format markdown",
    "--store postgres://x": (
        "--store: 'postgres://x' can't be a store: only files can, so far; name a file or a folder"
    ),
    "--store=": "--store: '' can't be a store: name a file or a folder",
}


@pytest.mark.parametrize("options", WRONG)
def test_options_that_make_no_sense(desk: Desk, options: str) -> None:
    assert desk.run("hi", *options.split()) == Done(2, "", f"error: {WRONG[options]}\n")
    assert desk.server.requests == []


def test_group_33_a_session_in_use_is_told_and_nothing_is_asked(desk: Desk) -> None:
    desk.run("hello", "--session", "bob", replies=[say("Hi.")])
    [bob] = desk.ids

    async def more() -> Done:
        async with SqliteStore(desk.store) as store, store.lock(bob):
            return orchestrate("run", desk.file, "more", "--session", "bob", cwd=ROOT, **desk.settings)

    done = asyncio.run(more())
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(rf"error: session '{bob}' is in use by .+\n", done.err)
    assert len(desk.server.requests) == 1


# ---- where it is kept


def test_sessions_are_kept_in_the_project_unless_something_else_is_said(desk: Desk) -> None:
    deep = desk.file.parent / "agents"
    deep.mkdir()
    file = Path(shutil.copy(desk.file, deep))
    shutil.copy(desk.file.with_name("till.py"), deep)
    assert desk.run("hello", file=file, replies=[say("Hi.")], ORCHESTRATE_STORE="") == Done(0, "Hi.\n", "")
    folder = desk.file.parent / ".orchestrate"
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "*\n"
    assert (folder / "sessions.db").stat().st_mode & 0o077 == folder.stat().st_mode & 0o077 == 0
    assert not desk.store.exists()
    more = desk.run("again", "--continue", "--store", folder, file=file, replies=[say("Yes?")])
    assert (more.code, desk.said[1:]) == (0, ["hello", "Hi.", "again"])


@pytest.mark.parametrize(("store", "made"), [("my.db", "my.db"), ("new/", "new/sessions.db"), (".", "sessions.db")])
def test_a_store_is_a_file_or_a_folder(desk: Desk, monkeypatch: pytest.MonkeyPatch, store: str, made: str) -> None:
    monkeypatch.chdir(desk.file.parent)
    assert desk.run("hello", "--session", "bob", "--store", store, replies=[say("Hi.")]).code == 0
    assert desk.run("again", "--session", "bob", ORCHESTRATE_STORE=store, replies=[say("Yes?")]).code == 0
    assert desk.said[1:] == ["hello", "Hi.", "again"]
    assert (desk.file.parent / made).is_file()
    assert not desk.store.exists()


def test_without_a_store_nothing_is_kept(desk: Desk) -> None:
    before = sorted(path.name for path in desk.file.parent.iterdir())
    assert desk.run("hello", "--no-store", replies=[say("Hi.")], ORCHESTRATE_STORE="") == Done(0, "Hi.\n", "")
    made = {path.name for path in desk.file.parent.iterdir()} - {*before, "__pycache__"}
    assert made == set()


def test_a_store_that_can_not_be_made_is_told_before_anything_is_asked(desk: Desk) -> None:
    notes = desk.file.with_name("notes.txt")
    notes.write_text("These are notes.\n" * 100, encoding="utf-8")
    strange = Done(2, "", f"error: the store {notes} is no store of sessions: name another file with --store\n")
    below = notes / "sessions.db"
    in_the_way = Done(2, "", f"error: the store {below} can't be used: Not a directory; see who may write there\n")
    for options in ((), ("--continue",), ("--session", "bob")):
        assert desk.run("hi", *options, "--store", notes) == strange
        assert desk.run("hi", *options, "--store", below) == in_the_way
        assert desk.run(*options, "--store", below, lines="hi\nagain\n") == in_the_way
    assert desk.server.requests == []
    assert notes.read_text(encoding="utf-8") == "These are notes.\n" * 100


@pytest.mark.skipif(sys.platform == "win32", reason="the limit on the size of files is that of Unix")
def test_group_33_a_disk_that_is_full_ends_the_run_and_nothing_is_shown_that_is_not_kept(desk: Desk) -> None:
    desk.replies[:] = [say(f"{number} {'x' * 20_000}") for number in range(50)]
    limited: list[str | Path] = [
        "sh",
        "-c",
        'ulimit -f 500; exec "$0" "$@"',
        COMMAND,
        "run",
        desk.file,
        "--session",
        "bob",
    ]
    turns, settings = "go\n" * 50, environment(desk.settings)
    done = subprocess.run(limited, input=turns, capture_output=True, text=True, env=settings, check=False)
    assert done.returncode == 3
    assert done.stderr == (
        f"error: the store {desk.store} can't be read or written: the disk is full or at fault; "
        "see to it and try again\n"
        f"go on with: orchestrate run {desk.file} --session bob\n"
    )
    shown = [line.split()[0] for line in done.stdout.splitlines()]
    assert shown == [str(number) for number in range(len(shown))] != []
    kept = desk.sessions("export", "bob", "--format", "jsonl").out
    assert [number for number in shown if f'"content":"{number} xx' in kept] == shown
    desk.replies[:] = [say("Fine.")] * 2  # two, if the model had not answered yet
    more = in_process("run", desk.file, "more", "--session", "bob", **desk.settings)
    assert (more.code, more.out.splitlines()[-1], more.err) == (0, "Fine.", "")


# ---- agents that have changed


def test_group_33_an_agent_that_is_gone_is_named_and_another_one_goes_on(desk: Desk) -> None:
    desk.run("hello", "--session", "bob", "--agent", "back", replies=[say("Hi.")])
    desk.edit(BACK, "")
    desk.edit("    handoffs: [back]\n", "")
    gone = (
        f"error: session {desk.ids[0]} can't go on: the agents have changed\n"
        "- agent 'back', who was to answer, is gone: name another one with --agent (there are: front)\n"
    )
    assert desk.run("more", "--session", "bob") == Done(2, "", gone)
    assert desk.run("more", "--session", "bob", "--accept-changes") == Done(2, "", gone)
    other = desk.run("more", "--session", "bob", "--agent", "front", replies=[say("Yes?")])
    assert other == Done(0, "Yes?\n", CHANGED)
    assert desk.said == ["The front, on the plan basic.", "hello", "Hi.", "more"]
    assert desk.run("and?", "--session", "bob", replies=[say("Well.")]) == Done(0, "Well.\n", "")


def test_group_33_the_tool_of_an_open_call_is_gone(desk: Desk) -> None:
    both = call(("pay", {"amount": 5}), ("shut", {"account": "x"}))
    desk.run("go", "--session", "bob", "--approve", "pause", replies=[both])
    desk.edit('tools: ["till"]', 'tools: ["till:pay"]')
    gone = (
        f"error: session {desk.ids[0]} can't go on: the agents have changed\n"
        '- shut({"account": "x"}) was under way, and is no tool any more: with --accept-changes the model is told so, '
        "or bring the tool back\n"
    )
    assert desk.run("--session", "bob", "--approve", "all") == Done(2, "", gone)
    assert desk.paid == ""
    accepted = desk.run("--session", "bob", "--approve", "all", "--accept-changes", replies=[say("Paid.")])
    assert (accepted.code, accepted.out, desk.paid) == (0, "Paid.\n", "5 to Bob\n")
    assert accepted.err.startswith(f"{CHANGED}✗ shut: Error: ")
    paid, shut = desk.said[-2:]
    assert paid == "paid 5 to Bob"
    assert "shut" in shut


def test_group_33_a_tool_that_is_back_goes_on_as_if_nothing_had_been(desk: Desk) -> None:
    desk.run("go", "--session", "bob", "--approve", "pause", replies=[PAY])
    desk.edit("till", "tell")
    assert desk.run("--session", "bob", "--approve", "all").code == 1
    desk.edit("tell", "till")
    done = desk.run("--session", "bob", "--approve", "all", replies=[say("Paid.")])
    assert done == Done(0, "Paid.\n", "→ pay(amount=5)\n")


def test_group_33_a_value_that_does_not_fit_any_more_is_given_anew(desk: Desk) -> None:
    desk.run("up", "--session", "bob", replies=[call(("upgrade", {})), say("Hi.")])
    desk.edit("[basic, pro]", "[basic, gold]")
    unfit = (
        f"error: session {desk.ids[0]} can't go on: the agents have changed\n"
        "- variable 'plan' must be one of 'basic', 'gold', not 'pro': give it anew with --var plan=VALUE\n"
    )
    assert desk.run("more", "--session", "bob") == Done(2, "", unfit)
    given = desk.run("more", "--session", "bob", "--var", "plan=gold", replies=[say("Yes?")])
    assert given == Done(0, "Yes?\n", CHANGED)
    assert desk.said[0] == "The front, on the plan gold."


def test_group_33_a_change_that_does_no_harm_is_one_line(desk: Desk) -> None:
    desk.run("hello", "--session", "bob", replies=[say("Hi.")])
    desk.edit("The front", "The very front")
    assert desk.run("more", "--session", "bob", replies=[say("Yes?")]) == Done(0, "Yes?\n", CHANGED)
    assert desk.run("and?", "--session", "bob", replies=[say("Well.")]) == Done(0, "Well.\n", "")
    desk.edit("plan", "deal")
    undeclared = f"{CHANGED}variable 'plan' is not declared any more\n"
    assert desk.run("so?", "--session", "bob", replies=[say("So.")]) == Done(0, "So.\n", undeclared)
    assert desk.said[0] == "The very front, on the deal basic."


def test_group_33_who_was_to_go_on_later_is_gone(desk: Desk) -> None:
    third = "  third: {description: T, instructions: x, model: m, handoffs: [{to: back, for_one_turn: true}]}\n"
    desk.edit("handoffs: [back]\n", "handoffs: [back, third]\n" + third)
    moves = [call(("transfer_to_back", {})), error(400)]
    assert desk.run("go", "--session", "bob", "--agent", "third", replies=moves).code == 3
    desk.edit("handoffs: [back, third]\n" + third, "handoffs: [back]\n")
    told = f"{CHANGED}agent 'third', who was to go on later, is gone\n"
    assert desk.run("more", "--session", "bob", replies=[say("Yes?")]) == Done(0, "Yes?\n", told)
    assert desk.said[0] == "The back, on the plan basic."


# ---- the end of a conversation on a terminal


@pytest.mark.parametrize("options", ["", "--session bob", "--no-store"])
def test_the_end_of_a_conversation_tells_how_it_goes_on(desk: Desk, options: str) -> None:
    usage = {"prompt_tokens": 30, "completion_tokens": 3, "total_tokens": 33}
    with desk.terminal(*options.split(), replies=[say("Hi.", usage=usage)]) as terminal:
        for waited, typed in (("> ", "hello\n"), ("Hi.\n> ", "\x04")):
            terminal.wait_for(waited)
            terminal.type(typed)
        assert terminal.left() == 0
        screen = terminal.screen
    on = f"go on with: orchestrate run {desk.file}"
    [name] = desk.ids or [""]
    kept = {
        "": f"kept as {name}; {on} --continue\n",
        "--session bob": f"kept as bob; {on} --session bob\n",
        "--no-store": "",
    }[options]
    assert screen == f"> hello\nFront: Hi.\n> \n{kept}1 turn, 1 model call, 30 tokens in, 3 out\n"


# ---- secrets


TOKEN, OTHER = "tok-9f31-of-the-office", "sk-of-the-second-model"
VAULT = '''\
"""What tools do that know secrets."""

import os

from orchestrator.tools import End, ToolContext, tool


def give(context: ToolContext) -> str:
    """Give them as a result."""
    return f"{context.variables['token']} and {os.environ['M_KEY']}"


def fail(context: ToolContext) -> str:
    """Fail with them."""
    raise ValueError(give(context))


def put(context: ToolContext) -> str:
    """Set a variable to them."""
    context.set("seen", give(context))
    return "set"


@tool(effects="read")
def question(context: ToolContext) -> str:
    """Ask with them."""
    return f"heard {context.ask(give(context))}"


def report(context: ToolContext) -> str:
    """Report them."""
    context.emit(give(context))
    return "reported"


def leave(context: ToolContext) -> End:
    """End with them."""
    return End(give(context))
'''
OFFICE = """\
variables:
  token: {type: string, env: DESK_TOKEN, secret: true}
  seen: ""
models:
  m: {model: m, base_url: URL, api_key: {env: M_KEY}}
agents:
  front: {instructions: "Seen: {{ seen }}", model: m, tools: [vault]}
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Desk]:
    """An office whose tools know secrets and can't keep them."""
    with working({"office.yaml": OFFICE, "vault.py": VAULT}, tmp_path, key=OTHER) as office:
        yield office


@pytest.mark.parametrize("form", ["text", "markdown", "jsonl"])
def test_group_35_no_secret_is_kept_shown_or_sent(office: Desk, form: str) -> None:
    told = call(*((name, {}) for name in ("give", "fail", "put", "question", "report")))
    log = office.file.with_name("log.txt")
    done = office.run(
        *("go", "--session", "bob", "--format", form, "--log-file", log, "--usage"),
        replies=[told, call(("leave", {}))],
        lines="yes\n",
        DESK_TOKEN=TOKEN,
        M_KEY=OTHER,
    )
    assert done.code == 0
    assert "••• and •••" in done.out
    exports = [office.sessions("export", "bob", "--format", each).out for each in ("markdown", "jsonl", "messages")]
    assert all("heard yes" in text for text in exports)
    shown = office.sessions("show", "bob", "--full").out
    sent = [request.raw.decode() for request in office.server.requests]
    files = [path.read_bytes().decode("latin-1") for path in office.file.parent.rglob("*") if path.is_file()]
    assert log.exists()
    for text in (done.out, done.err, shown, *exports, *sent, *files):
        assert TOKEN not in text
        assert OTHER not in text


def test_group_35_a_session_that_goes_on_gets_its_secrets_anew(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*arguments: str, replies: Sequence[Reply] = (), lines: str = "") -> Done:
        pause = ("--session", "bob", "--approve", "pause")
        return office.run(*arguments, *pause, replies=replies, lines=lines, M_KEY=OTHER)

    monkeypatch.setenv("DESK_TOKEN", TOKEN)
    asked = run("go", replies=[call(("question", {}))])
    assert (asked.code, asked.err.splitlines()[:2]) == (6, ["→ question()", "••• and ••• "])
    monkeypatch.delenv("DESK_TOKEN")
    missing = "error: variable 'token' has no default: give it, or set the environment variable DESK_TOKEN\n"
    assert run() == Done(2, "", missing)
    monkeypatch.setenv("DESK_TOKEN", "tok-changed")
    other = run(replies=[say("Well.")], lines="yes\n")
    assert other == Done(0, "Well.\n", "→ question()\n••• and ••• \n")
    monkeypatch.delenv("DESK_TOKEN")
    given = run("more", "--var", "token=tok-by-hand", replies=[call(("give", {})), say("Well.")])
    assert (given.code, office.said[-1]) == (0, "••• and •••")
    for path in office.file.parent.iterdir():
        assert path.is_dir() or not re.search(rb"tok-(9f31|changed|by-hand)", path.read_bytes())
