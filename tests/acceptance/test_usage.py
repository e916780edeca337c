"""What `orchestrate run` tells of usage and money, and what a person sees on a bad day. Groups 17 and 20."""

import json
import re
from pathlib import Path

import pytest

from orchestrator.events import from_json
from tests.acceptance.conftest import Write
from tests.support.chat_server import ChatServer, call, error, say
from tests.support.cli import Done, Terminal, in_process, on_terminal

KEY = "sk-of-the-test"
FIRST = {"prompt_tokens": 1000, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 400}}
SECOND = {"prompt_tokens": 204, "completion_tokens": 76}
TOO_LONG = {
    "error": {
        "message": "This model's maximum context length is 8192 tokens.",
        "type": "invalid_request_error",
        "code": "context_length_exceeded",
    }
}


@pytest.fixture
def pair(write: Write) -> Path:
    """A cheap model that hands off to a dear one."""
    return write(
        "pair.yaml",
        """
        entry: triage
        models:
          fast: {model: small, price: {input: 0.5, output: 2, cached: 0.1}}
          careful: {model: big, price: {input: 5, output: 20}}
        agents:
          triage: {description: Anything, instructions: Route., model: fast, handoffs: [sales]}
          sales: {description: Buying, instructions: Sell., model: careful, handoffs: [triage]}
        """,
    )


@pytest.fixture
def single(write: Write) -> Path:
    """One agent with one model, which falls back to another one."""
    return write(
        "single.yaml",
        """
        models:
          fast: {model: small, fallback: [careful]}
          careful: {model: big}
        agents: {helper: {instructions: Help., model: fast}}
        """,
    )


def handing_off() -> ChatServer:
    return ChatServer([call(("transfer_to_sales", {}), usage=FIRST), say("Hello.", usage=SECOND)], key=KEY)


def say_hello(terminal: Terminal, leave: str) -> None:
    for waited, typed in (("> ", "hello\n"), ("> ", leave)):
        terminal.wait_for(waited)
        terminal.type(typed)


LINE = "1 turn, 2 model calls, 1,204 tokens in (400 cached), 96 out, cost 0.0029\n"
SHARES = (
    "  fast: 1 call, 1,000 tokens in (400 cached), 20 out, cost 0.00038\n"
    "  careful: 1 call, 204 tokens in, 76 out, cost 0.0025\n"
)
TABLE = """\
turn  agent   model    calls  tokens in  cached  tokens out     cost
1     triage  fast         1      1,000     400          20  0.00038
1     sales   careful      1        204       0          76   0.0025
all   triage               1      1,000     400          20  0.00038
all   sales                1        204       0          76   0.0025
all           fast         1      1,000     400          20  0.00038
all           careful      1        204       0          76   0.0025
all                        2      1,204     400          96   0.0029
"""


def test_a_conversation_at_a_terminal_ends_with_what_it_took(pair: Path) -> None:
    with handing_off() as server:
        with Terminal("run", pair, "--no-store", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url) as terminal:
            say_hello(terminal, "\x04")
            assert terminal.left() == 0
        assert server.refused == []
    assert terminal.screen == f"> hello\n⇒ Sales\nSales: Hello.\n> \n{LINE}{SHARES}"


def test_so_does_one_that_ends_with_ctrl_c(pair: Path) -> None:
    with handing_off() as server, Terminal("run", pair, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url) as terminal:
        say_hello(terminal, "\x03")
        assert terminal.left() == 130
    assert terminal.screen.endswith(LINE + SHARES)


def test_a_script_has_no_usage_and_no_line(pair: Path, write: Write) -> None:
    write("pair.script.yaml", "rules: [{say: hi}]\n")
    with Terminal("run", "pair.yaml", "--no-store", cwd=pair.parent) as terminal:
        say_hello(terminal, "\x04")
        assert terminal.left() == 0
    assert terminal.screen.endswith("> hello\nTriage: hi\n> \n")


ASKED = {
    "one message": (["hello"], "", ""),
    "a pipe": ([], "hello\n", ""),
    "one message and --usage": (["hello", "--usage"], "", TABLE),
    "a pipe and --usage": (["--usage"], "hello\n", TABLE),
}


@pytest.mark.parametrize("case", ASKED)
def test_elsewhere_it_is_told_when_it_is_asked_for(pair: Path, case: str) -> None:
    options, lines, told = ASKED[case]
    with handing_off() as server:
        done = in_process("run", pair, *options, lines=lines, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    assert done == Done(0, "Hello.\n", f"⇒ Sales\n{told}")


def test_json_lines_have_it_in_their_events(pair: Path) -> None:
    with handing_off() as server:
        options = ["--format", "jsonl", "--usage"]
        done = in_process("run", pair, "hello", *options, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    assert (done.code, done.err) == (0, TABLE)
    events = [from_json(line) for line in done.out.splitlines()]
    assert [(event.agent, event.model) for event in events if event.type == "model_asked"] == [
        ("triage", "fast"),
        ("sales", "careful"),
    ]
    assert [json.loads(line)["usage"] for line in done.out.splitlines() if '"model_responded"' in line] == [
        {"input_tokens": 1000, "output_tokens": 20, "cached_tokens": 400},
        {"input_tokens": 204, "output_tokens": 76, "cached_tokens": 0},
    ]


def test_an_endpoint_that_tells_no_usage(single: Path) -> None:
    with ChatServer([say("one", usage={}), say("two", usage=SECOND)], key=KEY) as server:
        done = in_process("run", single, "--usage", lines="a\nb\n", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    assert done == Done(
        0,
        "one\ntwo\n",
        "turn  agent   model  calls  tokens in  tokens out\n"
        "1     helper  fast       1          ?           ?\n"
        "2     helper  fast       1        204          76\n"
        "all                      2        204          76\n"
        "1 of 2 model calls told no usage\n",
    )


def test_nothing_was_asked(single: Path) -> None:
    done = in_process("run", single, "--usage", OPENAI_API_KEY=KEY)
    assert done == Done(0, "", "no model was asked\n")


# ---- bad days


def test_group_17_a_wait_that_was_asked_for_is_told(single: Path) -> None:
    with ChatServer([error(429, headers={"retry-after": "1"}), say("Hello.")], key=KEY) as server:
        done = in_process("run", single, "hi", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    assert (done.code, done.out) == (0, "Hello.\n")
    told = f"model 'fast' at {server.url}: answered 429: Rate limit reached for requests."
    assert re.fullmatch(rf"trying again in [12] s \(attempt 2\): {re.escape(told)}[^\n]*\n", done.err)


def test_group_17_an_answer_that_breaks_off_is_void_on_a_terminal_and_not_in_a_pipe(single: Path) -> None:
    def replies() -> ChatServer:
        return ChatServer([say("It is 41, or", drop_after=4, chunk_delay=0.05), say("It is 42.")], key=KEY)

    with replies() as server:
        done = in_process("run", single, "hi", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    assert done == Done(0, "It is 42.\n", "")
    with replies() as server:
        code, shown = on_terminal("run", single, "hi", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    assert code == 0
    begun, void, anew = shown.splitlines()
    assert "Helper: It is 41, or".startswith(begun)
    assert (void, anew) == ("… (the answer broke off; it begins anew)", "Helper: It is 42.")


def test_group_17_another_model_is_asked(single: Path) -> None:
    with ChatServer([error(404), say("Hello.")], key=KEY) as server:
        done = in_process("run", single, "hi", "--usage", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    assert (done.code, done.out) == (0, "Hello.\n")
    fallen, *told = done.err.splitlines()
    assert fallen.startswith(f"asking model 'careful' instead: model 'fast' at {server.url}: answered 404: ")
    assert [line.split()[:4] for line in told[1:3]] == [["1", "helper", "fast", "1"], ["1", "helper", "careful", "1"]]
    assert told[-1] == "1 of 2 model calls told no usage"


def test_group_17_a_conversation_that_is_too_long_goes_on_and_exits_with_3(write: Write) -> None:
    file = write("alone.yaml", "agents: {helper: {instructions: Help., model: small}}\n")
    with ChatServer([error(400, TOO_LONG), say("Hello.")], key=KEY) as server:
        done = in_process("run", file, lines="long\nshort\n", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    assert (done.code, done.out) == (3, "Hello.\n")
    ended, tip = done.err.splitlines()
    assert ended.startswith(f"the run ended: context_length: model 'small' at {server.url}: answered 400: ")
    assert tip == "help: give the model history: {max_tokens: N}, or a smaller N, or take one with a longer context"
