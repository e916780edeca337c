"""The whole loop under random worlds: the laws of the heart hold after every event of every run (rules 25 to 27)."""

import ast
import asyncio
import logging
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import cast

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

import orchestrator
from orchestrator.closing import forked
from orchestrator.events import Event, LiveEvent, RecordedEvent, RunFinished, ToolStarted, from_json, to_json
from orchestrator.runner import Question, Run, Runner
from orchestrator.state import State, fold
from orchestrator.tools import ToolContext
from tests.mutants.catalogue import MUTANTS, Mutant
from tests.support.fakes import FakePerson, Session, agent, call, calls, check_transcript, graph, recorded, say, tool_of
from tests.support.laws import Law
from tests.support.random_worlds import Trouble, World
from tests.support.virtual_time import VirtualLoop, run_virtually

MUTATED = "EXAMPLES" in os.environ  # a planted fault is to be found, whatever it keeps the worlds from reaching
EXAMPLES = int(os.environ.get("FUZZ") or os.environ.get("EXAMPLES") or 500)
CUTS = int(os.environ.get("FUZZ_CUTS", "3"))  # prefixes of each log that are resumed
SHARES = ("handoff", "parallel batch", "approval", "cancelled in a tool", "limit", "flipped guard", "forked in a call")
LEAST = 0.05
RUN_SECONDS = 400.0  # virtual ones, without those that a person takes
BROKEN = {"failed", "context_length"}
END = {"session_id", "agent", "messages", "variables", "callers", "always", "call_ids", "status", "detail", "usage"}


class Life:
    """A process that runs a world's session, from its beginning or from what a store holds."""

    def __init__(self, world: World, log: Sequence[RecordedEvent] = (), session: str = "session") -> None:
        self.world, self.log, self.session = world, list(log), session
        self.law = world.book = Law(world)
        self.law.trusting = True
        for item in log:
            self.law.store(item)
        self.law.trusting, self.asking = False, self.law.pending
        self.loop = cast("VirtualLoop", asyncio.get_running_loop())
        self.runner = Runner(
            world.graph, world, person=None if world.nobody else world, clock=self.loop.clock, environ={}
        )
        self.state = fold(session, log)
        self.struck: set[str] = set()

    async def play(self) -> None:
        """The user's turns, and what happens to them."""
        rng = self.world.random("play")
        for turn in range(self.world.turns):
            chosen = rng.choice(self.world.names) if rng.random() < 0.1 else None
            given = {"stage": turn} if rng.random() < 0.2 else {}
            self.law.may_interrupt = self.state.running
            run = self.runner.stream(f"message {turn}", state=self.state, agent=chosen, variables=given)
            await self.leg(run, Trouble.of(rng))
            while self.state.running and rng.random() < 0.8:
                await self.leg(self.runner.resume(self.state), Trouble.of(rng))

    async def leg(self, run: Run, trouble: Trouble) -> None:
        """A stretch of a run, to its end or until it is stopped."""
        others, begun = asyncio.all_tasks(), self.loop.time() - self.world.spent
        task = asyncio.create_task(self._consume(run, trouble))
        try:
            await task
        except asyncio.CancelledError:
            assert trouble.kind == "task"
        left = [one.get_name() for one in asyncio.all_tasks() - others if not one.done()]
        assert not left, f"tasks are left over: {left}"
        assert not self.law.inside, f"tools are still running: {self.law.inside}"
        assert self.loop.time() - self.world.spent - begun < RUN_SECONDS
        self._agree(run.state)
        self.state = run.state

    async def _consume(self, run: Run, trouble: Trouble) -> None:
        seen = Counter[type[Event]]()
        async with run:
            async for item in run:
                await self._store(item, run)
                seen[type(item)] += 1
                if trouble.at(seen, item) and self._strike(run, trouble):
                    return

    async def _store(self, item: Event, run: Run) -> None:
        """A store takes its time, and what it has not stored has not begun."""
        try:
            await asyncio.sleep(self.world.storing)
        finally:
            if not isinstance(item, LiveEvent):
                self.log.append(item)
            self.law.store(item)
            check_transcript(run.state.messages)

    def _strike(self, run: Run, trouble: Trouble) -> bool:
        """Make the trouble happen; gives whether the consumer walks away now."""
        task = asyncio.current_task()
        assert task is not None

        def stop() -> None:
            if self.law.status or task.done():
                return
            self.struck.add(run.state.run_id)
            self.law.reach["cancelled in a tool"] += bool(self.law.inside)
            self.law.reach[trouble.kind] += 1
            if trouble.kind == "cancel":
                self.law.cancelled()
                run.cancel()
            elif trouble.kind == "task":
                task.cancel()

        if trouble.seconds and trouble.kind in {"cancel", "task"}:
            self.loop.call_later(trouble.seconds, stop)
        elif trouble.kind == "task":
            self.loop.call_soon(stop)
        else:
            stop()
        return trouble.kind in {"close", "crash"}

    def _agree(self, state: State) -> None:
        """The runner's state is the fold of the events, and what our own books say."""
        law = self.law
        assert fold(self.session, self.log) == state
        assert state.messages == tuple(law.messages)
        assert (state.agent, state.callers) == (law.agent, tuple(law.callers))
        assert state.variables == law.values
        assert state.always == frozenset(law.always)
        assert (state.status or "") == law.status
        assert bool(state.open) == bool(law.open)


async def live(seed: int) -> Life:
    """Live a world, then live on from some of the prefixes of its log."""
    world = World(seed)
    life = Life(world)
    await life.play()
    stored = recorded(from_json(to_json(item)) for item in life.log)
    assert fold("session", stored) == life.state
    paused, length = dict(world.paused), len(stored)
    rng = world.random("cuts")
    for cut in rng.sample(range(1, length), min(CUTS, length - 1)):
        world.paused = {key: at for key, at in paused.items() if at <= cut}
        again = Life(world, stored[:cut])
        await relive(again, rng)
        compare(life, again, stored, cut)
    world.paused = dict(paused)
    await fork(life, stored, rng)
    return life


async def fork(life: Life, stored: Sequence[RecordedEvent], rng: Random) -> None:
    """Go on in a fork that was cut inside a run, behind the start of a call if there is one: what had started is not
    done a second time, under another key."""
    starts = [place for place, item in enumerate(stored, 1) if isinstance(item, ToolStarted)]
    log = stored[: rng.choice(starts or range(1, len(stored)))]
    before = fold("fork", log)
    lost = {slot.call.id for slot in (before.open.slots if before.open else ()) if slot.started and not slot.result}
    said = forked(before, at=cast("VirtualLoop", asyncio.get_running_loop()).clock())
    again = Life(life.world, [*log, *said], "fork")
    again.law.elsewhere = lost
    await relive(again, rng)
    life.law.reach["forked in a call"] += bool(said)


async def relive(again: Life, rng: Random) -> None:
    """Go on after a crash: resume, or say something new."""
    if again.state.running and rng.random() < 0.8:
        await again.leg(again.runner.resume(again.state), Trouble("none"))
    else:
        again.law.may_interrupt = again.state.running
        await again.leg(again.runner.stream("more", state=again.state), Trouble("none"))
    while again.state.running:
        await again.leg(again.runner.resume(again.state), Trouble("none"))


def compare(life: Life, again: Life, stored: Sequence[RecordedEvent], cut: int) -> None:
    """A resumed run ends as the uncrashed one did, where the cut interrupted nothing that can't be done again."""
    before = fold("session", stored[:cut])
    ends = [place for place in range(cut, len(stored)) if isinstance(stored[place], RunFinished)]
    slots = before.open.slots if before.open else ()
    lost = again.asking or any(slot.started == "once" and slot.result is None for slot in slots)
    timed = life.world.limits.seconds or any(plan.does == "impatient" for plan in life.world.plans.values())
    troubled = before.run_id in life.struck | life.law.paused_in
    if not before.running or not ends or lost or timed or troubled or again.log[cut].type != "run_resumed":
        return
    end = fold("session", stored[: ends[0] + 1])
    if end.status == "interrupted" or (before.finish == "length" and end.status in BROKEN):  # the reply broke off
        return
    for name in END:
        assert getattr(end, name) == getattr(again.state, name), f"resumed at {cut}, {name} is another"
    life.law.reach["ends as uncrashed"] += 1


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(0)
def test_group_03_random_worlds() -> None:
    reached, broke = Counter[str](), dict[int, int]()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="FUZZ" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**63))
    def explore(seed: int) -> None:
        reached["examples"] += 1
        try:
            life = run_virtually(live(seed))
        except BaseException as error:
            broke.setdefault(seed, reached["examples"])  # hypothesis runs it again, to be sure
            error.add_note(f"seed {seed}, example {broke[seed]}")
            raise
        for what in sorted(+life.law.reach):
            event(what)
            reached[what] += 1

    explore()
    examples = reached.pop("examples")
    table = [f"{what:<22}{count:>7}{count / examples:>8.1%}" for what, count in reached.most_common()]
    print("\n".join([f"{examples} examples", *table]))
    assert MUTATED or all(reached[what] >= LEAST * examples for what in SHARES), table


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_rule_17_a_pause_while_another_tool_asks_or_is_about_to(seconds: float) -> None:
    """Nobody is there for the first: the second waited for ever for an answer that was never put to anyone."""

    async def curious(seconds: float, context: ToolContext) -> str:
        await asyncio.sleep(seconds)
        return await context.ask_async("who?")

    async def main() -> None:
        agents = graph(agent("a", tool_of(curious, effects="keyed")))
        wanted = [call("curious", {"seconds": 0}), call("curious", {"seconds": seconds})]
        session = await Session(agents, calls(*wanted), person=FakePerson([None])).say()
        assert session.status is None
        later = Session.reload(agents, session.log, say("done"), person=FakePerson(["Ada", "Bob"]))
        assert (await later.resume()).answers() == ["Ada", "Bob"]

    run_virtually(main())


def test_rule_08_a_question_withdrawn_before_it_is_put_is_never_put() -> None:
    """Two tools give up at once: the second's question was put all the same, and its answer found no call."""

    class Slow(FakePerson):
        async def ask(self, question: Question) -> str | None:
            await asyncio.sleep(1)
            return await super().ask(question)

    async def impatient(context: ToolContext) -> str:
        try:
            return await asyncio.wait_for(context.ask_async("who?"), 0.5)
        except TimeoutError:
            return "gave up"

    async def main() -> None:
        person = Slow(["late"] * 2)
        script = calls("impatient", "impatient"), say("done", seconds=3)
        session = await Session(graph(agent("a", impatient)), *script, person=person).say()
        assert session.answers() == ["gave up"] * 2
        assert person.questions == []

    run_virtually(main())


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_rule_27_the_text_of_each_planted_fault_is_there_once(mutant: Mutant) -> None:
    ast.parse(mutant.text(Path(orchestrator.__file__).parent))
