"""``orchestrate run`` as people and pipes use it."""

import json
import re
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.events import LiveEvent, from_json
from orchestrator.state import State, fold
from tests.acceptance.conftest import Write
from tests.support.chat_server import ChatServer, Reply, Request, call, error, raw, say
from tests.support.cli import COMMAND, ROOT, Done, Running, Terminal, environment, in_process, orchestrate, until

REFUND = "I want a refund for my rocket boots"
KEY = "sk-of-the-test"
NOTICE = "OPENAI_API_KEY is not set: the replies come from the script {}, not from a model.\n"


# ---- against a server (conformance 1, 2, 18)


def tools_of(request: Request) -> list[str]:
    return [entry["function"]["name"] for entry in request.body["tools"]]


@pytest.fixture(scope="module")
def refunded() -> tuple[Done, ChatServer]:
    """The refund of the README, against a server."""
    replies = [
        call(("transfer_to_issues_and_repairs", {})),
        call(("look_up_item", {"search_query": "rocket boots"}), text="Let me look."),
        call(("execute_refund", {"item_id": "item_001231", "reason": "they do not fly"})),
        say("Your refund is on its way."),
    ]
    with ChatServer(replies, key=KEY) as server:
        done = orchestrate("run", "agents/acme.yaml", REFUND, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
        return done, server


def test_a_refund_prints_the_answers_and_tells_what_happened(refunded: tuple[Done, ChatServer]) -> None:
    done, server = refunded
    assert done == Done(
        0,
        "Let me look.\nYour refund is on its way.\n",
        "⇒ Issues and Repairs\n"
        "→ look_up_item(search_query='rocket boots')\n"
        "→ execute_refund(item_id='item_001231', reason='they do not fly')\n"
        "  execute_refund: refunding item_001231: they do not fly\n",
    )
    assert server.refused == []


def test_one_connection_serves_all_calls(refunded: tuple[Done, ChatServer]) -> None:
    assert (len(refunded[1].requests), refunded[1].connections) == (4, 1)


def test_each_request_is_that_of_the_active_agent(refunded: tuple[Done, ChatServer]) -> None:
    _, server = refunded
    first, *others = server.requests
    assert (first.body["model"], first.body["temperature"]) == ("gpt-4o-mini", 0.2)
    assert tools_of(first) == ["escalate_to_human", "transfer_to_sales", "transfer_to_issues_and_repairs"]
    assert len(others) == 3
    for other in others:
        assert (other.body["model"], other.body["temperature"]) == ("gpt-4o", 0)
        assert tools_of(other) == ["look_up_item", "execute_refund", "transfer_to_triage"]
    told = [message["content"] for request in server.requests for message in request.body["messages"][:1]]
    assert [text.split(".")[0] for text in told] == [
        "You are a customer service bot for ACME Inc",
        *["You are a customer support agent for ACME Inc"] * 3,
    ]
    assert ["had a refund already" in text for text in told] == [False, False, False, True]


def test_each_request_streams_with_the_key_and_one_system_message(refunded: tuple[Done, ChatServer]) -> None:
    _, server = refunded
    for request in server.requests:
        assert (request.method, request.path) == ("POST", "/v1/chat/completions")
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert (request.body["stream"], request.body["stream_options"]) == (True, {"include_usage": True})
        assert [message["role"] for message in request.body["messages"]].count("system") == 1
    assert server.requests[-1].body["messages"][1:] == [
        {"role": "user", "content": REFUND},
        called("1", "transfer_to_issues_and_repairs", "{}"),
        answered("1", "Transferred to Issues and Repairs. Adopt persona immediately."),
        {**called("2", "look_up_item", '{"search_query": "rocket boots"}'), "content": "Let me look."},
        answered("2", "item_001231"),
        called("3", "execute_refund", '{"item_id": "item_001231", "reason": "they do not fly"}'),
        answered("3", "success"),
    ]


def called(number: str, name: str, arguments: str) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    made = {"id": f"call_{number:0>24}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [made]}


def answered(number: str, content: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": f"call_{number:0>24}", "content": content}


def test_a_handoff_changes_the_endpoint_and_each_gets_only_its_own_key(write: Write) -> None:
    with ChatServer([call(("transfer_to_b", {}))], key="key-a") as one, ChatServer([say("hi")], key="key-b") as two:
        file = write(
            "two.yaml",
            f"""
            entry: a
            models:
              first: {{model: model-a, base_url: {{env: URL_A}}, api_key: {{env: KEY_A}}, seed: 7}}
              second: {{model: model-b, base_url: {two.url}/, api_key: {{env: KEY_B}}, top_p: 0.5}}
            agents:
              a: {{description: Anything, instructions: I am A., model: first, handoffs: [b]}}
              b: {{description: The rest, instructions: I am B., model: second}}  # orchestrate: ignore[no-way-back]
            """,
        )
        done = in_process(
            *("run", file, "go"), KEY_A="key-a", KEY_B="key-b", URL_A=one.url, OPENAI_API_KEY="sk-nobody-gets-this"
        )
    assert done == Done(0, "hi\n", "⇒ B\n")
    [at_one], [at_two] = one.requests, two.requests
    assert (at_one.headers["authorization"], at_two.headers["authorization"]) == ("Bearer key-a", "Bearer key-b")
    assert at_two.path == "/v1/chat/completions"
    shared = {"stream": True, "stream_options": {"include_usage": True}}
    assert {key: value for key, value in at_one.body.items() if key not in ("messages", "tools")} == {
        "model": "model-a", "seed": 7, **shared,
    }  # fmt: skip
    assert {key: value for key, value in at_two.body.items() if key != "messages"} == {
        "model": "model-b", "top_p": 0.5, **shared,
    }  # fmt: skip
    assert at_two.body["messages"][0] == {"role": "system", "content": "I am B."}
    assert one.refused == two.refused == []


def test_a_server_without_keys_gets_none(write: Write) -> None:
    with ChatServer([]) as server:
        models = f"models: {{local: {{model: m, base_url: {server.url}, api_key: none}}}}\n"
        file = write("local.yaml", models + "agents: {a: {instructions: x, model: local}}\n")
        done = in_process("run", file, "hi", OPENAI_API_KEY="sk-nobody-gets-this")
    assert [request.headers.get("authorization") for request in server.requests] == [None]
    assert done.code == 3  # this server wants a key after all


# ---- without a key, through pipes


def test_without_a_key_the_script_beside_the_file_replies() -> None:
    done = orchestrate("run", "agents/acme.yaml", REFUND)
    assert done == Done(
        0,
        "Let me find that in your orders.\nI'm sorry about that! Your refund is on its way.\n",
        NOTICE.format("agents/acme.script.yaml") + "⇒ Issues and Repairs\n"
        "→ look_up_item(search_query='rocket boots')\n"
        f"→ execute_refund(item_id='item_001231', reason='{REFUND}')\n"
        f"  execute_refund: refunding item_001231: {REFUND}\n",
    )


def test_turns_through_a_pipe_keep_the_agent_and_skip_blank_lines(bot: Path) -> None:
    lines = "hello\n\n   \nback please\nstill there?\r\nfront please\nwithout a line break at the end"
    assert orchestrate("run", bot, lines=lines) == Done(
        0,
        "front heard hello\n"
        "back heard back please\n"
        "back heard still there?\n"
        "front heard front please\n"
        "front heard without a line break at the end\n",
        NOTICE.format(bot.with_name("bot.script.yaml")) + "⇒ Back\n⇒ Front\n",
    )


def test_a_tools_question_takes_the_next_line_of_the_pipe(bot: Path) -> None:
    done = in_process("run", "bot.yaml", cwd=bot.parent, lines="use question\nWile E.\nuse old_question\n42\nbye\n")
    assert done.out == "result: heard Wile E.\nresult: heard 42\nfront heard bye\n"
    assert done.code == 0
    assert "→ question()\nWhat is your name? " in done.err
    assert "→ old_question()\nAnd your age? " in done.err


def test_a_question_does_not_share_its_line_with_what_follows(bot: Path) -> None:
    done = in_process("run", bot, lines="use question\nWile E.\nback\n")
    assert done.err == NOTICE.format(bot.with_name("bot.script.yaml")) + "→ question()\nWhat is your name? \n⇒ Back\n"


def test_with_no_more_input_a_question_is_an_error_and_the_run_goes_on(bot: Path) -> None:
    done = in_process("run", bot, lines="use question")
    missing = "NobodyToAsk: nobody is there to answer: standard input has ended"
    assert done == Done(
        0,
        f"result: Error: {missing}\n",
        NOTICE.format(bot.with_name("bot.script.yaml"))
        + f"→ question()\nWhat is your name? \n✗ question: Error: {missing}\n",
    )


@pytest.mark.parametrize(("described", "told"), [(1, "1 warning"), (0, "2 warnings")])
def test_warnings_are_one_line_and_the_run_goes_on(bot: Path, described: int, told: str) -> None:
    first, *_, last = re.findall(r"\n *description: .*", bot.read_text())
    text = bot.read_text().replace(last, "")
    bot.write_text(text if described else text.replace(first, ""))
    assert in_process("run", "bot.yaml", "hello", cwd=bot.parent) == Done(
        0,
        "front heard hello\n",
        f"bot.yaml: {told}; see: orchestrate validate bot.yaml\n" + NOTICE.format("bot.script.yaml"),
    )
    seen = in_process("validate", "bot.yaml", cwd=bot.parent)
    assert f"1 file: {told}" in seen.out + seen.err


def test_an_empty_pipe_is_the_end(bot: Path) -> None:
    assert in_process("run", bot) == Done(0, "", NOTICE.format(bot.with_name("bot.script.yaml")))


BEHAVIOUR = {
    "chatter": ("result: quiet\n", "→ chatter()\nprinted by a tool\n"),
    "fail": (
        "result: Error: ValueError: no such luck\n",
        "→ fail()\n✗ fail: Error: ValueError: no such luck\n",
    ),
    "leave": ("Goodbye from the tool.\n", "→ leave()\n"),
}


@pytest.mark.parametrize("tool", BEHAVIOUR)
def test_what_tools_do(bot: Path, tool: str) -> None:
    out, err = BEHAVIOUR[tool]
    done = in_process("run", bot, f"use {tool}", "--model", f"script:{bot.with_name('bot.script.yaml')}")
    assert done == Done(0, out, err)


def test_json_lines_are_events_and_nothing_else(bot: Path) -> None:
    script = f"script:{bot.with_name('bot.script.yaml')}"
    done = in_process("run", bot, "--model", script, "--format", "jsonl", lines="use chatter\nback\n")
    events = [from_json(line) for line in done.out.splitlines()]
    state = fold("session", [event for event in events if not isinstance(event, LiveEvent)])
    assert (done.code, done.err) == (0, "printed by a tool\n")
    assert [json.loads(line)["type"] for line in done.out.splitlines()] == [event.type for event in events]
    assert (state.status, state.running, state.agent, state.runs) == ("answered", False, "back", 2)
    assert [type(message).__name__.removesuffix("Message") for message in state.messages] == (
        ["User", "Assistant", "Tool", "Assistant"] * 2
    )
    assert "".join(event.text for event in events if event.type == "text_delta") == "result: quietback heard back"


# ---- options, each in this process


VARIABLES = {
    "a text": (["company=Wile = E."], "Wile = E. 1 basic"),
    "an empty text": (["company="], " 1 basic"),
    "a number and an enum": (["count=12", "plan=pro"], "ACME 12 pro"),
    "the last one counts": (["count=2", "count=3"], "ACME 3 basic"),
}


@pytest.mark.parametrize("case", VARIABLES)
def test_variables(bot: Path, case: str) -> None:
    assignments, said = VARIABLES[case]
    options = [part for assignment in assignments for part in ("--var", assignment)]
    assert in_process("run", bot, "tell", *options).out == f"{said}\n"


USAGE = {
    "no = sign": (["--var", "company"], "error: --var 'company': write NAME=VALUE\n"),
    "misspelt": (
        ["--var", "compny=x"],
        "error: --var compny: no variable named 'compny'; did you mean 'company'?\n",
    ),
    "unknown": (
        ["--var", "zzz=x"],
        "error: --var zzz: no variable named 'zzz'; declared are: company, count, plan\n",
    ),
    "wrong type": (
        ["--var", "count=many"],
        "error: --var count: variable 'count' is of type integer, not 'many'\n",
    ),
    "not in the enum": (
        ["--var", "plan=gold"],
        "error: --var plan: variable 'plan' must be one of 'basic', 'pro', not 'gold'\n",
    ),
    "unknown agent": (["--agent", "middle"], "error: no agent named 'middle'; there are: front, back\n"),
    "no script": (
        ["--model", "script:none.yaml"],
        "error: script 'none.yaml' can't be read: No such file or directory\n",
    ),
}


@pytest.mark.parametrize("case", USAGE)
def test_wrong_usage_is_one_line(bot: Path, case: str) -> None:
    options, told = USAGE[case]
    done = in_process("run", bot, "tell", *options)
    assert (done.code, done.out) == (2, "")
    assert done.err.removeprefix(NOTICE.format(bot.with_name("bot.script.yaml"))) == told


CLICKS = {
    "a missing path": (["run", "no-such.yaml"], "File 'no-such.yaml' does not exist."),
    "a folder": (["run", "."], "File '.' is a directory."),
    "no file": (["run"], "Missing argument 'FILE'."),
    "an unknown option": (["run", "bot.yaml", "--modle", "x"], "No such option '--modle'. Did you mean '--model'?"),
    "an unknown format": (["run", "bot.yaml", "--format", "xml"], "'xml' is not one of 'text', 'markdown', 'jsonl'."),
    "an unknown command": (["rnu"], "No such command 'rnu'."),
    "graph of nothing": (["graph", "no-such.yaml"], "File 'no-such.yaml' does not exist."),
    "validate nothing": (["validate"], "Missing argument 'PATH...'."),
}


@pytest.mark.parametrize("case", CLICKS)
def test_wrong_usage_shows_the_usage(bot: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    arguments, told = CLICKS[case]
    monkeypatch.chdir(bot.parent)
    done = in_process(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Usage: ")
    assert told in done.err.splitlines()[-1]


def test_the_agent_that_answers_first(bot: Path) -> None:
    assert in_process("run", bot, "--agent", "back", lines="x\ny\n").out == "back heard x\nback heard y\n"


def test_a_variable_that_must_be_given(write: Write) -> None:
    write("bot.script.yaml", 'rules: [{say: "{{ name }}"}]')
    variables = "variables: {name: {type: string}}\n"
    file = write("bot.yaml", variables + "agents: {a: {instructions: 'Hi {{ name }}', model: m}}")
    assert in_process("run", file, "hi", "--var", "name=Wile").out == "Wile\n"
    done = in_process("run", file, "hi")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1].startswith("error: variable 'name' has no default")


def test_no_key_and_no_script(write: Write) -> None:
    file = write("alone.yaml", "agents: {a: {instructions: x, model: m}}")
    done = in_process("run", file, "hi")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: OPENAI_API_KEY is not set. Set it, or take the replies from a script with --model script:FILE\n"
    )


MODELS = {
    "an alias": ("models", "slow", ("model-s", 1)),
    "the default": ("models", None, ("model-f", None)),
    "an API name where there are no models": ("no models", "gpt-x", ("gpt-x", None)),
}


@pytest.mark.parametrize("case", MODELS)
def test_the_model_for_every_agent(write: Write, case: str) -> None:
    section, chosen, expected = MODELS[case]
    models = "models: {fast: {model: model-f}, slow: {model: model-s, temperature: 1}}\n"
    file = write("bot.yaml", (models if section == "models" else "") + "agents: {a: {instructions: x, model: fast}}\n")
    with ChatServer([say("hi")], key=KEY) as server:
        options = ["--model", chosen] if chosen else []
        done = in_process("run", file, "hi", *options, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    assert (done, server.refused) == (Done(0, "hi\n", ""), [])
    assert (server.requests[0].body["model"], server.requests[0].body.get("temperature")) == expected


def test_an_unknown_alias(write: Write) -> None:
    file = write("bot.yaml", "models: {fast: {model: m}}\nagents: {a: {instructions: x, model: fast}}\n")
    done = in_process("run", file, "hi", "--model", "gpt-4o", OPENAI_API_KEY=KEY)
    assert done == Done(2, "", "error: --model 'gpt-4o': no such alias; the file has: fast\n")


def test_any_working_directory(tmp_path: Path) -> None:
    done = in_process("run", ROOT / "agents/acme.yaml", REFUND, cwd=tmp_path)
    assert (done.code, done.out.splitlines()[-1]) == (0, "I'm sorry about that! Your refund is on its way.")


# ---- what goes wrong


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_bytes(b"agents: \xff\n")
    assert in_process("run", "bad.yaml", "hi", cwd=tmp_path) == Done(
        1,
        "",
        "bad.yaml:1:9: error[encoding]: the byte 0xff is not UTF-8\n"
        "1 | agents: \ufffd\n"
        "            ^\n"
        "  help: save the file as UTF-8\n"
        "1 file: 1 error\n",
    )


def test_a_broken_script(bot: Path, write: Write) -> None:
    script = write("broken.script.yaml", "rules:\n  - sy: hello\n")
    done = in_process("run", bot, "hi", "--model", f"script:{script}")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[0] == f"{script}:2:5: error[unknown-key]: unknown key 'sy'"


SERVERS: dict[str, tuple[Reply, str]] = {
    "401": (error(401), "answered 401: Incorrect API key provided.; is the key right?"),
    "404": (
        error(404),
        (
            "answered 404: The model does not exist or you do not have access to it.; "
            "do the base_url and the model's name fit?"
        ),
    ),
    "400": (error(400, {"error": {"message": "Oh\nno."}}), "answered 400: Oh no."),
    "400 with a text": (raw(400, {"content-type": "text/plain"}, [b"oops"]), "answered 400: oops"),
    "400 with a page": (
        raw(400, {"content-type": "text/html"}, [b"<html><body>Bad\nRequest</body></html>"]),
        "answered 400: Bad Request",
    ),
}


def one_bot(write: Write) -> Path:
    return write("bot.yaml", "agents: {a: {instructions: x, model: some-model}}\n")


@pytest.mark.parametrize("case", SERVERS)
def test_a_server_that_fails(write: Write, case: str) -> None:
    reply, told = SERVERS[case]
    with ChatServer([reply], key=KEY) as server:
        done = in_process("run", one_bot(write), "hi", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    assert done.err == f"the run ended: failed: model 'some-model' at {server.url}: {told}\n"
    assert (done.code, done.out) == (3, "")
    assert len(server.requests) == 1


@pytest.mark.parametrize("dropped", [0, 2])
def test_a_server_that_hangs_up(write: Write, dropped: int) -> None:
    with ChatServer(lambda body: say("Hello there, how are you?", drop_after=dropped), key=KEY) as server:
        done = in_process("run", one_bot(write), "hi", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    assert done.code == 3
    assert done.err.splitlines()[-1].startswith(f"the run ended: failed: model 'some-model' at {server.url}: ")
    assert "Traceback" not in done.err
    assert KEY not in done.out + done.err


def test_a_wrong_key_is_never_shown(write: Write) -> None:
    with ChatServer([], key="sk-right") as server:
        done = in_process("run", one_bot(write), "hi", OPENAI_API_KEY="sk-wrong", OPENAI_BASE_URL=server.url)
    assert (done.code, done.out, done.err.count("\n")) == (3, "", 1)
    assert "answered 401" in done.err
    assert "sk-wrong" not in done.err


def test_an_address_where_nothing_listens(write: Write) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    secret = "http://user:password@" + url.removeprefix("http://")
    done = in_process("run", one_bot(write), "hi", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=secret)
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines()[-1] == (
        f"the run ended: failed: model 'some-model' at {url}: "
        "the connection failed; does a server listen there, and is the address right?; tried 4 times"
    )
    assert "password" not in done.err


def test_an_address_that_is_none(write: Write) -> None:
    done = in_process("run", one_bot(write), "hi", OPENAI_API_KEY=KEY, OPENAI_BASE_URL="not a url")
    assert (done.code, done.out, done.err.count("\n")) == (3, "", 1)
    assert "some-model" in done.err
    assert "is the base_url right?" in done.err


def test_a_script_without_a_rule(write: Write) -> None:
    write("bot.script.yaml", "rules: [{user: hello, say: hi}]\n")
    done = in_process("run", one_bot(write), "bye")
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines()[1] == (
        "the run ended: failed: bot.script.yaml has no rule for agent 'a' when the user says 'bye'; "
        "add one to its rules"
    )


def test_the_same_call_for_ever_is_a_limit(bot: Path) -> None:
    done = in_process("run", bot, "use again", "--format", "jsonl")
    events = [from_json(line) for line in done.out.splitlines()]
    last = events[-1]
    assert done.code == 4
    assert last.type == "run_finished"
    assert (last.status, last.detail) == ("limit", "repeats: again gave the same result to the same arguments 5 times")
    state: State = fold("session", [event for event in events if not isinstance(event, LiveEvent)])
    assert not state.running


def test_a_conversation_goes_on_after_a_limit_and_exits_with_4(bot: Path) -> None:
    done = in_process("run", bot, lines="use again\nhello\n")
    assert (done.code, done.out) == (4, "front heard hello\n")
    assert done.err.splitlines()[-1] == (
        "the run ended: limit: repeats: again gave the same result to the same arguments 5 times"
    )


def test_ctrl_c_during_a_model_call(write: Write) -> None:
    with ChatServer([say("late", delay=30)], key=KEY) as server:
        command = Running("run", one_bot(write), "hi", OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
        with command as running:
            until(lambda: server.requests)
            assert interrupted(running) == Done(130, "", "the run ended: cancelled\n")


def test_ctrl_c_during_a_tool_that_hangs(bot: Path) -> None:
    with Running("run", bot, "use hang") as running:
        running.wait_for("→ hang()")
        done = interrupted(running)
    assert (done.code, done.out) == (130, "")
    assert done.err.splitlines()[1:] == ["→ hang()", "the run ended: cancelled"]


def interrupted(running: Running) -> Done:
    pressed = time.monotonic()
    running.interrupt()
    done = running.left()
    assert time.monotonic() - pressed < 2
    return done


def test_ctrl_c_while_the_pipe_is_silent(bot: Path) -> None:
    with Running("run", bot) as running:
        running.wait_for("not from a model.\n")
        time.sleep(0.3)  # nothing tells that it is reading now
        assert interrupted(running).code == 130


def shell(command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, shell=True, check=False, env=environment({}), capture_output=True, text=True, timeout=20
    )


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_a_reader_that_leaves_early(write: Write, form: str) -> None:
    script = write("long.script.yaml", 'rules: [{say: "{% for i in range(20000) %}line {{ i }}\\n{% endfor %}"}]\n')
    command = f"'{COMMAND}' run '{one_bot(write)}' hi --model 'script:{script}' --format {form} | head -1"
    done = shell(command)
    assert done.stderr == ""
    assert done.stdout.startswith("line 0\n" if form == "text" else '{"run_id":"run_1"')


# ---- at a terminal


def test_a_conversation_at_a_terminal(bot: Path) -> None:
    with Terminal("run", "bot.yaml", "--no-store", cwd=bot.parent) as terminal:
        for waited, typed in (("> ", "hello\n"), ("> ", "use question\n"), ("name? ", "Wile\n"), ("> ", "\x04")):
            terminal.wait_for(waited)
            terminal.type(typed)
        assert terminal.left() == 0
    assert terminal.screen == (
        NOTICE.format("bot.script.yaml") + "> hello\n"
        "Front: front heard hello\n"
        "> use question\n"
        "→ question()\n"
        "What is your name? Wile\n"
        "Front: result: heard Wile\n"
        "> \n"
    )


def test_ctrl_c_at_a_terminal_stops_the_reply_and_keeps_the_conversation(write: Write) -> None:
    replies = [say("one two three four five", chunk_delay=0.5), say("Here I am.")]
    with ChatServer(replies, key=KEY) as server:
        command = Terminal("run", one_bot(write), OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
        with command as terminal:
            for waited, typed in (("> ", "count\n"), ("A: one", "\x03"), ("cancelled\n> ", "still there?\n")):
                terminal.wait_for(waited)
                terminal.type(typed)
            terminal.wait_for("A: Here I am.\n> ")
            terminal.type("\x04")
            assert terminal.left() == 130
    roles = [message["role"] for message in server.requests[1].body["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert server.refused == []
    assert "Traceback" not in terminal.screen


def test_ctrl_c_at_the_prompt_leaves(bot: Path) -> None:
    with Terminal("run", bot) as terminal:
        terminal.wait_for("> ")
        terminal.type("\x03")
        assert terminal.left() == 130
    assert "Traceback" not in terminal.screen
