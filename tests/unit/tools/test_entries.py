"""Group 29: the entries of ``tools:``, their keys, and what is said of the functions that they name."""

import pytest

from orchestrator.loader import load
from orchestrator.tools import ToolContext
from tests.unit.test_modules import Write, agents, names, only_fault


@pytest.mark.parametrize("name", ["größe", "a" * 65])
def test_group_29_a_name_that_the_api_refuses(write: Write, name: str) -> None:
    write("helpers.py", f"def {name}(): ...\n")
    assert only_fault(load(agents(write, "helpers")))[0] == "bad-function-name"
    assert names(load(agents(write, f"{{use: 'helpers:{name}', name: fine-1}}"))) == ["fine-1"]


def test_group_29_a_description_that_the_api_refuses(write: Write) -> None:
    write("helpers.py", f"def find():\n    '''{'x' * 1025}'''\ndef fine():\n    '''{'x' * 1024}'''\n")
    assert only_fault(load(agents(write, "helpers")))[:2] == (
        "bad-value",
        "the description of 'find' has 1,025 characters, more than the API takes",
    )
    assert names(load(agents(write, "{use: 'helpers:find', description: Short.}", "helpers"))) == ["find", "fine"]


def test_group_29_two_functions_of_one_name(write: Write) -> None:
    write("one.py", "def find(): ...\n")
    write("two.py", "def find(): ...\ndef transfer_to_other(): ...\n")
    code, message, _ = only_fault(load(agents(write, "one", "two")))
    assert (code, message) == ("name-collision", "agent 'bot' would offer two functions named 'find': two and one")
    assert names(load(agents(write, "one", "{use: 'two:find', name: look}"))) == ["find", "look"]


def test_group_29_a_function_s_own_entry_beats_that_of_its_module(write: Write) -> None:
    write("helpers.py", "def find():\n    'Find.'\ndef look(): ...\n")
    own = "{use: 'helpers:find', description: Mine., approval: always, timeout: 5, effects: read, sequential: true}"
    for order in ([own, "helpers"], ["helpers", own]):
        tools = {tool.name: tool for tool in load(agents(write, *order)).unwrap().agents["bot"].tools}
        find, look = tools["find"], tools["look"]
        assert find.schema.description == "Mine."
        assert (find.approval, find.timeout, find.effects, find.sequential) == ("always", 5, "read", True)
        assert (look.approval, look.timeout, look.effects, look.sequential) == ("never", None, "once", False)


def test_group_29_yaml_wins_over_the_decorator(write: Write) -> None:
    write(
        "helpers.py",
        """
        from orchestrator.tools import tool

        @tool(name="look", description="Look.", approval="always", timeout=3, effects="keyed", sequential=True)
        def find(): ...
        """,
    )
    [tool] = load(agents(write, "helpers")).unwrap().agents["bot"].tools
    assert (tool.name, tool.schema.description, tool.approval, tool.timeout) == ("look", "Look.", "always", 3)
    assert (tool.effects, tool.sequential) == ("keyed", True)
    entry = "{use: 'helpers:find', name: seek, approval: never, effects: once, sequential: false}"
    [tool] = load(agents(write, entry)).unwrap().agents["bot"].tools
    assert (tool.name, tool.schema.description, tool.approval, tool.timeout) == ("seek", "Look.", "never", 3)
    assert (tool.effects, tool.sequential) == ("once", False)


def test_group_29_a_rule_of_approval_is_a_function(write: Write) -> None:
    write("helpers.py", "def find(): ...\n")
    write("rules.py", "def ask(arguments, context): return True\nLIMIT = 1\n")
    entry = "{{use: helpers, approval: '{}'}}"
    [tool] = load(agents(write, entry.format("rules:ask"))).unwrap().agents["bot"].tools
    assert callable(tool.approval)
    assert tool.approval({}, ToolContext()) is True
    for rule, code in [
        ("rules:aks", "function-not-found"),
        ("rules:LIMIT", "not-callable"),
        ("nowhere:ask", "module-not-found"),
        ("json:dumps", "package-not-allowed"),
    ]:
        assert only_fault(load(agents(write, entry.format(rule))))[0] == code


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("{use: helpers, name: look}", "bad-value"),
        ("{use: helpers, description: Look.}", "bad-value"),
        ("{name: look}", "missing-key"),
        ("{use: 'helpers:find', aproval: always}", "unknown-key"),
        ("{use: 'helpers:find', approval: sometimes}", "bad-value"),
        ("{use: 'helpers:find', effects: none}", "bad-value"),
        ("{use: 'helpers:find', timeout: 0}", "bad-value"),
        ("{use: 'helpers:find', timeout: '5'}", "wrong-type"),
        ("{use: 'helpers:find', sequential: 1}", "wrong-type"),
        ("5", "wrong-type"),
    ],
)
def test_group_29_entries_that_are_wrong(write: Write, entry: str, code: str) -> None:
    write("helpers.py", "def find(): ...\ndef other(): ...\n")
    assert only_fault(load(agents(write, entry, "helpers:other")))[0] == code


def test_group_29_every_fault_of_a_signature_is_a_diagnostic(write: Write) -> None:
    write(
        "helpers.py",
        """
        import threading

        def star(*args): ...
        def lock(lock: threading.Event): ...
        def lost(a: "Nowhere"): ...
        def only(a, /): ...
        def words(type: int, default: int = 1): "Words."
        """,
    )
    uses = [f'"helpers:{name}"' for name in ("star", "lock", "lost", "only", "words")]
    loaded = load(agents(write, *uses))
    assert [fault.code for fault in loaded.diagnostics] == ["unsupported-parameter"] * 4
    for fault, part in zip(loaded.diagnostics, ("'*args'", "'lock'", "'Nowhere'", "'a'"), strict=True):
        assert part in fault.message
