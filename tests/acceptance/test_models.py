"""``models``: what a file says of a model is what its endpoint gets. Groups 1, 18, 35 and 40."""

from pathlib import Path

import pytest

from tests.acceptance.conftest import Write
from tests.support.chat_server import ChatServer, error, say
from tests.support.cli import Done, in_process

NOBODY = "sk-nobody-gets-this-key"
AGENT = "agents: {bot: {model: m, instructions: Help.}}\n"


def project(write: Write, model: str, *others: str) -> Path:
    """A project whose one agent has the model ``m``."""
    write("pyproject.toml", "")
    models = "".join(f"  {line}\n" for line in (f"m: {model}", *others))
    return write("bot.yaml", f"models:\n{models}{AGENT}")


# ---- requests


def test_group_18_settings_headers_and_other_fields_reach_the_endpoint(write: Write) -> None:
    with ChatServer([say("hi")]) as server:
        extra = "extra_body: {stop: [END], user: u1}, max_completion_tokens: 50, reasoning_effort: low"
        headers = "headers: {X-Team: support, X-Trace: {env: TRACE}, X-Run: {env: NONE, default: first}}"
        file = project(write, f"{{model: gpt-4o, base_url: {server.url}, api_key: {{env: KEY}}, {extra}, {headers}}}")
        done = in_process("run", file, "hello", KEY="k-1", TRACE="t-1", OPENAI_API_KEY=NOBODY)
    assert (done.code, done.out) == (0, "hi\n")
    [request] = server.requests
    told = {name: request.headers.get(name) for name in ("x-team", "x-trace", "x-run", "authorization")}
    assert told == {"x-team": "support", "x-trace": "t-1", "x-run": "first", "authorization": "Bearer k-1"}
    sent = {key: value for key, value in request.body.items() if key not in {"messages", "stream", "stream_options"}}
    fields = {"max_completion_tokens": 50, "reasoning_effort": "low", "stop": ["END"], "user": "u1"}
    assert sent == {"model": "gpt-4o", **fields}
    assert server.refused == []


def test_group_20_an_endpoint_that_can_not_stream_is_not_asked_to(write: Write) -> None:
    with ChatServer([say("hi there")]) as server:
        file = project(write, f"{{model: gpt-4o, base_url: {server.url}, api_key: {{env: KEY}}, stream: false}}")
        done = in_process("run", file, "hello", KEY="k-1")
    assert (done.code, done.out) == (0, "hi there\n")
    [request] = server.requests
    assert request.body.get("stream", False) is False
    assert server.refused == []


def test_group_40_azure_is_asked_for_a_deployment_with_a_key_of_its_own_kind(write: Write) -> None:
    with ChatServer([]) as server:
        address = server.url.removesuffix("/v1")
        text = f'provider: azure, base_url: "{address}", api_key: {{env: KEY}}, deployment: team-4o'
        file = project(write, f'{{{text}, api_version: "2024-10-21"}}')
        in_process("run", file, "hello", KEY="k-1", OPENAI_API_KEY=NOBODY)
    request = server.requests[0]  # this server is not Azure, so it refuses
    assert request.path == "/openai/deployments/team-4o/chat/completions?api-version=2024-10-21"
    assert (request.headers.get("api-key"), request.headers.get("authorization")) == ("k-1", None)


@pytest.mark.parametrize("timeout", ["0.3", "{first: 0.3, total: 1}"])
def test_group_17_a_model_that_takes_too_long_is_given_up(write: Write, timeout: str) -> None:
    with ChatServer([say("late", delay=20)] * 4) as server:
        file = project(write, f"{{model: gpt-4o, base_url: {server.url}, api_key: {{env: KEY}}, timeout: {timeout}}}")
        done = in_process("run", file, "hello", KEY="k-1")
    assert (done.code, done.out) == (3, "")
    assert "Traceback" not in done.err


# ---- fallback


def test_group_40_another_model_is_asked_with_its_own_key_and_settings(write: Write) -> None:
    with ChatServer([error(400)], key="key-a") as one, ChatServer([say("hi")], key="key-b") as two:
        file = project(
            write,
            f"{{model: gpt-4o, base_url: {one.url}, api_key: {{env: A}}, temperature: 1, fallback: [spare]}}",
            f"spare: {{model: gpt-4o-mini, base_url: {two.url}, api_key: {{env: B}}, seed: 3}}",
        )
        done = in_process("run", file, "hello", A="key-a", B="key-b")
    assert (done.code, done.out) == (0, "hi\n")
    [first], [second] = one.requests, two.requests
    assert (first.headers["authorization"], second.headers["authorization"]) == ("Bearer key-a", "Bearer key-b")
    assert first.body["messages"] == second.body["messages"]
    assert (second.body["model"], second.body.get("temperature"), second.body["seed"]) == ("gpt-4o-mini", None, 3)


def test_group_40_a_script_can_stand_in_for_a_model(write: Write) -> None:
    write("spare.script.yaml", "rules: [{say: 'The model is away.'}]\n")
    with ChatServer([error(400)], key="key-a") as server:
        model = f"{{model: gpt-4o, base_url: {server.url}, api_key: {{env: A}}, fallback: [spare]}}"
        file = project(write, model, "spare: {provider: script, file: spare.script.yaml}")
        done = in_process("run", file, "hello", A="key-a")
    assert (done.code, done.out) == (0, "The model is away.\n")


# ---- scripts


def test_group_40_each_agent_may_have_a_script_of_its_own_and_needs_no_key(write: Write) -> None:
    write("front.script.yaml", "rules: [{call: [transfer_to_back]}]\n")
    write("back.script.yaml", "rules: [{say: I am the back.}]\n")
    file = write(
        "bot.yaml",
        """
        entry: front
        models:
          one: {provider: script, file: front.script.yaml}
          two: {provider: script, file: back.script.yaml}
        agents:
          front: {description: First., model: one, instructions: x, handoffs: [back]}
          back: {description: Second., model: two, instructions: x, handoffs: [front]}
        """,
    )
    assert in_process("run", file, "hello") == Done(0, "I am the back.\n", "⇒ Back\n")


def test_group_40_a_script_with_faults_is_told_in_one_line(write: Write) -> None:
    write("s.script.yaml", "rules: [{sya: hi}]\n")
    done = in_process("run", project(write, "{provider: script, file: s.script.yaml}"), "hello")
    assert (done.code, done.out) == (3, "")
    assert "s.script.yaml" in done.err
    assert "unknown key 'sya'" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("model", "lines"),
    [
        (
            '{provider: azure, base_url: "https://a.example", api_key: {env: K}, deployment: d, api_version: v1}',
            ["model     m (d)", "endpoint  https://a.example, deployment d; the key in K"],
        ),
        (
            "{provider: script, file: s.script.yaml}",
            ["model     m", "endpoint  none: the script s.script.yaml answers"],
        ),
    ],
)
def test_group_40_what_answers_is_shown_with_the_prompt(write: Write, model: str, lines: list[str]) -> None:
    write("s.script.yaml", "rules: [{say: hi}]\n")
    assert in_process("render", project(write, model)).out.splitlines()[1:3] == lines


# ---- keys


def test_group_35_a_key_may_stand_in_a_file_of_the_project_root(write: Write) -> None:
    write(".env", "KEY=from-the-file\nbroken line\n")
    with ChatServer([say("hi"), say("hi")], key="from-the-file") as server:
        write("pyproject.toml", "")
        models = f"models: {{m: {{model: gpt-4o, base_url: {server.url}, api_key: {{env: KEY}}}}}}\n"
        file = write("agents/inner/bot.yaml", models + AGENT)
        done = in_process("run", file, "hello")
        other = in_process("run", file, "hello", KEY="from-the-environment")
    assert (done.code, done.out) == (0, "hi\n")
    assert done.err.splitlines()[0].endswith(".env:2: this line is left out: write NAME=value")
    assert [request.headers["authorization"] for request in server.requests] == [
        "Bearer from-the-file",
        "Bearer from-the-environment",
    ]
    assert "from-the" not in done.err + other.err


def test_group_35_a_project_can_not_send_the_key_of_a_person_elsewhere(write: Write) -> None:
    with ChatServer([say("hi")]) as server:
        write(".env", f"OPENAI_BASE_URL={server.url}\n")
        file = write("bot.yaml", "agents: {bot: {model: gpt-4o, instructions: Help.}}\n")
        write("pyproject.toml", "")
        # the connection to OpenAI itself is refused before anything is sent
        done = in_process("run", file, "hello", OPENAI_API_KEY=NOBODY, HTTPS_PROXY="http://127.0.0.1:9")
    assert "model 'gpt-4o' at https://api.openai.com/v1: " in done.err
    assert server.requests == []


def test_group_35_validating_reads_neither_keys_nor_the_file_for_them(write: Write) -> None:
    write(".env", "broken line\n")
    file = project(write, "{model: gpt-4o, base_url: {env: URL}, api_key: {env: KEY}}")
    assert in_process("validate", file) == Done(0, "1 file: no problems\n", "")


def test_group_35_a_missing_key_is_named(write: Write) -> None:
    done = in_process("run", project(write, "{model: gpt-4o, base_url: {env: URL}, api_key: {env: KEY}}"), "hello")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: KEY is not set.")


# ---- circles


@pytest.mark.timeout(20)
def test_group_40_a_thousand_models_in_a_circle_are_one_fault(write: Write) -> None:
    others = [f"m{n}: {{model: x, fallback: [m{(n + 1) % 1000}]}}" for n in range(1000)]
    done = in_process("validate", project(write, "{model: x, fallback: [m0]}", *others))
    assert done.code == 1
    assert done.out.count("fallback-cycle") == 1
    names = " -> ".join(["m0", *(f"m{n}" for n in range(1, 9)), "…", "m999", "m0"])
    assert f"models fall back to each other in a circle: {names}\n" in done.out
