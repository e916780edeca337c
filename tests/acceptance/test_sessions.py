"""``orchestrate sessions`` shows, forks, approves and deletes the conversations that are kept."""

import asyncio
import json
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from orchestrator.events import ApprovalGiven, ToolFinished, ToolStarted, from_json, to_json
from orchestrator.messages import ToolCall
from orchestrator.state import fold
from orchestrator.stores.sqlite import SqliteStore
from tests.acceptance.test_docs import blocks_of, lay_out, printed
from tests.support.cli import ROOT, Done, Terminal, in_process, orchestrate
from tests.support.stories import REFUND, Clock, add, answered, keep, kept_in, pending, refund

ONE, TWO, THREE = "session_0123456789abcdef", "session_01234567fedcba98", "session_89abcdef01234567"


@dataclass(frozen=True)
class Sessions:
    """The command on the sessions of one store."""

    path: Path

    def __call__(self, *arguments: str | Path) -> Done:
        return in_process("sessions", *arguments, ORCHESTRATE_STORE=self.place)

    @property
    def place(self) -> str:
        return str(self.path)

    @property
    def ids(self) -> list[str]:
        return [each["id"] for each in json.loads(self("list", "--json").out)]


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    """Three sessions: one with a name, one that waits for two approvals, and one of another file."""
    path = tmp_path / "kept" / "sessions.db"
    keep(path, ONE, refund(), name="refund")
    keep(path, TWO, [*answered("Hello"), *pending(REFUND, ToolCall("call_4", "execute_refund", "{}"), run=2)])
    keep(path, THREE, answered("Anything\nelse?", at=Clock("").now + 7200), file="agents/bank.yaml")
    return Sessions(path)


# ---- list


def test_a_project_without_sessions_says_so_and_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    here = partial(in_process, "sessions", ORCHESTRATE_STORE="")
    assert here("list") == Done(0, "", "no session is kept here yet\n")
    assert here("list", "--json") == Done(0, "[]\n", "")
    assert here("show", "x") == Done(2, "", "error: no session 'x': none is kept here yet\n")
    assert [path.name for path in tmp_path.iterdir()] == ["pyproject.toml"]


def test_a_list_in_a_pipe_has_everything(sessions: Sessions) -> None:
    assert sessions("list") == Done(
        0,
        "ID                        NAME    WHEN        TURNS  STATUS    AGENT               TITLE\n"
        "session_89abcdef01234567          2024-05-21  1      answered  Triage              Anything else?\n"
        "session_01234567fedcba98          2024-05-21  2      waiting   Issues and Repairs  Hello\n"
        "session_0123456789abcdef  refund  2024-05-21  1      answered  Issues and Repairs  "
        "I want a refund for my boots\n",
        "",
    )


def test_a_list_on_a_terminal_fits_it(sessions: Sessions) -> None:
    with Terminal("sessions", "list", COLUMNS="80", ORCHESTRATE_STORE=sessions.place, TZ="UTC") as terminal:
        assert terminal.left() == 0
        assert terminal.screen == (
            "ID         NAME    WHEN        TURNS  STATUS    AGENT               TITLE\n"
            "89abcdef0          2024-05-21  1      answered  Triage              Anything el…\n"
            "01234567f          2024-05-21  2      waiting   Issues and Repairs  Hello\n"
            "012345678  refund  2024-05-21  1      answered  Issues and Repairs  I want a re…\n"
        )


def test_a_terminal_gets_the_last_ones_and_a_line_on_the_others(sessions: Sessions, tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    for number in range(22):
        keep(path, f"session_{number:016x}", answered(f"number {number}", at=Clock("").now + number))
    with Terminal("sessions", "list", "--store", path) as terminal:
        assert terminal.left() == 0
        lines = terminal.screen.splitlines()
    assert len(lines) == 22
    assert lines[1].endswith("number 21")
    assert lines[-1] == "… and 2 more: --limit 22"
    assert len(sessions("list", "--store", path).out.splitlines()) == 23


def test_a_list_can_be_shorter(sessions: Sessions) -> None:
    assert sessions("list", "--limit", "1").out.splitlines()[1:] == [
        "session_89abcdef01234567  2024-05-21  1      answered  Triage  Anything else?"
    ]
    only = sessions("list", "--file", ROOT / "agents/bank.yaml").out.splitlines()
    assert [line.split()[0] for line in only[1:]] == [THREE]
    nothing = ROOT / "agents/none.yaml"
    assert sessions("list", "--file", nothing) == Done(0, "", f"no session with {nothing} is kept here yet\n")


def test_a_list_for_programs_has_exact_times(sessions: Sessions) -> None:
    listed = json.loads(sessions("list", "--json").out)
    assert listed[1] == {
        "id": TWO,
        "name": None,
        "file": "agents/acme.yaml",
        "created": Clock("").now,
        "updated": Clock("").now + 3600.4,
        "events": 9,
        "runs": 2,
        "status": "waiting",
        "agent": "issues_and_repairs",
        "title": "Hello",
        "parent": None,
        "forked_at": None,
    }


def test_the_store_is_that_of_the_project_above_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").touch()
    deep = tmp_path / "agents" / "deep"
    deep.mkdir(parents=True)
    keep(tmp_path / ".orchestrate" / "sessions.db", ONE, answered())
    monkeypatch.chdir(deep)
    assert ONE in in_process("sessions", "list", ORCHESTRATE_STORE="").out
    monkeypatch.chdir("/")
    assert ONE in in_process("sessions", "list", "--store", tmp_path / ".orchestrate").out


def test_a_store_that_is_none_is_told_in_plain_words(sessions: Sessions, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are notes.\n" * 100, encoding="utf-8")
    done = sessions("list", "--store", path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: ")
    assert str(path) in done.err
    assert done.err.count("\n") == 1
    assert sessions("list", "--store", "postgres://host/db").code == 2


# ---- which one is meant


@pytest.mark.parametrize("name", [ONE, "session_012345678", "012345678", "refund"])
def test_a_session_has_several_names(sessions: Sessions, name: str) -> None:
    assert sessions("show", name).out.startswith(f"session  {ONE}\n")


def test_names_that_mean_no_session_or_several(sessions: Sessions) -> None:
    assert sessions("show", "01234567") == Done(
        2, "", f"error: '01234567' begins the ids of 2 sessions: {TWO}, {ONE}\n"
    )
    assert sessions("show", "refunt") == Done(2, "", "error: no session 'refunt'; did you mean 'refund'?\n")
    assert sessions("show", "\x1b[2J") == Done(2, "", "error: no session '\\x1b[2J'; see: orchestrate sessions list\n")


# ---- show and export


def test_a_session_is_shown_with_what_it_waits_for(sessions: Sessions) -> None:
    done = orchestrate("sessions", "show", TWO, ORCHESTRATE_STORE=sessions.place, TZ="UTC")
    assert done == Done(
        0,
        f"""\
session  {TWO}
file     agents/acme.yaml
begun    2024-05-21 12:00:00
updated  2024-05-21 13:00:00
status   waiting
size     2 turns, 9 events

── turn 1, 2024-05-21 ──
  1  12:00:00  You
    Hello
  3  12:00:00  Triage · fast · 400 ms
    Hi.
  4  12:00:00  answered · 1 model call · 400 ms

── turn 2, 2024-05-21 ──
  5  13:00:00  You
    Refund it
  7  13:00:00  Issues and Repairs · fast · 400 ms
    → execute_refund
    → execute_refund
  8  13:00:00  ? execute_refund(item_id='item_7', reason='too small') needs a yes
  9  13:00:00  ? execute_refund() needs a yes

the run is not finished
  call_3  execute_refund({{"item_id": "item_7", "reason": "too small"}}) needs a yes
  call_4  execute_refund({{}}) needs a yes
answer with: orchestrate sessions approve {TWO}, or with --deny REASON
go on with: orchestrate run agents/acme.yaml --session {TWO}
""",
        "",
    )


def test_a_terminal_that_takes_colours_gets_them(sessions: Sessions) -> None:
    with Terminal("sessions", "show", "refund", TERM="xterm", ORCHESTRATE_STORE=sessions.place, TZ="UTC") as terminal:
        assert terminal.left() == 0
        assert "\x1b[1msession " in terminal.screen
    with Terminal(
        "sessions", "show", "refund", TERM="xterm", NO_COLOR="1", ORCHESTRATE_STORE=sessions.place, TZ="UTC"
    ) as terminal:
        assert terminal.left() == 0
        assert "\x1b" not in terminal.screen


def test_results_are_cut_unless_all_is_wanted(sessions: Sessions) -> None:
    assert "    … 2 more lines\n" in sessions("show", "refund").out
    assert "    item_12\n" in sessions("show", "refund", "--full").out


def test_exported_events_fold_to_the_same_session(sessions: Sessions) -> None:
    lines = sessions("export", "refund", "--format", "jsonl").out.splitlines()
    assert lines == [to_json(event) for event in refund()]
    assert fold(ONE, map(from_json, lines)) == fold(ONE, refund())  # type: ignore[arg-type]  # all are recorded


def test_exported_messages_are_those_that_the_model_got(sessions: Sessions) -> None:
    messages = json.loads(sessions("export", "refund", "--format", "messages").out)
    assert [message["role"] for message in messages] == [
        *("user", "assistant", "tool", "assistant", "tool", "tool", "assistant")
    ]
    assert messages[3]["tool_calls"][1] == {
        "id": "call_3",
        "type": "function",
        "function": {"name": "execute_refund", "arguments": '{"item_id": "item_7", "reason": "does not fit"}'},
    }
    waiting = json.loads(sessions("export", TWO, "--format", "messages").out)
    assert [message["role"] for message in waiting] == ["user", "assistant", "user"]


def test_a_document_goes_to_a_file(sessions: Sessions, tmp_path: Path) -> None:
    file = tmp_path / "refund.md"
    assert sessions("export", "refund", "--format", "markdown", "-o", file) == Done(0, "", "")
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# I want a refund for my boots\n\n- session: ")
    assert "\n## Issues and Repairs\n\nLet me **find** that.\n" in text
    nowhere = tmp_path / "nowhere" / "refund.md"
    assert sessions("export", "refund", "--format", "markdown", "-o", nowhere) == Done(
        2, "", f"error: {nowhere} can't be written: No such file or directory\n"
    )


@pytest.mark.parametrize("form", ["jsonl", "markdown", "messages", "test"])
def test_a_file_that_is_there_is_overwritten_on_demand_only(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    file = Path("refund.test.yaml")
    export = partial(sessions, "export", "refund", "--format", form)
    assert export("-o", file) == Done(0, "", "")
    written = file.read_text(encoding="utf-8")
    file.write_text("edited", encoding="utf-8")
    told = "error: refund.test.yaml is there already: write to another file, or add --force to overwrite it\n"
    assert export("-o", file) == Done(2, "", told)
    assert file.read_text(encoding="utf-8") == "edited"
    assert export("-o", file, "--force") == Done(0, "", "")
    assert file.read_text(encoding="utf-8") == written
    assert export("-o", "refund-2.test.yaml", "--force") == Done(0, "", "")
    assert export("--force") == Done(2, "", "error: --force takes -o as well\n")


def test_what_is_no_real_file_is_no_file_that_is_there(sessions: Sessions) -> None:
    assert sessions("export", "refund", "--format", "jsonl", "-o", "/dev/null") == Done(0, "", "")


def test_a_graph_shows_what_happened_in_a_session(sessions: Sessions) -> None:
    def graph(name: str, *arguments: str) -> Done:
        return in_process("graph", ROOT / f"agents/{name}.yaml", *arguments, ORCHESTRATE_STORE=sessions.place, TZ="UTC")

    done = graph("acme", "--session", "refund")
    assert (done.code, done.err) == (0, "")
    assert "<br>taken 1×: 1" in done.out
    assert "<br>answered 1×" in done.out
    assert graph("acme", "--session", "none").code == 2
    both = graph("acme", "--session", "refund", "--events", "-")
    assert both == Done(2, "", "error: --events and --session: give one of them\n")
    other = graph("bank", "--session", "refund")
    assert other.err.splitlines()[0] == f"{ONE}: there is no agent 'issues_and_repairs' any more"


# ---- fork and rename


def test_a_fork_takes_the_first_events_and_a_name(sessions: Sessions) -> None:
    before = kept_in(sessions.path, ONE)
    done = sessions("fork", "refund", "--at", "4", "--name", "again")
    new = done.out.strip()
    assert done == Done(0, f"{new}\n", "")
    assert re.fullmatch("session_[0-9a-f]{16}", new)
    assert kept_in(sessions.path, new) == refund()[:4]
    assert kept_in(sessions.path, ONE) == before
    assert f"forked   from {ONE} at event 4\n" in sessions("show", "again").out
    assert kept_in(sessions.path, sessions("fork", "refund").out.strip()) == before


@pytest.mark.parametrize("count", ["0", "-1", "21"])
def test_a_fork_of_more_than_there_is(sessions: Sessions, count: str) -> None:
    told = f"error: --at {count}: session {ONE} has 20 events, so N is 1 to 20\n"
    assert sessions("fork", "refund", "--at", count) == Done(2, "", told)
    assert len(sessions.ids) == 3


def test_group_3_a_fork_inside_a_turn_does_no_work_twice(sessions: Sessions) -> None:
    new = sessions("fork", "refund", "--at", "12").out.strip()
    told = [event for event in kept_in(sessions.path, new)[12:] if isinstance(event, ToolFinished)]
    assert [event.call_id for event in told] == ["call_3"]  # it had begun; the other one only reads
    assert told[0].content.startswith("Interrupted: it is not known")


def test_a_name_moves(sessions: Sessions) -> None:
    assert sessions("rename", TWO, "refund") == Done(0, "", "")
    assert sessions("show", "refund").out.startswith(f"session  {TWO}\n")
    assert sessions("rename", "refund", "") == Done(0, "", "")
    assert sessions("show", "refund").code == 2
    wrong = "error: a name has up to 100 characters that can be seen, and no blanks around it\n"
    for name in ("a\nb", " a", "x" * 101, "\x1b[2J"):
        assert sessions("rename", TWO, name) == Done(2, "", wrong)


# ---- delete and prune


def test_nothing_is_deleted_without_a_yes(sessions: Sessions) -> None:
    told = "error: nobody is there to ask: add --yes to delete for good\n"
    assert sessions("delete", "refund") == Done(2, "", told)
    assert sessions("prune", "--older-than", "1d") == Done(2, "", told)
    assert len(sessions.ids) == 3


def test_sessions_are_deleted_by_whatever_name(sessions: Sessions) -> None:
    assert sessions("delete", "refund", ONE, "0123456789", "89", "--yes") == Done(0, "", "deleted 2 sessions\n")
    assert sessions.ids == [TWO]
    assert sessions("delete", TWO, "none", "--yes").code == 2
    assert sessions.ids == [TWO]


def test_a_terminal_asks_first(sessions: Sessions) -> None:
    for answer, left in (("n\n", 3), ("\x03", 3), ("y\n", 2)):
        with Terminal("sessions", "delete", "refund", ORCHESTRATE_STORE=sessions.place, TZ="UTC") as terminal:
            terminal.wait_for("I want a refund for my boots")
            terminal.wait_for("Delete this session for good? [y/N]: ")
            terminal.type(answer)
            assert terminal.left() == (130 if answer == "\x03" else 0)
        assert len(sessions.ids) == left


def test_a_session_that_was_used_since_it_was_shown_stays(sessions: Sessions) -> None:
    with Terminal("sessions", "prune", "--keep", "2", ORCHESTRATE_STORE=sessions.place) as terminal:
        terminal.wait_for("Delete this session for good? [y/N]: ")
        add(sessions.path, ONE, answered("One more thing", run=2))
        terminal.type("y\n")
        assert terminal.left() == 1
        terminal.wait_for(f"kept: session '{ONE}' was used meanwhile\ndeleted 0 sessions\n")
    assert len(sessions.ids) == 3


def test_group_33_a_session_in_use_stays(sessions: Sessions) -> None:
    async def delete() -> tuple[Done, ...]:
        async with SqliteStore(sessions.path) as opened, opened.lock(ONE):
            return tuple(
                orchestrate("sessions", *arguments, ORCHESTRATE_STORE=sessions.place)
                for arguments in (
                    ("delete", "refund", TWO, "--yes"),
                    ("prune", "--older-than", "1d", "--yes"),
                    ("approve", "refund"),
                )
            )

    deleted, pruned, approved = asyncio.run(delete())
    assert (deleted.code, pruned.code, approved.code) == (1, 1, 1)
    assert approved.err.startswith(f"error: session '{ONE}' is in use by ")
    assert re.fullmatch(rf"kept: session '{ONE}' is in use by .*\ndeleted 1 session\n", deleted.err)
    assert re.fullmatch(rf"kept: session '{ONE}' is in use by .*\ndeleted 1 session\n", pruned.err)
    assert sessions.ids == [ONE]


def test_old_sessions_are_pruned(sessions: Sessions) -> None:
    assert sessions("prune", "--older-than", "5000w").err == "no session is old enough\n"
    dry = sessions("prune", "--older-than", "1h", "--keep", "1", "--dry-run")
    assert [line.split()[0] for line in dry.out.splitlines()[1:]] == [TWO, ONE]
    assert len(sessions.ids) == 3
    assert sessions("prune", "--older-than", "1h", "--keep", "2", "--yes") == Done(0, "", "deleted 1 session\n")
    assert sessions.ids == [THREE, TWO]
    assert sessions("prune", "--keep", "1", "--yes").code == 0
    assert sessions.ids == [THREE]
    for wrong in ((), ("--older-than", "3x"), ("--older-than", "d"), ("--older-than", "-3d")):
        assert sessions("prune", *wrong, "--yes").code == 2


# ---- approve


def verdicts(sessions: Sessions) -> list[ApprovalGiven]:
    return [event for event in kept_in(sessions.path, TWO) if isinstance(event, ApprovalGiven)]


def test_group_33_several_calls_that_wait_are_told_with_their_arguments(sessions: Sessions) -> None:
    assert sessions("approve", TWO) == Done(
        2,
        "",
        "error: 2 calls wait for a yes: name those that you mean, or add --all\n"
        '  --call call_3  execute_refund({"item_id": "item_7", "reason": "too small"})\n'
        "  --call call_4  execute_refund({})\n",
    )
    assert verdicts(sessions) == []


def test_group_33_a_yes_is_recorded_and_nothing_runs(sessions: Sessions) -> None:
    assert sessions("approve", TWO, "--call", "call_3") == Done(
        0,
        'approved: Issues and Repairs: execute_refund({"item_id": "item_7", "reason": "too small"})\n',
        f"go on with: orchestrate run agents/acme.yaml --session {TWO}\n",
    )
    assert [(each.call_id, each.verdict, each.by) for each in verdicts(sessions)] == [("call_3", "granted", "person")]
    assert not any(isinstance(event, ToolStarted) for event in kept_in(sessions.path, TWO))
    assert sessions("approve", TWO).out == "approved: Issues and Repairs: execute_refund({})\n"  # the only one left
    assert sessions("approve", TWO) == Done(2, "", "error: no call of this session waits for a yes\n")
    assert sessions("approve", TWO, "--call", "call_3").code == 2


def test_group_34_a_no_has_a_reason(sessions: Sessions) -> None:
    assert sessions("approve", TWO, "--all", "--deny", "too expensive").out.count("denied: ") == 2
    assert [(each.verdict, each.reason) for each in verdicts(sessions)] == [("denied", "too expensive")] * 2


def test_group_34_always_settles_the_other_calls_of_the_tool(sessions: Sessions) -> None:
    assert sessions("approve", TWO, "--all", "--always").out == (
        'approved for always: Issues and Repairs: execute_refund({"item_id": "item_7", "reason": "too small"})\n'
        "approved: Issues and Repairs: execute_refund({})\n"
    )
    assert [(each.verdict, each.by) for each in verdicts(sessions)] == [("always", "person"), ("granted", "always")]


def test_group_34_the_arguments_that_are_shown_are_those_that_will_run(sessions: Sessions) -> None:
    edited = '{"item_id": "item_8", "reason": "y"}'
    done = sessions("approve", TWO, "--call", "call_3", "--arguments", edited)
    assert done.out == f"approved: Issues and Repairs: execute_refund({edited})\n"
    state = fold(TWO, kept_in(sessions.path, TWO))
    assert state.open
    assert state.open.slots[0].call.arguments == edited


@pytest.mark.parametrize(
    "arguments",
    [
        ("--deny", "no", "--always"),
        ("--deny", "no", "--arguments", "{}"),
        ("--all", "--call", "call_3"),
        ("--all", "--arguments", "{}"),
        ("--call", "call_3", "--arguments", "[]"),
        ("--call", "call_3", "--arguments", "{"),
        ("--call", "call_3", "--arguments", "[" * 100_000),
        ("--call", "call_9"),
    ],
    ids=lambda arguments: " ".join(arguments)[:40],
)
def test_verdicts_that_make_no_sense(sessions: Sessions, arguments: tuple[str, ...]) -> None:
    done = sessions("approve", TWO, *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert verdicts(sessions) == []


def test_group_34_an_edited_call_runs_as_it_was_approved_and_the_result_says_so(sessions: Sessions) -> None:
    def run(*arguments: str) -> Done:
        return in_process("run", ROOT / "agents/bank.yaml", *arguments, ORCHESTRATE_STORE=sessions.place)

    run("1042, 1949-09-17", "--session", "transfer")
    assert run("send 5000 to Road Runner", "--session", "transfer", "--approve", "pause").code == 6
    edited = '{"amount": "4000", "recipient": "Road Runner"}'
    assert sessions("approve", "transfer", "--arguments", edited).code == 0
    done = run("--session", "transfer")
    assert (done.code, done.out) == (0, "Sent $4000 to Road Runner.\n")
    messages = json.loads(sessions("export", "transfer", "--format", "messages").out)
    told = f"The person changed the arguments to {edited}.\nSent $4000 to Road Runner."
    assert told in [message["content"] for message in messages]


# ---- the page


@pytest.mark.timeout(120)  # a dozen commands, one after the other
def test_the_page_shows_what_is_printed_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = ROOT / "docs/sessions.md"
    lay_out(tmp_path, page)
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("ORCHESTRATE_STORE", raising=False)
    text = page.read_text(encoding="utf-8")
    first = text.count("\n", 0, text.index("\n## The commands\n"))
    blocks = [block for block in blocks_of(page) if block.kind == "console" and block.line > first]
    assert blocks
    for block in blocks:
        commands = [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]
        now = "".join(f"$ {command}\n{printed(command, tmp_path)}" for command in commands)
        assert _masked(now) == _masked(block.text)


def _masked(text: str) -> str:
    """The text without what is another each time: ids, times, how long it took."""
    text = re.sub(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?|\d\d:\d\d:\d\d", "<time>", text)
    text = re.sub(r"\b(session(_|\\_))?(?=[a-z]*\d)[0-9a-f]{8,16}\b", "<id>", text)
    return re.sub(r"\d[\d.]* m?s\b", "<seconds>", text)
