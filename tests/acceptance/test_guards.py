"""``requires`` and ``approval`` in YAML, as the model gets to see them in real requests. Groups 6, 7, 21a, 34."""

from pathlib import Path

import pytest

from orchestrator.agents import AgentGraph, Variable
from orchestrator.diagnostics import Diagnostic
from orchestrator.events import ApprovalGiven, ApprovalRequested, Event, ToolStarted, from_json
from orchestrator.loader import load
from orchestrator.tools import ToolContext
from tests.acceptance.conftest import Write
from tests.support.chat_server import Call, ChatServer, Reply, Request, call, say
from tests.support.cli import Done, Terminal, in_process
from tests.support.fakes import Session, agent, calls, tool_of
from tests.support.fakes import say as fake_say

KEY = "sk-of-the-test"
VAULT = """
    version: 1
    entry: desk
    variables:
      verified: false
      limit: {type: integer, default: null}
      tags: {default: [a, b]}
      pin: {type: string, secret: true, default: "4711"}
    defaults: {model: m}
    agents:
      desk:
        description: Who it is
        instructions: "{% if verified %}Verified.{% else %}Unknown.{% endif %}"
        tools:
          - use: vault:verify
          - use: vault:lock
          - {use: "vault:pay", requires: verified}
          - vault:peek
          - {use: "vault:free", requires: "true"}
        handoffs:
          - {to: safe, when: they ask for gold, requires: verified}
          - {to: exit, when: they want to leave}
      safe:
        description: Gold
        instructions: "The safe of {{ tags | join(' and ') }}{% if limit %}, up to {{ limit }}{% endif %}."
        handoffs: [desk]
      exit:
        description: The way out
        instructions: The exit.
        handoffs: [desk]
"""
TOOLS = '''
    """Tools of a vault."""

    from orchestrator.tools import Handoff, Result, ToolContext, tool


    def verify(context: ToolContext) -> str:
        """Find out who it is."""
        context.set("verified", context.variables["pin"] == "4711")
        return "known"


    @tool(sequential=True)
    def lock(context: ToolContext) -> str:
        """Lock the safe."""
        context.set("verified", False)
        return "locked"


    def pay(amount: int) -> str:
        """Pay an amount."""
        return f"paid {amount}"


    @tool(requires="verified")
    def peek() -> str:
        """Look into the safe."""
        return "gold"


    @tool(requires="false")
    def free() -> str:
        """Do what anybody may."""
        return "free"


    def walk(to: str) -> Handoff:
        """Walk to another room."""
        return Handoff(to)


    def unlock_and_walk() -> Result:
        """Unlock the safe and walk in."""
        return Result("unlocked", handoff="safe", variables={"verified": True})


    @tool(requires="verified and")
    def broken_guard() -> str:
        """Do what nobody may."""
        return "ran"
'''
ALWAYS_THERE = ["verify", "lock", "free", "transfer_to_exit"]
AT_HAND = "The tools at hand: verify, lock, free, transfer_to_exit."


@pytest.fixture
def vault(write: Write) -> Path:
    write("vault.py", TOOLS)
    return write("vault.yaml", VAULT)


def converse(file: Path, *replies: Reply, lines: str = "go\n", more: tuple[str, ...] = ()) -> tuple[Done, ChatServer]:
    """Each line is a turn; the server must have refused nothing."""
    with ChatServer(replies, key=KEY) as server:
        done = in_process("run", file, *more, lines=lines, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    assert server.refused == []
    assert len(server.requests) == len(replies)
    return done, server


def offered(request: Request) -> list[str]:
    return [entry["function"]["name"] for entry in request.body.get("tools", [])]


def results(request: Request) -> list[str]:
    """The results that stand at the end of a request."""
    last = max(at for at, message in enumerate(request.body["messages"]) if message["role"] != "tool")
    return [message["content"] for message in request.body["messages"][last + 1 :]]


def calling(*names: str) -> Reply:
    made: list[Call] = [(name, {"amount": 5} if name == "pay" else {}) for name in names]
    return call(*made)


# ---- what a tool or an edge requires (21a)


def test_21a_offered_in_the_very_next_model_call_and_taken_back_in_the_next(vault: Path) -> None:
    done, server = converse(vault, calling("verify"), calling("pay", "peek"), calling("lock"), say("Done."))
    assert (done.code, done.out) == (0, "Done.\n")
    everything = ["verify", "lock", "pay", "peek", "free", "transfer_to_safe", "transfer_to_exit"]
    assert list(map(offered, server.requests)) == [ALWAYS_THERE, everything, everything, ALWAYS_THERE]
    told = [request.body["messages"][0]["content"] for request in server.requests]
    assert told == ["Unknown.", "Verified.", "Verified.", "Unknown."]
    assert results(server.requests[2]) == ["paid 5", "gold"]


def test_21a_a_guard_holds_over_user_turns_and_for_variables_from_outside(vault: Path) -> None:
    _, server = converse(vault, calling("verify"), say("1"), say("2"), lines="one\ntwo\n")
    assert ["pay" in offered(request) for request in server.requests] == [False, True, True]
    _, server = converse(vault, say("1"), more=("--var", "verified=true"))
    assert "pay" in offered(server.requests[0])


REFUSED = {
    "a tool that the entry guards": (
        "pay",
        f"Error: the tool 'pay' is not permitted now: it requires verified. {AT_HAND}",
    ),
    "a tool that @tool guards": (
        "peek",
        f"Error: the tool 'peek' is not permitted now: it requires verified. {AT_HAND}",
    ),
    "a handoff": ("transfer_to_safe", "Error: a handoff to 'safe' is not permitted now. Allowed now: exit."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_21a_a_model_that_calls_it_anyway_is_told_what_is_at_hand(vault: Path, case: str) -> None:
    name, told = REFUSED[case]
    done, server = converse(vault, calling(name), say("I may not."))
    assert (done.code, done.out) == (0, "I may not.\n")
    [answer] = results(server.requests[1])
    assert answer == told
    assert offered(server.requests[1]) == ALWAYS_THERE


def test_21a_a_guard_must_hold_when_the_reply_arrives(vault: Path) -> None:
    _, server = converse(vault, calling("verify", "pay"), calling("pay"), say("Done."))
    known, refused = results(server.requests[1])
    assert (known, refused.partition(".")[0]) == (
        "known",
        "Error: the tool 'pay' is not permitted now: it requires verified",
    )
    assert results(server.requests[2]) == ["paid 5"]


def test_21a_a_guard_must_hold_again_when_the_wave_starts_and_at_the_move(vault: Path) -> None:
    _, server = converse(vault, calling("verify"), calling("lock", "pay", "transfer_to_safe"), say("Locked."))
    locked, pay, safe = results(server.requests[2])
    assert locked == "locked"
    assert pay.startswith("Error: the tool 'pay' is not permitted now: it requires verified.")
    assert safe.startswith("Error: a handoff to 'safe' is not permitted now.")


def with_tool(vault: Path, entry: str) -> Path:
    vault.write_text(vault.read_text().replace("- use: vault:verify", f"- {entry}\n      - use: vault:verify"))
    return vault


def test_21a_6_a_handoff_that_a_tool_returns_is_under_the_same_guard(vault: Path) -> None:
    file = with_tool(vault, "vault:walk")
    replies = [call(("walk", {"to": to})) for to in ("safe", "elsewhere", "desk", "exit")]
    done, server = converse(file, *replies, say("Bye."))
    assert [results(request)[0] for request in server.requests[1:]] == [
        "Error: a handoff to 'safe' is not allowed. Allowed now: exit.",
        "Error: a handoff to 'elsewhere' is not allowed. Allowed now: exit.",
        "Error: a handoff to 'desk' is not allowed. Allowed now: exit.",
        "Transferred to Exit. Adopt persona immediately.",
    ]
    assert done.err.splitlines()[-1] == "⇒ Exit"


def test_21a_a_returned_handoff_is_judged_with_what_the_tool_itself_sets(vault: Path) -> None:
    _, server = converse(with_tool(vault, "vault:unlock_and_walk"), calling("unlock_and_walk"), say("In."))
    assert results(server.requests[1]) == ["unlocked\nTransferred to Safe. Adopt persona immediately."]
    assert server.requests[1].body["messages"][0]["content"] == "The safe of a and b."


def test_21a_what_an_agent_is_told_of_its_handoffs_is_what_is_permitted(vault: Path) -> None:
    names = "{{ handoffs | map(attribute='name') | join(' ') }}"
    vault.write_text(vault.read_text().replace("Unknown.", names).replace("Verified.", names))
    _, server = converse(vault, calling("verify"), say("Hm."))
    assert [request.body["messages"][0]["content"] for request in server.requests] == ["exit", "safe exit"]


HOLDS = {
    "not verified": True,
    "'a' in tags and tags | length == 2": True,
    "limit is none": True,
    "limit < 5": False,  # it can't be told
    "1 / 0": False,
    "'false'": True,
    "''.__class__": False,
    "''.__class__.__mro__[-1].__subclasses__() | length > 0": False,
    "tags.append('c') is none": False,
    "cycler.__init__.__globals__.os.getcwd()": False,
    "(tags | attr('__class__')).__name__ == 'list'": False,
    "'{0.__class__}'.format(1) | length > 9": False,
}


UNSEEN = {
    "undeclared": ("undefined-variable", "undeclared"),
    "not undeclared": ("undefined-variable", "undeclared"),
    "undeclared == 1": ("undefined-variable", "undeclared"),
    "pin == '4711'": ("secret-in-template", "pin"),
    "pin is defined": ("secret-in-template", "pin"),
    "lipsum.__globals__['os'].system('true') == 0": ("undefined-variable", "lipsum"),
}


def paying_if(vault: Path, expression: str) -> Path:
    vault.write_text(vault.read_text().replace("requires: verified}\n", f'requires: "{expression}"}}\n', 1))
    return vault


@pytest.mark.parametrize("expression", HOLDS)
def test_21a_an_expression_tells_of_variables_and_never_reaches_into_python(vault: Path, expression: str) -> None:
    _, server = converse(paying_if(vault, expression), say("hi"))
    assert ("pay" in offered(server.requests[0])) == HOLDS[expression]


@pytest.mark.parametrize("expression", UNSEEN)
def test_21a_30_a_name_that_no_expression_sees_is_told_at_its_place(vault: Path, expression: str) -> None:
    [found] = load(paying_if(vault, expression)).diagnostics
    assert (found.code, marked(vault, found)) == UNSEEN[expression]


@pytest.mark.parametrize("expression", [*HOLDS, *UNSEEN])
async def test_21a_what_a_graph_built_in_code_requires_is_judged_in_the_same_way(expression: str) -> None:
    """No file is read here that could have been refused: what can't be seen is never true."""
    variables = (
        Variable("verified", "boolean", default=False),
        Variable("limit", "integer", default=None),
        Variable("tags", "list", default=["a", "b"]),
        Variable("pin", default="4711", secret=True),
    )
    guarded = agent("desk", tool_of(pay, requires=expression), pin_is_known)
    session = await Session(AgentGraph.of(guarded, variables=variables), calls("pin_is_known"), fake_say("hi")).say()
    assert session.answers() == ["true"]
    assert session.model.offered() == (["pay"] if HOLDS.get(expression) else []) + ["pin_is_known"]


def pay() -> str:
    return "paid"


def pin_is_known(context: ToolContext) -> bool:
    return context.variables["pin"] == "4711"


# ---- an expression that is none


BROKEN = {
    "verified and": ("bad-expression", ""),  # behind it, where something is missing
    "(verified": ("bad-expression", ""),
    "{{ verified }}": ("bad-expression", "{{ verified }}"),
    "verified }}": ("bad-expression", "}}"),
    "a b": ("bad-expression", "b"),
    "  ": ("bad-value", '"  "'),
    "x | no_such_filter": ("bad-expression", "no_such_filter"),
    "= 1": ("bad-expression", "= 1"),
}


@pytest.mark.parametrize("expression", BROKEN)
@pytest.mark.parametrize("place", ["desk tool", "desk edge", "default tool"])
def test_21a_what_is_no_expression_is_told_at_its_place(vault: Path, place: str, expression: str) -> None:
    text = vault.read_text()
    if place == "default tool":
        text = text.replace("{model: m}", f'{{model: m, tools: [{{use: "vault:walk", requires: "{expression}"}}]}}')
    else:
        entry = "pay" if place == "desk tool" else "safe"
        line = next(line for line in text.splitlines() if entry in line)
        text = text.replace(line, line.replace("requires: verified", f'requires: "{expression}"'))
    vault.write_text(text)
    [found] = load(vault).diagnostics
    assert (found.code, marked(vault, found)) == BROKEN[expression]


def marked(file: Path, found: Diagnostic) -> str:
    """The text that a diagnostic points at."""
    line = file.read_text().splitlines()[found.span.line - 1]
    return line[found.span.column - 1 : found.span.end_column - 1]


def test_21a_a_decorator_with_a_broken_guard_is_told_at_the_entry_and_not_by_a_traceback(vault: Path) -> None:
    file = with_tool(vault, "vault:broken_guard")
    [found] = load(file).diagnostics
    assert (found.code, found.span.line, marked(file, found)) == ("bad-expression", 14, "vault:broken_guard")
    assert found.message.startswith("tool 'broken_guard' requires 'verified and', which is no expression: ")
    assert in_process("run", file, "hi", OPENAI_API_KEY=KEY).code == 1


# ---- approvals, at the present terminal (34)


SHOP = """
    agents:
      shop:
        model: m
        instructions: x
        tools:
          - {{use: "shop:pay", approval: {approval}}}
          - shop:look
"""
RULES = '''
    """What needs a yes."""


    def pay(amount: int) -> str:
        """Pay an amount."""
        return f"paid {amount}"


    def look() -> str:
        """See what is there."""
        return "looked"


    def over_ten(arguments, context):
        return arguments["amount"] > 10


    async def slowly(arguments, context):
        return over_ten(arguments, context)


    def refuse(arguments, context):
        return f"{context.agent} may never pay {arguments['amount']}"


    def broken(arguments, context):
        raise LookupError("no such list")


    def undecided(arguments, context):
        return None
'''


def shop(write: Write, approval: str) -> Path:
    write("shop.py", RULES)
    return write("shop.yaml", SHOP.format(approval=approval))


def paying(amount: int) -> Reply:
    return call(("pay", {"amount": amount}))


ASKS = 'shop wants to call pay({"amount": 11}). Allow it? (yes/no/always) '
DENIED = "Error: the person denied this call: {}. It was not made."
NOBODY = "Error: this call was denied: nobody is there to approve it. It was not made."
RULED = "Error: a rule denied this call: {}. It was not made."
APPROVALS = {
    "never": ("never", 11, "", "paid 11", False),
    "always, yes": ("always", 11, "yes\n", "paid 11", True),
    "always, y": ("always", 11, " Y \n", "paid 11", True),
    "always, no with a reason": ("always", 11, "not before Monday\n", DENIED.format("not before Monday"), True),
    "always, nobody there": ("always", 11, "", NOBODY, True),
    "a function says false": ("shop:over_ten", 10, "", "paid 10", False),
    "a function says true": ("shop:over_ten", 11, "yes\n", "paid 11", True),
    "a function says true, nobody there": (
        "shop:over_ten", 11, "", NOBODY, True,
    ),
    "an asynchronous function": ("shop:slowly", 11, "too dear\n", DENIED.format("too dear"), True),
    "a function refuses": ("shop:refuse", 11, "yes\n", RULED.format("shop may never pay 11"), False),
    "a function raises": ("shop:broken", 11, "yes\n", None, False),
    "a function says nothing": ("shop:undecided", 11, "yes\n", None, False),
}  # fmt: skip


@pytest.mark.parametrize("case", APPROVALS)
def test_34_who_may_say_yes(write: Write, case: str) -> None:
    approval, amount, lines, told, asked = APPROVALS[case]
    done, server = converse(
        shop(write, approval), paying(amount), say("Well."), lines=lines, more=("go", "--approve", "ask")
    )
    [answer] = results(server.requests[1])
    assert (done.code, done.out) == (0, "Well.\n")
    assert ("Allow it?" in done.err) == asked
    assert ASKS in done.err or not asked
    if told is None:
        assert answer.startswith("Error: a rule denied this call: the approval rule ")
        assert answer.endswith(" It was not made.")
    else:
        assert answer == told
    assert ("→ pay" in done.err) == answer.startswith("paid")


def test_34_all_approvals_are_settled_before_any_tool_of_the_reply_runs(write: Write) -> None:
    replies = [call(("look", {}), ("pay", {"amount": 11}), ("pay", {"amount": 12})), say("Well.")]
    done, server = converse(
        shop(write, "always"), *replies, lines="yes\nno\n", more=("go", "--format", "jsonl", "--approve", "ask")
    )  # fmt: skip
    events: list[Event] = [from_json(line) for line in done.out.splitlines()]
    kinds = [event for event in events if isinstance(event, ApprovalRequested | ApprovalGiven | ToolStarted)]
    assert [event.type for event in kinds] == (
        ["approval_requested"] * 2 + ["approval_given"] * 2 + ["tool_started"] * 2
    )
    looked, paid, denied = results(server.requests[1])
    assert (looked, paid) == ("looked", "paid 11")
    assert denied.startswith("Error: the person denied this call")


def test_34_answers_through_a_pipe_and_turns_take_turns(write: Write) -> None:
    replies = [paying(11), say("One."), paying(12), say("Two.")]
    _, server = converse(
        shop(write, "always"), *replies, lines="first\nyes\nsecond\nno money\n", more=("--approve", "ask")
    )
    said = [[m["content"] for m in r.body["messages"] if m["role"] == "user"] for r in server.requests]
    assert said[-1] == ["first", "second"]
    assert results(server.requests[1]) == ["paid 11"]
    assert results(server.requests[3]) == [DENIED.format("no money")]


def test_34_a_denial_at_a_terminal(write: Write) -> None:
    file = shop(write, "shop:over_ten")
    with ChatServer([paying(11), say("A pity.")], key=KEY) as server:
        command = Terminal("run", file, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
        with command as terminal:
            for waited, typed in (
                ("> ", "go\n"),
                ("[a]lways: ", "perhaps\n"),
                ("[a]lways: ", "No: ask my boss\n"),
                ("A pity.\n> ", "\x04"),
            ):
                terminal.wait_for(waited)
                terminal.type(typed)
            assert terminal.left() == 0
    assert results(server.requests[1]) == [DENIED.format("ask my boss")]


def test_34_a_misspelt_approval_in_a_decorator_never_means_unasked(write: Write) -> None:
    """Either the file is refused, or the call is; what must not be is that it runs."""
    write(
        "typo.py", "from orchestrator.tools import tool\n@tool(approval='alway')\ndef pay() -> str:\n    return 'ran'\n"
    )
    file = write("typo.yaml", "agents: {a: {instructions: x, model: m, tools: [typo]}}\n")
    if load(file).graph is not None:
        _, server = converse(file, call(("pay", {})), say("Well."), more=("go",))
        assert results(server.requests[1]) != ["ran"]
