"""The entries of ``models``, from the text to the ``Model`` that is asked. Groups 27, 35 and 40."""

from pathlib import Path
from textwrap import dedent, indent
from typing import get_args

import pytest

from orchestrator.loader import load
from orchestrator.model import Endpoint, FromEnv, Model, Price, Provider, Timeouts
from orchestrator.source import Source
from orchestrator.spec import nearest, read_spec
from orchestrator.spec.providers import KINDS
from orchestrator.spec.values import PROVIDERS

AGENT = "agents: {bot: {model: m, instructions: Help.}}\n"


def told(model: str) -> list[str]:
    """What is wrong with a model of this text, as ``code message (hint)``."""
    found = read_spec(Source.parse("file.yaml", f"models:\n  m: {model}\n")).diagnostics
    return [f"{each.code} {each.message}" + (f" ({each.hint})" if each.hint else "") for each in found]


def loaded(folder: Path, models: str) -> dict[str, Model]:
    file = folder / "bot.yaml"
    file.write_text(f"models:\n{indent(dedent(models), ' ')}{AGENT}", encoding="utf-8")
    found = load(file)
    assert found.diagnostics == ()
    return dict(found.models)


# ---- what a model becomes


def test_group_40_a_model_that_says_nothing_is_openai_with_all_defaults(tmp_path: Path) -> None:
    assert loaded(tmp_path, "m: {model: gpt-4o}\n") == {"m": Model("gpt-4o", "m")}


def test_group_40_all_that_can_be_said_of_a_model(tmp_path: Path) -> None:
    text = """\
        m:
          provider: openai
          model: gpt-4o
          base_url: {env: URL, default: "https://llm.example/v1"}
          api_key: {env: KEY}
          headers: {X-Team: support, Authorization: {env: TOKEN}, X-Trace: {env: TRACE, default: none}}
          temperature: 1
          top_p: 0.5
          seed: 7
          max_completion_tokens: 100
          reasoning_effort: low
          response_format: {type: json_schema, json_schema: {name: a, schema: {enum: [null], default: null}}}
          extra_body: {top_k: 40, stop: null}
          strict: true
          stream: false
          timeout: {first: 3, total: 9.5}
          history: {max_tokens: 900}
          price: {input: 1, output: 2.5, cached: 0}
    """
    schema = {"enum": [None], "default": None}
    settings = {
        "temperature": 1.0,
        "top_p": 0.5,
        "seed": 7,
        "max_completion_tokens": 100,
        "reasoning_effort": "low",
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
        "top_k": 40,
        "stop": None,
    }
    assert loaded(tmp_path, text)["m"] == Model(
        "gpt-4o",
        "m",
        Endpoint(FromEnv("URL", "https://llm.example/v1"), FromEnv("KEY")),
        settings,
        strict=True,
        headers={"X-Team": "support", "Authorization": FromEnv("TOKEN"), "X-Trace": FromEnv("TRACE", "none")},
        stream=False,
        timeouts=Timeouts(first=3, total=9.5),
        history=900,
        price=Price(1, 2.5, 0),
    )


def test_group_40_a_number_of_seconds_is_for_the_whole_call(tmp_path: Path) -> None:
    models = loaded(tmp_path, "m: {model: x, timeout: 90}\no: {model: x, tool_calls: json}\n")
    assert models["m"].timeouts == Timeouts(total=90)
    assert models["o"].tool_calls == "json"


@pytest.mark.parametrize(("extra", "name"), [("", "team-4o"), (", model: gpt-4o", "gpt-4o")])
def test_group_40_azure(tmp_path: Path, extra: str, name: str) -> None:
    text = f'{{provider: azure, base_url: "https://a.example", api_key: {{env: K}}, deployment: team-4o{extra}'
    model = loaded(tmp_path, f'm: {text}, api_version: "2024-10-21"}}\n')["m"]
    endpoint = Endpoint("https://a.example", FromEnv("K"), api_version="2024-10-21", deployment="team-4o")
    assert model == Model(name, "m", endpoint, provider="azure")


def test_group_28_files_of_models_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "tape.jsonl").write_text("", encoding="utf-8")
    (inner / "a.script.yaml").write_text("rules: [{say: hi}]\n", encoding="utf-8")
    models = "models:\n acted: {provider: script, file: a.script.yaml}\n"
    (inner / "part.yaml").write_text(models, encoding="utf-8")
    root = tmp_path / "bot.yaml"
    root.write_text(f"include: [inner/part.yaml]\nmodels: {{m: {{provider: replay, file: ./tape.jsonl}}}}\n{AGENT}")
    found = load(root)
    assert found.diagnostics == ()
    files = {alias: (model.provider, model.file) for alias, model in found.models.items()}
    assert files == {"m": ("replay", str(tmp_path / "tape.jsonl")), "acted": ("script", str(inner / "a.script.yaml"))}


def test_group_40_a_fallback_is_the_list_of_the_model_itself_only(tmp_path: Path) -> None:
    text = """\
        m: {model: one, fallback: [second, third]}
        second: {model: two, temperature: 1, fallback: [third]}
        third: {model: three}
    """
    models = loaded(tmp_path, text)
    third = Model("three", "third")
    second = Model("two", "second", settings={"temperature": 1.0})
    assert models["m"].fallback == (second, third)
    assert models["second"].fallback == (third,)


def test_group_40_the_kinds_are_the_same_everywhere() -> None:
    assert get_args(Provider) == PROVIDERS == tuple(KINDS)


# ---- what is refused, in which words


CASES = {
    "a kind that is none": (
        "{provider: azur, anything: goes}",
        "bad-value 'provider' must be openai, azure, script or replay (did you mean 'azure'?)",
    ),
    "a kind that is no text": (
        "{provider: [azure]}",
        "bad-value 'provider' must be openai, azure, script or replay",
    ),
    "a key of another kind": (
        "{provider: script, file: f, temperature: 1}",
        "unknown-key unknown key 'temperature' (it belongs in a model with provider: openai or azure)",
    ),
    "a key of Azure": (
        "{model: x, deployment: y}",
        "unknown-key unknown key 'deployment' (it belongs in a model with provider: azure)",
    ),
    "a misspelt key of Azure": (
        "{provider: azure, base_url: 'https://a.example', api_key: none, deploment: y, api_version: v1}",
        "unknown-key unknown key 'deploment' (did you mean 'deployment'?)",
    ),
    "a field of requests": (
        "{model: x, stop: [a]}",
        (
            "unknown-key unknown key 'stop' "
            "(in a model, write extra_body: {stop: ...}: what stands there goes into the request as it is)"
        ),
    ),
    "what a request sets itself": (
        "{model: x, extra_body: {messages: []}}",
        "bad-value 'messages' can't stand in extra_body (leave it out: each request sets it itself)",
    ),
    "what has a key of its own": (
        "{model: x, extra_body: {stream: true}}",
        "bad-value 'stream' can't stand in extra_body (write stream: beside extra_body, not in it)",
    ),
    "a header twice": (
        "{model: x, headers: {X-A: one, x-a: two}}",
        (
            "bad-value 'headers' must have each header once, and has x-a again "
            "(capitals make no difference in the name of a header)"
        ),
    ),
    "a header of the client": (
        "{model: x, headers: {content-length: '5'}}",
        "bad-value 'content-length' can't be set (leave it out: each request sets it itself)",
    ),
    "a header that is no text": (
        "{model: x, headers: {X-A: 5}}",
        (
            "wrong-type 'X-A' must be a text, or a mapping with 'env', not the number 5 "
            "(such as X-Team: support, or {env: TEAM})"
        ),
    ),
    "a key in a header": (
        "{model: x, headers: {api-key: abc}}",
        (
            "literal-secret a key never stands in a file "
            "(write api-key: {env: NAME}, and put the key into that environment variable)"
        ),
    ),
    "a time that is none": ("{model: x, timeout: 0}", "bad-value 'timeout' must be more than 0"),
    "a time without end": ("{model: x, timeout: 1000000}", "bad-value 'timeout' must be at most 86400"),
    "a number for a history": (
        "{model: x, history: 8000}",
        "wrong-type 'history' must be a mapping of keys to values, not the number 8000 (such as {max_tokens: 8000})",
    ),
    "a price without output": (
        "{model: x, price: {input: 1}}",
        "missing-key 'price' has no 'output' (add output: and the price of a million tokens)",
    ),
    "a text for a list": (
        "{model: x, fallback: other}",
        "wrong-type 'fallback' must be a list, not text (write [other])",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_group_27_what_is_wrong_is_said_in_plain_words(case: str) -> None:
    text, expected = CASES[case]
    assert told(text) == [expected]


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key", "api_key", "Cookie", "X-Auth-Token", "client-secret"])
@pytest.mark.parametrize("value", ["hunter2", "{env: TOKEN, default: hunter2}"])
def test_group_35_a_header_that_carries_a_secret_comes_from_the_environment(header: str, value: str) -> None:
    [fault] = told(f"{{model: x, headers: {{{header}: {value}}}}}")
    assert fault.startswith("literal-secret ")
    assert "hunter2" not in fault
    assert told(f"{{model: x, headers: {{{header}: {{env: TOKEN}}}}}}") == []


@pytest.mark.parametrize("key", ["[openai]", "[azure]", "[key]", "openai"])
def test_group_27_an_unknown_key_of_any_look_is_found_at_its_place(key: str) -> None:
    found = read_spec(Source.parse("f", f'models:\n  m:\n    model: x\n    "{key}": 1\n')).diagnostics
    assert [(each.code, each.span.line) for each in found] == [("unknown-key", 4)]
    assert nearest(key, ["zzz"]) is None
