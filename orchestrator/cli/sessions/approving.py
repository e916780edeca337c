"""``sessions approve``: a yes or a no to a call that waits for it, while nothing runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from orchestrator.cli.keeping import STORE
from orchestrator.cli.options import fail
from orchestrator.cli.sessions.opening import ID, history_of, how_to_go_on, in_store, session_of

if TYPE_CHECKING:
    from orchestrator.events import ApprovalGiven
    from orchestrator.messages import ToolCall
    from orchestrator.runner import Verdict
    from orchestrator.state import Slot, State
    from orchestrator.stores import SessionStore, Summary


@dataclass(frozen=True, slots=True)
class _Said:
    """What the options say: on which calls, and what."""

    calls: tuple[str, ...]
    every: bool
    deny: str | None
    always: bool
    arguments: str | None

    def __post_init__(self) -> None:
        if self.deny is not None and (self.always or self.arguments is not None):
            fail("--deny says no: it does not go with --always or --arguments")
        if self.every and self.calls:
            fail("--all and --call: give one of them")
        if self.arguments is not None and (self.every or len(self.calls) > 1):
            fail("--arguments are those of one call: name it with --call")

    @property
    def verdict(self) -> "Verdict":
        from orchestrator.runner import Verdict

        if self.deny is not None:
            return Verdict("denied", self.deny)
        return Verdict("always" if self.always else "granted", arguments=self.arguments)


@click.command(short_help="Say yes or no to a call that waits for it.")
@ID
@click.option("--call", "calls", multiple=True, metavar="CALL", help="The call, by its id. May be repeated.")
@click.option("--all", "every", is_flag=True, help="All calls that wait.")
@click.option("--deny", metavar="REASON", help="Say no. The model gets to read the reason.")
@click.option("--always", is_flag=True, help="Say yes to later calls of this tool by this agent, too.")
@click.option("--arguments", metavar="JSON", help="Say yes to the call with these arguments instead of its own.")
@STORE
def approve(
    name: str,
    calls: tuple[str, ...],
    every: bool,
    deny: str | None,
    always: bool,
    arguments: str | None,
    store: str | None,
) -> None:
    """Say yes to a call that waits for it, or no with --deny. Nothing runs before the session goes on."""
    said = _Said(calls, every, deny, always, _checked(arguments))
    summary, decided = in_store(store, lambda opened: _decided(opened, name, said))
    for line in decided:
        click.echo(line)
    click.echo(f"go on with: {how_to_go_on(summary, store)}", err=True)


def _checked(arguments: str | None) -> str | None:
    """The arguments, if they are such. Whether they fit the tool shows when the session goes on."""
    if arguments is not None and not _is_object(arguments):
        fail("""--arguments: write a JSON object, like '{"amount": 5}'""")
    return arguments


def _is_object(text: str) -> bool:
    import json

    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


async def _decided(store: "SessionStore", name: str, said: _Said) -> "tuple[Summary, list[str]]":
    """Record the verdict on the calls that are meant, and say of each what was decided."""
    import time

    from orchestrator.state import apply

    summary = await session_of(store, name)
    async with store.lock(summary.id):
        _, state = await history_of(store, summary.id)
        events = _verdicts(state, said, time.time())
        await store.append(summary.id, events)
    for event in events:
        state = apply(state, event)
    calls = {slot.call.id: slot.call for slot in state.open.slots} if state.open else {}
    return summary, [_line(state.agent, calls[event.call_id], event) for event in events]


def _verdicts(state: "State", said: _Said, at: float) -> "list[ApprovalGiven]":
    """The events that record what was said. "Always" on one call settles others of its tool, too."""
    from orchestrator.runner import verdict_on
    from orchestrator.state import apply

    events: list[ApprovalGiven] = []
    for call_id in _meant(state.awaiting_approval, said):
        if call_id in {event.call_id for event in events}:
            continue
        given = verdict_on(state, call_id, said.verdict, at=at)
        for event in given:
            state = apply(state, event)
        events += given
    return events


def _meant(waiting: "Sequence[Slot]", said: _Said) -> list[str]:
    """The calls that are meant, by their ids: those that are named, all, or the only one that waits.

    Raises:
        UsageError: no call waits, or several do and none is named.
    """
    from orchestrator.errors import UsageError

    if said.calls:
        return list(dict.fromkeys(said.calls))
    if not waiting:
        raise UsageError("no call of this session waits for a yes")
    if len(waiting) > 1 and not said.every:
        told = "\n".join(f"  --call {slot.call.id}  {slot.call.name}({slot.call.arguments})" for slot in waiting)
        raise UsageError(f"{len(waiting)} calls wait for a yes: name those that you mean, or add --all\n{told}")
    return [slot.call.id for slot in waiting]


def _line(agent: str, call: "ToolCall", event: "ApprovalGiven") -> str:
    from orchestrator.agents import default_label
    from orchestrator.render.excerpts import harmless

    verdict = {"granted": "approved", "always": "approved for always", "denied": "denied"}[event.verdict]
    return harmless(f"{verdict}: {default_label(agent)}: {call.name}({call.arguments})")
