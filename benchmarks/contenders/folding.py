"""How long it takes to fold the events of a long session: ``python -m benchmarks.contenders.folding SETUP``."""

import asyncio
import json
import sys
import time
from dataclasses import asdict

from benchmarks.contenders.job import Setup, Work
from benchmarks.projects import ROOT
from orchestrator import LiveEvent, RecordedEvent, Runner, ScriptedClient, State, fold, load

EVENTS = 10_000
_SCRIPT = """
rules:
  - agent: triage
    call: [transfer_to_issues_and_repairs]
  - agent: issues_and_repairs
    after: execute_refund
    say: Your refund is on its way.
  - agent: issues_and_repairs
    after: look_up_item
    call: [{name: execute_refund, with: {item_id: "{{ result }}"}}]
  - agent: issues_and_repairs
    call: [{name: look_up_item, with: {search_query: anvil}}]
"""


def main() -> None:
    """Fold a session again and again until the time is used up, and print what it took."""
    seconds = Setup.of(sys.argv[1]).seconds
    events = asyncio.run(_session())
    fold("bench", events)
    begun, start, turns = time.perf_counter(), time.process_time(), 0
    while turns == 0 or time.process_time() - start < seconds:
        assert fold("bench", events).status == "answered"
        turns += 1
    cpu, wall = time.process_time() - start, time.perf_counter() - begun
    sys.stdout.write(json.dumps(asdict(Work(turns, cpu, wall, events=turns * len(events)))) + "\n")


async def _session() -> list[RecordedEvent]:
    """The events of a session that goes on and on."""
    runner = Runner(load(ROOT / "agents" / "acme.yaml").unwrap(), ScriptedClient.from_text(_SCRIPT), environ={})
    state, events = State("bench"), list[RecordedEvent]()
    while len(events) < EVENTS:
        async with runner.stream("My anvil broke, I want a refund.", state=state) as run:
            events += [event async for event in run if not isinstance(event, LiveEvent)]
            state = run.state
    return events


if __name__ == "__main__":
    main()
