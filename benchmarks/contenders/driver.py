"""Has a contender do a job again and again, and tells what that took, the same for all.

``python -m benchmarks.contenders.NAME SETUP`` prints a ``Work`` as one line of JSON; with ``once`` behind it, it holds
one turn and prints the answer.
"""

import asyncio
import gc
import http.client
import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from benchmarks.contenders.job import Answer, Ask, Contender, Job, Setup, Work


class NotDoneError(Exception):
    """The work was not done: what was measured means nothing."""


def main(contender: Contender, packages: Sequence[str]) -> None:
    """Do the job that the command line tells, and print what it took. ``packages`` are those whose versions matter."""
    setup = Setup.of(sys.argv[1])
    if "once" in sys.argv:
        sys.stdout.write(f"{asyncio.run(_once(contender, setup)).text}\n")
        return
    work = asyncio.run(_held(contender, setup) if setup.job.memory else _repeated(contender, setup))
    versions = {"python": platform.python_version(), **{name: version(name) for name in packages}}
    sys.stdout.write(json.dumps({**asdict(work), "versions": versions}) + "\n")


async def _once(contender: Contender, setup: Setup) -> Answer:
    async with contender(setup) as ask:
        return await ask(setup.job.message)


async def _repeated(contender: Contender, setup: Setup) -> Work:
    """Hold turns until the time is used up, after a fifth of it to get warm."""
    async with contender(setup) as ask:
        await _for(setup.seconds / 5, ask, setup.job)
        before, start, begun = _stats(setup), time.process_time(), time.perf_counter()
        answers = await _for(setup.seconds, ask, setup.job)
        cpu, wall = time.process_time() - start, time.perf_counter() - begun
        counted = _counted(before, _stats(setup))
    chunks, events = (sum(each) for each in list(zip(*answers, strict=True))[1:])
    work = Work(len(answers), cpu, wall, 0, chunks, events, counted)
    _check(work, setup.job)
    return work


async def _for(seconds: float, ask: Ask, job: Job) -> list[Answer]:
    """The answers to turns that were held for so many seconds of CPU time, three rounds of them at least."""
    end, rounds, answers = time.process_time() + seconds, 0, list[Answer]()
    while rounds < 3 or time.process_time() < end:
        answers += await asyncio.gather(*(ask(job.message) for _ in range(job.at_once)))
        rounds += 1
    if said := {answer.text for answer in answers} - {job.says}:
        raise NotDoneError(f"the last reply should be {job.says[:60]!r}, and was {said}"[:500])
    return answers


async def _held(contender: Contender, setup: Setup) -> Work:
    """Let all conversations wait for the model at once, and see how much memory that takes."""
    job = setup.job
    async with contender(setup) as ask:
        await ask(job.message)
        gc.collect()
        before, memory, start, begun = _stats(setup), _resident(), time.process_time(), time.perf_counter()
        tasks = [asyncio.ensure_future(ask(job.message)) for _ in range(job.at_once)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        grown, cpu, wall = _resident() - memory, time.process_time() - start, time.perf_counter() - begun
        answers = await asyncio.gather(*tasks)
        after = _stats(setup)
    if {answer.text for answer in answers} != {job.says} or after["held"] < job.at_once:
        raise NotDoneError(f"only {after['held']} conversations waited at once")
    return Work(len(answers), cpu, wall, grown, server=_counted(before, after))


def _check(work: Work, job: Job) -> None:
    if work.server["calls"] != work.turns * job.calls:
        raise NotDoneError(f"{work.server['calls']} calls in place of {work.turns * job.calls}")
    if work.server["messages"] < job.history * work.server["calls"]:
        raise NotDoneError("the history was not sent")
    if work.server["tools"] < (job.tools or 0) * work.server["calls"]:
        raise NotDoneError("the tools were not sent")
    if job.pieces and (work.chunks, work.server["chunks"]) != (work.turns * job.pieces,) * 2:
        raise NotDoneError(f"{work.chunks} of {work.server['chunks']} chunks were handed on")


def _stats(setup: Setup) -> dict[str, float]:
    connection = http.client.HTTPConnection("127.0.0.1", setup.port, timeout=30)
    connection.request("GET", "/stats")
    told: dict[str, float] = json.loads(connection.getresponse().read())
    connection.close()
    return told


def _counted(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}


def _resident() -> int:
    """The memory that this process has now, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
