"""Who says that a call may run: the rules first, then what was always granted, then the person."""

import asyncio
import inspect
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.agents import AgentGraph
from orchestrator.errors import UsageError
from orchestrator.events import ApprovalGiven, ApprovalRequested, RecordedEvent
from orchestrator.messages import ToolCall, storable
from orchestrator.runner.acts import Act
from orchestrator.runner.calls import context_for
from orchestrator.runner.person import ApprovalRequest, Person, Verdict
from orchestrator.state import Slot, State
from orchestrator.tools import Tool, ToolContext, describe, in_thread
from orchestrator.tools.arguments import parse

log = logging.getLogger("orchestrator.runner")

Calls = Sequence[tuple[Tool, ToolCall]]
NOBODY = Verdict("denied", "nobody is there to approve it", by="policy")


@dataclass(frozen=True, slots=True)
class Ruled:
    """What the rules say, by call id: True asks, False runs, a text refuses."""

    rulings: Mapping[str, bool | str]


async def judge(graph: AgentGraph, state: State, calls: Calls, act: Act) -> None:
    """Report what each call's rule says. Rules always run, even for what was always granted."""
    rulings = {}
    for tool, call in calls:
        context = context_for(graph, state, call, state.variables, act)
        rulings[call.id] = await _ruling(tool, call, context, graph.limits.tool_seconds)
    act.report(Ruled(rulings))


def broken_rules(calls: Calls, error: BaseException) -> Ruled:
    """A rule that could not even be caught refuses all."""
    return Ruled({call.id: f"the approval rule broke: {describe(error)}" for _, call in calls})


def settled(state: State, slots: Sequence[Slot], at: float) -> list[RecordedEvent]:
    """What "always" has settled since it was requested: after a crash right behind it, the others still wait."""
    return [
        ApprovalGiven(run_id=state.run_id, at=at, call_id=slot.call.id, verdict="granted", by="always")
        for slot in slots
        if slot.requested and (state.agent, slot.call.name) in state.always
    ]


def ruled(state: State, judged: Ruled, at: float) -> list[RecordedEvent]:
    """The events that record the rulings: a verdict, or a request; all are requested before anyone is asked."""
    slots = {slot.call.id: slot for slot in state.open.slots} if state.open else {}
    return [_ruled(state, slots[call_id], ruling, at) for call_id, ruling in judged.rulings.items()]


async def request(person: Person | None, asked: ApprovalRequest, act: Act) -> None:
    """Report the person's verdict, or None for a pause. Where nobody is there the answer is no."""
    act.report(await person.approve(asked) if person else NOBODY)


def broken_person(error: BaseException) -> Verdict:
    """Asking failed: the answer is no."""
    log.error("asking for an approval failed", exc_info=error)
    return Verdict("denied", f"asking for the approval failed: {describe(error)}", by="policy")


def no_verdict(item: object) -> Verdict:
    """The person gave something that is no verdict: the answer is no."""
    log.error("Person.approve gave %r, which is no Verdict", item)
    return Verdict("denied", f"the front end gave {item!r}, which is no verdict", by="policy")


def given(state: State, slot: Slot, verdict: Verdict, at: float) -> list[ApprovalGiven]:
    """The events that record a verdict. ``always`` also settles the requests that stand for the same tool."""
    events = [
        ApprovalGiven(
            run_id=state.run_id,
            at=at,
            call_id=slot.call.id,
            verdict=verdict.verdict,
            by=verdict.by,
            reason=storable(verdict.reason),
            arguments=_edit(slot.call.arguments, verdict.arguments),
        )
    ]
    if verdict.verdict == "always" and state.open is not None:
        events += [
            ApprovalGiven(run_id=state.run_id, at=at, call_id=other.call.id, verdict="granted", by="always")
            for other in state.open.slots
            if other is not slot and other.requested and other.verdict is None and other.call.name == slot.call.name
        ]
    return events


def verdict_on(state: State, call_id: str, verdict: Verdict, *, at: float) -> list[ApprovalGiven]:
    """The events that record a verdict while nothing runs. The run goes on from there when it is resumed.

    Raises:
        UsageError: no such call waits for an approval; says which do.
    """
    waiting = {slot.call.id: slot for slot in state.awaiting_approval}
    if call_id in waiting:
        return given(state, waiting[call_id], verdict, at)
    names = ", ".join(f"{slot.call.id} ({slot.call.name})" for slot in waiting.values())
    those = f"those that do: {names}" if names else "none does"
    raise UsageError(f"the call {call_id!r} does not wait for an approval; {those}")


def _edit(before: str, after: str | None) -> str | None:
    """The arguments that replace the model's; None where they mean the same, however they are written."""
    if after is None or after == before:
        return None
    try:
        same = _canonical(before) == _canonical(after)
    except (ValueError, RecursionError):  # one of them is no arguments at all
        same = False
    return None if same else storable(after)


def _canonical(arguments: str) -> str:
    return json.dumps(parse(arguments), sort_keys=True)


def _ruled(state: State, slot: Slot, ruling: bool | str, at: float) -> RecordedEvent:
    run_id, call_id = state.run_id, slot.call.id
    if isinstance(ruling, str):
        return ApprovalGiven(
            run_id=run_id, at=at, call_id=call_id, verdict="denied", by="rule", reason=storable(ruling)
        )
    if not ruling:
        return ApprovalGiven(run_id=run_id, at=at, call_id=call_id, verdict="granted", by="rule")
    if (state.agent, slot.call.name) in state.always:
        return ApprovalGiven(run_id=run_id, at=at, call_id=call_id, verdict="granted", by="always")
    return ApprovalRequested(run_id=run_id, at=at, call_id=call_id)


async def _ruling(tool: Tool, call: ToolCall, context: ToolContext, seconds: float) -> bool | str:
    rule = tool.approval
    if isinstance(rule, str):
        return rule == "always"
    try:
        async with asyncio.timeout(seconds):
            arguments = tool.check(call.arguments)
            ruling: object = await in_thread(lambda: rule(arguments, context), f"approval of {tool.name}")
            if inspect.isawaitable(ruling):
                ruling = await ruling
    except TimeoutError:
        return f"the approval rule did not answer in {seconds:g} s"
    except (Exception, SystemExit) as error:
        log.warning("the approval rule of %s raised", tool.name, exc_info=True)
        return f"the approval rule raised {describe(error)}"
    if isinstance(ruling, bool | str):
        return ruling
    return f"the approval rule gave {ruling!r}; it must give true, false or a text"
