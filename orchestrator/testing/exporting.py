"""From a session to a test: what happened in it, as a test file that passes."""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from orchestrator.agents import REQUIRED, Variable
from orchestrator.errors import UsageError
from orchestrator.events import ApprovalGiven, HandedOff, RecordedEvent
from orchestrator.project import compose, read_file, read_files
from orchestrator.render.excerpts import harmless
from orchestrator.spec.suite import MatcherSpec
from orchestrator.testing.recalling import Call, NoTest, Reply, Turn, turns_of
from orchestrator.testing.writing import entries, reads_back

_LONGEST = 80  # characters of a name, and of a reply that is expected as a whole
_ABOUT = """\
# A session as a test: what the model replied and what tools gave is written down here, so it asks no model and runs no
# tool. Run it with: orchestrate test {path}
"""
# what a template takes for a part of its language, or leaves out
_SPECIAL = re.compile(r"\{(?=[{%#\r]|\n\Z)|\r|\n\Z")
_STAND_INS: Mapping[str, Any] = {
    "string": "a secret",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "list": [],
    "object": {},
}
_MATCHERS = frozenset(MatcherSpec.model_fields)


def as_test(
    session_id: str,
    events: Sequence[RecordedEvent],
    *,
    name: str,
    file: str,
    path: str,
    secrets: Mapping[str, Any] | None = None,
) -> str:
    """Give a test file of what happened in a session: its turns up to the first that can't be played again.

    Args:
        session_id: names the session.
        events: all of them.
        name: what the test is called.
        file: the file of agents, relative to the test file.
        path: where the test file will be, for people.
        secrets: what stands in for secret variables, which no session has.

    Raises:
        UsageError: not even its first turn can be played again; says why.
    """
    turns = list(turns_of(session_id, events))
    played, why = _played(turns)
    if not played:
        raise UsageError(f"this session can't be made a test: {why or 'nothing was said in it'}")
    test = {
        "description": f"What happened in {harmless(session_id)}.",
        **_beginning(turns[0], secrets or {}),
        "tools": _grouped(stub for _, stubs in played for stub in stubs) or None,
        "turns": [turn for turn, _ in played],
    }
    title = " ".join(name.replace("::", ":").split())[:_LONGEST].strip() or session_id
    lines = entries({"version": 1, "file": file, "tests": {title: _said(test)}})
    rest = f"# The session went on, which is not in this test: {harmless(why)}.\n" if why else ""
    return _ABOUT.format(path=harmless(path)) + "".join(f"{line}\n" for line in lines) + rest


def stand_ins(agents: Path) -> dict[str, Any]:
    """Give something in place of each secret variable that must be given; nothing where the file can't be read."""
    try:
        files = read_files(Path(os.path.realpath(agents)), read_file(agents, str(agents)))
    except OSError:
        return {}
    if files.root.reading.spec is None:
        return {}
    variables = compose(files)[0].known_variables.values()
    return {each.name: _stand_in(each) for each in variables if each.secret and each.default is REQUIRED}


def literally(value: Any) -> Any:
    """Give a value whose texts are templates that render to the texts of this one."""
    match value:
        case str():
            return _SPECIAL.sub(lambda found: f"{{{{ {json.dumps(found[0])} }}}}", value)
        case dict():
            return {key: literally(inner) for key, inner in value.items()}
        case list():
            return [literally(inner) for inner in value]
        case _:
            return value


_Stub = tuple[str, dict[str, Any]]


def _played(turns: Iterable[Turn]) -> tuple[list[tuple[dict[str, Any], list[_Stub]]], str]:
    """The turns up to the first that can't be played again, each with what its tools gave; and why that one can't."""
    played = []
    for number, turn in enumerate(turns, 1):
        try:
            replies = turn.replies
            said, stubs = _turn(turn, replies, first=number == 1), _stubs(replies)
            if not reads_back([said, *(stub for _, stub in stubs)]):
                raise NoTest("YAML can't hold something that is in it")
            played.append((said, stubs))
        except NoTest as reason:
            return played, f"turn {number} can't be played again, as {reason}"
    return played, ""


def _stand_in(variable: Variable) -> Any:
    return variable.enum[0] if variable.enum else _STAND_INS[variable.type]


def _beginning(turn: Turn, secrets: Mapping[str, Any]) -> dict[str, Any]:
    started = turn.started
    moment = datetime.fromtimestamp(started.at if started.now is None else started.now)  # noqa: DTZ006 - as people see it
    return {
        "agent": started.agent if started.chosen else None,
        "now": moment.isoformat(timespec="minutes"),
        "variables": literally({**started.variables, **secrets}) or None,
    }


def _turn(turn: Turn, replies: Sequence[Reply], *, first: bool) -> dict[str, Any]:
    started = turn.started
    return _said(
        {
            "user": literally(started.message),
            "agent": started.agent if started.chosen and not first else None,
            "variables": None if first else literally(dict(started.variables)) or None,
            "model": [_reply(reply) for reply in replies] or None,
            "approvals": [approval for reply in replies for approval in _approvals(reply)] or None,
            "expect": _expected(turn, replies),
        }
    )


def _reply(reply: Reply) -> dict[str, Any]:
    if reply.response is None:
        return {"fails": literally(reply.fails) or "it failed"}
    finish, content = reply.response.finish, reply.response.message.content
    calls = [_said({"call": _function(made), "with": literally(made.arguments()) or None}) for made in reply.calls]
    return _said(
        {
            "say": literally(content) if content else (None if calls else ""),
            **(calls[0] if len(calls) == 1 else {"calls": calls or None}),
            "finish": None if finish == "stop" else finish,
        }
    )


def _function(made: Call) -> str:
    if not made.call.name:
        raise NoTest("the model called a function without a name")
    return made.call.name


def _stubs(replies: Iterable[Reply]) -> list[_Stub]:
    """What each call gave, by the name of its tool, in the order in which they begin."""
    return [(made.call.name, _stub(made)) for reply in replies for made in reply.calls if made.started]


def _stub(made: Call) -> dict[str, Any]:
    given = made.given
    if given.error:
        said = {"error": literally(given.content.removeprefix("Error: ")) or "it failed"}
    else:
        said = {"result": literally(_result(given.content))}
    more = {"variables": literally(dict(given.variables)) or None, "handoff": given.handoff, "end": given.end or None}
    return _said({**said, **more})


def _result(content: str) -> Any:
    """What a function may have returned for the model to read this: data, where that comes to the same text."""
    try:
        value = json.loads(content)
        same = json.dumps(value, ensure_ascii=False) == content and reads_back(value)
    except (ValueError, RecursionError):
        return content
    return value if same and value is not None else content


def _grouped(stubs: Iterable[_Stub]) -> dict[str, Any]:
    """What tools gave, by their names: a list where it was not always the same."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, stub in stubs:
        found.setdefault(name, []).append(stub)
    return {name: each[0] if all(one == each[0] for one in each) else each for name, each in found.items()}


def _approvals(reply: Reply) -> list[dict[str, Any]]:
    """What the person said, in the order in which a test asks: that of the calls."""
    said = [(made, given) for made in reply.calls if (given := made.said) is not None]
    waiting = [made for made in reply.calls if made.waits]
    in_order = all(one.at <= other.at for (_, one), (_, other) in pairwise(said))
    if not in_order and any(given.verdict == "always" for _, given in said):
        raise NoTest("calls were approved in another order than they were made in")
    if waiting and any(reply.calls.index(made) > reply.calls.index(waiting[0]) for made, _ in said):
        raise NoTest("a call was left waiting while those behind it were approved")
    return [_approval(made, given) for made, given in said]


def _approval(made: Call, given: ApprovalGiven) -> dict[str, Any]:
    reason = given.reason if given.verdict == "denied" else ""  # nobody reads why a call was allowed
    arguments = None if made.edited is None else literally(made.arguments(made.edited))
    return _said({"verdict": given.verdict, "tool": made.call.name, "reason": reason or None, "arguments": arguments})


def _expected(turn: Turn, replies: Sequence[Reply]) -> dict[str, Any]:
    state, before = turn.after, {**turn.before.variables, **turn.started.variables}
    heard = [reply for reply in replies if reply.response is not None and reply.response.finish == "stop"]
    calls = [made for reply in heard for made in reply.calls if not made.handoff]
    changed = {name: value for name, value in state.variables.items() if name not in before or before[name] != value}
    return _said(
        {
            "agents": [turn.started.agent, *(event.target for event in turn.events if isinstance(event, HandedOff))],
            "calls": None if turn.status == "waiting" else [_call(made) for made in calls],
            "reply": _beginning_of(state.reply) if turn.status in {"answered", "ended"} and state.reply else None,
            "variables": {name: _equal_to(value) for name, value in changed.items()} or None,
            "status": turn.status,
        }
    )


def _call(made: Call) -> dict[str, Any] | str:
    """A call as it is expected, as short as the language has it."""
    arguments = {key: _exactly(value) for key, value in made.arguments(made.edited).items()}
    failed = made.read is not None and made.read.error
    if failed or made.call.name == "call":
        return _said({"call": made.call.name, "with": arguments or None, "error": failed or None})
    return {made.call.name: arguments} if arguments else made.call.name


def _equal_to(value: Any) -> Any:
    """A value of a variable that is expected: a mapping would be a matcher."""
    return {"equals": literally(value)} if isinstance(value, dict) else literally(value)


def _exactly(value: Any) -> Any:
    """An argument that is expected as it is: where something in it could pass for a matcher, inside of one."""
    plain = literally(value)
    return {"equals": plain} if _like_a_matcher(plain) else plain


def _like_a_matcher(value: Any) -> bool:
    match value:
        case dict():
            return bool(value and value.keys() <= _MATCHERS) or any(map(_like_a_matcher, value.values()))
        case list():
            return any(map(_like_a_matcher, value))
        case _:
            return False


def _beginning_of(reply: str) -> Any:
    """A short reply as a whole; of a long one, how it begins."""
    if len(reply) <= _LONGEST and "\n" not in reply:
        return literally(reply)
    line = reply.strip().split("\n")[0][:_LONGEST]
    return {"contains": literally(line.rsplit(" ", 1)[0] if len(line) == _LONGEST else line)}


def _said(keys: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that say something."""
    return {key: value for key, value in keys.items() if value is not None}
