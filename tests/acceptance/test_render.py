"""``orchestrate render`` shows what ``orchestrate run`` sends, and ``--now`` makes it repeatable."""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.loader import load
from orchestrator.model import FromEnv
from tests.acceptance.conftest import Write
from tests.support.chat_server import ChatServer, say
from tests.support.cli import ROOT, Done, in_process, on_terminal, orchestrate

NOW = "2026-05-21T09:30"
KEYS = {"OPENAI_API_KEY": "sk-test", "LLM_KEY": "key-test", "A_TOKEN": "token-test"}


# ---- what is shown is what is sent


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer(lambda _: say("done")) as running:
        yield running


def sent_by_run(server: ChatServer, file: Path, *options: str) -> bytes:
    """The body of the first request of a run."""
    before = len(server.requests)
    done = in_process("run", file, "Hello – 你好", *options, **KEYS, OPENAI_BASE_URL=server.url, LLM_URL=server.url)
    assert done.code == 0, done.err
    assert server.refused == []
    return server.requests[before].raw


def shown_by_render(file: Path, agent: str, *options: str) -> bytes:
    done = in_process("render", file, agent, "--message", "Hello – 你好", "--json", *options)
    assert done.code == 0, done.err
    return done.out.encode()


FOLDERS = (ROOT / "agents", ROOT / "tests/examples/valid")
EXAMPLES = [path for folder in FOLDERS for path in sorted(folder.glob("*.yaml")) if "." not in path.stem]
NEEDED = {
    "variables.yaml": ("--var", "text=words"),
    "template_names.yaml": (
        "--var",
        "amount=2",
        "--var",
        'account={"name": "Ann", "a key": 1, "list": [{"value": 2}]}',
    ),
}
GUARDS = (
    ("--var", "verified=true", "--var", "amount=5", "--var", 'customer={"vip": true, "age": 40}'),
    ("--var", "verified=true", "--var", "amount=500", "--var", "tags=[]"),
    ("--var", "plan=pro", "--var", 'customer={"vip": false, "age": 4}', "--var", "tags=[]"),
)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda path: path.name)
def test_the_body_is_byte_for_byte_that_of_the_first_request(server: ChatServer, file: Path) -> None:
    for name, agent in load(file).unwrap().agents.items():
        if not isinstance(agent.model.endpoint.base_url, FromEnv | None):
            continue  # its server is not ours
        options = (*NEEDED.get(file.name, ()), "--now", NOW)
        assert shown_by_render(file, name, *options) == sent_by_run(server, file, "--agent", name, *options) + b"\n"


@pytest.mark.parametrize("options", GUARDS, ids=["all but one", "few", "others"])
def test_the_body_under_other_variables(server: ChatServer, options: tuple[str, ...]) -> None:
    file = ROOT / "tests/examples/valid/guards.yaml"
    shown = shown_by_render(file, "a", *options)
    assert shown == sent_by_run(server, file, "--agent", "a", *options) + b"\n"
    assert shown != shown_by_render(file, "a")


BOT = """
    entry: front
    variables:
      company: ACME
      verified: false
      pin: {type: string, env: BOT_PIN, secret: true}
    models:
      quick: {model: gpt-4o-mini, temperature: 0.2, seed: 7, strict: true}
      local: {model: "llama3:8b", base_url: {env: LLM_URL, default: "https://llm.example/v1"}, api_key: {env: LLM_KEY}}
    agents:
      front:
        label: The front desk
        description: Where people come in.
        model: quick
        tool_choice: required
        parallel_tool_calls: false
        instructions: |
          You are at the front desk of {{ company }}.
            It is {{ now.strftime("%A, %H:%M") }}.	Tabs stay.

          {{ handoffs | map(attribute="label") | join(", ") }}
        tools: ["desk:find", {use: "desk:pay", requires: verified}]
        handoffs: [back, {to: cellar, when: it is dark, requires: not verified}]
      back: {description: Things in the back., instructions: Be brief., model: local, handoffs: [front]}
      cellar: {description: Things below., instructions: Be brief., model: local, handoffs: [front]}
"""
DESK = '''
    """Tools of the desk."""

    from enum import Enum

    from orchestrator.tools import ToolContext


    class Color(Enum):
        RED = "red"
        BLUE = "blue"


    def find(query: str, color: Color, limit: int = 3) -> str:
        """Find things.

        In the cupboard.

        Args:
            query: What to find.
        """
        raise AssertionError("no tool runs")


    def pay(context: ToolContext) -> str:
        """Pay."""
        raise AssertionError("no tool runs")
'''


@pytest.fixture
def desk(write: Write) -> Path:
    """A bot with strict functions, guards, settings, a forced choice and a secret that is not given."""
    write("desk.py", DESK)
    return write("bot.yaml", BOT)


@pytest.mark.parametrize("options", [(), ("--var", "verified=true"), ("--model", "local")], ids=" ".join)
def test_strict_functions_settings_and_choices_are_those_of_run(
    server: ChatServer, desk: Path, options: tuple[str, ...]
) -> None:
    sent = sent_by_run(server, desk, "--now", NOW, "--var", "pin=1234", *options)
    assert shown_by_render(desk, "front", "--now", NOW, *options) == sent + b"\n"


def test_the_real_command_writes_the_same_bytes(server: ChatServer, desk: Path) -> None:
    options = ("--now", NOW, "--var", "pin=1234", "--var", "company=Zoë & Söhne")
    done = orchestrate("render", desk, "--message", "Hello – 你好", "--json", *options)
    assert done == Done(0, sent_by_run(server, desk, *options).decode() + "\n", "")


def test_without_a_message_nothing_is_said(desk: Path) -> None:
    shown = json.loads(in_process("render", desk, "--json").out)
    assert [message["role"] for message in shown["messages"]] == ["system"]


# ---- for people


TEXT = """\
agent     front (The front desk)
model     quick (gpt-4o-mini)
endpoint  OPENAI_BASE_URL, or else OpenAI's own; the key in OPENAI_API_KEY
settings  temperature: 0.2, seed: 7

── system ──
You are at the front desk of ACME.
  It is Thursday, 09:30.	Tabs stay.

Back, Cellar

── functions ──
find(query: string, color: Color, limit: integer = 3)
    Find things.

    In the cupboard.
    query: {"description": "What to find.", "type": "string"}
    color: {"$ref": "#/$defs/Color"}
    limit (optional): {"default": 3, "type": "integer"}
    #/$defs/Color: {"enum": ["red", "blue"], "type": "string"}

transfer_to_back() (strict)
    Transfer to Back: Things in the back.

transfer_to_cellar() (strict)
    Transfer to Cellar when it is dark.

tool_choice: required
parallel_tool_calls: false

── not offered now ──
pay() requires: verified

── user ──
Where is it?

── size ──
about 230 tokens: system 21, functions 206, messages 3 (estimated; `pip install tiktoken` for exact counts)
"""


def test_the_text_in_full(desk: Path) -> None:
    done = in_process("render", desk, "--message", "Where is it?", "--now", NOW)
    assert done == Done(0, TEXT, "")


BACK = """\
agent     back (Back)
model     local (llama3:8b)
endpoint  the URL in LLM_URL, or else https://llm.example/v1; the key in LLM_KEY
settings  none

── system ──
Be brief.

── functions ──
transfer_to_front()
    Transfer to The front desk: Where people come in.

tool_choice: auto

── user ──
none: give one with --message

── size ──
about 54 tokens: system 3, functions 51, messages 0 (estimated; `pip install tiktoken` for exact counts)
"""


def test_another_agent_without_a_message_keys_and_urls_by_name_only(desk: Path) -> None:
    secrets = {"LLM_KEY": "sk-very-secret", "LLM_URL": "http://user:password@llm.example", "BOT_PIN": "4321"}
    assert in_process("render", desk, "back", **secrets) == Done(0, BACK, "")


def test_an_agent_without_functions(write: Write) -> None:
    file = write("one.yaml", "agents: {a: {instructions: Be brief., model: m, tool_choice: required}}\n")
    lines = in_process("render", file).out.splitlines()
    assert lines[lines.index("── functions ──") + 1 :][:2] == ["none", ""]
    assert "tool_choice: required" not in lines


def test_a_guard_that_opens_changes_what_is_offered(desk: Path) -> None:
    shown = in_process("render", desk, "--var", "verified=true").out
    assert "pay() (strict)\n    Pay.\n" in shown
    assert "── not offered now ──\ntransfer_to_cellar() requires: not verified\n" in shown


def test_a_terminal_has_wrapped_and_numbered_lines(desk: Path) -> None:
    code, shown = on_terminal("render", desk, "--message", "Where? " * 20, "--now", NOW, COLUMNS="60")
    assert code == 0
    assert "   1 You are at the front desk of ACME.\n   2   It is Thursday, 09:30." in shown
    eight = " ".join(["Where?"] * 8)
    assert f"── user ──\n   1 {eight}\n     {eight}\n     Where?" in shown
    assert max(map(len, shown.splitlines())) <= 60


def test_a_terminal_with_colours(desk: Path) -> None:
    code, shown = on_terminal("render", desk, TERM="xterm")
    assert code == 0
    assert "\x1b[2m   1 \x1b[0mYou are at the front desk of ACME.\n" in shown


STEERING = 'agents: {a: {instructions: "a\\e[31mred\\a", model: m}}\n'


def test_a_pipe_gets_the_message_as_it_is_and_a_terminal_nothing_that_steers_it(write: Write) -> None:
    file = write("odd.yaml", STEERING)
    assert "── system ──\na\x1b[31mred\x07\n" in in_process("render", file).out
    code, shown = on_terminal("render", file, TERM="xterm")
    assert code == 0
    assert "\x1b[31m" not in shown
    assert "a␛[31mred␇\n" in shown


# ---- what goes wrong


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["frnt"], "no agent named 'frnt'; did you mean 'front'?"),
        (["xyz"], "no agent named 'xyz'; there are: front, back, cellar"),
        (["--var", "verifed=true"], "--var verifed: no variable named 'verifed'; did you mean 'verified'?"),
        (["--var", "verified=maybe"], "--var verified: variable 'verified' is of type boolean, not 'maybe'"),
        (["--model", "gpt-4o"], "--model 'gpt-4o': no such alias; the file has: quick, local"),
        (
            ["--model", "script:bot.script.yaml"],
            "--model script:bot.script.yaml: a script is sent no request; name an alias or an API name",
        ),
        (
            ["--now", "tomorrow"],
            "--now 'tomorrow': write a time as 2026-05-21T09:30, with or without a zone (2026-05-21T09:30+02:00)",
        ),
    ],
)
def test_wrong_usage(desk: Path, options: list[str], error: str) -> None:
    assert in_process("render", desk, *options) == Done(2, "", f"error: {error}\n")


def test_a_variable_that_must_be_given(write: Write) -> None:
    file = write("one.yaml", 'variables: {x: {type: string}}\nagents: {a: {instructions: "{{ x }}", model: m}}\n')
    assert in_process("render", file) == Done(2, "", "error: variable 'x' has no default: give it\n")
    assert "── system ──\nhello\n" in in_process("render", file, "--var", "x=hello").out


def test_instructions_that_these_variables_break(write: Write) -> None:
    file = write("one.yaml", 'variables: {n: 1}\nagents: {a: {instructions: "{{ 1 / n }}", model: m}}\n')
    done = in_process("render", file, "--var", "n=0")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: the instructions of 'a' can't be rendered: ")
    assert done.err.count("\n") == 1


def test_a_file_with_errors_gives_what_run_gives(write: Write) -> None:
    file = write("broken.yaml", "agents: {a: {instructions: x, model: m, handoffs: [b]}}\n")
    done = in_process("render", file)
    assert (done.code, done.out) == (1, "")
    assert "error[unknown-agent]" in done.err
    assert done == in_process("run", file, "hi")


def test_group_35_a_secret_that_is_given_is_not_shown(desk: Path) -> None:
    for options in ((), ("--json",)):
        done = in_process("render", desk, "--var", "pin=98765", *options)
        assert done.code == 0
        assert "98765" not in done.out + done.err


# ---- the size, with a tiktoken of our own that counts words


TIKTOKEN = '''
    """Stands in for tiktoken: a token is a word."""

    import os
    import pathlib


    class Words:
        def encode(self, text, disallowed_special=None):
            assert disallowed_special == ()
            return text.split()


    def encoding_name_for_model(model):
        return {"gpt-4o-mini": "o200k_base"}[model]


    def get_encoding(name):
        assert any(pathlib.Path(os.environ["TIKTOKEN_CACHE_DIR"]).iterdir())
        return Words()
'''


VOCABULARY = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"


@pytest.fixture
def installed(write: Write, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder where this tiktoken is installed, in this process as well. Its vocabulary is not there yet."""
    site = write("site/tiktoken.py", TIKTOKEN).parent
    monkeypatch.syspath_prepend(site)
    yield site
    sys.modules.pop("tiktoken", None)


def vocabulary(write: Write) -> str:
    """The folder that has the vocabulary."""
    name = hashlib.sha1(VOCABULARY.encode(), usedforsecurity=False).hexdigest()
    return str(write(f"kept/{name}", "").parent)


def test_tiktoken_counts_where_it_has_the_vocabulary(write: Write, desk: Path, installed: Path) -> None:
    said = ("--message", "one two three")
    done = orchestrate("render", desk, *said, PYTHONPATH=str(installed), TIKTOKEN_CACHE_DIR=vocabulary(write))
    size = "37 tokens: system 16, functions 18, messages 3 (counted by tiktoken with o200k_base)"
    assert (done.out.splitlines()[-1], done.err) == (size, "")


def test_tiktoken_never_downloads(write: Write, desk: Path, installed: Path) -> None:
    done = in_process("render", desk, TIKTOKEN_CACHE_DIR=str(write("kept/other", "").parent))
    assert done.out.endswith("(estimated; tiktoken can't count for gpt-4o-mini here)\n")
    assert done.err == ""


def test_tiktoken_does_not_know_every_model(write: Write, desk: Path, installed: Path) -> None:
    done = in_process("render", desk, "back", TIKTOKEN_CACHE_DIR=vocabulary(write))
    assert done.out.endswith("(estimated; tiktoken can't count for llama3:8b here)\n")


def test_a_tiktoken_that_hangs_is_not_waited_for(write: Write, desk: Path, tmp_path: Path) -> None:
    write("site/tiktoken.py", "import time\ntime.sleep(100)\n")
    done = orchestrate("render", desk, PYTHONPATH=str(tmp_path / "site"))
    assert done.code == 0
    assert done.out.endswith("(estimated; tiktoken can't count for gpt-4o-mini here)\n")


# ---- --now of run


CLOCK = "agents: {a: {instructions: \"It is {{ now.strftime('%Y-%m-%d %H:%M') }}.\", model: m}}\n"


def systems(server: ChatServer) -> list[str]:
    return [request.body["messages"][0]["content"] for request in server.requests]


def test_now_holds_for_every_turn_of_a_conversation(server: ChatServer, write: Write) -> None:
    file = write("clock.yaml", CLOCK)
    done = in_process("run", file, "--now", NOW, lines="hi\nthere\n", **KEYS, OPENAI_BASE_URL=server.url)
    assert done.out == "done\ndone\n"
    assert systems(server) == ["It is 2026-05-21 09:30."] * 2


def test_now_is_recorded_and_the_times_of_events_are_real(server: ChatServer, write: Write) -> None:
    file = write("clock.yaml", CLOCK)
    options = ("--now", "2001-09-09T01:46:40Z", "--format", "jsonl")
    done = in_process("run", file, "hi", *options, **KEYS, OPENAI_BASE_URL=server.url)
    started = json.loads(done.out.splitlines()[0])
    assert (started["type"], started["now"]) == ("run_started", 1_000_000_000.0)
    assert started["at"] > 1_700_000_000


@pytest.mark.parametrize("command", ["run", "render"])
@pytest.mark.parametrize(
    ("now", "error"),
    [
        ("9:30", "--now '9:30': write a time as 2026-05-21T09:30, with or without a zone (2026-05-21T09:30+02:00)"),
        ("0001-01-01T00:00+14:00", "now can't be 0001-01-01T00:00:00+14:00: it is too far away"),
    ],
)
def test_a_time_that_is_none(write: Write, command: str, now: str, error: str) -> None:
    file = write("clock.yaml", CLOCK)
    said = ["hi"] if command == "run" else []
    assert in_process(command, file, *said, "--now", now, **KEYS) == Done(2, "", f"error: {error}\n")
